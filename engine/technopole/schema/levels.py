"""From recorded cells to regions, sectors and the economy: which rule holds for which variable.

Counts, money and workers are added up. Everything else is a mean with the weights that make it what it says
at the coarser level: productivity and prices by sales, knowledge by the firms that have it, what concerns the
people of a region by its workforce. Sums are taken in an order that depends on the number of regions and
sectors alone, so the bits are the same for any number of replicates computed together, on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from technopole.schema import RECORDS, STOCKS

Floats = NDArray[np.float64]

LEVELS: dict[str, tuple[str, ...]] = {
    "economy": (),
    "sector": ("sector",),
    "region": ("region",),
    "cell": ("region", "sector"),
}
"""Level → the dimensions, of region and sector, that it keeps."""

_VALUES = 1 << 16
"""Values reduced at a time, so that the temporaries stay in the cache."""


class Recorded(Protocol):
    """Recorded variables by name, as `technopole.world.recording.Recording` or a dict holds them."""

    def __getitem__(self, name: str, /) -> NDArray[Any]:
        """Return one variable, shape (..., region, sector) as far as it has them."""


class Rule(NamedTuple):
    """How a variable becomes coarser."""

    kind: Literal["sum", "mean", "root mean square"]
    plus: tuple[str, ...] = ()
    """Recorded variables whose sum, less that of `minus`, is the weight."""
    minus: tuple[str, ...] = ()
    words: str = ""
    """What the weight is, for the metadata of the results."""


SUM = Rule("sum")
BY_FIRMS = Rule("mean", ("firms", "exits"), ("spinoffs", "startups"), "operating firms")
"""Operating firms are those of the start of the period: the firms at its end, less who came, plus who left."""
BY_SALES = Rule("mean", ("sales",), (), "sales")
BY_EMPLOYMENT = Rule("mean", ("employment",), (), "employment")
BY_WORKFORCE = Rule("mean", ("workforce",), (), "workforce")

RULES: dict[str, Rule] = {
    **{name: SUM for name in ("firms", "small_firms", "exits", "spinoffs", "startups", "innovations")},
    **{name: SUM for name in ("small_innovations", "patents", "sales", "employment", "research_spending")},
    **{name: SUM for name in ("own_research", "tax", "overhead", "transaction_cost", "payout")},
    **{name: BY_FIRMS for name in ("organisation", "technology", "sourcing", "quality")},
    "productivity": BY_SALES,
    "price": BY_SALES,
    "reputation": BY_EMPLOYMENT,
    **{name: SUM for name in ("workforce", "labour_demand", "net_migration")},
    **{name: BY_WORKFORCE for name in ("wage", "trust", *STOCKS, "research_lag")},
    "contact": BY_FIRMS,
    "tied_share": BY_FIRMS,
    "market": SUM,
    "concentration": BY_SALES,
    "productivity_sd": BY_FIRMS._replace(kind="root mean square"),
    "size_distribution": SUM,
}
"""Recorded variable → its rule. `concentration` and `productivity_sd` of the economy are within sectors."""


def kept_dims(name: str, level: str) -> tuple[str, ...]:
    """Return the dimensions of a variable at a level, besides replicate and time.

    Parameters
    ----------
    name : str
        Recorded variable.
    level : str
        One of `LEVELS`.

    Returns
    -------
    tuple of str
        Of the dimensions it is recorded with, those that the level keeps: a variable of regions has none at
        the level of sectors. The size classes of the size distribution always stay.
    """
    return tuple(
        dim for dim in RECORDS[name].dims[2:] if dim not in ("region", "sector") or dim in LEVELS[level]
    )


def needed(names: Iterable[str], level: str) -> tuple[str, ...]:
    """Return what must be recorded to have variables at a level: they and their weights.

    Parameters
    ----------
    names : iterable of str
        Recorded variables.
    level : str
        One of `LEVELS`.

    Returns
    -------
    tuple of str
        In the order of the schema, each once.
    """
    wanted = set()
    for name in names:
        wanted.add(name)
        if kept_dims(name, level) != RECORDS[name].dims[2:]:
            wanted.update(RULES[name].plus, RULES[name].minus)
    return tuple(name for name in RECORDS if name in wanted)


def cell_method(name: str, level: str) -> str:
    """Return how a variable became coarser, in the words of the CF attribute ``cell_methods``.

    Parameters
    ----------
    name : str
        Recorded variable.
    level : str
        One of `LEVELS`.

    Returns
    -------
    str
        Such as ``sector: mean (weighted by sales)``; empty where nothing was reduced.
    """
    kept = kept_dims(name, level)
    lost = [dim for dim in RECORDS[name].dims[2:] if dim not in kept]
    if not lost:
        return ""
    rule = RULES[name]
    method = {"sum": "sum", "mean": "mean", "root mean square": "root_mean_square"}[rule.kind]
    comment = f" (weighted by {rule.words})" if rule.words else ""
    return f"{' '.join(f'{dim}:' for dim in lost)} {method}{comment}"


def reduce_to_level(name: str, recorded: Recorded, level: str) -> NDArray[Any]:
    """Return a variable at a level.

    Parameters
    ----------
    name : str
        Recorded variable.
    recorded : mapping of str to ndarray
        Has `needed` of it; shapes (..., region, sector), (..., region) or (..., sector) as in the schema,
        with the same leading axes (replicates, periods, whatever).
    level : str
        One of `LEVELS`.

    Returns
    -------
    ndarray, shape (..., *kept_dims)
        The recorded array itself if nothing is to be reduced. A mean over places of which none has a weight
        is NaN, a sum 0; places without a weight do not count, whatever their value.
    """
    values = recorded[name]
    dims = RECORDS[name].dims[2:]
    kept = kept_dims(name, level)
    if kept == dims:
        return values
    lost = tuple(axis - len(dims) for axis, dim in enumerate(dims) if dim not in kept)
    rule = RULES[name]
    if rule.kind != "sum":
        return _weighted(values, _weights(name, rule, recorded), lost, rule.kind == "root mean square")
    if values.dtype.kind == "i":
        return np.asarray(values.sum(axis=lost))
    return _by_rows(lambda rows: ordered_sum(rows, -1), lost, values)


def ordered_sum(values: Floats, axis: int) -> Floats:
    """Add along an axis: the upper half onto the lower half, until one is left.

    Unlike that of `numpy.sum`, the order depends on the length of this axis alone, not on the layout of the
    array nor on the vector instructions of the processor. The error grows with the logarithm of the length.

    Parameters
    ----------
    values : ndarray of float64
        Left as it is.
    axis : int
        Axis.

    Returns
    -------
    ndarray of float64
        Without this axis.
    """
    left = np.moveaxis(values, axis, 0)
    if left.shape[0] == 0:
        return np.zeros(left.shape[1:])
    while (length := left.shape[0]) > 1:
        half = (length + 1) // 2
        folded = left[:half].copy()
        folded[: length - half] += left[half:]
        left = folded
    total: Floats = left[0]
    return total


def _weights(name: str, rule: Rule, recorded: Recorded) -> NDArray[Any]:
    """Return the weights with the dimensions of the variable: finer ones are added up to it."""
    own = RECORDS[name].level
    signed = [(1, part) for part in rule.plus] + [(-1, part) for part in rule.minus]
    parts = [(sign, reduce_to_level(part, recorded, own)) for sign, part in signed]
    total: NDArray[Any] = parts[0][1]
    for sign, part in parts[1:]:
        total = np.add(total, part) if sign > 0 else np.subtract(total, part)
    return total


def _weighted(values: Floats, weights: NDArray[Any], lost: tuple[int, ...], squared: bool) -> Floats:
    """Return the weighted mean, or the root of that of the squares, over some of the last axes."""

    def mean(value: Floats, weight: NDArray[Any]) -> Floats:
        some = weight > 0
        weight = np.where(some, weight, 0.0)
        value = np.where(some, value, 0.0)
        product = value * value * weight if squared else value * weight
        result: Floats = ordered_sum(product, -1) / ordered_sum(weight, -1)
        if squared:
            np.sqrt(result, out=result)
        return result

    return _by_rows(mean, lost, values, weights)


def _by_rows(reduce: Callable[..., Floats], lost: tuple[int, ...], *arrays: NDArray[Any]) -> Floats:
    """Apply a reduction over the last axis to the lost axes as one, some rows at a time."""
    ends = tuple(range(-len(lost), 0))
    moved = [np.moveaxis(array, lost, ends) for array in arrays]
    shape = moved[0].shape[: -len(lost)]
    length = math.prod(moved[0].shape[-len(lost) :])
    rows = [array.reshape(math.prod(shape), length) for array in moved]
    result = np.empty(len(rows[0]))
    step = max(1, _VALUES // max(length, 1))
    # rows of failed replicates hold anything
    with np.errstate(all="ignore"):
        for first in range(0, len(result), step):
            result[first : first + step] = reduce(*(array[first : first + step] for array in rows))
    return result.reshape(shape)
