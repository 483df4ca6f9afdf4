"""The result of a validation as a labelled dataset: estimates, intervals, ranges, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.facts.entry import Fact
from technopole.facts.measure import Measured
from technopole.facts.validation_data import RealData
from technopole.facts.validation_series import Series

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

LEAST_PART = 0.5
"""Of the replicates in which a fact can be measured; of fewer the mean would be that of a selection."""
CURVES = {
    "size_share": ("size_class", "share of the firms in the class of sizes", "1"),
    "growth_density": ("growth", "density of log growth of survivors about the mean of year and sector", "1"),
    "hazard_by_age": ("age", "share of firms that leave within a year", "year-1"),
    "hazard_by_size": ("size_class", "share of firms that leave within a year", "year-1"),
}
"""Distributions kept for pictures: dimension, name, unit."""


def make_dataset(
    config: Config,
    facts: Mapping[str, Fact],
    series: Mapping[str, Series],
    worlds: list[Measured],
    real: RealData | None = None,
) -> xr.Dataset:
    """Judge the facts of many worlds.

    Parameters
    ----------
    config : Config
        Of the worlds.
    facts, series : mapping of str to Fact or Series
        By name.
    worlds : list of Measured
        One for each replicate.
    real : RealData, optional
        Where the series come from.

    Returns
    -------
    xarray.Dataset
        See `technopole.validate`.
    """
    import xarray as xr

    rows: dict[str, Fact | Series] = {**facts, **series}
    measured = [[world.facts.get(name, np.nan) for world in worlds] for name in facts]
    compared = [[one.statistic(world.tables) for world in worlds] for one in series.values()]
    values = np.array(measured + compared)
    seldom = np.isfinite(values).mean(axis=1) < LEAST_PART
    estimate, low, high, used = intervals(np.where(seldom[:, None], np.nan, values))
    bottom, top = (np.array([getattr(row, side) for row in rows.values()]) for side in ("low", "high"))
    with np.errstate(invalid="ignore"):
        passed = (estimate >= bottom) & (estimate <= top)
        ends = ~_ends_the_possible(rows, bottom, values < bottom[:, None])
        tops = ~_ends_the_possible(rows, top, values > top[:, None])
        straddles = (low < bottom) & (bottom < high) & ends | (low < top) & (top < high) & tops
    ds = xr.Dataset(
        {
            "estimate": ("fact", estimate, {"long_name": "mean over replicates"}),
            "low": ("fact", low, {"long_name": "lower end of the 95 % interval of the mean"}),
            "high": ("fact", high, {"long_name": "upper end of the 95 % interval of the mean"}),
            "range_low": ("fact", bottom, {"long_name": "lower end of the range"}),
            "range_high": ("fact", top, {"long_name": "upper end of the range"}),
            "passed": ("fact", passed, {"long_name": "the mean lies in the range"}),
            "straddles": ("fact", straddles, {"long_name": "the interval holds a border of the range"}),
            "replicates_used": ("fact", used, {"long_name": "replicates in which it could be measured"}),
            "value": (("fact", "replicate"), values, {"long_name": "the fact in each replicate"}),
        },
        _labels(rows, len(facts), values.shape[1]),
        _attributes(config, real),
    )
    _add_curves(ds, worlds, real)
    return ds


def _ends_the_possible(
    rows: Mapping[str, Fact | Series], border: Floats, beyond: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which borders are ends of what is possible, such as a correlation of 1 or a share of 0.

    An interval may reach over such an end, but more replicates cannot bring the mean there. Where only the sign is
    judged, 0 is no such end.
    """
    natural = np.isin(border, (0.0, 1.0)) & ~np.array([getattr(row, "sign", False) for row in rows.values()])
    return np.asarray(natural & ~beyond.any(axis=1))


def _labels(named: Mapping[str, Any], facts: int, replicates: int) -> dict[str, Any]:
    rows = list(named.values())
    group = ["model"] * facts + ["data"] * (len(rows) - facts)
    return {
        "fact": ("fact", _text(named)),
        "title": ("fact", _text(row.title for row in rows)),
        "unit": ("fact", _text(row.unit for row in rows)),
        "source": ("fact", _text(row.source for row in rows)),
        "group": ("fact", _text(group)),
        "origin": ("fact", _text(getattr(row, "origin", "data") for row in rows)),
        "verified": ("fact", np.array([getattr(row, "verified", True) for row in rows])),
        "sign": ("fact", np.array([getattr(row, "sign", False) for row in rows])),
        "needs": ("fact", _text(getattr(row, "needs", "more firms") for row in rows)),
        "replicate": ("replicate", np.arange(replicates)),
    }


def _attributes(config: Config, real: RealData | None) -> dict[str, Any]:
    from technopole.results.output import run_attributes

    return {
        **run_attributes(config),
        "kind": "validation",
        "replicates": config.run.replicates,
        "rule": "a fact passes if its mean over the replicates lies in its range",
        "measured": f"periods {config.time.periods // 2 + 1} to {config.time.periods}",
        "data": "" if real is None else real.kind or "about other regions",
    }


def _add_curves(ds: xr.Dataset, worlds: list[Measured], real: RealData | None) -> None:
    from technopole.facts.sizes import GROWTH_EDGES
    from technopole.facts.statistics import SIZE_CLASSES
    from technopole.facts.turnover import AGES

    ds.coords["size_class"] = ("size_class", SIZE_CLASSES, {"units": "worker", "long_name": "lower edge"})
    ds.coords["growth"] = ("growth", 0.5 * (GROWTH_EDGES[1:] + GROWTH_EDGES[:-1]))
    ds.coords["age"] = ("age", np.arange(AGES), {"units": "year", "comment": "the last: and above"})
    for name, (dim, words, unit) in CURVES.items():
        values = np.array([world.tables[name] for world in worlds]).T
        for suffix, part in zip(("", "_low", "_high"), intervals(values)[:3], strict=True):
            ds[name + suffix] = (dim, part, {"long_name": words, "units": unit})
    sizes = None if real is None else real.sizes()
    if sizes is not None:
        share = sizes.sum(axis=1) / sizes.sum()
        ds["size_share_real"] = (
            "size_class",
            share,
            {"long_name": "the same in County Business Patterns"},
        )


def intervals(values: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Return means over the last axis with 95 % intervals, and how many values there are.

    Parameters
    ----------
    values : ndarray, (..., replicate)
        NaN: not measured.

    Returns
    -------
    mean, low, high : ndarray, (...)
        NaN without values; the interval also with one.
    used : ndarray of int64, (...)
        Values that are not NaN.
    """
    from technopole.results.numbers import student_975

    known = np.isfinite(values)
    used = known.sum(axis=-1)
    count = np.where(used > 0, used, np.nan)
    mean = np.where(known, values, 0.0).sum(axis=-1) / count
    squares = (np.where(known, values - mean[..., None], 0.0) ** 2).sum(axis=-1)
    several = np.where(used > 1, count, np.nan)
    half = student_975(np.maximum(used - 1, 1)) * np.sqrt(squares / (several - 1.0) / several)
    return mean, mean - half, mean + half, used.astype(np.int64)


def _text(values: Iterable[str]) -> NDArray[Any]:
    words = list(values)
    array = np.empty(len(words), dtype=object)
    array[:] = words
    return array
