"""Stages 9 and 10: accounts, exit and spin-offs of a tile (docs/MODEL.md 7.9 to 7.11)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._bits import count_bits, equal_beside
from technopole_kernels._jit import device, stage
from technopole_kernels._lane_math import if_less, positive, root
from technopole_kernels._lanes import choose, load, nothing, put, put_totals, spread, store, total, width
from technopole_kernels.innovation import credit_terms, own_research
from technopole_kernels.market import new_share
from technopole_kernels.reduce import whole_until
from technopole_kernels.rng import uniform_of
from technopole_kernels.status import Fate

STAY, LEAVE, SPAWN = np.uint32(Fate.STAY), np.uint32(Fate.LEAVE), np.uint32(Fate.SPAWN)


@device
def production_base(cost, load, overhead):
    """What production costs without transaction cost and overhead."""
    return cost / (load + overhead)


@device
def settle_books(sales, cost, own_research, old_cash, tax_rate, payout_rate):
    """Tax, payout and the cash that is left."""
    profit = sales - cost - own_research
    tax = tax_rate * positive(profit)
    before = old_cash + profit - tax
    payout = payout_rate * positive(before)
    return tax, payout, before - payout


@device
def fate_of(u, closure, chance, failed):
    """Whether a firm leaves, stays or spawns: one uniform decides closure and, of those who stay, spin-off."""
    leaves = (u < closure) | failed
    spawns = u - closure < (1.0 - closure) * chance
    return LEAVE if leaves else (SPAWN if spawns else STAY)


@stage
def settle_firms(setting, world, tile):
    """New shares, sales, R&D, tax and payout of a tile's firms, the cash that is left, and sums of it by segment.

    ``FAILED`` is 1 for whoever is too small or insolvent, ``SPAWNING`` the probability that others spawn, and
    ``EMPLOYMENT`` in workers.
    """
    cells, sectors, segments, share = world.cells, world.sectors, world.segments, world.next[at.F_SHARE]
    params, traits, S = setting.params[0], setting.constants.sectors, sectors.shape[1]
    per_sales, access = credit_terms(params, world.regions[at.R_INDEX + at.FINANCE, tile.region])
    rules = (
        params.market_rule == 1, params.sharing_rule == 0, 1.0 + world.regions[at.R_TRANSACTION, tile.region],
        params.accounts_tax, params.accounts_payout, (per_sales, access, params.sme_size), params.entry_spinoff,
    )  # fmt: skip
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        k = cell - tile.region * S
        of_cell = (
            spread(sectors[at.S_KEEP, k], share), spread(sectors[at.S_WIN, k], share),
            spread(sectors[at.S_DEMAND, k], share), spread(traits[at.K_COST_SHARE, k], share),
            spread(cells[at.C_LABOUR, cell], share), spread(sectors[at.S_FIRMS, k], share),
            spread(params.exit_minimum * traits[at.K_REFERENCE_SIZE, k], share),
            spread(traits[at.K_RD_INTENSITY, k], share), spread(cells[at.C_OVERHEAD, cell], share),
        )  # fmt: skip
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(share), whole_until(begin, end, width(share))
        lanes = none, none, none, none, none, none
        for i in range(begin, last, width(share)):
            lanes = settle_some(lanes, world, of_cell, rules, i, i - tile.begin, width(share))
        lanes = settle_some(lanes, world, of_cell, rules, last, last - tile.begin, end - last)
        put_totals(lanes, world.segment_sum[segment], at.E_SHARE_SQUARED)


@device
def settle_some(lanes, world, of_cell, rules, i, j, count):
    """The same for some firms of a cell, at most all lanes."""
    firms, new, buffer = world.firms, world.next, world.buffer
    keep, win, demand, cost_share, labour, sector_firms, minimum, intensity, overhead = of_cell
    replicator, proportional, burden, tax_rate, payout_rate, limits, spinoff = rules
    share = new_share(
        keep, load(new[at.F_SHARE], i, count), win, load(new[at.F_CASH], i, count), replicator
    )  # fmt: skip
    if not proportional:
        overhead = load(world.load[at.OVERHEAD_RATE], i, count)
    old_share, old_cash = load(firms[at.F_SHARE], i, count), load(firms[at.F_CASH], i, count)
    own, access, _, _ = own_research(old_share, old_cash, demand, labour, intensity, limits)  # sooner than it is read
    sales, employment = share * demand, share * labour
    cost = sales * cost_share
    base = production_base(cost, burden, overhead)
    tax, payout, cash = settle_books(sales, cost, own, old_cash, tax_rate, payout_rate)
    store(share, new[at.F_SHARE], i, count)
    store(cash, new[at.F_CASH], i, count)
    per_sales, _, _ = limits
    credit = per_sales * sales * access
    insolvent = if_less(cash, 0.0 - credit, 1.0, 0.0)
    put(if_less(employment, minimum, 1.0, insolvent), buffer, at.FAILED + j)
    put(spinoff * root(sector_firms * share), buffer, at.SPAWNING + j)
    put(employment, buffer, at.EMPLOYMENT + j)
    a, b, c, d, e, f = lanes
    return a + share * share, b + tax, c + base, d + base * overhead, e + payout, f + cash


@stage
def decide_fates(setting, world, tile):
    """Who leaves, who stays and who spawns."""
    buffer, fate, closure = world.buffer, world.fate[tile.begin : tile.end], setting.params[0].exit_closure
    for i in range(fate.size):
        u = uniform_of(buffer[at.SPAWNING + i], np.uint64(fate[i]))
        fate[i] = fate_of(u, closure, buffer[at.SPAWNING + i], buffer[at.FAILED + i] > 0.0)


@stage
def count_fates(world, tile):
    """Exits and the share of those who stay, by segment."""
    segments, sums, fate, share = world.segments, world.segment_sum, world.fate, world.next[at.F_SHARE]
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        leaving = 0
        staying_share = nothing(share)
        for i in range(begin, end, width(share)):
            leaves = equal_beside(fate, i, end - i, LEAVE, share)
            leaving += count_bits(leaves)
            staying_share = staying_share + choose(load(share, i, end - i), ~leaves)
        sums[segment, at.E_EXITS] = float(leaving)
        sums[segment, at.E_STAY_SHARE] = total(staying_share)


@stage
def cost_transactions(cells, rate, first, last):
    """Transaction cost of some cells: a share of what production costs without it and without overhead."""
    for cell in range(first, last):
        cells[at.E_TRANSACTION, cell] = rate * cells[at.E_LOADED, cell]
