"""Inequality between units with or without weights: Gini, Theil with its decomposition, Atkinson.

Units that are missing (NaN in values or weights) are left out; values of 0 count. With values y, weights w,
p = w / Σ w and mean m = Σ p y, the share of a unit in the total is s = p y / m.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    codes,
    compute,
    dataset,
    label,
    one_of,
    ratio,
    refuse_amounts,
    require,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

NAMES = {"T": "Theil index", "L": "mean log deviation"}


def gini(
    values: xr.DataArray, *, region: str = "region", weights: xr.DataArray | None = None
) -> xr.DataArray:
    """Return the Gini coefficient (Gini 1912) of a population.

    2 Σ_i i y_(i) / (n Σ y) − (n + 1) / n for equal weights; with weights twice the area between the diagonal
    and the Lorenz curve of s over p.

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Values per unit of weight (income per head), at least 0. NaN is left out.
    region : str
        Name of the dimension of the units, of whatever kind.
    weights : DataArray, dims (..., region), optional
        Weights (people), at least 0; equal unless given. Aligned by label.

    Returns
    -------
    DataArray, dims (...)
        0 to 1 − (smallest p), which is (n − 1) / n for equal weights. NaN if nothing is left or all is 0.

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, or a value is negative or infinite.
    """
    arrays = _arrays(values, region, weights)
    (result,) = compute(partial(_gini, what=title(values)), arrays, [(region,)] * len(arrays))
    return label(result, "gini", f"Gini coefficient of {title(values)} over '{region}'")


def _gini(values: Any, weights: Any = None, *, what: str) -> Floats:
    return weighted_gini(*_population(values, weights, what))


def weighted_gini(values: Floats, weights: Floats) -> Floats:
    """Return the Gini coefficient over the last axis; units with weight 0 are left out."""
    order = np.argsort(values, axis=-1, kind="stable")
    weight = np.take_along_axis(np.broadcast_to(weights, values.shape), order, axis=-1)
    amount = weight * np.take_along_axis(values, order, axis=-1)
    above = 2.0 * np.cumsum(amount, axis=-1) - amount
    total = amount.sum(axis=-1) * weight.sum(axis=-1)
    # what equal values leave is rounding
    return np.maximum(1.0 - ratio((weight * above).sum(axis=-1), total), 0.0)


def theil(
    values: xr.DataArray,
    *,
    region: str = "region",
    weights: xr.DataArray | None = None,
    form: Literal["T", "L"] = "T",
) -> xr.DataArray:
    """Return Theil's index T or the mean log deviation L (Theil 1967).

    T = Σ s ln(s / p), L = Σ p ln(p / s); for equal weights (1/n) Σ (y/m) ln(y/m) and (1/n) Σ ln(m/y).

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Values per unit of weight (income per head), at least 0. NaN is left out.
    region : str
        Name of the dimension of the units, of whatever kind.
    weights : DataArray, dims (..., region), optional
        Weights (people), at least 0; equal unless given. Aligned by label.
    form : {"T", "L"}
        Theil's T, or the mean log deviation L (also called Theil's L, and ``theil`` in some packages).

    Returns
    -------
    DataArray, dims (...)
        At least 0; T at most ln(1 / smallest p), which is ln n for equal weights; L infinite if a value is 0.
        NaN if nothing is left or all is 0.

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, a value is negative or infinite, or the form unknown.
    """
    one_of(form, ("T", "L"), "form")
    arrays = _arrays(values, region, weights)
    (result,) = compute(partial(_theil, form=form, what=title(values)), arrays, [(region,)] * len(arrays))
    return label(result, "theil", f"{NAMES[form]} of {title(values)} over '{region}'")


def _theil(values: Any, weights: Any = None, *, form: str, what: str) -> Floats:
    part, share = _parts(values, weights, what)
    return np.asarray(np.maximum(_divergence(share, part, form).sum(axis=-1), 0.0))


def theil_decomposition(
    values: xr.DataArray,
    groups: xr.DataArray,
    *,
    region: str = "region",
    weights: xr.DataArray | None = None,
    form: Literal["T", "L"] = "T",
) -> xr.Dataset:
    """Split Theil's index T or the mean log deviation L between and within groups (Shorrocks 1980).

    T = Σ_g Y_g ln(Y_g / P_g) + Σ_g Y_g T_g and L = Σ_g P_g ln(P_g / Y_g) + Σ_g P_g L_g with the shares P of a
    group in the weights and Y in the total.

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Values per unit of weight (income per head), at least 0. NaN is left out.
    groups : DataArray, dims (region,)
        Label of the group of each unit. Aligned by label.
    region : str
        Name of the dimension of the units, of whatever kind.
    weights : DataArray, dims (..., region), optional
        Weights (people), at least 0; equal unless given. Aligned by label.
    form : {"T", "L"}
        Theil's T or the mean log deviation L.

    Returns
    -------
    Dataset
        ``total``, ``between``, ``within`` with dims (...), where total = between + within; ``group_index``,
        ``population_share`` and ``total_share`` with dims (..., group). The index of a group is NaN where
        the group has no weight or, for T, nothing of the total.

    Raises
    ------
    ValueError
        If a dimension or a label is missing, labels differ, a value is negative or infinite, or the form
        unknown.
    """
    one_of(form, ("T", "L"), "form")
    arrays = _arrays(values, region, weights)
    require(groups, region, what="groups", numeric=False)
    which, names = codes(align(groups, values, region), region)
    function = partial(_decompose, which=which, count=len(names), form=form, what=title(values))
    outputs: list[tuple[str, ...]] = [(), (), (), ("group",), ("group",), ("group",)]
    parts = compute(function, arrays, [(region,)] * len(arrays), outputs, {"group": len(names)})
    text = f"{NAMES[form]} of {title(values)}"
    result = dataset(
        parts,
        (
            ("total", text),
            ("between", f"{text} between groups"),
            ("within", f"{text} within groups"),
            ("group_index", f"{text} in the group"),
            ("population_share", "share of the group in the weights"),
            ("total_share", f"share of the group in {title(values)}"),
        ),
    )
    return result.assign_coords(group=("group", names, {"long_name": title(groups)}))


def _decompose(
    values: Any, weights: Any = None, *, which: Any, count: int, form: str, what: str
) -> tuple[Floats, ...]:
    part, share = _parts(values, weights, what)
    member = (which[:, None] == np.arange(count)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        part_of, share_of = part @ member, share @ member
    own_part, own_share = ratio(part, part_of[..., which], 0.0), ratio(share, share_of[..., which], 0.0)
    terms = _divergence(own_share, own_part, form)
    if form == "L":
        terms = np.where(share_of[..., which] == 0.0, 0.0, terms)  # all members have nothing: equal
    inside = np.stack([terms[..., which == group].sum(axis=-1) for group in range(count)], axis=-1)
    weight = share_of if form == "T" else part_of
    between = _divergence(share_of, part_of, form).sum(axis=-1)
    within = np.where(weight > 0.0, weight * inside, 0.0).sum(axis=-1)
    within = np.where(np.isnan(between), np.nan, within)
    total = _divergence(share, part, form).sum(axis=-1)
    return total, between, within, np.where(weight > 0.0, inside, np.nan), part_of, share_of


def atkinson(
    values: xr.DataArray,
    *,
    region: str = "region",
    weights: xr.DataArray | None = None,
    aversion: float = 0.5,
) -> xr.DataArray:
    """Return the share of the total that equality could do without (Atkinson 1970).

    1 − (Σ p (y/m)^(1−ε))^(1/(1−ε)), for ε = 1 one minus the geometric mean of y/m.

    Parameters
    ----------
    values : DataArray, dims (..., region)
        Values per unit of weight (income per head), at least 0. NaN is left out.
    region : str
        Name of the dimension of the units, of whatever kind.
    weights : DataArray, dims (..., region), optional
        Weights (people), at least 0; equal unless given. Aligned by label.
    aversion : float
        ε, at least 0: how much inequality is minded.

    Returns
    -------
    DataArray, dims (...)
        0 (all equal, or ε = 0) to 1 (ε of at least 1 and a value of 0). NaN if nothing is left or all is 0.

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, a value is negative or infinite, or ε below 0.
    """
    if not (np.isfinite(aversion) and aversion >= 0.0):
        raise ValueError(f"aversion is {aversion}; it must be finite and at least 0")
    arrays = _arrays(values, region, weights)
    function = partial(_atkinson, aversion=float(aversion), what=title(values))
    (result,) = compute(function, arrays, [(region,)] * len(arrays))
    return label(
        result, "atkinson", f"Atkinson index of {title(values)} over '{region}', aversion {aversion:g}"
    )


def _atkinson(values: Any, weights: Any = None, *, aversion: float, what: str) -> Floats:
    part, share = _parts(values, weights, what)
    relative = ratio(share, part, 1.0)  # y / m; units without weight do not matter
    with np.errstate(divide="ignore"):
        if aversion == 1.0:
            equal = np.exp(np.where(part > 0.0, part * np.log(relative), 0.0).sum(axis=-1))
        else:
            power = 1.0 - aversion
            terms = np.where(part > 0.0, part * relative**power, 0.0)
            equal = np.asarray(terms.sum(axis=-1)) ** (1.0 / power)
    return np.where(np.isnan(share).any(axis=-1), np.nan, np.clip(1.0 - equal, 0.0, 1.0))


def _arrays(values: xr.DataArray, region: str, weights: xr.DataArray | None) -> list[xr.DataArray]:
    """Check values and weights, the latter in the order of the former."""
    require(values, region)
    if weights is None:
        return [values]
    require(weights, region, what="weights")
    return [values, align(weights, values, region, what="weights")]


def _population(values: Any, weights: Any, what: str) -> tuple[Floats, Floats]:
    """Return values and weights; units that are left out have value and weight 0."""
    numbers = np.asarray(values, dtype=np.float64)
    refuse_amounts(numbers, what)
    if weights is None:
        left = ~np.isnan(numbers)
        return np.where(left, numbers, 0.0), left.astype(np.float64)
    weight = np.asarray(weights, dtype=np.float64)
    refuse_amounts(weight, "weights")
    left = ~(np.isnan(numbers) | np.isnan(weight)) & (weight > 0.0)
    return np.where(left, numbers, 0.0), np.where(left, weight, 0.0)


def _parts(values: Any, weights: Any, what: str) -> tuple[Floats, Floats]:
    """Return p and s; both NaN where nothing is left or all is 0."""
    numbers, weight = _population(values, weights, what)
    amount = weight * numbers
    total = amount.sum(axis=-1, keepdims=True)
    part = ratio(weight, np.where(total > 0.0, weight.sum(axis=-1, keepdims=True), 0.0))
    return part, ratio(amount, total)


def _divergence(share: Floats, part: Floats, form: str) -> Floats:
    """Return s ln(s / p) or p ln(p / s): 0 where the factor is 0, infinite where only the other is."""
    first, second = (share, part) if form == "T" else (part, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(first == 0.0, 0.0, first * np.log(first / second))
