"""Sums over the operating firms that only the results need (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.tiles import fill_cell, sum_products, sum_segments

_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(
    2046
)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@stage
def observe_knowledge(world, tile):
    """Knowledge, efficiency and own research of the operating firms."""
    buffer, new, sums, segments = world.buffer, world.next, world.segment_sum, world.segments
    sum_segments(sums, segments, tile, at.E_ORGANISATION, new[at.F_ORGANISATION], 0)
    sum_segments(sums, segments, tile, at.E_TECHNOLOGY, new[at.F_TECHNOLOGY], 0)
    sum_segments(sums, segments, tile, at.E_SOURCING, new[at.F_SOURCING], 0)
    sum_segments(sums, segments, tile, at.E_QUALITY, new[at.F_QUALITY], 0)
    sum_segments(sums, segments, tile, at.E_OWN_RESEARCH, world.load[at.OWN_RESEARCH], 0)
    shift = tile.begin - at.EFFICIENCY
    sum_segments(sums, segments, tile, at.E_EFFICIENCY, buffer, shift)
    sum_products(sums, segments, tile, at.E_EFFICIENCY_SQUARED, buffer, shift, buffer, shift)


@stage
def count_sizes(world, tile):
    """Operating firms by employment in half-octave classes (0, 1, 1.5, 2, 3, 4, 6, ...)."""
    buffer = world.buffer
    begin, end = tile.begin, tile.end
    share = world.next[at.F_SHARE, begin:end]
    fill_cell(world.buffer, at.LABOUR, world.cells[at.C_LABOUR], world.segments, tile)
    for i in range(share.size):
        employment = share[i] * buffer[at.LABOUR + i]
        bits = np.float64(employment).view(np.uint64)
        size_class = np.int64(bits >> _HALF_OCTAVE) - _FIRST_BIN + 1
        size_class = min(max(size_class, 0), at.SIZE_CLASSES - 1)
        world.sizes[size_class] += 1
