"""Coupling coordination of two or more systems, and indices of systems with entropy weights that can be frozen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    compute,
    dataset,
    label,
    ratio,
    require,
    title,
)

if TYPE_CHECKING:
    import xarray as xr

ROUNDING = 1e-9
"""Indices may leave the range from 0 to 1 by so much and are then put at its end."""

GRADES: tuple[str, ...] = (
    "extreme imbalance",
    "severe imbalance",
    "moderate imbalance",
    "mild imbalance",
    "near imbalance",
    "barely coordinated",
    "primary coordination",
    "intermediate coordination",
    "good coordination",
    "quality coordination",
)
"""Names of the grades 1 to 10 of coordination, in steps of 0.1."""


def coupling_coordination(*systems: xr.DataArray, weights: Sequence[float] | None = None) -> xr.Dataset:
    """Return how coupled and how coordinated the levels of two or more systems are.

    With levels U of n systems: coupling C = [Π U / (mean U)^n]^(1/n), for two 2 √(U₁U₂) / (U₁ + U₂);
    development T = Σ a U; coordination D = √(C T). The modified coupling of Wang, Kong, Ren and others (2021)
    is C' = √{[1 − mean_{i<j} |U_i − U_j|] · [Π U / max U]^(1/(n−1))}, which spreads over its range where C
    crowds near 1, and D' = √(C' T).

    Parameters
    ----------
    *systems : DataArray, any dims
        Levels of two or more systems, 0 to 1 (see `composite_index`). Broadcast by name, aligned by label.
    weights : sequence of float, optional
        a, one per system, at least 0; divided by their sum. Equal unless given.

    Returns
    -------
    Dataset
        ``coupling``, ``development``, ``coordination``, ``modified_coupling``, ``modified_coordination``, 0
        to 1; ``grade`` and ``modified_grade`` of the two coordinations, 1 to 10 as in `GRADES` (from 0.1
        per grade, each with its lower end), 0 where there is none. NaN where a level is missing; where all
        levels are 0 the coupling is NaN (0/0) and the coordination 0.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two systems, labels differ, a level is outside of 0 to 1, or weights do not fit.
    """
    if len(systems) < 2:
        raise ValueError(f"coupling needs two systems or more; got {len(systems)}")
    first = systems[0]
    aligned = []
    for number, system in enumerate(systems, 1):
        require(system, what=f"system {number}")
        for dim in set(map(str, system.dims)) & set(map(str, first.dims)):
            system = align(system, first, dim)
        aligned.append(system)
    share = _weights(weights, len(systems))
    function = partial(_coupling, share=share, names=tuple(title(system) for system in systems))
    parts = compute(function, aligned, [()] * len(aligned), [()] * 7)
    text = ", ".join(title(system) for system in systems)
    rows = (
        ("coupling", f"coupling of {text}"),
        ("development", f"joint development of {text}"),
        ("coordination", f"coupling coordination of {text}"),
        ("modified_coupling", f"modified coupling of {text}"),
        ("modified_coordination", f"modified coupling coordination of {text}"),
        ("grade", "grade of coordination"),
        ("modified_grade", "grade of modified coordination"),
    )
    result = dataset(parts, rows)
    for name in ("grade", "modified_grade"):
        attributes = result[name].attrs
        result[name] = result[name].astype(np.int8)
        result[name].attrs = attributes | {
            "flag_values": list(range(1, 11)),
            "flag_meanings": " ".join(grade.replace(" ", "_") for grade in GRADES),
        }
    return result


def _weights(weights: Sequence[float] | None, count: int) -> Floats:
    if weights is None:
        return np.full(count, 1.0 / count)
    share = np.asarray(weights, dtype=np.float64)
    if share.shape != (count,) or not (np.isfinite(share) & (share >= 0.0)).all() or share.sum() == 0.0:
        raise ValueError(
            f"weights are {weights}; needed: {count} numbers, one per system, at least 0 and not all 0"
        )
    return np.asarray(share / share.sum())


def _coupling(*levels: Any, share: Floats, names: tuple[str, ...]) -> tuple[Floats, ...]:
    systems = [_level(level, name) for level, name in zip(levels, names, strict=True)]
    table = np.stack(np.broadcast_arrays(*systems), axis=-1)
    count = table.shape[-1]
    mean, most = table.mean(axis=-1), table.max(axis=-1)
    # ratios before products, so that small levels do not vanish
    coupling = np.prod(ratio(table, mean[..., None]), axis=-1) ** (1.0 / count)
    coupling = np.where(mean > 0.0, np.minimum(coupling, 1.0), np.nan)
    ordered = np.sort(table, axis=-1)
    times = 2.0 * np.arange(count) - (count - 1.0)
    apart = (ordered * times).sum(axis=-1) / (count * (count - 1.0) / 2.0)
    balance = np.prod(ratio(table, most[..., None]), axis=-1) ** (1.0 / (count - 1.0))
    modified = np.sqrt(np.maximum(1.0 - apart, 0.0) * balance)
    development = table @ share
    nothing = mean == 0.0
    coordination = np.where(nothing, 0.0, np.sqrt(coupling * development))
    other = np.where(nothing, 0.0, np.sqrt(modified * development))
    grades = grade(coordination), grade(other)
    return coupling, development, coordination, modified, other, *grades


def _level(values: Any, name: str) -> Floats:
    level = np.asarray(values, dtype=np.float64)
    wrong = (level < -ROUNDING) | (level > 1.0 + ROUNDING)
    if wrong.any():
        raise ValueError(
            f"'{name}' holds {level[wrong][0]:g}; levels of systems must be between 0 and 1. "
            "composite_index() makes them from variables of any unit"
        )
    return np.clip(level, 0.0, 1.0)


def grade(coordination: Floats) -> Floats:
    """Return the grade of coordination, 1 to 10, 0 where it is NaN."""
    # 0.7 stands for itself although 0.7 * 10 is a rounding below 7
    steps = np.floor(np.nan_to_num(coordination) * 10.0 + ROUNDING)
    return np.where(np.isnan(coordination), 0.0, np.minimum(steps + 1.0, 10.0))


def entropy_weights(
    values: xr.DataArray,
    *,
    over: str | Sequence[str] = "region",
    criterion: str = "criterion",
    costs: Sequence[Any] = (),
) -> xr.Dataset:
    """Return weights of criteria by how much they tell apart (Shannon entropy), to use once or to freeze.

    With z, the values moved to 0 to 1 by their minimum and maximum (costs turned round), p = z / Σ z over m
    observations, e = −(1 / ln m) Σ p ln p and weight (1 − e) / Σ (1 − e).

    Parameters
    ----------
    values : DataArray, dims (..., over, criterion)
        Values of any unit. NaN is left out.
    over : str or sequence of str
        Dimensions of the observations. Those named neither here nor by `criterion` get weights of their
        own: name ``("replicate", "time", "region")`` for one set of weights for a whole ensemble.
    criterion : str
        Name of the dimension of the criteria.
    costs : sequence
        Labels of the criteria of which less is better.

    Returns
    -------
    Dataset, dims (..., criterion)
        ``weight`` (sums to 1), ``entropy`` (0 to 1), ``low`` and ``high`` (ends of the range, in the unit of
        the values), ``cost`` (True for costs). A criterion that does not vary has weight 0 and entropy 1; if
        none varies, or with fewer than two observations, weights are NaN. Give it to `composite_index`, for these
        values or for others: weights frozen in this way keep runs comparable.

    Raises
    ------
    ValueError
        If a dimension is missing or `costs` names an unknown criterion.
    """
    import xarray as xr

    dims = (over,) if isinstance(over, str) else tuple(over)
    require(values, *dims, criterion)
    unknown = [
        cost for cost in costs if criterion not in values.coords or cost not in values[criterion].values
    ]
    if unknown:
        known = values[criterion].values if criterion in values.coords else range(values.sizes[criterion])
        raise ValueError(f"costs are unknown along '{criterion}': {unknown}; known: {list(known)}")
    if criterion in values.coords:
        turned = np.isin(values[criterion].values, list(costs))
    else:
        turned = np.zeros(values.sizes[criterion], dtype=bool)
    cost = xr.DataArray(turned, dims=criterion)
    numbers = values.astype(np.float64)
    low, high = numbers.min(dims), numbers.max(dims)
    level = _normalise(_later(numbers, low, high), low, high, cost)
    # Σ p ln p = Σ z ln z / Σ z − ln Σ z: sums, made together so that no block of lazy data waits for another
    (terms,) = compute(_terms, [level], [()], [("term",)], {"term": 3})
    sums = terms.sum(dims)
    total, product, count = (sums.isel(term=term) for term in range(3))
    varies = high > low
    total = total.where(varies, 1.0)
    entropy = (_log(total) - product / total) / _log(count.where(count > 1, 2))
    entropy = entropy.where(varies, 1.0).clip(0.0, 1.0)
    told = 1.0 - entropy
    weight = told / told.sum(criterion).where(lambda sum_: sum_ > 0.0)
    text = title(values)
    return xr.Dataset(
        {
            "weight": label(weight, "weight", f"entropy weight in {text}"),
            "entropy": label(entropy, "entropy", f"entropy of {text}"),
            "low": label(low, "low", f"value of {text} that counts as 0"),
            "high": label(high, "high", f"value of {text} that counts as 1"),
            "cost": label(cost, "cost", "less is better"),
        }
    )


def _terms(level: Any) -> Floats:
    """Return z, z ln z and whether z is known, 0 where it is not, along a new last axis."""
    known = ~np.isnan(level)
    z = np.where(known, level, 0.0)
    return np.stack([z, z * np.log(np.where(z > 0.0, z, 1.0)), known], axis=-1)


def _later(values: xr.DataArray, *results: xr.DataArray) -> xr.DataArray:
    """Return lazy values that are read again once the results are there, so that nobody keeps them till then."""
    if values.chunks is None:
        return values
    from dask.graph_manipulation import bind

    again = bind(values.data, [result.data for result in results])
    return values.copy(data=again)


def _log(values: xr.DataArray) -> xr.DataArray:
    logs: Any = np.log(values)  # of the same kind, whatever numpy's types say
    return logs  # type: ignore[no-any-return]


def _normalise(
    values: xr.DataArray, low: xr.DataArray, high: xr.DataArray, cost: xr.DataArray
) -> xr.DataArray:
    """Return values between 0 (low) and 1 (high), costs turned round; 0 where nothing varies."""
    spread = high - low
    level = (values - low) / spread.where(spread > 0.0, 1.0)
    turned: xr.DataArray = abs(level - (spread > 0.0) * cost.astype(np.float64))
    return turned


def composite_index(
    values: xr.DataArray, frozen: xr.Dataset, *, criterion: str = "criterion"
) -> xr.DataArray:
    """Return the weighted sum of criteria moved to 0 to 1, with given ranges and weights.

    Parameters
    ----------
    values : DataArray, dims (..., criterion)
        Values in the units of those that the weights were made from. Aligned by label.
    frozen : Dataset
        ``weight``, ``low``, ``high``, ``cost`` along `criterion`, from `entropy_weights` of these or other
        values, or made by hand.
    criterion : str
        Name of the dimension of the criteria.

    Returns
    -------
    DataArray, dims (...)
        0 to 1; values beyond the frozen range count as its end. NaN where a criterion with a weight is missing.

    Raises
    ------
    ValueError
        If a dimension or variable is missing, or labels differ.
    """
    require(values, criterion)
    missing = [name for name in ("weight", "low", "high", "cost") if name not in frozen]
    if missing:
        raise ValueError(f"the weights lack {', '.join(missing)}; entropy_weights() makes them")
    parts = {name: align(frozen[name], values, criterion) for name in ("weight", "low", "high")}
    cost = align(frozen["cost"], values, criterion).astype(bool)
    numbers = values.astype(np.float64)
    level = _normalise(numbers.clip(parts["low"], parts["high"]), parts["low"], parts["high"], cost)
    terms = (parts["weight"] * level).where(parts["weight"] != 0.0, 0.0)
    return label(terms.sum(criterion, skipna=False), "composite_index", f"index of {title(values)}")
