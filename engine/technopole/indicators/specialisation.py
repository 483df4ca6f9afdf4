"""Specialisation of regions: location quotient, Krugman and Hachman indices, cluster index.

A cell that is missing (NaN) counts as an empty one. The structure of a region is x(r, k) = E(r, k) / E(r),
that of all regions y(k) = E(k) / E.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole.indicators.core import (
    Floats,
    amounts,
    compute,
    label,
    one_of,
    ratio,
    refuse_amounts,
    require,
    shares,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

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
