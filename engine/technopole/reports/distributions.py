"""Distributions: sizes of firms, growth, inequality between regions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, NumeralTickFormatter

from technopole.figures.palette import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION
from technopole.figures.words import FEW, number
from technopole.reports.charts import HEIGHT, LegendItem, add_legend, plot, point_at
from technopole.reports.data import is_there, recorded
from technopole.reports.parts import Chart, Section, figure, table
from technopole.reports.trends import Named, trend_chart
from technopole.results.arrays import CannotDraw, array, years
from technopole.results.numbers import LAST, fit_tail, mean_interval, reaching, tail_range

if TYPE_CHECKING:
    import xarray as xr

BINS = 41
GROWTHS = 200
"""Observations of growth below which there is no picture of it."""
REGIONS = 8
"""Regions below which their distribution is not worth a picture."""


def distributions(ds: xr.Dataset) -> Section | None:
    """Return the section of distributions of a run; None if nothing of it was recorded."""
    charts = []
    for make in _SUBJECTS:
        try:
            charts.append(make(ds))
        except CannotDraw:
            continue
    if not charts:
        return None
    return Section(
        "distributions",
        "Large and small, fast and slow",
        "Distributions",
        "Means hide how unequal firms and regions are.",
        charts=tuple(charts),
    )


def _sizes(ds: xr.Dataset) -> Chart:
    counts = array(ds, "size_distribution", "replicate", "time", "size_class")
    if "size_class" not in ds.coords:
        raise CannotDraw("coordinate 'size_class' is not in the dataset")
    edges = np.asarray(ds["size_class"].values, dtype=np.float64)
    final = np.nan_to_num(counts[:, -1])
    final = final[final.sum(axis=1) > 0.0]
    if len(final) == 0:
        raise CannotDraw("no firms in the last period")
    share = 100.0 * reaching(final) / final.sum(axis=1, keepdims=True)
    inside = tail_range(final, edges)
    slopes = np.array([fit_tail(world, edges, inside).slope for world in final])
    slope = float(mean_interval(slopes)[0])
    mean = share.mean(axis=0)
    shown = (edges >= 1.0) & (mean > 0.0)
    page = plot(HEIGHT, "workers of the firm", "% of firms", x_axis_type="log", y_axis_type="log")
    for axis in (page.xaxis, page.yaxis):
        axis.formatter = NumeralTickFormatter(format="0,0.[00000]")
    items = []
    if counts.shape[1] > 1:
        first = np.nan_to_num(counts[:, 0])
        before = 100.0 * (reaching(first) / np.maximum(first.sum(axis=1, keepdims=True), 1.0)).mean(axis=0)
        seen = (edges >= 1.0) & (before > 0.0)
        old = page.line(edges[seen], before[seen], line_color="#8a9098", line_width=2, line_dash="dashed")
        items.append(LegendItem("first year", "#8a9098", "dashed", (old,)))
    if len(share) >= FEW:
        low, high = (
            np.maximum(q, mean.min(where=mean > 0, initial=1.0) / 3)
            for q in np.quantile(share, [0.05, 0.95], axis=0)
        )
        page.varea(edges[shown], low[shown], high[shown], fill_color=BLUE, fill_alpha=0.22)
    source = ColumnDataSource(
        {
            "x": edges[shown],
            "y": mean[shown],
            "text": [f"{number(v, 0 if v >= 10 else 1 if v >= 1 else 3)}\u00a0%" for v in mean[shown]],
        }
    )
    now = page.line("x", "y", source=source, line_color=BLUE, line_width=2.4)
    dots = page.scatter("x", "y", source=source, color=BLUE, size=6)
    items.append(LegendItem("last year", BLUE, "solid", (now, dots)))
    add_legend(page, items)
    point_at(page, [dots], "<b>@text</b> of the firms have<br>at least @x{0,0} workers")
    # no class ends at ten workers; between two edges the tail is nearly a power of the size
    ten = np.exp(np.interp(np.log(10.0), np.log(edges[shown]), np.log(mean[shown]), right=-np.inf))
    small = float(100.0 - ten)
    finding = f"{number(small, 0)} of 100 firms have fewer than ten workers"
    if np.isfinite(slope):
        finding += f"; tail exponent {number(-slope)}"
    return Chart(
        "sizes",
        finding,
        "Share of the firms that have at least so many workers; both axes are logarithmic. A straight line is a power "
        "law, exponent 1 is Zipf's law.",
        f"{finding}. Share of firms of at least a size, falling from 100 % at one worker to "
        f"{number(float(mean[shown][-1]), 4)} % at {number(float(edges[shown][-1]), 0)} workers.",
        page,
        table(
            "Firm sizes in the last year",
            ("workers, at least", "% of firms"),
            [
                (figure(float(e), 1 if e % 1 else 0), figure(float(m)))
                for e, m in zip(edges[shown], mean[shown], strict=True)
            ],
            numbers=(0, 1),
        ),
    )


def _growth(ds: xr.Dataset) -> Chart:
    """Yearly growth of the cells, region by sector, with at least ten firms, where there are enough."""
    if not (is_there(ds, "sales") and is_there(ds, "firms")):
        raise CannotDraw("sales or firms are missing")
    when = years(ds)
    if len(when) < 2:
        raise CannotDraw("one period only")
    last = ds[["sales", "firms"]].isel(time=slice(-LAST - 1, None))
    sales, firms = recorded(last, "sales", "cell"), recorded(last, "firms", "cell")
    steps = np.diff(when[-LAST - 1 :])[:, None, None]
    enough = (sales[:, 1:] > 0.0) & (sales[:, :-1] > 0.0) & (firms[:, :-1] >= 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.diff(np.log(sales), axis=1) / steps
    # what all regions share is no difference between them
    middle = np.array([np.median(growth[enough])]) if enough.any() else np.zeros(1)
    values = 100.0 * (growth[enough] - middle)
    if values.size < GROWTHS or float(np.ptp(values)) == 0.0:
        raise CannotDraw("too few regions and sectors with ten firms")
    reach = float(np.quantile(np.abs(values), 0.995))
    edges = np.linspace(-reach, reach, BINS + 1)
    density = np.histogram(values, edges)[0] / values.size / (edges[1] - edges[0])
    centres = (edges[1:] + edges[:-1]) / 2.0
    width = float(np.abs(values).mean())  # scale of the Laplace distribution, and of nine in ten below
    laplace = np.exp(-np.abs(centres) / width) / (2.0 * width)
    spread = float(values.std())
    normal = np.exp(-0.5 * (centres / spread) ** 2) / (spread * np.sqrt(2.0 * np.pi))
    page = plot(HEIGHT, "growth of sales in a year, less the median, %", "density", y_axis_type="log")
    page.yaxis.formatter = NumeralTickFormatter(format="0.[0000000]")
    seen = density > 0.0
    floor = float(density[seen].min())
    dots = page.scatter(centres[seen], density[seen], color=VERMILION, size=7)
    shapes = []
    for name, curve, colour, dash in (
        ("tent (Laplace)", laplace, INK, "solid"),
        ("bell (normal)", normal, "#8a9098", "dashed"),
    ):
        above = curve >= floor / 2.0
        drawn = page.line(centres[above], curve[above], line_color=colour, line_width=1.8, line_dash=dash)
        shapes.append(LegendItem(name, colour, dash, (drawn,)))
    add_legend(page, [LegendItem("in the run", VERMILION, "dots", (dots,)), *shapes])
    point_at(page, [dots], "growth @x{0.0} % above the median:<br>density @y{0.0000}")
    nearer = (
        np.abs(np.log(density[seen] / laplace[seen])).mean()
        < np.abs(np.log(density[seen] / np.maximum(normal[seen], 1e-12))).mean()
    )
    shape = (
        "like a tent: booms and busts are more common than a bell curve allows"
        if nearer
        else "like a bell curve"
    )
    q = float(np.quantile(np.abs(values), 0.9))
    return Chart(
        "growth",
        f"Growth is distributed {shape}",
        "Yearly growth of sales of each sector in each region (with ten firms or more, last recorded years). Nine in "
        f"ten lie within ±{number(q, 0 if q >= 10 else 1)}\u00a0points of the median.",
        f"Density of growth, {values.size:,} observations, standard deviation {number(spread, 1)} points, "
        f"distributed {shape}.",
        page,
        table(
            "Distribution of yearly growth",
            ("growth less the median, %", "density", "Laplace", "normal"),
            [
                tuple(figure(float(v), 4 if i else 1) for i, v in enumerate(row))
                for row in zip(centres, density, laplace, normal, strict=True)
            ],
            numbers=range(4),
        ),
    )


def _between_regions(ds: xr.Dataset) -> Chart:
    """Regional wages against their mean, first and last year, regions in order."""
    wage = recorded(ds, "wage", "region")
    mean = recorded(ds, "wage", "economy")
    regions = wage.shape[2]
    if regions < REGIONS:
        raise CannotDraw("few regions")
    relative = 100.0 * wage / mean[:, :, None]
    when = years(ds)
    page = plot(HEIGHT, "share of the regions, poorest first, %", "wage, mean = 100")
    at = 100.0 * (np.arange(regions) + 0.5) / regions
    items, rows, gaps = [], [at], []
    chosen = ((0, "first year", "#8a9098", "dashed"), (-1, "last year", PURPLE, "solid"))
    for index, name, colour, dash in chosen if len(when) > 1 else chosen[1:]:
        ordered = np.sort(relative[:, index], axis=1)
        curve = mean_interval(ordered)[0]
        source = ColumnDataSource({"x": at, "y": curve, "name": [name] * regions})
        line = page.line("x", "y", source=source, line_color=colour, line_width=2.4, line_dash=dash)
        dots = page.scatter("x", "y", source=source, size=7, color=colour, alpha=0.0, hover_alpha=1.0)
        point_at(page, [dots], "@name: @x{0} % of the regions pay<br>less than <b>@y{0.0}</b>")
        items.append(LegendItem(name, colour, dash, (line, dots)))
        rows.append(curve)
        low, high = np.quantile(curve, [0.1, 0.9])
        gaps.append(float(high / low))
    add_legend(page, items)
    finding = f"Wages at the 90th percentile of regions are {number(gaps[-1])} times those at the 10th"
    if len(gaps) > 1:
        finding += f" (first year: {number(gaps[0])})"
    return Chart(
        "regional-wages",
        finding,
        "Wages of the regions, each against the mean of all workers, from the poorest region to the richest. The "
        "steeper, the more unequal.",
        f"{finding}.",
        page,
        table(
            "Wages of the regions, mean of all workers = 100",
            ("% of the regions, poorest first", *(item.name for item in items)),
            [tuple(figure(float(v), 1) for v in row) for row in zip(*rows, strict=True)],
            numbers=range(len(rows)),
        ),
    )


def _inequality(ds: xr.Dataset) -> Chart:
    """Theil index of sales per worker between regions, of `ds.tp`."""
    from technopole.indicators import theil

    if not (is_there(ds, "sales") and is_there(ds, "employment")) or int(ds.sizes["region"]) < 2:
        raise CannotDraw("sales or employment are missing")
    workers = ds["employment"].sum("sector")
    worth = ds["sales"].sum("sector") / workers.where(workers > 0.0)
    index = theil(worth, weights=workers)
    for dim in ("replicate", "time"):
        if dim not in index.dims:
            index = index.expand_dims(dim)
    values = np.asarray(index.transpose("replicate", "time").values)
    when = years(ds)
    if len(when) < 2:
        raise CannotDraw("one period only")
    mean = mean_interval(values)[0]
    first, last = (1000.0 * float(mean[at]) for at in (0, -1))
    how = "grows" if last > 1.05 * first else "shrinks" if last < 0.95 * first else "hardly changes"
    return trend_chart(
        "theil",
        f"Inequality between regions {how}: Theil index from {number(first)} to {number(last)} thousandths",
        "Theil index of sales per worker between regions, weighted by workers, in thousandths; 0 = all regions alike.",
        when,
        [Named("Theil index", 1000.0 * values, ORANGE)],
        "thousandths",
    )


def _productivity_spread(ds: xr.Dataset) -> Chart:
    spread = recorded(ds, "productivity_sd")
    when = years(ds)
    if len(when) < 2:
        raise CannotDraw("one period only")
    ratio = np.exp(2.0 * 1.2816 * spread)
    last = float(mean_interval(ratio)[0][-1])
    return trend_chart(
        "firm-gap",
        f"In a sector, a firm near the top is {number(last, 1)} times as productive as one near the bottom",
        "Productivity at the 90th percentile over that at the 10th within sectors, taken from the standard deviation "
        "of logarithms as if it were a bell curve.",
        when,
        [Named("90/10 ratio", ratio, GREEN)],
        "ratio",
    )


_SUBJECTS: tuple[Callable[[Any], Chart], ...] = (
    _sizes,
    _growth,
    _productivity_spread,
    _between_regions,
    _inequality,
)
