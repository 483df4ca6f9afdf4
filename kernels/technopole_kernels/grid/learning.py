"""Launches over the firms: new knowledge; then ties, research and innovation."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.grid.common import running, segment_of, segment_range
from technopole_kernels.grid.meeting import gaps_of
from technopole_kernels.grid.work import LANES
from technopole_kernels.innovation import (
    affordable,
    chance_bound,
    credit_terms,
    kind_bounds,
    kind_row,
    next_intensity,
    step_size,
)
from technopole_kernels.learning import absorptive_capacity, learned
from technopole_kernels.mathx import exp, exp_core, log, log1p, log_core
from technopole_kernels.prepare import policy_cell_at, small_firm
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform
from technopole_kernels.science import next_tie, reading_strength, upgraded, upgrading_strength


@stage
def learn(setting, world, work, _records, i):
    """New knowledge of a lane of a segment before it innovates."""
    segment = segment_of(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell = world.segments[at.G_CELL, segment]
    for firm in range(first, end, LANES):
        learn_channels(setting, world, firm, cell)


@stage
def research(setting, world, work, _records, i):
    """Research, ties and innovations of a lane of a segment."""
    segment = segment_of(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell = world.segments[at.G_CELL, segment]
    spending = own_research = innovations = by_small = patents = 0.0
    for firm in range(first, end, LANES):
        small, spent, own, u = research_of(setting, world, firm, cell)
        spending += spent
        own_research += own
        if innovates(setting, world, cell, small, spent, u):
            patented = innovate(setting, world, firm, cell, small)
            innovations += 1.0
            by_small += small
            patents += patented
    sums = work.lane_sums
    sums[at.E_RESEARCH, i] = spending
    sums[at.E_OWN_RESEARCH, i] = own_research
    sums[at.E_INNOVATIONS, i] = innovations
    sums[at.E_SMALL_INNOVATIONS, i] = by_small
    sums[at.E_PATENTS, i] = patents


@device
def learn_channels(setting, world, firm, cell):
    """New knowledge of a firm before it innovates."""
    params, cells, firms, new = setting.params[0], world.cells, world.firms, world.next
    regions, traits, S = world.regions, setting.constants.sectors, world.sectors.shape[1]
    region, k = cell // S, cell % S
    organisation, technology, sourcing, quality = gaps_of(setting, world, firm, cell)
    protects = 0.0 if params.learning_rule == 1 else 1.0
    openness = 1.0 - protects * traits[at.K_APPROPRIABILITY, k]
    g = absorptive_capacity(firms[at.F_RESEARCH, firm], params.learning_difficulty, traits[at.K_RD_INTENSITY, k])
    spill = params.spillover_rate
    new[at.F_ORGANISATION, firm] = learned(
        firms[at.F_ORGANISATION, firm], params.learning_organisation, g, organisation, spill, cells[at.C_POOL, cell]
    )
    a = learned(
        firms[at.F_TECHNOLOGY, firm], params.learning_technology * openness, g, technology, spill,
        cells[at.C_POOL + 1, cell],
    )  # fmt: skip
    new[at.F_SOURCING, firm] = learned(
        firms[at.F_SOURCING, firm], params.learning_sourcing, g, sourcing, spill, cells[at.C_POOL + 2, cell]
    )
    new[at.F_QUALITY, firm] = learned(
        firms[at.F_QUALITY, firm], params.learning_quality * openness, g, quality, spill, cells[at.C_POOL + 3, cell]
    )
    strength, reading = upgrading_strength(params, regions, region), reading_strength(params, regions, region)
    tied = world.tie[at.NOW, firm]
    new[at.F_TECHNOLOGY, firm] = upgraded(a, g, cells[at.C_UPGRADING, cell], strength, reading, tied)


@device
def research_of(setting, world, firm, cell):
    """Events, tie and research of a firm: whether it is small, all and own research, the uniform of innovation."""
    params, cells, firms, regions = setting.params[0], world.cells, world.firms, world.regions
    traits, S = setting.constants.sectors, world.sectors.shape[1]
    region, k = cell // S, cell % S
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    w0, w1, w2, _ = draw(world.identity[at.NOW, firm], period, EVENT, setting.seed[0], replicate)
    world.fate[firm] = np.uint32(w2)
    forms = params.science_tie_rate * regions[at.R_INDEX + at.SERVICES, region]
    world.tie[at.NEXT, firm] = next_tie(
        world.tie[at.NOW, firm] != 0, uniform(w1), forms, params.science_tie_break
    )
    share = firms[at.F_SHARE, firm]
    sales = share * world.sectors[at.S_DEMAND, k]
    small = small_firm(share, cells[at.C_LABOUR, cell], params.sme_size)
    per_sales, access = credit_terms(params, regions[at.R_INDEX + at.FINANCE, region])
    wanted = traits[at.K_RD_INTENSITY, k] * sales
    own = affordable(wanted, firms[at.F_CASH, firm], per_sales, sales, access if small > 0.0 else 1.0)
    subsidy = 1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], world.clock[at.PERIOD], region, k)
    spent = own * subsidy
    world.load[at.OWN_RESEARCH, firm] = own
    world.next[at.F_RESEARCH, firm] = next_intensity(
        firms[at.F_RESEARCH, firm], spent, sales, params.innovation_smoothing
    )
    return small, spent, own, uniform(w0)


@device
def innovates(setting, world, cell, small, spent, u):
    """Whether a firm innovates: with probability 1 - exp(-zeta x^gamma)."""
    params, traits, S = setting.params[0], setting.constants.sectors, world.sectors.shape[1]
    region, k = cell // S, cell % S
    spending, rate = traits[at.K_RD_INTENSITY, k], traits[at.K_INNOVATION_RATE, k]
    pooling = params.sme_pooling * world.regions[at.R_INDEX + at.UNIVERSITY, region]
    pooled = pooling * spending * world.cells[at.SMALL_SALES, cell]
    mean = spending * world.sectors[at.S_DEMAND, k] / world.sectors[at.S_FIRMS, k]
    relative = (spent + small * pooled) / mean
    gamma = params.innovation_elasticity
    if not u - chance_bound(rate, gamma, relative) < 0.0:
        return False
    return u - (1.0 - exp(-rate * exp(gamma * log(relative)))) < 0.0


@device
def innovate(setting, world, firm, cell, small):
    """Raise a channel of an innovator; returns 1 if it is patented, else 0."""
    params, k = setting.params[0], cell % world.sectors.shape[1]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    w0, w1, w2, w3 = draw(world.identity[at.NOW, firm], period, INNOVATION, setting.seed[0], replicate)
    power = exp_core(log_core(1.0 - uniform(w0)) / params.innovation_step_shape)
    small_chance = params.innovation_radical * params.sme_radical
    radical = uniform(w1) < (small_chance if small > 0.0 else params.innovation_radical)
    scale = setting.constants.sectors[at.K_INNOVATION_SCALE, k]
    gain = log1p(step_size(scale, power, radical, params.innovation_radical_size))
    to_quality, to_technology, to_organisation = kind_bounds(params)
    row = kind_row(uniform(w2), to_quality, to_technology, to_organisation)
    world.next[row, firm] += gain
    return 1.0 if uniform(w3) < params.innovation_patented else 0.0
