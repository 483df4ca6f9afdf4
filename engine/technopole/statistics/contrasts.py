"""Differences between points of a design, replicate by replicate.

Under common random numbers replicate i of one point and replicate i of another share their draws, so much of the
chance cancels in their difference. Its error is estimated from the differences themselves; it would be wrong to
take it from the errors of the two means. Without common random numbers the pairs are independent, the estimates
stay valid, and the variance-reduction factor is about 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.errors import ConfigError
from technopole.statistics.moments import Statistics, block_moments, statistics, student_quantile

Floats = NDArray[np.float64]

MOST_REPLICATES = 2**32 - 1


class Contrast(NamedTuple):
    """An estimated difference, element by element."""

    n: NDArray[np.int64]
    """Replicates that have a value at all points of the contrast."""
    difference: Floats
    sd: Floats
    """Standard deviation of the difference between replicates."""
    se: Floats
    """Monte Carlo standard error of the mean difference."""
    low: Floats
    high: Floats
    correlation: Floats
    """Of the two points over replicates; NaN for a contrast of more than two, or without variation."""
    variance_reduction: Floats
    """Variance of the contrast were the points independent, over its variance: 2 means that common random
    numbers do the work of twice as many replicates. inf: the difference is the same in all replicates."""


def paired(first: ArrayLike, second: ArrayLike, confidence: float = 0.95, comparisons: int = 1) -> Contrast:
    """Estimate the difference first - second.

    Parameters
    ----------
    first, second : array_like, shape (replicate, ...)
        Values of two points; a replicate counts where both are finite. They may broadcast.
    confidence : float
        Of the intervals.
    comparisons : int
        Number of intervals that are to hold all together with this confidence (Bonferroni); 1: each by itself.

    Returns
    -------
    Contrast
        Of shape (...); NaN where fewer than two replicates (none for the difference) are left.
    """
    one, other = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
    both = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(both, one, np.nan), np.where(both, other, np.nan)
    difference = _estimate(one - other, confidence, comparisons)
    spread = [statistics(*block_moments(values)).sd for values in (one, other)]
    apart = spread[0] ** 2 + spread[1] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        product = 2.0 * spread[0] * spread[1]
        correlation = np.where(product > 0.0, (apart - difference.sd**2) / product, np.nan)
    return _contrast(difference, apart, np.clip(correlation, -1.0, 1.0))


def against_baseline(
    values: ArrayLike, baseline: int, confidence: float = 0.95, comparisons: int = 1
) -> Contrast:
    """Estimate the difference of every point to one of them.

    Parameters
    ----------
    values : array_like, shape (point, replicate)
        Values of an outcome.
    baseline : int
        Index of the point that is subtracted.
    confidence, comparisons
        As for `paired`.

    Returns
    -------
    Contrast
        Of shape (point,); 0 without error at the baseline itself.
    """
    table = np.asarray(values, dtype=np.float64).T
    return paired(table, table[:, baseline, np.newaxis], confidence, comparisons)


def factorial_effects(
    values: ArrayLike, names: Sequence[str], confidence: float = 0.95
) -> dict[tuple[str, ...], Contrast]:
    """Estimate main effects and interactions of factors with two levels each.

    Parameters
    ----------
    values : array_like, shape (2, …, 2, replicate)
        Values of an outcome; an axis for each factor, the lower level first.
    names : sequence of str
        Of the factors, in the order of the axes.
    confidence : float
        Of each interval by itself.

    Returns
    -------
    dict of tuple of str to Contrast
        ``("a",)``: the main effect of a, upper less lower level, averaged over the levels of the others;
        ``("a", "b")``: their interaction, by how much the effect of a is larger at the upper level of b. A
        replicate counts where it has a value at all points.
    """
    table = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(table).all(axis=tuple(range(len(names))))
    table = np.where(finite, table, np.nan)
    variance = statistics(*block_moments(np.moveaxis(table, -1, 0))).sd ** 2
    effects = {}
    for size in range(1, len(names) + 1):
        for axes in combinations(range(len(names)), size):
            weights = _effect_weights(axes, len(names))
            each = table[(0,) * len(names)] * weights[(0,) * len(names)]
            for place in list(np.ndindex(weights.shape))[1:]:
                each = each + table[place] * weights[place]
            apart = np.asarray((weights**2 * variance).sum())
            effects[tuple(names[axis] for axis in axes)] = _contrast(
                _estimate(each, confidence, 1), apart, np.full((), np.nan)
            )
    return effects


def factorial_layout(parameters: Mapping[str, NDArray[Any]]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Find which point has which levels in a design of factors with two levels each.

    Parameters
    ----------
    parameters : mapping of str to ndarray, shape (point,)
        Values of the varied parameters.

    Returns
    -------
    names : tuple of str
        Parameters with more than one value.
    points : ndarray of int64, shape (2, …, 2)
        Index of the point; an axis for each of `names`, the lower value first (false before true, words by
        alphabet).

    Raises
    ------
    ConfigError
        If a parameter has more than two values, or a combination is missing or there twice.
    """
    levels = {key: np.unique(values) for key, values in parameters.items()}
    names = tuple(key for key, found in levels.items() if len(found) > 1)
    wrong = [
        f"contrasts.factorial: {key} has {len(levels[key])} values; allowed: two for each parameter"
        for key in names
        if len(levels[key]) > 2
    ]
    if wrong or not names:
        raise ConfigError(wrong or "contrasts.factorial: no parameter has two values")
    upper = [(parameters[key] == levels[key][1]).astype(np.int64) for key in names]
    points = np.full((2,) * len(names), -1, dtype=np.int64)
    for point, place in enumerate(zip(*upper, strict=True)):
        if points[place] >= 0:
            raise ConfigError(f"contrasts.factorial: points {points[place]} and {point} have the same values")
        points[place] = point
    for place in np.argwhere(points < 0)[:1]:
        words = ", ".join(f"{key} = {levels[key][level]}" for key, level in zip(names, place, strict=True))
        raise ConfigError(f"contrasts.factorial: there is no point with {words}")
    return names, points


def replicates_needed(sd: ArrayLike, half_width: float, confidence: float = 0.95) -> NDArray[np.int64]:
    """Return how many replicates make an interval short enough, if the standard deviation is right.

    Parameters
    ----------
    sd : array_like
        Standard deviation between replicates, as a rule estimated from a few.
    half_width : float
        Wanted half-width of the t-interval, positive.
    confidence : float
        Of the interval.

    Returns
    -------
    ndarray of int64
        The smallest n of at least 2 with t·sd/√n ≤ half_width; -1 where `sd` is NaN or none of up to
        2³² - 1 suffices.
    """
    spread = np.asarray(sd, dtype=np.float64)

    def enough(n: NDArray[np.int64]) -> NDArray[np.bool_]:
        # above a million degrees of freedom the quantile has converged to the last digits
        factor = student_quantile(np.minimum(n - 1, 10**6), confidence)
        return np.asarray(factor * spread / np.sqrt(n) <= half_width)

    below, found = np.ones(spread.shape, np.int64), np.full(spread.shape, MOST_REPLICATES, np.int64)
    while (found - below > 1).any():
        middle = (below + found) // 2
        holds = enough(np.maximum(middle, 2)) & (middle > below)
        found, below = np.where(holds, middle, found), np.where(holds, below, middle)
    return np.where(enough(found), found, -1)


def _effect_weights(axes: tuple[int, ...], factors: int) -> Floats:
    """Return the weight of each point: differences along some axes, means along the others."""
    weights = np.ones(())
    for axis in range(factors):
        along = np.array([-1.0, 1.0]) if axis in axes else np.array([0.5, 0.5])
        weights = np.multiply.outer(weights, along)
    return weights


def _estimate(values: Floats, confidence: float, comparisons: int) -> Statistics:
    return statistics(*block_moments(values), confidence=1.0 - (1.0 - confidence) / comparisons)


def _contrast(found: Statistics, apart: Floats, correlation: Floats) -> Contrast:
    """Put together an estimate and the variance that it would have with independent points."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reduction = np.where(apart > 0.0, apart / found.sd**2, np.nan)
    return Contrast(
        found.n, found.mean, found.sd, found.se, found.low, found.high, np.asarray(correlation), reduction
    )
