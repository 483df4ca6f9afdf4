"""Figures of firms over time: entry and exit, knowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from technopole.figures.labels import Label, end_labels, halo, place_labels
from technopole.figures.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SOFT,
    VERMILION,
    YEAR,
    Page,
    number,
    plain_axes,
    series,
    short,
    signed,
    time_axis,
    with_bands,
)
from technopole.results.arrays import CannotDraw, Floats, array, high_tech, period_years, region_names, years
from technopole.results.numbers import LAST, correlation, mean_interval, ratio, weighted_mean
from technopole.schema.entries import counted
from technopole.schema.variables import CELL

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHANNELS = (("quality", GREEN), ("technology", BLUE), ("organisation", ORANGE), ("sourcing", PURPLE))
LABELLED_REGIONS = 6
MANY = 60
"""Regions from which on the highest hundredth may lie outside the frame."""


def draw_entry_exit(ds: xr.Dataset, note: str) -> Figure:
    """Draw entry and exit rates against time, and against each other over the regions.

    Parameters
    ----------
    ds : xarray.Dataset
        With `firms`, `exits`, `spinoffs` and `startups` (replicate, time, region, sector).
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If a variable is missing or there are no firms.
    """
    flow = {
        name: np.nansum(array(ds, name, *CELL), axis=3) for name in ("firms", "exits", "spinoffs", "startups")
    }
    entries, exits = flow["spinoffs"] + flow["startups"], flow["exits"]
    operating = flow["firms"] + exits - entries  # `firms` is counted after exit and entry
    if operating.sum() <= 0.0:
        raise CannotDraw("no firms in any period")
    per_cent = 100.0 / period_years(ds)
    when = years(ds)
    entry, exit_ = (per_cent * ratio(part.sum(axis=2), operating.sum(axis=2)) for part in (entries, exits))
    latest = operating[:, -LAST:]
    worlds = [ratio(part[:, -LAST:].sum(axis=(1, 2)), latest.sum(axis=(1, 2))) for part in (entries, exits)]
    places = [
        per_cent * ratio(part[:, -LAST:].sum(axis=(0, 1)), latest.sum(axis=(0, 1)))
        for part in (entries, exits)
    ]
    both = np.isfinite(places[0]) & np.isfinite(places[1])
    related = correlation(*places)

    mean = [per_cent * float(mean_interval(rate)[0]) for rate in worlds]
    texts = _entry_exit_texts(mean, when[-LAST:], related, int(both.sum()))
    page = Page(*texts, with_bands(note, len(entry)))
    wide = both.sum() < 2
    axes = page.axes(0.055, 0.8 if wide else 0.40)
    plain_axes(axes, YEAR, "All regions", "firms entering and leaving, % per year")
    ends = [
        Label(series(axes, when, entry, BLUE), "entry", BLUE),
        Label(series(axes, when, exit_, VERMILION), "exit", VERMILION),
    ]
    time_axis(axes, when)
    axes.set_ylim(0.0, 1.12 * max(float(np.nanmax(entry)), float(np.nanmax(exit_)), 0.1))
    end_labels(axes, ends, size=9.5)
    if not wide:
        weight = latest.mean(axis=(0, 1))
        _region_scatter(page.axes(0.605, 0.37), places, weight, region_names(ds), related)
    return page.figure


def draw_knowledge(ds: xr.Dataset, note: str) -> Figure:
    """Draw mean knowledge by channel, weighted by firms, and the high-tech lead in technology.

    Parameters
    ----------
    ds : xarray.Dataset
        With `firms` and any of `organisation`, `technology`, `sourcing`, `quality`, all with the
        dimensions (replicate, time, region, sector).
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If `firms` or all channels are missing, or there are no firms.
    """
    present = [(name, colour) for name, colour in CHANNELS if name in ds]
    if not present:
        raise CannotDraw(
            "variables 'organisation', 'technology', 'sourcing', 'quality' are not in the dataset"
        )
    weight = _firms_observed(ds)
    knowledge = {name: weighted_mean(array(ds, name, *CELL), weight, axis=(2, 3)) for name, _ in present}
    if not any(np.isfinite(values).any() for values in knowledge.values()):
        raise CannotDraw("no firms in any period")
    when, high = years(ds), high_tech(ds)
    lead = None
    if "technology" in knowledge and high.any() and not high.all():
        technology = array(ds, "technology", *CELL)
        by_kind = [
            weighted_mean(technology[..., kind], weight[..., kind], axis=(2, 3)) for kind in (high, ~high)
        ]
        lead = by_kind[0] - by_kind[1]

    page = Page(*_knowledge_texts(knowledge, lead, when), with_bands(note, len(weight)))
    axes = page.axes(0.06, 0.76 if lead is None else 0.40)
    plain_axes(axes, YEAR, "Knowledge by channel", "mean over firms, log points")
    end_labels(
        axes, [Label(series(axes, when, knowledge[name], colour), name, colour) for name, colour in present]
    )
    time_axis(axes, when)
    axes.yaxis.set_major_locator(MaxNLocator(7))
    if lead is not None:
        right = page.axes(0.675, 0.26)
        plain_axes(right, YEAR, "High-tech lead in technology", "log points above other sectors")
        last = series(right, when, lead, INK)
        time_axis(right, when)
        low, top = right.get_ylim()
        right.set_ylim(min(low, 0.0), max(top, 0.05))
        right.axhline(0.0, color=SOFT, linewidth=0.8)
        end_labels(right, [Label(last, number(last), INK)], size=9.5)
    return page.figure


def _firms_observed(ds: xr.Dataset) -> Floats:
    """Firms that the means are over: at the start of the period, or at its end if flows are missing."""
    firms = array(ds, "firms", *CELL)
    if all(name in ds for name in ("exits", "spinoffs", "startups")):
        firms = (
            firms + array(ds, "exits", *CELL) - array(ds, "spinoffs", *CELL) - array(ds, "startups", *CELL)
        )
    return np.maximum(np.nan_to_num(firms), 0.0)


def _region_scatter(
    axes: Axes, places: list[Floats], weight: Floats, names: list[str], related: float
) -> None:
    """Draw exit against entry rate of the regions, marks by number of firms, the largest with their names."""
    r_text = f", correlation {number(related)}" if np.isfinite(related) else ""
    plain_axes(axes, "entry, % of firms per year", f"Each region{r_text}", "exit, % of firms per year")
    axes.grid(axis="x", color="#e3e5e8", linewidth=0.8)
    use = np.isfinite(places[0]) & np.isfinite(places[1])
    points = np.column_stack([places[0][use], places[1][use]])
    weight, labels = weight[use], [short(name) for name, kept in zip(names, use, strict=True) if kept]
    radii = np.maximum(11.0 * np.sqrt(weight / weight.max()), 2.0)
    order = np.argsort(-weight, kind="stable")
    points, radii = points[order], radii[order]
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=(2 * radii) ** 2,
        color=GREEN,
        alpha=0.55,
        edgecolors="white",
        linewidths=0.7,
        zorder=3,
    )
    low, high = points.min(), points.max()
    if len(points) > MANY:  # one tiny region with a wild rate must not squash all others
        high = float(np.percentile(points.max(axis=1), 99.0))
    outside = int((points.max(axis=1) > high + max(0.09 * (high - low), 0.15)).sum())
    room = max(0.09 * (high - low), 0.15)
    axes.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ends = [low - room, high + room]
    axes.plot(ends, ends, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    axes.text(
        low - 0.5 * room,
        high + 0.6 * room,
        "dashed: entry = exit" + (f"; {counted(outside, 'region')} beyond the frame" if outside else ""),
        size=8.5,
        color=SOFT,
        va="center",
        path_effects=halo(),
    )
    place_labels(axes, points, radii, [labels[r] for r in order[:LABELLED_REGIONS]], size=8)


def _entry_exit_texts(mean: list[float], when: Floats, related: float, regions: int) -> tuple[str, str]:
    title = f"{number(mean[0], 1)} % of firms enter and {number(mean[1], 1)} % leave per year"
    subtitle = "Spin-offs and start-ups, and exits, as a share of the firms at the start of the year"
    if np.isfinite(related):
        bounds = (
            (0.9, "go closely together"),
            (0.5, "go together"),
            (0.25, "go together loosely"),
            (-0.25, "are hardly related"),
        )
        how = next((words for bound, words in bounds if related >= bound), "go against each other")
        title += f"; across regions the two {how} (r\u00a0=\u00a0{number(related)})"
    span = f"years {when[0]:g} to {when[-1]:g}" if len(when) > 1 else f"year {when[0]:g}"
    subtitle += f"; title{' and right' if regions > 1 else ''}: mean of {span}"
    if regions > 1:
        subtitle += f" for {regions} regions, marks by number of firms"
    return title, subtitle


def _knowledge_texts(knowledge: dict[str, Floats], lead: Floats | None, when: Floats) -> tuple[str, str]:
    subtitle = "Knowledge is the logarithm of efficiency or quality: 0.01 log points are about 1 %"
    mean = {name: mean_interval(values)[0] for name, values in knowledge.items()}
    span = float(when[-1] - when[0])
    rise = {name: float(values[-1] - values[0]) for name, values in mean.items() if span > 0.0}
    rise = {name: change for name, change in rise.items() if np.isfinite(change)}
    if not rise:
        level = {
            name: float(np.nanmean(values)) for name, values in mean.items() if np.isfinite(values).any()
        }
        highest = max(level, key=lambda name: level[name])
        return f"Knowledge is highest in {highest}: {number(level[highest])} log\u00a0points", subtitle
    first = max(rise, key=lambda name: rise[name])
    verb = "grows most" if rise[first] > 0.0 else "falls least"
    title = f"Knowledge {verb} in {first}: {signed(rise[first])} log\u00a0points in {span:g}\u00a0years"
    if lead is not None and np.isfinite(ends := mean_interval(lead[:, [0, -1]])[0]).all():
        gain = float(ends[1] - ends[0])
        how = "widens" if gain > 0.005 else "narrows" if gain < -0.005 else "stays"
        values = f"from {number(ends[0])} to {number(ends[1])}"
        if number(ends[0]) == number(ends[1]):
            values = f"at {number(ends[1])}"
        title += f"; the high-tech lead in technology {how} {values}"
    return title, subtitle
