"""Sums in a fixed order: eight lanes, so they have the same bits on every CPU and do not wait for one another.

And two loops over whole rows, for numba allocates memory to assign one slice to another.
"""

from technopole_kernels._jit import device, stage


@device
def sum_lanes(values, begin, end):
    """Sum of ``values[begin:end]``; lane j takes every eighth element from ``begin + j``, the rest follows in order."""
    x = values[begin:end]
    n = end - begin
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    i = 0
    for _ in range(n >> 3):
        s0 += x[i]
        s1 += x[i + 1]
        s2 += x[i + 2]
        s3 += x[i + 3]
        s4 += x[i + 4]
        s5 += x[i + 5]
        s6 += x[i + 6]
        s7 += x[i + 7]
        i += 8
    rest = 0.0
    for j in range(i, n):
        rest += x[j]
    return (((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))) + rest


@device
def dot_lanes(a, begin_a, b, begin_b, count):
    """Sum of the products of ``count`` elements of two arrays, in the lanes of ``sum_lanes``."""
    x, y = a[begin_a : begin_a + count], b[begin_b : begin_b + count]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    i = 0
    for _ in range(count >> 3):
        s0 += x[i] * y[i]
        s1 += x[i + 1] * y[i + 1]
        s2 += x[i + 2] * y[i + 2]
        s3 += x[i + 3] * y[i + 3]
        s4 += x[i + 4] * y[i + 4]
        s5 += x[i + 5] * y[i + 5]
        s6 += x[i + 6] * y[i + 6]
        s7 += x[i + 7] * y[i + 7]
        i += 8
    rest = 0.0
    for j in range(i, count):
        rest += x[j] * y[j]
    return (((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))) + rest


@stage
def set_all(values, value):
    """Set all values of a row to one value."""
    for i in range(values.size):
        values[i] = value


@stage
def copy_all(source, target):
    """Copy a row into one of the same length."""
    for i in range(target.size):
        target[i] = source[i]
