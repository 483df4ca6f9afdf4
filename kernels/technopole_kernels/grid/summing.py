"""Launches over lanes of segments: what firms have just written or can be told from it, added up for their cells.

A lane adds up in the order of the CPU's kernels, one firm after the other, so these launches do as little else as
possible: what takes time is done before, by a thread for each firm. Short loops without a store are unrolled, so that
several values are on their way at the same time; hence columns are added up in groups, each by threads of its own.
"""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.grid.common import group_of, running, segment_of_lane, segment_range, sum_row
from technopole_kernels.grid.competing import base_of, books_of, efficiency_of, price_of, standard_of
from technopole_kernels.grid.learning import research_subsidy
from technopole_kernels.grid.work import BY_SMALL, INNOVATED, LANES, PATENTED


@stage
def sum_research(setting, world, work, _records, i):
    """Sums of a lane over research and innovations."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, S = world.segments[at.G_CELL, segment], world.sectors.shape[1]
    subsidy = research_subsidy(setting, world, cell // S, cell % S)
    spending = own_research = 0.0
    innovations = by_small = patents = 0
    for firm in range(first, end, LANES):
        own, done = world.load[at.OWN_RESEARCH, firm], np.int64(work.innovated[firm])
        spending += own * subsidy
        own_research += own
        innovations += done // INNOVATED % 2
        by_small += done // BY_SMALL % 2
        patents += done // PATENTED % 2
    sums = work.lane_sums
    sums[at.E_RESEARCH, i] = spending
    sums[at.E_OWN_RESEARCH, i] = own_research
    sums[at.E_INNOVATIONS, i] = float(innovations)
    sums[at.E_SMALL_INNOVATIONS, i] = float(by_small)
    sums[at.E_PATENTS, i] = float(patents)


@stage
def sum_market(setting, world, work, _records, i):
    """Sums of a lane that the market needs, in four groups.

    They are weighted by the shares that firms keep (M) and by what they win (W).
    """
    group, lane = group_of(i, 4)
    segment = segment_of_lane(world, lane)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, lane)
    cell = world.segments[at.G_CELL, segment]
    if group == 0:
        sum_kept_quality(setting, world, cell, first, end, work.lane_sums, lane)
    elif group == 1:
        sum_won_quality(setting, world, cell, first, end, work.lane_sums, lane)
    elif group == 2:
        sum_kept_prices(setting, world, cell, first, end, work.lane_sums, lane)
    else:
        sum_won_prices(setting, world, cell, first, end, work.lane_sums, lane)


@device
def won_by(setting, world, firm):
    """What a firm's fitness wins: a part of its market, or growth of its share."""
    moved = world.next[at.F_SHARE, firm] if setting.params[0].market_rule == 1 else 1.0
    return world.next[at.F_CASH, firm] * moved


@device
def price_and_efficiency(setting, world, firm, cell):
    """ln p and z of a firm, as they were when it competed."""
    efficiency = efficiency_of(setting, world, firm, cell)
    return price_of(setting, world, cell, efficiency, world.load[at.OVERHEAD_RATE, firm]), efficiency


@device
def sum_kept_quality(setting, world, cell, first, end, sums, lane):
    """Shares that are kept, weighted by quality and by whether it is good enough for the name of the place."""
    new, standard = world.next, standard_of(setting, world, cell)
    one = all_quality = all_name = name_quality = 0.0
    for firm in range(first, end, LANES):
        moved, quality = new[at.F_SHARE, firm], new[at.F_QUALITY, firm]
        name = 1.0 if quality >= standard else 0.0
        one += moved
        all_quality += moved * quality
        all_name += moved * name
        name_quality += moved * (name * quality)
    sums[at.M_ONE, lane] = one
    sums[at.M_QUALITY, lane] = all_quality
    sums[at.M_NAME, lane] = all_name
    sums[at.M_NAME_QUALITY, lane] = name_quality


@device
def sum_won_quality(setting, world, cell, first, end, sums, lane):
    """What is won, weighted in the same way; and fitness."""
    new, standard = world.next, standard_of(setting, world, cell)
    fitness = one = all_quality = all_name = name_quality = 0.0
    for firm in range(first, end, LANES):
        win, quality = won_by(setting, world, firm), new[at.F_QUALITY, firm]
        name = 1.0 if quality >= standard else 0.0
        fitness += new[at.F_CASH, firm]
        one += win
        all_quality += win * quality
        all_name += win * name
        name_quality += win * (name * quality)
    sums[at.E_FITNESS, lane] = fitness
    sums[at.W_ONE, lane] = one
    sums[at.W_QUALITY, lane] = all_quality
    sums[at.W_NAME, lane] = all_name
    sums[at.W_NAME_QUALITY, lane] = name_quality


@device
def sum_kept_prices(setting, world, cell, first, end, sums, lane):
    """Shares that are kept, weighted by efficiency and price; efficiency and its square."""
    efficiencies = squares = kept_efficiency = kept_price = 0.0
    for firm in range(first, end, LANES):
        price, efficiency = price_and_efficiency(setting, world, firm, cell)
        moved = world.next[at.F_SHARE, firm]
        efficiencies += efficiency
        squares += efficiency * efficiency
        kept_efficiency += moved * efficiency
        kept_price += moved * price
    sums[at.E_EFFICIENCY, lane] = efficiencies
    sums[at.E_EFFICIENCY_SQUARED, lane] = squares
    sums[at.M_EFFICIENCY, lane] = kept_efficiency
    sums[at.M_PRICE, lane] = kept_price


@device
def sum_won_prices(setting, world, cell, first, end, sums, lane):
    """What is won, weighted by efficiency and price."""
    won_efficiency = won_price = 0.0
    for firm in range(first, end, LANES):
        price, efficiency = price_and_efficiency(setting, world, firm, cell)
        win = won_by(setting, world, firm)
        won_efficiency += win * efficiency
        won_price += win * price
    sums[at.W_EFFICIENCY, lane] = won_efficiency
    sums[at.W_PRICE, lane] = won_price


@stage
def sum_knowledge(_setting, world, work, _records, i):
    """Sums of a lane over the new knowledge of firms, in two groups."""
    group, lane = group_of(i, 2)
    segment = segment_of_lane(world, lane)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, lane)
    new, sums = world.next, work.lane_sums
    if group == 0:
        sum_row(new[at.F_ORGANISATION], first, end, sums[at.E_ORGANISATION], lane)
        sum_row(new[at.F_TECHNOLOGY], first, end, sums[at.E_TECHNOLOGY], lane)
    else:
        sum_row(new[at.F_SOURCING], first, end, sums[at.E_SOURCING], lane)
        sum_row(new[at.F_QUALITY], first, end, sums[at.E_QUALITY], lane)


@stage
def sum_accounts(setting, world, work, _records, i):
    """Sums of a lane over shares, accounts and fates, in three groups."""
    group, lane = group_of(i, 3)
    segment = segment_of_lane(world, lane)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, lane)
    cell = world.segments[at.G_CELL, segment]
    if group == 0:
        sum_fates(world, first, end, work.lane_sums, lane)
    elif group == 1:
        sum_books(setting, world, cell, first, end, work.lane_sums, lane)
    else:
        sum_overhead(setting, world, cell, first, end, work.lane_sums, lane)


@device
def sum_fates(world, first, end, sums, lane):
    """Squares of the shares, share of those who stay, exits and spin-offs."""
    squares = staying = 0.0
    exits = spinoffs = 0
    for firm in range(first, end, LANES):
        share, fate = world.next[at.F_SHARE, firm], world.fate[firm]
        squares += share * share
        staying += 0.0 if fate == LEAVE else share
        exits += 1 if fate == LEAVE else 0
        spinoffs += 1 if fate >= SPAWN else 0
    sums[at.E_SHARE_SQUARED, lane] = squares
    sums[at.E_STAY_SHARE, lane] = staying
    sums[at.E_EXITS, lane] = float(exits)
    sums[at.E_SPINOFFS, lane] = float(spinoffs)


@device
def sum_books(setting, world, cell, first, end, sums, lane):
    """Taxes, payouts and cash."""
    taxes = payouts = all_cash = 0.0
    for firm in range(first, end, LANES):
        tax, payout, cash = books_of(setting, world, firm, cell, world.next[at.F_SHARE, firm])
        taxes += tax
        payouts += payout
        all_cash += cash
    sums[at.E_TAX, lane] = taxes
    sums[at.E_PAYOUT, lane] = payouts
    sums[at.E_CASH, lane] = all_cash


@device
def sum_overhead(setting, world, cell, first, end, sums, lane):
    """What production costs without transaction cost and overhead, and overhead."""
    loaded = overheads = 0.0
    for firm in range(first, end, LANES):
        overhead = world.load[at.OVERHEAD_RATE, firm]
        base = base_of(setting, world, cell, world.next[at.F_SHARE, firm], overhead)
        loaded += base
        overheads += base * overhead
    sums[at.E_LOADED, lane] = loaded
    sums[at.E_OVERHEAD, lane] = overheads
