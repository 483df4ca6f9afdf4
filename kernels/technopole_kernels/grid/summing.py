"""Launches over lanes of segments: what firms have just written or can be told from it, added up for their cells.

A lane adds up in the order of the CPU's kernels, one firm after the other, so these launches do as little else as
possible: what takes time is done before, by a thread for each firm.
"""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.accounts import LEAVE, production_base, settle_books
from technopole_kernels.grid.common import (
    column_of,
    running,
    segment_of_lane,
    segment_range,
    spot_of,
    sum_row,
)
from technopole_kernels.grid.competing import efficiency_terms, price_of, standard_of
from technopole_kernels.grid.learning import research_subsidy
from technopole_kernels.grid.work import BY_SMALL, INNOVATED, LANES, PATENTED
from technopole_kernels.market import efficiency_gain
from technopole_kernels.types import CHANNELS


@stage
def sum_research(setting, world, work, _records, i):
    """Sums of a lane over research and innovations."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    _, region, k = spot_of(world, segment)
    subsidy = research_subsidy(setting, world, region, k)
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
def sum_knowledge(_setting, world, work, _records, i):
    """New knowledge of the firms of a lane in one channel."""
    channel, lane = column_of(i, CHANNELS)
    if segment_of_lane(world, lane) >= 0 and running(work):
        sum_row(world, world.next[at.F_ORGANISATION + channel], work.lane_sums[at.E_ORGANISATION + channel], lane)


@stage
def sum_market(setting, world, work, _records, i):
    """Sums of a lane that the market needs, and of efficiency.

    A lane has two threads: they weigh by the shares that firms keep (M) and by what they win (W).
    """
    winning, lane = column_of(i, 2)
    segment = segment_of_lane(world, lane)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, lane)
    spot, new, overheads = spot_of(world, segment), world.next, world.load[at.OVERHEAD_RATE]
    shares, fits, qualities = new[at.F_SHARE], new[at.F_CASH], new[at.F_QUALITY]
    organisations, technologies, sourcings = new[at.F_ORGANISATION], new[at.F_TECHNOLOGY], new[at.F_SOURCING]
    labour, own = efficiency_terms(setting, world, spot)
    standard, replicator = standard_of(setting, world, spot), setting.params[0].market_rule == 1
    one = all_quality = all_name = name_quality = all_efficiency = all_price = 0.0
    plain = squares = 0.0
    for firm in range(first, end, LANES):
        moved, fitness, quality = shares[firm], fits[firm], qualities[firm]
        efficiency = own + efficiency_gain(labour, organisations[firm], technologies[firm], sourcings[firm])
        price = price_of(setting, world, spot, efficiency, overheads[firm])
        name = 1.0 if quality >= standard else 0.0
        win = fitness * (moved if replicator else 1.0)
        weight = win if winning == 1 else moved
        one += weight
        all_quality += weight * quality
        all_name += weight * name
        name_quality += weight * (name * quality)
        all_efficiency += weight * efficiency
        all_price += weight * price
        plain += fitness if winning == 1 else efficiency
        squares += efficiency * efficiency
    sums, row = work.lane_sums, at.W_ONE if winning == 1 else at.M_ONE
    sums[row, lane] = one
    sums[row + 1, lane] = all_quality
    sums[row + 2, lane] = all_name
    sums[row + 3, lane] = name_quality
    sums[row + 4, lane] = all_efficiency
    sums[row + 5, lane] = all_price
    if winning == 1:
        sums[at.E_FITNESS, lane] = plain
    else:
        sums[at.E_EFFICIENCY, lane] = plain
        sums[at.E_EFFICIENCY_SQUARED, lane] = squares


@stage
def sum_fates(_setting, world, work, _records, i):
    """Sums of a lane over shares and fates."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    shares, fates, sums = world.next[at.F_SHARE], world.fate, work.lane_sums
    squares = staying = 0.0
    exits = 0
    for firm in range(first, end, LANES):
        share, fate = shares[firm], fates[firm]
        squares += share * share
        staying += 0.0 if fate == LEAVE else share
        exits += 1 if fate == LEAVE else 0
    sums[at.E_SHARE_SQUARED, i] = squares
    sums[at.E_STAY_SHARE, i] = staying
    sums[at.E_EXITS, i] = float(exits)


@stage
def sum_accounts(setting, world, work, _records, i):
    """Sums of a lane over accounts."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    params, (_, region, k) = setting.params[0], spot_of(world, segment)
    demand, cost_share = world.sectors[at.S_DEMAND, k], setting.constants.sectors[at.K_COST_SHARE, k]
    load = 1.0 + world.regions[at.R_TRANSACTION, region]
    tax_rate, payout_rate = params.accounts_tax, params.accounts_payout
    shares, overheads = world.next[at.F_SHARE], world.load[at.OVERHEAD_RATE]
    research, old_cash = world.load[at.OWN_RESEARCH], world.firms[at.F_CASH]
    taxes = payouts = all_cash = loaded = all_overhead = 0.0
    for firm in range(first, end, LANES):
        sales, overhead = shares[firm] * demand, overheads[firm]
        cost = sales * cost_share
        tax, payout, cash = settle_books(sales, cost, research[firm], old_cash[firm], tax_rate, payout_rate)
        base = production_base(cost, load, overhead)
        taxes += tax
        payouts += payout
        all_cash += cash
        loaded += base
        all_overhead += base * overhead
    sums = work.lane_sums
    sums[at.E_TAX, i] = taxes
    sums[at.E_PAYOUT, i] = payouts
    sums[at.E_CASH, i] = all_cash
    sums[at.E_LOADED, i] = loaded
    sums[at.E_OVERHEAD, i] = all_overhead
