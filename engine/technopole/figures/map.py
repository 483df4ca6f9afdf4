"""Map of the regions: marks of the size of employment in the colour of productivity growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from technopole.figures.labels import halo, place_labels
from technopole.figures.map_keys import LEFT, MANY, colour_key, faces, growth_range, growth_scale, size_key
from technopole.figures.places import Places, components, positions
from technopole.figures.style import DPI, SOFT, WIDTH, Page, number, short
from technopole.figures.words import within
from technopole.results.arrays import CannotDraw, Floats, array, region_names, years
from technopole.results.numbers import mean_interval, weighted_mean, yearly_growth
from technopole.results.summary import productivity_growth

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_MARK = 21.0  # points, radius
EDGE = LARGEST_MARK / 72.0 + 0.12  # inches between the outermost regions and the frame
LABELS = 10
INSETS = 4
LOWEST, HIGHEST = 3.4, 6.2  # inches, height of the map itself
BOTTOM, BOX_WIDTH = 1.44, 0.913  # inches, fraction of the page
INSET = (0.98, 0.68)  # inches


def draw_map(ds: xr.Dataset, note: str) -> Figure:
    """Draw the regions at their positions.

    Parameters
    ----------
    ds : xarray.Dataset
        With `employment` and `productivity` (replicate, time, region, sector) and the positions of the
        regions as coordinates `latitude` and `longitude` (degrees) or `x` and `y`. Sectors are weighted by
        `sales` if they were recorded, as in the table of results, otherwise by employment.
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If a variable or all positions are missing, there are fewer than two regions, or nobody works.
    """
    dims = ("replicate", "time", "region", "sector")
    employment, productivity = array(ds, "employment", *dims), array(ds, "productivity", *dims)
    when = years(ds)
    weight = array(ds, "sales", *dims) if "sales" in ds else employment
    growth_of_worlds = yearly_growth(weighted_mean(productivity, weight, axis=3), when)
    growth = 100.0 * mean_interval(growth_of_worlds)[0]
    size = np.nan_to_num(mean_interval(np.nansum(employment[:, -1], axis=2))[0])
    places = positions(ds)
    names = region_names(ds)
    known = np.asarray(np.isfinite(places.points).all(axis=1))
    if known.sum() < 2:
        raise CannotDraw("fewer than two regions with a position")
    if not size[known].any():
        raise CannotDraw("no employment in the last period")
    groups = components(places)
    main, others = groups[0], groups[1:]

    height = _box_height(places, main) + BOTTOM + 0.75  # with room for title and subtitle
    if "sales" in ds:
        whole = float(mean_interval(productivity_growth(ds))[0])
    else:
        whole = float(weighted_mean(growth, np.maximum(size, 1e-300), axis=0))
    kind = "sales" if "sales" in ds else "employment"
    page = Page(_title(growth, whole, size, names), _subtitle(when, known, others, kind), note, height)
    axes = page.axes(LEFT, BOX_WIDTH, BOTTOM, top_gap=0.06)
    corner = _limits(axes, places, main, len(others[:INSETS]))
    norm, colours = growth_scale(growth)
    radii = LARGEST_MARK * min(1.0, (60.0 / len(size)) ** 0.25) * np.sqrt(size / max(size.max(), 1e-300))
    _marks(axes, places.points, main, radii, growth, norm, colours)
    _graticule(axes, places)
    named = _extremes(growth)
    blocked = _insets(axes, places, others[:INSETS], corner, (radii, growth, norm, colours), names, named)
    order = main[np.argsort(-size[main], kind="stable")]
    order = order[size[order] > 0.0]
    # those that the title names are labelled first, and always
    order = np.concatenate([order[np.isin(order, named)], order[~np.isin(order, named)]])
    names_shown = [short(names[region]) for region in order[: LABELS + len(named)]]
    inside = faces(growth[order], norm, colours)
    place_labels(axes, places.points[order], radii[order], names_shown, blocked, faces=inside)
    size_key(page, size, radii)
    if np.isfinite(growth).any():
        colour_key(page, growth, norm, colours, len(employment))
    return page.figure


def _box_height(places: Places, main: NDArray[np.int64]) -> float:
    """Return the height of the map in inches that suits the extent of the regions."""
    extent = np.ptp(places.points[main], axis=0) * [places.squeeze, 1.0]
    across = BOX_WIDTH * WIDTH
    wanted = across * extent[1] / extent[0] if extent[0] > 0.0 else HIGHEST
    return float(np.clip(wanted + 2.0 * EDGE, LOWEST, HIGHEST))


def _limits(axes: Axes, places: Places, main: NDArray[np.int64], insets: int) -> tuple[float, float]:
    """Set limits that fill the axes at the right aspect; return the free corner, 0 or 1 in x and in y."""
    points = places.points[main]
    box = axes.get_position()
    width, height = box.width * WIDTH, box.height * _height(axes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = (high - low) * [places.squeeze, 1.0]
    scale = max(extent[0] / (width - 2 * EDGE), extent[1] / (height - 2 * EDGE))  # units of y per inch
    scale = scale if scale > 0.0 else 1.0
    half = scale * np.array([width / places.squeeze, height]) / 2.0
    middle = (low + high) / 2.0
    corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    best = corners[0]
    if insets:
        inch = (points - (middle - half)) / (2 * half) * [width, height]
        room = np.array([0.1 + insets * (INSET[0] + 0.06), INSET[1] + 0.2]) + 0.12
        hit = [
            int((np.abs(inch - np.array(corner) * [width, height]) < room).all(axis=1).sum())
            for corner in corners
        ]
        best = corners[int(np.argmin(hit))]
        if min(hit):  # no free corner: make room below
            best = corners[0]
            grown = scale * height / (height - room[1])
            half, middle = half * grown / scale, middle - [0.0, grown * room[1] / 2.0]
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    return best


def _height(axes: Axes) -> float:
    """Return the height of the page, inches."""
    return float(axes.get_figure(root=True).get_figheight())  # type: ignore[union-attr]


def _marks(
    axes: Axes,
    points: Floats,
    which: NDArray[np.int64],
    radii: Floats,
    growth: Floats,
    norm: Normalize,
    colours: LinearSegmentedColormap,
) -> None:
    """Draw circles, the large ones first; regions without growth are grey."""
    order = which[np.argsort(-radii[which], kind="stable")]
    area = (2.0 * np.maximum(radii[order], 1.2)) ** 2
    axes.scatter(
        points[order, 0],
        points[order, 1],
        s=area,
        c=faces(growth[order], norm, colours),
        edgecolors="white",
        linewidths=0.8,
        alpha=0.95,
        zorder=3,
    )


def _graticule(axes: Axes, places: Places) -> None:
    axes.set_facecolor("#f6f7f8")
    axes.grid(color="white", linewidth=1.2)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=SOFT)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if places.degrees:
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _: _degrees((value + 180) % 360 - 180, "E", "W"))
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _degrees(value, "N", "S")))
    else:
        axes.set_xlabel("x, km", size=8, color=SOFT, labelpad=1)
        axes.set_ylabel("y, km", size=8, color=SOFT, labelpad=1)


def _degrees(value: float, positive: str, negative: str) -> str:
    side = positive if value > 0 else negative if value < 0 else ""
    return f"{abs(value):g}°{side}"


def _insets(
    axes: Axes,
    places: Places,
    groups: list[NDArray[np.int64]],
    corner: tuple[float, float],
    look: tuple[Floats, Floats, Normalize, LinearSegmentedColormap],
    names: list[str],
    named: list[int],
) -> Floats:
    """Draw each group of outliers in a small box in the corner; return the boxes in pixels, shape (n, 4)."""
    box = axes.get_position()
    tall = _height(axes)
    width, height = INSET[0] / WIDTH, INSET[1] / tall
    step, edge = width + 0.06 / WIDTH, 0.08 / WIDTH
    blocked = []
    for index, group in enumerate(groups):
        slot = index if corner[0] == 0.0 else len(groups) - 1 - index
        left = box.x0 + edge + slot * step if corner[0] == 0.0 else box.x1 - edge - width - slot * step
        bottom = box.y0 + 0.08 / tall if corner[1] == 0.0 else box.y1 - 0.08 / tall - height
        inset = axes.figure.add_axes((left, bottom, width, height))
        inset.set(xticks=[], yticks=[], facecolor="#eceef0")
        inset.spines[:].set(color="#c4c8cc", linewidth=0.8)
        points = places.points[group]
        extent = max(float((np.ptp(points, axis=0) * [places.squeeze, 1.0]).max()), 1e-6) / 0.35
        middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
        across = extent * INSET[0] / INSET[1] / places.squeeze
        inset.set_xlim(middle[0] - across / 2, middle[0] + across / 2)
        inset.set_ylim(middle[1] - 0.62 * extent, middle[1] + 0.38 * extent)
        _marks(inset, places.points, group, *look)
        largest = group[int(np.argmax(look[0][group] + np.isin(group, named) * 1e3))]
        more = f" +{len(group) - 1}" if len(group) > 1 else ""
        text = inset.text(
            0.5, 0.05, "", transform=inset.transAxes, ha="center", size=7.5, path_effects=halo()
        )
        for letters, points_high in ((24, 7.5), (24, 7.0), (24, 6.5), *((n, 6.5) for n in range(23, 3, -1))):
            text.set(text=short(names[largest], letters) + more, size=points_high)
            if text.get_window_extent().width <= 0.95 * INSET[0] * DPI:
                break
        blocked.append(
            np.array([left, bottom, left + width, bottom + height]) * DPI * [WIDTH, tall, WIDTH, tall]
        )
    return np.array(blocked).reshape(-1, 4)


def _extremes(growth: Floats) -> list[int]:
    """Return the regions of the lowest and the highest growth, which the title names; none if there are many."""
    finite = int(np.isfinite(growth).sum())
    return [int(np.nanargmin(growth)), int(np.nanargmax(growth))] if 0 < finite <= MANY else []


def _title(growth: Floats, whole: float, size: Floats, names: list[str]) -> str:
    if not np.isfinite(growth).any():
        largest = int(np.argmax(size))
        share = 100.0 * size[largest] / max(float(size.sum()), 1e-300)
        name = short(names[largest], 30)
        return f"{name} is the largest of {len(size)} regions with {share:.0f}\u00a0% of employment"
    verb = "grows" if whole > 0.0 else "falls"
    change = f"{verb} by {number(abs(whole))}\u00a0% a year" if abs(whole) >= 0.005 else "hardly changes"
    extremes = _extremes(growth)
    if not extremes:
        low, high = (number(value) for value in growth_range(growth))
        return f"Productivity {change}; in 90\u00a0% of the regions between {low} and {high}\u00a0%"
    slowest, fastest = (
        f"{number(float(growth[region]))}\u00a0% ({within(names[region])})" for region in extremes
    )
    return f"Productivity {change}, from {slowest} to {fastest}"


def _subtitle(when: Floats, known: NDArray[np.bool_], others: list[NDArray[np.int64]], weight: str) -> str:
    parts = [f"{len(known)} regions"]
    if len(when) > 1:
        parts.append(f"growth of {weight}-weighted productivity, years {when[0]:g} to {when[-1]:g}")
    if others:
        parts.append("boxed: far from the others, not in place")
    left_out = int((~known).sum()) + sum(len(group) for group in others[INSETS:])
    if left_out:
        parts.append(f"{left_out} without a position or too far away not shown")
    return "; ".join(parts)
