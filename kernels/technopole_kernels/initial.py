"""The state at t = 0 from the firms' employment (docs/MODEL.md 5.1)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.labour import EMPLOYED
from technopole_kernels.mathx import log, normal_quantile
from technopole_kernels.prepare import institution_index
from technopole_kernels.rng import INITIAL, INITIAL_KNOWLEDGE, INITIAL_STATE, draw, uniform, uniform_open

OLDEST = 200.0
SMALLEST_WORKFORCE = 1.0


@kernel
def name_firms(offsets, identity):
    """Identities of the initial firms: the same in every replicate."""
    none = np.uint64(0)
    for cell in range(offsets.size - 1):
        for i in range(offsets[cell], offsets[cell + 1]):
            counter = np.uint64(cell) | (np.uint64(i - offsets[cell]) << np.uint64(32))
            w0, w1, _, _ = draw(counter, none, INITIAL, none, none)
            identity[i] = w0 | (w1 << np.uint64(32))


@kernel
def initialise(setting, world, replicate, offsets, identity, employment, stocks):
    """Fill the world of a replicate; ``stocks`` is (4, R): infrastructure, university, services, finance."""
    world.clock[at.PERIOD] = 0
    world.clock[at.REPLICATE] = replicate
    world.norms[:] = 0.0
    world.offsets[:] = offsets
    world.reputation[:] = 0.0
    firms = offsets[offsets.size - 1]
    world.firms.identity[:firms] = identity
    initialise_markets(setting, world, employment)
    initialise_firms(setting, world)
    initialise_regions(setting, world, employment, stocks)


@kernel
def initialise_markets(setting, world, employment):
    """Sales, market sizes and shares from employment at a wage of 1."""
    constants, offsets = setting.constants, world.offsets
    S = world.sectors.market.size
    share = world.firms.share
    world.sectors.market[:] = 0.0
    for cell in range(offsets.size - 1):
        k = cell % S
        per_worker = (1.0 + constants.markup[k]) / constants.labour_share[k]
        for i in range(offsets[cell], offsets[cell + 1]):
            share[i] = employment[i] * per_worker
            world.sectors.market[k] += share[i]
    for cell in range(offsets.size - 1):
        for i in range(offsets[cell], offsets[cell + 1]):
            share[i] = share[i] / world.sectors.market[cell % S]


@kernel
def initialise_firms(setting, world):
    """Knowledge, customers, cash, ties and ages of the firms."""
    params, constants, offsets, firms = setting.params, setting.constants, world.offsets, world.firms
    S = world.sectors.market.size
    seed, replicate, start = setting.seed[0], np.uint64(world.clock[at.REPLICATE]), np.uint64(0)
    count = np.zeros(S)
    log_open = log(1.0 - params.exit_closure) if params.exit_closure < 1.0 else -1e300
    for cell in range(offsets.size - 1):
        count[cell % S] += offsets[cell + 1] - offsets[cell]
    for cell in range(offsets.size - 1):
        k = cell % S
        labour = constants.labour_share[k]
        lead = params.initial_technology_lead if constants.high_tech[k] != 0 else 0.0
        for i in range(offsets[cell], offsets[cell + 1]):
            w0, w1, w2, w3 = draw(firms.identity[i], start, INITIAL_KNOWLEDGE, seed, replicate)
            m = params.initial_sd_organisation * normal_quantile(uniform_open(w0))
            a = lead + params.initial_sd_technology * normal_quantile(uniform_open(w1))
            c = params.initial_sd_sourcing * normal_quantile(uniform_open(w2))
            q = params.initial_sd_quality * normal_quantile(uniform_open(w3))
            cost = labour * (-m - a) + (1.0 - labour) * (-c)
            firms.organisation[i] = m
            firms.technology[i] = a
            firms.sourcing[i] = c
            firms.quality[i] = q
            relative = log(count[k] * firms.share[i])
            firms.custom[i] = relative - params.market_quality_weight * q + params.market_price_weight * cost
            firms.research[i] = constants.rd_intensity[k]
            firms.cash[i] = params.initial_cash * firms.share[i] * world.sectors.market[k]
            v0, v1, _, _ = draw(firms.identity[i], start, INITIAL_STATE, seed, replicate)
            firms.tie[i] = np.uint8(uniform(v0) < params.initial_tied)
            age = log(1.0 - uniform(v1)) / log_open if log_open < 0.0 else 0.0
            firms.age[i] = np.int32(age if age < OLDEST else OLDEST)


@kernel
def initialise_regions(setting, world, employment, stocks):
    """Workforce, wages, trust, stocks and the pipeline of the regions; what the sectors know."""
    params, offsets, regions, sectors = setting.params, world.offsets, world.regions, world.sectors
    S, R = sectors.market.size, regions.workforce.size
    neutral = institution_index(1.0)
    for r in range(R):
        workers = 0.0
        for i in range(offsets[r * S], offsets[(r + 1) * S]):
            workers += employment[i]
        workforce = workers / EMPLOYED
        regions.workforce[r] = workforce if workforce > SMALLEST_WORKFORCE else SMALLEST_WORKFORCE
        regions.wage[r] = 1.0
        regions.trust[r] = params.trust_level
        regions.infrastructure[r] = stocks[0, r]
        regions.university[r] = stocks[1, r]
        regions.services[r] = stocks[2, r]
        regions.finance[r] = stocks[3, r]
        index = institution_index(stocks[1, r])
        seen = neutral + params.feedback_ris_to_cluster * (index - neutral)
        for stage in range(3):
            regions.pipeline[r, stage] = seen / neutral
    for k in range(S):
        sectors.fitness_level[k] = 0.0
        lead = params.initial_technology_lead if setting.constants.high_tech[k] != 0 else 0.0
        for channel in range(4):
            sectors.knowledge[k, channel] = lead if channel == 1 else 0.0
