"""Relatedness of sectors by the regions that have both, and how much related is around a region already."""

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
    other_name,
    pair_labels,
    ratio,
    require,
    title,
)
from technopole.indicators.specialisation import quotients

if TYPE_CHECKING:
    import xarray as xr

Presence = Literal["quotient", "positive"]
PRESENCE = ("quotient", "positive")
Form = Literal["proximity", "association"]


def relatedness(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    other: str | None = None,
    presence: Presence = "quotient",
    form: Form = "proximity",
) -> xr.DataArray:
    """Return how often regions that have one sector have another (Hidalgo, Klinger, Barabási, Hausmann 2007).

    With presence M(r, k) of 0 or 1 and c(k, l) = Σ_r M(r, k) M(r, l), ``proximity`` is
    φ(k, l) = c(k, l) / max(c(k, k), c(l, l)), the smaller of the two conditional probabilities.
    ``association`` is c(k, l) T / (s(k) s(l)) with s(k) = Σ_{l≠k} c(k, l) and T = Σ s (van Eck and Waltman
    2009): how many times as often as at random.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    other : str, optional
        Name of the second dimension of sectors; ``other_<sector>`` unless given.
    presence : {"quotient", "positive"}
        A region has a sector if the location quotient is at least 1, or if the value is above 0.
    form : {"proximity", "association"}
        Which of the two.

    Returns
    -------
    DataArray, dims (..., sector, other)
        Symmetric. ``proximity``: 0 to 1, its diagonal 1. ``association``: at least 0, its diagonal 0. All 0
        for a sector that no region has.

    Raises
    ------
    ValueError
        If a dimension is missing or exists already, an amount is negative or infinite, or a choice unknown.
    """
    require(values, region, sector)
    one_of(presence, PRESENCE, "presence")
    one_of(form, ("proximity", "association"), "form")
    other = other_name(values, sector, other)
    function = partial(_relatedness, presence=presence, form=form, what=title(values))
    sizes = {other: values.sizes[sector]}
    (result,) = compute(function, [values], [(region, sector)], [(sector, other)], sizes)
    result = pair_labels(result, values, sector, other)
    return label(result, "relatedness", f"relatedness of sectors by {title(values)} ({form})")


def present(values: Any, presence: str, what: str) -> Floats:
    """Return which regions have which sectors, as 0 and 1, shape (..., region, sector)."""
    table = amounts(values, what)
    if presence == "positive":
        return (table > 0.0).astype(np.float64)
    # a quotient of 1 may come out one rounding below
    return (quotients(table) >= 1.0 - 1e-12).astype(np.float64)


def _relatedness(values: Any, presence: str, form: str, what: str) -> Floats:
    there = present(values, presence, what)
    together = np.swapaxes(there, -1, -2) @ there
    if form == "proximity":
        number = np.diagonal(together, axis1=-2, axis2=-1)
        return ratio(together, np.maximum(number[..., :, None], number[..., None, :]), 0.0)
    together = together * (1.0 - np.eye(together.shape[-1]))
    number = together.sum(axis=-1)
    total = number.sum(axis=-1)[..., None, None]
    return ratio(together * total, number[..., :, None] * number[..., None, :], 0.0)


def relatedness_density(
    values: xr.DataArray,
    proximity: xr.DataArray | None = None,
    *,
    region: str = "region",
    sector: str = "sector",
    other: str | None = None,
    presence: Presence = "quotient",
) -> xr.DataArray:
    """Return which share of what is related to a sector a region has (Hidalgo et al. 2007).

    d(r, k) = Σ_l M(r, l) φ(k, l) / Σ_l φ(k, l); with the sector itself, as φ(k, k) = 1 unless another φ is
    given.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    proximity : DataArray, dims (..., sector, other), optional
        φ, at least 0; `relatedness` of the same values unless given. Aligned by label.
    region, sector : str
        Names of the dimensions.
    other : str, optional
        Name of the second dimension of sectors; ``other_<sector>`` unless given.
    presence : {"quotient", "positive"}
        A region has a sector if the location quotient is at least 1, or if the value is above 0.

    Returns
    -------
    DataArray, dims (..., region, sector)
        0 to 1; NaN for a sector to which nothing is related, such as one that no region has.

    Raises
    ------
    ValueError
        If a dimension is missing or exists already, labels differ, an amount is negative or infinite, or a
        choice unknown.
    """
    require(values, region, sector)
    one_of(presence, PRESENCE, "presence")
    other = other_name(values, sector, other)
    dims = (region, sector)
    name, text = "relatedness_density", f"density of related sectors by {title(values)}"
    if proximity is None:
        function = partial(_own_density, presence=presence, what=title(values))
        (result,) = compute(function, [values], [dims], [dims])
        return label(result, name, text)
    require(proximity, sector, other, what="proximity")
    proximity = align(proximity, values, sector)
    if other in proximity.indexes and sector in values.indexes:
        proximity = align(proximity, values[sector].rename({sector: other}), other).drop_vars(other)
    names = (title(values), title(proximity))
    function = partial(_density, presence=presence, names=names)
    (result,) = compute(function, [values, proximity], [dims, (sector, other)], [dims])
    return label(result, name, text)


def _own_density(values: Any, presence: str, what: str) -> Floats:
    there = present(values, presence, what)
    return _around(there, _relatedness(there, "positive", "proximity", what))


def _density(values: Any, proximity: Any, presence: str, names: tuple[str, str]) -> Floats:
    return _around(present(values, presence, names[0]), amounts(proximity, names[1]))


def _around(there: Floats, proximity: Floats) -> Floats:
    near = there @ np.swapaxes(proximity, -1, -2)
    return np.minimum(ratio(near, proximity.sum(axis=-1)[..., None, :]), 1.0)
