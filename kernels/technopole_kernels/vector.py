"""Exponentials and logarithms over rows of the tile buffer, each in a loop of its own.

A loop with two of them keeps more constants than there are vector registers and runs at half the speed.
"""

from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import by_kind
from technopole_kernels._lanes import width
from technopole_kernels.mathx import exp_core, log_core


@device
def smallest(kind):
    """Smallest normal number of a kind: below it ``log_core`` is not defined."""
    return by_kind(kind, 2.0**-1022, 2.0**-126)


@device
def whole_vectors(buffer, size):
    """Values that fill whole vectors: what stands in a row behind a tile is nobody's, and ends take time."""
    return (size + (width(buffer) - 1)) // width(buffer) * width(buffer)


@stage
def exp_row(buffer, row, size):
    """Replace the first ``size`` values of a row by their exponential; see ``exp_core`` for their range."""
    x = buffer[row : row + whole_vectors(buffer, size)]
    for i in range(x.size):
        x[i] = exp_core(x[i])


@stage
def log_row(buffer, row, size):
    """Replace the first ``size`` values of a row, all positive normal numbers, by their logarithm."""
    x = buffer[row : row + whole_vectors(buffer, size)]
    for i in range(x.size):
        x[i] = log_core(x[i])
