"""Regions from files: identity, position, and the institutions they start with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from technopole.basics.portable_math import FloatArray, power
from technopole.data.given_distances import DISTANCES, given_distances, listed_distances, read_distances
from technopole.data.table_files import number, number_or_nan, read_rows, refuse_misspelt
from technopole.data.table_problems import TableProblems
from technopole.data.tables import RegionRows, mean_one
from technopole.errors import DataError
from technopole.schema import STOCKS, suggestion

if TYPE_CHECKING:
    from technopole.config.config import Config

LOWEST_STOCK, HIGHEST_STOCK = 0.2, 4.0
PATENT_YEARS = ("2011", "2015")  # mean of these and the years between, against the noise of small regions
_REGIONS_FROM = "areas with their positions (Census Bureau, Gazetteer)"


@dataclass(frozen=True)
class RegionFiles:
    """Where a layout keeps what is known of regions.

    Attributes
    ----------
    name, key : str
        File of regions and the column of their ids.
    research, patents : str
        Columns of university R&D and of patents per year (or patents of a year, in a file of their own).
    research_file, patent_file : str
        File with that column; empty: the file of regions.
    """

    name: str
    key: str
    research: str
    patents: str
    research_file: str = ""
    patent_file: str = ""


REGIONS = RegionFiles("regions.csv", "id", "university_rd", "patents")
_OWN_COLUMNS = ("id", "name", "kind", "lat", "lon", "x", "y", REGIONS.research, REGIONS.patents, *STOCKS)
AREAS = RegionFiles("us_cbsa.csv", "cbsa", "university_rd_cum_kusd", "patents_per_year_2011_15")
STATES = RegionFiles(
    "us_states.csv",
    "fips",
    "rd_university_musd",
    "patents",
    research_file="us_state_innovation_2019.csv",
    patent_file="us_state_patents_2000_2015.csv",
)


def find_file(folder: Path, name: str) -> Path | None:
    """Path of a table in a folder, plain or packed.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str
        File name without ``.gz``.

    Returns
    -------
    Path or None
        The file, or None if there is none.
    """
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _rows(folder: Path, name: str, columns: list[str], wanted_from: str) -> tuple[Path, list[dict[str, str]]]:
    path = find_file(folder, name)
    if path is None:
        raise DataError(f"{folder}: no file {name} or {name}.gz – {wanted_from}; see docs/DATA.md")
    return path, read_rows(path, columns, wanted_from)


def select_regions(folder: Path, files: RegionFiles, kind: str | None) -> dict[str, bool]:
    """Regions of a file, and which of them are wanted.

    Parameters
    ----------
    folder : Path
        The folder.
    files : RegionFiles
        Its layout.
    kind : str or None
        Value the column ``kind`` must have, where there is such a column; None: all are wanted.

    Returns
    -------
    dict of str to bool
        In order of the file.

    Raises
    ------
    DataError
        No such file, or an id that occurs twice.
    """
    path, rows = _rows(folder, files.name, [files.key], _REGIONS_FROM)
    wanted: dict[str, bool] = {}
    with TableProblems() as problems:
        for row in rows:
            name = row[files.key].strip()
            if name in wanted:
                problems.add(f"{path}: row {row['']}: region {name} is listed a second time")
            wanted[name] = kind is None or "kind" not in row or row["kind"].strip() == kind
    return wanted


def load_regions(
    cfg: "Config", folder: Path, files: RegionFiles, ids: list[str], workers: FloatArray
) -> RegionRows:
    """Positions and initial stocks of regions.

    Parameters
    ----------
    cfg : Config
        ``data.university_exponent``; ``[[regions]]`` replaces stocks of the regions it names; ``[[distances]]``, or the
        file of distances, those between positions.
    folder : Path
        The folder.
    files : RegionFiles
        Its layout.
    ids : list of str
        The regions wanted.
    workers : (R,) array of float64
        Employment of each; NaN or 0: not known.

    Returns
    -------
    RegionRows
        Stocks have mean 1.

    Raises
    ------
    DataError
        A region without a position, bad numbers, an unknown region in the configuration.
    """
    path, rows = _rows(folder, files.name, [files.key], _REGIONS_FROM)
    described = {row[files.key].strip(): row for row in rows}
    missing = [name for name in ids if name not in described]
    if missing:
        with TableProblems() as problems:
            for name in missing:
                problems.add(f"{path}: region {name} is not listed, so it has no position")
    chosen = [described[name] for name in ids]
    plane = "lat" not in rows[0] and "x" in rows[0]
    columns = ("x", "y") if plane else ("lat", "lon")
    for column in columns:
        if column not in rows[0]:
            there = ", ".join(name for name in rows[0] if name)
            raise DataError(
                f"{path}: no column {column} (found: {there}); regions need lat and lon (degrees), or x and y (km) "
                f"– {_REGIONS_FROM}"
            )
    if files is REGIONS:
        refuse_misspelt(path, rows[0], _OWN_COLUMNS)
    with TableProblems() as problems:
        positions = np.array(
            [
                [problems.take(_coordinate, path, row, column, files.key) for column in columns]
                for row in chosen
            ]
        )
        stocks = {name: _given_stock(path, chosen, name, problems) for name in STOCKS}
    if "university" not in rows[0]:
        stocks["university"] = _university(cfg, folder, files, path, chosen, workers)
    _override_stocks(cfg, ids, stocks)
    names = [row.get("name", "").strip() or name for row, name in zip(chosen, ids, strict=True)]
    stocks = {name: mean_one(stock) for name, stock in stocks.items()}
    table = find_file(folder, DISTANCES) if files is REGIONS else None
    distances = listed_distances(cfg) or (read_distances(table) if table else [])
    left_out = described.keys() - set(ids)  # those of another kind
    distances = [row for row in distances if not left_out & {row.start, row.end}]
    given = given_distances(distances, ids) if distances else None
    return RegionRows(ids, names, positions, "euclidean" if plane else "great_circle", stocks, given)


def _coordinate(path: Path, row: dict[str, str], column: str, key: str) -> float:
    limit = {"lat": 90.0, "lon": 360.0}.get(column, np.inf)
    if not row[column].strip():
        raise DataError(
            f"{path}: row {row['']}: region {row[key]} has no position (column {column} is blank)"
        )
    value = number(path, row, column, low=-limit)
    if value > limit:
        raise DataError(f"{path}: row {row['']}, column {column}: {value:g} is above {limit:g} degrees")
    return value


def _given_stock(path: Path, rows: list[dict[str, str]], name: str, problems: TableProblems) -> FloatArray:
    values = np.array([problems.take(_stock, path, row, name) for row in rows])
    return np.where(np.isnan(values), 1.0, values)


def _stock(path: Path, row: dict[str, str], name: str) -> float:
    value = number_or_nan(path, row, name)
    if name == "infrastructure" and value == 0.0:
        raise DataError(
            f"{path}: row {row['']}, column {name}: found 0; allowed: above 0, for crowding divides by it"
        )
    return value


def _university(
    cfg: "Config",
    folder: Path,
    files: RegionFiles,
    path: Path,
    rows: list[dict[str, str]],
    workers: FloatArray,
) -> FloatArray:
    """Stock of universities from university R&D and patents per worker; 1 everywhere if neither is known."""
    keys = [row[files.key].strip() for row in rows]
    research = _column(folder, files, files.research_file, files.research, path, rows, keys)
    patents = (
        _patents(folder, files, keys)
        if files.patent_file
        else _column(folder, files, "", files.patents, path, rows, keys)
    )
    return university_stock(
        [values for values in (research, patents) if values is not None],
        workers,
        cfg.data.university_exponent,
    )


def _column(
    folder: Path,
    files: RegionFiles,
    file: str,
    column: str,
    path: Path,
    rows: list[dict[str, str]],
    keys: list[str],
) -> FloatArray | None:
    """Values by region of a column of the file of regions or of another one; None without such a column."""
    if file:
        other = find_file(folder, file)
        if other is None:
            return None
        table = {
            row[files.key].strip(): row
            for row in read_rows(other, [files.key, column], "NSF/NCSES, state indicators")
        }
        with TableProblems() as problems:
            return np.array(
                [
                    problems.take(number_or_nan, other, table[key], column) if key in table else np.nan
                    for key in keys
                ]
            )
    if column not in rows[0]:
        return None
    with TableProblems() as problems:
        return np.array([problems.take(number_or_nan, path, row, column) for row in rows])


def _patents(folder: Path, files: RegionFiles, keys: list[str]) -> FloatArray | None:
    """Sum of the patents of :data:`PATENT_YEARS` from a table with a row for each region and year."""
    path = find_file(folder, files.patent_file)
    if path is None:
        return None
    total = dict.fromkeys(keys, 0.0)
    with TableProblems() as problems:
        columns = [files.key, "year", files.patents]
        for row in read_rows(path, columns, "USPTO, patents by state and year", problems):
            key = row[files.key].strip()
            if key in total and PATENT_YEARS[0] <= row["year"].strip() <= PATENT_YEARS[1]:
                total[key] += problems.take(number, path, row, files.patents)
    return np.array([total[key] for key in keys])


def university_stock(measures: list[FloatArray], workers: FloatArray, exponent: float) -> FloatArray:
    """Return the initial stock of universities and public research of each region.

    Each measure is taken per worker and relative to the national mean; the plain mean of the measures to
    the power ``exponent`` is the stock, kept between 0.2 and 4.

    Parameters
    ----------
    measures : list of (R,) arrays of float64
        University R&D and patents; NaN: below the publication threshold, taken as half the lowest published
        value per worker.
    workers : (R,) array of float64
        Employment.
    exponent : float
        ``data.university_exponent``; 0 makes all regions equal.

    Returns
    -------
    (R,) array of float64
        The stock; divide by its mean to make 1 the average.
    """
    usable = [values for values in measures if np.any(values > 0.0)]
    if not usable or not np.all(workers > 0.0):
        return np.ones(workers.size)
    blend = np.zeros(workers.size)
    for values in usable:
        per_worker = values / workers
        lowest = np.nanmin(per_worker[~(per_worker == 0.0)])
        filled = np.where(np.isnan(per_worker), 0.5 * lowest, per_worker)
        blend = blend + filled / (np.nansum(values) / workers.sum()) / len(usable)
    return np.clip(power(np.maximum(blend, 1e-12), exponent), LOWEST_STOCK, HIGHEST_STOCK)


def _override_stocks(cfg: "Config", ids: list[str], stocks: dict[str, FloatArray]) -> None:
    for entry in cfg.regions:
        if entry.id not in ids:
            raise DataError(f'[[regions]] id: no region "{entry.id}" in the data{suggestion(entry.id, ids)}')
        for name in STOCKS:
            if name in entry.model_fields_set:
                stocks[name][ids.index(entry.id)] = getattr(entry, name)
