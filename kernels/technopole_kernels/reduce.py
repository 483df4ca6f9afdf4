"""Sums in a fixed order: eight lanes, so they vectorise and have the same bits on every CPU."""

from technopole_kernels._jit import stage


@stage
def sum_lanes(values, begin, end):
    """Sum of ``values[begin:end]`` in eight lanes; lane j takes every eighth element from ``begin + j``."""
    x = values[begin:end]
    n = end - begin
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    whole = n // 8
    for b in range(whole):
        i = b * 8
        s0 += x[i]
        s1 += x[i + 1]
        s2 += x[i + 2]
        s3 += x[i + 3]
        s4 += x[i + 4]
        s5 += x[i + 5]
        s6 += x[i + 6]
        s7 += x[i + 7]
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    for i in range(whole * 8, n):
        total += x[i]
    return total
