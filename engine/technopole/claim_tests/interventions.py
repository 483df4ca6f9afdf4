"""Experiments that begin in the middle of the run as configured: a gap, a pulse of research, pushes to either side.

At period T/3 the state of the run is kept. From there it goes on as it is, and again with something done to it. Draws
are the same, so the difference is what was done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.claim_tests.indices import Frozen, indices, mean_over_regions
from technopole.claim_tests.outcomes import LONGEST_HALF_LIFE, Flags, Floats, half_life, mean_lag
from technopole.claim_tests.world import CHANNELS, Bench, Walk
from technopole.world.build import Blueprint
from technopole_kernels import layout
from technopole_kernels.types import Policy

GAP = 0.1
"""Log points by which half of the firms fall behind in each of the three channels of C1."""
GAP_PERIODS = 20
PULSE = 10.0
"""Research that enters the first stage of all pipelines at once, in units of a normal year's."""
PULSE_PERIODS = 30
PUSH_PERIODS = 30
PUSHED = 5
"""Periods that a push lasts."""
PUSHES: dict[str, dict[str, float]] = {
    "cluster": {"rd_subsidy": 0.5, "entry_support": 0.5},
    "RIS": {"infrastructure": 1.0, "university": 1.0, "services": 1.0, "finance": 1.0},
}
"""Instruments of a push to either side, for every second region."""
_CELLS = {"rd_subsidy": layout.P_RD_SUBSIDY, "entry_support": layout.P_ENTRY_SUPPORT}
_REGIONS = {
    "infrastructure": layout.P_INFRASTRUCTURE,
    "university": layout.P_UNIVERSITY,
    "services": layout.P_SERVICES,
    "finance": layout.P_FINANCE,
}

State = dict[str, NDArray[Any]]


class Middle(NamedTuple):
    """Where the experiments begin."""

    period: int
    state: State
    behind: Flags
    """Firms that fall behind: half of them, by a bit of their identity."""
    tied: Flags

    @classmethod
    def of(cls, walk: Walk) -> Middle:
        """Keep the state of a world; its firms are followed as ``middle``."""
        walk.follow("middle")
        behind = (walk.view("identity") >> np.uint64(17)) & np.uint64(1) != 0
        return cls(walk.period, walk.state(), behind, walk.view("tie") != 0)


class Series:
    """Means of the firms of the middle that are still there, after each period from the middle on.

    Attributes
    ----------
    knowledge : list of tuple
        Mean of the three channels of firms that fell behind, and of the others.
    technology : list of tuple
        Of firms that were tied, and of the others.
    """

    def __init__(self, walk: Walk, middle: Middle) -> None:
        self._walk, self._middle = walk, middle
        self.knowledge: list[tuple[float, float]] = []
        self.technology: list[tuple[float, float]] = []
        self.watch()

    def watch(self) -> None:
        """Add the means of now."""
        walk, middle = self._walk, self._middle
        origin = walk.origins["middle"]
        there = origin >= 0
        origin = origin[there]
        firms = walk.bench.world.firms[:, : there.size].astype(np.float64, copy=False)
        mean = sum(firms[row] for row in CHANNELS)[there] / len(CHANNELS)
        self.knowledge.append(_two_means(mean, middle.behind[origin]))
        self.technology.append(_two_means(firms[layout.F_TECHNOLOGY][there], middle.tied[origin]))

    def gap(self) -> Floats:
        """How far those who fell behind are behind."""
        first, second = np.array(self.knowledge).T
        return np.asarray(second - first)


def _two_means(values: Floats, first: Flags) -> tuple[float, float]:
    count = int(first.sum())
    total, part = float(values.sum()), float(values[first].sum())
    rest = values.size - count
    return part / count if count else np.nan, (total - part) / rest if rest else np.nan


def middle_of(periods: int) -> int:
    """Return the period in which the experiments begin."""
    return max(periods // 3, 1)


def branch(bench: Bench, arm: Blueprint, seed: int, replicate: int, middle: Middle) -> Walk:
    """Return a world in the state of the middle, to go on in an arm."""
    walk = Walk(bench, arm, seed, replicate)
    walk.resume(middle.state)
    walk.follow("middle")
    return walk


def open_gap(walk: Walk, middle: Middle) -> None:
    """Let half of the firms fall behind."""
    for row in CHANNELS:
        walk.bench.world.firms[row, : middle.behind.size][middle.behind] -= GAP


def send_pulse(walk: Walk) -> None:
    """Put research into the first stage of all pipelines."""
    walk.view("pipeline")[:, 0] += PULSE


def gap_outcomes(control: Series, shocked: Series, years: float) -> tuple[float, float]:
    """Return half-life (years) and the share that is left at the end.

    Parameters
    ----------
    control, shocked : Series
        From the same state; the first may be longer.
    years : float
        Length of a period.
    """
    gap = shocked.gap()
    gap = gap - control.gap()[: gap.size]
    return half_life(gap, LONGEST_HALF_LIFE / years) * years, float(gap[-1] / gap[0])


def lag_outcomes(control: Series, shocked: Series, years: float) -> tuple[float, float]:
    """Return the mean lag of firms that were tied, and of the others, in years."""
    with_pulse = np.array(shocked.technology)
    response = with_pulse - np.array(control.technology)[: len(with_pulse)]
    return mean_lag(response[:, 0]) * years, mean_lag(response[:, 1]) * years


def pushed_regions(regions: int) -> NDArray[np.int64]:
    """Return the regions that are pushed: every second one."""
    return np.arange(0, regions, 2)


def push(policy: Policy, side: str, begin: int, periods: int, shape: tuple[int, int]) -> Policy:
    """Return a policy with a push to one side added.

    Parameters
    ----------
    policy : Policy
        As configured.
    side : str
        Key of `PUSHES`.
    begin : int
        Periods done when it begins.
    periods : int
        Length of the run.
    shape : tuple of int
        Regions and sectors.
    """
    cells = _written_out(policy.cells, periods, shape[0])
    regions = _written_out(policy.regions, periods, shape[0])
    when, where = slice(begin, begin + PUSHED), pushed_regions(shape[0])
    for name, value in PUSHES[side].items():
        if name in _CELLS:
            cells[_CELLS[name], when, where] += value
        else:
            regions[_REGIONS[name], when, where] += value
    return policy._replace(cells=cells, regions=regions)


def _written_out(array: Floats, periods: int, regions: int) -> Floats:
    """Return a copy with an entry for every period and region."""
    long = np.zeros((array.shape[0], max(periods, array.shape[1]), regions, *array.shape[3:]))
    # an axis of length 1 in time holds for ever, a longer one is 0 after its end
    long[:, : None if array.shape[1] == 1 else array.shape[1]] = array
    return long


def push_responses(
    bench: Bench, blueprint: Blueprint, seed: int, replicate: int, middle: Middle, frozen: Frozen
) -> Floats:
    """Return the responses of both indices to a push to either side, mean of the pushed regions.

    The bench holds the run as configured, of which the periods after the middle are overwritten.

    Returns
    -------
    ndarray, shape (2, 2, horizon + 1)
        Pushed side (cluster, RIS), index (cluster, RIS), periods since the push began; 0 at first.
    """
    periods = len(bench.cells("sales"))
    end = min(middle.period + PUSH_PERIODS, periods)
    where = pushed_regions(bench.shape[0])
    # the last row before the push, then those after it
    first = middle.period - 1
    before = [mean_over_regions(index[:, where]) for index in indices(bench, frozen, first, end)]
    responses = np.zeros((2, 2, end - first))
    for side, name in enumerate(PUSHES):
        policy = push(blueprint.policy, name, middle.period, periods, bench.shape)
        walk = Walk(bench, blueprint, seed, replicate, policy)
        walk.resume(middle.state)
        walk.go(end)
        for other, index in enumerate(indices(bench, frozen, first, end)):
            responses[side, other] = mean_over_regions(index[:, where]) - before[other]
    return responses
