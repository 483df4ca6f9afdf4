"""Followers who close a part of their gap to a frontier each period, moved by technopole's formulas of learning.

`absorptive_capacity` turns research into g = e / (e + difficulty * rho), here the speed of a follower, and `learned`
moves knowledge by x' = x + g (frontier - x). Shared by `eurace_skills` and `nelson_phelps`.
"""

import numpy as np

from technopole_kernels._jit import kernel
from technopole_kernels.learning import absorptive_capacity, learned


@kernel
def follow_frontier(known, research, frontier, path):
    """Knowledge (n,) of the followers at the start and after each period (T + 1, n); they see ``frontier`` (T,)."""
    for period in range(frontier.size + 1):
        for i in range(known.size):
            path[period, i] = known[i]
        if period == frontier.size:
            break
        for i in range(known.size):
            gap = frontier[period] - known[i]
            g = absorptive_capacity(research[i], 1.0)
            known[i] = learned(known[i], 1.0, g, gap if gap > 0.0 else 0.0, 0.0, 0.0)  # nothing spills over


def follow(speeds, start, frontier):
    """Paths (T + 1, n) of followers with given speeds, each in [0, 1), after a frontier (T,).

    Parameters
    ----------
    speeds : array_like (n,)
        Part of the gap that is closed in a period.
    start : float or array_like (n,)
        Their knowledge at the start.
    frontier : array_like (T,)
        What they see in each period.
    """
    speeds, frontier = np.asarray(speeds, dtype=float), np.ascontiguousarray(frontier, dtype=float)
    if not speeds.size:
        raise ValueError("speeds: found none; allowed: one for each follower")
    known = np.empty(speeds.size)
    known[:] = start
    path = np.empty((frontier.size + 1, speeds.size))
    follow_frontier(known, speeds / (1.0 - speeds), frontier, path)
    return path
