"""How much of the variance of an outcome lies between the points of a design and how much is chance within them.

The law of total variance, estimated without bias. The spread of the means of the points overstates that of their
expectations, because each mean has a Monte Carlo error; the error is estimated and taken away. The estimate may
then be negative where there is little between the points. It is reported as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.statistics.moments import block_moments

Floats = NDArray[np.float64]


class VarianceSplit(NamedTuple):
    """Variance of an outcome over points and replicates."""

    points: int
    """Points with at least one replicate."""
    replicates: int
    """Replicates of all points together."""
    within: float
    """Mean variance between the replicates of a point; NaN if no point has two."""
    between: float
    """Variance of the expectations of the points, unbiased, below 0 by chance; NaN with fewer than two."""
    of_means: float
    """Variance of the means of the points as they are: `between` and Monte Carlo error."""
    share_between: float
    """between/(between + within), at least 0: how much of the variance of single replicates is due to the point."""
    noise: float
    """Share of Monte Carlo error in `of_means`, above 1 where `between` is below 0; where it is large, more
    replicates are better than more points."""


def split_variance(values: ArrayLike) -> VarianceSplit:
    """Split the variance of an outcome.

    Where at least two replicates have a value at all points, the error of the comparison of points is that of a
    layout of points × replicates without replication. It is unbiased whatever the covariance of the points is, so
    with common random numbers, whose errors partly cancel between points, as well as without. Otherwise the points
    are taken as independent: a one-way analysis of variance with random effects and unequal numbers (Searle,
    Casella and McCulloch 1992).

    Parameters
    ----------
    values : array_like, shape (point, replicate)
        NaN where a replicate failed or is missing; points may have different numbers.

    Returns
    -------
    VarianceSplit
        NaN where there are too few points or replicates.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[np.isfinite(table).any(axis=1)]
    n, _, m2 = block_moments(table.T)
    points, total = len(n), int(n.sum())
    freedom = total - points
    within = float(m2.sum() / freedom) if freedom > 0 else np.nan
    if points < 2:
        return VarianceSplit(points, total, within, np.nan, np.nan, np.nan, np.nan)
    complete = table[:, np.isfinite(table).all(axis=0)]
    if complete.shape[1] > 1:
        of_means, between = _crossed(complete)
    else:
        of_means, between = _one_way(table, within)
    together = max(between, 0.0) + within
    share = max(between, 0.0) / together if together > 0.0 else np.nan
    noise = (of_means - between) / of_means if of_means > 0.0 else np.nan
    return VarianceSplit(points, total, within, between, of_means, share, noise)


def _crossed(table: Floats) -> tuple[float, float]:
    """Return the variance of the means and its unbiased part, of replicates that all points have."""
    points, replicates = table.shape
    mean = block_moments(table.T).mean
    rest = table - mean[:, np.newaxis]
    rest -= block_moments(rest).mean
    error = float((rest**2).sum()) / ((points - 1) * (replicates - 1))
    of_means = float(mean.var(ddof=1))
    return of_means, of_means - error / replicates


def _one_way(table: Floats, within: float) -> tuple[float, float]:
    """Return the variance of the means and its unbiased part, of points with independent replicates."""
    n, mean, _ = block_moments(table.T)
    total, points = int(n.sum()), len(n)
    # expected mean square between points: within + (effective number of replicates)·between
    square = float((n * (mean - float((n * mean).sum()) / total) ** 2).sum()) / (points - 1)
    effective = (total - float((n.astype(np.float64) ** 2).sum()) / total) / (points - 1)
    return float(mean.var(ddof=1)), (square - within) / effective
