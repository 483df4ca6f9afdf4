"""Reading tables of comma-separated text, plain or gzip, with messages that name file, row and column."""

import csv
import difflib
import gzip
import io
import math
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO

from technopole.data.table_problems import TableProblems
from technopole.errors import DataError

DAMAGED = (csv.Error, EOFError, OSError, zlib.error, zipfile.BadZipFile)
"""What reading a table raises that is no table, or is packed and damaged."""
_NEARLY = 0.85
"""From this likeness on a name of a column passes for misspelt: hightech, rd_intensty."""
Opened = Callable[[Path], AbstractContextManager[IO[bytes]]]
"""Opens a file for reading, its content unpacked."""


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacking it when its name ends in ``.gz``.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    binary file
        Open for reading.

    Raises
    ------
    DataError
        The file does not exist or cannot be opened.
    """
    try:
        file: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from problem
    with file:
        yield file


@contextmanager
def open_text(path: Path, opened: Opened = open_bytes) -> Iterator[TextIO]:
    """Open a text file.

    Parameters
    ----------
    path : Path
        The file.
    opened : callable
        Opens and unpacks it.

    Yields
    ------
    text file
        Open for reading, UTF-8, with or without byte-order mark.

    Raises
    ------
    DataError
        The file does not exist or cannot be opened, or it is found not to be UTF-8 while it is read.
    """
    with opened(path) as file:
        try:
            yield io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        except UnicodeDecodeError as failure:
            raise DataError(f"{path}: {where_not_utf8(path, opened) or failure}") from None


def where_not_utf8(path: Path, opened: Opened = open_bytes) -> str:
    """Return where the text of a file is not UTF-8.

    Parameters
    ----------
    path, opened
        As for :func:`open_text`.

    Returns
    -------
    str
        Number of the first such line, what is found there and what to do; empty if all of it is UTF-8.
    """
    with opened(path) as file, suppress(*DAMAGED):
        for number_of_line, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as failure:
                before = line[: failure.start].decode("utf-8")[-20:]
                place = f" after {before!r}" if before else ""
                return (
                    f"line {number_of_line}: not UTF-8: found the byte 0x{line[failure.start]:02X}{place}; "
                    "allowed: text in UTF-8; save the table in this encoding"
                )
    return ""


def read_rows(
    path: Path, columns: list[str], wanted_from: str, problems: TableProblems | None = None
) -> list[dict[str, str]]:
    """Read a table with a header line.

    Parameters
    ----------
    path : Path
        The file, ``.csv`` or ``.csv.gz``.
    columns : list of str
        Columns it must have.
    wanted_from : str
        Where such a table comes from, for the message when a column is missing.
    problems : TableProblems, optional
        Gets rows of another length, which are left out; without it they are raised.

    Returns
    -------
    list of dict
        One per row, texts by column name; the key ``""`` holds the row's line number in the file.

    Raises
    ------
    DataError
        A missing file or column, a row of another length, no rows at all, or text that is no CSV or no UTF-8.
    """
    if problems is not None:
        with open_text(path) as file:
            return list(_checked_rows(path, file, columns, wanted_from, problems))
    with TableProblems() as own, open_text(path) as file:
        return list(_checked_rows(path, file, columns, wanted_from, own))


def _other_separator(header: list[str]) -> str:
    """Say that a header has other separators than commas, such as those of a spreadsheet in German or French."""
    names = {";": "semicolons", "\t": "tabs"}
    used = [name for mark, name in names.items() if len(header) == 1 and mark in header[0]]
    return f"; columns are separated by commas, not by {used[0]}" if used else ""


def _checked_rows(
    path: Path, file: TextIO, columns: list[str], wanted_from: str, problems: TableProblems
) -> Iterator[dict[str, str]]:
    reader = csv.reader(file)
    empty = True
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise DataError(
                f"{path}: no column {', '.join(missing)} (found: {', '.join(header) or 'nothing'}); it needs "
                f"{', '.join(columns)} – {wanted_from}; see docs/DATA.md{_other_separator(header)}"
            )
        for cells in reader:
            if not cells:
                continue
            empty = False
            if len(cells) != len(header):
                problems.add(
                    f"{path}: row {reader.line_num} has {len(cells)} values, the header {len(header)}"
                )
                continue
            row = dict(zip(header, cells, strict=True))
            row[""] = str(reader.line_num)
            yield row
    except DAMAGED as problem:
        raise DataError(f"{path}: cannot be read as a table ({problem})") from problem
    if empty:
        raise DataError(f"{path}: the table has no rows")


def refuse_misspelt(path: Path, row: dict[str, str], known: Collection[str]) -> None:
    """Raise for columns with nearly the name of one that is read if it is there, as it would pass for absent.

    Parameters
    ----------
    path : Path
        The file, for the message.
    row : dict
        A row of :func:`read_rows`.
    known : collection of str
        Columns that are read.

    Raises
    ------
    DataError
        With a line for each; other columns are passed over.
    """
    absent = [name for name in known if name not in row]
    with TableProblems() as problems:
        for column in row:
            word = column.lower().replace(" ", "_").replace("-", "_")
            near = difflib.get_close_matches(word, absent, n=1, cutoff=_NEARLY)
            if column and column not in known and near:
                problems.add(
                    f'{path}: column {column} is not read; did you mean "{near[0]}"? If not, give it another name'
                )


def number(path: Path, row: dict[str, str], column: str, low: float = 0.0, high: float = math.inf) -> float:
    """Read a finite number from a row.

    Parameters
    ----------
    path : Path
        The file, for the message.
    row : dict
        A row of :func:`read_rows`.
    column : str
        The column.
    low, high : float
        The smallest and the largest value allowed.

    Returns
    -------
    float
        The value.

    Raises
    ------
    DataError
        No number, not finite, below ``low`` or above ``high``.
    """
    text = row[column].strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}: row {row['']}, column {column}: {text!r} is not a number")
    if value < low:
        raise DataError(f"{path}: row {row['']}, column {column}: {text} is below {low:g}")
    if value > high:
        raise DataError(f"{path}: row {row['']}, column {column}: {text} is above {high:g}")
    return value


def number_or_nan(
    path: Path, row: dict[str, str], column: str, low: float = 0.0, high: float = math.inf
) -> float:
    """Like :func:`number`, but a blank or an absent column is NaN: not known.

    Parameters
    ----------
    path, row, column, low, high
        As for :func:`number`.

    Returns
    -------
    float
        The value or NaN.

    Raises
    ------
    DataError
        Something that is neither blank nor a number, or a number out of the range.
    """
    if not row.get(column, "").strip():
        return math.nan
    return number(path, row, column, low, high)


def whole_number(path: Path, row: dict[str, str], column: str) -> int:
    """Read a count: a whole number, 0 or more.

    Parameters
    ----------
    path, row, column
        As for :func:`number`.

    Returns
    -------
    int
        The value.

    Raises
    ------
    DataError
        No number, negative, or with a fraction.
    """
    text = row[column]
    if text.isascii() and text.isdigit():  # the usual case, and quick
        return int(text)
    value = number(path, row, column)
    if value != math.floor(value):
        raise DataError(f"{path}: row {row['']}, column {column}: {text} is not a whole number")
    return int(value)
