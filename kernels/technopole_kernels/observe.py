"""Sums over the operating firms that only the results need (docs/MODEL.md 7.14)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.choose import natural

_APART = 48  # SIZE_CLASSES and some more
_ONE = np.uint64(1)
_HALF_OCTAVE = np.uint64(51)
_FIRST_BIN = np.int64(
    2046
)  # (bits of 1.0) >> 51, so that 1 falls into bin 1 after subtracting it and adding 1


@device
def add_knowledge(lanes, research, own_research, m, a, c, q, z):
    """Add research, knowledge and efficiency of some operating firms to their sums."""
    s_research, s_own, s_m, s_a, s_c, s_q, s_z, s_square = lanes
    return (
        s_research + research, s_own + own_research, s_m + m, s_a + a, s_c + c, s_q + q, s_z + z, s_square + z * z
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
    size, classes = tile.end - tile.begin, world.partner
    for i in range(size):
        classes[i] = size_class(buffer[at.EMPLOYMENT + i])
    for j in range(4 * _APART):
        counts[j] = np.uint64(0)
    last = size & -4
    for i in range(0, last, 4):
        counts[natural(classes[i])] += _ONE
        counts[_APART + natural(classes[i + 1])] += _ONE
        counts[2 * _APART + natural(classes[i + 2])] += _ONE
        counts[3 * _APART + natural(classes[i + 3])] += _ONE
    for i in range(last, size):
        counts[natural(classes[i])] += _ONE
    for j in range(at.SIZE_CLASSES):
        of_class = counts[j] + counts[_APART + j] + counts[2 * _APART + j] + counts[3 * _APART + j]
        world.sizes[j] += np.int64(of_class)
