"""When a point of a design has enough replicates: a rule that is looked at after fixed numbers of them.

A point stops at the first look at which the interval of its outcome is short enough, and was at the look before.
Looking again and again until a condition happens to hold makes intervals too short (Anscombe 1953; Chow and
Robbins 1965): a small sample whose spread is underestimated stops early. That it must hold twice in a row repairs
most of it; docs/EXPERIMENTS.md has the coverage that was measured. The decision uses nothing but the replicates up
to the look, so it is the same for any number of workers, and when it is taken again from a finished store.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.statistics.moments import Tree, statistics

IN_A_ROW = 2
"""Looks at which the interval must be short enough before a point stops."""


class StopRule(Protocol):
    """Section ``[stop]`` of a sweep."""

    @property
    def half_width(self) -> float:
        """Wanted half-width of the interval of the mean."""

    @property
    def confidence(self) -> float:
        """Of the interval."""

    @property
    def minimum(self) -> int:
        """Replicates of the first look."""

    @property
    def maximum(self) -> int:
        """Replicates of the last look, after which every point stops."""

    @property
    def round(self) -> int:
        """Replicates from look to look."""


class Decision(NamedTuple):
    """What the rule says of each point after a look."""

    stopped: NDArray[np.bool_]
    """The point needs no more replicates."""
    reached: NDArray[np.bool_]
    """Its interval is short enough; a point may have stopped without, at the maximum."""
    replicates: NDArray[np.int64]
    """Replicates that count: up to the look at which it stopped, or to the last one."""
    half_width: NDArray[np.float64]
    """Of the interval from these replicates; NaN with fewer than two that have a value."""


def looks(rule: StopRule) -> tuple[int, ...]:
    """Return after how many replicates the rule is looked at.

    Parameters
    ----------
    rule : StopRule
        The rule.

    Returns
    -------
    tuple of int
        The minimum, then a round more each time, and the maximum at the end. Round k of an experiment holds the
        replicates from the look before to look k.
    """
    return (*range(rule.minimum, rule.maximum, rule.round), rule.maximum)


def decide(values: ArrayLike, rule: StopRule) -> Decision:
    """Decide which points stop.

    Parameters
    ----------
    values : array_like, shape (point, replicate)
        Values of the outcome, NaN where a replicate failed or has none. The looks that were reached are those up
        to the number of replicates; what a point has beyond the look at which it stopped is not looked at.
    rule : StopRule
        The rule.

    Returns
    -------
    Decision
        All points go on before the first look.
    """
    table = np.asarray(values, dtype=np.float64).T
    points = table.shape[1:]
    tree, in_a_row = Tree(points), np.zeros(points, dtype=np.int64)
    result = Decision(
        np.zeros(points, bool), np.zeros(points, bool), np.zeros(points, np.int64), np.full(points, np.nan)
    )
    for look in looks(rule):
        if look > len(table):
            break
        tree.add(table[tree.count : look])
        found = statistics(*tree.total(), confidence=rule.confidence)
        half = found.high - found.mean
        short = half <= rule.half_width  # NaN is not
        in_a_row = np.where(short, in_a_row + 1, 0)
        going = ~result.stopped
        result.half_width[going], result.replicates[going] = half[going], look
        result.reached[going] = in_a_row[going] >= IN_A_ROW
        result.stopped[going] = result.reached[going] | (look == rule.maximum)
    return result
