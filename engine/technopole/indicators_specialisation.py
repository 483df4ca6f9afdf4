"""Specialisation of regions: location quotient, Krugman index, structural similarity, Hachman, clusters.

A cell that is missing (NaN) counts as an empty one. The structure of a region is x(r, k) = E(r, k) / E(r),
that of all regions y(k) = E(k) / E.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole import figures_numbers
from technopole.indicators_core import (
    Floats,
    amounts,
    compute,
    label,
    one_of,
    other_name,
    pair_labels,
    ratio,
    refuse_amounts,
    require,
    shares,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

PAIR_BYTES = 2**20
"""Differences of all pairs of regions are held for so many bytes at a time."""
ROUNDING = 1e-12
"""What is left of a sum after its only part is taken away, at most, as a share of the sum."""


def location_quotient(
    values: xr.DataArray, *, region: str = "region", sector: str = "sector"
) -> xr.DataArray:
    """Return how much more of a region's employment a sector has than of all regions' (Florence 1939).

    LQ(r, k) = (E(r, k) / E(r)) / (E(k) / E).

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.

    Returns
    -------
    DataArray, dims (..., region, sector)
        At least 0, 1 for the average; 0 where region or sector is empty (0/0).

    Raises
    ------
    ValueError
        If a dimension is missing, or an amount negative or infinite.
    """
    require(values, region, sector)
    dims = (region, sector)
    (result,) = compute(partial(_quotient, what=title(values)), [values], [dims], [dims])
    return label(result, "location_quotient", f"location quotient of {title(values)}")


def quotients(table: Floats) -> Floats:
    """Return the location quotients of a table of shape (..., region, sector)."""
    national = ratio(table.sum(axis=-2, keepdims=True), table.sum(axis=(-2, -1), keepdims=True), 0.0)
    result = ratio(table, table.sum(axis=-1, keepdims=True), 0.0)
    result /= np.where(national == 0.0, np.inf, national)
    return result


def _quotient(values: Any, what: str) -> Floats:
    return quotients(amounts(values, what))


def krugman_specialisation(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    reference: Literal["rest", "all"] = "rest",
) -> xr.DataArray:
    """Return how far the structure of a region is from that of the other regions (Krugman 1991).

    K(r) = Σ_k |x(r, k) − y(k)|.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    reference : {"rest", "all"}
        What y is: the structure of all other regions together, or of all regions with this one.

    Returns
    -------
    DataArray, dims (..., region)
        0 (same structure) to 2 (no sector in common; below 2 if the reference includes the region). NaN for
        a region that is empty or has an empty reference.

    Raises
    ------
    ValueError
        If a dimension is missing, or an amount negative or infinite.
    """
    require(values, region, sector)
    one_of(reference, ("rest", "all"), "reference")
    function = partial(_krugman, rest=reference == "rest", what=title(values))
    (result,) = compute(function, [values], [(region, sector)], [(region,)])
    text = "the other regions" if reference == "rest" else "all regions"
    return label(
        result, "krugman_specialisation", f"Krugman specialisation of {title(values)} against {text}"
    )


def _krugman(values: Any, rest: bool, what: str) -> Floats:
    table = amounts(values, what)
    national = table.sum(axis=-2, keepdims=True)
    gap = shares(table)
    if rest:
        others = national - table
        others[others < ROUNDING * national] = 0.0  # a sector that no other region has leaves rounding behind
        gap -= shares(others)
    else:
        gap -= shares(national)
    return np.asarray(np.abs(gap, out=gap).sum(axis=-1))


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
    return figures_numbers.krugman_index(amounts(values, what))


def _cosines(values: Any, what: str) -> Floats:
    structure = shares(amounts(values, what))
    direction = ratio(structure, np.sqrt((structure**2).sum(axis=-1, keepdims=True)))
    return np.minimum(direction @ np.swapaxes(direction, -1, -2), 1.0)


def _mean_cosine(values: Any, what: str) -> Floats:
    return figures_numbers.structural_similarity(amounts(values, what))


_TABLES = {"krugman_dissimilarity": _distances, "structural_similarity": _cosines}
_MEANS = {"krugman_dissimilarity": _mean_distance, "structural_similarity": _mean_cosine}


def hachman(values: xr.DataArray, *, region: str = "region", sector: str = "sector") -> xr.DataArray:
    """Return how close the structure of a region is to that of all regions (Hachman 1995).

    1 / Σ_k LQ(r, k) x(r, k).

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.

    Returns
    -------
    DataArray, dims (..., region)
        Above 0, 1 for the structure of all regions; NaN for an empty region.

    Raises
    ------
    ValueError
        If a dimension is missing, or an amount negative or infinite.
    """
    require(values, region, sector)
    (result,) = compute(partial(_hachman, what=title(values)), [values], [(region, sector)], [(region,)])
    return label(result, "hachman", f"Hachman index of {title(values)}")


def _hachman(values: Any, what: str) -> Floats:
    table = amounts(values, what)
    return ratio(np.ones(table.shape[:-1]), (quotients(table) * shares(table)).sum(axis=-1))


def cluster_index(
    employment: xr.DataArray,
    firms: xr.DataArray,
    population: xr.DataArray,
    area: xr.DataArray,
    *,
    region: str = "region",
) -> xr.DataArray:
    """Return the cluster index of Litzenberger and Sternberg (2006), here per sector and region.

    CI = IS · ID / SB with relative industrial stock IS = (e_r / p_r) / (e / p), density ID = (e_r / a_r) /
    (e / a) and size of firms SB = (e_r / b_r) / (e / b); without an index: sum over regions.

    Parameters
    ----------
    employment, firms : DataArray, dims (..., region)
        Workers and firms of the industry, at least 0.
    population, area : DataArray, dims (..., region)
        Inhabitants and area of the regions, above 0.
    region : str
        Name of the dimension.

    Returns
    -------
    DataArray, dims (..., region)
        At least 0, 1 for the average; a cluster is often said to begin at 4. 0 without workers.

    Raises
    ------
    ValueError
        If a dimension is missing, or an amount negative or infinite.
    """
    arrays = [employment, firms, population, area]
    for array, what in zip(arrays, ("employment", "firms", "population", "area"), strict=True):
        require(array, region, what=what)
    (result,) = compute(_cluster, arrays, [(region,)] * 4, [(region,)])
    return label(result, "cluster_index", f"cluster index of {title(employment)}")


def _cluster(employment: Any, firms: Any, population: Any, area: Any) -> Floats:
    def relative(top: Floats, bottom: Floats) -> Floats:
        whole = ratio(top.sum(axis=-1, keepdims=True), bottom.sum(axis=-1, keepdims=True))
        return ratio(ratio(top, bottom, 0.0), whole, 0.0)

    workers, plants, people, land = (
        np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=np.inf, neginf=-np.inf)
        for values in (employment, firms, population, area)
    )
    for values, what in ((workers, "employment"), (plants, "firms"), (people, "population"), (land, "area")):
        refuse_amounts(values, what)
    stock_and_density = relative(workers, people) * relative(workers, land)
    return ratio(stock_and_density, relative(workers, plants), 0.0)
