"""Figure of the firm-size distribution with its fitted upper tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from technopole.figures.style import BLUE, FEW, INK, VERMILION, Page, number, plain_axes
from technopole.results.arrays import CannotDraw, Floats, array
from technopole.results.numbers import TailFit, fit_halves, fit_tail, mean_interval, reaching, tail_range

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STRAIGHT = 0.15
"""Halves of a tail whose slopes differ by less are called straight."""


def draw_firm_sizes(ds: xr.Dataset, note: str) -> Figure:
    """Draw the share of firms of at least a size against that size, log-log, with the fitted upper tail.

    Parameters
    ----------
    ds : xarray.Dataset
        With `size_distribution` (replicate, time, size_class), firms per bin, and the coordinate
        `size_class`, lower edges of the bins in workers.
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If the variable or its coordinate is missing, or there are no firms.
    """
    counts = array(ds, "size_distribution", "replicate", "time", "size_class")
    if "size_class" not in ds.coords:
        raise CannotDraw("coordinate 'size_class' (lower edges of the bins) is not in the dataset")
    edges = np.asarray(ds["size_class"].values, dtype=np.float64)
    final = np.nan_to_num(counts[:, -1])
    final = final[final.sum(axis=1) > 0.0]
    if len(final) == 0:
        raise CannotDraw("no firms in the last period")
    share = reaching(final) / final.sum(axis=1, keepdims=True)
    inside = tail_range(final, edges)
    fits = [fit_tail(world, edges, inside) for world in final]
    slope, half = (float(value) for value in mean_interval(np.array([fit.slope for fit in fits])))

    halves = fit_halves(final, edges, inside)
    page = Page(
        _size_title(slope, half, *halves), _size_subtitle(edges, inside, final, half), note, height=5.6
    )
    axes = page.axes(0.095, 0.875, top_gap=0.32)
    plain_axes(axes, "size of the firm, workers", "", "share of firms of at least this size")
    axes.grid(axis="x", color="#eef0f2", linewidth=0.8)
    shown = (edges >= 1.0) & (np.median(share, axis=0) > 0.0)
    if counts.shape[1] > 1:
        _first_period(axes, np.nan_to_num(counts[:, 0]), edges)
    _size_curve(axes, edges[shown], share[:, shown])
    if np.isfinite(slope):
        intercept = float(np.nanmean([fit.intercept for fit in fits]) - np.log(final.sum(axis=1).mean()))
        _tail_lines(axes, edges, inside, TailFit(slope, intercept))
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=12))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.legend(loc="lower left", frameon=False, fontsize=9, handlelength=2.2, labelspacing=0.55)
    return page.figure


def _first_period(axes: Axes, counts: Floats, edges: Floats) -> None:
    """Draw the distribution of the first period for comparison: the median, as of the last one."""
    counts = counts[counts.sum(axis=1) > 0.0]
    if len(counts) == 0:
        return
    share = np.median(reaching(counts) / counts.sum(axis=1, keepdims=True), axis=0)
    label = "first year, median" if len(counts) > 1 else "first year"
    shown = (edges >= 1.0) & (share > 0.0)
    axes.plot(edges[shown], share[shown], color="#9aa0a6", linewidth=1.3, label=label)


def _size_curve(axes: Axes, edges: Floats, share: Floats) -> None:
    """Draw the median over replicates with the band that holds 90 % of them."""
    median = np.median(share, axis=0)
    if len(share) >= FEW:
        low, high = np.quantile(share, [0.05, 0.95], axis=0)
        floor = median.min() / 3.0
        axes.fill_between(
            edges,
            np.maximum(low, floor),
            high,
            color=BLUE,
            alpha=0.25,
            linewidth=0,
            label=f"last year, 5–95 % of {len(share)} replicates",
        )
    label = "last year, median" if len(share) > 1 else "last year"
    axes.plot(edges, median, color=BLUE, linewidth=1.2, marker="o", markersize=4.5, label=label)


def _tail_lines(axes: Axes, edges: Floats, inside: NDArray[np.bool_], fit: TailFit) -> None:
    """Draw the fitted line over its range and, shifted up, a line of slope -1."""
    ends = edges[inside][[0, -1]]
    level = np.exp(fit.intercept) * ends**fit.slope
    axes.plot(
        ends,
        level,
        color=VERMILION,
        linewidth=1.6,
        zorder=4,
        label=f"straight line fitted to the shaded range, slope {number(fit.slope)}",
    )
    axes.axvspan(ends[0], ends[1], color=VERMILION, alpha=0.05, linewidth=0)
    zipf = 2.2 * level[0] * (ends / ends[0]) ** -1.0
    axes.plot(
        ends, zipf, color=INK, linewidth=1.2, linestyle=(0, (5, 3)), label="slope −1 (Zipf), shifted up"
    )


def _size_title(slope: float, half: float, middle: float, halves: Floats) -> str:
    if not np.isfinite(slope):
        return "Firm sizes in the last year (too few firms in the upper tail for a fit)"
    if np.isfinite(halves).all() and abs(halves[1] - halves[0]) >= STRAIGHT:
        return (
            f"The upper tail of firm sizes bends: slope {number(halves[0])} up to {number(middle, 0)}\u00a0workers, "
            f"{number(halves[1])} above; {number(slope)}\u00a0in\u00a0all (Zipf's\u00a0law:\u00a0−1)"
        )
    text = f"The upper tail of firm sizes falls with slope {number(slope)}"
    if not np.isfinite(half):
        return f"{text} (Zipf's law: −1)"
    verdict = "as in" if abs(slope + 1.0) <= half else "steeper than" if slope < -1.0 else "flatter than"
    return f"{text}, {verdict} Zipf's law (−1)"


def _size_subtitle(edges: Floats, inside: NDArray[np.bool_], final: Floats, half: float) -> str:
    firms = float(final.sum(axis=1).mean())
    text = f"Share of the {number(firms, 0)} firms that have at least so many workers"
    if inside.sum() < 3:
        return text
    low, high = edges[inside][[0, -1]]
    share = 100.0 * reaching(final).mean(axis=0)[inside][0] / firms
    text += (
        f"; fit: rank\u00a0−\u00a0½ regression over the largest {number(share, 0 if share >= 1 else 1)}\u00a0%, "
        f"{number(low, 0)} to {number(high, 0)} workers (shaded), ruled by its many smaller ones"
    )
    if np.isfinite(half):
        spread = f"±{number(half)}" if half >= 0.005 else "less than ±0.005"
        text += f"; over {len(final)} replicates {spread} (95\u00a0%), apart from any bend"
    return text
