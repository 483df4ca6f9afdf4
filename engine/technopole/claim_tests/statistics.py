"""Statistics of the claims: intervals over replicates, the verdict, factorial effects, Shapley values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.claim_tests.outcomes import Floats
from technopole.results.numbers import mean_interval

SUPPORTED = "supported"
CONTRADICTED = "contradicted"
NO_EFFECT = "no effect at this precision"
NOT_MEASURED = "not measurable"
"""Verdicts. The last one: fewer than two replicates have a value, so that nothing is known of the precision."""


def interval(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean and 95 % interval (Student's t) over replicates.

    Parameters
    ----------
    values : ndarray, shape (replicate, ...)
        NaN: a replicate without a value.

    Returns
    -------
    estimate, low, high : ndarray, shape (...)
        NaN without a value (estimate) or with fewer than two.
    """
    mean, half = mean_interval(values)
    return mean, mean - half, mean + half


def verdict(low: float, high: float, sign: int) -> str:
    """Return the verdict on a claim: whether the interval of its effect leaves out 0, and on which side.

    Parameters
    ----------
    low, high : float
        95 % interval of the mean effect; NaN: not known.
    sign : int
        Expected sign of the effect, 1 or −1.

    Returns
    -------
    str
        `SUPPORTED` if all of the interval has the expected sign, `CONTRADICTED` if all of it has the other one,
        `NO_EFFECT` if it holds 0 (also at its end), `NOT_MEASURED` if it is not known.
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        return NOT_MEASURED
    if low <= 0.0 <= high:
        return NO_EFFECT
    return SUPPORTED if (low > 0.0) == (sign > 0) else CONTRADICTED


def share_with_sign(effect: Floats, sign: NDArray[np.int64]) -> Floats:
    """Return the share of replicates whose effect has the expected sign; 0 is neither.

    Parameters
    ----------
    effect : ndarray, shape (row, replicate)
    sign : ndarray of int, shape (row,)

    Returns
    -------
    ndarray, shape (row,)
        NaN without a replicate.
    """
    used = np.isfinite(effect)
    agree = (np.where(used, effect, 0.0) * sign[:, None] > 0.0).sum(axis=1)
    count = used.sum(axis=1)
    return np.where(count > 0, agree / np.maximum(count, 1), np.nan)


def factorial_parts(none: Floats, first: Floats, second: Floats, both: Floats) -> Floats:
    """Return main effects of two switches and their synergy.

    Parameters
    ----------
    none, first, second, both : ndarray, any shape
        Outcomes with neither switch on, one of them, or both.

    Returns
    -------
    ndarray, shape (3, ...)
        Main effect of the first switch (mean over the other one on and off), of the second, and the synergy: by how
        much both together do more than the sum of what each does alone.
    """
    return np.stack(
        [
            0.5 * ((first - none) + (both - second)),
            0.5 * ((second - none) + (both - first)),
            both - first - second + none,
        ]
    )


def shapley(values: Mapping[tuple[int, ...], Any], count: int) -> Floats:
    """Return the Shapley value of each of some mechanisms, from the outcomes of all their subsets.

    φ_i = Σ_{S without i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S)) (Shapley 1953).

    Parameters
    ----------
    values : mapping of tuple of int to array_like
        Outcome by the mechanisms that are on, in ascending order; all subsets.
    count : int
        n, number of mechanisms.

    Returns
    -------
    ndarray, shape (n, ...)
        They sum to v(all) − v(none).
    """
    shape = np.shape(values[()])
    result = np.zeros((count, *shape))
    for i in range(count):
        others = [j for j in range(count) if j != i]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for subset in combinations(others, size):
                with_it = tuple(sorted((*subset, i)))
                result[i] += weight * (np.asarray(values[with_it]) - np.asarray(values[subset]))
    return result
