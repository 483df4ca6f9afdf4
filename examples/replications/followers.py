"""Followers who close a part of their gap to a frontier each period, moved by stages of technopole's learning.

`absorb` turns research into absorptive capacity g = e / (e + difficulty * rho), here the speed of a follower, and
`learn_openly` moves knowledge by x' = x + g (frontier - x). Shared by `eurace_skills` and `nelson_phelps`.
"""

from typing import NamedTuple

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.learning import absorb, learn_openly
from technopole_kernels.types import PARAMS, TILE, Tile


class Rules(NamedTuple):
    """What `absorb` reads of a setting."""

    params: np.ndarray


class Followers(NamedTuple):
    """What the stages read of a world: knowledge and research of up to a tile of followers, and room to work."""

    firms: np.ndarray
    next: np.ndarray
    buffer: np.ndarray


@kernel
def follow_frontier(rules, followers, frontier, path):
    """Knowledge of the followers at the start and after each period (T + 1, n); ``frontier`` (T,) is what they see."""
    firms, new, buffer = followers.firms, followers.next, followers.buffer
    n = firms.shape[1]
    tile = Tile(0, 0, n, 0, 0)
    for period in range(frontier.size + 1):
        for i in range(n):
            path[period, i] = firms[at.F_ORGANISATION, i]
        if period == frontier.size:
            break
        for i in range(n):
            gap = frontier[period] - firms[at.F_ORGANISATION, i]
            buffer[at.GAP_ORGANISATION + i] = gap if gap > 0.0 else 0.0
            buffer[at.POOL_ORGANISATION + i] = 0.0  # nothing spills over
            buffer[at.INTENSITY + i] = 1.0
        absorb(rules, followers, tile)
        learn_openly(
            1.0, at.GAP_ORGANISATION, at.POOL_ORGANISATION, 0.0,
            firms[at.F_ORGANISATION], new[at.F_ORGANISATION], buffer,
        )  # fmt: skip
        for i in range(n):
            firms[at.F_ORGANISATION, i] = new[at.F_ORGANISATION, i]


def follow(speeds, start, frontier):
    """Paths (T + 1, n) of followers with given speeds, each in [0, 1), after a frontier (T,).

    Parameters
    ----------
    speeds : array_like (n,)
        Part of the gap that is closed in a period; n at most `TILE`.
    start : float or array_like (n,)
        Their knowledge at the start.
    frontier : array_like (T,)
        What they see in each period.
    """
    speeds, frontier = np.asarray(speeds, dtype=float), np.ascontiguousarray(frontier, dtype=float)
    if not 1 <= speeds.size <= TILE:
        raise ValueError(f"speeds: found {speeds.size} followers; allowed: 1 to {TILE}")
    params = np.zeros(1, dtype=PARAMS)
    params["learning_difficulty"] = 1.0
    shape = at.F_ROWS, speeds.size
    followers = Followers(np.zeros(shape), np.zeros(shape), np.zeros(at.BUFFER_ROWS * at.ROW))
    followers.firms[at.F_ORGANISATION] = start
    followers.firms[at.F_RESEARCH] = speeds / (1.0 - speeds)
    path = np.empty((frontier.size + 1, speeds.size))
    follow_frontier(Rules(params), followers, frontier, path)
    return path
