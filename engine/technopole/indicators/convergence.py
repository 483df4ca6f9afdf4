"""Convergence of regions: whether they grow more alike (sigma) and whether the poor grow faster (beta)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import Floats, align, compute, dataset, label, ratio, require, title

if TYPE_CHECKING:
    import xarray as xr


def sigma_convergence(values: xr.DataArray, *, region: str = "region") -> xr.DataArray:
    """Return the standard deviation of the logarithm; convergence is its fall (Barro and Sala-i-Martin 1992).

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Income or productivity, above 0 (levels, not logarithms). NaN is left out.
    region : str
        Name of the dimension.

    Returns
    -------
    DataArray, dims (...)
        At least 0, divisor n. NaN with fewer than two regions.

    Raises
    ------
    ValueError
        If the dimension is missing, or a value is not above 0.
    """
    require(values, region)
    (result,) = compute(partial(_sigma, what=title(values)), [values], [(region,)])
    return label(result, "sigma_convergence", f"standard deviation of the logarithm of {title(values)}")


def _sigma(values: Any, what: str) -> Floats:
    logs = _logs(values, what)
    known = np.isfinite(logs)
    count = known.sum(axis=-1)
    mean = ratio(np.where(known, logs, 0.0).sum(axis=-1), count)[..., None]
    squares = (np.where(known, logs - mean, 0.0) ** 2).sum(axis=-1)
    return np.where(count > 1, np.sqrt(ratio(squares, count)), np.nan)


def _logs(values: Any, what: str) -> Floats:
    level = np.asarray(values, dtype=np.float64)
    wrong = (level <= 0.0) | np.isinf(level)
    if wrong.any():
        raise ValueError(
            f"'{what}' holds {level[wrong][0]:g}; for a logarithm values must be finite and above 0"
        )
    return np.log(level)


def beta_convergence(
    start: xr.DataArray, end: xr.DataArray, *, years: float, region: str = "region"
) -> xr.Dataset:
    """Return how fast regions close the gap to their common path (Barro and Sala-i-Martin 1992).

    Least squares of (1/T) ln(y_T / y_0) = a − [(1 − e^(−βT)) / T] ln y_0, unconditional.

    Parameters
    ----------
    start, end : DataArray, dims (..., region)
        Income or productivity at two dates, above 0 (levels, not logarithms). NaN is left out. Aligned by
        label.
    years : float
        T, time between the dates, above 0.
    region : str
        Name of the dimension.

    Returns
    -------
    Dataset, dims (...)
        ``beta`` per year, above 0 for convergence; ``half_life`` = ln 2 / β in years, NaN without
        convergence; ``slope`` and ``intercept`` of the regression, ``standard_error`` of the slope,
        ``r_squared``. NaN with fewer than three regions or equal starts; ``beta`` also where the slope says
        that the order is turned round (slope at or below −1/T).

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, a value is not above 0, or the time is not above 0.
    """
    require(start, region)
    require(end, region, what="the second argument")
    if not (np.isfinite(years) and years > 0.0):
        raise ValueError(f"years are {years}; they must be above 0")
    function = partial(_beta, years=float(years), names=(title(start), title(end)))
    parts = compute(function, [start, align(end, start, region)], [(region,)] * 2, [()] * 6)
    text = title(start)
    rows = (
        ("beta", f"speed of convergence of {text}", "year-1"),
        ("half_life", f"time in which half the gap in {text} closes", "year"),
        ("slope", f"change of yearly growth per log point of {text} at the start", "year-1"),
        ("intercept", "intercept of the regression", "year-1"),
        ("standard_error", "standard error of the slope", "year-1"),
        ("r_squared", "share of variance explained"),
    )
    return dataset(parts, rows)


def _beta(start: Any, end: Any, years: float, names: tuple[str, str]) -> tuple[Floats, ...]:
    first, last = _logs(start, names[0]), _logs(end, names[1])
    slope, intercept, error, explained, _ = regression(first, (last - first) / years)
    turned = 1.0 + slope * years
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(turned > 0.0, -np.log(turned) / years, np.nan)
    half_life = np.where(beta > 0.0, ratio(np.full(beta.shape, np.log(2.0)), beta), np.nan)
    return beta, half_life, slope, intercept, error, explained


def regression(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return slope, intercept, standard error of the slope, R² and pairs of y on x over the last axis.

    Pairs with NaN are left out; NaN with fewer than three pairs or without spread in x.
    """
    x, y = np.broadcast_arrays(x, y)
    use = np.isfinite(x) & np.isfinite(y)
    count = use.sum(axis=-1)
    enough = np.where(count > 2, count, 0)
    x_mean = ratio(np.where(use, x, 0.0).sum(axis=-1), enough)
    y_mean = ratio(np.where(use, y, 0.0).sum(axis=-1), enough)
    x_gap = np.where(use, x - x_mean[..., None], 0.0)
    y_gap = np.where(use, y - y_mean[..., None], 0.0)
    spread = (x_gap**2).sum(axis=-1)
    spread = np.where(spread > 1e-24 * (np.where(use, x, 0.0) ** 2).sum(axis=-1), spread, 0.0)
    slope = ratio((x_gap * y_gap).sum(axis=-1), spread)
    left = (np.where(use, y_gap - slope[..., None] * x_gap, 0.0) ** 2).sum(axis=-1)
    error = np.sqrt(ratio(ratio(left, enough - 2.0), spread))
    explained = 1.0 - ratio(left, (y_gap**2).sum(axis=-1))
    return slope, y_mean - slope * x_mean, error, np.where(np.isnan(slope), np.nan, explained), count * 1.0
