"""Stages 7 and 8: prices, fitness, demand shocks and market shares (docs/MODEL.md 7.7, 7.8)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import by_kind
from technopole_kernels._lane_math import if_more, if_reaches, only, within
from technopole_kernels._lanes import load, nothing, put, put_totals, spread, width
from technopole_kernels.choose import natural
from technopole_kernels.mathx import log
from technopole_kernels.observe import add_knowledge
from technopole_kernels.reduce import set_all, whole_until
from technopole_kernels.rng import centred
from technopole_kernels.tiles import take_tile
from technopole_kernels.vector import exp_row, log_row, smallest

ALWAYS = -1e300  # a quality standard everybody meets
MOST_FIT, MOST_FIT_SINGLE = 600.0, 60.0  # bound of ln f about its level, so that f neither overflows nor vanishes


@device
def efficiency_gain(labour, organisation, technology, sourcing):
    """What knowledge adds to ln A: lambda (m + a) + (1 - lambda) c."""
    return labour * (organisation + technology) + (1.0 - labour) * sourcing


@device
def log_fitness(quality, standard, name, price, custom, level, quality_weight, price_weight):
    """omega_q (q + name) - omega_p ln p + d - level, bounded; the name helps who meets the standard."""
    name = if_reaches(quality, standard, name, 0.0)
    fitness = quality_weight * (quality + name) - price_weight * price
    return within(fitness + custom - level, by_kind(fitness, MOST_FIT, MOST_FIT_SINGLE))


@device
def relative_size(count, share):
    """Share of a firm in units of the mean one's; 1 if it is next to nothing."""
    relative = count * share
    return if_more(relative, smallest(relative), relative, 1.0)


@device
def laplace(turbulence, size_effect, log_tail, positive, cap, share):
    """Laplace shock to demand, bounded; none to a firm that sells nothing."""
    shock = -turbulence * size_effect * log_tail
    shock = shock if shock < cap else cap
    shock = shock if positive else -shock
    return shock if share > 0.0 else 0.0


@device
def new_share(keep, moved, win, fitness, replicator):
    """s' = keep s~ + win f, or s~ f for the replicator."""
    winning = fitness
    if replicator:
        winning = fitness * moved
    return keep * moved + win * winning


@stage
def rate_firms(setting, world, tile):
    """Efficiency, price and fitness of a tile's firms and who may use the name of the place; sums of what they know.

    z = lambda (m + a) + (1 - lambda) c + ln A; ln p = price level - z + ln(1 + tau + overhead), where the level holds
    the logarithm under proportional sharing; f = exp(omega_q (q + name) - omega_p ln p + d - level).
    """
    cells, sectors, segments, buffer = world.cells, world.sectors, world.segments, world.buffer
    params, S = setting.params[0], sectors.shape[1]
    proportional = params.sharing_rule == 0
    if not proportional:
        log_overhead(world, tile)
    rules = proportional, params.market_quality_weight, params.market_price_weight
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        k = cell - tile.region * S
        known = sectors[at.S_NEXT + at.S_KNOWLEDGE + 3, k] - params.reputation_tolerance
        of_cell = (
            spread(setting.constants.sectors[at.K_LABOUR_SHARE, k], buffer),
            spread(cells[at.C_PRICE_LEVEL, cell], buffer), spread(cells[at.C_EFFICIENCY, cell], buffer),
            params.reputation_weight * spread(cells[at.C_REPUTATION, cell], buffer),
            spread(sectors[at.S_FITNESS_LEVEL, k], buffer),
            spread(known if params.reputation_standard == 1 else ALWAYS, buffer),
        )  # fmt: skip
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(buffer), whole_until(begin, end, width(buffer))
        lanes = none, none, none, none, none, none, none, none
        for i in range(begin, last, width(buffer)):
            lanes = rate_some(lanes, world, of_cell, rules, i, i - tile.begin, width(buffer))
        lanes = rate_some(lanes, world, of_cell, rules, last, last - tile.begin, end - last)
        put_totals(lanes, world.segment_sum[segment], at.E_RESEARCH)
    fitness = world.next[at.F_CASH, tile.begin : tile.end]  # until the second sweep knows the cash
    exp_row(buffer, at.FITNESS, fitness.size)
    for i in range(fitness.size):
        fitness[i] = buffer[at.FITNESS + i]


@device
def rate_some(lanes, world, of_cell, rules, i, j, count):
    """The same for some firms of a cell, at most all lanes: ln f."""
    new, buffer = world.next, world.buffer
    labour, level, efficiency, name, fitness_level, standard = of_cell
    proportional, quality_weight, price_weight = rules
    m, a = load(new[at.F_ORGANISATION], i, count), load(new[at.F_TECHNOLOGY], i, count)
    c, q = load(new[at.F_SOURCING], i, count), load(new[at.F_QUALITY], i, count)
    z = efficiency + efficiency_gain(labour, m, a, c)
    price = level - z if proportional else level + load(buffer, at.SCRATCH + j, width(buffer)) - z
    fitness = log_fitness(
        q, standard, name, price, load(world.firms[at.F_CUSTOM], i, count), fitness_level, quality_weight, price_weight
    )  # fmt: skip
    put(z, buffer, at.EFFICIENCY + j)
    put(price, buffer, at.PRICE + j)
    put(if_reaches(q, standard, 1.0, 0.0), buffer, at.NAME_USERS + j)
    put(fitness, buffer, at.FITNESS + j)
    own, research = load(world.load[at.OWN_RESEARCH], i, count), load(buffer, at.RESEARCH + j, count)
    return add_knowledge(lanes, research, own, m, a, c, q, only(z, count))


@stage
def log_overhead(world, tile):
    """ln(1 + tau + overhead) of the firms of a tile, whose overhead rates differ."""
    buffer, overhead = world.buffer, world.load[at.OVERHEAD_RATE, tile.begin : tile.end]
    transaction = world.regions[at.R_TRANSACTION, tile.region]
    for i in range(overhead.size):
        buffer[at.SCRATCH + i] = 1.0 + transaction + overhead[i]
    log_row(buffer, at.SCRATCH, overhead.size)


@stage
def shock_demand(setting, world, tile):
    """Laplace shocks to demand, smaller for larger firms; they hit the share at once and stay in the customer base."""
    params, buffer = setting.params[0], world.buffer
    share = world.firms[at.F_SHARE, tile.begin : tile.end]
    old_custom, custom = (
        world.firms[at.F_CUSTOM, tile.begin : tile.end],
        world.next[at.F_CUSTOM, tile.begin : tile.end],
    )
    moved = world.next[
        at.F_SHARE, tile.begin : tile.end
    ]  # s exp(shock), until the second sweep knows the share
    exponent = -params.market_size_exponent
    turbulence, cap = params.market_turbulence, params.market_shock_cap
    log_row(buffer, at.SIZE, share.size)
    for i in range(share.size):
        buffer[at.SIZE + i] = exponent * buffer[at.SIZE + i]
        v = centred(buffer[at.U_DEMAND + i])
        buffer[at.U_DEMAND + i] = v
        buffer[at.SCRATCH + i] = 1.0 - (v if v > 0.0 else -v)
    exp_row(buffer, at.SIZE, share.size)
    log_row(buffer, at.SCRATCH, share.size)
    keep = 1.0 - params.market_custom_decay
    for i in range(share.size):
        positive = buffer[at.U_DEMAND + i] > 0.0
        size_effect, log_tail = buffer[at.SIZE + i], buffer[at.SCRATCH + i]
        shock = laplace(turbulence, size_effect, log_tail, positive, cap, share[i])
        buffer[at.SCRATCH + i] = shock
        custom[i] = keep * old_custom[i] + shock
    exp_row(buffer, at.SCRATCH, share.size)
    for i in range(share.size):
        moved[i] = share[i] * buffer[at.SCRATCH + i]


@stage
def sum_market(setting, world, tile):
    """Sums weighted by s exp(shock) and by what wins customers: the new shares will be a combination of both."""
    buffer, moved, fitness = world.buffer, world.next[at.F_SHARE], world.next[at.F_CASH]
    sum_weighted(world, tile, moved, 0, at.M_ONE)  # the last one is in the way of the next, and written again
    if setting.params[0].market_rule == 0:
        sum_weighted(world, tile, fitness, 0, at.W_ONE)
        return
    mine, its_fitness = moved[tile.begin : tile.end], fitness[tile.begin : tile.end]
    for i in range(mine.size):
        buffer[at.WIN + i] = its_fitness[i] * mine[i]
    sum_weighted(world, tile, buffer, at.WIN - tile.begin, at.W_ONE)


@device
def add_weighted(lanes, world, weights, weight, i, j, count):
    """Add some firms, at most all lanes, to the sums below."""
    fitness, buffer = world.next[at.F_CASH], world.buffer
    a, b, c, d, e, f, g = lanes
    w, users = load(weights, weight, count), load(buffer, at.NAME_USERS + j, count)
    quality = load(world.next[at.F_QUALITY], i, count)
    return (
        a + w, b + w * quality, c + w * users, d + w * (users * quality),
        e + w * load(buffer, at.EFFICIENCY + j, count), f + w * load(buffer, at.PRICE + j, count),
        g + load(fitness, i, count),
    )  # fmt: skip


@stage
def sum_weighted(world, tile, weights, shift, column):
    """Sums of 1, quality, users of the name, their quality, efficiency and price of the segments, with a weight.

    That of firm i is ``weights[i + shift]``. And the sum of fitness.
    """
    segments = world.segments
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(weights), whole_until(begin, end, width(weights))
        lanes = none, none, none, none, none, none, none
        for i in range(begin, last, width(weights)):
            lanes = add_weighted(lanes, world, weights, i + shift, i, i - tile.begin, width(weights))
        lanes = add_weighted(lanes, world, weights, last + shift, last, last - tile.begin, end - last)
        put_totals(lanes, world.segment_sum[segment], column)


@stage
def settle_market(setting, world):
    """Coefficients of the market rule per sector, s' = keep s~ + win w."""
    sectors, sums = world.sectors, world.segment_sum
    all_moved, all_fitness, all_winning = sectors[at.S_WORK], sectors[at.S_WORK + 1], sectors[at.S_WORK + 2]
    for row in range(3):
        set_all(sectors[at.S_WORK + row], 0.0)
    for number in range(world.clock[at.TILES]):
        tile = take_tile(world, number)
        for segment in range(tile.first, tile.last):
            k = natural(world.segments[at.G_CELL, segment] - tile.region * sectors.shape[1])
            all_moved[k] += sums[segment, at.M_ONE]
            all_fitness[k] += sums[segment, at.E_FITNESS]
            all_winning[k] += sums[segment, at.W_ONE]
    for k in range(sectors.shape[1]):
        settle_sector(setting, world, k, all_moved[k], all_fitness[k], all_winning[k])


@device
def settle_sector(setting, world, k, moved, fitness, winning):
    """Coefficients of the market rule of a sector from its sums, and its next size and level of fitness."""
    params, sectors = setting.params[0], world.sectors
    choice, count = params.market_choice, sectors[at.S_FIRMS, k]
    level = sectors[at.S_FITNESS_LEVEL, k]
    sectors[at.S_NEXT + at.S_FITNESS_LEVEL, k] = level + (log(fitness / count) if count > 0.0 else 0.0)
    sectors[at.S_NEXT + at.S_MARKET, k] = sectors[at.S_DEMAND, k]
    keep = 0.0
    win = 0.0
    if count > 0.0:
        whole = moved if params.market_rule == 1 else (1.0 - choice) * moved + choice
        keep = (1.0 - choice) / whole
        win = choice / (winning if params.market_rule == 1 else winning * whole)
    sectors[at.S_KEEP, k] = keep
    sectors[at.S_WIN, k] = win


@device
def combined(keep, moved, win, winning):
    """A sum weighted by the new shares."""
    return keep * moved + win * winning
