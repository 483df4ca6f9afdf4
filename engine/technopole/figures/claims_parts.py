"""Figures of what stands beside the claims: responses to pushes, coupling coordination, parts of growth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def impulse_figure(results: xr.Dataset) -> Figure:
    """Draw the responses of both indices to a push to either side."""
    from technopole.figures.style import BLUE, ORANGE, Page, plain_axes

    page = Page(
        _impulse_title(results),
        "Difference to the same run without the push, mean of the regions pushed; indices run from 0 to 1",
        note(results, "bands"),
        height=4.2,
    )
    when = results["horizon"].values.astype(np.float64)
    for place, shock in enumerate(results["shock"].values.tolist()):
        axes = page.axes(0.08 + 0.48 * place, 0.41)
        instruments = (
            "R&D subsidy, support of entry"
            if shock == "cluster"
            else "infrastructure, universities, services, finance"
        )
        plain_axes(axes, "periods since the push began (it lasts 5)", f"push to the {shock}", instruments)
        axes.axhline(0.0, color="#5f6368", linewidth=0.8)
        for other, colour in zip(results["response_of"].values.tolist(), (BLUE, ORANGE), strict=True):
            one = results.sel(shock=shock, response_of=other)
            band(axes, when, one, "impulse", colour, f"{other} index")
        axes.set_xlim(when[0], when[-1])
        axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    return page.figure


def coupling_figure(results: xr.Dataset) -> Figure:
    """Draw the coupling coordination over time, with its grades."""
    from technopole.figures.style import BLUE, SOFT, Page, plain_axes, time_axis
    from technopole.indicators.coupling import GRADES

    first, last = (int(results["coupling_grade"].values[place]) for place in (0, -1))
    names = [GRADES[grade - 1] if grade else "no grade" for grade in (first, last)]
    moves = f"from {names[0]} to {names[1]}" if first != last else f"{names[0]} all the time"
    page = Page(
        f"Clusters and innovation systems: {moves}"
        if first != last or len(set(results["coupling_grade"].values.tolist())) == 1
        else f"Clusters and innovation systems: {names[0]} at the start and at the end",
        "Coupling coordination degree, mean of the regions; weights of the indices frozen",
        note(results, "band"),
        height=4.2,
    )
    axes = page.axes(0.08, 0.72)
    plain_axes(axes, "period", "", "coordination, 0 to 1")
    when = results["time"].values.astype(np.float64)
    band(axes, when, results, "coupling", BLUE, "")
    values = results["coupling"].values
    bottom = np.floor(10.0 * np.nanmin(values)) / 10.0
    top = np.ceil(10.0 * np.nanmax(values) + 1e-9) / 10.0
    axes.set_ylim(bottom, top)
    for grade in range(round(10.0 * bottom), round(10.0 * top)):
        axes.axhline(grade / 10.0, color=SOFT, linewidth=0.6)
        axes.annotate(
            GRADES[min(grade, 9)],
            (1.01, grade / 10.0 + 0.05),
            xycoords=("axes fraction", "data"),
            va="center",
            size=8.5,
            color=SOFT,
        )
    time_axis(axes, when)
    return page.figure


def attribution_figure(results: xr.Dataset) -> Figure:
    """Draw the parts of growth as bars."""
    from technopole.figures.style import BLUE, INK, Page, number, plain_axes

    names = results["mechanism_group"].values.tolist()
    values, low, high = (results[f"attribution{end}"].values for end in ("", "_low", "_high"))
    first = names[int(np.argmax(values[:-1]))]
    page = Page(
        f"Growth of productivity, {number(float(values.sum()))} % per year: most of it from {first}",
        "Shapley values: mean contribution over all orders in which the mechanisms are switched on",
        note(results, "lines", "attribution_replicates"),
        height=2.2 + 0.34 * len(names),
    )
    axes = page.axes(0.24, 0.70, bottom=0.75, top_gap=0.2)
    plain_axes(axes, "% per year", "", "")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#eef0f2", linewidth=0.8)
    rows = np.arange(len(names))[::-1]
    colours = [BLUE] * (len(names) - 1) + ["#b9bec4"]
    axes.barh(rows, values, color=colours, height=0.62)
    for row, begin, end in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
        axes.plot([begin, end], [row, row], color=INK, linewidth=1.4)
    axes.axvline(0.0, color="#5f6368", linewidth=0.8)
    axes.set_yticks(rows.tolist(), names)
    axes.tick_params(axis="y", length=0)
    return page.figure


def band(axes: Axes, when: Any, one: xr.Dataset, name: str, colour: str, label: str) -> None:
    """Draw a mean and its interval."""
    low, high = one[f"{name}_low"].values, one[f"{name}_high"].values
    if np.isfinite(low).any():
        axes.fill_between(when, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(when, one[name].values, color=colour, label=label)


def _impulse_title(results: xr.Dataset) -> str:
    last = results.isel(horizon=-1)
    words = []
    for shock, other in (("cluster", "RIS"), ("RIS", "cluster")):
        one = last.sel(shock=shock, response_of=other)
        low, high = float(one["impulse_low"]), float(one["impulse_high"])
        moved = "does not move" if not (low > 0.0 or high < 0.0) else "raises" if low > 0.0 else "lowers"
        words.append(f"a push to the {shock} {moved} the {other} index")
    text = " and ".join(words)
    return f"{int(last['horizon'])} periods on, {text}"


def note(results: xr.Dataset, shown: str = "", replicates: str = "replicates") -> str:
    """Return the note below a figure; `shown` is what stands for intervals in it."""
    attrs = results.attrs
    parts = [
        str(attrs.get("title") or "claims"),
        counted(int(attrs[replicates]), "replicate"),
        shown and f"{shown}: 95\u00a0% interval of the mean",
        f"seed {attrs['seed']}",
        f"technopole {attrs['technopole_version']}",
    ]
    return "  ·  ".join(part for part in parts if part)
