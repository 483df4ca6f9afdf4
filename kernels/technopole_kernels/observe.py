"""Sums over the operating firms at the end of the period (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.market import fill_market, make_efficiency, set_prices
from technopole_kernels.tiles import fill_cell, sum_segments

_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(2046)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@stage
def _sum_product(world, tile, kind, row_a, values, origin):
    """Sum over segments of a buffer row times an array."""
    buffer = world.buffer
    for i in range(values.size):
        buffer[at.SCRATCH + i] = buffer[row_a + i] * values[i]
    sum_segments(world, tile, kind, buffer, origin - at.SCRATCH)


@stage
def observe_knowledge(world, tile):
    """Knowledge and quality of the operating firms."""
    new = world.next
    sum_segments(world, tile, at.E_ORGANISATION, new[at.F_ORGANISATION], 0)
    sum_segments(world, tile, at.E_TECHNOLOGY, new[at.F_TECHNOLOGY], 0)
    sum_segments(world, tile, at.E_SOURCING, new[at.F_SOURCING], 0)
    sum_segments(world, tile, at.E_QUALITY, new[at.F_QUALITY], 0)


@stage
def observe_shares(setting, world, tile):
    """Shares, concentration, and the quality behind the name of the place."""
    tiles, new = world.tiles, world.next
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    share, quality = new[at.F_SHARE, begin:end], new[at.F_QUALITY, begin:end]
    sum_segments(world, tile, at.E_SHARE, new[at.F_SHARE], 0)
    for i in range(share.size):
        buffer[at.SCRATCH + i] = share[i] * share[i]
    sum_segments(world, tile, at.E_SHARE_SQUARED, buffer, begin - at.SCRATCH)
    for i in range(share.size):
        buffer[at.SCRATCH + i] = share[i] * quality[i]
    sum_segments(world, tile, at.E_QUALITY_SHARE, buffer, begin - at.SCRATCH)
    for i in range(share.size):
        buffer[at.SCRATCH + i] = share[i] * quality[i] if quality[i] >= buffer[at.STANDARD + i] else 0.0
    sum_segments(world, tile, at.E_NAME_QUALITY, buffer, begin - at.SCRATCH)
    for i in range(share.size):
        buffer[at.SCRATCH + i] = share[i] if quality[i] >= buffer[at.STANDARD + i] else 0.0
    sum_segments(world, tile, at.E_NAME_SHARE, buffer, begin - at.SCRATCH)


@stage
def observe_efficiency(setting, world, tile):
    """Efficiency and prices; needs the rows of the market stage, which it fills again."""
    tiles = world.tiles
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    share = world.next[at.F_SHARE, begin:end]
    fill_market(setting, world, tile)
    make_efficiency(world, tile)
    set_prices(world, tile)
    sum_segments(world, tile, at.E_EFFICIENCY, buffer, begin - at.EFFICIENCY)
    for i in range(share.size):
        buffer[at.SCRATCH + i] = buffer[at.EFFICIENCY + i] * buffer[at.EFFICIENCY + i]
    sum_segments(world, tile, at.E_EFFICIENCY_SQUARED, buffer, begin - at.SCRATCH)
    _sum_product(world, tile, at.E_EFFICIENCY_SHARE, at.EFFICIENCY, share, begin)
    _sum_product(world, tile, at.E_PRICE_SHARE, at.PRICE, share, begin)


@stage
def observe_accounts(setting, world, tile):
    """Money of the period."""
    tiles = world.tiles
    buffer = world.buffer
    begin = tiles[at.T_BEGIN, tile]
    sum_segments(world, tile, at.E_OWN_RESEARCH, world.load[at.OWN_RESEARCH], 0)
    sum_segments(world, tile, at.E_TAX, buffer, begin - at.TAX)
    sum_segments(world, tile, at.E_OVERHEAD, buffer, begin - at.OVERHEAD)
    sum_segments(world, tile, at.E_TRANSACTION, buffer, begin - at.TRANSACTION)
    sum_segments(world, tile, at.E_PAYOUT, buffer, begin - at.PAYOUT)
    sum_segments(world, tile, at.E_CASH, world.next[at.F_CASH], 0)


@stage
def count_sizes(world, tile):
    """Operating firms by employment in half-octave classes (0, 1, 1.5, 2, 3, 4, 6, ...)."""
    tiles = world.tiles
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    share = world.next[at.F_SHARE, begin:end]
    fill_cell(world, at.LABOUR, world.cells[at.C_LABOUR], tile)
    for i in range(share.size):
        employment = share[i] * buffer[at.LABOUR + i]
        bits = np.float64(employment).view(np.uint64)
        size_class = np.int64(bits >> _HALF_OCTAVE) - _FIRST_BIN + 1
        size_class = min(max(size_class, 0), at.SIZE_CLASSES - 1)
        world.sizes[size_class] += 1
