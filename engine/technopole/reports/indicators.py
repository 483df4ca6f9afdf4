"""Indicators of regional economics over time, as `ds.tp` computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.figures.palette import BLUE, PURPLE, VERMILION
from technopole.figures.words import number
from technopole.reports.parts import Section, Table, figure, table, words
from technopole.reports.trends import Named, trend_chart
from technopole.results.arrays import Floats, array, region_names, years
from technopole.results.numbers import mean_interval, sparse

if TYPE_CHECKING:
    import xarray as xr


class Indicator(NamedTuple):
    """An indicator of the whole economy in words for readers."""

    name: str
    title: str
    words: str
    colour: str
    digits: int = 3


INDICATORS = (
    Indicator(
        "structural_similarity",
        "Structural similarity of regions",
        "Mean over all pairs of regions; 1 = the same sectors, 0 = none in common.",
        BLUE,
    ),
    Indicator(
        "krugman_dissimilarity",
        "Krugman index of regions",
        "Sum of the differences between the sector shares of two regions, mean over all pairs; 0 = the same, "
        "2 = disjoint.",
        VERMILION,
    ),
    Indicator(
        "sigma_convergence",
        "Spread of regional wages",
        "Spread of the wages between regions; when it falls, regions converge.",
        PURPLE,
    ),
)


def indicators(ds: xr.Dataset) -> Section | None:
    """Return the section of indicators of a run; None if none can be computed."""
    from technopole.results.accessor import register

    register()
    try:
        found: xr.Dataset = ds.tp.indicators()
    except ValueError:
        return None
    when = years(ds)
    charts = []
    for one in INDICATORS:
        values = _series(found, one.name)
        if values is None or len(when) < 2:
            continue
        mean = mean_interval(values)[0]
        finite = np.flatnonzero(np.isfinite(mean))
        if finite.size == 0:
            continue
        first, last = (float(mean[at]) for at in finite[[0, -1]])
        charts.append(
            trend_chart(
                one.name.replace("_", "-"),
                f"{one.title}: {_change(first, last, one.digits)}",
                one.words,
                when,
                [Named(one.title, values, one.colour)],
                "index",
            )
        )
    tables = []
    regional = _regional(ds, found)
    if regional:
        tables.append(regional)
    if not charts and not tables:
        return None
    caveat = sparse(array(ds, "firms", "replicate", "time", "region", "sector")) if "firms" in ds else ""
    notes = (f"Caution: {caveat}.",) if caveat else ()
    return Section(
        "indicators",
        "Indicators of structure",
        "Indicators",
        "How alike the regions are, how concentrated activity is. Definitions: docs/INDICATORS.md of technopole.",
        charts=tuple(charts),
        tables=tuple(tables),
        notes=notes,
    )


def _series(found: xr.Dataset, name: str) -> Floats | None:
    """Return an indicator of the economy, shape (replicate, time); None if it is not there."""
    if name not in found or not set(found[name].dims) <= {"replicate", "time"}:
        return None
    values = found[name]
    for dim in ("replicate", "time"):
        if dim not in values.dims:
            values = values.expand_dims(dim)
    return np.asarray(values.transpose("replicate", "time").values, dtype=np.float64)


def _change(first: float, last: float, digits: int) -> str:
    if abs(last - first) < 10.0**-digits:
        return f"{number(last, digits)} throughout"
    return f"{'up' if last > first else 'down'} from {number(first, digits)} to {number(last, digits)}"


def _regional(ds: xr.Dataset, found: xr.Dataset) -> Table | None:
    """Return specialisation and diversity of the regions in the last year."""
    columns = []
    for name, heading, digits in (
        ("krugman_specialisation", "specialisation (Krugman, 0 to 2)", 3),
        ("diversity", "equivalent number of sectors", 1),
    ):
        if name in found and set(found[name].dims) <= {"replicate", "time", "region"}:
            last = found[name].isel(time=-1) if "time" in found[name].dims else found[name]
            if "replicate" not in last.dims:
                last = last.expand_dims("replicate")
            values = mean_interval(np.asarray(last.transpose("replicate", "region").values))[0]
            columns.append((heading, values, digits))
    if not columns:
        return None
    rows = [
        (words(name), *(figure(float(values[at]), digits) for _, values, digits in columns))
        for at, name in enumerate(region_names(ds))
    ]
    headings = ("region", *(heading for heading, _, _ in columns))
    return table(
        "Specialisation of the regions in the last year", headings, rows, range(1, len(headings)), folded=True
    )
