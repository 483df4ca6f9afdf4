"""Launches over lanes of segments: what firms have just written or can be told from it, added up for their cells.

A lane adds up in the order of the CPU's kernels, one firm after the other, so these launches do as little else as
possible: what takes time is done before, by a thread for each firm.
"""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.grid.common import running, segment_of_lane, segment_range
from technopole_kernels.grid.competing import books_of, efficiency_of, price_of, standard_of
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
    """Sums of a lane that the market needs, weighted by the shares that firms keep (M) and by what they win (W)."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, new, sums = world.segments[at.G_CELL, segment], world.next, work.lane_sums
    standard, replicator = standard_of(setting, world, cell), setting.params[0].market_rule == 1
    all_fitness = 0.0
    m_one = m_quality = m_name = m_name_quality = m_efficiency = m_price = 0.0
    w_one = w_quality = w_name = w_name_quality = w_efficiency = w_price = 0.0
    for firm in range(first, end, LANES):
        fitness, moved, quality = new[at.F_CASH, firm], new[at.F_SHARE, firm], new[at.F_QUALITY, firm]
        efficiency = efficiency_of(setting, world, firm, cell)
        price = price_of(setting, world, cell, efficiency, world.load[at.OVERHEAD_RATE, firm])
        name = 1.0 if quality >= standard else 0.0
        win = fitness * (moved if replicator else 1.0)
        all_fitness += fitness
        m_one += moved
        m_quality += moved * quality
        m_name += moved * name
        m_name_quality += moved * (name * quality)
        m_efficiency += moved * efficiency
        m_price += moved * price
        w_one += win
        w_quality += win * quality
        w_name += win * name
        w_name_quality += win * (name * quality)
        w_efficiency += win * efficiency
        w_price += win * price
    sums[at.E_FITNESS, i] = all_fitness
    sums[at.M_ONE, i] = m_one
    sums[at.M_QUALITY, i] = m_quality
    sums[at.M_NAME, i] = m_name
    sums[at.M_NAME_QUALITY, i] = m_name_quality
    sums[at.M_EFFICIENCY, i] = m_efficiency
    sums[at.M_PRICE, i] = m_price
    sums[at.W_ONE, i] = w_one
    sums[at.W_QUALITY, i] = w_quality
    sums[at.W_NAME, i] = w_name
    sums[at.W_NAME_QUALITY, i] = w_name_quality
    sums[at.W_EFFICIENCY, i] = w_efficiency
    sums[at.W_PRICE, i] = w_price


@stage
def sum_knowledge(setting, world, work, _records, i):
    """Sums of a lane over the new knowledge of firms and their efficiency."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, new, sums = world.segments[at.G_CELL, segment], world.next, work.lane_sums
    organisation = technology = sourcing = quality = all_efficiency = squares = 0.0
    for firm in range(first, end, LANES):
        efficiency = efficiency_of(setting, world, firm, cell)
        organisation += new[at.F_ORGANISATION, firm]
        technology += new[at.F_TECHNOLOGY, firm]
        sourcing += new[at.F_SOURCING, firm]
        quality += new[at.F_QUALITY, firm]
        all_efficiency += efficiency
        squares += efficiency * efficiency
    sums[at.E_ORGANISATION, i] = organisation
    sums[at.E_TECHNOLOGY, i] = technology
    sums[at.E_SOURCING, i] = sourcing
    sums[at.E_QUALITY, i] = quality
    sums[at.E_EFFICIENCY, i] = all_efficiency
    sums[at.E_EFFICIENCY_SQUARED, i] = squares


@stage
def sum_accounts(setting, world, work, _records, i):
    """Sums of a lane over shares, accounts and fates."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, new, sums = world.segments[at.G_CELL, segment], world.next, work.lane_sums
    demand = world.sectors[at.S_DEMAND, cell % world.sectors.shape[1]]
    squares = taxes = loaded = all_overhead = payouts = all_cash = staying = 0.0
    exits = spinoffs = 0
    for firm in range(first, end, LANES):
        share, overhead, fate = new[at.F_SHARE, firm], world.load[at.OVERHEAD_RATE, firm], world.fate[firm]
        base, tax, payout, cash = books_of(setting, world, firm, cell, share * demand, overhead)
        squares += share * share
        taxes += tax
        loaded += base
        all_overhead += base * overhead
        payouts += payout
        all_cash += cash
        exits += 1 if fate == LEAVE else 0
        spinoffs += 1 if fate >= SPAWN else 0
        staying += 0.0 if fate == LEAVE else share
    sums[at.E_SHARE_SQUARED, i] = squares
    sums[at.E_TAX, i] = taxes
    sums[at.E_LOADED, i] = loaded
    sums[at.E_OVERHEAD, i] = all_overhead
    sums[at.E_PAYOUT, i] = payouts
    sums[at.E_CASH, i] = all_cash
    sums[at.E_EXITS, i] = float(exits)
    sums[at.E_SPINOFFS, i] = float(spinoffs)
    sums[at.E_STAY_SHARE, i] = staying
