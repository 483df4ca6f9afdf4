"""Variety of the sectors of a region, and what its growth owes to them: entropy and shift-share."""

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
    ratio,
    require,
    shares,
    title,
    unit,
)

if TYPE_CHECKING:
    import xarray as xr


def variety(values: xr.DataArray, groups: xr.DataArray, *, sector: str = "sector") -> xr.Dataset:
    """Return related and unrelated variety (Frenken, van Oort and Verburg 2007), in bits.

    With shares p of sectors and P of groups of sectors, unrelated variety is Σ_g P_g log2(1 / P_g) between
    groups; related variety is Σ_g P_g H_g within, H_g = Σ_{k in g} (p_k / P_g) log2(P_g / p_k).

    Parameters
    ----------
    values : DataArray, dims (..., sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    groups : DataArray, dims (sector,)
        Label of the group of related sectors that each sector belongs to. Aligned by label.
    sector : str
        Name of the dimension.

    Returns
    -------
    Dataset, dims (...)
        ``unrelated``, ``related`` and ``total`` = unrelated + related, each at least 0; the total is at most
        log2 of the number of sectors. NaN where all is empty.

    Raises
    ------
    ValueError
        If a dimension or a label is missing, labels differ, or an amount is negative or infinite.
    """
    require(values, sector)
    require(groups, sector, what="groups", numeric=False)
    which, names = codes(align(groups, values, sector), sector)
    function = partial(_variety, which=which, count=len(names), what=title(values))
    parts = compute(function, [values], [(sector,)], [(), (), ()])
    text = title(values)
    rows = (
        ("unrelated", f"unrelated variety of {text}", "bit"),
        ("related", f"related variety of {text}", "bit"),
        ("total", f"entropy of {text}", "bit"),
    )
    return dataset(parts, rows)


def _variety(values: Any, which: Any, count: int, what: str) -> tuple[Floats, Floats, Floats]:
    share = shares(amounts(values, what))
    member = (which[:, None] == np.arange(count)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        group = share @ member
    unrelated = _surprise(group, group).sum(axis=-1)
    related = _surprise(share, ratio(share, group[..., which], 0.0)).sum(axis=-1)
    missing = np.isnan(share).any(axis=-1)
    related = np.where(missing, np.nan, related)
    return unrelated, related, np.where(missing, np.nan, _surprise(share, share).sum(axis=-1))


def _surprise(weight: Floats, share: Floats) -> Floats:
    """Return weight · log2(1 / share), at least 0; 0 where the weight is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight == 0.0, 0.0, np.maximum(-weight * np.log2(share), 0.0))


def shift_share(
    start: xr.DataArray, end: xr.DataArray, *, region: str = "region", sector: str = "sector"
) -> xr.Dataset:
    """Split the change of each cell into national, industry and regional parts (Dunn 1960).

    ΔE(r, k) = E g + E (g_k − g) + E (g_rk − g_k) with E = E(r, k) at the start and the growth rates g of
    everything, g_k of the sector, g_rk of the cell.

    Parameters
    ----------
    start, end : DataArray, dims (..., region, sector)
        Employment, sales or another amount at two dates, at least 0. NaN counts as 0. Aligned by label.
    region, sector : str
        Names of the dimensions.

    Returns
    -------
    Dataset, dims (..., region, sector)
        ``national``, ``industry``, ``regional`` and ``total`` change, in the unit of `start`; the three add up
        to the total. What grows from nothing (cell or sector) is regional. Sums over sectors are the parts of
        a region. NaN where everything is empty at the start.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, or an amount is negative or infinite.
    """
    require(start, region, sector)
    require(end, region, sector, what="the second argument")
    end = align(align(end, start, region), start, sector)
    dims = (region, sector)
    function = partial(_shift_share, names=(title(start), title(end)))
    parts = compute(function, [start, end], [dims, dims], [dims] * 4)
    text = title(start)
    rows = (
        ("national", f"change of {text} had it grown as all together", unit(start)),
        ("industry", f"change of {text} as its sector grew more or less than all together", unit(start)),
        ("regional", f"change of {text} as the region's sector grew more or less than it", unit(start)),
        ("total", f"change of {text}", unit(start)),
    )
    return dataset(parts, rows)


def _shift_share(start: Any, end: Any, names: tuple[str, str]) -> tuple[Floats, ...]:
    before, after = amounts(start, names[0]), amounts(end, names[1])
    change = after - before
    both = (-2, -1)
    growth = ratio(change.sum(axis=both, keepdims=True), before.sum(axis=both, keepdims=True))
    sector_growth = ratio(change.sum(axis=-2, keepdims=True), before.sum(axis=-2, keepdims=True), 0.0)
    national = before * growth
    industry = before * (sector_growth - growth)
    return national, industry, change - before * sector_growth + 0.0 * growth, change + 0.0 * growth
