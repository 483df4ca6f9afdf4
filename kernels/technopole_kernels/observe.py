"""Sums over the operating firms that only the results need (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, store, totals, width
from technopole_kernels.choose import natural

_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(
    2046
)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@stage
def observe_knowledge(world, tile):
    """Sums of research, knowledge and efficiency over the operating firms of a tile, by segment."""
    segments, firms, buffer = world.segments, world.next, world.buffer
    organisation, technology = firms[at.F_ORGANISATION], firms[at.F_TECHNOLOGY]
    sourcing, quality, research = firms[at.F_SOURCING], firms[at.F_QUALITY], world.load[at.OWN_RESEARCH]
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        a = b = c = d = e = f = g = h = nothing(buffer)
        for i in range(begin, end, width(buffer)):
            n, j = end - i, i - tile.begin
            z = load(buffer, at.EFFICIENCY + j, n)
            a = a + load(buffer, at.RESEARCH + j, n)
            b = b + load(research, i, n)
            c = c + load(organisation, i, n)
            d = d + load(technology, i, n)
            e = e + load(sourcing, i, n)
            f = f + load(quality, i, n)
            g = g + z
            h = h + z * z
        store(totals(a, b, c, d, e, f, g, h), world.segment_sum[segment], at.E_RESEARCH, at.M_ONE - at.E_RESEARCH)


@device
def size_class(employment):
    """Half-octave class of a number of workers."""
    bits = np.float64(employment).view(np.uint64)
    number = np.int32(np.int64(bits >> _HALF_OCTAVE) - _FIRST_BIN + 1)
    return min(max(number, np.int32(0)), np.int32(at.SIZE_CLASSES - 1))


@stage
def count_sizes(world, tile):
    """Operating firms by employment in half-octave classes (0, 1, 1.5, 2, 3, 4, 6, ...)."""
    buffer = world.buffer
    begin, end = tile.begin, tile.end
    share = world.next[at.F_SHARE, begin:end]
    classes = world.partner
    for i in range(share.size):
        classes[i] = size_class(share[i] * buffer[at.LABOUR + i])
    for i in range(share.size):
        world.sizes[natural(classes[i])] += 1
