"""Stages 9 and 10: accounts, exit and spin-offs of a tile (docs/MODEL.md 7.9 to 7.11)."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._bits import count_bits, equal_beside
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import choose, load, nothing, store, total, totals, width
from technopole_kernels.innovation import credit_terms
from technopole_kernels.reduce import copy_all
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
        buffer[at.SALES + i] = share[i] * buffer[at.DEMAND + i]
    for i in range(share.size):
        cost = buffer[at.SALES + i] * buffer[at.COST_SHARE + i]
        buffer[at.SCRATCH + i] = production_base(cost, load, overhead[i])
        tax, payout, left = settle_books(
            buffer[at.SALES + i], cost, own_research[i], old_cash[i], tax_rate, payout_rate
        )
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
        a = b = c = d = e = f = nothing(share)
        for i in range(begin, end, width(share)):
            n, j = end - i, i - tile.begin
            s, base = load(share, i, n), load(buffer, at.SCRATCH + j, n)
            a = a + s * s
            b = b + load(buffer, at.TAX + j, n)
            c = c + base
            d = d + base * load(overhead, i, n)
            e = e + load(buffer, at.PAYOUT + j, n)
            f = f + load(cash, i, n)
        sums, rest = world.segment_sum[segment], nothing(share)
        store(totals(a, b, c, d, e, f, rest, rest), sums, at.E_SHARE_SQUARED, at.E_EXITS - at.E_SHARE_SQUARED)


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
def carry_over(world, tile):
    """Copy what a period does not change, so that the second set is complete."""
    begin, end = tile.begin, tile.end
    copy_all(world.identity[at.NOW, begin:end], world.identity[at.NEXT, begin:end])
    old, new = world.age[at.NOW, begin:end], world.age[at.NEXT, begin:end]
    for i in range(old.size):
        new[i] = np.int32(old[i] + np.int32(1))


@stage
def count_fates(world, tile):
    """Exits, spin-offs and the share of those who stay, by segment."""
    segments, sums, fate, share = world.segments, world.segment_sum, world.fate, world.next[at.F_SHARE]
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        leaving = 0
        spawning = 0
        staying_share = nothing(share)
        for i in range(begin, end, width(share)):
            leaves = equal_beside(fate, i, end - i, LEAVE, share)
            leaving += count_bits(leaves)
            spawning += count_bits(equal_beside(fate, i, end - i, SPAWN, share))
            staying_share = staying_share + choose(load(share, i, end - i), ~leaves)
        sums[segment, at.E_EXITS] = float(leaving)
        sums[segment, at.E_SPINOFFS] = float(spawning)
        sums[segment, at.E_STAY_SHARE] = total(staying_share)


@stage
def cost_transactions(cells, rate, first, last):
    """Transaction cost of some cells: a share of what production costs without it and without overhead."""
    for cell in range(first, last):
        cells[at.E_TRANSACTION, cell] = rate * cells[at.E_LOADED, cell]
