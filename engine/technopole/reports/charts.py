"""The charts of a report, made with Bokeh: lines with bands, intervals, layers, bars, points.

All have the same look. Axes and texts are drawn in dark ink on nothing; the page turns them light where it is dark.
This module imports Bokeh; it is imported only when a report is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from bokeh.models import (
    BasicTickFormatter,
    ColumnDataSource,
    FactorRange,
    FixedTicker,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure

from technopole.figures.palette import BLUE, GRID, INK, SOFT
from technopole.figures.words import FEW
from technopole.results.arrays import Floats
from technopole.results.numbers import mean_interval

HEIGHT = 290
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MIDDLE = (0.05, 0.95)
"""The outer band holds nine in ten replicates."""
MANY_RUNS = 20
"""Replicates from which on the outer band is drawn: of fewer, nine in ten cannot be told from all."""


MARKS = {"circle": 11, "square": 11, "diamond": 15, "triangle": 13}
"""Marks by their size in pixels, so that all look equally large."""


@dataclass(frozen=True)
class Line:
    """A series with its bands.

    Attributes
    ----------
    name : str
        In the legend.
    mean : ndarray, shape (time,)
    low, high : ndarray, shape (time,), optional
        Confidence interval of the mean, or what `band` says.
    least, most : ndarray, shape (time,), optional
        Where nine in ten replicates lie.
    colour : str
    dash : str
        As Bokeh names it.
    band : str
        What lies between `low` and `high`.
    """

    name: str
    mean: Floats
    low: Floats | None = None
    high: Floats | None = None
    least: Floats | None = None
    most: Floats | None = None
    colour: str = BLUE
    dash: str = "solid"
    band: str = "95 % interval"


class LegendItem(NamedTuple):
    """An entry of a legend."""

    name: str
    colour: str
    look: str
    """``solid``, ``dashed``, ``dots`` or ``area``."""
    renderers: tuple[Any, ...]
    hides: bool = True
    """Readers may hide what it stands for."""


@dataclass(frozen=True)
class Interval:
    """A row of a chart of intervals: a point with its confidence interval."""

    label: str
    value: float
    low: float
    high: float
    colour: str = BLUE
    marker: str = "circle"
    text: str = ""
    """The numbers in words, shown when the row is pointed at."""


def replicate_line(name: str, values: Floats, colour: str = BLUE, dash: str = "solid") -> Line:
    """Return a series of the replicates: mean, interval and spread.

    Parameters
    ----------
    name : str
        In the legend.
    values : ndarray, shape (replicate, time)
        NaN: nothing there.
    colour, dash : str
        Look.

    Returns
    -------
    Line
        Without bands if there are too few replicates (`FEW`).
    """
    mean, half = mean_interval(values)
    if len(values) < FEW or not np.isfinite(half).any():
        return Line(name, mean, colour=colour, dash=dash)
    if len(values) < MANY_RUNS:
        return Line(name, mean, mean - half, mean + half, colour=colour, dash=dash)
    filled = np.where(np.isfinite(values), values, np.nan)
    empty = ~np.isfinite(filled).any(axis=0)
    least, most = np.nanquantile(np.where(empty, 0.0, filled), MIDDLE, axis=0)
    least[empty] = most[empty] = np.nan
    return Line(name, mean, mean - half, mean + half, least, most, colour, dash)


def plot(height: int = HEIGHT, x_label: str = "", y_label: str = "", **options: Any) -> Any:
    """Return an empty figure with the common look."""
    page = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        output_backend="svg",
        background_fill_alpha=0.0,
        border_fill_alpha=0.0,
        outline_line_color=None,
        min_border_right=12,
        min_border_left=8,
        x_axis_label=x_label or None,
        y_axis_label=y_label or None,
        **options,
    )
    page.xgrid.grid_line_color = None
    page.ygrid.grid_line_color = GRID
    page.axis.axis_line_color = "#9aa0a6"
    page.axis.major_tick_line_color = "#9aa0a6"
    page.axis.minor_tick_line_color = None
    page.axis.major_label_text_color = INK
    page.axis.major_label_text_font_size = "13px"
    page.axis.major_label_text_font = FONT
    page.axis.axis_label_text_color = SOFT
    page.axis.axis_label_text_font_size = "13px"
    page.axis.axis_label_text_font_style = "normal"
    page.axis.axis_label_text_font = FONT
    page.yaxis.axis_line_color = None
    page.yaxis.major_tick_line_color = None
    return page


def point_at(page: Any, renderers: Sequence[Any], tooltips: str, mode: str = "mouse") -> None:
    """Show values where the reader points."""
    page.add_tools(
        HoverTool(renderers=list(renderers), tooltips=tooltips, mode=mode, attachment="horizontal")
    )


def big_numbers(axis: Any, largest: float) -> None:
    """Write thousands and millions so that they can be read."""
    if largest >= 2e6:
        axis.formatter = NumeralTickFormatter(format="0.[0]a")
    elif largest >= 1000.0:
        axis.formatter = NumeralTickFormatter(format="0,0")


def lines(
    when: Floats,
    series: Sequence[Line],
    y_label: str,
    x_label: str = "year of the run",
    height: int = HEIGHT,
    zero: bool = False,
    digits: str = "0,0.[000]",
) -> Any:
    """Draw series with bands against time.

    Parameters
    ----------
    when : ndarray, shape (time,)
        Years.
    series : sequence of Line
        Several have a legend.
    y_label, x_label : str
        Of the axes.
    height : int
        Pixels.
    zero : bool
        Draw the line of zero.
    digits : str
        Format of numbers pointed at.

    Returns
    -------
    bokeh figure
    """
    page = plot(height, x_label, y_label)
    if zero:
        page.add_layout(Span(location=0.0, dimension="width", line_color=SOFT, line_width=1))
    items, pointed = [], []
    lone = len(when) == 1
    for line in series:
        data = {"x": when, "y": line.mean, "name": [line.name] * len(when)}
        drawn = []
        for low, high, alpha in ((line.least, line.most, 0.13), (line.low, line.high, 0.30)):
            if low is not None and high is not None and not lone:
                source = ColumnDataSource({"x": when, "low": low, "high": high})
                drawn.append(
                    page.varea("x", "low", "high", source=source, fill_color=line.colour, fill_alpha=alpha)
                )
        if line.low is not None and line.high is not None:
            data |= {"low": line.low, "high": line.high}
        source = ColumnDataSource(data)
        drawn.append(
            page.line("x", "y", source=source, line_color=line.colour, line_width=2.4, line_dash=line.dash)
        )
        # marks that cannot be seen: a line alone is hard to hit
        marks = page.scatter(
            "x", "y", source=source, size=9, color=line.colour, alpha=1.0 if lone else 0.0, hover_alpha=0.9
        )
        drawn.append(marks)
        pointed.append(marks)
        items.append(LegendItem(line.name, line.colour, line.dash, tuple(drawn)))
    banded = all(line.low is not None for line in series)
    interval = f"<br>{series[0].band} @low{{{digits}}} to @high{{{digits}}}" if banded else ""
    name = "<b>@name</b><br>" if len(series) > 1 else ""
    point_at(page, pointed, f"{name}year @x{{0.[0]}}: <b>@y{{{digits}}}</b>{interval}")
    if len(series) > 1:
        add_legend(page, items)
    largest = max((float(np.nanmax(np.abs(s.mean))) for s in series if np.isfinite(s.mean).any()), default=0)
    big_numbers(page.yaxis, largest)
    return page


def add_legend(page: Any, items: Sequence[LegendItem]) -> None:
    """Note what is in the legend; the page writes it, as text that can be read and keys that can be pressed.

    Parameters
    ----------
    page : bokeh figure
        Gets the entries as its tags.
    items : sequence of LegendItem
        Their renderers get the number of the entry as their name, by which the page hides them.
    """
    page.tags = [[item.name, item.colour, item.look, item.hides] for item in items]
    for index, item in enumerate(items):
        for renderer in item.renderers:
            renderer.name = f"series {index}"


def intervals(
    rows: Sequence[Interval],
    x_label: str,
    zero: bool = True,
    band: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    ticks: bool | dict[float, str] = True,
) -> Any:
    """Draw one point with its interval per row, the first on top.

    Parameters
    ----------
    rows : sequence of Interval
        Labels are unique; a value that is not finite leaves its row empty.
    x_label : str
        Of the axis.
    zero : bool
        Draw the line of zero.
    band : (float, float), optional
        Shaded range.
    limits : (float, float), optional
        Of the axis.
    ticks : bool or dict
        Numbers at the axis, or words at some places of it.

    Returns
    -------
    bokeh figure
    """
    labels = [row.label for row in rows]
    if len(set(labels)) < len(labels):
        raise ValueError(f"labels are not unique: {labels}")
    options: dict[str, Any] = {"y_range": FactorRange(factors=labels[::-1])}
    if limits is not None:
        options["x_range"] = Range1d(*limits)
    page = plot(70 + (30 if len(rows) <= 20 else 24) * len(rows), x_label, **options)
    page.xgrid.grid_line_color = GRID
    page.ygrid.grid_line_color = None
    if band is not None:
        ends = {"left": [band[0]], "right": [band[1]], "bottom": [0], "top": [len(rows)]}
        page.quad(**ends, fill_color="#009E73", fill_alpha=0.16, line_color=None)
    if zero:
        page.add_layout(Span(location=0.0, dimension="height", line_color=SOFT, line_width=1.5))
    data = ColumnDataSource(
        {
            "label": labels,
            "value": [row.value for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "colour": [row.colour for row in rows],
            "marker": [row.marker for row in rows],
            "size": [MARKS.get(row.marker, 11) for row in rows],
            "text": [row.text for row in rows],
        }
    )
    page.segment(
        x0="low", x1="high", y0="label", y1="label", source=data, line_color="colour", line_width=3.0
    )
    marks = page.scatter(
        x="value",
        y="label",
        source=data,
        size="size",
        marker="marker",
        fill_color="colour",
        line_color="white",
        line_width=1.2,
    )
    point_at(page, [marks], "<b>@label</b><br>@text")
    page.xaxis.ticker.desired_num_ticks = 4
    page.xaxis.formatter = BasicTickFormatter(use_scientific=False)
    if isinstance(ticks, dict):
        page.xaxis.ticker = FixedTicker(ticks=list(ticks))
        page.xaxis.major_label_overrides = ticks
    elif not ticks:
        page.xaxis.major_label_text_font_size = "0px"
        page.xaxis.major_tick_line_color = None
    page.yaxis.axis_line_color = None
    return page
