"""Sums over the operating firms that only the results need (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, put_totals, whole, width
from technopole_kernels.choose import natural

_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(
    2046
)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@stage
def observe_knowledge(world, tile):
    """Knowledge, efficiency and own research of the operating firms."""
    segments = world.segments
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        place = at.EFFICIENCY + begin - tile.begin
        efficiency = world.buffer[place : place + end - begin]
        research = world.load[at.OWN_RESEARCH, begin:end]
        sum_knowledge(world.segment_sum[segment], world.next, research, efficiency, begin, end)


@device
def add_knowledge(lanes, organisation, technology, sourcing, quality, research, efficiency, i, count):
    """Add some firms, at most all lanes, to the sums below."""
    a, b, c, d, e, f, g = lanes
    z = load(efficiency, i, count)
    return (
        a + load(research, i, count), b + load(organisation, i, count), c + load(technology, i, count),
        d + load(sourcing, i, count), e + load(quality, i, count), f + z, g + z * z,
    )  # fmt: skip


@stage
def sum_knowledge(sums, firms, research, efficiency, begin, end):
    """Sums of knowledge, efficiency and own research over a segment."""
    organisation, technology = firms[at.F_ORGANISATION, begin:end], firms[at.F_TECHNOLOGY, begin:end]
    sourcing, quality = firms[at.F_SOURCING, begin:end], firms[at.F_QUALITY, begin:end]
    n = end - begin
    none, last = nothing(efficiency), whole(efficiency)
    lanes = none, none, none, none, none, none, none
    for i in range(0, last, width(efficiency)):
        lanes = add_knowledge(
            lanes, organisation, technology, sourcing, quality, research, efficiency, i, width(efficiency)
        )
    lanes = add_knowledge(
        lanes, organisation, technology, sourcing, quality, research, efficiency, last, n - last
    )
    put_totals(lanes, sums, at.E_OWN_RESEARCH)


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
