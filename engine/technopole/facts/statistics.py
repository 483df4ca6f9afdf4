"""Small statistics that several facts need, on plain arrays; NaN where there are too few firms to tell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.results.numbers import student_975

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

SIZE_CLASSES = np.array([1.0, 5, 10, 20, 50, 100, 250, 500, 1000])
"""Lower edges (workers) of the classes of County Business Patterns."""
SMALLEST = 1.0
"""Statistics of employers count firms with at least one worker."""

LEAST_TAIL = 50
"""Firms in a tail: the standard error of the exponent is then a fifth of it."""
LEAST_GROUP = 200
"""Firm-years in a group whose rates are compared, and firms asked in a survey."""
LEAST_RATES = 2000
"""Growth rates in all."""
LEAST_REGIONS, LEAST_SECTORS = 10, 8


def enough(count: float, least: float, value: float) -> float:
    """Return the value, or NaN if there are fewer than `least`."""
    return float(value) if count >= least else math.nan


def slope(x: Any, y: Any, groups: Any = None) -> float:
    """Return the least-squares slope of y on x; with `groups` (whole numbers from 0), within them.

    Parameters
    ----------
    x, y : ndarray, (n,)
        Finite numbers.
    groups : ndarray of int, (n,), optional
        Which group each belongs to.

    Returns
    -------
    float
        NaN with fewer than three, or without spread in x.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.size < 3:
        return math.nan
    if groups is not None:
        count = np.maximum(np.bincount(groups), 1)
        x = x - (np.bincount(groups, x) / count)[groups]
        y = y - (np.bincount(groups, y) / count)[groups]
    x = x - x.mean()
    spread = float(x @ x)
    return float(x @ (y - y.mean())) / spread if spread > 0.0 else math.nan


def correlation(x: Any, y: Any, weights: Any = None) -> float:
    """Return the (weighted) correlation coefficient; NaN with fewer than three or without spread."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weight = np.ones(x.size) if weights is None else np.asarray(weights, dtype=np.float64)
    use = np.isfinite(x) & np.isfinite(y) & (weight > 0.0)
    if use.sum() < 3:
        return math.nan
    x, y, weight = x[use], y[use], weight[use] / weight[use].sum()
    squares = float((weight @ x**2) * (weight @ y**2))
    x, y = x - weight @ x, y - weight @ y
    spread = float((weight @ x**2) * (weight @ y**2))
    # all the same but for rounding: no spread
    return float(weight @ (x * y)) / math.sqrt(spread) if spread > 1e-24 * squares else math.nan


def weighted_sd(values: Floats, weights: Floats) -> float:
    """Return the weighted standard deviation (divisor n)."""
    use = np.isfinite(values) & (weights > 0.0)
    mean = np.average(values[use], weights=weights[use])
    return math.sqrt(float(np.average((values[use] - mean) ** 2, weights=weights[use])))


def least_correlation(count: int) -> float:
    """Return the correlation coefficient that chance exceeds in 2.5 % of cases; 1 with fewer than four pairs."""
    if count < 4:
        return 1.0
    t = float(student_975(np.array([count - 2]))[0])
    return t / math.sqrt(count - 2 + t * t)


def ratio(top: float, bottom: float) -> float:
    """Return a quotient; NaN if the divisor is 0."""
    return float(top) / float(bottom) if bottom else math.nan


def class_of(size: Any) -> NDArray[np.int64]:
    """Return the class in `SIZE_CLASSES` of firms by their workers; below one counts as one."""
    found: NDArray[np.int64] = np.searchsorted(SIZE_CLASSES, np.maximum(size, SMALLEST), side="right") - 1
    return found


def firms(values: Any) -> xr.DataArray:
    """Return an array over firms with a label, as `technopole.indicators` takes it."""
    import xarray as xr

    return xr.DataArray(np.asarray(values), dims="firm")


def gini(values: Any) -> float:
    """Return the Gini coefficient of non-negative values."""
    import xarray as xr

    from technopole.indicators.inequality import gini as of_regions

    return float(of_regions(xr.DataArray(np.asarray(values, dtype=np.float64), dims="region")))


def staying_in_fifths(levels: Floats) -> float:
    """Return the share of regions that stay in their fifth of the order from one date to the next.

    The mean of the diagonal of the Markov matrix of quintiles (Quah 1993).

    Parameters
    ----------
    levels : ndarray, (T, R)
        Income by date and region, such as per head.

    Returns
    -------
    float
        0 to 1; NaN with fewer than two dates or five regions to a fifth.
    """
    dates, regions = levels.shape
    if dates < 2 or regions < 25:
        return math.nan
    fifth = np.argsort(np.argsort(levels, axis=1), axis=1) * 5 // regions
    before, same = fifth[:-1].ravel(), (fifth[:-1] == fifth[1:]).ravel()
    return float((np.bincount(before, same, 5) / np.bincount(before, minlength=5)).mean())
