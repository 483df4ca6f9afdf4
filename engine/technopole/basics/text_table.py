"""Tables as text: aligned columns where they are read by programs, wrapped ones on a narrow terminal."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from typing import TextIO

GAP = "  "
DIGITS = 4
"""Significant digits of a mean where the interval asks for more or there is none."""
SAME = "the same in all"
"""In place of an interval without width: chance has no part in the number, so more replicates tell nothing about it."""
ROUNDING = 1e-12
"""Half an interval in units of its middle up to which it has no width."""
MOST_DECIMALS = 8
"""With more, numbers have a power of ten."""


def write_table(
    stream: TextIO, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """Write a table, wrapped if the stream is a terminal too narrow for it.

    Parameters
    ----------
    stream : text stream
        Gets the table.
    headings : sequence of str
        One per column.
    rows : sequence of sequences of str
        Cells.
    right : sequence of int
        Columns to be aligned right.
    """
    lines = table_lines(headings, rows, right)
    wide = max(map(len, lines)) > shutil.get_terminal_size().columns
    if wide and stream.isatty():
        _write_wrapped(stream, headings, rows, right)
    else:
        stream.write("\n".join(lines) + "\n")


def table_lines(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> list[str]:
    """Return a table in aligned columns, its headings underlined.

    Parameters
    ----------
    headings, rows, right
        As for `write_table`.

    Returns
    -------
    list of str
        Lines without spaces at their ends.
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    ruler = ["-" * width for width in widths]
    lines = []
    for row in (headings, ruler, *rows):
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(GAP.join(cells).rstrip())
    return lines


def _write_wrapped(
    stream: TextIO, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(file=stream, markup=False, highlight=False).print(table)


def mean_and_interval(mean: float, half: float) -> tuple[str, str]:
    """Return a mean and its interval with as many digits as the interval justifies.

    Parameters
    ----------
    mean : float
        NaN: not known.
    half : float
        Half the width of the interval; NaN: not known.

    Returns
    -------
    mean, interval : str
        A dash for what is not known; `SAME` for the interval of a number that is not 0 and has no spread.
    """
    if not math.isfinite(mean):
        return "–", "–"
    known = math.isfinite(half)
    if known and half > 0.0:
        digit = max(math.floor(math.log10(half)) - 1, _place(max(abs(mean), half)) + 1 - DIGITS)
    else:
        digit = _place(abs(mean)) + 1 - DIGITS
    middle = _shown(mean, digit)
    if not known:
        return middle, "–"
    if without_width(mean, half):
        return middle, SAME
    return middle, f"{_shown(mean - half, digit)} to {_shown(mean + half, digit)}"


def without_width(mean: float, half: float) -> bool:
    """Return whether an interval about a mean that is not 0 is nothing but rounding."""
    return mean != 0.0 and half <= ROUNDING * abs(mean)


def _place(size: float) -> int:
    """Return the power of ten of the first digit."""
    return math.floor(math.log10(size)) if size > 0.0 else 0


def _shown(value: float, digit: int) -> str:
    """Return a number down to a power of ten: with a power where there would be rows of zeros, and never ``-0``."""
    if value == 0.0 or (digit < -MOST_DECIMALS and _place(abs(value)) < digit):
        return "0"
    if digit < -MOST_DECIMALS or _place(abs(value)) > MOST_DECIMALS + DIGITS:
        return f"{value:.{min(max(_place(abs(value)) - digit, 0), DIGITS - 1)}e}"
    text = f"{value:,.{max(-digit, 0)}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0.0 else text
