"""The Subbotin law of growth rates: between Laplace's tent and the normal bell."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole.indicators.core import Floats, compute, dataset, one_of, require, title, unit

if TYPE_CHECKING:
    import xarray as xr

SHAPES = (0.05, 50.0)
"""Range in which the shape is sought, from above."""
STEP = 0.75


def subbotin_fit(
    values: xr.DataArray, *, firm: str = "firm", location: Literal["median", "mean", "zero"] = "median"
) -> xr.Dataset:
    """Fit the Subbotin (exponential power) law by maximum likelihood (Subbotin 1923; Bottazzi and Secchi 2006).

    Density exp(−|x − m|^b / (b a^b)) / (2 a b^(1/b) Γ(1 + 1/b)): b = 1 is Laplace's law (a tent on a
    logarithmic scale), b = 2 the normal one with standard deviation a. For a given location m the scale is
    a = (mean |x − m|^b)^(1/b), and b solves ln(mean |x − m|^b) + ln b + ψ(1 + 1/b) = b Σ |x − m|^b ln|x − m| /
    Σ |x − m|^b, with the digamma function ψ; of several solutions the largest is taken.

    Parameters
    ----------
    values : DataArray, dims (..., firm)
        Growth rates, usually of the logarithm. NaN is left out, and so are values at the very location, which
        no density explains: with them the likelihood has no highest point.
    firm : str
        Name of the dimension.
    location : {"median", "mean", "zero"}
        m. It is not fitted: with b below 1 the likelihood has a peak at every value.

    Returns
    -------
    Dataset, dims (...)
        ``shape`` b with its ``standard_error`` for known m, ``scale`` a and ``location`` m in the unit of the
        values, ``log_likelihood`` and ``count`` of values in the fit. NaN with fewer than three or without spread. A
        shape outside of 0.05 to 50 is not found (NaN), such as that of values on two points only.

    Raises
    ------
    ValueError
        If the dimension is missing, a value is infinite, or the location unknown.
    """
    require(values, firm)
    one_of(location, ("median", "mean", "zero"), "location")
    function = partial(_fit, location=location, what=title(values))
    parts = compute(function, [values], [(firm,)], [()] * 6)
    text, units = title(values), unit(values)
    rows = (
        ("shape", f"Subbotin shape of {text} (1: Laplace, 2: normal)"),
        ("standard_error", "standard error of the shape"),
        ("scale", f"Subbotin scale of {text}", units),
        ("location", f"{location} of {text}", units),
        ("log_likelihood", "log likelihood"),
        ("count", "values in the fit"),
    )
    return dataset(parts, rows)


def _fit(values: Any, location: str, what: str) -> tuple[Floats, ...]:
    table = np.asarray(values, dtype=np.float64)
    if np.isinf(table).any():
        raise ValueError(f"'{what}' holds infinite values; growth rates must be finite or missing (NaN)")
    rows = table.reshape(-1, table.shape[-1])
    found = np.array([_row(row[~np.isnan(row)], location) for row in rows]).reshape(-1, 6)
    return tuple(found.T.reshape(6, *table.shape[:-1]))


def _row(values: Floats, location: str) -> tuple[float, ...]:
    nan = math.nan
    if len(values) == 0:
        return nan, nan, nan, nan, nan, 0.0
    middle = float({"median": np.median(values), "mean": values.mean(), "zero": 0.0}[location])
    gaps = np.abs(values - middle)
    gaps = gaps[gaps > 1e-14 * np.abs(values).max()]
    count = len(gaps)
    if count < 3:
        return nan, nan, nan, middle, nan, float(count)
    typical = float(gaps.mean())
    logs = np.log(gaps / typical)
    shape = _root(logs)
    if math.isnan(shape):
        return nan, nan, nan, middle, nan, float(count)
    scale = float(np.exp(shape * logs).mean()) ** (1.0 / shape) * typical
    inverse = 1.0 / shape
    constant = math.log(2.0 * scale) + inverse * math.log(shape) + math.lgamma(1.0 + inverse)
    spread = (1.0 + inverse) * _trigamma(1.0 + inverse) - 1.0
    error = math.sqrt(shape**3 / (count * spread))
    return shape, error, scale, middle, -count * (constant + inverse), float(count)


def _score(shape: float, logs: Floats) -> float:
    """Return the derivative of the profile likelihood in the shape, but for a positive factor."""
    most = float((shape * logs).max())
    powers = np.exp(shape * logs - most)  # the largest is 1: no overflow
    total = float(powers.sum())
    mean = float((powers * logs).sum()) / total
    return math.log(total / len(logs)) + most + math.log(shape) + _digamma(1.0 + 1.0 / shape) - shape * mean


def _root(logs: Floats) -> float:
    """Return the largest shape at which the likelihood has a peak, by bisection and secants; NaN if none."""
    low = high = SHAPES[1]
    at_low = at_high = _score(high, logs)
    # downwards until the likelihood rises to the right of `low` and falls to the right of `high`
    while not at_low > 0.0 >= at_high:
        if low < SHAPES[0]:
            return math.nan
        high, at_high = low, at_low
        low *= STEP
        at_low = _score(low, logs)
    for step in range(200):
        middle = math.sqrt(low * high) if step % 3 == 2 else low + (high - low) * at_low / (at_low - at_high)
        middle = min(max(middle, low), high)
        at = _score(middle, logs)
        if at == 0.0 or high - low <= 4e-16 * high or middle in (low, high):
            return middle
        if at > 0.0:
            low, at_low = middle, at
        else:
            high, at_high = middle, at
    return 0.5 * (low + high)


def _digamma(x: float) -> float:
    """Return ψ(x) for x of at least 1: recurrence to 12, then the asymptotic series."""
    shift = 0.0
    while x < 12.0:
        shift -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


def _trigamma(x: float) -> float:
    """Return ψ'(x) for x of at least 1: recurrence to 12, then the asymptotic series."""
    shift = 0.0
    while x < 12.0:
        shift += 1.0 / (x * x)
        x += 1.0
    y = 1.0 / (x * x)
    series = 1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * 691 / 2730))))
    return shift + 1.0 / x + 0.5 * y + series * y / x
