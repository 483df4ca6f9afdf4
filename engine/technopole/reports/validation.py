"""The facts that the model is held against: a picture of where it lies, and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.facts.validation_words import reservation
from technopole.figures.palette import GREEN, VERMILION
from technopole.reports.charts import Interval, LegendItem, add_legend, intervals
from technopole.reports.parts import (
    Card,
    Cell,
    Chart,
    Section,
    Table,
    Tone,
    decimals_for,
    interval,
    significant,
    sortable,
    table,
    texts,
    words,
)

if TYPE_CHECKING:
    import xarray as xr

REACH = 0.75
"""How far beyond the range the picture goes, in widths of the range."""


class Fact(NamedTuple):
    """A fact and how the model does."""

    title: str
    unit: str
    source: str
    group: str
    value: float
    low: float
    high: float
    range_low: float
    range_high: float
    passed: bool
    used: int
    doubt: str = ""
    """Why more replicates might turn the verdict."""

    @property
    def measured(self) -> bool:
        """Whether the model says anything about it."""
        return self.used > 0 and bool(np.isfinite(self.value))


def validation_section(ds: xr.Dataset) -> Section:
    """Return the section about validation.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of ``technopole validate``.

    Returns
    -------
    Section
        Count, picture and table of the facts, those that fail first.
    """
    facts = _facts(ds)
    measured = [fact for fact in facts if fact.measured]
    passed = sum(fact.passed for fact in measured)
    failed = [fact for fact in measured if not fact.passed]
    left_out = len(facts) - len(measured)
    share = 100.0 * passed / len(measured) if measured else float("nan")
    title = f"{passed} of {len(measured)} facts are met"
    cards = [
        Card("In the range", str(passed), f"of {len(measured)} facts ({share:.0f}\u00a0%)", "", "good"),
        Card("Outside", str(len(failed)), f"of {len(measured)} facts", "", "bad" if failed else "good"),
    ]
    doubtful = sum(bool(fact.doubt) for fact in measured)
    if doubtful:
        cards.append(Card("Open", str(doubtful), "of these verdicts", "more runs might turn them", "open"))
    if left_out:
        cards.append(Card("Not measurable", str(left_out), "in this scenario", "", "open"))
    attrs = ds.attrs
    rule = str(attrs.get("rule", "a fact is met if the mean over the runs lies in its range"))
    replicates = attrs.get("replicates", max((fact.used for fact in facts), default=0))
    notes = [f"Rule: {rule}. {replicates} runs" + (f", {attrs['measured']}." if "measured" in attrs else ".")]
    return Section(
        "validation",
        title,
        "Validation",
        "Can the model be trusted? What is known of real economies, against what the model does.",
        cards=tuple(cards),
        charts=tuple(_chart(group, measured) for group in dict.fromkeys(fact.group for fact in measured)),
        tables=_tables(facts),
        notes=tuple(notes),
    )


def _facts(ds: xr.Dataset) -> list[Fact]:
    titles, units, sources, groups = (
        texts(ds, name, "fact") for name in ("title", "unit", "source", "group")
    )
    columns = [
        np.asarray(ds[name].values, dtype=np.float64)
        for name in ("estimate", "low", "high", "range_low", "range_high")
    ]
    passed = np.asarray(ds["passed"].values).astype(bool)
    judged = "straddles" in ds and "replicates_used" in ds
    if "replicates_used" in ds:
        used = np.asarray(ds["replicates_used"].values)
    else:
        used = np.isfinite(columns[0]).astype(int)
    facts = []
    for at in range(len(titles)):
        value, low, high, range_low, range_high = (float(column[at]) for column in columns)
        unit = units[at] if units[at] != "1" else ""
        labels = (titles[at], unit, sources[at], groups[at])
        doubt = reservation(ds.isel(fact=at)) if judged and used[at] else ""
        numbers = (value, low, high, range_low, range_high)
        facts.append(Fact(*labels, *numbers, bool(passed[at]), int(used[at]), doubt))
    return facts


def _chart(group: str, measured: list[Fact]) -> Chart:
    facts = [fact for fact in measured if fact.group == group]
    rows = [_row(fact, label) for fact, label in zip(facts, _labels(facts), strict=True)]
    page = intervals(
        rows,
        "",
        zero=False,
        band=(0.0, 1.0),
        limits=(-REACH, 1.0 + REACH),
        ticks={0.0: "lower end of the range", 1.0: "upper end"},
    )
    names = (("in the range", GREEN), ("outside", VERMILION))
    add_legend(page, [LegendItem(name, colour, "dots", (), hides=False) for name, colour in names])
    passed = sum(fact.passed for fact in facts)
    what = "real series" if group == "data" else "stylised facts"
    return Chart(
        f"validation-{group or 'facts'}",
        f"{passed} of {len(facts)} {what} are met",
        "Green field: where the fact should lie. Point: the model; bar: 95\u00a0% interval. Triangles lie further out.",
        "; ".join(f"{row.label}: {row.text}" for row in rows) + ".",
        page,
        None,
        wide=True,
    )


def _labels(facts: list[Fact]) -> list[str]:
    """Return titles made unique."""
    seen: dict[str, int] = {}
    labels = []
    for fact in facts:
        count = seen[fact.title] = seen.get(fact.title, 0) + 1
        labels.append(fact.title if count == 1 else f"{fact.title} ({count})")
    return labels


def _row(fact: Fact, label: str) -> Interval:
    """Place a fact on the scale of its range, cut where the picture ends."""
    bottom, width = _scale(fact)
    value, low, high = ((one - bottom) / width for one in (fact.value, fact.low, fact.high))
    inside = -REACH < value < 1.0 + REACH
    marker = ("circle" if fact.passed else "square") if inside else "triangle"
    value, low, high = (float(np.clip(one, -REACH + 0.03, 1.0 + REACH - 0.03)) for one in (value, low, high))
    text = (
        f"{decimals_for(fact.low, fact.high, fact.value)} {fact.unit}, range {_range(fact)}: "
        f"{'in the range' if fact.passed else 'outside'}{_in_brackets(fact)}"
    )
    colour = GREEN if fact.passed else VERMILION
    return Interval(label, value, low, high, colour, marker, text)


def _in_brackets(fact: Fact) -> str:
    return f" ({fact.doubt})" if fact.doubt else ""


def _tone(fact: Fact) -> Tone:
    if fact.doubt:
        return "open"
    return "good" if fact.passed else "bad"


def _scale(fact: Fact) -> tuple[float, float]:
    """Return lower end and width of the range; where an end is open, of one that holds the value."""
    low, high = fact.range_low, fact.range_high
    if np.isfinite(low) and np.isfinite(high):
        return low, max(high - low, 1e-12)
    known = low if np.isfinite(low) else high if np.isfinite(high) else fact.value
    reach = max(2.0 * abs(fact.value - known), abs(known), 1e-12)
    return (known, reach) if np.isfinite(low) else (known - reach, reach)


def _range(fact: Fact) -> str:
    low, high = fact.range_low, fact.range_high
    if np.isfinite(low) and np.isfinite(high):
        return f"{significant(low, 3)} to {significant(high, 3)}"
    if np.isfinite(low):
        return f"{significant(low, 3)} or more"
    return f"{significant(high, 3)} or less" if np.isfinite(high) else "–"


def _tables(facts: list[Fact]) -> tuple[Table, ...]:
    """Return the facts that are not met, if there are any, and all."""
    order = sorted(range(len(facts)), key=lambda at: (facts[at].passed, not facts[at].measured))
    rows = [_cells(facts[at]) for at in order]
    headings = ("fact", "verdict", "model", "95 % interval", "range", "source")
    missed = [row for row, at in zip(rows, order, strict=True) if facts[at].measured and not facts[at].passed]
    everything = table(
        "All facts, those that are not met first", headings, rows, (2, 3, 4), folded=bool(missed)
    )
    return (
        (table("Facts that are not met", headings, missed, (2, 3, 4)), everything)
        if missed
        else (everything,)
    )


def _cells(fact: Fact) -> list[Cell]:
    if not fact.measured:
        verdict = words("– not measurable", "open")
    else:
        verdict = words(f"{'✓ met' if fact.passed else '✗ not met'}{_in_brackets(fact)}", _tone(fact))
    unit = f" [{fact.unit}]" if fact.unit else ""
    return [
        words(f"{fact.title}{unit}"),
        verdict,
        Cell(decimals_for(fact.low, fact.high, fact.value), sortable(fact.value)),
        Cell(interval(fact.low, fact.high), sortable(fact.low)),
        Cell(_range(fact), sortable(fact.range_low)),
        words(fact.source),
    ]
