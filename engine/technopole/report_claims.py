"""The claims about clusters and innovation systems: what the paired experiments say, as a picture and a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from technopole.figures_data import Floats
from technopole.figures_palette import BLUE, GREEN, ORANGE, SOFT, VERMILION
from technopole.figures_words import number
from technopole.report_charts import Interval, LegendItem, Line, add_legend, intervals, lines
from technopole.report_parts import (
    Card,
    Cell,
    Chart,
    Section,
    Table,
    Tone,
    decimals_for,
    figure,
    interval,
    significant,
    table,
    words,
)
from technopole.report_trends import line_table, summary_of

if TYPE_CHECKING:
    import xarray as xr

SUPPORTED, CONTRADICTED = "supported", "contradicted"
LOOKS: dict[str, tuple[Tone, str, str, str]] = {
    SUPPORTED: ("good", "✓", GREEN, "circle"),
    CONTRADICTED: ("bad", "✗", VERMILION, "square"),
}
"""Verdict → tone, sign, colour, mark; all others are open."""
OPEN: tuple[Tone, str, str, str] = ("open", "–", SOFT, "diamond")
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


def claims_sections(ds: xr.Dataset) -> list[Section]:
    """Return the sections about claims.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of ``technopole claims``; any of its parts may be missing.

    Returns
    -------
    list of Section
        The claims, and how clusters and institutions build each other.
    """
    sections = []
    if "estimate" in ds and "claim" in ds.dims:
        sections.append(_claims(ds))
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
        sections.append(
            Section(
                "attribution",
                "Where growth comes from",
                "Attribution",
                charts=tuple(charts),
                notes=_comment(ds),
            )
        )
    return sections


def look(verdict: str) -> tuple[Tone, str, str, str]:
    """Return tone, sign, colour and mark of a verdict."""
    return LOOKS.get(verdict, OPEN)


def _claims(ds: xr.Dataset) -> Section:
    verdicts = texts(ds, "verdict", "claim")
    primary = (
        np.asarray(ds["primary"].values, dtype=bool)
        if "primary" in ds.coords
        else np.ones(len(verdicts), bool)
    )
    main = [verdict for verdict, first in zip(verdicts, primary, strict=True) if first]
    supported, against = main.count(SUPPORTED), main.count(CONTRADICTED)
    rest = len(main) - supported - against
    chart = _forest(ds, np.flatnonzero(primary))
    charts = [chart]
    if "map_estimate" in ds:
        charts.append(_map(ds, np.flatnonzero(primary)))
    replicates = int(np.max(ds["replicates_used"].values, initial=0)) if "replicates_used" in ds else 0
    return Section(
        "claims",
        f"{supported} of {len(main)} claims hold in this model",
        "Claims",
        "Each claim was tested by switching its mechanism off"
        + (f", in {replicates} pairs of runs with the same chance events" if replicates else "")
        + ". The effect is the outcome with the mechanism less the outcome without it.",
        cards=(
            Card("Supported", str(supported), f"of {len(main)} claims", "", "good"),
            Card("Contradicted", str(against), f"of {len(main)} claims", "", "bad"),
            Card(
                "Cannot be told", str(rest), f"of {len(main)} claims", "no effect at this precision", "open"
            ),
        ),
        charts=tuple(charts),
        tables=(_main_table(ds, np.flatnonzero(primary)), _full_table(ds)),
        notes=(
            "Supported: the whole 95\u00a0% interval lies on the side that the claim names. Contradicted: on the other "
            "side. The verdict is about this model, not about the world.",
        ),
    )


def _forest(ds: xr.Dataset, chosen: Any) -> Chart:
    """Draw effects as multiples of their own scale, turned so that the right side is the one claimed."""
    names, titles, units = (texts(ds, name, "claim") for name in ("claim", "title", "unit"))
    verdicts = texts(ds, "verdict", "claim")
    sign = np.asarray(ds["expected_sign"].values, dtype=np.float64)
    value, low, high = (np.asarray(ds[name].values, dtype=np.float64) for name in ("estimate", "low", "high"))
    rows, told = [], []
    for at in chosen:
        ends = sorted(float(sign[at] * bound) for bound in (low[at], high[at]))
        scale = max(abs(ends[0]), abs(ends[1]))
        scale = scale if np.isfinite(scale) and scale > 0.0 else 1.0
        _, mark, colour, marker = look(verdicts[at])
        text = (
            f"{decimals_for(float(low[at]), float(high[at]), float(value[at]))} {units[at]}, 95 % interval "
            f"{interval(float(low[at]), float(high[at]))}: {verdicts[at]}"
        )
        rows.append(
            Interval(
                f"{names[at]} {titles[at]}",
                float(sign[at] * value[at] / scale),
                ends[0] / scale,
                ends[1] / scale,
                colour,
                marker,
                text,
            )
        )
        told.append(f"{names[at]} {titles[at]}: {text}")
    page = intervals(
        rows, "", limits=(-1.1, 1.1), ticks={-0.55: "← the opposite of the claim", 0.55: "as claimed →"}
    )
    items = [("supported", GREEN), ("contradicted", VERMILION), ("cannot be told", SOFT)]
    add_legend(page, [LegendItem(name, colour, "dots", (), hides=False) for name, colour in items])
    return Chart(
        "claims-forest",
        "What each mechanism does, against what is claimed",
        "Point: mean effect; bar: its 95\u00a0% interval. Each row has a scale of its own. A bar that crosses the "
        "line in the middle: the effect cannot be told from none.",
        "; ".join(told) + ".",
        page,
        None,
        wide=True,
    )


def _main_table(ds: xr.Dataset, chosen: Any) -> Table:
    """Return one row per claim, with what matters."""
    names, titles, outcomes, units = (
        texts(ds, name, "claim") for name in ("claim", "title", "outcome", "unit")
    )
    verdicts = texts(ds, "verdict", "claim")
    rows = []
    for at in chosen:
        tone, mark, _, _ = look(verdicts[at])
        rows.append(
            (
                Cell(names[at], names[at]),
                words(titles[at]),
                words(f"{mark} {verdicts[at]}", tone),
                *_effect_cells(ds, at),
                words(units[at] if units[at] != "1" else ""),
                words(outcomes[at]),
            )
        )
    headings = (
        "claim",
        "what is claimed",
        "outcome",
        "expected",
        "effect",
        "95 % interval",
        "unit",
        "verdict",
    )
    return table("The claims", headings, rows, (4, 5))


def _effect_cells(ds: xr.Dataset, at: int) -> tuple[Cell, Cell, Cell]:
    """Return expected sign, effect and interval of a row."""
    sign = float(ds["expected_sign"].values[at])
    value, low, high = (float(ds[name].values[at]) for name in ("estimate", "low", "high"))
    return (
        Cell("+" if sign > 0 else "−" if sign < 0 else "0", sign),
        Cell(decimals_for(low, high, value), sortable(value)),
        Cell(interval(low, high), sortable(low)),
    )


def _full_table(ds: xr.Dataset) -> Table:
    """Return all outcomes of all claims with all that is known of them."""
    names, titles, mechanisms, outcomes, units = (
        texts(ds, name, "claim") for name in ("claim", "title", "mechanism", "outcome", "unit")
    )
    verdicts = texts(ds, "verdict", "claim")
    numbers = {
        heading: (np.asarray(ds[name].values, dtype=np.float64), digits, percent)
        for name, heading, digits, percent in (
            ("with_mechanism", "with", None, False),
            ("without_mechanism", "without", None, False),
            ("share_with_sign", "runs with the expected sign", 0, True),
            ("replicates_used", "pairs of runs", 0, False),
        )
        if name in ds
    }
    rows = []
    for at, name in enumerate(names):
        tone, mark, _, _ = look(verdicts[at])
        rows.append(
            (
                Cell(name, name),
                words(titles[at]),
                words(mechanisms[at]),
                words(outcomes[at]),
                *_effect_cells(ds, at),
                words(units[at] if units[at] != "1" else ""),
                *(figure(float(values[at]), digits, percent) for values, digits, percent in numbers.values()),
                words(f"{mark} {verdicts[at]}", tone),
            )
        )
    first = (
        "claim",
        "what is claimed",
        "mechanism switched off",
        "outcome",
        "expected",
        "effect",
        "95 % interval",
    )
    headings = (*first, "unit", *numbers, "verdict")
    columns = [5, 6, *range(8, len(headings) - 1)]
    return table(
        "All outcomes of the claims, with mechanisms and numbers", headings, rows, columns, folded=True
    )


def _map(ds: xr.Dataset, chosen: Any) -> Chart:
    """Draw the verdict on each claim by the value of a parameter: a field of marks."""
    from bokeh.models import ColumnDataSource, FactorRange

    from technopole.report_charts import plot, point_at

    names, titles = texts(ds, "claim", "claim"), texts(ds, "title", "claim")
    key = str(ds.attrs.get("over", "value"))
    at = np.asarray(ds["value"].values, dtype=np.float64)
    verdicts = np.asarray(ds["map_verdict"].values).astype(object)[chosen]
    value, low, high = (
        np.asarray(ds[f"map_{name}"].values, dtype=np.float64)[chosen] for name in ("estimate", "low", "high")
    )
    labels = [f"{names[row]} {titles[row]}" for row in chosen]
    columns = [significant(float(one), 3) for one in at]
    page = plot(
        90 + 30 * len(labels),
        key,
        x_range=FactorRange(factors=columns),
        y_range=FactorRange(factors=labels[::-1]),
    )
    page.ygrid.grid_line_color = None
    looks = [[look(verdict) for verdict in row] for row in verdicts.tolist()]
    flat = [(row, column) for row in range(len(labels)) for column in range(len(columns))]
    source = ColumnDataSource(
        {
            "x": [columns[column] for _, column in flat],
            "y": [labels[row] for row, _ in flat],
            "colour": [looks[row][column][2] for row, column in flat],
            "mark": [looks[row][column][1] for row, column in flat],
            "text": [
                f"{decimals_for(float(low[spot]), float(high[spot]), float(value[spot]))}, 95 % interval "
                f"{interval(float(low[spot]), float(high[spot]))}: {verdicts[spot]}"
                for spot in flat
            ],
        }
    )
    tiles = page.rect(
        "x", "y", 0.94, 0.86, source=source, fill_color="colour", fill_alpha=0.85, line_color=None
    )
    page.text(
        "x",
        "y",
        "mark",
        source=source,
        text_align="center",
        text_baseline="middle",
        text_color="white",
        text_font_size="14px",
    )
    point_at(page, [tiles], f"<b>@y</b><br>{key} = @x<br>@text")
    always = sum(all(verdict == SUPPORTED for verdict in row) for row in verdicts.tolist())
    rows = [
        (
            words(labels[row]),
            *(words(verdicts[row, column], looks[row][column][0]) for column in range(len(columns))),
        )
        for row in range(len(labels))
    ]
    return Chart(
        "claims-map",
        f"{always} of {len(labels)} claims hold at every value of {key}",
        f"Verdict on each claim (rows) when {key} has the value below. ✓ supported, ✗ contradicted, – cannot be told.",
        f"Verdicts by value of {key}. {always} of {len(labels)} claims are supported at every value.",
        page,
        table(f"Verdicts by value of {key}", ("claim", *columns), rows),
        wide=True,
    )


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


def texts(ds: xr.Dataset, name: str, dim: str) -> list[str]:
    """Return a variable of text along a dimension; numbers where it is missing."""
    if name in ds.variables:
        return [str(value) for value in np.asarray(ds[name].values).tolist()]
    return [str(index) for index in range(int(ds.sizes[dim]))]


def sortable(value: float) -> float | str:
    """Return what a column is sorted by."""
    return value if np.isfinite(value) else ""
