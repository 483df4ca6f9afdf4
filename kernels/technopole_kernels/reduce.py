"""Sums in a fixed order: eight lanes, so they have the same bits on every CPU and do not wait for one another."""

from technopole_kernels._jit import device


@device
def sum_lanes(values, begin, end):
    """Sum of ``values[begin:end]``; lane j takes every eighth element from ``begin + j``, the rest follows in order."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    i = begin
    while i + 8 <= end:
        s0 += values[i]
        s1 += values[i + 1]
        s2 += values[i + 2]
        s3 += values[i + 3]
        s4 += values[i + 4]
        s5 += values[i + 5]
        s6 += values[i + 6]
        s7 += values[i + 7]
        i += 8
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    while i < end:
        total += values[i]
        i += 1
    return total


@device
def dot_lanes(a, begin_a, b, begin_b, count):
    """Sum of the products of ``count`` elements of two arrays, in the lanes of ``sum_lanes``."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    i = 0
    while i + 8 <= count:
        s0 += a[begin_a + i] * b[begin_b + i]
        s1 += a[begin_a + i + 1] * b[begin_b + i + 1]
        s2 += a[begin_a + i + 2] * b[begin_b + i + 2]
        s3 += a[begin_a + i + 3] * b[begin_b + i + 3]
        s4 += a[begin_a + i + 4] * b[begin_b + i + 4]
        s5 += a[begin_a + i + 5] * b[begin_b + i + 5]
        s6 += a[begin_a + i + 6] * b[begin_b + i + 6]
        s7 += a[begin_a + i + 7] * b[begin_b + i + 7]
        i += 8
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    while i < count:
        total += a[begin_a + i] * b[begin_b + i]
        i += 1
    return total
