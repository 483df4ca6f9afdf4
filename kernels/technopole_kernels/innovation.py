"""Stage 5: research budgets, innovation and ties of chance (docs/MODEL.md 7.5)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.mathx import exp, log, log1p
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments


@device
def credit_terms(params, finance):
    """Credit per unit of sales, and the part of it that small firms get, given the region's finance index."""
    return (
        params.finance_credit + params.finance_credit_index * finance,
        params.sme_access + (1.0 - params.sme_access) * finance,
    )


@stage
def draw_events(setting, world, tile):
    """Uniforms of the period's events; the one of closure and spin-off is kept for the second sweep."""
    tiles = world.tiles
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    identity = world.identity[at.NOW, begin:end]
    fate = world.fate[begin:end]
    buffer = world.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for i in range(identity.size):
        w0, w1, w2, w3 = draw(identity[i], period, EVENT, seed, replicate)
        buffer[at.U_INNOVATE + i] = uniform(w0)
        buffer[at.U_TIE + i] = uniform(w1)
        buffer[at.U_DEMAND + i] = uniform(w3)
        fate[i] = np.uint32(w2)


@stage
def fill_research(setting, world, tile):
    """Spread what the research stage needs to know of cells and sectors."""
    cells, sectors, segments, tiles = world.cells, world.sectors, world.segments, world.tiles
    buffer, traits = world.buffer, setting.constants.sectors
    S = sectors.shape[1]
    period, region = world.clock[at.PERIOD], tiles[at.T_REGION, tile]
    origin = tiles[at.T_BEGIN, tile]
    fill_sector(world, at.DEMAND, sectors[at.S_DEMAND], tile)
    fill_cell(world, at.LABOUR, cells[at.C_LABOUR], tile)
    fill_sector(world, at.RATE_INNOVATION, traits[at.K_INNOVATION_RATE], tile)
    fill_sector(world, at.COUNT, sectors[at.S_FIRMS], tile)
    pooling = setting.params[0].sme_pooling * world.regions[at.R_INDEX + at.UNIVERSITY, region]
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        cell = segments[at.G_CELL, segment]
        sector = cell - region * S
        first, last = segments[at.G_BEGIN, segment] - origin, segments[at.G_BEGIN, segment + 1] - origin
        subsidy = 1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], period, region, sector)
        pooled = pooling * traits[at.K_RD_INTENSITY, sector] * cells[at.SMALL_SALES, cell]
        buffer[at.SUBSIDY + first : at.SUBSIDY + last] = subsidy
        buffer[at.POOLED + first : at.POOLED + last] = pooled


@stage
def budget_research(setting, world, tile):
    """What firms spend on research, within their cash and credit, and their new research intensity."""
    tiles, firms = world.tiles, world.firms
    params, buffer = setting.params[0], world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    finance = world.regions[at.R_INDEX + at.FINANCE, tiles[at.T_REGION, tile]]
    share, cash = firms[at.F_SHARE, begin:end], firms[at.F_CASH, begin:end]
    own_research = world.load[at.OWN_RESEARCH, begin:end]
    per_sales, access = credit_terms(params, finance)
    size = params.sme_size
    for i in range(share.size):
        buffer[at.SALES + i] = share[i] * buffer[at.DEMAND + i]
    for i in range(share.size):
        buffer[at.SMALL + i] = 1.0 if share[i] * buffer[at.LABOUR + i] < size else 0.0
    for i in range(share.size):
        sales = buffer[at.SALES + i]
        limit = cash[i] + per_sales * sales * (access if buffer[at.SMALL + i] > 0.0 else 1.0)
        limit = limit if limit > 0.0 else 0.0
        wanted = buffer[at.INTENSITY + i] * sales
        own_research[i] = wanted if wanted < limit else limit
    for i in range(share.size):
        buffer[at.RESEARCH + i] = own_research[i] * buffer[at.SUBSIDY + i]
    sum_segments(world, tile, at.E_RESEARCH, buffer, begin - at.RESEARCH)
    old, new = firms[at.F_RESEARCH, begin:end], world.next[at.F_RESEARCH, begin:end]
    smoothing = params.innovation_smoothing
    for i in range(share.size):
        sales = buffer[at.SALES + i]
        intensity = buffer[at.RESEARCH + i] / (sales if sales > 0.0 else 1.0)
        new[i] = (1.0 - smoothing) * old[i] + smoothing * intensity


@stage
def chance_of_innovation(setting, world, tile):
    """Pr = 1 - exp(-zeta (RD / mean RD of the sector)^gamma)."""
    tiles = world.tiles
    params, buffer = setting.params[0], world.buffer
    size = tiles[at.T_BEGIN, tile + 1] - tiles[at.T_BEGIN, tile]
    gamma = params.innovation_elasticity
    for i in range(size):
        research = buffer[at.RESEARCH + i] + buffer[at.SMALL + i] * buffer[at.POOLED + i]
        mean = buffer[at.INTENSITY + i] * buffer[at.DEMAND + i] / buffer[at.COUNT + i]
        relative = research / mean
        active = relative > 0.0
        hazard = buffer[at.RATE_INNOVATION + i] * exp(gamma * log(relative if active else 1.0))
        buffer[at.CHANCE + i] = 1.0 - exp(-hazard) if active else 0.0


@device
def innovation_step(params, scale, u, radical, small):
    """Step theta = scale * Beta(1, b) by inversion, larger if radical."""
    step = scale * (1.0 - exp(log(1.0 - u) / params.innovation_step_shape))
    chance = params.innovation_radical * (params.sme_radical if small else 1.0)
    return step * (params.innovation_radical_size if radical < chance else 1.0)


@stage
def innovate(setting, world, tile):
    """Raise one channel of every innovator and count innovations and patents by segment."""
    segments, tiles, new = world.segments, world.tiles, world.next
    params, buffer = setting.params[0], world.buffer
    origin, region = tiles[at.T_BEGIN, tile], tiles[at.T_REGION, tile]
    S = world.sectors.shape[1]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    kinds = (
        params.innovation_kind_quality
        + params.innovation_kind_technology
        + params.innovation_kind_organisation
        + params.innovation_kind_sourcing
    )
    to_quality = params.innovation_kind_quality / kinds
    to_technology = to_quality + params.innovation_kind_technology / kinds
    to_organisation = to_technology + params.innovation_kind_organisation / kinds
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        scale = setting.constants.sectors[at.K_INNOVATION_SCALE, segments[at.G_CELL, segment] - region * S]
        innovations = 0
        by_small = 0
        patents = 0
        for i in range(segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]):
            if buffer[at.U_INNOVATE + i - origin] < buffer[at.CHANCE + i - origin]:
                small = buffer[at.SMALL + i - origin] > 0.0
                w0, w1, w2, w3 = draw(world.identity[at.NOW, i], period, INNOVATION, setting.seed[0], replicate)
                gain = log1p(innovation_step(params, scale, uniform(w0), uniform(w1), small))
                kind = uniform(w2)
                if kind < to_quality:
                    new[at.F_QUALITY, i] += gain
                elif kind < to_technology:
                    new[at.F_TECHNOLOGY, i] += gain
                elif kind < to_organisation:
                    new[at.F_ORGANISATION, i] += gain
                else:
                    new[at.F_SOURCING, i] += gain
                innovations += 1
                by_small += 1 if small else 0
                patents += 1 if uniform(w3) < params.innovation_patented else 0
        sums = world.segment_sum[segment]
        sums[at.E_INNOVATIONS] = float(innovations)
        sums[at.E_SMALL_INNOVATIONS] = float(by_small)
        sums[at.E_PATENTS] = float(patents)
