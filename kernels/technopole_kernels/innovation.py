"""Stage 5: research budgets, innovation and ties of chance (docs/MODEL.md 7.5)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.mathx import exp_core, log1p, log_core
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments

LARGEST_HAZARD = 700.0  # beyond it an innovation is certain
SMALLEST = 2.0**-1022


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
    begin, end = tile.begin, tile.end
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
    cells, sectors, segments = world.cells, world.sectors, world.segments
    buffer, traits = world.buffer, setting.constants.sectors
    S = sectors.shape[1]
    period, region = world.clock[at.PERIOD], tile.region
    origin = tile.begin
    fill_sector(world.buffer, at.DEMAND, sectors[at.S_DEMAND], world.segments, tile)
    fill_cell(world.buffer, at.LABOUR, cells[at.C_LABOUR], world.segments, tile)
    fill_sector(world.buffer, at.RATE_INNOVATION, traits[at.K_INNOVATION_RATE], world.segments, tile)
    fill_sector(world.buffer, at.COUNT, sectors[at.S_FIRMS], world.segments, tile)
    pooling = setting.params[0].sme_pooling * world.regions[at.R_INDEX + at.UNIVERSITY, region]
    for segment in range(tile.first, tile.last):
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
    firms = world.firms
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    finance = world.regions[at.R_INDEX + at.FINANCE, tile.region]
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
    sum_segments(world.segment_sum, world.segments, tile, at.E_RESEARCH, buffer, begin - at.RESEARCH)
    old, new = firms[at.F_RESEARCH, begin:end], world.next[at.F_RESEARCH, begin:end]
    smoothing = params.innovation_smoothing
    for i in range(share.size):
        sales = buffer[at.SALES + i]
        intensity = buffer[at.RESEARCH + i] / (sales if sales > 0.0 else 1.0)
        new[i] = (1.0 - smoothing) * old[i] + smoothing * intensity


@stage
def chance_of_innovation(setting, world, tile):
    """Pr = 1 - exp(-zeta (RD / mean RD of the sector)^gamma)."""
    params, buffer = setting.params[0], world.buffer
    size = tile.end - tile.begin
    gamma = params.innovation_elasticity
    for i in range(size):
        research = buffer[at.RESEARCH + i] + buffer[at.SMALL + i] * buffer[at.POOLED + i]
        mean = buffer[at.INTENSITY + i] * buffer[at.DEMAND + i] / buffer[at.COUNT + i]
        relative = research / mean
        active = relative > SMALLEST
        hazard = buffer[at.RATE_INNOVATION + i] * exp_core(gamma * log_core(relative if active else 1.0))
        chance = 1.0 - exp_core(-(hazard if hazard < LARGEST_HAZARD else LARGEST_HAZARD))
        buffer[at.CHANCE + i] = chance if active else 0.0


@device
def innovation_step(params, scale, u, radical, small):
    """Step theta = scale * Beta(1, b) by inversion, larger if radical."""
    step = scale * (1.0 - exp_core(log_core(1.0 - u) / params.innovation_step_shape))
    chance = params.innovation_radical * (params.sme_radical if small else 1.0)
    return step * (params.innovation_radical_size if radical < chance else 1.0)


@stage
def find_innovators(world, tile):
    """List the firms that innovate, in order, in ``partner``; returns their number."""
    buffer, partner = world.buffer, world.partner
    count = 0
    for i in range(tile.end - tile.begin):
        partner[count] = i
        count += 1 if buffer[at.U_INNOVATE + i] < buffer[at.CHANCE + i] else 0
    return count


@stage
def innovate(setting, world, tile):
    """Raise one channel of every innovator and count innovations and patents by segment."""
    params, buffer, new, segments = setting.params[0], world.buffer, world.next, world.segments
    sums, partner = world.segment_sum, world.partner
    first_cell = tile.region * world.sectors.shape[1]
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
    innovators = find_innovators(world, tile)
    j = 0
    for segment in range(tile.first, tile.last):
        scale = setting.constants.sectors[at.K_INNOVATION_SCALE, segments[at.G_CELL, segment] - first_cell]
        end = segments[at.G_BEGIN, segment + 1] - tile.begin
        before = j
        by_small = 0
        patents = 0
        while j < innovators and partner[j] < end:
            i = tile.begin + partner[j]
            small = buffer[at.SMALL + partner[j]] > 0.0
            w0, w1, w2, w3 = draw(world.identity[at.NOW, i], period, INNOVATION, setting.seed[0], replicate)
            gain = log1p(innovation_step(params, scale, uniform(w0), uniform(w1), small))
            kind = uniform(w2)
            if kind < to_quality:
                row = at.F_QUALITY
            elif kind < to_technology:
                row = at.F_TECHNOLOGY
            elif kind < to_organisation:
                row = at.F_ORGANISATION
            else:
                row = at.F_SOURCING
            new[row, i] += gain
            by_small += 1 if small else 0
            patents += 1 if uniform(w3) < params.innovation_patented else 0
            j += 1
        sums[segment, at.E_INNOVATIONS] = float(j - before)
        sums[segment, at.E_SMALL_INNOVATIONS] = float(by_small)
        sums[segment, at.E_PATENTS] = float(patents)
