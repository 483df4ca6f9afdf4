"""Stages 9 and 10: accounts, exit and spin-offs of a tile (docs/MODEL.md 7.9 to 7.11)."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._bits import count_bits, equal_beside
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import choose, load, nothing, put_totals, total, width
from technopole_kernels.innovation import credit_terms
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
    tax = tax_rate * (profit if profit > 0.0 else 0.0)
    before = old_cash + profit - tax
    payout = payout_rate * (before if before > 0.0 else 0.0)
    return tax, payout, before - payout


@device
def fate_of(u, closure, chance, too_small, insolvent):
    """Whether a firm leaves, stays or spawns: one uniform decides closure and, of those who stay, spin-off."""
    leaves = (u < closure) | too_small | insolvent
    spawns = u - closure < (1.0 - closure) * chance
    return LEAVE if leaves else (SPAWN if spawns else STAY)


@stage
def close_accounts(setting, world, tile):
    """Sales, R&D, tax and payout of the period; the cash that is left."""
    new = world.next
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    share, own_research = new[at.F_SHARE, begin:end], world.load[at.OWN_RESEARCH, begin:end]
    old_cash, cash = world.firms[at.F_CASH, begin:end], new[at.F_CASH, begin:end]
    overhead = world.load[at.OVERHEAD_RATE, begin:end]
    load = 1.0 + world.regions[at.R_TRANSACTION, tile.region]
    tax_rate, payout_rate = params.accounts_tax, params.accounts_payout
    for i in range(share.size):
        sales = share[i] * buffer[at.DEMAND + i]
        cost = sales * buffer[at.COST_SHARE + i]
        buffer[at.SALES + i] = sales
        buffer[at.SCRATCH + i] = production_base(cost, load, overhead[i])
        tax, payout, left = settle_books(sales, cost, own_research[i], old_cash[i], tax_rate, payout_rate)
        buffer[at.TAX + i] = tax
        buffer[at.PAYOUT + i] = payout
        cash[i] = left


@stage
def sum_accounts(world, tile):
    """Sums of a tile's accounts by segment."""
    segments, new, buffer = world.segments, world.next, world.buffer
    share, cash, overhead = new[at.F_SHARE], new[at.F_CASH], world.load[at.OVERHEAD_RATE]
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(share), whole_until(begin, end, width(share))
        lanes = none, none, none, none, none, none
        for i in range(begin, last, width(share)):
            lanes = add_accounts(lanes, share, cash, overhead, buffer, i, i - tile.begin, width(share))
        lanes = add_accounts(lanes, share, cash, overhead, buffer, last, last - tile.begin, end - last)
        put_totals(lanes, world.segment_sum[segment], at.E_SHARE_SQUARED)


@device
def add_accounts(lanes, share, cash, overhead, buffer, i, j, count):
    """Add some firms, at most all lanes, to the sums above."""
    a, b, c, d, e, f = lanes
    s, base = load(share, i, count), load(buffer, at.SCRATCH + j, count)
    return (
        a + s * s, b + load(buffer, at.TAX + j, count), c + base, d + base * load(overhead, i, count),
        e + load(buffer, at.PAYOUT + j, count), f + load(cash, i, count),
    )  # fmt: skip


@stage
def decide_fates(setting, world, tile):
    """Who leaves, who stays and who spawns."""
    new = world.next
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    region = tile.region
    finance = world.regions[at.R_INDEX + at.FINANCE, region]
    old_share, share = world.firms[at.F_SHARE, begin:end], new[at.F_SHARE, begin:end]
    cash, fate = new[at.F_CASH, begin:end], world.fate[begin:end]
    closure = params.exit_closure
    per_sales, access = credit_terms(params, finance)
    size, spinoff = params.sme_size, params.entry_spinoff
    for i in range(share.size):
        small = old_share[i] * buffer[at.LABOUR + i] < size
        credit = per_sales * buffer[at.SALES + i] * (access if small else 1.0)
        too_small = share[i] * buffer[at.LABOUR + i] < buffer[at.MINIMUM + i]
        insolvent = cash[i] < -credit
        u = uniform_of(share[i], np.uint64(fate[i]))
        chance = spinoff * math.sqrt(buffer[at.COUNT + i] * share[i])
        fate[i] = fate_of(u, closure, chance, too_small, insolvent)


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
