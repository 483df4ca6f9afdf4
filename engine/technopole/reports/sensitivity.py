"""Which parameters matter: indices of sensitivity as pictures and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from technopole.experiments.sensitivity import main_index, ranking
from technopole.figures.palette import BLUE, ORANGE
from technopole.reports.charts import Interval, LegendItem, add_legend, intervals
from technopole.reports.parts import Cell, Chart, Section, figure, table, words

if TYPE_CHECKING:
    import xarray as xr

MOST = 12
"""Parameters in a picture."""


def sensitivity_section(result: xr.Dataset) -> Section:
    """Return the section about sensitivity.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.sensitivity.sensitivity`.

    Returns
    -------
    Section
        One picture per outcome.
    """
    outcomes = [str(name) for name in result["outcome"].values.tolist()]
    charts = tuple(_chart(result, outcome) for outcome in outcomes)
    sobol = "ST" in result
    attrs = result.attrs
    how = (
        "Share of the variance of each outcome that a parameter has a part in"
        if sobol
        else "How much each outcome changes, on average, when a parameter moves over its whole range"
    )
    return Section(
        "sensitivity",
        "Which parameters matter",
        "Sensitivity",
        f"{how}. {attrs.get('points', '?'):,} points × {attrs.get('replicates', '?'):,} runs."
        if isinstance(attrs.get("points"), int)
        else f"{how}.",
        charts=charts,
    )


def _chart(result: xr.Dataset, outcome: str) -> Chart:
    one = result.sel(outcome=outcome)
    sobol = "ST" in result
    main, second = main_index(result), "S1" if sobol else "sigma"
    labels = (
        ("in all, with interactions", "alone") if sobol else ("mean absolute effect", "spread of the effects")
    )
    order = ranking(result, outcome)
    names = [str(name) for name in result["parameter"].values.tolist()]
    values = {name: np.asarray(one[name].values, dtype=np.float64) for name in (main, second)}
    half = {
        name: np.nan_to_num(np.asarray(one[f"{name}_half_width"].values, dtype=np.float64))
        if f"{name}_half_width" in one
        else np.zeros(len(names))
        for name in (main, second)
    }
    rows = []
    for at in order[:MOST]:
        for name, label, colour, mark in (
            (main, labels[0], BLUE, "circle"),
            (second, labels[1], ORANGE, "diamond"),
        ):
            value, width = float(values[name][at]), float(half[name][at])
            # a label of its own for each row; the second is blank but for the name that makes it unique
            rows.append(
                Interval(
                    names[at] if name == main else "\u200b" * (int(at) + 1),
                    value,
                    value - width,
                    value + width,
                    colour,
                    mark,
                    f"{label}: {value:.3g} ± {width:.2g}",
                )
            )
    unit = str(one["outcome_units"].item()) if "outcome_units" in one.coords else "1"
    axis = (
        "share of the variance"
        if sobol
        else "change over the whole range" + (f", {unit}" if unit != "1" else "")
    )
    page = intervals(rows, axis)
    page.height = 80 + 38 * len(order[:MOST])
    add_legend(
        page,
        [
            LegendItem(name, colour, "dots", (), hides=False)
            for name, colour in zip(labels, (BLUE, ORANGE), strict=True)
        ],
    )
    first = names[order[0]]
    title = outcome.replace("_", " ")
    top = float(values[main][order[0]])
    if not np.isfinite(top):
        finding = f"{title}: the same at all points"
    elif sobol:
        finding = (
            f"{title}: {first} has a part in {100.0 * min(max(top, 0.0), 1.0):.0f}\u00a0% of the variance"
        )
    else:
        finding = f"{title}: {first} has the largest effect"
    cells = []
    for at in order:
        row: list[Cell] = [words(names[at])]
        for name in (main, second):
            row += [figure(float(values[name][at])), figure(float(half[name][at]))]
        cells.append(row)
    told = ", ".join(f"{names[at]} {values[main][at]:.2g}" for at in order[:5])
    return Chart(
        f"sensitivity-{outcome.replace('_', '-')}",
        finding[0].upper() + finding[1:],
        (str(one["outcome_name"].item()) if "outcome_name" in one.coords else title)
        + f". Bars: {100.0 * float(result.attrs.get('confidence', 0.95)):g}\u00a0% intervals.",
        f"{finding}. Most important: {told}.",
        page,
        table(f"Sensitivity of {title}", ("parameter", labels[0], "±", labels[1], "±"), cells, range(1, 5)),
    )
