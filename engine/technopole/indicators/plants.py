"""Geographic concentration beyond that of plants: Ellison and Glaeser's index."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    amounts,
    codes,
    compute,
    dataset,
    duplicates,
    ratio,
    require,
    shares,
    some,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

ROWS = (
    ("gamma", "Ellison–Glaeser index of {0}"),
    ("raw_concentration", "raw concentration of {0}"),
    ("expected_concentration", "raw concentration of {0} expected of plants that choose places at random"),
    ("herfindahl", "Herfindahl index of plants by {0}"),
)


def ellison_glaeser(
    sizes: xr.DataArray,
    regions: xr.DataArray,
    totals: xr.DataArray,
    *,
    plant: str = "plant",
    region: str = "region",
) -> xr.Dataset:
    """Return how concentrated an industry is beyond what its few plants and the regions' sizes explain.

    γ = [G − (1 − Σ x²) H] / [(1 − Σ x²) (1 − H)] with G = Σ_r (s_r − x_r)², the region's share s_r of the
    industry and x_r of everything, and H = Σ_j z_j² over the shares z_j of plants (Ellison and Glaeser 1997).
    If plants choose places at random, E[γ] = 0, E[G] = (1 − Σ x²) H and
    Var(G) = 2 {H² [S2 − 2 S3 + S2²] − Σ z⁴ [S2 − 4 S3 + 3 S2²]} with S_m = Σ x^m.

    Parameters
    ----------
    sizes : DataArray, dims (..., plant)
        Workers of each plant of the industry, at least 0. NaN and 0: there is no such plant.
    regions : DataArray, dims (plant,)
        Label of the region of each plant.
    totals : DataArray, dims (..., region), with labels
        Size of the regions, at least 0. Matched to `regions` by label, never by order.
    plant, region : str
        Names of the dimensions.

    Returns
    -------
    Dataset, dims (...)
        ``gamma`` (0 on average at random; about 1 if all plants are in one region, more if it is small),
        ``raw_concentration`` G, ``expected_concentration``, ``herfindahl`` H, ``variance`` of G at random, and
        ``z``, G less its expectation in standard deviations. NaN without plants; ``gamma`` also with one plant
        or one region.

    Raises
    ------
    ValueError
        If a dimension or the label of a plant is missing, `totals` has no or twice the same label, a plant is
        in a region that `totals` does not have, or an amount is negative or infinite.
    """
    require(sizes, plant)
    require(regions, plant, what="regions", numeric=False)
    require(totals, region, what="totals")
    if region not in totals.indexes:
        raise ValueError(f"'{title(totals)}' needs labels along '{region}': plants are matched to them")
    labels = totals.indexes[region]
    if not labels.is_unique:
        raise ValueError(f"'{title(totals)}' has labels twice along '{region}': {some(duplicates(labels))}")
    which, names = codes(align(regions, sizes, plant), plant)
    positions = labels.get_indexer(names)
    if (positions < 0).any():
        raise ValueError(f"'{title(totals)}' lacks regions of plants: {some(names[positions < 0])}")
    function = partial(_plants, where=positions[which], names=(title(sizes), title(totals)))
    parts = compute(function, [sizes, totals], [(plant,), (region,)], [()] * 6)
    rows = (
        *ROWS,
        ("variance", "variance of the raw concentration of {0} at random"),
        ("z", "raw concentration of {0} less its expectation, in standard deviations"),
    )
    return dataset(parts, [(name, text.format(title(sizes))) for name, text in rows])


def _plants(sizes: Any, totals: Any, where: Any, names: tuple[str, str]) -> tuple[Floats, ...]:
    plant = shares(amounts(sizes, names[0]))
    region = shares(amounts(totals, names[1]))
    lead = np.broadcast_shapes(plant.shape[:-1], region.shape[:-1])
    there = _by_region(plant, where, region.shape[-1])
    herfindahl = np.broadcast_to((plant**2).sum(axis=-1), lead)
    gamma, raw, expected = _index(there, region, herfindahl)
    s2, s3 = (region**2).sum(axis=-1), (region**3).sum(axis=-1)
    fourth = (plant**4).sum(axis=-1)
    variance = 2.0 * (herfindahl**2 * (s2 - 2.0 * s3 + s2**2) - fourth * (s2 - 4.0 * s3 + 3.0 * s2**2))
    variance = np.where(variance > 1e-15, variance, 0.0)
    return gamma, raw, expected, herfindahl, variance, ratio(raw - expected, np.sqrt(variance))


def _by_region(plant: Floats, where: Any, regions: int) -> Floats:
    """Return the sums of plants by region, shape (..., region)."""
    rows = plant.reshape(-1, plant.shape[-1])
    place = where + regions * np.arange(len(rows))[:, None]
    sums = np.bincount(place.ravel(), weights=rows.ravel(), minlength=regions * len(rows))
    return np.asarray(sums, dtype=np.float64).reshape(*plant.shape[:-1], regions)


def ellison_glaeser_table(
    values: xr.DataArray,
    herfindahl: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
) -> xr.Dataset:
    """Return Ellison and Glaeser's index of each sector from a table and the concentration of its plants.

    As `ellison_glaeser`, for data that hold Σ z² per sector instead of plants. The size of a region is the sum
    over all sectors.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    herfindahl : DataArray, dims (..., sector)
        Sum of squared shares of the sector's plants or firms, 0 to 1. Aligned by label.
    region, sector : str
        Names of the dimensions.

    Returns
    -------
    Dataset, dims (..., sector)
        ``gamma``, ``raw_concentration``, ``expected_concentration``, ``herfindahl``. NaN for an empty sector;
        ``gamma`` also with one plant or one region.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, an amount is negative or infinite, or a Herfindahl index
        outside of 0 to 1.
    """
    require(values, region, sector)
    require(herfindahl, sector, what="herfindahl")
    function = partial(_table, names=(title(values), title(herfindahl)))
    arrays = [values, align(herfindahl, values, sector)]
    parts = compute(function, arrays, [(region, sector), (sector,)], [(sector,)] * 4)
    return dataset(parts, [(name, text.format(title(values))) for name, text in ROWS])


def _table(values: Any, herfindahl: Any, names: tuple[str, str]) -> tuple[Floats, ...]:
    table = np.swapaxes(amounts(values, names[0]), -1, -2)  # (..., sector, region)
    concentration = np.asarray(herfindahl, dtype=np.float64)
    wrong = (concentration < 0.0) | (concentration > 1.0 + 1e-9)
    if wrong.any():
        raise ValueError(f"'{names[1]}' holds {concentration[wrong][0]:g}; it must be between 0 and 1")
    region = shares(table.sum(axis=-2, keepdims=True))
    gamma, raw, expected = _index(shares(table), region, concentration)
    return gamma, raw, expected, np.broadcast_to(concentration, raw.shape).copy()


def _index(there: Floats, region: Floats, herfindahl: Floats) -> tuple[Floats, Floats, Floats]:
    """Return γ, G and its expectation; shares of regions along the last axis."""
    raw = np.asarray(((there - region) ** 2).sum(axis=-1))
    free = 1.0 - (region**2).sum(axis=-1)
    free = np.where(free > 1e-12, free, 0.0)  # a single region
    expected = free * herfindahl
    room = 1.0 - herfindahl
    return ratio(raw - expected, free * np.where(room > 1e-12, room, 0.0)), raw, expected
