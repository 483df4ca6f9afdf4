"""The claims about clusters and innovation systems: what the paired experiments say, as a picture and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.figures.palette import GREEN, SOFT, VERMILION
from technopole.reports.charts import Interval, LegendItem, add_legend, intervals
from technopole.reports.parts import (
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
    sortable,
    table,
    texts,
    words,
)

if TYPE_CHECKING:
    import xarray as xr

SUPPORTED, CONTRADICTED = "supported", "contradicted"
LOOKS: dict[str, tuple[Tone, str, str, str]] = {
    SUPPORTED: ("good", "✓", GREEN, "circle"),
    CONTRADICTED: ("bad", "✗", VERMILION, "square"),
}
"""Verdict → tone, sign, colour, mark; all others are open."""
OPEN: tuple[Tone, str, str, str] = ("open", "–", SOFT, "diamond")


def claims_section(ds: xr.Dataset) -> Section | None:
    """Return the section about the claims; None if there are none in the results.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of ``technopole claims``.
    """
    return _claims(ds) if "estimate" in ds and "claim" in ds.dims else None


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
        "verdict",
        "expected",
        "effect",
        "95 % interval",
        "unit",
        "outcome",
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

    from technopole.reports.charts import plot, point_at

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
