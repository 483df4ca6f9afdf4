"""Choosing at random and listing what is chosen, without branches on chance: no processor can foresee them."""

import numpy as np

from technopole_kernels._bits import count_bits, equal, less, write_places
from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import by_kind
from technopole_kernels._lanes import whole, width
from technopole_kernels._llvm import WIDTH
from technopole_kernels.types import GUIDES

BELOW_ONE, BELOW_ONE_SINGLE = 1.0 - 2.0**-53, 1.0 - 2.0**-24


@device
def below_one(kind):
    """Largest number below 1 of the kind of a number or an array."""
    return by_kind(kind, BELOW_ONE, BELOW_ONE_SINGLE)


@device
def natural(index):
    """An index that numba sees to be from 0 to 2**32 - 1: it need not ask whether to count from the end of an array."""
    return np.int64(np.uint32(index))


@device
def pick(v, count):
    """Index of one of ``count`` firms from a uniform ``v`` in [0, 1)."""
    index = np.int64(v * count)
    last = np.int64(count) - 1
    return index if index < last else last


@device
def pick_row(v, cumulative, begin, end, guide):
    """First entry of ``cumulative[begin:end]`` above ``v`` (the last one if none) and the remainder in [0, 1).

    The guide of the row says how far behind ``begin`` to begin with a v of its 1/GUIDES (Chen and Asau 1974).
    """
    entry = natural(begin + guide[natural(v * GUIDES)])
    while cumulative[entry] <= v and entry < end - 1:
        entry = natural(entry + 1)
    below = cumulative[natural(entry - 1)] if entry > begin else 0.0
    rest = (v - below) / (cumulative[entry] - below)
    return entry, rest if rest < BELOW_ONE else BELOW_ONE


@device
def list_some(below, first, compared, chosen, count):
    """List the places from ``first`` on whose bits are set behind ``count`` others; returns how many there are now."""
    write_places(below, first, chosen, count, compared)
    return count + count_bits(below)


@stage
def list_below(u, bound, chosen):
    """List the places of the values below a bound, in order; returns their number.

    There must be room in ``chosen`` for the next multiple of eight (sixteen) places.
    """
    count, last = 0, whole(u)
    for i in range(0, last, width(u)):
        count = list_some(less(u, i, width(u), bound), i, u, chosen, count)
    if last < u.size:
        count = list_some(less(u, last, u.size - last, bound), last, u, chosen, count)
    return count


@stage
def list_equal(values, wanted, chosen):
    """List the places of the values that equal one, in order, as `list_below` does; returns their number."""
    count, last = 0, whole(values)
    for i in range(0, last, WIDTH):
        count = list_some(equal(values, i, WIDTH, wanted), i, values, chosen, count)
    if last < values.size:
        count = list_some(equal(values, last, values.size - last, wanted), last, values, chosen, count)
    return count
