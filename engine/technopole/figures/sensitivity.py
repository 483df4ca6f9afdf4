"""Figure of sensitivity indices: one row per parameter, the most important on top."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.experiments.sensitivity import main_index, ranking
from technopole.figures.saving import album
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 20
"""Parameters shown; the rest is named in the subtitle."""


class Look(NamedTuple):
    """How the indices of a kind of design are drawn."""

    second: str
    """Index drawn beside the main one."""
    labels: tuple[str, str]
    axis: str


def draw_sensitivity(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw a figure for each outcome.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.sensitivity.sensitivity`.
    folder : Path
        Where ``sensitivity_<outcome>.png`` go; made if it does not exist. Files of the same name are replaced.

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
        for outcome in result["outcome"].values.tolist():
            figures.save(sensitivity_figure(result, outcome), figure_path(folder, outcome).name)
    return figures.paths


def figure_path(folder: Path, outcome: str) -> Path:
    """Return the file of the figure of an outcome."""
    return folder / f"sensitivity_{outcome}.png"


def sensitivity_figure(result: xr.Dataset, outcome: str) -> Figure:
    """Draw the indices of one outcome.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.sensitivity.sensitivity`.
    outcome : str
        Name.

    Returns
    -------
    matplotlib.figure.Figure
        With its canvas.
    """
    from technopole.figures.style import BLUE, ORANGE, Page, plain_axes

    one = result.sel(outcome=outcome)
    order = ranking(result, outcome)
    shown = order[:MOST_ROWS]
    page = Page(
        _title(one, order),
        _subtitle(one, len(order) - len(shown)),
        _note(result),
        height=2.2 + 0.3 * len(shown),
    )
    axes = page.axes(0.32, 0.65, bottom=0.8, top_gap=0.42)
    look = _look(one)
    plain_axes(axes, look.axis, "", "")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#eef0f2", linewidth=0.8)
    axes.axvline(0.0, color="#5f6368", linewidth=0.8)
    rows = np.arange(len(shown))[::-1].astype(np.float64)
    main, other = look.labels
    _points(axes, one, main_index(result), shown, rows + 0.12, BLUE, main, "o")
    _points(axes, one, look.second, shown, rows - 0.12, ORANGE, other, "D")
    axes.set_yticks(rows.tolist(), [str(one["parameter"].values[j]) for j in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2
    )
    return page.figure


def _points(
    axes: Axes,
    one: xr.Dataset,
    index: str,
    shown: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    colour: str,
    label: str,
    marker: str,
) -> None:
    values = np.asarray(one[index].values)[shown]
    half = np.nan_to_num(np.asarray(one[f"{index}_half_width"].values)[shown])
    axes.errorbar(
        values,
        rows,
        xerr=half,
        fmt=marker,
        color=colour,
        markersize=5.5,
        elinewidth=1.6,
        capsize=0,
        label=label,
    )


def _look(one: xr.Dataset) -> Look:
    if "ST" in one:
        return Look("S1", ("total (with interactions)", "alone"), "share of the variance of the outcome")
    unit = one["outcome_units"].item()
    axis = "change of the outcome over the whole range of the parameter" + (
        f", {unit}" if unit != "1" else ""
    )
    return Look("sigma", ("mean absolute effect (μ*)", "spread of the effects (σ)"), axis)


def _title(one: xr.Dataset, order: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
    from technopole.figures.style import number

    name = str(one["outcome"].item()).replace("_", " ")
    value = float(one[main_index(one)].values[order[0]])
    if not np.isfinite(value):
        return f"{name}: the same at all points"
    first = str(one["parameter"].values[order[0]])
    if "ST" in one:
        return f"{name}: {first} has a part in {number(100 * value, 0)} % of the variance"
    return f"{name}: {first} has the largest effect"


def _subtitle(one: xr.Dataset, left_out: int) -> str:
    name = str(one["outcome_name"].item())
    more = f"; {left_out} parameters with smaller indices not shown" if left_out else ""
    return f"{name}{more}"


def _note(result: xr.Dataset) -> str:
    attrs = result.attrs
    parts = [
        str(attrs.get("title") or "experiment"),
        f"{attrs['design']} design, {attrs['points']:,} points × {counted(int(attrs['replicates']), 'replicate')}",
        f"bars: {100 * attrs['confidence']:g}\u00a0% interval",
        f"seed {attrs['seed']}",
    ]
    version = attrs.get("technopole_version")
    return "  ·  ".join([*parts, f"technopole {version}"] if version else parts)
