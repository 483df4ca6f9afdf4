"""Reading the text format of the County Business Patterns: columns, codes, counts that are not shown."""

import csv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from technopole.basics.portable_math import FloatArray
from technopole.data.firm_sizes import class_means
from technopole.data.industries import SECTOR_RANGES
from technopole.data.table_files import DAMAGED, open_bytes, open_text
from technopole.data.table_problems import TableProblems
from technopole.errors import DataError

WANTED = "a County Business Patterns file in its original format (US Census Bureau, 'CBP datasets')"
ALL_FORMS = "-"  # total over legal forms of organisation
UNLOCATED = ("999", "99999")  # establishments of a state without a county; no metropolitan area
_SUFFIXES = (".txt", ".csv", ".gz", ".zip")

# Class columns by their ending: number n, employment e; the first class changed its name in 2017, commas
# are of some old years.
_CLASS_ENDINGS = (
    ("<5", "1_4"), ("5_9",), ("10_19",), ("20_49",), ("50_99",), ("100_249",), ("250_499",), ("500_999",),
    ("1000",)
)  # fmt: skip


_USUAL_MEANS: tuple[float, ...] = tuple(class_means().tolist())


@dataclass(frozen=True)
class CbpRow:
    """One area and industry.

    Attributes
    ----------
    region, sector : str
        Code of the area (``US``, state, state and county, metropolitan area) and NAICS code, ranges as in
        ``31-33``.
    classes : (9,) array of float64
        Establishments by size class; estimated, with fractions, where not shown.
    employment : float
        Workers; NaN where withheld.
    means : (9,) array of float64
        Mean employment of each class; NaN where not published.
    """

    region: str
    sector: str
    classes: FloatArray
    employment: float
    means: FloatArray


@dataclass(frozen=True)
class _Columns:
    """Positions of the columns in a row; -1: the file does not have it."""

    keys: tuple[int, ...]
    level: str
    naics: int
    form: int
    total: int
    employment: int
    flag: int
    numbers: tuple[int, ...]
    workers: tuple[int, ...]


def find_cbp_file(path: Path) -> Path:
    """Find the file, in a folder the only one whose name contains ``cbp``.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        No such file in the folder, or several.
    """
    if path.is_file():
        return path
    found = sorted(
        entry for entry in path.iterdir() if "cbp" in entry.name.lower() and entry.suffix.lower() in _SUFFIXES
    )
    if not found:
        raise DataError(
            f"{path}: no file such as cbp17us.txt, .txt.gz or .zip in this folder – {WANTED}; "
            "see docs/DATA.md"
        )
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise DataError(
            f"{path}: several County Business Patterns files ({names}); name one of them in data.path"
        )
    return found[0]


def read_cbp(path: Path, sectors: list[str]) -> tuple[str, list[CbpRow]]:
    """Read the wanted industries of a file.

    Parameters
    ----------
    path : Path
        The file.
    sectors : list of str
        NAICS codes or ranges; empty: all three-digit industries.

    Returns
    -------
    level : str
        ``us``, ``state``, ``county`` or ``msa``.
    rows : list of CbpRow
        In the order of the file.

    Raises
    ------
    DataError
        A file that is not of this format, a row that is damaged, an area and industry that occurs twice.
    """
    rows: list[CbpRow] = []
    seen: set[tuple[str, str]] = set()
    with TableProblems() as problems, open_text(path, _unpacked) as file:
        reader = csv.reader(file)
        try:
            columns = _find_columns(path, next(reader, []))
            for cells in reader:
                try:
                    row = _read_row(path, reader.line_num, cells, columns, sectors)
                except DataError as problem:
                    problems.add(str(problem))
                    continue
                if row is None:
                    continue
                if (row.region, row.sector) in seen:
                    problems.add(
                        f"{path}: row {reader.line_num}: area {row.region}, industry {row.sector} "
                        "occurs a second time"
                    )
                    continue
                seen.add((row.region, row.sector))
                rows.append(row)
        except DAMAGED as problem:
            raise DataError(f"{path}: cannot be read as a table ({problem})") from problem
    return columns.level, rows


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open plain, .gz and .zip files alike; a .zip must hold one text file."""
    if path.suffix.lower() != ".zip":
        with open_bytes(path) as file:
            yield file
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path}: cannot be read as a .zip file ({problem})") from problem
    with archive:
        members = [name for name in archive.namelist() if name.lower().endswith((".txt", ".csv"))]
        if len(members) != 1:
            raise DataError(f"{path}: holds {len(members)} text files; one is needed")
        with archive.open(members[0]) as raw:
            yield raw


def _find_columns(path: Path, header: list[str]) -> _Columns:
    position = {name.strip().lower(): index for index, name in enumerate(header)}
    levels = (
        ("county", ("fipstate", "fipscty")),
        ("msa", ("msa",)),
        ("state", ("fipstate",)),
        ("us", ("uscode",)),
    )
    level, keys = next(
        ((level, keys) for level, keys in levels if all(key in position for key in keys)), ("us", ())
    )
    numbers = tuple(
        next((position["n" + ending] for ending in endings if "n" + ending in position), -1)
        for endings in _CLASS_ENDINGS
    )
    missing = [name for name in ("naics", "est") if name not in position] + [
        " or ".join("n" + ending for ending in endings)
        for endings, index in zip(_CLASS_ENDINGS, numbers, strict=True)
        if index < 0
    ]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)} (found: {', '.join(header[:12]) or 'nothing'} …); "
            f"the file is not {WANTED}; see docs/DATA.md"
        )
    return _Columns(
        keys=tuple(position[key] for key in keys),
        level=level,
        naics=position["naics"],
        form=position.get("lfo", -1),
        total=position["est"],
        employment=position.get("emp", -1),
        flag=position.get("empflag", -1),
        numbers=numbers,
        workers=tuple(
            next((position["e" + ending] for ending in endings if "e" + ending in position), -1)
            for endings in _CLASS_ENDINGS
        ),
    )


def _read_row(
    path: Path, line: int, cells: list[str], columns: _Columns, sectors: list[str]
) -> CbpRow | None:
    """Return the row if it is a total over legal forms of a wanted industry in an area with a place."""
    if not cells:
        return None
    try:
        sector = _sector(cells[columns.naics], sectors)
        if sector is None or (columns.form >= 0 and cells[columns.form].strip() != ALL_FORMS):
            return None
        keys = [cells[index].strip() for index in columns.keys]
        if keys and keys[-1] in UNLOCATED:
            return None
        numbers = [_count(path, line, cells[index]) for index in columns.numbers]
        total = _count(path, line, cells[columns.total])
        workers = [_count(path, line, cells[index]) if index >= 0 else None for index in columns.workers]
        employment = _count(path, line, cells[columns.employment]) if columns.employment >= 0 else None
        withheld = columns.flag >= 0 and cells[columns.flag].strip() != ""
    except IndexError:
        raise DataError(f"{path}: row {line} has {len(cells)} values, fewer than the header") from None
    region = "US" if columns.level == "us" else _area(keys, columns.level)
    classes = _complete(path, line, numbers, total, employment)
    means = np.array(
        [work / count if work and count else np.nan for work, count in zip(workers, numbers, strict=True)]
    )
    return CbpRow(
        region, sector, classes, float(employment) if employment and not withheld else np.nan, means
    )


def _area(keys: list[str], level: str) -> str:
    widths = {"state": (2,), "county": (2, 3), "msa": (5,)}[level]
    return "".join(key.zfill(width) for key, width in zip(keys, widths, strict=True))


def _sector(code: str, sectors: list[str]) -> str | None:
    """Sector id of an industry code if it is wanted: ``31----`` is 31-33, ``334///`` is 334."""
    plain = code.strip().rstrip("-/")
    if not sectors:
        return plain if len(plain) == 3 else None
    name = SECTOR_RANGES.get(plain, plain)
    return name if name in sectors else plain if plain in sectors else None


def _count(path: Path, line: int, text: str) -> int | None:
    """Return a count; None where it is not shown (blank, or a letter)."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text)
    if not text or (len(text) == 1 and text.isalpha()):
        return None
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not value >= 0.0 or value != np.floor(value) or np.isinf(value):
        raise DataError(f"{path}: row {line}: {text!r} is no count; a whole number of at least 0 is needed")
    return int(value)


def _complete(
    path: Path, line: int, numbers: list[int | None], total: int | None, employment: int | None
) -> FloatArray:
    """Spread the establishments that are in no class shown over the classes not shown.

    Each of these gets the same number, as long as the usual employment of one such firm does not exceed the
    employment that the row has left.
    """
    shown = sum(value for value in numbers if value is not None)
    rest = 0 if total is None else total - shown
    if rest < 0:
        raise DataError(
            f"{path}: row {line}: the size classes sum to {shown}, more than the {total} establishments"
        )
    hidden = [index for index, value in enumerate(numbers) if value is None]
    if rest and not hidden:
        raise DataError(f"{path}: row {line}: {rest} of the {total} establishments are in no size class")
    if rest and employment:
        used = sum(value * mean for value, mean in zip(numbers, _USUAL_MEANS, strict=True) if value)
        hidden = [index for index in hidden if _USUAL_MEANS[index] <= employment - used] or hidden[:1]
    classes = [float(value or 0) for value in numbers]
    for index in hidden:
        classes[index] = rest / len(hidden)
    return np.array(classes)
