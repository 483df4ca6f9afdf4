"""Stage 5: research budgets, innovation and ties of chance (docs/MODEL.md 7.5)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import chain, device, stage
from technopole_kernels._kinds import by_kind, kind_of
from technopole_kernels._lane_math import if_less, if_more, positive
from technopole_kernels._lanes import load, put, spread, store, width
from technopole_kernels.ahead import STRETCH, fetch_for_competing, is_large
from technopole_kernels.choose import list_below, natural
from technopole_kernels.halves import now
from technopole_kernels.market import relative_size
from technopole_kernels.mathx import exp, log, log1p
from technopole_kernels.prepare import policy_cell_at, small_firm
from technopole_kernels.reduce import whole_until
from technopole_kernels.rng import EVENT, INNOVATION, draw, uniform_of
from technopole_kernels.types import TILE
from technopole_kernels.vector import exp_row, log_row


@device
def credit_terms(params, finance):
    """Credit per unit of sales, and the part of it that small firms get, given the region's finance index."""
    return (
        params.finance_credit + params.finance_credit_index * finance,
        params.sme_access + (1.0 - params.sme_access) * finance,
    )


@device
def affordable(wanted, cash, per_sales, sales, access):
    """Research that cash and credit allow."""
    limit = positive(cash + per_sales * sales * access)
    return if_less(wanted, limit, wanted, limit)


@device
def own_research(share, cash, demand, labour, intensity, rules):
    """Research that firms of a cell pay for, their access to credit, their sales, and whether they are small."""
    per_sales, access, size = rules
    sales, small = share * demand, small_firm(share, labour, size)
    its_access = if_more(small, 0.0, access, 1.0)
    return affordable(intensity * sales, cash, per_sales, sales, its_access), its_access, sales, small


@device
def next_intensity(old, research, sales, smoothing):
    """Research intensity, smoothed over time."""
    intensity = research / if_more(sales, 0.0, sales, 1.0)
    return (1.0 - smoothing) * old + smoothing * intensity


@device
def chance_bound(rate, gamma, relative):
    """No firm with this research relative to its sector's mean innovates with a higher probability.

    Pr = 1 - exp(-zeta x^gamma) <= zeta x^gamma <= zeta (1 + gamma (x - 1)) if gamma <= 1: whoever draws more than that
    bound does not innovate, and is spared a logarithm and two exponentials.
    """
    certain = 0.0 if gamma <= 1.0 else 2.0  # no bound for a larger elasticity: everybody is a candidate
    bound = rate * (1.0 + gamma * (relative - 1.0)) * by_kind(relative, 1.0 + 1e-9, 1.0 + 1e-5) + certain
    return if_more(relative, 0.0, bound, 0.0)


@device
def step_size(scale, power, radical, radical_size):
    """Step scale * (1 - u^(1/b)), larger if it is radical."""
    step = scale * (1.0 - power)
    return step * (radical_size if radical else 1.0)


@device
def kind_row(kind, to_quality, to_technology, to_organisation):
    """Row of the channel that an innovation raises."""
    row = at.F_ORGANISATION if kind < to_organisation else at.F_SOURCING
    row = at.F_TECHNOLOGY if kind < to_technology else row
    return at.F_QUALITY if kind < to_quality else row


@device
def kind_bounds(params):
    """Probabilities of the kinds of innovation, added up: quality, technology, organisation."""
    kinds = (
        params.innovation_kind_quality
        + params.innovation_kind_technology
        + params.innovation_kind_organisation
        + params.innovation_kind_sourcing
    )
    to_quality = params.innovation_kind_quality / kinds
    to_technology = to_quality + params.innovation_kind_technology / kinds
    return to_quality, to_technology, to_technology + params.innovation_kind_organisation / kinds


@chain
def draw_events(setting, world, tile):
    """Uniforms of the period's events; the one of closure and spin-off is kept for the second sweep."""
    begin, end = tile.begin, tile.end
    identity = world.identity[now(world), begin:end]
    fate = world.fate[begin:end]
    buffer = world.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed, kind = setting.seed[0], kind_of(buffer)
    size, large = min(identity.size, TILE), is_large(world)
    for first in range(0, size, STRETCH):
        if large:
            fetch_for_competing(setting, world, end + first)
        for i in range(min(size - first, STRETCH)):  # rows of the buffer are longer: LLVM sees that they do not overlap
            w0, w1, w2, w3 = draw(identity[first + i], period, EVENT, seed, replicate)
            buffer[at.U_INNOVATE + first + i] = uniform_of(kind, w0)
            buffer[at.U_TIE + first + i] = uniform_of(kind, w1)
            buffer[at.U_DEMAND + first + i] = uniform_of(kind, w3)
            fate[first + i] = np.uint32(w2)


@stage
def budget_research(setting, world, tile):
    """What firms spend on research, within their cash and credit, their new intensity, and who may innovate.

    ``CHANCE`` is the research of a firm relative to the mean of its sector, ``SIZE`` its share in
    units of the mean firm's; in ``SCRATCH`` stands a number below 0 for whoever may innovate.
    """
    cells, sectors, segments, buffer = world.cells, world.sectors, world.segments, world.buffer
    params, traits, S = setting.params[0], setting.constants.sectors, sectors.shape[1]
    period, region, regions = world.clock[at.PERIOD], tile.region, world.regions
    pooling = params.sme_pooling * regions[at.R_INDEX + at.UNIVERSITY, region]
    per_sales, access = credit_terms(params, regions[at.R_INDEX + at.FINANCE, region])
    rules = (per_sales, access, params.sme_size), params.innovation_smoothing, params.innovation_elasticity
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        k = cell - region * S
        intensity, demand, firms = traits[at.K_RD_INTENSITY, k], sectors[at.S_DEMAND, k], sectors[at.S_FIRMS, k]
        of_cell = (
            spread(demand, buffer), spread(cells[at.C_LABOUR, cell], buffer), spread(intensity, buffer),
            spread(1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], period, region, k), buffer),
            spread(pooling * intensity * cells[at.SMALL_SALES, cell], buffer),
            spread(intensity * demand / firms, buffer), spread(traits[at.K_INNOVATION_RATE, k], buffer),
            spread(firms, buffer),
        )  # fmt: skip
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        last = whole_until(begin, end, width(buffer))
        for i in range(begin, last, width(buffer)):
            budget_some(world, of_cell, rules, i, i - tile.begin, width(buffer))
        budget_some(world, of_cell, rules, last, last - tile.begin, end - last)


@device
def budget_some(world, of_cell, rules, i, j, count):
    """The same for some firms of a cell, at most all lanes."""
    firms, buffer = world.firms, world.buffer
    demand, labour, intensity, subsidy, pooled, mean, rate, sector_firms = of_cell
    limits, smoothing, elasticity = rules
    share, cash = load(firms[at.F_SHARE], i, count), load(firms[at.F_CASH], i, count)
    own, _, sales, small = own_research(share, cash, demand, labour, intensity, limits)
    research = own * subsidy
    store(own, world.load[at.OWN_RESEARCH], i, count)
    following = next_intensity(load(firms[at.F_RESEARCH], i, count), research, sales, smoothing)
    store(following, world.next[at.F_RESEARCH], i, count)
    relative = (research + small * pooled) / mean
    bound = chance_bound(rate, elasticity, relative)
    put(small, buffer, at.SMALL + j)
    put(research, buffer, at.RESEARCH + j)
    put(relative, buffer, at.CHANCE + j)
    put(load(buffer, at.U_INNOVATE + j, width(buffer)) - bound, buffer, at.SCRATCH + j)
    put(rate, buffer, at.RATE_INNOVATION + j)
    put(relative_size(sector_firms, share), buffer, at.SIZE + j)


@stage
def list_innovators(setting, world, tile):
    """List the firms that innovate in ``partner``, with probability 1 - exp(-zeta x^gamma); returns their number.

    x is the firm's research relative to the mean of its sector.
    """
    buffer, partner = world.buffer, world.partner
    candidates = list_below(buffer[at.SCRATCH : at.SCRATCH + tile.end - tile.begin], 0.0, partner)
    for j in range(candidates):
        place = natural(partner[j])
        buffer[at.I_RELATIVE + j] = buffer[at.CHANCE + place]
        buffer[at.I_RATE + j] = buffer[at.RATE_INNOVATION + place]
        buffer[at.I_CHANCE + j] = buffer[at.U_INNOVATE + place]
    elasticity = setting.params[0].innovation_elasticity
    for j in range(candidates):
        buffer[at.I_RELATIVE + j] = elasticity * log(buffer[at.I_RELATIVE + j])
    for j in range(candidates):
        buffer[at.I_RATE + j] = -buffer[at.I_RATE + j] * exp(buffer[at.I_RELATIVE + j])
    for j in range(candidates):
        buffer[at.I_CHANCE + j] -= 1.0 - exp(buffer[at.I_RATE + j])
    innovators = 0
    for j in range(candidates):
        partner[natural(innovators)] = partner[j]
        innovators += 1 if buffer[at.I_CHANCE + j] < 0.0 else 0
    return innovators


@stage
def draw_innovations(setting, world, tile, innovators):
    """What the listed innovators gain, in which channel, and who has it patented.

    The step is scale * Beta(1, b), drawn by inversion, and larger if it is radical.
    """
    params, buffer, partner, keys, segments = (
        setting.params[0], world.buffer, world.partner, world.keys, world.segments
    )  # fmt: skip
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed, kind = setting.seed[0], kind_of(buffer)
    first_cell = tile.region * world.sectors.shape[1]
    j = 0
    for segment in range(tile.first, tile.last):
        scale = setting.constants.sectors[at.K_INNOVATION_SCALE, segments[at.G_CELL, segment] - first_cell]
        end = segments[at.G_BEGIN, segment + 1] - tile.begin
        while j < innovators and partner[natural(j)] < end:
            buffer[at.I_SCALE + natural(j)] = scale
            j += 1
    for j in range(innovators):
        place = natural(partner[j])
        buffer[at.I_SMALL + j] = buffer[at.SMALL + place]
        keys[j] = world.identity[now(world), tile.begin + place]
    for j in range(innovators):
        w0, w1, w2, w3 = draw(keys[j], period, INNOVATION, seed, replicate)
        buffer[at.I_GAIN + j] = 1.0 - uniform_of(kind, w0)
        buffer[at.I_RADICAL + j] = uniform_of(kind, w1)
        buffer[at.I_KIND + j] = uniform_of(kind, w2)
        buffer[at.I_PATENT + j] = uniform_of(kind, w3)
    log_row(buffer, at.I_GAIN, innovators)
    shape = params.innovation_step_shape
    for j in range(innovators):
        buffer[at.I_GAIN + j] = buffer[at.I_GAIN + j] / shape
    exp_row(buffer, at.I_GAIN, innovators)
    chance, chance_small = params.innovation_radical, params.innovation_radical * params.sme_radical
    radical_size = params.innovation_radical_size
    for j in range(innovators):
        radical = buffer[at.I_RADICAL + j] < (chance_small if buffer[at.I_SMALL + j] > 0.0 else chance)
        buffer[at.I_GAIN + j] = step_size(buffer[at.I_SCALE + j], buffer[at.I_GAIN + j], radical, radical_size)
    for j in range(innovators):
        buffer[at.I_GAIN + j] = log1p(buffer[at.I_GAIN + j])


@stage
def innovate(setting, world, tile):
    """Raise one channel of every innovator and count innovations and patents by segment."""
    params, buffer, new, segments = setting.params[0], world.buffer, world.next, world.segments
    sums, partner = world.segment_sum, world.partner
    to_quality, to_technology, to_organisation = kind_bounds(params)
    patented = params.innovation_patented
    innovators = list_innovators(setting, world, tile)
    draw_innovations(setting, world, tile, innovators)
    j = 0
    for segment in range(tile.first, tile.last):
        end = segments[at.G_BEGIN, segment + 1] - tile.begin
        first = j
        by_small = 0.0
        patents = 0.0
        while j < innovators and partner[natural(j)] < end:
            i = natural(tile.begin + partner[natural(j)])
            n = natural(j)
            j += 1
            row = kind_row(buffer[at.I_KIND + n], to_quality, to_technology, to_organisation)
            new[natural(row), i] += buffer[at.I_GAIN + n]
            by_small += buffer[at.I_SMALL + n]
            patents += 1.0 if buffer[at.I_PATENT + n] < patented else 0.0
        sums[segment, at.E_INNOVATIONS] = float(j - first)
        sums[segment, at.E_SMALL_INNOVATIONS] = by_small
        sums[segment, at.E_PATENTS] = patents
