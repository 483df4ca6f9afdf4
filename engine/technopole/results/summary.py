"""The key results of a run in one small table: means over replicates with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.errors import ConfigError
from technopole.results.arrays import CannotDraw, Floats, array, period_years, years
from technopole.results.numbers import (
    LAST,
    fit_tail,
    krugman_index,
    mean_interval,
    ratio,
    structural_similarity,
    tail_range,
    weighted_mean,
    yearly_growth,
)
from technopole.schema.variables import CELL

if TYPE_CHECKING:
    import xarray as xr


class Result(NamedTuple):
    """One row of the table."""

    name: str
    unit: str
    mean: float
    half: float
    """Half the width of the 95 % interval (Student's t over replicates); NaN with one replicate."""


def summarise(ds: xr.Dataset) -> list[Result]:
    """Return the key results at the end of a run.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.

    Returns
    -------
    list of Result
        Those for which the variables were recorded. Growth is from the first to the last recorded period,
        rates and counts of events are means over the last `LAST` recorded periods.

    Raises
    ------
    ConfigError
        If it is no Dataset.
    """
    if not hasattr(ds, "data_vars"):
        raise ConfigError(f"summarise: found a {type(ds).__name__}; allowed: a Dataset, the results of a run")
    results = []
    for (name, unit), compute in _RESULTS.items():
        try:
            # an economy that dies out has no growth and no rates: NaN, which the table shows as such
            with np.errstate(divide="ignore", invalid="ignore"):
                values = compute(ds)
        except CannotDraw:
            continue
        mean, half = mean_interval(values)
        results.append(Result(name, unit, float(mean), float(half)))
    return results


def _total(ds: xr.Dataset, name: str) -> Floats:
    """Sum of a cell variable over regions and sectors, (replicate, time)."""
    return np.asarray(array(ds, name, *CELL).sum(axis=(2, 3)))


def _firms(ds: xr.Dataset) -> Floats:
    return _total(ds, "firms")[:, -1]


def _employment(ds: xr.Dataset) -> Floats:
    return _total(ds, "employment")[:, -1]


def _sales_growth(ds: xr.Dataset) -> Floats:
    return _growth(ds, np.log(_total(ds, "sales")))


def productivity_growth(ds: xr.Dataset) -> Floats:
    """Return the growth of productivity in the whole economy, weighted by sales.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.

    Returns
    -------
    ndarray, shape (replicate,)
        Per cent per year, from the first to the last recorded period.

    Raises
    ------
    CannotDraw
        If `sales` or `productivity` is missing.
    """
    sales, productivity = array(ds, "sales", *CELL), array(ds, "productivity", *CELL)
    return _growth(ds, weighted_mean(productivity, sales, axis=(2, 3)))


def _growth(ds: xr.Dataset, log_level: Floats) -> Floats:
    # an economy without sales at either end has no growth; that of the years between is another number
    ends = np.isfinite(log_level[:, [0, -1]]).all(axis=1)
    growth = 100.0 * yearly_growth(log_level[:, :, np.newaxis], years(ds))[:, 0]
    return np.where(ends, growth, np.nan)


def _operating(ds: xr.Dataset) -> Floats:
    """Firms at the start of each of the last periods: those at its end without entrants, with leavers."""
    entrants = _total(ds, "spinoffs") + _total(ds, "startups")
    return (_total(ds, "firms") - entrants + _total(ds, "exits"))[:, -LAST:]


def _per_hundred_firms(ds: xr.Dataset, *names: str) -> Floats:
    events = sum(_total(ds, name) for name in names)
    rate = ratio(np.asarray(events)[:, -LAST:].sum(axis=1), _operating(ds).sum(axis=1))
    return np.asarray(100.0 * rate / period_years(ds))


def _entry(ds: xr.Dataset) -> Floats:
    return _per_hundred_firms(ds, "spinoffs", "startups")


def _exit(ds: xr.Dataset) -> Floats:
    return _per_hundred_firms(ds, "exits")


def _innovations(ds: xr.Dataset) -> Floats:
    return _per_hundred_firms(ds, "innovations")


def _patents(ds: xr.Dataset) -> Floats:
    return _per_hundred_firms(ds, "patents")


def _similarity(ds: xr.Dataset) -> Floats:
    return structural_similarity(array(ds, "employment", *CELL)[:, -1])


def _krugman(ds: xr.Dataset) -> Floats:
    return krugman_index(array(ds, "employment", *CELL)[:, -1])


def _tail(ds: xr.Dataset) -> Floats:
    counts = array(ds, "size_distribution", "replicate", "time", "size_class")[:, -1]
    edges = np.asarray(ds["size_class"].values, dtype=np.float64)
    inside = tail_range(counts, edges)
    return np.array([-fit_tail(row, edges, inside).slope for row in counts])


_RESULTS: dict[tuple[str, str], Callable[[xr.Dataset], Floats]] = {
    ("firms", ""): _firms,
    ("employment", "workers"): _employment,
    ("growth of sales", "% per year"): _sales_growth,
    ("growth of productivity", "% per year"): productivity_growth,
    ("entry", "per 100 firms and year"): _entry,
    ("exit", "per 100 firms and year"): _exit,
    ("innovations", "per 100 firms and year"): _innovations,
    ("patents", "per 100 firms and year"): _patents,
    ("structural similarity of regions", "0 to 1"): _similarity,
    ("Krugman index", "0 to 2"): _krugman,
    ("exponent of the tail of firm sizes", ""): _tail,
}
