"""Launches over the firms: prices, fitness and demand shocks; once the market is settled, shares, accounts, fates."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._atomic import count_up
from technopole_kernels._jit import device, stage
from technopole_kernels.accounts import SPAWN, fate_of, settle_books
from technopole_kernels.choose import natural, pick_row
from technopole_kernels.entry import abroad_draw
from technopole_kernels.grid.common import running, segment_of_firm, spot_of
from technopole_kernels.grid.work import COPIES
from technopole_kernels.innovation import credit_terms
from technopole_kernels.market import (
    ALWAYS,
    efficiency_gain,
    laplace,
    log_fitness,
    new_share,
    relative_size,
)
from technopole_kernels.mathx import exp_core, log_core
from technopole_kernels.observe import size_class
from technopole_kernels.prepare import small_firm
from technopole_kernels.rng import SPINOFF, centred, draw, uniform


@stage
def compete(setting, world, work, _records, firm):
    """Price, fitness and shock to the demand of a firm."""
    segment = segment_of_firm(world, work, firm)
    if segment < 0 or not running(work):
        return
    spot, new = spot_of(world, segment), world.next
    rate = overhead_of(setting, world, firm, spot)
    price = price_of(setting, world, spot, efficiency_of(setting, world, firm, spot), rate)
    fitness = fitness_of(setting, world, firm, spot, standard_of(setting, world, spot), price)
    moved, custom = shocked_share(setting, world, firm, spot, np.uint64(work.shock[firm]))
    new[at.F_CASH, firm] = fitness  # until the next launch over the firms knows the cash
    new[at.F_SHARE, firm] = moved  # and the share
    new[at.F_CUSTOM, firm] = custom
    world.load[at.OVERHEAD_RATE, firm] = rate


@device
def standard_of(setting, world, spot):
    """Quality from which a firm of a cell may use the name of the place."""
    params, k = setting.params[0], spot[2]
    known = world.sectors[at.S_NEXT + at.S_KNOWLEDGE + 3, k] - params.reputation_tolerance
    return known if params.reputation_standard == 1 else ALWAYS


@device
def efficiency_terms(setting, world, spot):
    """What the efficiency of all firms of a cell is made with: the weight of labour, and ln A."""
    cell, _, k = spot
    return setting.constants.sectors[at.K_LABOUR_SHARE, k], world.cells[at.C_EFFICIENCY, cell]


@device
def efficiency_of(setting, world, firm, spot):
    """z = lambda (m + a) + (1 - lambda) c + ln A with the new knowledge."""
    new, (labour, own) = world.next, efficiency_terms(setting, world, spot)
    return own + efficiency_gain(
        labour, new[at.F_ORGANISATION, firm], new[at.F_TECHNOLOGY, firm], new[at.F_SOURCING, firm]
    )


@device
def overhead_of(setting, world, firm, spot):
    """Overhead of a firm per unit of production: that of its cell, or what the other rules have charged it."""
    if setting.params[0].sharing_rule == 0:
        return world.cells[at.C_OVERHEAD, spot[0]]
    return world.load[at.OVERHEAD_RATE, firm]


@device
def price_of(setting, world, spot, efficiency, overhead):
    """ln p of a firm."""
    cell, region, _ = spot
    price = world.cells[at.C_PRICE_LEVEL, cell]
    if setting.params[0].sharing_rule != 0:
        price += log_core(1.0 + world.regions[at.R_TRANSACTION, region] + overhead)
    return price - efficiency


@device
def fitness_of(setting, world, firm, spot, standard, price):
    """Fitness of a firm in its market."""
    params = setting.params[0]
    cell, _, k = spot
    name = params.reputation_weight * world.cells[at.C_REPUTATION, cell]
    level = world.sectors[at.S_FITNESS_LEVEL, k]
    return exp_core(
        log_fitness(
            world.next[at.F_QUALITY, firm], standard, name, price, world.firms[at.F_CUSTOM, firm], level,
            params.market_quality_weight, params.market_price_weight,
        )
    )  # fmt: skip


@device
def shocked_share(setting, world, firm, spot, word):
    """Share and customer base of a firm after the shock to its demand, made from a random word."""
    params, share = setting.params[0], world.firms[at.F_SHARE, firm]
    relative = relative_size(world.sectors[at.S_FIRMS, spot[2]], share)
    size_effect = exp_core(-params.market_size_exponent * log_core(relative))
    v = centred(uniform(word))
    log_tail = log_core(1.0 - (v if v > 0.0 else -v))
    shock = laplace(params.market_turbulence, size_effect, log_tail, v > 0.0, params.market_shock_cap, share)
    custom = (1.0 - params.market_custom_decay) * world.firms[at.F_CUSTOM, firm] + shock
    return share * exp_core(shock), custom


@stage
def decide(setting, world, work, _records, firm):
    """Share, accounts and fate of a firm."""
    segment = segment_of_firm(world, work, firm)
    if segment < 0 or not running(work):
        return
    spot, new = spot_of(world, segment), world.next
    cell, _, k = spot
    keep, win, demand = world.sectors[at.S_KEEP, k], world.sectors[at.S_WIN, k], world.sectors[at.S_DEMAND, k]
    replicator = setting.params[0].market_rule == 1
    share = new_share(keep, new[at.F_SHARE, firm], win, new[at.F_CASH, firm], replicator)
    _, _, cash = books_of(setting, world, firm, spot, share)
    fate = decide_fate(setting, world, firm, spot, share, share * demand, cash)
    identity, age = world.identity[at.NOW, firm], world.age[at.NOW, firm]
    if fate == SPAWN:
        home = home_of(setting, world, identity, spot)
        count_up(world.counts[at.N_CHILDREN], home)
        fate = np.uint32(SPAWN + np.uint32(home))
    count_up(work.sizes[firm % COPIES], np.int64(size_class(share * world.cells[at.C_LABOUR, cell])))
    new[at.F_SHARE, firm] = share
    new[at.F_CASH, firm] = cash
    world.fate[firm] = fate
    world.identity[at.NEXT, firm] = identity
    world.age[at.NEXT, firm] = np.int32(age + np.int32(1))


@device
def books_of(setting, world, firm, spot, share):
    """Tax, payout and the cash of a firm."""
    params, k = setting.params[0], spot[2]
    sales = share * world.sectors[at.S_DEMAND, k]
    cost = sales * setting.constants.sectors[at.K_COST_SHARE, k]
    own, old_cash = world.load[at.OWN_RESEARCH, firm], world.firms[at.F_CASH, firm]
    return settle_books(sales, cost, own, old_cash, params.accounts_tax, params.accounts_payout)


@device
def decide_fate(setting, world, firm, spot, share, sales, cash):
    """Whether a firm leaves, stays or spawns."""
    cell, region, k = spot
    params, labour = setting.params[0], world.cells[at.C_LABOUR, cell]
    per_sales, access = credit_terms(params, world.regions[at.R_INDEX + at.FINANCE, region])
    small = small_firm(world.firms[at.F_SHARE, firm], labour, params.sme_size)
    credit = per_sales * sales * (access if small > 0.0 else 1.0)
    minimum = params.exit_minimum * setting.constants.sectors[at.K_REFERENCE_SIZE, k]
    chance = params.entry_spinoff * math.sqrt(world.sectors[at.S_FIRMS, k] * share)
    u = uniform(np.uint64(world.fate[firm]))
    return fate_of(u, params.exit_closure, chance, (share * labour < minimum) | (cash < -credit))


@device
def home_of(setting, world, identity, spot):
    """Cell of a firm's child: the parent's, or that of the sector in another region."""
    constants, home = setting.constants, setting.params[0].entry_home
    cell, region, k = spot
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    _, _, w2, _ = draw(identity, period, SPINOFF, setting.seed[0], replicate)
    u, place = uniform(w2), cell
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    if (u >= home) & (constants.far[row_end - 1] > 0.0):
        entry, _ = pick_row(abroad_draw(u, home), constants.far, row, row_end, constants.far_guide[region])
        place = constants.proximity_region[natural(entry)] * world.sectors.shape[1] + k
    return place
