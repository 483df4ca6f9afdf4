"""Stage 5: research budgets, innovation and ties of chance (docs/MODEL.md 7.5)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.mathx import exp, log, log1p
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments


@device
def credit_limit(params, finance, sales, small):
    """Credit a firm can raise; small firms depend more on the region's finance."""
    access = params.sme_access + (1.0 - params.sme_access) * finance
    return (params.finance_credit + params.finance_credit_index * finance) * sales * (access if small else 1.0)


@kernel
def draw_events(setting, world, tile):
    """Uniforms of the period's events; the one of closure and spin-off is kept for the second sweep."""
    begin, end = world.work.tile_begin[tile], world.work.tile_begin[tile + 1]
    identity = world.firms.identity[begin:end]
    fate = world.work.fate[begin:end]
    buffer = world.work.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for i in range(identity.size):
        w0, w1, w2, w3 = draw(identity[i], period, EVENT, seed, replicate)
        buffer[at.U_INNOVATE + i] = uniform(w0)
        buffer[at.U_TIE + i] = uniform(w1)
        buffer[at.U_DEMAND + i] = uniform(w3)
        fate[i] = np.uint32(w2)


@kernel
def fill_research(setting, world, tile):
    """Spread what the research stage needs to know of cells and sectors."""
    work, buffer, totals, constants = world.work, world.work.buffer, world.totals, setting.constants
    S = totals.demand.size
    period, region = world.clock[at.PERIOD], work.tile_region[tile]
    origin = work.tile_begin[tile]
    fill_sector(buffer, at.DEMAND, totals.demand, work, tile, S)
    fill_cell(buffer, at.LABOUR, totals.labour_per_share, work, tile)
    fill_sector(buffer, at.RATE_INNOVATION, constants.innovation_rate, work, tile, S)
    fill_sector(buffer, at.COUNT, totals.sector_firms, work, tile, S)
    pooling = setting.params.sme_pooling * totals.index[region, at.UNIVERSITY]
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        cell = work.segment_cell[segment]
        sector = cell - region * S
        first, last = work.segment_begin[segment] - origin, work.segment_begin[segment + 1] - origin
        subsidy = 1.0 + policy_cell_at(setting.policy.rd_subsidy, period, region, sector)
        pooled = pooling * constants.rd_intensity[sector] * totals.start[at.SMALL_SALES, cell]
        buffer[at.SUBSIDY + first : at.SUBSIDY + last] = subsidy
        buffer[at.POOLED + first : at.POOLED + last] = pooled


@kernel
def budget_research(setting, world, tile):
    """What firms spend on research, within their cash and credit, and their new research intensity."""
    params, work, buffer = setting.params, world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    finance = world.totals.index[work.tile_region[tile], at.FINANCE]
    share, cash = world.firms.share[begin:end], world.firms.cash[begin:end]
    own_research = work.own_research[begin:end]
    for i in range(share.size):
        buffer[at.SALES + i] = share[i] * buffer[at.DEMAND + i]
    for i in range(share.size):
        buffer[at.SMALL + i] = 1.0 if share[i] * buffer[at.LABOUR + i] < params.sme_size else 0.0
    for i in range(share.size):
        sales = buffer[at.SALES + i]
        limit = cash[i] + credit_limit(params, finance, sales, buffer[at.SMALL + i] > 0.0)
        limit = limit if limit > 0.0 else 0.0
        wanted = buffer[at.INTENSITY + i] * sales
        own_research[i] = wanted if wanted < limit else limit
    for i in range(share.size):
        buffer[at.RESEARCH + i] = own_research[i] * buffer[at.SUBSIDY + i]
    sum_segments(work, tile, at.E_RESEARCH, buffer, begin - at.RESEARCH)
    old, new = world.firms.research[begin:end], world.next.research[begin:end]
    smoothing = params.innovation_smoothing
    for i in range(share.size):
        sales = buffer[at.SALES + i]
        intensity = buffer[at.RESEARCH + i] / (sales if sales > 0.0 else 1.0)
        new[i] = (1.0 - smoothing) * old[i] + smoothing * intensity


@kernel
def chance_of_innovation(setting, world, tile):
    """Pr = 1 - exp(-zeta (RD / mean RD of the sector)^gamma)."""
    params, buffer, work = setting.params, world.work.buffer, world.work
    size = work.tile_begin[tile + 1] - work.tile_begin[tile]
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


@kernel
def innovate(setting, world, tile):
    """Raise one channel of every innovator and count innovations and patents by segment."""
    params, work, buffer, new = setting.params, world.work, world.work.buffer, world.next
    origin, region = work.tile_begin[tile], work.tile_region[tile]
    S = world.totals.demand.size
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
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        scale = setting.constants.innovation_scale[work.segment_cell[segment] - region * S]
        innovations = 0
        by_small = 0
        patents = 0
        for i in range(work.segment_begin[segment], work.segment_begin[segment + 1]):
            if buffer[at.U_INNOVATE + i - origin] < buffer[at.CHANCE + i - origin]:
                small = buffer[at.SMALL + i - origin] > 0.0
                w0, w1, w2, w3 = draw(world.firms.identity[i], period, INNOVATION, setting.seed[0], replicate)
                gain = log1p(innovation_step(params, scale, uniform(w0), uniform(w1), small))
                kind = uniform(w2)
                if kind < to_quality:
                    new.quality[i] += gain
                elif kind < to_technology:
                    new.technology[i] += gain
                elif kind < to_organisation:
                    new.organisation[i] += gain
                else:
                    new.sourcing[i] += gain
                innovations += 1
                by_small += 1 if small else 0
                patents += 1 if uniform(w3) < params.innovation_patented else 0
        sums = work.segment_sum[segment]
        sums[at.E_INNOVATIONS] = float(innovations)
        sums[at.E_SMALL_INNOVATIONS] = float(by_small)
        sums[at.E_PATENTS] = float(patents)
