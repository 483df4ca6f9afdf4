"""Maps: regions as circles at their positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import BasicTicker, ColorBar, ColumnDataSource, DataRange1d, Label, LinearColorMapper

from technopole.figures_data import Floats
from technopole.figures_palette import BOTH_WAYS_COLOURS, INK, RISING_COLOURS, SOFT
from technopole.figures_places import Places, components
from technopole.figures_words import number, short
from technopole.report_charts import FONT, plot, point_at

MANY = 30
"""Regions from which on the colours span the middle 90 %, as extremes are mostly chance."""
LARGEST = 52.0
"""Diameter of the largest mark in pixels."""
INSETS = 4
LABELS = 8


def map_model(
    where: Places, size: Floats, values: Floats, names: list[str], unit: str, digits: int, wide: bool
) -> Any:
    """Draw regions at their positions: size by workers, colour by a value; far ones in boxes below.

    Parameters
    ----------
    where : Places
        Positions.
    size, values : ndarray, shape (region,)
        Workers; what the colours show.
    names : list of str
        Of the regions.
    unit : str
        Of the values.
    digits : int
        Decimals of the values.
    wide : bool
        Large, with names.

    Returns
    -------
    bokeh figure
    """
    points, boxes, titles = _arranged(where, names, size)
    known = np.isfinite(points).all(axis=1)
    page = plot(
        500 if wide else 310,
        x_range=DataRange1d(range_padding=0.12),
        y_range=DataRange1d(range_padding=0.2),
        match_aspect=True,
    )
    page.axis.visible = False
    page.grid.visible = False
    mapper = _mapper(values)
    if len(boxes):
        page.quad(
            left=boxes[:, 0],
            bottom=boxes[:, 1],
            right=boxes[:, 2],
            top=boxes[:, 3],
            fill_color="#8a9098",
            fill_alpha=0.10,
            line_color="#b9bec4",
        )
    order = np.flatnonzero(known)[np.argsort(-size[known], kind="stable")]
    largest = LARGEST * (1.0 if wide else 0.62) * min(1.0, (60.0 / len(size)) ** 0.25)
    diameter = np.maximum(largest * np.sqrt(size / max(float(size.max()), 1e-300)), 4.0)
    source = ColumnDataSource(
        {
            "x": points[order, 0],
            "y": points[order, 1],
            "size": diameter[order],
            "value": values[order],
            "name": [names[region] for region in order],
            "text": [number(float(values[region]), digits) for region in order],
            "workers": [number(float(size[region]), 0) for region in order],
        }
    )
    marks = page.scatter(
        "x",
        "y",
        size="size",
        source=source,
        fill_color={"field": "value", "transform": mapper},
        fill_alpha=0.95,
        line_color="#8a9098",
        line_width=0.8,
    )
    point_at(page, [marks], f"<b>@name</b><br>@text {unit}<br>@workers workers")
    if wide:
        per_pixel = max(float(np.ptp(points[known, 0])) / 900.0, float(np.ptp(points[known, 1])) / 380.0)
        _names(page, points, diameter, order, names, mapper, values, per_pixel)
    for box, title in zip(boxes, titles, strict=True):
        _label(page, (box[0] + box[2]) / 2.0, box[1], title, "bottom", SOFT, 4.0, "11px")
    bar = ColorBar(
        color_mapper=mapper,
        orientation="horizontal",
        width="auto",
        height=10,
        title=unit,
        title_text_font=FONT,
        title_text_font_style="normal",
        title_text_font_size="13px",
        title_text_color=SOFT,
        title_standoff=4,
        major_label_text_font=FONT,
        major_label_text_font_size="13px",
        major_label_text_color=INK,
        major_tick_line_color=None,
        background_fill_alpha=0.0,
        ticker=BasicTicker(desired_num_ticks=5 if wide else 4),
        padding=4,
        margin=0,
    )
    page.add_layout(bar, "below")
    return page


def _mapper(values: Floats) -> LinearColorMapper:
    """Return a scale of one colour if all values have one sign, otherwise one that diverges from zero."""
    finite = values[np.isfinite(values)]
    low, high = (float(v) for v in np.percentile(finite, [5.0, 95.0] if finite.size > MANY else [0.0, 100.0]))
    if low < 0.0 < high:
        reach = max(-low, high)
        return LinearColorMapper(
            palette=_ramp(BOTH_WAYS_COLOURS), low=-reach, high=reach, nan_color="#b8bdc2"
        )
    if high - low < 1e-9 * max(abs(high), 1.0):
        low, high = low - 0.5, high + 0.5
    colours = _ramp(RISING_COLOURS if low >= 0.0 else RISING_COLOURS[::-1])
    return LinearColorMapper(palette=colours, low=low, high=high, nan_color="#b8bdc2")


def _ramp(colours: list[str], steps: int = 128) -> list[str]:
    """Return colours between the given ones."""
    table = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], dtype=float)
    at = np.linspace(0.0, len(colours) - 1.0, steps)
    mixed = np.array([np.interp(at, np.arange(len(colours)), table[:, part]) for part in range(3)]).T
    return ["#{:02x}{:02x}{:02x}".format(*(int(round(part)) for part in row)) for row in mixed]


def _arranged(where: Places, names: list[str], size: Floats) -> tuple[Floats, Floats, list[str]]:
    """Return positions on the page, boxes of far regions (n, 4), and their titles."""
    points = where.points * [where.squeeze, 1.0]
    groups = components(where)
    main, others = groups[0], groups[1 : 1 + INSETS]
    hidden = [region for group in groups[1 + INSETS :] for region in group]
    points[hidden] = np.nan
    if not others:
        return points, np.empty((0, 4)), []
    low, high = points[main].min(axis=0), points[main].max(axis=0)
    side = 0.13 * (high - low).max()
    boxes, titles = [], []
    for index, group in enumerate(others):
        left = low[0] + index * 1.12 * side
        box = np.array([left, low[1] - 1.25 * side, left + side, low[1] - 0.25 * side])
        extent = max(float(np.ptp(points[group], axis=0).max()), 1e-9)
        scale = 0.5 * side / extent if len(group) > 1 else 0.0
        middle = (points[group].min(axis=0) + points[group].max(axis=0)) / 2.0
        centre = np.array([(box[0] + box[2]) / 2.0, box[1] + 0.58 * side])
        points[group] = centre + scale * (points[group] - middle)
        boxes.append(box)
        largest = group[int(np.argmax(size[group]))]
        titles.append(short(names[largest], 12) + (f" +{len(group) - 1}" if len(group) > 1 else ""))
    return points, np.array(boxes), titles


def _names(
    page: Any,
    points: Floats,
    diameter: Floats,
    order: Any,
    names: list[str],
    mapper: LinearColorMapper,
    values: Floats,
    per_pixel: float,
) -> None:
    """Write the names of the largest regions into their marks or below; none that would cover another."""
    written: list[tuple[float, float, float]] = []
    for region in order[:LABELS]:
        name = short(names[region].partition(" (")[0], 16)
        x, y = (float(v) for v in points[region])
        reach = (3.4 * len(name) + 3.0) * per_pixel
        height = y - 0.5 * diameter[region] * per_pixel
        if any(
            abs(x - other) < reach + width and abs(height - level) < 16.0 * per_pixel
            for other, level, width in written
        ):
            continue
        written.append((x, height, reach))
        if 6.3 * len(name) < diameter[region] - 2.0:
            low, high = float(mapper.low or 0.0), float(mapper.high or 1.0)
            share = float(np.nan_to_num(values[region]) - low) / (high - low)
            dark = share > 0.5 if low >= 0.0 else abs(share - 0.5) > 0.3
            _label(page, x, y, name, "middle", "white" if dark else INK, 0.0)
        else:
            _label(page, x, y, name, "top", INK, -diameter[region] / 2.0)


def _label(
    page: Any, x: float, y: float, text: str, baseline: str, colour: str, offset: float, size: str = "12px"
) -> None:
    page.add_layout(
        Label(
            x=x,
            y=y,
            text=text,
            text_align="center",
            text_baseline=baseline,
            text_color=colour,
            text_font=FONT,
            text_font_size=size,
            y_offset=offset,
            name="place" if size == "12px" else "box",
        )
    )
