"""Sums in a fixed order.

Eight lanes (sixteen of float32), so they have the same bits on every CPU and do not wait for one another.

And loops over whole rows, for numba allocates memory to assign one slice to another.
"""

from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, look_up, nothing, put, total, whole, width
from technopole_kernels.choose import natural


@device
def sum_lanes(values, begin, end):
    """Sum of ``values[begin:end]``; lane j takes every eighth (sixteenth) element from ``begin + j``."""
    x = values[begin:end]
    lanes, last = nothing(x), whole(x)
    for i in range(0, last, width(x)):
        lanes = lanes + load(x, i, width(x))
    return total(lanes + load(x, last, x.size - last))


@device
def whole_until(begin, end, together):
    """Where the last of the whole vectors in ``begin:end`` ends; ``together`` is a power of two."""
    return begin + ((end - begin) & -together)


@stage
def set_all(values, value):
    """Set all values of a row to one value."""
    for i in range(values.size):
        values[i] = value


@stage
def sum_sectors(cells, sums):
    """Sums of a row of cells by sector, region after region."""
    set_all(sums, 0.0)
    for begin in range(0, cells.size, sums.size):
        region = cells[begin : begin + sums.size]
        for k in range(sums.size):
            sums[k] += region[k]


@stage
def copy_all(source, target):
    """Copy a row into one of the same length."""
    for i in range(target.size):
        target[i] = source[i]


@stage
def gather(source, places, target):
    """Copy the elements of a row at some places, whole numbers from 0, into another row."""
    last = whole(target)
    for i in range(0, last, width(target)):
        put(look_up(source, places, i), target, i)
    for i in range(last, target.size):
        target[i] = source[natural(places[i])]
