"""Launches over the firms: prices, fitness and demand shocks; after the market is settled, shares, accounts, fates."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._atomic import count_up
from technopole_kernels._jit import device, stage
from technopole_kernels.accounts import LEAVE, SPAWN, fate_of, production_base, settle_books
from technopole_kernels.choose import natural, pick_row
from technopole_kernels.entry import abroad_draw
from technopole_kernels.grid.common import running, segment_of, segment_range
from technopole_kernels.grid.work import COPIES, LANES
from technopole_kernels.innovation import credit_terms
from technopole_kernels.market import (
    efficiency_gain,
    laplace,
    log_fitness,
    new_share,
    relative_size,
)
from technopole_kernels.mathx import exp_core, log_core
from technopole_kernels.observe import size_class
from technopole_kernels.prepare import small_firm
from technopole_kernels.rng import EVENT, SPINOFF, centred, draw, uniform
from technopole_kernels.spread import ALWAYS


@stage
def compete(setting, world, work, _records, i):
    """Prices, fitness and shocks of a lane of a segment, and the sums that the market needs."""
    segment = segment_of(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, new, sums = world.segments[at.G_CELL, segment], world.next, work.lane_sums
    standard = standard_of(setting, world, cell)
    all_fitness = 0.0
    m_one = m_quality = m_name = m_name_quality = m_efficiency = m_price = 0.0
    w_one = w_quality = w_name = w_name_quality = w_efficiency = w_price = 0.0
    organisation = technology = sourcing = all_quality = all_efficiency = squares = 0.0
    for firm in range(first, end, LANES):
        efficiency = efficiency_of(setting, world, firm, cell)
        price = price_of(setting, world, firm, cell, efficiency)
        fitness = fitness_of(setting, world, firm, cell, standard, price)
        moved = shocked_share(setting, world, firm, cell)
        quality = new[at.F_QUALITY, firm]
        name = 1.0 if quality >= standard else 0.0
        win = fitness * (moved if setting.params[0].market_rule == 1 else 1.0)
        new[at.F_CASH, firm] = fitness  # until the next launch knows the cash
        new[at.F_SHARE, firm] = moved  # and the share
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
        organisation += new[at.F_ORGANISATION, firm]
        technology += new[at.F_TECHNOLOGY, firm]
        sourcing += new[at.F_SOURCING, firm]
        all_quality += quality
        all_efficiency += efficiency
        squares += efficiency * efficiency
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
    sums[at.E_ORGANISATION, i] = organisation
    sums[at.E_TECHNOLOGY, i] = technology
    sums[at.E_SOURCING, i] = sourcing
    sums[at.E_QUALITY, i] = all_quality
    sums[at.E_EFFICIENCY, i] = all_efficiency
    sums[at.E_EFFICIENCY_SQUARED, i] = squares


@device
def standard_of(setting, world, cell):
    """Quality from which a firm of a cell may use the name of the place."""
    params, k = setting.params[0], cell % world.sectors.shape[1]
    known = world.sectors[at.S_NEXT + at.S_KNOWLEDGE + 3, k] - params.reputation_tolerance
    return known if params.reputation_standard == 1 else ALWAYS


@device
def efficiency_of(setting, world, firm, cell):
    """z = lambda (m + a) + (1 - lambda) c + ln A with the new knowledge."""
    new, labour = world.next, setting.constants.sectors[at.K_LABOUR_SHARE, cell % world.sectors.shape[1]]
    gain = efficiency_gain(
        labour, new[at.F_ORGANISATION, firm], new[at.F_TECHNOLOGY, firm], new[at.F_SOURCING, firm]
    )
    return world.cells[at.C_EFFICIENCY, cell] + gain


@device
def price_of(setting, world, firm, cell, efficiency):
    """ln p of a firm; under proportional sharing its overhead is noted, which the other rules have done already."""
    price = world.cells[at.C_PRICE_LEVEL, cell]
    if setting.params[0].sharing_rule == 0:
        world.load[at.OVERHEAD_RATE, firm] = world.cells[at.C_OVERHEAD, cell]
    else:
        transaction = world.regions[at.R_TRANSACTION, cell // world.sectors.shape[1]]
        price += log_core(1.0 + transaction + world.load[at.OVERHEAD_RATE, firm])
    return price - efficiency


@device
def fitness_of(setting, world, firm, cell, standard, price):
    """Fitness of a firm in its market."""
    params = setting.params[0]
    name = params.reputation_weight * world.cells[at.C_REPUTATION, cell]
    level = world.sectors[at.S_FITNESS_LEVEL, cell % world.sectors.shape[1]]
    return exp_core(
        log_fitness(
            world.next[at.F_QUALITY, firm], standard, name, price, world.firms[at.F_CUSTOM, firm], level,
            params.market_quality_weight, params.market_price_weight,
        )
    )  # fmt: skip


@device
def shocked_share(setting, world, firm, cell):
    """Share after the shock to demand, which stays in the customer base as well."""
    params, share = setting.params[0], world.firms[at.F_SHARE, firm]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    _, _, _, w3 = draw(world.identity[at.NOW, firm], period, EVENT, setting.seed[0], replicate)
    relative = relative_size(world.sectors[at.S_FIRMS, cell % world.sectors.shape[1]], share)
    size_effect = exp_core(-params.market_size_exponent * log_core(relative))
    v = centred(uniform(w3))
    log_tail = log_core(1.0 - (v if v > 0.0 else -v))
    shock = laplace(params.market_turbulence, size_effect, log_tail, v > 0.0, params.market_shock_cap, share)
    world.next[at.F_CUSTOM, firm] = (1.0 - params.market_custom_decay) * world.firms[at.F_CUSTOM, firm] + shock
    return share * exp_core(shock)


@stage
def decide(setting, world, work, _records, i):
    """Shares, accounts and fates of a lane of a segment."""
    segment = segment_of(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    cell, new, sums = world.segments[at.G_CELL, segment], world.next, work.lane_sums
    k = cell % world.sectors.shape[1]
    labour, replicator = world.cells[at.C_LABOUR, cell], setting.params[0].market_rule == 1
    keep, win, demand = world.sectors[at.S_KEEP, k], world.sectors[at.S_WIN, k], world.sectors[at.S_DEMAND, k]
    squares = taxes = loaded = all_overhead = payouts = all_cash = 0.0
    exits = spinoffs = staying = 0.0
    for firm in range(first, end, LANES):
        share = new_share(keep, new[at.F_SHARE, firm], win, new[at.F_CASH, firm], replicator)
        sales, overhead = share * demand, world.load[at.OVERHEAD_RATE, firm]
        base, tax, payout, cash = books_of(setting, world, firm, cell, sales, overhead)
        fate = decide_fate(setting, world, firm, cell, share, sales, cash)
        new[at.F_SHARE, firm] = share
        new[at.F_CASH, firm] = cash
        squares += share * share
        taxes += tax
        loaded += base
        all_overhead += base * overhead
        payouts += payout
        all_cash += cash
        exits += 1.0 if fate == LEAVE else 0.0
        spinoffs += 1.0 if fate == SPAWN else 0.0
        staying += 0.0 if fate == LEAVE else share
        world.fate[firm] = home_of(setting, world, firm, cell) if fate == SPAWN else fate
        world.identity[at.NEXT, firm] = world.identity[at.NOW, firm]
        world.age[at.NEXT, firm] = np.int32(world.age[at.NOW, firm] + np.int32(1))
        count_up(work.sizes[i % COPIES], np.int64(size_class(share * labour)))
    sums[at.E_SHARE_SQUARED, i] = squares
    sums[at.E_TAX, i] = taxes
    sums[at.E_LOADED, i] = loaded
    sums[at.E_OVERHEAD, i] = all_overhead
    sums[at.E_PAYOUT, i] = payouts
    sums[at.E_CASH, i] = all_cash
    sums[at.E_EXITS, i] = exits
    sums[at.E_SPINOFFS, i] = spinoffs
    sums[at.E_STAY_SHARE, i] = staying


@device
def books_of(setting, world, firm, cell, sales, overhead):
    """Production base, tax, payout and the cash of a firm."""
    params, S = setting.params[0], world.sectors.shape[1]
    cost = sales * setting.constants.sectors[at.K_COST_SHARE, cell % S]
    load = 1.0 + world.regions[at.R_TRANSACTION, cell // S]
    own, old_cash = world.load[at.OWN_RESEARCH, firm], world.firms[at.F_CASH, firm]
    tax, payout, cash = settle_books(sales, cost, own, old_cash, params.accounts_tax, params.accounts_payout)
    return production_base(cost, load, overhead), tax, payout, cash


@device
def decide_fate(setting, world, firm, cell, share, sales, cash):
    """Whether a firm leaves, stays or spawns."""
    params, S, labour = setting.params[0], world.sectors.shape[1], world.cells[at.C_LABOUR, cell]
    k = cell % S
    per_sales, access = credit_terms(params, world.regions[at.R_INDEX + at.FINANCE, cell // S])
    small = small_firm(world.firms[at.F_SHARE, firm], labour, params.sme_size)
    credit = per_sales * sales * (access if small > 0.0 else 1.0)
    minimum = params.exit_minimum * setting.constants.sectors[at.K_REFERENCE_SIZE, k]
    chance = params.entry_spinoff * math.sqrt(world.sectors[at.S_FIRMS, k] * share)
    u = uniform(np.uint64(world.fate[firm]))
    return fate_of(u, params.exit_closure, chance, share * labour < minimum, cash < -credit)


@device
def home_of(setting, world, firm, cell):
    """SPAWN and the cell of a firm's child: the parent's, or that of the sector in another region."""
    constants, home, S = setting.constants, setting.params[0].entry_home, world.sectors.shape[1]
    region = cell // S
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    _, _, w2, _ = draw(world.identity[at.NOW, firm], period, SPINOFF, setting.seed[0], replicate)
    u, place = uniform(w2), cell
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    if (u >= home) & (constants.far[row_end - 1] > 0.0):
        entry, _ = pick_row(abroad_draw(u, home), constants.far, row, row_end, constants.far_guide[region])
        place = constants.proximity_region[natural(entry)] * S + cell % S
    return np.uint32(SPAWN + np.uint32(place))
