"""Stage 5: research budgets, innovation and ties of chance (docs/MODEL.md 7.5)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.learning import list_below
from technopole_kernels.mathx import exp, exp_core, log, log1p, log_core
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform
from technopole_kernels.tiles import fill, fill_cell, fill_sector, sum_segments


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
    fill_sector(world.buffer, at.DEMAND, sectors[at.S_DEMAND], world.segments, tile)
    fill_cell(world.buffer, at.LABOUR, cells[at.C_LABOUR], world.segments, tile)
    fill_sector(world.buffer, at.RATE_INNOVATION, traits[at.K_INNOVATION_RATE], world.segments, tile)
    fill_sector(world.buffer, at.COUNT, sectors[at.S_FIRMS], world.segments, tile)
    pooling = setting.params[0].sme_pooling * world.regions[at.R_INDEX + at.UNIVERSITY, region]
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - region * S
        subsidy = 1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], period, region, sector)
        pooled = pooling * traits[at.K_RD_INTENSITY, sector] * cells[at.SMALL_SALES, cell]
        # mean research of the sector, by which that of a firm is measured
        mean = traits[at.K_RD_INTENSITY, sector] * sectors[at.S_DEMAND, sector] / sectors[at.S_FIRMS, sector]
        fill(buffer, at.SUBSIDY - tile.begin, segments, segment, subsidy)
        fill(buffer, at.POOLED - tile.begin, segments, segment, pooled)
        fill(buffer, at.MEAN_RESEARCH - tile.begin, segments, segment, mean)


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
def find_candidates(setting, world, tile):
    """List the firms that may innovate in ``partner``; returns their number. ``CHANCE`` holds RD / mean RD.

    Pr = 1 - exp(-zeta x^gamma) <= zeta x^gamma <= zeta (1 + gamma (x - 1)) if gamma <= 1: whoever draws more than that
    bound does not innovate, and is spared a logarithm and two exponentials.
    """
    buffer, partner = world.buffer, world.partner
    size = tile.end - tile.begin
    gamma = setting.params[0].innovation_elasticity
    certain = 0.0 if gamma <= 1.0 else 2.0  # no bound for a larger elasticity: everybody is a candidate
    for i in range(size):
        research = buffer[at.RESEARCH + i] + buffer[at.SMALL + i] * buffer[at.POOLED + i]
        relative = research / buffer[at.MEAN_RESEARCH + i]
        bound = buffer[at.RATE_INNOVATION + i] * (1.0 + gamma * (relative - 1.0)) * (1.0 + 1e-9) + certain
        buffer[at.CHANCE + i] = relative
        buffer[at.SCRATCH + i] = buffer[at.U_INNOVATE + i] - (bound if relative > 0.0 else 0.0)
    return list_below(buffer[at.SCRATCH : at.SCRATCH + size], 0.0, partner)


@device
def chance_of_innovation(rate, relative, elasticity):
    """Pr = 1 - exp(-zeta (RD / mean RD of the sector)^gamma)."""
    if not relative > 0.0:
        return 0.0
    return 1.0 - exp(-rate * exp(elasticity * log(relative)))


@device
def innovation_step(params, scale, u, radical, small):
    """Step theta = scale * Beta(1, b) by inversion, larger if radical."""
    step = scale * (1.0 - exp_core(log_core(1.0 - u) / params.innovation_step_shape))
    chance = params.innovation_radical * (params.sme_radical if small else 1.0)
    return step * (params.innovation_radical_size if radical < chance else 1.0)


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
    candidates = find_candidates(setting, world, tile)
    elasticity, rates = params.innovation_elasticity, setting.constants.sectors[at.K_INNOVATION_RATE]
    j = 0
    for segment in range(tile.first, tile.last):
        sector = segments[at.G_CELL, segment] - first_cell
        scale = setting.constants.sectors[at.K_INNOVATION_SCALE, sector]
        end = segments[at.G_BEGIN, segment + 1] - tile.begin
        innovations = 0
        by_small = 0
        patents = 0
        while j < candidates and partner[j] < end:
            place = partner[j]
            j += 1
            if buffer[at.U_INNOVATE + place] >= chance_of_innovation(
                rates[sector], buffer[at.CHANCE + place], elasticity
            ):
                continue
            i = tile.begin + place
            small = buffer[at.SMALL + place] > 0.0
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
            innovations += 1
        sums[segment, at.E_INNOVATIONS] = float(innovations)
        sums[segment, at.E_SMALL_INNOVATIONS] = float(by_small)
        sums[segment, at.E_PATENTS] = float(patents)
