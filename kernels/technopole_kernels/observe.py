"""Sums over the operating firms that only the results need (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, put_totals, width
from technopole_kernels.choose import natural
from technopole_kernels.reduce import whole_until

_APART = 48  # SIZE_CLASSES and some more
_ONE = np.uint64(1)
_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(
    2046
)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@stage
def observe_knowledge(world, tile):
    """Sums of research, knowledge and efficiency over the operating firms of a tile, by segment."""
    segments, buffer = world.segments, world.buffer
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(buffer), whole_until(begin, end, width(buffer))
        lanes = none, none, none, none, none, none, none, none
        for i in range(begin, last, width(buffer)):
            lanes = add_knowledge(lanes, world, i, i - tile.begin, width(buffer))
        lanes = add_knowledge(lanes, world, last, last - tile.begin, end - last)
        put_totals(lanes, world.segment_sum[segment], at.E_RESEARCH)


@device
def add_knowledge(lanes, world, i, j, count):
    """Add some firms, at most all lanes, to the sums above."""
    firms, buffer, research = world.next, world.buffer, world.load[at.OWN_RESEARCH]
    organisation, technology = firms[at.F_ORGANISATION], firms[at.F_TECHNOLOGY]
    sourcing, quality = firms[at.F_SOURCING], firms[at.F_QUALITY]
    a, b, c, d, e, f, g, h = lanes
    z = load(buffer, at.EFFICIENCY + j, count)
    return (
        a + load(buffer, at.RESEARCH + j, count), b + load(research, i, count), c + load(organisation, i, count),
        d + load(technology, i, count), e + load(sourcing, i, count), f + load(quality, i, count), g + z, h + z * z,
    )  # fmt: skip


@device
def size_class(employment):
    """Half-octave class of a number of workers."""
    bits = np.float64(employment).view(np.uint64)
    number = np.int32(np.int64(bits >> _HALF_OCTAVE) - _FIRST_BIN + 1)
    return min(max(number, np.int32(0)), np.int32(at.SIZE_CLASSES - 1))


@stage
def count_sizes(world, tile):
    """Operating firms by employment in half-octave classes (0, 1, 1.5, 2, 3, 4, 6, ...).

    Four firms in a turn, each with counts of its own: neighbours are alike, and would wait for the same count.
    """
    buffer, counts = world.buffer, world.keys
    begin, end = tile.begin, tile.end
    share = world.next[at.F_SHARE, begin:end]
    classes = world.partner
    for i in range(share.size):
        classes[i] = size_class(share[i] * buffer[at.LABOUR + i])
    for j in range(4 * _APART):
        counts[j] = np.uint64(0)
    last = share.size & -4
    for i in range(0, last, 4):
        counts[natural(classes[i])] += _ONE
        counts[_APART + natural(classes[i + 1])] += _ONE
        counts[2 * _APART + natural(classes[i + 2])] += _ONE
        counts[3 * _APART + natural(classes[i + 3])] += _ONE
    for i in range(last, share.size):
        counts[natural(classes[i])] += _ONE
    for j in range(at.SIZE_CLASSES):
        of_class = counts[j] + counts[_APART + j] + counts[2 * _APART + j] + counts[3 * _APART + j]
        world.sizes[j] += np.int64(of_class)
