"""Launches over the firms: new knowledge; then ties, research and innovation."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._atomic import take_number
from technopole_kernels._jit import device, stage
from technopole_kernels.choose import natural
from technopole_kernels.grid.common import running, segment_of_firm, spot_of
from technopole_kernels.grid.meeting import gaps_of
from technopole_kernels.grid.work import BY_SMALL, INNOVATED, INNOVATING, PATENTED
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
def learn(setting, world, work, _records, firm):
    """New knowledge of a firm before it innovates."""
    segment = segment_of_firm(world, work, firm)
    if segment < 0 or not running(work):
        return
    new = world.next
    organisation, technology, sourcing, quality = learn_channels(setting, world, firm, spot_of(world, segment))
    new[at.F_ORGANISATION, firm] = organisation
    new[at.F_TECHNOLOGY, firm] = technology
    new[at.F_SOURCING, firm] = sourcing
    new[at.F_QUALITY, firm] = quality


@stage
def research(setting, world, work, _records, firm):
    """Research and tie of a firm; list it if it innovates."""
    segment = segment_of_firm(world, work, firm)
    if segment < 0 or not running(work):
        return
    spot = spot_of(world, segment)
    small, own, spent, intensity = research_of(setting, world, firm, spot)
    u, tie, fate, shock = events_of(setting, world, firm, spot)
    done = 0
    if innovates(setting, world, spot, small, spent, u):
        done = INNOVATED + (BY_SMALL if small > 0.0 else 0)
        work.innovators[take_number(work.listed, 0)] = np.int32(firm)
    work.innovated[firm] = np.uint8(done)
    work.shock[firm] = shock
    world.fate[firm] = fate
    world.tie[at.NEXT, firm] = tie
    world.load[at.OWN_RESEARCH, firm] = own
    world.next[at.F_RESEARCH, firm] = intensity


@stage
def innovate(setting, world, work, _records, i):
    """Raise a channel of every so manyth innovator."""
    if not running(work):
        return
    for j in range(i, work.listed[0], world.firms.shape[1] // INNOVATING + 1):
        firm = natural(work.innovators[j])
        done, spot = np.int64(work.innovated[firm]), spot_of(world, natural(work.segment[firm]))
        row, gain, patented = innovation_of(setting, world, firm, spot, done >= BY_SMALL)
        world.next[row, firm] += gain
        work.innovated[firm] = np.uint8(done + (PATENTED if patented else 0))


@device
def learn_channels(setting, world, firm, spot):
    """New knowledge of a firm before it innovates, in the four channels.

    All is read before anything is written, so that a thread waits for memory once.
    """
    params, cells, firms = setting.params[0], world.cells, world.firms
    regions, traits = world.regions, setting.constants.sectors
    cell, region, k = spot
    far_organisation, far_technology, far_sourcing, far_quality = gaps_of(setting, world, firm, spot)
    protects = 0.0 if params.learning_rule == 1 else 1.0
    openness = 1.0 - protects * traits[at.K_APPROPRIABILITY, k]
    g = absorptive_capacity(firms[at.F_RESEARCH, firm], params.learning_difficulty * traits[at.K_RD_INTENSITY, k])
    spill = params.spillover_rate
    organisation = learned(
        firms[at.F_ORGANISATION, firm], params.learning_organisation, g, far_organisation, spill,
        cells[at.C_POOL, cell],
    )  # fmt: skip
    technology = learned(
        firms[at.F_TECHNOLOGY, firm], params.learning_technology * openness, g, far_technology, spill,
        cells[at.C_POOL + 1, cell],
    )  # fmt: skip
    sourcing = learned(
        firms[at.F_SOURCING, firm], params.learning_sourcing, g, far_sourcing, spill,
        cells[at.C_POOL + 2, cell],
    )  # fmt: skip
    quality = learned(
        firms[at.F_QUALITY, firm], params.learning_quality * openness, g, far_quality, spill,
        cells[at.C_POOL + 3, cell],
    )  # fmt: skip
    strength, reading = upgrading_strength(params, regions, region), reading_strength(params, regions, region)
    tied = np.float64(world.tie[at.NOW, firm])
    technology = upgraded(technology, g, cells[at.C_UPGRADING, cell], strength, reading, tied)
    return organisation, technology, sourcing, quality


@device
def events_of(setting, world, firm, spot):
    """What is drawn for a firm: the uniform of innovation, its next tie, and words for its fate and its demand."""
    params, region = setting.params[0], spot[1]
    forms = params.science_tie_rate * world.regions[at.R_INDEX + at.SERVICES, region]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    w0, w1, w2, w3 = draw(world.identity[at.NOW, firm], period, EVENT, setting.seed[0], replicate)
    tie = next_tie(world.tie[at.NOW, firm] != 0, uniform(w1), forms, params.science_tie_break)
    return uniform(w0), tie, np.uint32(w2), np.uint32(w3)


@device
def research_of(setting, world, firm, spot):
    """Whether a firm is small, its own research, all its research, and its next intensity."""
    params, cells, firms, regions = setting.params[0], world.cells, world.firms, world.regions
    cell, region, k = spot
    share = firms[at.F_SHARE, firm]
    sales = share * world.sectors[at.S_DEMAND, k]
    small = small_firm(share, cells[at.C_LABOUR, cell], params.sme_size)
    per_sales, access = credit_terms(params, regions[at.R_INDEX + at.FINANCE, region])
    wanted = setting.constants.sectors[at.K_RD_INTENSITY, k] * sales
    own = affordable(wanted, firms[at.F_CASH, firm], per_sales, sales, access if small > 0.0 else 1.0)
    spent = own * research_subsidy(setting, world, region, k)
    intensity = next_intensity(firms[at.F_RESEARCH, firm], spent, sales, params.innovation_smoothing)
    return small, own, spent, intensity


@device
def research_subsidy(setting, world, region, k):
    """All research of a firm for each unit of its own."""
    return 1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], world.clock[at.PERIOD], region, k)


@device
def innovates(setting, world, spot, small, spent, u):
    """Whether a firm innovates: with probability 1 - exp(-zeta x^gamma)."""
    params, traits = setting.params[0], setting.constants.sectors
    cell, region, k = spot
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
def innovation_of(setting, world, firm, spot, small):
    """Row of the channel that an innovator raises, by how much, and whether it is patented."""
    params, k = setting.params[0], spot[2]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    w0, w1, w2, w3 = draw(world.identity[at.NOW, firm], period, INNOVATION, setting.seed[0], replicate)
    power = exp_core(log_core(1.0 - uniform(w0)) / params.innovation_step_shape)
    small_chance = params.innovation_radical * params.sme_radical
    radical = uniform(w1) < (small_chance if small else params.innovation_radical)
    scale = setting.constants.sectors[at.K_INNOVATION_SCALE, k]
    gain = log1p(step_size(scale, power, radical, params.innovation_radical_size))
    to_quality, to_technology, to_organisation = kind_bounds(params)
    row = kind_row(uniform(w2), to_quality, to_technology, to_organisation)
    return row, gain, uniform(w3) < params.innovation_patented
