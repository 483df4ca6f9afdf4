"""Sector mix: shares in employment over time, and a table of the sectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource
from numpy.typing import NDArray

from technopole.figures.palette import HIGH_TECH_COLOURS, OTHER, OTHER_HIGH_TECH, TRADITIONAL_COLOURS
from technopole.figures.words import number, signed
from technopole.reports.charts import LegendItem, add_legend, plot, point_at
from technopole.reports.data import operating, recorded
from technopole.reports.parts import Cell, Chart, Section, Table, figure, table, words
from technopole.results.arrays import CannotDraw, Floats, high_tech, period_years, sector_names, years
from technopole.results.numbers import LAST, mean_interval, ratio, yearly_growth

if TYPE_CHECKING:
    import xarray as xr

NAMED = 10
"""Sectors with a layer of their own."""


class Layer(NamedTuple):
    """A layer of the stack."""

    name: str
    share: Floats
    """(time,), per cent"""
    colour: str
    high: bool


def sectors(ds: xr.Dataset) -> Section | None:
    """Return the section of sectors of a run; None if there is one only, or nothing was recorded of them."""
    if int(ds.sizes.get("sector", 1)) < 2:
        return None
    try:
        workers = recorded(ds, "employment", "sector")
    except CannotDraw:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = 100.0 * mean_interval(workers / workers.sum(axis=2, keepdims=True))[0]
    if not np.isfinite(shares).all():
        return None
    names, high, when = sector_names(ds), high_tech(ds), years(ds)
    charts = []
    if len(when) > 1:
        charts.append(_mix(shares, names, high, when))
    return Section(
        "sectors",
        "What the economy makes",
        "Sectors",
        "Blue and green: high-tech sectors; warm colours: all others."
        if high.any() and not high.all()
        else "",
        charts=tuple(charts),
        tables=(_sector_table(ds, names, high, shares),),
    )


def _mix(shares: Floats, names: list[str], high: NDArray[np.bool_], when: Floats) -> Chart:
    layers = _layers(shares, names, high)
    page = plot(400, "year of the run", "% of employment", y_range=(0, 100))
    base = np.zeros(len(when))
    items, marks = [], []
    for layer in layers:
        top = base + layer.share
        area = page.varea(when, base, top, fill_color=layer.colour, fill_alpha=0.95)
        edge = page.line(when, top, line_color="white", line_width=1)
        source = ColumnDataSource(
            {
                "x": when,
                "y": (base + top) / 2.0,
                "share": layer.share,
                "name": [layer.name] * len(when),
            }
        )
        marks.append(page.scatter("x", "y", source=source, size=12, alpha=0.0, hover_alpha=0.0))
        items.append(LegendItem(layer.name, layer.colour, "area", (area, edge), hides=False))
        base = top
    point_at(page, marks, "<b>@name</b><br>year @x{0.[0]}: @share{0.0} %")
    add_legend(page, items[::-1])
    mixed = high.any() and not high.all()
    start, end = (float(shares[at][high].sum()) for at in (0, -1))
    span = when[-1] - when[0]
    largest = int(shares[-1].argmax())
    if not mixed:
        share = number(float(shares[-1, largest]), 1)
        finding = f"{names[largest]} is the largest sector: {share}\u00a0% of employment"
    elif abs(end - start) < 0.05:
        finding = f"High-tech sectors stay at {number(end, 1)}\u00a0% of employment"
    else:
        verb = "rise" if end > start else "fall"
        ends = f"{number(start, 1)} to {number(end, 1)}\u00a0%"
        finding = f"High-tech sectors {verb} from {ends} of employment in {span:g}\u00a0years"
    change = shares[-1] - shares[0]
    gain, loss = int(change.argmax()), int(change.argmin())
    moves = (
        f"Largest gain: {names[gain]} ({signed(float(change[gain]), 1)} points); largest loss: {names[loss]} "
        f"({signed(float(change[loss]), 1)} points)."
    )
    return Chart(
        "sector-mix",
        finding,
        moves,
        f"Shares of {len(layers)} groups of sectors in employment over time. {finding}. {moves}",
        page,
        table(
            "Shares of employment, %",
            ("sector", f"year {when[0]:g}", f"year {when[-1]:g}", "change, points"),
            [
                (
                    words(layer.name),
                    figure(float(layer.share[0]), 1),
                    figure(float(layer.share[-1]), 1),
                    figure(float(layer.share[-1] - layer.share[0]), 1),
                )
                for layer in layers
            ],
            numbers=(1, 2, 3),
        ),
        wide=True,
    )


def _layers(shares: Floats, names: list[str], high: NDArray[np.bool_]) -> list[Layer]:
    """Return the layers from below: high-tech, the largest first, then the others; small ones as one."""
    order = np.argsort(-shares.mean(axis=0), kind="stable")
    named = set(order[:NAMED].tolist()) if len(names) > NAMED + 1 else set(order.tolist())
    layers: list[Layer] = []
    for wanted, colours, rest, rest_colour in (
        (True, HIGH_TECH_COLOURS, "Other high-tech sectors", OTHER_HIGH_TECH),
        (False, TRADITIONAL_COLOURS, "Other sectors", OTHER),
    ):
        mine = [int(k) for k in order if high[k] == wanted]
        left = [k for k in mine if k not in named]
        left = left if len(left) > 1 else []
        for place, k in enumerate([k for k in mine if k not in left]):
            layers.append(Layer(names[k], shares[:, k], colours[place % len(colours)], wanted))
        if left:
            layers.append(Layer(f"{rest} ({len(left)})", shares[:, left].sum(axis=1), rest_colour, wanted))
    return layers


def _sector_table(ds: xr.Dataset, names: list[str], high: NDArray[np.bool_], shares: Floats) -> Table:
    columns: list[tuple[str, Any, int | None]] = [
        ("share of employment, %", shares[-1], 1),
        ("change, points", shares[-1] - shares[0], 1),
    ]
    wanted: tuple[tuple[str, Callable[[], Floats], int], ...] = (
        ("firms", lambda: recorded(ds, "firms", "sector")[:, -1], 0),
        (
            "productivity growth, % per year",
            lambda: 100.0 * yearly_growth(recorded(ds, "productivity", "sector"), years(ds)),
            2,
        ),
        ("innovations per 100 firms and year", lambda: _innovations(ds), 1),
    )
    for heading, compute, digits in wanted:
        try:
            columns.append((heading, mean_interval(compute())[0], digits))
        except CannotDraw:
            continue
    columns += _indicators(ds)
    kinds = high.any() and not high.all()
    headings = ["sector", *(["kind"] if kinds else []), *(heading for heading, _, _ in columns)]
    rows = []
    for k, name in enumerate(names):
        row: list[Cell] = [words(name)]
        if kinds:
            row.append(words("high-tech" if high[k] else "traditional"))
        row += [figure(float(values[k]), digits) for _, values, digits in columns]
        rows.append(row)
    first = 2 if kinds else 1
    return table(
        "The sectors: means over the runs; last year, growth since the first, innovations of the last recorded years",
        headings,
        rows,
        range(first, len(headings)),
        folded=True,
    )


def _innovations(ds: xr.Dataset) -> Floats:
    events, firms = recorded(ds, "innovations", "sector"), operating(ds, "sector")
    return 100.0 / period_years(ds) * ratio(events[:, -LAST:].sum(axis=1), firms[:, -LAST:].sum(axis=1))


def _indicators(ds: xr.Dataset) -> list[tuple[str, Any, int | None]]:
    """Return how concentrated each sector is in space, in the last year."""
    from technopole.indicators import locational_gini

    if int(ds.sizes.get("region", 1)) < 2:
        return []
    last = ds["employment"].isel(time=-1) if "time" in ds["employment"].dims else ds["employment"]
    gini = locational_gini(last)
    if "replicate" not in gini.dims:
        gini = gini.expand_dims("replicate")
    values = mean_interval(np.asarray(gini.transpose("replicate", "sector").values))[0]
    return [("locational Gini", values, 2)]
