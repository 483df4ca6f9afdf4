"""Concentration: Herfindahl–Hirschman, Hoover, and locational Gini indices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    amounts,
    compute,
    label,
    one_of,
    ratio,
    require,
    shares,
    title,
)
from technopole.indicators.inequality import weighted_gini

if TYPE_CHECKING:
    import xarray as xr


def herfindahl(
    values: xr.DataArray,
    *,
    sector: str = "sector",
    form: Literal["index", "normalised", "equivalent"] = "index",
) -> xr.DataArray:
    """Return the sum of squared shares (Herfindahl 1950, Hirschman 1964) and what follows from it.

    HHI = Σ s²; normalised (HHI − 1/n) / (1 − 1/n) with n entries; equivalent number 1 / HHI (Adelman 1969).

    Parameters
    ----------
    values : DataArray, dims (..., sector)
        Amounts, at least 0. NaN is left out and does not count in n; 0 does.
    sector : str
        Name of the dimension over which shares are squared: sectors of a region, firms of a market, ….
    form : {"index", "normalised", "equivalent"}
        What to return.

    Returns
    -------
    DataArray, dims (...)
        Index between 1/n and 1, normalised between 0 and 1, equivalent number between 1 and n. NaN where all
        is empty, and for the normalised form with fewer than two entries.

    Raises
    ------
    ValueError
        If the dimension is missing, an amount negative or infinite, or the form unknown.
    """
    require(values, sector)
    one_of(form, ("index", "normalised", "equivalent"), "form")
    (result,) = compute(partial(_herfindahl, form=form, what=title(values)), [values], [(sector,)])
    text = {
        "index": "Herfindahl index of",
        "normalised": "normalised Herfindahl index of",
        "equivalent": "equivalent number of equal shares in",
    }[form]
    return label(result, "herfindahl", f"{text} {title(values)} over '{sector}'")


def _herfindahl(values: Any, form: str, what: str) -> Floats:
    count = np.isfinite(values).sum(axis=-1)
    index = np.asarray((shares(amounts(values, what)) ** 2).sum(axis=-1))
    if form == "equivalent":
        return ratio(np.ones(index.shape), index)
    if form == "normalised":
        return ratio(count * index - 1.0, count - 1.0)
    return index


def hoover(first: xr.DataArray, second: xr.DataArray, *, region: str = "region") -> xr.DataArray:
    """Return the share that would have to move for two distributions to be the same (Hoover 1936).

    ½ Σ_r |a(r) − b(r)| with the shares a and b of the regions; also called Robin Hood index.

    Parameters
    ----------
    first, second : DataArray, dims (..., region)
        Amounts, at least 0, such as the employment of a sector and the population. NaN counts as 0. Aligned by
        label.
    region : str
        Name of the dimension.

    Returns
    -------
    DataArray, dims (...)
        0 (same distribution) to 1 (no region in common); NaN where one of the two is empty.

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, or an amount is negative or infinite.
    """
    require(first, region)
    require(second, region, what="the second argument")
    function = partial(_hoover, names=(title(first), title(second)))
    (result,) = compute(function, [first, align(second, first, region)], [(region,)] * 2)
    return label(result, "hoover", f"Hoover index of {title(first)} and {title(second)}")


def _hoover(first: Any, second: Any, names: tuple[str, str]) -> Floats:
    gap = shares(amounts(first, names[0])) - shares(amounts(second, names[1]))
    return np.asarray(0.5 * np.abs(gap).sum(axis=-1))


def locational_gini(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    reference: xr.DataArray | None = None,
    form: Literal["lorenz", "quotients"] = "lorenz",
) -> xr.DataArray:
    """Return how unevenly a sector is spread over regions, given how large the regions are.

    ``lorenz`` (Krugman 1991): area between the diagonal and the Lorenz curve of the sector's shares of regions
    over the regions' shares of all sectors, which is half the Gini coefficient of the location quotients
    weighted by the latter. ``quotients``: Gini coefficient of the location quotients, each region counting the
    same, 2 / (n² m) Σ_i i (LQ_(i) − m) with mean m. With the two dimensions exchanged it measures the
    specialisation of a region.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector) or, with `reference`, (..., region)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    reference : DataArray, dims (..., region), optional
        Size of the regions; the sum of `values` over sectors unless given. Aligned by label.
    form : {"lorenz", "quotients"}
        Which of the two.

    Returns
    -------
    DataArray, dims (..., sector) or (...)
        0 (as the reference) to below ½ (``lorenz``) or 1 (``quotients``). NaN for an empty sector or reference.
        Regions without a reference are left out.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, an amount is negative or infinite, or a region has some of
        the sector but no reference.
    """
    one_of(form, ("lorenz", "quotients"), "form")
    if reference is None:
        require(values, region, sector)
        reference = values.sum(sector).assign_attrs(long_name=f"sum of {title(values)}")
    else:
        require(values, region)
        require(reference, region, what="the reference")
        reference = align(reference, values, region)
    function = partial(_locational, form=form, names=(title(values), title(reference)))
    (result,) = compute(function, [values, reference], [(region,)] * 2)
    return label(result, "locational_gini", f"locational Gini coefficient of {title(values)}")


def _locational(values: Any, reference: Any, form: str, names: tuple[str, str]) -> Floats:
    here, size = amounts(values, names[0]), amounts(reference, names[1])
    if ((here > 0.0) & (size == 0.0)).any():
        raise ValueError(f"'{names[0]}' is above 0 where '{names[1]}', its reference, is 0")
    weight = size if form == "lorenz" else (size > 0.0).astype(np.float64)
    gini = weighted_gini(ratio(here, size, 0.0), weight)
    return 0.5 * gini if form == "lorenz" else gini
