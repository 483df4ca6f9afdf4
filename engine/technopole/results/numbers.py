"""The numbers behind figures, reports and claims: rates, structures, tails and intervals, without any drawing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.results.arrays import Floats

LAST = 10
"""Rates are means over so many recorded periods at the end, in the figures and in the table."""
FEW_FIRMS = 10.0
"""Firms per cell below which single firms make the structures of regions differ."""
TAIL_SHARE = 0.1
"""The upper tail that is fitted: the largest tenth of the firms."""
TAIL_FIRMS = 10.0
"""The fit ends at the largest size that on average at least so many firms reach."""


class TailFit(NamedTuple):
    """Straight line ln(count of firms of at least this size) = intercept + slope · ln(size)."""

    slope: float
    intercept: float


def student_975(freedom: NDArray[np.int64]) -> Floats:
    """Return the 97.5 % quantile of Student's t, relative error below 0.1 % (inf for no degree of freedom).

    Exact values up to 3 degrees of freedom, otherwise the expansion in 1/freedom around the normal
    quantile (Fisher and Cornish 1960).
    """
    z = 1.959963984540054
    terms = (
        z,
        (z**3 + z) / 4.0,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96.0,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384.0,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160.0,
    )
    nu = np.maximum(np.asarray(freedom, dtype=np.float64), 1.0)
    expansion = sum(term / nu**power for power, term in enumerate(terms))
    quantile = np.select(
        [nu == 1.0, nu == 2.0, nu == 3.0], [12.7062047362, 4.3026527297, 3.1824463053], expansion
    )
    return np.where(np.asarray(freedom) < 1, np.inf, quantile)


def mean_interval(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean over replicates and half the width of its 95 % confidence interval.

    Parameters
    ----------
    values : ndarray, shape (replicate, ...)
        NaN marks a replicate without a value.

    Returns
    -------
    mean, half : ndarray, shape (...)
        NaN where there is no value (mean) or fewer than two (half).
    """
    present = np.isfinite(values)
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, values, 0.0).sum(axis=0) / count
        squares = (np.where(present, values - mean, 0.0) ** 2).sum(axis=0)
        half = student_975(count - 1) * np.sqrt(squares / (count - 1) / count)
    return np.where(count > 0, mean, np.nan), np.where(count > 1, half, np.nan)


def weighted_mean(values: Floats, weights: Floats, axis: int | tuple[int, ...]) -> Floats:
    """Return the mean of the finite values with these weights; NaN where no weight is left."""
    use = np.isfinite(values) & (weights > 0.0)
    weight = np.where(use, weights, 0.0)
    total = weight.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((np.where(use, values, 0.0) * weight).sum(axis=axis) / total)


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by, such as entrants into an economy without firms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0.0, above / below, np.nan)


def yearly_growth(log_level: Floats, when: Floats) -> Floats:
    """Return growth per year between the first and the last finite value of each series.

    Parameters
    ----------
    log_level : ndarray, shape (replicate, time, region)
        Natural logarithm of the level.
    when : ndarray, shape (time,)
        Years.

    Returns
    -------
    ndarray, shape (replicate, region)
        Growth as a fraction per year; NaN with fewer than two values.
    """
    finite = np.isfinite(log_level)
    first = finite.argmax(axis=1)
    last = log_level.shape[1] - 1 - finite[:, ::-1].argmax(axis=1)
    start = np.take_along_axis(log_level, first[:, None], axis=1)[:, 0]
    end = np.take_along_axis(log_level, last[:, None], axis=1)[:, 0]
    span = when[last] - when[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(span > 0.0, np.expm1((end - start) / span), np.nan)


def structures(employment: Floats) -> Floats:
    """Return each sector's share in its region's employment, (..., region, sector); NaN if empty."""
    workers = np.where(np.isfinite(employment), employment, 0.0)
    total = workers.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.0, workers / total, np.nan)


def structural_similarity(employment: Floats) -> Floats:
    """Return the mean structural similarity of the pairs of regions, every pair counting the same.

    The similarity of two regions is the cosine of their employment structures (UNIDO 1979): 1 for
    the same structure, 0 for no sector in common. Regions without employment are left out.

    Parameters
    ----------
    employment : ndarray, shape (..., region, sector)
        Workers.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1; NaN with fewer than two regions.
    """
    shares = structures(employment)
    unit = shares / np.sqrt((shares**2).sum(axis=-1, keepdims=True))
    present = np.isfinite(unit[..., 0]).sum(axis=-1)
    # The square of the sum of the unit vectors holds every pair twice and every region with itself once.
    squares = (np.nansum(unit, axis=-2) ** 2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present > 1, (squares - present) / (present * (present - 1.0)), np.nan)


def sparse(firms: Floats) -> str:
    """Tell what few firms per cell do to measures of structure.

    Parameters
    ----------
    firms : ndarray, shape (..., region, sector)
        Firms.

    Returns
    -------
    str
        A sentence without its end; empty if there are enough firms.
    """
    mean = float(np.nan_to_num(firms).mean())
    if mean >= FEW_FIRMS:
        return ""
    return (
        f"with {mean:.1f} firms per region and sector on average, single firms make regions differ: "
        "compare only runs of the same data.scale"
    )


def krugman_index(employment: Floats) -> Floats:
    """Return the mean Krugman index of the pairs of regions, every pair counting the same.

    The index of two regions is the sum over sectors of the absolute difference of their employment
    shares (Krugman 1991): 0 for the same structure, 2 for no sector in common. Regions without
    employment are left out.

    Parameters
    ----------
    employment : ndarray, shape (..., region, sector)
        Workers.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 2; NaN with fewer than two regions.
    """
    ordered = np.sort(structures(employment), axis=-2)  # NaN last
    present = np.isfinite(ordered[..., 0]).sum(axis=-1)
    # In ascending order the i-th value is added i times and subtracted (present - 1 - i) times.
    rank = np.arange(ordered.shape[-2], dtype=np.float64)
    times = 2.0 * rank - (present[..., None] - 1.0)
    differences = np.nansum(ordered * times[..., None], axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present > 1, differences / (present * (present - 1.0) / 2.0), np.nan)


def reaching(counts: Floats) -> Floats:
    """Return the number of firms of at least the lower edge of each bin, shape (..., size_class)."""
    filled = np.where(np.isfinite(counts), counts, 0.0)
    return np.asarray(filled[..., ::-1].cumsum(axis=-1)[..., ::-1])


def tail_range(counts: Floats, edges: Floats) -> NDArray[np.bool_]:
    """Tell which lower edges belong to the fitted upper tail.

    Parameters
    ----------
    counts : ndarray, shape (replicate, size_class)
        Firms per bin.
    edges : ndarray, shape (size_class,)
        Lower edges, workers.

    Returns
    -------
    ndarray of bool, shape (size_class,)
        Sizes that at most `TAIL_SHARE` of the firms and, on average, at least `TAIL_FIRMS` firms reach.
    """
    above = reaching(counts).mean(axis=0)
    return np.asarray((edges > 0.0) & (above <= TAIL_SHARE * above[0]) & (above >= TAIL_FIRMS))


def fit_tail(counts: Floats, edges: Floats, inside: NDArray[np.bool_]) -> TailFit:
    """Fit the upper tail of a binned size distribution by the rank - 1/2 regression.

    The logarithm of (rank - 1/2) is regressed on the logarithm of size (Gabaix and Ibragimov 2011).
    With binned sizes the rank of the smallest firm of a bin is the number of firms that reach its lower
    edge; each edge counts as often as its bin has firms, as it would in the regression over firms.

    Parameters
    ----------
    counts : ndarray, shape (size_class,)
        Firms per bin.
    edges : ndarray, shape (size_class,)
        Lower edges, workers.
    inside : ndarray of bool, shape (size_class,)
        Edges to use.

    Returns
    -------
    TailFit
        NaN with fewer than three edges that any firm reaches.
    """
    rank = reaching(counts) - 0.5
    use = inside & (rank > 0.0) & (counts > 0.0)
    if use.sum() < 3:
        return TailFit(float("nan"), float("nan"))
    x, y, weight = np.log(edges[use]), np.log(rank[use]), counts[use] / counts[use].sum()
    x_mean, y_mean = (weight * x).sum(), (weight * y).sum()
    slope = (weight * (x - x_mean) * (y - y_mean)).sum() / (weight * (x - x_mean) ** 2).sum()
    return TailFit(float(slope), float(y_mean - slope * x_mean))


def fit_halves(counts: Floats, edges: Floats, inside: NDArray[np.bool_]) -> tuple[float, Floats]:
    """Fit the lower and the upper half of the tail by themselves: a straight tail has one slope.

    Parameters
    ----------
    counts : ndarray, shape (replicate, size_class)
        Firms per bin.
    edges, inside : ndarray
        As in `fit_tail`; the halves are equally long on the logarithmic axis.

    Returns
    -------
    middle : float
        Workers, where the halves meet; NaN if nothing is inside.
    slopes : ndarray, shape (2,)
        Means over replicates; NaN where a half has fewer than three edges.
    """
    if not inside.any():
        return float("nan"), np.full(2, np.nan)
    low, high = edges[inside][[0, -1]]
    middle = float(edges[np.argmin(np.abs(np.log(np.maximum(edges, 1e-9)) - np.log(low * high) / 2.0))])
    slopes = np.array(
        [
            [fit_tail(world, edges, inside & half).slope for half in (edges <= middle, edges >= middle)]
            for world in counts
        ]
    )
    return middle, mean_interval(slopes)[0]


def correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation of the pairs without NaN; NaN with fewer than three or no spread."""
    use = np.isfinite(x) & np.isfinite(y)
    if use.sum() < 3 or np.ptp(x[use]) == 0.0 or np.ptp(y[use]) == 0.0:
        return float("nan")
    return float(np.corrcoef(x[use], y[use])[0, 1])
