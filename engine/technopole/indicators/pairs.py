"""Pairs of regions: how unlike their structures are, after Krugman, and how alike, after UNIDO.

A cell that is missing (NaN) counts as an empty one. The structure of a region is x(r, k) = E(r, k) / E(r).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import (
    Floats,
    amounts,
    compute,
    label,
    other_name,
    pair_labels,
    ratio,
    require,
    shares,
    title,
)
from technopole.results import numbers

if TYPE_CHECKING:
    import xarray as xr

PAIR_BYTES = 2**20
"""Differences of all pairs of regions are held for so many bytes at a time."""


def krugman_dissimilarity(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    other: str | None = None,
    mean: bool = False,
) -> xr.DataArray:
    """Return how far the structures of two regions are from each other (Krugman 1991).

    K(r, s) = Σ_k |x(r, k) − x(s, k)|; half of it is the index of dissimilarity.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    other : str, optional
        Name of the second dimension of regions; ``other_<region>`` unless given.
    mean : bool
        Return the mean over all pairs of different regions instead, which never holds the pairs.

    Returns
    -------
    DataArray, dims (..., region, other) or (...)
        0 (same structure) to 2 (no sector in common). NaN for empty regions, which the mean leaves out; it is
        NaN with fewer than two regions.

    Raises
    ------
    ValueError
        If a dimension is missing or exists already, or an amount is negative or infinite.
    """
    return _pairs("krugman_dissimilarity", "Krugman dissimilarity", values, region, sector, other, mean)


def structural_similarity(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    other: str | None = None,
    mean: bool = False,
) -> xr.DataArray:
    """Return how alike the structures of two regions are: their cosine (UNIDO 1979).

    S(r, s) = Σ_k x(r, k) x(s, k) / sqrt(Σ_k x(r, k)² Σ_k x(s, k)²). It saturates near 1 when one sector
    dominates everywhere: look at `krugman_dissimilarity` too.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    other : str, optional
        Name of the second dimension of regions; ``other_<region>`` unless given.
    mean : bool
        Return the mean over all pairs of different regions instead, which never holds the pairs.

    Returns
    -------
    DataArray, dims (..., region, other) or (...)
        0 (no sector in common) to 1 (same structure). NaN for empty regions, which the mean leaves out; it is
        NaN with fewer than two regions.

    Raises
    ------
    ValueError
        If a dimension is missing or exists already, or an amount is negative or infinite.
    """
    return _pairs("structural_similarity", "structural similarity", values, region, sector, other, mean)


def _pairs(
    name: str, text: str, values: xr.DataArray, region: str, sector: str, other: str | None, mean: bool
) -> xr.DataArray:
    require(values, region, sector)
    functions = _MEANS if mean else _TABLES
    function = partial(functions[name], what=title(values))
    if mean:
        (result,) = compute(function, [values], [(region, sector)])
        return label(result, name, f"{text} of {title(values)}, mean over pairs of regions")
    other = other_name(values, region, other)
    sizes = {other: values.sizes[region]}
    (result,) = compute(function, [values], [(region, sector)], [(region, other)], sizes)
    return label(pair_labels(result, values, region, other), name, f"{text} of {title(values)}")


def _distances(values: Any, what: str) -> Floats:
    structure = shares(amounts(values, what))
    regions = structure.shape[-2]
    worlds = structure.reshape(-1, regions, structure.shape[-1])
    result = np.empty((len(worlds), regions, regions))
    step = max(1, PAIR_BYTES // max(1, 8 * regions * structure.shape[-1]))
    for world, pairs in zip(worlds, result, strict=True):
        for first in range(0, regions, step):
            some = slice(first, first + step)
            pairs[some] = np.abs(world[some, None] - world[None]).sum(axis=-1)
    return result.reshape(*structure.shape[:-1], regions)


def _mean_distance(values: Any, what: str) -> Floats:
    return numbers.krugman_index(amounts(values, what))


def _cosines(values: Any, what: str) -> Floats:
    structure = shares(amounts(values, what))
    direction = ratio(structure, np.sqrt((structure**2).sum(axis=-1, keepdims=True)))
    return np.minimum(direction @ np.swapaxes(direction, -1, -2), 1.0)


def _mean_cosine(values: Any, what: str) -> Floats:
    return numbers.structural_similarity(amounts(values, what))


_TABLES = {"krugman_dissimilarity": _distances, "structural_similarity": _cosines}
_MEANS = {"krugman_dissimilarity": _mean_distance, "structural_similarity": _mean_cosine}
