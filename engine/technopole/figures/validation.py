"""Figures of a validation: every fact in its range, and the distributions behind some of them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.figures.saving import album

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FILES = {"model": "validation.png", "data": "validation_data.png"}
"""Name of the figure of each group of facts."""
ROW = 0.235
"""Inches of a fact."""
PANELS = 2.55
"""Inches of the distributions."""
MARGINS = (-0.55, 1.55)
"""What is shown beside the range, in widths of it; what lies further out becomes an arrow."""
LETTERS = 58
"""Of a title in one line."""
_BAND = "#dbe7f1"


def draw_validation(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw the figures of a validation.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.
    folder : Path
        Where the files go; made if it does not exist. Files of the same name are replaced.

    Returns
    -------
    list of Path
        Files written; without real series only the first.

    Raises
    ------
    TechnopoleError
        If matplotlib is not installed.
    OutputError
        If the folder or a file cannot be written.
    """
    with album(folder) as figures:
        for group, file in FILES.items():
            if measured(result, group).size:
                figures.save(validation_figure(result, group), file)
    return figures.paths


def measured(result: xr.Dataset, group: str) -> NDArray[np.int64]:
    """Return the places of the facts of a group that were measured."""
    known = (result["group"] == group) & (result["replicates_used"] > 0)
    return np.flatnonzero(np.asarray(known))


def validation_figure(result: xr.Dataset, group: str = "model") -> Figure:
    """Draw the facts of a group, one row each; those of the model with three distributions below.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.
    group : {"model", "data"}
        Which facts.

    Returns
    -------
    matplotlib.figure.Figure
        With its canvas.
    """
    from technopole.figures.style import Page

    one = result.isel(fact=measured(result, group))
    panels = PANELS if group == "model" else 0.0
    page = Page(_title(one, group), _subtitle(group), _note(result), 1.45 + ROW * one.sizes["fact"] + panels)
    bottom = 0.5 + panels
    axes = page.axes(0.415, 0.365, bottom=bottom, top_gap=0.1)
    _facts(axes, one)
    if group == "model":
        _panels(page.figure, page.height, result)
    return page.figure


class _Row(NamedTuple):
    """A fact in widths of its range: 0 is the lower end, 1 the upper one."""

    estimate: float
    low: float
    high: float


def normalised(one: xr.Dataset) -> _Row:
    """Return a fact and its interval in widths of its range.

    Parameters
    ----------
    one : xarray.Dataset
        Result of `technopole.validate` at one fact.

    Returns
    -------
    _Row
        If only the sign matters, an estimate of the right sign lies in the middle.
    """
    values = np.array([float(one[name]) for name in ("estimate", "low", "high")])
    bottom, top = float(one["range_low"]), float(one["range_high"])
    if bool(one["sign"]):
        width = 2.0 * max(abs(values[0]), 1e-300)
        bottom, top = (0.0, width) if top > 0.0 else (-width, 0.0)
    return _Row(*((values - bottom) / max(top - bottom, 1e-300)).tolist())


def _facts(axes: Axes, facts: xr.Dataset) -> None:
    """Draw a row for each fact, the first on top."""
    from technopole.figures.style import BLUE, SOFT, VERMILION

    number = facts.sizes["fact"]
    axes.barh(np.arange(number), 1.0, height=0.74, color=_BAND, linewidth=0)
    for row in range(number):
        one = facts.isel(fact=row)
        colour = BLUE if bool(one["passed"]) else VERMILION
        _point(axes, normalised(one), row, colour)
        title = _two_lines(str(one["title"].item()))
        ink = SOFT if bool(one["passed"]) else VERMILION
        axes.text(
            -0.02, row, title, transform=_rows(axes), ha="right", va="center", size=7.2, linespacing=0.95
        )
        axes.text(
            1.02, row, _numbers(one), transform=_rows(axes), ha="left", va="center", size=7.2, color=ink
        )
    axes.set_xlim(*MARGINS)
    axes.set_ylim(number - 0.4, -0.6)
    axes.set_xticks([0.0, 1.0], ["lower end", "upper end of the range"])
    axes.tick_params(axis="x", labelsize=7.5, length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _two_lines(title: str) -> str:
    """Break a long title into two lines of about the same length."""
    return "\n".join(textwrap.wrap(title, LETTERS if len(title) <= LETTERS else len(title) // 2 + 8))


def _rows(axes: Axes):  # type: ignore[no-untyped-def]
    """Return the transform of texts beside the axes: fractions across, rows down."""
    return axes.get_yaxis_transform()


def _point(axes: Axes, place: _Row, row: int, colour: str) -> None:
    left, right = MARGINS
    if not left < place.estimate < right:
        end = right - 0.03 if place.estimate >= right else left + 0.03
        axes.plot(end, row, ">" if place.estimate >= right else "<", color=colour, markersize=5.0)
        return
    ends = np.clip([place.low, place.high], left, right)
    axes.plot(ends, [row, row], color=colour, linewidth=1.6, solid_capstyle="butt")
    axes.plot(place.estimate, row, "o", color=colour, markersize=3.6)


def _numbers(one: xr.Dataset) -> str:
    low, high = float(one["range_low"]), float(one["range_high"])
    if bool(one["sign"]):
        where = "above 0" if high > 0.0 else "below 0"
    else:
        where = f"{_digits(low)} to {_digits(high)}"
    return f"{_digits(float(one['estimate']))}  ({where})".replace("-", "−")


def _digits(value: float) -> str:
    """Return a number with three digits, small ones with four decimals."""
    return f"{value:.3g}" if abs(value) >= 0.01 or value == 0.0 else f"{value:.4f}"


def _panels(figure: Figure, height: float, result: xr.Dataset) -> None:
    """Draw the distributions of sizes, of growth and of exit below the facts."""
    bottom, tall = 0.62 / height, (PANELS - 1.15) / height
    for left, draw in ((0.085, _size_panel), (0.415, _growth_panel), (0.745, _hazard_panel)):
        draw(figure.add_axes((left, bottom, 0.235, tall)), result)


def _size_panel(axes: Axes, result: xr.Dataset) -> None:
    from technopole.figures.style import BLUE, ORANGE, plain_axes

    plain_axes(axes, "workers, lower edge of the class", "Firms by size", "share of the firms")
    edges = np.asarray(result["size_class"].values, dtype=np.float64)
    if "size_share_real" in result:
        share = np.asarray(result["size_share_real"])
        axes.plot(edges, share, "D", color=ORANGE, markersize=5, label="County Business Patterns")
    share = np.where(result["size_share"] > 0.0, result["size_share"], np.nan)
    axes.plot(edges, share, "o-", color=BLUE, markersize=3.5, linewidth=1.2, label="model")
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    _small(axes)


def _growth_panel(axes: Axes, result: xr.Dataset) -> None:
    from technopole.figures.style import BLUE, SOFT, plain_axes

    plain_axes(axes, "log growth in a year", "Growth of firms", "density")
    growth = np.asarray(result["growth"].values, dtype=np.float64)
    density = np.asarray(result["growth_density"], dtype=np.float64)
    axes.plot(growth, np.where(density > 0.0, density, np.nan), color=BLUE, linewidth=1.4, label="model")
    total = density.sum()
    if total > 0.0:
        spread = float((density * np.abs(growth)).sum() / total)
        tent = np.exp(-np.abs(growth) / spread) / (2.0 * spread)
        axes.plot(growth, tent, color=SOFT, linewidth=1.0, linestyle="--", label="Laplace")
        axes.set_ylim(max(float(density[density > 0.0].min()) / 2.0, 1e-6), None)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _small(axes)


def _hazard_panel(axes: Axes, result: xr.Dataset) -> None:
    from technopole.figures.style import BLUE, plain_axes

    plain_axes(axes, "age in years (the last: and above)", "Exit by age", "share that leaves in a year")
    age = np.asarray(result["age"].values, dtype=np.float64)
    low, high = (np.asarray(result[f"hazard_by_age_{side}"], dtype=np.float64) for side in ("low", "high"))
    axes.fill_between(age, low, high, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(age, np.asarray(result["hazard_by_age"]), "o-", color=BLUE, markersize=2.5, linewidth=1.2)
    axes.set_ylim(0.0, None)
    axes.set_xlim(-1.0, float(age[-1]) + 1.0)
    if np.isfinite(result["hazard_by_age"]).sum() < 2:
        middle = float(age[-1]) / 2.0
        axes.text(middle, 0.5, "too few firms", transform=axes.get_xaxis_transform(), ha="center", size=8.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    _small(axes)


def _small(axes: Axes) -> None:
    axes.tick_params(labelsize=7.5)
    axes.xaxis.label.set_fontsize(8.0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", frameon=False, fontsize=7, handlelength=1.4)


def _title(one: xr.Dataset, group: str) -> str:
    passed, number = int(one["passed"].sum()), one.sizes["fact"]
    what = "stylised facts" if group == "model" else "comparisons with real series"
    return f"{passed} of {number} {what} lie in their range"


def _subtitle(group: str) -> str:
    words = (
        "Dots: mean over replicates, lines: its 95\u00a0% interval, bars: the range, all in widths of the range; red "
        "and arrows: outside."
    )
    if group == "model":
        return f"{words} If only the sign matters, the range ends at twice the mean."
    return f"{words} Ranges: lowest and highest year, or 95\u00a0% interval over regions, of the data."


def _note(result: xr.Dataset) -> str:
    attrs = result.attrs
    parts = (
        str(attrs["title"]),
        f"{attrs['replicates']} replicates",
        str(attrs["measured"]),
        f"seed {attrs['seed']}",
        f"technopole {attrs['technopole_version']}",
    )
    return "  ·  ".join(parts)
