"""Stages 9 and 10: accounts, exit and spin-offs of a tile, and what is observed of it (docs/MODEL.md 7.9-7.11, 7.14)."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.innovation import credit_limit
from technopole_kernels.market import fill_market, make_efficiency, set_prices
from technopole_kernels.rng import uniform
from technopole_kernels.status import Fate
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments

STAY, LEAVE, SPAWN = np.uint32(Fate.STAY), np.uint32(Fate.LEAVE), np.uint32(Fate.SPAWN)


@kernel
def close_accounts(setting, world, tile):
    """Sales, R&D, tax and payout of the period; the cash that is left."""
    params, work, buffer, totals = setting.params, world.work, world.work.buffer, world.totals
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    S = totals.demand.size
    share, own_research = world.next.share[begin:end], work.own_research[begin:end]
    old_cash, cash = world.firms.cash[begin:end], world.next.cash[begin:end]
    overhead = work.overhead[begin:end]
    fill_sector(buffer, at.DEMAND, totals.demand, work, tile, S)
    fill_sector(buffer, at.COST_SHARE, setting.constants.markup, work, tile, S)
    for i in range(share.size):
        buffer[at.SALES + i] = share[i] * buffer[at.DEMAND + i]
    for i in range(share.size):
        markup = buffer[at.COST_SHARE + i]
        profit = markup / (1.0 + markup) * buffer[at.SALES + i] - own_research[i]
        tax = params.accounts_tax * (profit if profit > 0.0 else 0.0)
        before = old_cash[i] + profit - tax
        payout = params.accounts_payout * (before if before > 0.0 else 0.0)
        buffer[at.TAX + i] = tax
        buffer[at.PAYOUT + i] = payout
        cash[i] = before - payout
    transaction = totals.transaction[work.tile_region[tile]]
    for i in range(share.size):
        load = buffer[at.SALES + i] / (1.0 + buffer[at.COST_SHARE + i]) / (1.0 + transaction + overhead[i])
        buffer[at.OVERHEAD + i] = load * overhead[i]
        buffer[at.TRANSACTION + i] = load * transaction


@kernel
def decide_fates(setting, world, tile):
    """Who leaves, who stays and who spawns."""
    params, work, buffer, totals = setting.params, world.work, world.work.buffer, world.totals
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    region = work.tile_region[tile]
    S = totals.demand.size
    finance = totals.index[region, at.FINANCE]
    fill_cell(buffer, at.LABOUR, totals.labour_per_share, work, tile)
    fill_sector(buffer, at.COUNT, totals.sector_firms, work, tile, S)
    fill_sector(buffer, at.MINIMUM, setting.constants.reference_size, work, tile, S)
    old_share, share = world.firms.share[begin:end], world.next.share[begin:end]
    cash, fate = world.next.cash[begin:end], work.fate[begin:end]
    closure = params.exit_closure
    staying = 1.0 - closure if closure < 1.0 else 1.0
    for i in range(share.size):
        small = old_share[i] * buffer[at.LABOUR + i] < params.sme_size
        credit = credit_limit(params, finance, buffer[at.SALES + i], small)
        too_small = share[i] * buffer[at.LABOUR + i] < params.exit_minimum * buffer[at.MINIMUM + i]
        insolvent = cash[i] < -credit
        u = uniform(np.uint64(fate[i]))
        leaves = u < closure or too_small or insolvent
        chance = params.entry_spinoff * math.sqrt(buffer[at.COUNT + i] * share[i])
        spawns = (u - closure) / staying < chance
        fate[i] = LEAVE if leaves else (SPAWN if spawns else STAY)


@kernel
def carry_over(world, tile):
    """Copy what a period does not change, so that the second set is complete."""
    begin, end = world.work.tile_begin[tile], world.work.tile_begin[tile + 1]
    world.next.identity[begin:end] = world.firms.identity[begin:end]
    old, new = world.firms.age[begin:end], world.next.age[begin:end]
    for i in range(old.size):
        new[i] = np.int32(old[i] + np.int32(1))


@kernel
def count_fates(world, tile):
    """Exits, spin-offs and the share of those who stay, by segment."""
    work = world.work
    begin = work.tile_begin[tile]
    fate, share = work.fate[begin : work.tile_begin[tile + 1]], world.next.share[begin : work.tile_begin[tile + 1]]
    for i in range(fate.size):
        work.buffer[at.SCRATCH + i] = 0.0 if fate[i] == LEAVE else share[i]
    sum_segments(work, tile, at.E_STAY_SHARE, work.buffer, begin - at.SCRATCH)
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        exits = 0
        spinoffs = 0
        for i in range(work.segment_begin[segment] - begin, work.segment_begin[segment + 1] - begin):
            exits += 1 if fate[i] == LEAVE else 0
            spinoffs += 1 if fate[i] == SPAWN else 0
        work.segment_sum[segment, at.E_EXITS] = float(exits)
        work.segment_sum[segment, at.E_SPINOFFS] = float(spinoffs)
