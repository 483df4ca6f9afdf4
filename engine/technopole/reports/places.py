"""Maps of the regions, and the table behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from technopole.figures.places import Places, positions
from technopole.figures.words import number, within
from technopole.reports.data import operating, recorded
from technopole.reports.map import map_model
from technopole.reports.parts import Chart, Section, Table, figure, table, words
from technopole.results.arrays import CannotDraw, Floats, period_years, region_names, years
from technopole.results.numbers import LAST, mean_interval, ratio, yearly_growth
from technopole.schema import STOCKS

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Measure:
    """A property of regions."""

    key: str
    heading: str
    words: str
    unit: str
    digits: int
    compute: Callable[[xr.Dataset], Floats]
    """Dataset → (replicate, region)."""
    finding: Callable[[Floats, list[str]], str]
    """Means, names → heading."""
    mapped: bool = True


def places(ds: xr.Dataset) -> Section | None:
    """Return the section of regions of a run; None if there are fewer than two or nothing is known of them.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.
    """
    if int(ds.sizes.get("region", 1)) < 2:
        return None
    values: dict[str, Floats] = {}
    for measure in MEASURES:
        try:
            values[measure.key] = mean_interval(measure.compute(ds))[0]
        except CannotDraw:
            continue
    if not values:
        return None
    names = region_names(ds)
    charts: list[Chart] = []
    try:
        where = positions(ds)
        size = _size(ds, len(names))
        for measure in MEASURES:
            if measure.mapped and np.isfinite(values.get(measure.key, np.nan)).any():
                charts.append(region_map(measure, where, size, values[measure.key], names, not charts))
    except CannotDraw:
        charts = []
    return Section(
        "regions",
        "Where it happens",
        "Regions",
        "Each circle is a region; the larger, the more people work there. Point at a circle for its numbers.",
        charts=tuple(charts),
        tables=(region_table(names, values),),
    )


def _size(ds: xr.Dataset, regions: int) -> Floats:
    """Workers in the last year, 1 everywhere if unknown."""
    try:
        return np.nan_to_num(mean_interval(recorded(ds, "employment", "region")[:, -1])[0])
    except CannotDraw:
        return np.ones(regions)


def region_map(
    measure: Measure, where: Places, size: Floats, values: Floats, names: list[str], wide: bool
) -> Chart:
    """Return a map of a property of regions.

    Parameters
    ----------
    measure : Measure
        What is shown.
    where : Places
        Positions.
    size, values : ndarray, shape (region,)
        Workers; the property.
    names : list of str
        Of the regions.
    wide : bool
        The large map.
    """
    known = np.isfinite(where.points).all(axis=1)
    if known.sum() < 2:
        raise CannotDraw("fewer than two regions with a position")
    model = map_model(where, size, values, names, measure.unit, measure.digits, wide)
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    return Chart(
        f"map-{measure.key}",
        measure.finding(values, names),
        measure.words,
        f"Map of {int(known.sum())} regions: {measure.words} Lowest {number(float(values[low]), measure.digits)} in "
        f"{names[low]}, highest {number(float(values[high]), measure.digits)} in {names[high]} ({measure.unit}).",
        model,
        table(
            measure.heading,
            ("region", f"{measure.heading.lower()}, {measure.unit}"),
            [(words(name), figure(float(v), measure.digits)) for name, v in zip(names, values, strict=True)],
            numbers=(1,),
        ),
        wide,
    )


def region_table(names: list[str], values: dict[str, Floats]) -> Table:
    """Return all that is known of the regions."""
    shown = [measure for measure in MEASURES if measure.key in values]
    rows = [
        [
            words(name),
            *(figure(float(values[measure.key][index]), measure.digits) for measure in shown),
        ]
        for index, name in enumerate(names)
    ]
    headings = ["region", *(f"{measure.heading}, {measure.unit}" for measure in shown)]
    return table("The regions: means over the runs", headings, rows, range(1, len(headings)), folded=True)


def _growth(name: str, logs: bool = False) -> Callable[[xr.Dataset], Floats]:
    def compute(ds: xr.Dataset) -> Floats:
        level = recorded(ds, name, "region")
        with np.errstate(divide="ignore", invalid="ignore"):
            return 100.0 * yearly_growth(level if logs else np.log(level), years(ds))

    return compute


def _last(name: str) -> Callable[[xr.Dataset], Floats]:
    return lambda ds: recorded(ds, name, "region")[:, -1]


def _relative_wage(ds: xr.Dataset) -> Floats:
    wage = recorded(ds, "wage", "region")[:, -1]
    whole = recorded(ds, "wage", "economy")[:, -1:]
    return np.asarray(100.0 * wage / whole)


def _innovations(ds: xr.Dataset) -> Floats:
    events, firms = recorded(ds, "innovations", "region"), operating(ds, "region")
    return 100.0 / period_years(ds) * ratio(events[:, -LAST:].sum(axis=1), firms[:, -LAST:].sum(axis=1))


def _system(ds: xr.Dataset) -> Floats:
    stocks = [recorded(ds, name, "region")[:, -1] for name in STOCKS]
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(np.mean([np.log(stock) for stock in stocks], axis=0)))


def _extremes(what: str, unit: str, digits: int) -> Callable[[Floats, list[str]], str]:
    def finding(values: Floats, names: list[str]) -> str:
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        return (
            f"{what}: from {number(float(values[low]), digits)}{unit} ({within(names[low], 24)}) "
            f"to {number(float(values[high]), digits)}{unit} ({within(names[high], 24)})"
        )

    return finding


MEASURES: tuple[Measure, ...] = (
    Measure(
        "productivity",
        "Productivity growth",
        "Growth of productivity per year from the first to the last year, mean over the runs.",
        "% per year",
        2,
        _growth("productivity", logs=True),
        _extremes("Productivity growth", "\u00a0%", 2),
    ),
    Measure(
        "jobs",
        "Employment growth",
        "Growth of employment per year from the first to the last year.",
        "% per year",
        2,
        _growth("employment"),
        _extremes("Jobs grow", "\u00a0% a year", 1),
    ),
    Measure(
        "wage",
        "Wage",
        "Wage in the last year; 100 is the mean of all workers.",
        "mean = 100",
        0,
        _relative_wage,
        _extremes("Wages", "", 0),
    ),
    Measure(
        "innovations",
        "Innovations",
        "Innovations per 100 firms and year, mean of the last recorded years.",
        "per 100 firms and year",
        1,
        _innovations,
        _extremes("Innovations per 100 firms", "", 1),
    ),
    Measure(
        "system",
        "Innovation system",
        "The regional innovation system in the last year: infrastructure, universities, services and finance "
        "(geometric mean; 1 = national average at the start).",
        "1 = average at the start",
        2,
        _system,
        _extremes("Innovation systems", "", 2),
    ),
    Measure(
        "employment",
        "Employment",
        "Workers in the last year.",
        "workers",
        0,
        _last("employment"),
        _extremes("Employment", "", 0),
        mapped=False,  # the size of the marks shows it
    ),
)
