"""The claims about clusters and innovation systems: what the paired experiments say, as a picture and a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

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
    CONTRADICTED: ("bad", "✗", VERMILION, "x"),
}
"""Verdict → tone, sign, colour, mark; all others are open."""
OPEN: tuple[Tone, str, str, str] = ("open", "–", SOFT, "diamond")
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
        tables = (_arms(ds),) if "feedback_mean" in ds else ()
        sections.append(
            Section(
                "feedback",
                "Do clusters and institutions build each other?",
                "Two-way feedback",
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
        tables=(_table(ds, verdicts),),
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
                f"{names[at]}  {titles[at]}",
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
        rows, "← the opposite of the claim          as claimed →", limits=(-1.1, 1.1), ticks=False
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


def _table(ds: xr.Dataset, verdicts: list[str]) -> Table:
    names, titles, mechanisms, outcomes, units = (
        texts(ds, name, "claim") for name in ("claim", "title", "mechanism", "outcome", "unit")
    )
    sign = np.asarray(ds["expected_sign"].values)
    value, low, high = (np.asarray(ds[name].values, dtype=np.float64) for name in ("estimate", "low", "high"))
    share = np.asarray(ds["share_with_sign"].values, dtype=np.float64) if "share_with_sign" in ds else None
    used = np.asarray(ds["replicates_used"].values) if "replicates_used" in ds else None
    headings = [
        "claim",
        "what is claimed",
        "mechanism switched off",
        "outcome",
        "expected",
        "effect",
        "95 % interval",
    ]
    headings += ["unit", *(["runs with this sign"] if share is not None else [])]
    headings += [*(["pairs of runs"] if used is not None else []), "verdict"]
    rows = []
    for at, name in enumerate(names):
        tone, mark, _, _ = look(verdicts[at])
        ends = (float(low[at]), float(high[at]))
        row = [
            Cell(name, name),
            words(titles[at]),
            words(mechanisms[at]),
            words(outcomes[at]),
            Cell("+" if sign[at] > 0 else "−" if sign[at] < 0 else "0", float(sign[at])),
            Cell(decimals_for(*ends, float(value[at])), sortable(float(value[at]))),
            Cell(interval(*ends), sortable(ends[0])),
            words(units[at]),
        ]
        if share is not None:
            row.append(figure(float(share[at]), 0, percent=True))
        if used is not None:
            row.append(figure(float(used[at]), 0))
        row.append(words(f"{mark} {verdicts[at]}", tone))
        rows.append(row)
    numbers = [5, 6, *range(8, len(headings) - 1)]
    return table("All outcomes of the claims", headings, rows, numbers)


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
    labels = [f"{names[row]}  {titles[row]}" for row in chosen]
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


def _feedback(ds: xr.Dataset) -> list[Chart]:
    """Draw both directions and their synergy for each outcome, on scales of their own."""
    if "feedback_estimate" not in ds:
        return []
    responses, parts = texts(ds, "response", "response"), texts(ds, "part", "part")
    units = texts(ds, "response_unit", "response") if "response_unit" in ds.coords else [""] * len(responses)
    value, low, high = (
        np.asarray(ds[f"feedback_{name}"].transpose("response", "part").values, dtype=np.float64)
        for name in ("estimate", "low", "high")
    )
    colours = (BLUE, ORANGE, GREEN)
    charts, rows = [], []
    for at, response in enumerate(responses):
        for part, name in enumerate(parts):
            ends = (float(low[at, part]), float(high[at, part]))
            rows.append(
                (
                    words(response),
                    words(PARTS.get(name, name)),
                    Cell(decimals_for(*ends, float(value[at, part])), sortable(float(value[at, part]))),
                    Cell(interval(*ends), sortable(ends[0])),
                    words(units[at] if units[at] != "1" else ""),
                )
            )
    caption = "Effects of the two directions, and their synergy"
    numbers = table(caption, ("outcome", "effect", "size", "95 % interval", "unit"), rows, (2, 3))
    for at, response in enumerate(responses):
        drawn = [
            Interval(
                PARTS.get(name, name),
                float(value[at, part]),
                float(low[at, part]),
                float(high[at, part]),
                colours[part % 3],
                "circle",
                f"{rows[at * len(parts) + part][2].text} {units[at] if units[at] != '1' else ''}, 95 % interval "
                f"{rows[at * len(parts) + part][3].text}",
            )
            for part, name in enumerate(parts)
        ]
        heading = response[0].upper() + response[1:]
        told = "; ".join(f"{row.label}: {row.text}" for row in drawn)
        charts.append(
            Chart(
                f"feedback-{at}",
                f"{heading}: {_feedback_words(parts, value[at], low[at], high[at])}",
                "Effect of each direction by itself, and what both together add to their sum; bars: "
                "95\u00a0% intervals.",
                f"{heading}. {told}.",
                intervals(drawn, units[at] if units[at] != "1" else "index points"),
                numbers if at == 0 else None,
            )
        )
    return charts


def _feedback_words(parts: Sequence[str], value: Any, low: Any, high: Any) -> str:
    if "synergy" not in parts:
        return "effects of the two directions"
    at = list(parts).index("synergy")
    if low[at] > 0.0:
        return "together they do more than each alone"
    if high[at] < 0.0:
        return "together they do less than the sum of each"
    return "no synergy can be told"


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
