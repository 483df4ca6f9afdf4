"""Maps: regions as circles at their positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import BasicTicker, ColorBar, ColumnDataSource, DataRange1d, Label, LinearColorMapper
from numpy.typing import NDArray

from technopole.figures.palette import BOTH_WAYS_COLOURS, INK, RISING_COLOURS, SOFT
from technopole.figures.places import Places, components
from technopole.figures.words import number, short
from technopole.reports.charts import FONT, plot, point_at
from technopole.results.arrays import Floats

MANY = 30
"""Regions from which on the colours span the middle 90 %, as extremes are mostly chance."""
LARGEST = 52.0
"""Diameter of the largest mark in pixels."""
INSETS = 4
LABELS = 12
COVERED = 0.05
"""Share of a name that may lie over others; names of the extremes are written all the same."""


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
    points, boxes, titles, boxed = _arranged(where, names, size)
    known = np.isfinite(points).all(axis=1)
    page = plot(
        500 if wide else 310,
        x_range=DataRange1d(range_padding=0.12),
        y_range=DataRange1d(range_padding=0.26),
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
        per_pixel = max(float(np.ptp(points[known, 0])) / 900.0, float(np.ptp(points[known, 1])) / 330.0)
        _names(page, points, diameter, order, boxed, names, mapper, values, per_pixel)
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


def _arranged(
    where: Places, names: list[str], size: Floats
) -> tuple[Floats, Floats, list[str], NDArray[np.int64]]:
    """Return positions on the page, boxes of far regions (n, 4), their titles, and the regions in them."""
    points = where.points * [where.squeeze, 1.0]
    groups = components(where)
    main, others = groups[0], groups[1 : 1 + INSETS]
    hidden = [region for group in groups[1 + INSETS :] for region in group]
    points[hidden] = np.nan
    if not others:
        return points, np.empty((0, 4)), [], np.empty(0, dtype=np.int64)
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
        more = f" +{len(group) - 1}" if len(group) > 1 else ""
        titles.append(short(names[largest], 12 - len(more)) + more)
    return points, np.array(boxes), titles, np.concatenate(others)


def _names(
    page: Any,
    points: Floats,
    diameter: Floats,
    order: NDArray[np.int64],
    boxed: NDArray[np.int64],
    names: list[str],
    mapper: LinearColorMapper,
    values: Floats,
    per_pixel: float,
) -> None:
    """Write names: of the extremes, which the heading names, then of the largest regions that leave room."""
    free = order[~np.isin(order, boxed)]
    finite = order[np.isfinite(values[order])]
    named = (finite[np.argmin(values[finite])], finite[np.argmax(values[finite])]) if finite.size else ()
    extremes = [region for region in dict.fromkeys(named) if region in free]
    pixels = points / per_pixel
    marks = np.column_stack([pixels - diameter[:, None] / 2.0, pixels + diameter[:, None] / 2.0])
    written = np.empty((0, 4))
    for region in [
        *dict.fromkeys(extremes),
        *(region for region in order[:LABELS] if region not in extremes),
    ]:
        name = short(names[region].partition(" (")[0], 16)
        half = np.array([3.5 * len(name) + 2.0, 8.0])
        offsets = _offsets(half, float(diameter[region]))
        boxes = [np.concatenate([pixels[region] + at - half, pixels[region] + at + half]) for at in offsets]
        others = np.delete(marks[order], np.flatnonzero(order == region), axis=0)
        covered = [10.0 * _overlap(box, written) + _overlap(box, others) for box in boxes]
        best = int(np.argmin(np.array(covered) + 0.02 * np.arange(len(boxes))))
        if _overlap(boxes[best], written) > COVERED and region not in extremes:
            continue
        written = np.vstack([written, boxes[best]])
        inside = not offsets[best].any()
        colour = "white" if inside and _is_dark(float(values[region]), mapper) else INK
        x, y = (float(v) for v in points[region])
        _label(page, x, y, name, "middle", colour, float(offsets[best][1]), x_offset=float(offsets[best][0]))


def _offsets(half: Floats, diameter: float) -> list[Floats]:
    """Return where a name of a size may stand, in pixels from the middle of its mark, the best place first."""
    aside, above = diameter / 2.0 + 3.0 + half[0], diameter / 2.0 + half[1]
    places = [(0.0, -above), (0.0, above), (aside, 0.0), (-aside, 0.0)]
    places += [(x * 0.8 * aside, y * above) for x in (1.0, -1.0) for y in (-1.0, 1.0)]
    return [np.array(place) for place in [(0.0, 0.0)] * bool(2.0 * half[0] < diameter) + places]


def _overlap(box: Floats, others: Floats) -> float:
    """Return the share of a box that others cover, summed over them."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return float(np.clip(high - low, 0.0, None).prod(axis=1).sum() / (box[2:] - box[:2]).prod())


def _is_dark(value: float, mapper: LinearColorMapper) -> bool:
    low, high = float(mapper.low or 0.0), float(mapper.high or 1.0)
    share = (float(np.nan_to_num(value)) - low) / (high - low)
    return share > 0.5 if low >= 0.0 else abs(share - 0.5) > 0.3


def _label(
    page: Any,
    x: float,
    y: float,
    text: str,
    baseline: str,
    colour: str,
    offset: float,
    size: str = "12px",
    x_offset: float = 0.0,
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
            x_offset=x_offset,
            y_offset=offset,
            name="place" if size == "12px" else "box",
        )
    )
