"""Stages 7 and 8: prices, fitness, demand shocks and market shares (docs/MODEL.md 7.7, 7.8)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments

ALWAYS = -1e300  # a quality standard everybody meets


@stage
def fill_market(setting, world, tile):
    """Spread what price and fitness need to know of cells and sectors."""
    cells, sectors, segments, tiles = world.cells, world.sectors, world.segments, world.tiles
    params, buffer = setting.params[0], world.buffer
    S = sectors.shape[1]
    region, origin = tiles[at.T_REGION, tile], tiles[at.T_BEGIN, tile]
    fill_sector(world, at.LABOUR_SHARE, setting.constants.sectors[at.K_LABOUR_SHARE], tile)
    fill_cell(world, at.PRICE, cells[at.C_PRICE_LEVEL], tile)
    fill_cell(world, at.EFFICIENCY, cells[at.C_EFFICIENCY], tile)
    fill_cell(world, at.NAME, cells[at.C_REPUTATION], tile)
    fill_sector(world, at.LEVEL, sectors[at.S_FITNESS_LEVEL], tile)
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        sector = segments[at.G_CELL, segment] - region * S
        standard = sectors[at.S_NEXT + at.S_KNOWLEDGE + 3, sector] - params.reputation_tolerance
        first, last = segments[at.G_BEGIN, segment] - origin, segments[at.G_BEGIN, segment + 1] - origin
        buffer[at.STANDARD + first : at.STANDARD + last] = standard if params.reputation_standard == 1 else ALWAYS


@stage
def fill_overhead(setting, world, tile):
    """Overhead rate of the firms of a tile under proportional sharing; the other rules have filled it in already."""
    segments, tiles = world.segments, world.tiles
    if setting.params[0].sharing_rule == 0:
        for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
            rate = world.cells[at.C_OVERHEAD, segments[at.G_CELL, segment]]
            world.load[at.OVERHEAD_RATE, segments[at.G_BEGIN, segment] : segments[at.G_BEGIN, segment + 1]] = rate


@stage
def make_efficiency(world, tile):
    """z = lambda (m + a) + (1 - lambda) c + ln A with the new knowledge."""
    tiles, new = world.tiles, world.next
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    organisation, technology = new[at.F_ORGANISATION, begin:end], new[at.F_TECHNOLOGY, begin:end]
    sourcing = new[at.F_SOURCING, begin:end]
    for i in range(organisation.size):
        labour = buffer[at.LABOUR_SHARE + i]
        buffer[at.EFFICIENCY + i] += labour * (organisation[i] + technology[i]) + (1.0 - labour) * sourcing[i]


@stage
def set_prices(world, tile):
    """ln p = price level - z + ln(1 + tau + overhead)."""
    tiles = world.tiles
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    transaction = world.regions[at.R_TRANSACTION, tiles[at.T_REGION, tile]]
    overhead = world.load[at.OVERHEAD_RATE, begin:end]
    for i in range(overhead.size):
        load = log(1.0 + transaction + overhead[i])
        buffer[at.PRICE + i] = buffer[at.PRICE + i] - buffer[at.EFFICIENCY + i] + load


@stage
def compete(setting, world, tile):
    """Fitness, demand shocks and what they make of the old shares."""
    tiles, firms = world.tiles, world.firms
    params, buffer = setting.params[0], world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    quality, share = world.next[at.F_QUALITY, begin:end], firms[at.F_SHARE, begin:end]
    old_custom, custom = firms[at.F_CUSTOM, begin:end], world.next[at.F_CUSTOM, begin:end]
    # the new cash and shares are not known yet: until the second sweep they hold fitness and s exp(shock)
    fitness, moved = world.next[at.F_CASH, begin:end], world.next[at.F_SHARE, begin:end]
    quality_weight, price_weight = params.market_quality_weight, params.market_price_weight
    name_weight = params.reputation_weight
    for i in range(quality.size):
        name = name_weight * buffer[at.NAME + i]
        name = name if quality[i] >= buffer[at.STANDARD + i] else 0.0
        level = quality_weight * (quality[i] + name) - price_weight * buffer[at.PRICE + i]
        level = level + old_custom[i] - buffer[at.LEVEL + i]
        level = level if level < 600.0 else 600.0
        level = level if level > -600.0 else -600.0
        fitness[i] = exp(level)
    exponent = -params.market_size_exponent
    turbulence, cap = params.market_turbulence, params.market_shock_cap
    for i in range(share.size):
        relative = buffer[at.COUNT + i] * share[i]
        scale = turbulence * exp(exponent * log(relative if relative > 0.0 else 1.0))
        v = 2.0 * (buffer[at.U_DEMAND + i] + 2.0**-33) - 1.0
        size = v if v > 0.0 else -v
        shock = -scale * log(1.0 - size)
        shock = shock if shock < cap else cap
        buffer[at.SCRATCH + i] = shock if v > 0.0 else -shock
    keep = 1.0 - params.market_custom_decay
    for i in range(share.size):
        custom[i] = keep * old_custom[i] + buffer[at.SCRATCH + i]
    for i in range(share.size):
        moved[i] = share[i] * exp(buffer[at.SCRATCH + i])


@stage
def sum_market(setting, world, tile):
    """Sums the market rules need before any share is known."""
    tiles, new = world.tiles, world.next
    sum_segments(world, tile, at.E_WIN, new[at.F_SHARE], 0)
    sum_segments(world, tile, at.E_FITNESS, new[at.F_CASH], 0)
    if setting.params[0].market_rule == 1:
        begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
        moved, fitness = new[at.F_SHARE, begin:end], new[at.F_CASH, begin:end]
        scratch = world.buffer[at.SCRATCH : at.SCRATCH + end - begin]
        for i in range(moved.size):
            scratch[i] = moved[i] * fitness[i]
        sum_segments(world, tile, at.E_WIN_FITNESS, scratch, begin)
    else:
        for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
            world.segment_sum[segment, at.E_WIN_FITNESS] = 0.0


@stage
def settle_market(setting, world):
    """Coefficients of the market rule per sector: s' = keep s~ + win f, or s~ (keep + win f) for the replicator."""
    cells, sectors = world.cells, world.sectors
    params = setting.params[0]
    S = sectors.shape[1]
    choice = params.market_choice
    for k in range(S):
        moved = 0.0
        fitness = 0.0
        product = 0.0
        for cell in range(k, cells.shape[1], S):
            moved += cells[at.E_WIN, cell]
            fitness += cells[at.E_FITNESS, cell]
            product += cells[at.E_WIN_FITNESS, cell]
        count = sectors[at.S_FIRMS, k]
        level = sectors[at.S_FITNESS_LEVEL, k]
        sectors[at.S_NEXT + at.S_FITNESS_LEVEL, k] = level + (log(fitness / count) if count > 0.0 else 0.0)
        sectors[at.S_NEXT + at.S_MARKET, k] = sectors[at.S_DEMAND, k]
        if count == 0.0:
            sectors[at.S_KEEP, k] = 0.0
            sectors[at.S_WIN, k] = 0.0
        elif params.market_rule == 1:
            sectors[at.S_KEEP, k] = (1.0 - choice) / moved
            sectors[at.S_WIN, k] = choice / product
        else:
            whole = (1.0 - choice) * moved + choice
            sectors[at.S_KEEP, k] = (1.0 - choice) / whole
            sectors[at.S_WIN, k] = choice / (fitness * whole)


@stage
def set_shares(setting, world, tile):
    """The new market shares of a tile."""
    sectors, tiles, new = world.sectors, world.tiles, world.next
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    fill_sector(world, at.KEEP, sectors[at.S_KEEP], tile)
    fill_sector(world, at.WIN, sectors[at.S_WIN], tile)
    share, fitness = new[at.F_SHARE, begin:end], new[at.F_CASH, begin:end]
    if setting.params[0].market_rule == 1:
        for i in range(share.size):
            share[i] = share[i] * (buffer[at.KEEP + i] + buffer[at.WIN + i] * fitness[i])
    else:
        for i in range(share.size):
            share[i] = buffer[at.KEEP + i] * share[i] + buffer[at.WIN + i] * fitness[i]
