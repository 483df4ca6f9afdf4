"""Sorting in place by one thread, without memory of its own."""

from technopole_kernels._jit import device, stage


@device
def _sink(values, root, size):
    """Let a value of a heap sink to its place."""
    value = values[root]
    child = 2 * root + 1
    while child < size:
        if child + 1 < size and values[child] < values[child + 1]:
            child += 1
        if not value < values[child]:
            break
        values[root] = values[child]
        root = child
        child = 2 * root + 1
    values[root] = value


@stage
def sort(values):
    """Sort ascending (heapsort; Williams 1964, doi:10.1145/512274.512284)."""
    size = values.size
    for root in range(size // 2 - 1, -1, -1):
        _sink(values, root, size)
    for last in range(size - 1, 0, -1):
        largest = values[0]
        values[0] = values[last]
        values[last] = largest
        _sink(values, 0, last)
