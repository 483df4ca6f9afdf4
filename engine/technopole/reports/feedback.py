"""How clusters and institutions build each other, and where growth comes from: pictures of the paired experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.figures.palette import BLUE, GREEN, ORANGE
from technopole.figures.words import number
from technopole.reports.charts import Interval, Line, intervals, lines
from technopole.reports.parts import (
    Cell,
    Chart,
    Section,
    Table,
    decimals_for,
    figure,
    interval,
    significant,
    sortable,
    table,
    texts,
    words,
)
from technopole.reports.trends import line_table, summary_of
from technopole.results.arrays import Floats

if TYPE_CHECKING:
    import xarray as xr

MOST_RESPONSES = 4
"""Outcomes of the 2×2 experiment that have a picture; the table has all."""
PARTS = {
    "cluster_to_ris": "clusters feed institutions",
    "ris_to_cluster": "institutions feed clusters",
    "synergy": "both together: synergy",
}
ARMS = {
    "none": "neither",
    "cluster_to_ris": "clusters feed institutions only",
    "ris_to_cluster": "institutions feed clusters only",
    "both": "both",
}


def feedback_sections(ds: xr.Dataset) -> list[Section]:
    """Return the sections about feedback and about the attribution of growth, as far as the results have them.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of ``technopole claims``.
    """
    sections = []
    charts = [chart for make in (_feedback, _coupling, _impulses) for chart in make(ds)]
    if charts:
        tables = (
            *((_feedback_table(ds),) if "feedback_estimate" in ds else ()),
            *((_arms(ds),) if "feedback_mean" in ds else ()),
        )
        sections.append(
            Section(
                "feedback",
                "Do clusters and institutions build each other?",
                "Feedback",
                "Each direction was switched off by itself and together, with the same chance events.",
                charts=tuple(charts),
                tables=tables,
            )
        )
    charts = _attribution(ds)
    if charts:
        title = "Where growth comes from"
        sections.append(
            Section("attribution", title, "Attribution", charts=tuple(charts), notes=_comment(ds))
        )
    return sections


class Effects(NamedTuple):
    """Effects of the 2×2 experiment."""

    responses: list[str]
    units: list[str]
    parts: list[str]
    value: Floats
    """(response, part)"""
    low: Floats
    high: Floats

    def text(self, response: int, part: int) -> tuple[str, str]:
        """Return an effect and its interval."""
        ends = (float(self.low[response, part]), float(self.high[response, part]))
        return decimals_for(*ends, float(self.value[response, part])), interval(*ends)


def _effects(ds: xr.Dataset) -> Effects:
    responses = texts(ds, "response", "response")
    units = texts(ds, "response_unit", "response") if "response_unit" in ds.coords else [""] * len(responses)
    values = (
        np.asarray(ds[f"feedback_{name}"].transpose("response", "part").values, dtype=np.float64)
        for name in ("estimate", "low", "high")
    )
    shown = [unit if unit != "1" else "" for unit in units]
    return Effects(responses, shown, texts(ds, "part", "part"), *values)


def _feedback(ds: xr.Dataset) -> list[Chart]:
    """Draw both directions and their synergy for each outcome."""
    if "feedback_estimate" not in ds:
        return []
    effects = _effects(ds)
    charts = []
    for at, response in enumerate(effects.responses[:MOST_RESPONSES]):
        drawn = []
        for part, name in enumerate(effects.parts):
            size, ends = effects.text(at, part)
            drawn.append(
                Interval(
                    PARTS.get(name, name),
                    float(effects.value[at, part]),
                    float(effects.low[at, part]),
                    float(effects.high[at, part]),
                    (BLUE, ORANGE, GREEN)[part % 3],
                    "circle",
                    f"{size} {effects.units[at]}, 95 % interval {ends}",
                )
            )
        heading = response[0].upper() + response[1:]
        told = "; ".join(f"{row.label}: {row.text}" for row in drawn)
        charts.append(
            Chart(
                f"feedback-{at}",
                f"{heading}: {_synergy(effects.parts, drawn)}",
                "Effect of each direction by itself, and what both together add to their sum; bars: "
                "95\u00a0% intervals.",
                f"{heading}. {told}.",
                intervals(drawn, effects.units[at] or "index points"),
            )
        )
    return charts


def _feedback_table(ds: xr.Dataset) -> Table:
    effects = _effects(ds)
    rows = []
    for at, response in enumerate(effects.responses):
        for part, name in enumerate(effects.parts):
            size, ends = effects.text(at, part)
            rows.append(
                (
                    words(response),
                    words(PARTS.get(name, name)),
                    Cell(size, sortable(float(effects.value[at, part]))),
                    Cell(ends, sortable(float(effects.low[at, part]))),
                    words(effects.units[at]),
                )
            )
    headings = ("outcome", "effect", "size", "95 % interval", "unit")
    return table("Effects of the two directions, and their synergy", headings, rows, (2, 3), folded=True)


def _synergy(parts: Sequence[str], rows: Sequence[Interval]) -> str:
    """Say what the two directions do together."""
    if "synergy" not in parts:
        return "effects of the two directions"
    row = rows[list(parts).index("synergy")]
    if row.low > 0.0:
        return "positive synergy"
    return "negative synergy" if row.high < 0.0 else "no synergy can be told"


def _arms(ds: xr.Dataset) -> Table:
    responses, arms = texts(ds, "response", "response"), texts(ds, "arm", "arm")
    mean = np.asarray(ds["feedback_mean"].transpose("response", "arm").values, dtype=np.float64)
    rows = [(words(name), *(figure(float(v)) for v in mean[at])) for at, name in enumerate(responses)]
    headings = ("outcome", *(ARMS.get(arm, arm) for arm in arms))
    return table(
        "Mean outcomes with each direction on or off", headings, rows, range(1, len(headings)), folded=True
    )


def _coupling(ds: xr.Dataset) -> list[Chart]:
    if "coupling" not in ds:
        return []
    when = np.asarray(ds["time"].values, dtype=np.float64)
    mean, low, high = (
        np.asarray(ds[name].values, dtype=np.float64)
        for name in ("coupling", "coupling_low", "coupling_high")
    )
    line = Line("coupling coordination", mean, low, high, colour=BLUE)
    return [
        Chart(
            "coupling",
            f"Coupling of clusters and institutions: from {number(float(mean[0]))} to {number(float(mean[-1]))}"
            + _grade(ds),
            "Coupling coordination degree: near 1, clusters and institutions are both strong and in balance. Band: "
            "95\u00a0% confidence interval.",
            f"Coupling coordination over time. {summary_of(when, [line], '0 to 1')}",
            lines(when, [line], "0 to 1", "period"),
            line_table("Coupling coordination", when, [line], "0 to 1"),
        )
    ]


def _grade(ds: xr.Dataset) -> str:
    """Return the grade of the last period in words."""
    if "coupling_grade" not in ds:
        name = ds.attrs.get("coupling_grade", "")
        return f" ({name})" if name else ""
    grades = ds["coupling_grade"]
    last = grades.values[-1]
    meanings = str(grades.attrs.get("flag_meanings", "")).split()
    if isinstance(last, str):
        return f" ({last})"
    place = int(last) - 1
    return f" ({meanings[place].replace('_', ' ')})" if 0 <= place < len(meanings) else ""


def _impulses(ds: xr.Dataset) -> list[Chart]:
    if "impulse" not in ds:
        return []
    shocks, responses = texts(ds, "shock", "shock"), texts(ds, "response_of", "response_of")
    when = np.asarray(ds["horizon"].values, dtype=np.float64)
    charts = []
    for shock in range(len(shocks)):
        series = []
        for response in range(len(responses)):
            parts = (
                np.asarray(
                    ds[name].transpose("shock", "response_of", "horizon").values[shock, response],
                    dtype=np.float64,
                )
                for name in ("impulse", "impulse_low", "impulse_high")
            )
            mean, low, high = parts
            colour = (BLUE, ORANGE, GREEN)[response % 3]
            series.append(Line(f"{responses[response]} index", mean, low, high, colour=colour))
        other = next((at for at, name in enumerate(responses) if name != shocks[shock]), 0)
        crossing = series[other]
        peak = int(np.nanargmax(np.abs(crossing.mean))) if np.isfinite(crossing.mean).any() else 0
        charts.append(
            Chart(
                f"impulse-{shock}",
                f"A push to the {shocks[shock]} side moves the {responses[other]} side by "
                f"{significant(float(crossing.mean[peak]), 2)} at most",
                "Difference to the same run without the push, which lasts the first periods. Bands: 95\u00a0% "
                "confidence intervals.",
                f"Response to a push to the {shocks[shock]} side. {summary_of(when, series, 'index points')}",
                lines(
                    when, series, "index points", "periods since the push began", zero=True, digits="0.[0000]"
                ),
                line_table(f"Response to a push to the {shocks[shock]} side", when, series, "index points"),
            )
        )
    return charts


def _attribution(ds: xr.Dataset) -> list[Chart]:
    if "attribution" not in ds:
        return []
    groups = texts(ds, "mechanism_group", "mechanism_group")
    value, low, high = (
        np.asarray(ds[name].values, dtype=np.float64)
        for name in ("attribution", "attribution_low", "attribution_high")
    )
    unit = str(ds["attribution"].attrs.get("units", ""))
    order = np.argsort(-np.nan_to_num(value, nan=-np.inf), kind="stable")
    rows, cells = [], []
    for at in order:
        ends = (float(low[at]), float(high[at]))
        text = decimals_for(*ends, float(value[at]))
        rows.append(
            Interval(
                groups[at],
                float(value[at]),
                *ends,
                BLUE,
                "circle",
                f"{text} {unit}, 95 % interval {interval(*ends)}",
            )
        )
        cells.append(
            (
                words(groups[at]),
                Cell(text, sortable(float(value[at]))),
                Cell(interval(*ends), sortable(ends[0])),
            )
        )
    best = groups[order[0]]
    return [
        Chart(
            "attribution",
            f"{best[0].upper()}{best[1:]} contributes most to growth: {cells[0][1].text} {unit}",
            "Part of the growth of productivity that each group of mechanisms accounts for (Shapley value: its mean "
            "effect over all orders of switching groups on); bars: 95\u00a0% intervals.",
            "; ".join(f"{row.label}: {row.text}" for row in rows) + ".",
            intervals(rows, unit),
            table("Attribution of growth", ("mechanisms", f"part, {unit}", "95 % interval"), cells, (1, 2)),
            wide=True,
        )
    ]


def _comment(ds: xr.Dataset) -> tuple[str, ...]:
    comment = str(ds["attribution"].attrs.get("comment", ""))
    return (f"{comment[0].upper()}{comment[1:]}.",) if comment else ()
