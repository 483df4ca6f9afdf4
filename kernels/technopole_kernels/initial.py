"""The state at t = 0 from the firms' employment (docs/MODEL.md 5.1)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._held import hold
from technopole_kernels._jit import kernel, stage
from technopole_kernels.labour import EMPLOYED
from technopole_kernels.mathx import log, normal_quantile
from technopole_kernels.prepare import institution_index
from technopole_kernels.reduce import copy_all, set_all
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
    its_setting, its_world = hold(setting), hold(world)
    set_out(its_world, replicate, offsets, identity)
    initialise_markets(its_setting, its_world, employment)
    initialise_firms(its_setting, its_world)
    initialise_regions(its_setting, its_world, employment, stocks)


@stage
def set_out(world, replicate, offsets, identity):
    """Clock, places and identities of the firms; nothing is known of the past."""
    world.clock[at.PERIOD] = 0
    world.clock[at.REPLICATE] = replicate
    set_all(world.economy, 0.0)
    copy_all(offsets, world.offsets)
    set_all(world.cells[at.C_REPUTATION], 0.0)
    copy_all(identity, world.identity[at.NOW, : identity.size])


@stage
def initialise_markets(setting, world, employment):
    """Sales, market sizes and shares from employment at a wage of 1."""
    sectors, traits = world.sectors, setting.constants.sectors
    offsets = world.offsets
    S = sectors.shape[1]
    share = world.firms[at.F_SHARE]
    set_all(sectors[at.S_MARKET], 0.0)
    for cell in range(offsets.size - 1):
        k = cell % S
        per_worker = (1.0 + traits[at.K_MARKUP, k]) / traits[at.K_LABOUR_SHARE, k]
        for i in range(offsets[cell], offsets[cell + 1]):
            share[i] = employment[i] * per_worker
            sectors[at.S_MARKET, k] += share[i]
    for cell in range(offsets.size - 1):
        for i in range(offsets[cell], offsets[cell + 1]):
            share[i] = share[i] / sectors[at.S_MARKET, cell % S]


@stage
def initialise_firms(setting, world):
    """Knowledge, customers, cash, ties and ages of the firms."""
    sectors, firms, traits = world.sectors, world.firms, setting.constants.sectors
    params, offsets = setting.params[0], world.offsets
    S = sectors.shape[1]
    seed, replicate, start = setting.seed[0], np.uint64(world.clock[at.REPLICATE]), np.uint64(0)
    count = sectors[at.S_FIRMS]
    set_all(count, 0.0)
    log_open = log(1.0 - params.exit_closure) if params.exit_closure < 1.0 else -1e300
    for cell in range(offsets.size - 1):
        count[cell % S] += offsets[cell + 1] - offsets[cell]
    for cell in range(offsets.size - 1):
        k = cell % S
        labour = traits[at.K_LABOUR_SHARE, k]
        lead = params.initial_technology_lead if traits[at.K_HIGH_TECH, k] != 0 else 0.0
        for i in range(offsets[cell], offsets[cell + 1]):
            w0, w1, w2, w3 = draw(world.identity[at.NOW, i], start, INITIAL_KNOWLEDGE, seed, replicate)
            m = params.initial_sd_organisation * normal_quantile(uniform_open(w0))
            a = lead + params.initial_sd_technology * normal_quantile(uniform_open(w1))
            c = params.initial_sd_sourcing * normal_quantile(uniform_open(w2))
            q = params.initial_sd_quality * normal_quantile(uniform_open(w3))
            cost = labour * (-m - a) + (1.0 - labour) * (-c)
            firms[at.F_ORGANISATION, i] = m
            firms[at.F_TECHNOLOGY, i] = a
            firms[at.F_SOURCING, i] = c
            firms[at.F_QUALITY, i] = q
            relative = log(count[k] * firms[at.F_SHARE, i])
            firms[at.F_CUSTOM, i] = (
                relative - params.market_quality_weight * q + params.market_price_weight * cost
            )
            firms[at.F_RESEARCH, i] = traits[at.K_RD_INTENSITY, k]
            firms[at.F_CASH, i] = params.initial_cash * firms[at.F_SHARE, i] * sectors[at.S_MARKET, k]
            v0, v1, _, _ = draw(world.identity[at.NOW, i], start, INITIAL_STATE, seed, replicate)
            world.tie[at.NOW, i] = np.uint8(uniform(v0) < params.initial_tied)
            age = log(1.0 - uniform(v1)) / log_open if log_open < 0.0 else 0.0
            world.age[at.NOW, i] = np.int32(age if age < OLDEST else OLDEST)


@stage
def initialise_regions(setting, world, employment, stocks):
    """Workforce, wages, trust, stocks and the pipeline of the regions; what the sectors know."""
    regions, sectors = world.regions, world.sectors
    params, offsets = setting.params[0], world.offsets
    S, R = sectors.shape[1], regions.shape[1]
    neutral = institution_index(1.0)
    for r in range(R):
        workers = 0.0
        for i in range(offsets[r * S], offsets[(r + 1) * S]):
            workers += employment[i]
        workforce = workers / EMPLOYED
        regions[at.R_WORKFORCE, r] = workforce if workforce > SMALLEST_WORKFORCE else SMALLEST_WORKFORCE
        regions[at.R_WAGE, r] = 1.0
        regions[at.R_TRUST, r] = params.trust_level
        regions[at.R_INFRASTRUCTURE, r] = stocks[0, r]
        regions[at.R_UNIVERSITY, r] = stocks[1, r]
        regions[at.R_SERVICES, r] = stocks[2, r]
        regions[at.R_FINANCE, r] = stocks[3, r]
        index = institution_index(stocks[1, r])
        seen = neutral + params.feedback_ris_to_cluster * (index - neutral)
        for delay in range(3):
            regions[at.R_PIPELINE + delay, r] = seen / neutral
    for k in range(S):
        sectors[at.S_FITNESS_LEVEL, k] = 0.0
        lead = params.initial_technology_lead if setting.constants.sectors[at.K_HIGH_TECH, k] != 0 else 0.0
        for channel in range(4):
            sectors[at.S_KNOWLEDGE + channel, k] = lead if channel == 1 else 0.0
