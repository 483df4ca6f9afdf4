"""Spatial autocorrelation: Moran's I, global and local, and weights from positions."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    compute,
    dataset,
    label,
    other_name,
    pair_labels,
    ratio,
    require,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

EARTH_KM = 6371.0088
"""Mean radius of the Earth."""


def morans_i(
    values: xr.DataArray,
    weights: xr.DataArray,
    *,
    region: str = "region",
    other: str | None = None,
    row_standardised: bool = False,
    permutations: int = 0,
    seed: int = 0,
) -> xr.Dataset:
    """Return Moran's I (Moran 1950) with its moments (Cliff and Ord 1981) and local parts (Anselin 1995).

    I = (n / S₀) Σ_r Σ_s w(r, s) z_r z_s / Σ_r z_r² with deviations z from the mean and S₀ = Σ w;
    local I_r = z_r Σ_s w(r, s) z_s / (Σ z² / n), so that Σ_r I_r = S₀ I.

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Any quantity. Regions with NaN are left out with their weights.
    weights : DataArray, dims (region, other)
        w, finite; see `distance_weights`. Aligned by label on both sides.
    region : str
        Name of the dimension of regions.
    other : str, optional
        Name of the second dimension of regions in `weights`; ``other_<region>`` unless given.
    row_standardised : bool
        Divide the weights of a region by their sum; a region without weights keeps 0.
    permutations : int
        Number of random permutations of the values for the pseudo p-value; 0 for none.
    seed : int
        Seed of the permutations, which are the same for all series.

    Returns
    -------
    Dataset, dims (...)
        ``morans_i``; under normality its ``expected`` value −1 / (n − 1), ``variance``, ``z`` and two-sided
        ``p``; ``local`` with dims (..., region); with permutations ``p_permutation`` = (b + 1) / (permutations
        + 1), one-sided on the side where the value lies. NaN with fewer than three regions, if all values are
        equal, or if the weights left are all 0.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, a weight is not finite, or all are 0.
    """
    require(values, region)
    other = other or f"other_{region}"
    require(weights, region, other, what="weights")
    if permutations < 0:
        raise ValueError(f"permutations are {permutations}; they must be at least 0")
    if set(weights.dims) != {region, other}:
        raise ValueError(f"weights have dimensions {weights.dims}; needed: '{region}' and '{other}' only")
    weights = align(weights, values, region)
    if region in values.indexes:
        columns = values[region].rename({region: other})
        if other in weights.indexes:
            weights = align(weights, columns, other)
    table = np.asarray(weights.transpose(region, other).values, dtype=np.float64)
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"weights are {table.shape[0]} × {table.shape[1]}; they must be square")
    if not np.isfinite(table).all() or not table.any():
        raise ValueError("weights must be finite and not all 0")
    function = partial(_moran, weights=table, rows=row_standardised, permutations=permutations, seed=seed)
    outputs: list[tuple[str, ...]] = [(), (), (), (), (), (), (region,)]
    parts = compute(function, [values], [(region,)], outputs)
    text = title(values)
    rows = (
        ("morans_i", f"Moran's I of {text}"),
        ("expected", f"expected Moran's I of {text} without autocorrelation"),
        ("variance", f"variance of Moran's I of {text} without autocorrelation, under normality"),
        ("z", f"Moran's I of {text} less its expectation, in standard deviations"),
        ("p", f"two-sided p-value of Moran's I of {text}, under normality"),
        ("p_permutation", f"pseudo p-value of Moran's I of {text}"),
        ("local", f"local Moran's I of {text}"),
    )
    result = dataset(parts, rows)
    return result if permutations else result.drop_vars("p_permutation")


def _moran(values: Any, weights: Floats, rows: bool, permutations: int, seed: int) -> tuple[Floats, ...]:
    table = np.asarray(values, dtype=np.float64)
    lead, count = table.shape[:-1], table.shape[-1]
    flat = table.reshape(-1, count)
    known = np.isfinite(flat)
    numbers = np.full((6, len(flat)), np.nan)
    local = np.full(flat.shape, np.nan)
    # series with the same regions known share everything that depends on the weights
    if known.all():
        patterns, pattern = known[:1], np.zeros(len(known), dtype=np.intp)
    else:
        patterns, pattern = np.unique(known, axis=0, return_inverse=True)
    for index, use in enumerate(patterns):
        some = np.flatnonzero(pattern.reshape(-1) == index)
        if use.sum() < 3:
            continue
        part = weights[np.ix_(use, use)]
        if rows:
            part = ratio(part, part.sum(axis=1, keepdims=True), 0.0)
        found = _series(flat[np.ix_(some, use)], part, permutations, seed)
        numbers[:, some] = found[:-1]
        local[np.ix_(some, use)] = found[-1]
    return (*numbers.reshape(6, *lead), local.reshape(table.shape))


def _series(values: Floats, weights: Floats, permutations: int, seed: int) -> tuple[Floats, ...]:
    """Return the six numbers and the local parts of series of shape (series, region) without NaN."""
    count, total = values.shape[1], weights.sum()
    gap = values - values.mean(axis=1, keepdims=True)
    spread = (gap**2).sum(axis=1)
    spread = np.where(spread > 1e-24 * (values**2).sum(axis=1), spread, 0.0)  # equal but for rounding
    lagged = gap @ weights.T
    scale = count / total if total else np.nan
    moran = scale * ratio((gap * lagged).sum(axis=1), spread)
    expected = np.where(np.isnan(moran), np.nan, -1.0 / (count - 1.0))
    first = 0.5 * ((weights + weights.T) ** 2).sum()
    second = ((weights.sum(axis=1) + weights.sum(axis=0)) ** 2).sum()
    square = (count**2 * first - count * second + 3.0 * total**2) / ((count**2 - 1.0) * total**2 or np.nan)
    variance = np.where(np.isnan(moran), np.nan, square - 1.0 / (count - 1.0) ** 2)
    z = ratio(moran - expected, np.sqrt(np.maximum(variance, 0.0)))
    p = np.array([math.erfc(abs(value) / math.sqrt(2.0)) for value in z])
    local = gap * ratio(lagged, spread[:, None] / count)
    reached = np.zeros(len(values))
    random = np.random.default_rng(seed)
    for _ in range(permutations):
        mixed = gap[:, random.permutation(count)]
        again = scale * ratio((mixed * (mixed @ weights.T)).sum(axis=1), spread)
        reached += again >= moran
    reached = np.minimum(reached, permutations - reached)
    pseudo = np.where(np.isnan(moran), np.nan, (reached + 1.0) / (permutations + 1.0))
    return moran, expected, variance, z, p, pseudo, local


def distance_weights(
    first: xr.DataArray,
    second: xr.DataArray,
    *,
    region: str = "region",
    other: str | None = None,
    neighbours: int | None = None,
    reach: float | None = None,
) -> xr.DataArray:
    """Return weights of pairs of regions from their positions.

    Parameters
    ----------
    first, second : DataArray, dims (region,)
        Latitude and longitude (if the unit of the first is ``degrees_north``: distances in km on the sphere),
        or x and y (distances in their unit).
    region : str
        Name of the dimension.
    other : str, optional
        Name of the second dimension; ``other_<region>`` unless given.
    neighbours : int, optional
        1 for the nearest so many regions (of equally near ones those that come first), 0 for the others.
    reach : float, optional
        exp(−distance / reach); exactly one of `neighbours` and `reach` is given.

    Returns
    -------
    DataArray, dims (region, other)
        0 to 1, the diagonal 0.

    Raises
    ------
    ValueError
        If a dimension is missing, positions are not finite, or not exactly one of the two is given and fits.
    """
    require(first, region)
    require(second, region, what="the second argument")
    second = align(second, first, region)
    other = other_name(first, region, other)
    count = first.sizes[region]
    if (neighbours is None) == (reach is None):
        raise ValueError("give either neighbours or reach")
    if neighbours is not None and not 1 <= neighbours < count:
        raise ValueError(f"neighbours are {neighbours}; with {count} regions they must be 1 to {count - 1}")
    if reach is not None and not reach > 0.0:
        raise ValueError(f"reach is {reach}; it must be above 0")
    one, two = (np.asarray(values.values, dtype=np.float64) for values in (first, second))
    if one.shape != (count,) or two.shape != (count,) or not np.isfinite([one, two]).all():
        raise ValueError(f"positions must be finite numbers along '{region}' only")
    sphere = first.attrs.get("units") == "degrees_north"
    distance = _great_circle(one, two) if sphere else np.hypot(one[:, None] - one, two[:, None] - two)
    np.fill_diagonal(distance, np.inf)
    if reach is not None:
        table = np.exp(-distance / reach)
    else:
        table = np.zeros((count, count))
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :neighbours]
        np.put_along_axis(table, nearest, 1.0, axis=1)
    result = first.copy(data=np.zeros(count)).expand_dims({other: count}, axis=1).copy(data=table)
    return label(pair_labels(result, first, region, other), "weights", "weights of pairs of regions")


def _great_circle(latitude: Floats, longitude: Floats) -> Floats:
    north, east = np.radians(latitude), np.radians(longitude)
    chord = (
        np.sin((north[:, None] - north) / 2.0) ** 2
        + np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2.0) ** 2
    )
    return np.asarray(2.0 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))
