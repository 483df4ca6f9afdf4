"""How many firms tables of firms will hold: their number grows, and a plan is made before it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from technopole.world.capacity import first_capacity

if TYPE_CHECKING:
    from technopole.experiments.plan import Plan

MOST = 30.0
"""Logarithm of the largest growth: beyond it no disk is large enough, and the power would overflow."""


def workforce(growth: float, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much the workforce is larger than at the start; one that shrinks counts as large as then.

    Parameters
    ----------
    growth : float
        ``labour.growth``.
    times : ndarray of int64, (n,)
        Numbers of periods.

    Returns
    -------
    ndarray of float64, (n,)
    """
    factors: NDArray[np.float64] = np.exp(np.minimum(times * np.log1p(max(growth, 0.0)), MOST))
    return factors


def firms_expected(plan: Plan) -> float:
    """Return the firms of a table, if their number grows as the workforce does.

    Start-ups are proportional to the workforce, so that in the long run firms grow with it. How many there are for each
    worker depends on entry and exit and is not known from the configuration: `FirmCount` measures it.

    Parameters
    ----------
    plan : Plan
        Any.

    Returns
    -------
    float
        Mean over points and recorded periods.
    """
    sweep, growth = plan.sweep, plan.points.values.get("labour.growth")
    rates = np.array([sweep.config.labour.growth]) if growth is None else growth
    firms = plan.n_firms * float(np.mean(_mean_workforce(rates, sweep.times)))
    if sweep.config.capacity.fixed:
        return float(min(firms, first_capacity(sweep.config, plan.n_firms)))
    return firms


def _mean_workforce(rates: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of `workforce` over equally spaced times for many rates at once: a geometric series."""
    first, last, n = int(times[0]), int(times[-1]), times.size
    logs = np.minimum(np.log1p(np.maximum(rates, 0.0)), MOST / last)
    steps = logs * ((last - first) // max(1, n - 1))
    with np.errstate(invalid="ignore"):
        rows = np.expm1(n * steps) / np.expm1(steps)
    means: NDArray[np.float64] = np.exp(first * logs) * np.where(steps > 0.0, rows, n) / n
    return means


class FirmCount:
    """Counts of firms of a trial, which may not have come to the end of a replicate.

    Parameters
    ----------
    expected : ndarray of float64, (time,)
        Firms at the recorded periods, if they grow with the workforce.
    first_row : int
        The first recorded period that is stored.
    """

    def __init__(self, expected: NDArray[np.float64], first_row: int) -> None:
        self._expected, self._first = expected, first_row
        self._sums = np.zeros(expected.size)
        self._replicates = np.zeros(expected.size, dtype=np.int64)

    def add(self, firms: NDArray[np.float64]) -> None:
        """Add a replicate.

        Parameters
        ----------
        firms : ndarray of float64, (n,)
            At the recorded periods that were reached.
        """
        self._sums[: firms.size] += firms
        self._replicates[: firms.size] += 1

    @property
    def means(self) -> tuple[float, float]:
        """Firms and those expected, means over the stored periods; both 0 if no period was reached."""
        reached = int(np.count_nonzero(self._replicates))
        if not reached:
            return 0.0, 0.0
        ratios = self._sums[:reached] / self._replicates[:reached] / self._expected[:reached]
        # what was not reached goes on as it was last
        ratios = np.concatenate([ratios, np.full(self._expected.size - reached, ratios[-1])])
        stored = slice(self._first, None)
        return float(np.mean((ratios * self._expected)[stored])), float(np.mean(self._expected[stored]))


def ratio_of(counted: Iterable[tuple[float, float]]) -> float:
    """Return the firms of some points over those expected of them, from their `FirmCount.means`; NaN if not known."""
    firms, expected = np.sum(list(counted), axis=0)
    return float(firms / expected) if expected > 0.0 else np.nan


def stored_bytes(plan: Plan, ratio: float = np.nan) -> int:
    """Return the size of the arrays of a finished store before compression.

    Parameters
    ----------
    plan : Plan
        Any.
    ratio : float
        Firms over those that `firms_expected` says, as measured; not a number if they were not.

    Returns
    -------
    int
        Bytes.
    """
    return plan.bytes + (0 if np.isnan(ratio) else round((ratio - 1.0) * plan.layout.table_bytes))
