"""Stages 7 and 8: prices, fitness, demand shocks and market shares (docs/MODEL.md 7.7, 7.8)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.mathx import exp, log
from technopole_kernels.tiles import fill_cell, fill_sector, sum_segments

ALWAYS = -1e300  # a quality standard everybody meets


@kernel
def fill_market(setting, world, tile):
    """Spread what price and fitness need to know of cells and sectors."""
    params, work, buffer, totals = setting.params, world.work, world.work.buffer, world.totals
    S = totals.demand.size
    region, origin = work.tile_region[tile], work.tile_begin[tile]
    fill_sector(buffer, at.LABOUR_SHARE, setting.constants.labour_share, work, tile, S)
    fill_cell(buffer, at.PRICE, totals.price_level, work, tile)
    fill_cell(buffer, at.EFFICIENCY, totals.efficiency, work, tile)
    fill_cell(buffer, at.NAME, world.reputation, work, tile)
    fill_sector(buffer, at.LEVEL, world.sectors.fitness_level, work, tile, S)
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        sector = work.segment_cell[segment] - region * S
        standard = totals.next_sectors.knowledge[sector, 3] - params.reputation_tolerance
        first, last = work.segment_begin[segment] - origin, work.segment_begin[segment + 1] - origin
        buffer[at.STANDARD + first : at.STANDARD + last] = standard if params.reputation_standard == 1 else ALWAYS


@kernel
def fill_overhead(setting, world, tile):
    """Overhead rate of the firms of a tile under proportional sharing; the other rules have filled it in already."""
    work = world.work
    if setting.params.sharing_rule == 0:
        for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
            rate = world.totals.overhead[work.segment_cell[segment]]
            work.overhead[work.segment_begin[segment] : work.segment_begin[segment + 1]] = rate


@kernel
def make_efficiency(world, tile):
    """z = lambda (m + a) + (1 - lambda) c + ln A with the new knowledge."""
    work, buffer, new = world.work, world.work.buffer, world.next
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    organisation, technology = new.organisation[begin:end], new.technology[begin:end]
    sourcing = new.sourcing[begin:end]
    for i in range(organisation.size):
        labour = buffer[at.LABOUR_SHARE + i]
        buffer[at.EFFICIENCY + i] += labour * (organisation[i] + technology[i]) + (1.0 - labour) * sourcing[i]


@kernel
def set_prices(world, tile):
    """ln p = price level - z + ln(1 + tau + overhead)."""
    work, buffer = world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    transaction = world.totals.transaction[work.tile_region[tile]]
    overhead = work.overhead[begin:end]
    for i in range(overhead.size):
        load = log(1.0 + transaction + overhead[i])
        buffer[at.PRICE + i] = buffer[at.PRICE + i] - buffer[at.EFFICIENCY + i] + load


@kernel
def compete(setting, world, tile):
    """Fitness, demand shocks and what they make of the old shares."""
    params, work, buffer = setting.params, world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    quality, share = world.next.quality[begin:end], world.firms.share[begin:end]
    old_custom, custom = world.firms.custom[begin:end], world.next.custom[begin:end]
    # the new cash and shares are not known yet: until the second sweep they hold fitness and s exp(shock)
    fitness, moved = world.next.cash[begin:end], world.next.share[begin:end]
    for i in range(quality.size):
        name = params.reputation_weight * buffer[at.NAME + i]
        name = name if quality[i] >= buffer[at.STANDARD + i] else 0.0
        level = params.market_quality_weight * (quality[i] + name) - params.market_price_weight * buffer[at.PRICE + i]
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


@kernel
def sum_market(setting, world, tile):
    """Sums the market rules need before any share is known."""
    work, new = world.work, world.next
    sum_segments(work, tile, at.E_WIN, new.share, 0)
    sum_segments(work, tile, at.E_FITNESS, new.cash, 0)
    if setting.params.market_rule == 1:
        begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
        moved, fitness = new.share[begin:end], new.cash[begin:end]
        scratch = work.buffer[at.SCRATCH : at.SCRATCH + end - begin]
        for i in range(moved.size):
            scratch[i] = moved[i] * fitness[i]
        sum_segments(work, tile, at.E_WIN_FITNESS, scratch, begin)
    else:
        for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
            work.segment_sum[segment, at.E_WIN_FITNESS] = 0.0


@kernel
def settle_market(setting, world):
    """Coefficients of the market rule per sector: s' = keep s~ + win f, or s~ (keep + win f) for the replicator."""
    params, totals = setting.params, world.totals
    S = totals.demand.size
    choice = params.market_choice
    for k in range(S):
        moved = 0.0
        fitness = 0.0
        product = 0.0
        for cell in range(k, totals.survivors.size, S):
            moved += totals.end[at.E_WIN, cell]
            fitness += totals.end[at.E_FITNESS, cell]
            product += totals.end[at.E_WIN_FITNESS, cell]
        count = totals.sector_firms[k]
        level = world.sectors.fitness_level[k]
        totals.next_sectors.fitness_level[k] = level + (log(fitness / count) if count > 0.0 else 0.0)
        totals.next_sectors.market[k] = totals.demand[k]
        if count == 0.0:
            totals.share_keep[k] = 0.0
            totals.share_win[k] = 0.0
        elif params.market_rule == 1:
            totals.share_keep[k] = (1.0 - choice) / moved
            totals.share_win[k] = choice / product
        else:
            whole = (1.0 - choice) * moved + choice
            totals.share_keep[k] = (1.0 - choice) / whole
            totals.share_win[k] = choice / (fitness * whole)


@kernel
def set_shares(setting, world, tile):
    """The new market shares of a tile."""
    work, buffer, totals = world.work, world.work.buffer, world.totals
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    S = totals.demand.size
    fill_sector(buffer, at.KEEP, totals.share_keep, work, tile, S)
    fill_sector(buffer, at.WIN, totals.share_win, work, tile, S)
    share, fitness = world.next.share[begin:end], world.next.cash[begin:end]
    if setting.params.market_rule == 1:
        for i in range(share.size):
            share[i] = share[i] * (buffer[at.KEEP + i] + buffer[at.WIN + i] * fitness[i])
    else:
        for i in range(share.size):
            share[i] = buffer[at.KEEP + i] * share[i] + buffer[at.WIN + i] * fitness[i]
