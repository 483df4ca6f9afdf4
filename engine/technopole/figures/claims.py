"""Figures of the claims: effects with intervals, maps of verdicts; the others stand in `claims_parts`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.claim_tests.statistics import CONTRADICTED, NO_EFFECT, NOT_MEASURED, SUPPORTED
from technopole.claim_tests.text import SHORT, tally
from technopole.figures.claims_parts import attribution_figure, coupling_figure, impulse_figure, note
from technopole.figures.saving import album

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURES = ("claims", "impulse", "coupling", "attribution", "claims_map")
"""Names of the files, without ``.png``; those are drawn for which there are results."""
LINEAR = 1.0
"""Standardised effects up to this are drawn in proportion, larger ones by their logarithm."""


def draw_claims(results: xr.Dataset, folder: Path) -> list[Path]:
    """Draw a figure of each part of the results.

    Parameters
    ----------
    results : xarray.Dataset
        Of `technopole.claim_tests.experiment.claims`.
    folder : Path
        Where `FIGURES` go; made if it does not exist. Files of the same name are replaced.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    TechnopoleError
        If matplotlib is not installed.
    OutputError
        If the folder or a file cannot be written.
    """
    with album(folder) as figures:
        for name, (variable, make) in _MAKERS.items():
            if variable in results:
                figures.save(make(results), f"{name}.png")
    return figures.paths


def standardised(results: xr.Dataset) -> tuple[Any, Any, Any]:
    """Return effects and intervals in units of their standard deviation between replicates, expected sign positive.

    Returns
    -------
    estimate, low, high : ndarray, shape (claim,)
        Where all replicates have the same effect, ±inf or, for none, 0.
    """
    sign = results["expected_sign"].values
    spread = results["effect"].std("replicate", ddof=1).values
    with np.errstate(divide="ignore", invalid="ignore"):
        values = [
            np.where(results[name].values == 0.0, 0.0, sign * results[name].values / spread)
            for name in ("estimate", "low", "high")
        ]
    return values[0], np.minimum(values[1], values[2]), np.maximum(values[1], values[2])


def effects_figure(results: xr.Dataset) -> Figure:
    """Draw all effects as a forest plot.

    Parameters
    ----------
    results : xarray.Dataset
        With claims.
    """
    from technopole.figures.style import INK, SOFT, Page, plain_axes

    colours = _colours()
    estimate, low, high = standardised(results)
    count = estimate.size
    page = Page(
        tally(results),
        "Effect of each mechanism, with less without it, in standard deviations between replicates; to the right: as "
        "claimed",
        note(results, "lines"),
        height=2.0 + 0.235 * count,
    )
    axes = page.axes(0.36, 0.42, bottom=0.75, top_gap=0.35)
    plain_axes(axes, "standardised effect (logarithmic beyond 1)", "", "")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#eef0f2", linewidth=0.8)
    axes.axvline(0.0, color=SOFT, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.8)
    rows = np.arange(count)[::-1].astype(np.float64)
    for place, row in enumerate(rows):
        one = results.isel(claim=place)
        verdict, primary = str(one["verdict"].item()), bool(one["primary"])
        colour = colours[verdict]
        if np.isfinite(estimate[place]):
            axes.plot(
                [low[place], high[place]], [row, row], color=colour, linewidth=1.8, solid_capstyle="butt"
            )
            axes.plot(
                estimate[place],
                row,
                "o" if primary else "D",
                color=colour,
                markersize=6.0 if primary else 4.0,
            )
        axes.annotate(
            _effect_text(one), (1.02, row), xycoords=("axes fraction", "data"), va="center", size=8, color=INK
        )
    axes.set_yticks(rows.tolist(), [_row_text(results.isel(claim=j)) for j in range(count)])
    for place, label in enumerate(axes.get_yticklabels()):
        label.set_fontsize(8.5)
        label.set_fontweight("bold" if bool(results["primary"].values[place]) else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.7, count - 0.3)
    finite = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)], [-LINEAR, LINEAR]])
    axes.set_xlim(1.3 * finite.min(), 1.3 * finite.max())
    _thin_ticks(axes)
    _legend(axes, {SHORT[word]: colours[word] for word in (SUPPORTED, CONTRADICTED, NO_EFFECT)})
    return page.figure


def map_figure(results: xr.Dataset) -> Figure:
    """Draw the verdicts by value of a parameter as a table of colours."""
    from matplotlib.patches import Rectangle

    from technopole.figures.style import Page, plain_axes

    colours = _colours()
    verdicts = results["map_verdict"].values
    count, width = verdicts.shape
    over = str(results.attrs["over"])
    page = Page(
        _map_title(results),
        f"Verdict on each outcome by {over}, {results.attrs['map_replicates']} replicates each",
        note(results, "", "map_replicates"),
        height=2.0 + 0.235 * count,
    )
    axes = page.axes(0.36, 0.60, bottom=0.75, top_gap=0.35)
    plain_axes(axes, over, "", "")
    axes.grid(visible=False)
    for place in range(count):
        for value in range(width):
            word = str(verdicts[place, value])
            box = Rectangle(
                (value - 0.48, count - 1 - place - 0.44),
                0.96,
                0.88,
                color=colours[word],
                alpha=0.85,
                linewidth=0,
            )
            axes.add_patch(box)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(-0.6, count - 0.4)
    step = max(1, -(-width // 10))
    axes.set_xticks(
        list(range(0, width, step)), [f"{number:.3g}" for number in results["value"].values[::step].tolist()]
    )
    axes.set_yticks(list(range(count))[::-1], [_row_text(results.isel(claim=j)) for j in range(count)])
    for place, label in enumerate(axes.get_yticklabels()):
        label.set_fontsize(8.5)
        label.set_fontweight("bold" if bool(results["primary"].values[place]) else "normal")
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    _legend(axes, {SHORT[word]: colours[word] for word in (SUPPORTED, CONTRADICTED, NO_EFFECT)})
    return page.figure


def _colours() -> dict[str, str]:
    from technopole.figures.style import BLUE, VERMILION

    return {SUPPORTED: BLUE, CONTRADICTED: VERMILION, NO_EFFECT: "#b9bec4", NOT_MEASURED: "#f1f3f4"}


def _legend(axes: Axes, colours: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker="s", linestyle="none", markersize=7, label=word)
        for word, colour in colours.items()
    ]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=8.5,
        borderaxespad=0.2,
        handletextpad=0.2,
    )


def _row_text(one: xr.Dataset) -> str:
    title = str(one["title"].item())
    return f"{one['claim'].item()}  {title}" if bool(one["primary"]) else title


def _effect_text(one: xr.Dataset) -> str:
    value, unit = float(one["estimate"]), str(one["unit"].item())
    if not np.isfinite(value):
        return "–"
    # what does not fit stands in the table
    named = unit != "1" and len(unit) <= 20
    return f"{value:+.3g} {unit if named else ''}".rstrip().replace("-", "−")


def _thin_ticks(axes: Axes) -> None:
    """Label few powers of ten, however wide the axis is."""
    low, high = axes.get_xlim()
    most = int(np.ceil(np.log10(max(abs(low), abs(high), 10.0))))
    step = max(1, most // 3)
    powers = [10.0**power for power in range(0, most + 1, step)]
    ticks = (
        [-value for value in powers if -value >= low] + [0.0] + [value for value in powers if value <= high]
    )
    axes.set_xticks(sorted(ticks), [f"{value:g}".replace("-", "−") for value in sorted(ticks)])
    axes.minorticks_off()


def _map_title(results: xr.Dataset) -> str:
    primary = results["map_verdict"].values[results["primary"].values]
    always = int((primary == SUPPORTED).all(axis=1).sum())
    total = f"{len(primary)} claims" if len(primary) > 1 else "1 claim"
    return f"{always} of {total} supported at every value of {results.attrs['over']}"


_MAKERS: dict[str, tuple[str, Callable[[xr.Dataset], Figure]]] = {
    "claims": ("estimate", effects_figure),
    "impulse": ("impulse", impulse_figure),
    "coupling": ("coupling", coupling_figure),
    "attribution": ("attribution", attribution_figure),
    "claims_map": ("map_verdict", map_figure),
}
