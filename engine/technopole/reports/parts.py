"""What a report is made of: sections with cards, charts and tables, before any of it is drawn or written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from technopole.basics.text_table import SAME, without_width
from technopole.figures.words import number

if TYPE_CHECKING:
    import xarray as xr

Tone = Literal["", "good", "bad", "open"]
"""How a cell or card is meant: as wished, not as wished, undecided."""


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    sort: float | str
    """What the column is sorted by."""
    tone: Tone = ""


@dataclass(frozen=True)
class Table:
    """A table that readers can sort.

    Attributes
    ----------
    caption : str
        What the table holds.
    headings : tuple of str
        One per column.
    rows : tuple of tuple of Cell
        The first cell of each is the heading of the row.
    numbers : frozenset of int
        Columns of numbers, aligned right.
    folded : bool
        Unfolded on demand, and on paper if `printed`.
    printed : bool
        See above.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()
    folded: bool = False
    printed: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart with what those need who do not see it.

    Attributes
    ----------
    key : str
        Unique on the page, letters, digits and ``-``.
    heading : str
        The finding.
    words : str
        What is shown, and how to read it.
    summary : str
        The chart in one or two sentences, read out in its place.
    model : object
        Bokeh model.
    table : Table or None
        The numbers of the chart, unfolded on demand.
    wide : bool
        Takes the whole width.
    """

    key: str
    heading: str
    words: str
    summary: str
    model: Any
    table: Table | None = None
    wide: bool = False


class Card(NamedTuple):
    """A number to be seen at first sight."""

    label: str
    value: str
    unit: str = ""
    interval: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading.

    Attributes
    ----------
    key : str
        Anchor.
    title : str
        Heading.
    short : str
        Name in the navigation.
    lead : str
        A sentence or two below the heading.
    findings : tuple of (str, str)
        Sentences, and the key of the section each comes from.
    cards, charts, tables
        In this order on the page.
    notes : tuple of str
        Small print.
    """

    key: str
    title: str
    short: str
    lead: str = ""
    findings: tuple[tuple[str, str], ...] = ()
    cards: tuple[Card, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


class Snippet(NamedTuple):
    """Text to be copied: a command or a file."""

    key: str
    label: str
    text: str
    file: str = ""
    """Name under which it is saved; empty: it is only copied."""
    folded: bool = False


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from."""

    facts: tuple[tuple[str, str], ...]
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes
    ----------
    title, kind, lead : str
        Name of what was run, what it is, and what was done in one sentence.
    description, source : str
        Of the scenario.
    sections : list of Section
        In order.
    provenance : Provenance
        The last section.
    warnings : list of str
        What readers must know before all else.
    """

    title: str
    kind: str
    lead: str
    description: str
    source: str
    provenance: Provenance
    sections: list[Section] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def words(text: str, tone: Tone = "") -> Cell:
    """Return a cell of text."""
    return Cell(text, text.casefold(), tone)


def figure(value: float, digits: int | None = None, percent: bool = False, tone: Tone = "") -> Cell:
    """Return a cell of a number, a dash if it is not finite.

    Parameters
    ----------
    value : float
        Number.
    digits : int, optional
        Decimals; four significant digits if absent.
    percent : bool
        Show a hundred times the number and a per cent sign.
    tone : Tone
        How it is meant.
    """
    if not math.isfinite(value):
        return Cell("–", "", tone)
    shown = 100.0 * value if percent else value
    text = number(shown, digits) if digits is not None else significant(shown)
    return Cell(f"{text}\u00a0%" if percent else text, float(value), tone)


def significant(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, thousands separators and a real minus sign."""
    if not math.isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -5:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa} × 10^{int(power)}".replace("-", "−")
    return number(value, min(max(digits - 1 - exponent, 0), 8))


def interval(low: float, high: float) -> str:
    """Return a range with the digits that its width justifies, `SAME` without any, a dash if an end is not finite."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    if without_width((low + high) / 2.0, (high - low) / 2.0):
        return SAME
    return f"{decimals_for(low, high, low)} to {decimals_for(low, high, high)}"


def decimals_for(low: float, high: float, value: float) -> str:
    """Return a number of an interval with two digits of its half-width, four significant ones at most."""
    half = (high - low) / 2.0
    largest = max(abs(low), abs(high), abs(value))
    if not (math.isfinite(half) and math.isfinite(largest)) or largest == 0.0:
        return significant(value)
    most = 4 - math.floor(math.log10(largest))
    wanted = 1 - math.floor(math.log10(half)) if half > 0.0 else most
    decimals = max(min(wanted, most), 0)
    # rows of zeros say nothing
    return number(value, decimals) if decimals <= 8 else significant(value, 3)


def table(
    caption: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    numbers: Sequence[int] = (),
    folded: bool = False,
    printed: bool = False,
) -> Table:
    """Return a table of cells; see `Table`."""
    cells = tuple(tuple(row) for row in rows)
    return Table(caption, tuple(headings), cells, frozenset(numbers), folded, printed)


def texts(ds: xr.Dataset, name: str, dim: str) -> list[str]:
    """Return a variable of text along a dimension; numbers where it is missing."""
    if name in ds.variables:
        return [str(value) for value in np.asarray(ds[name].values).tolist()]
    return [str(index) for index in range(int(ds.sizes[dim]))]


def sortable(value: float) -> float | str:
    """Return what a column is sorted by."""
    return value if np.isfinite(value) else ""
