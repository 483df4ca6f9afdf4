"""Quantiles over replicates, exact, with errors that assume no distribution.

All values are sorted, so the result does not depend on how the replicates were divided up. The interval of a
quantile ends at two of the sorted values: how many replicates lie below the true quantile is binomial, whatever
the distribution (Thompson 1936; David and Nagaraja 2003).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.errors import FOR_INTERVALS, TechnopoleError

Floats = NDArray[np.float64]

ONE_SE = 0.6826894921370859
"""Standard normal probability between -1 and 1: half an interval of this confidence is a standard error."""


class Quantiles(NamedTuple):
    """Quantiles over replicates; the first axis is that of the probabilities."""

    value: Floats
    """Linear between the sorted values (type 7 of Hyndman and Fan 1996); NaN without a value."""
    se: Floats
    """Monte Carlo standard error: half the 68 % interval; NaN where there are too few replicates for one."""
    low: Floats
    """Lower end of the confidence interval; NaN where there are too few replicates for one."""
    high: Floats


class Ranks(NamedTuple):
    """Positions among the sorted values, from 0; -1 where none is far enough out."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]


def quantiles(values: ArrayLike, probabilities: Sequence[float], confidence: float = 0.95) -> Quantiles:
    """Return quantiles over replicates.

    Parameters
    ----------
    values : array_like, shape (replicate, ...)
        Values that are not finite count as missing; so failed replicates are to be NaN.
    probabilities : sequence of float
        Between 0 and 1; not 0 and 1 themselves.
    confidence : float
        Least probability that the interval holds the true quantile; between 0 and 1.

    Returns
    -------
    Quantiles
        Of shape (probability, ...).
    """
    array = np.asarray(values, dtype=np.float64)
    shape = (len(probabilities), *array.shape[1:])
    flat = array.reshape(len(array), math.prod(array.shape[1:]))
    ordered = np.sort(np.where(np.isfinite(flat), flat, np.nan), axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    result = Quantiles(*(np.full((shape[0], ordered.shape[1]), np.nan) for _ in range(4)))
    wanted = np.asarray(probabilities, dtype=np.float64)
    for n in np.unique(count[count > 0]).tolist():
        columns = np.flatnonzero(count == n)
        some = ordered[:n, columns]
        place = wanted * (n - 1)
        below = np.minimum(place.astype(np.int64), n - 1)
        above = np.minimum(below + 1, n - 1)
        part = (place - below)[:, np.newaxis]
        result.value[:, columns] = some[below] + part * (some[above] - some[below])
        low, high = _at(some, interval_ranks(n, wanted, confidence))
        result.low[:, columns], result.high[:, columns] = low, high
        low, high = _at(some, interval_ranks(n, wanted, ONE_SE))
        result.se[:, columns] = 0.5 * (high - low)
    return Quantiles(*(array.reshape(shape) for array in result))


def interval_ranks(n: int, probabilities: ArrayLike, confidence: float) -> Ranks:
    """Return between which of the sorted values the true quantiles lie.

    The number of n values below the quantile is binomial. Each tail gets half of what `confidence` leaves,
    so the interval holds the quantile at least as often as told, for continuous distributions and others.

    Parameters
    ----------
    n : int
        Number of values, at least 1.
    probabilities : array_like of float
        Of the quantiles.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Ranks
        Of the shape of `probabilities`.
    """
    special = _special()
    p = np.asarray(probabilities, dtype=np.float64)
    tail = 0.5 * (1.0 - confidence)
    # the value at position k is above the quantile if at most k values are below it
    low = _first(n, lambda k: special.bdtr(k, n, p) > tail, p.shape) - 1
    high = _first(n, lambda k: special.bdtrc(k, n, p) <= tail, p.shape)
    return Ranks(low, np.where(high >= n, -1, high))


def _first(
    n: int, condition: Callable[[Floats], NDArray[np.bool_]], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return the first k from 0 to n at which a condition holds that then holds for all larger k."""
    below, found = np.full(shape, -1, dtype=np.int64), np.full(shape, n, dtype=np.int64)
    while (found - below > 1).any():
        middle = (below + found) // 2
        # where the search is over, the middle is `below`: -1 at worst, which fulfils nothing
        holds = condition(np.maximum(middle, 0).astype(np.float64)) & (middle > below)
        found, below = np.where(holds, middle, found), np.where(holds, below, middle)
    return found


def _at(ordered: Floats, ranks: Ranks) -> tuple[Floats, Floats]:
    """Return the sorted values at some positions, (probability, column); NaN where there is no position."""
    low, high = (np.where((rank >= 0)[:, np.newaxis], ordered[np.maximum(rank, 0)], np.nan) for rank in ranks)
    return low, high


def _special() -> Any:
    try:
        from scipy import special
    except ImportError:
        raise TechnopoleError(f"intervals of quantiles need {FOR_INTERVALS}") from None
    return special
