"""Tables from a folder of files: ``data.kind = "folder"``; the formats are described in ``docs/DATA.md``."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from technopole.basics.portable_math import FloatArray
from technopole.data.draft import Draft, sampled
from technopole.data.firm_sizes import CLASS_LABELS, CLASSES
from technopole.data.given_distances import DISTANCES
from technopole.data.industries import NAMES, is_high_tech, two_digit
from technopole.data.input_output import suppliers_from_list, suppliers_from_use_table
from technopole.data.region_files import (
    AREAS,
    REGIONS,
    STATES,
    RegionFiles,
    find_file,
    load_regions,
    select_regions,
)
from technopole.data.sector_innovation import read_survey, set_from_survey
from technopole.data.sector_tables import (
    default_parameters,
    override_parameters,
    relatedness_matrix,
    sector_index,
    supplier_matrix,
)
from technopole.data.table_files import number_or_nan, read_rows, refuse_misspelt, whole_number
from technopole.data.table_problems import TableProblems
from technopole.data.tables import CellRows, SectorRows
from technopole.errors import DataError
from technopole.schema import ENTRIES, SECTOR_DEFAULTS, suggestion

if TYPE_CHECKING:
    from technopole.config.config import Config

USE_TABLE = "us_io_use_2019_summary.csv"
SURVEY = "us_sector_innovation_2017_19.csv"
CLASS_MEANS = "us_size_by_naics_2017.csv"
SECTORS = "sectors.csv"
SUPPLIERS = "suppliers.csv"
_RELATEDNESS = "relatedness.csv"  # whoever has such a table would think that it counts
_SECTOR_COLUMNS = ("id", "name", "high_tech", "group", *SECTOR_DEFAULTS)
_TRUE_OR_NOT = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
"""What may stand in the column `high_tech`, in small letters."""
_CLASS_COLUMNS = [f"n_{label}" for label in CLASS_LABELS]
_MEANS_FROM = "mean employment by industry and size class (Census Bureau, County Business Patterns, US file)"
_CELLS_FROM = "establishments by area, industry and size class (Census Bureau, County Business Patterns)"


@dataclass(frozen=True)
class CellFile:
    """Name and key columns of a table of cells."""

    name: str
    region: str
    sector: str


_OWN_CELLS = CellFile("cells.csv", "region", "sector")
_LAYOUTS: dict[str, tuple[CellFile, RegionFiles]] = {
    "metro": (CellFile("us_cbsa_naics3_size_2019.csv", "cbsa", "naics"), AREAS),
    "all": (CellFile("us_cbsa_naics3_size_2019.csv", "cbsa", "naics"), AREAS),
    "state": (CellFile("us_state_naics3_size_2016.csv", "fips", "naics"), STATES),
}


def draft_folder(cfg: "Config", folder: Path) -> Draft:
    """Draft the economy from a folder.

    Parameters
    ----------
    cfg : Config
        ``data.regions`` chooses the areas; ``[[regions]]`` replaces stocks, ``[[sectors]]`` parameters and
        ``[[suppliers]]`` rows of the tables.
    folder : Path
        The folder.

    Returns
    -------
    Draft
        The economy before its firms are made.

    Raises
    ------
    DataError
        A missing file, column or position, bad numbers, an area or industry without establishments.
    """
    cells, region_ids, sector_ids = load_cells(cfg, folder)
    own = find_file(folder, _OWN_CELLS.name)
    region_files = REGIONS if own else _LAYOUTS[cfg.data.regions][1]
    regions = load_regions(cfg, folder, region_files, region_ids, cells.employment().sum(axis=1))
    return sampled(
        regions, load_sectors(cfg, folder, sector_ids, cells), cells, cfg.data.scale, cfg.data.seed
    )


def load_cells(cfg: "Config", folder: Path) -> tuple[CellRows, list[str], list[str]]:
    """Read the establishments of a folder, which takes most of the time of `load_folder`.

    Parameters
    ----------
    cfg : Config
        ``data.regions`` chooses the areas; nothing else is looked at.
    folder : Path
        The folder.

    Returns
    -------
    cells : CellRows
        The establishments.
    regions, sectors : list of str
        Ids.

    Raises
    ------
    DataError
        A missing file, column or position, bad numbers.
    """
    own = find_file(folder, _OWN_CELLS.name)
    layout, region_files = (_OWN_CELLS, REGIONS) if own else _LAYOUTS[cfg.data.regions]
    path = own or _required_cells(folder, layout.name)
    if own:
        _refuse_unread(folder)
    kind = "metro" if cfg.data.regions == "metro" else None
    return _read_cells(path, layout, select_regions(folder, region_files, kind))


def _required_cells(folder: Path, name: str) -> Path:
    """Path of a table of cells of the US folder; who has tables of his own is told how theirs is called."""
    path = find_file(folder, name)
    if path is None:
        there = sorted(path.name for path in folder.iterdir() if path.is_file())
        shown = ", ".join(there[:8]) + (", …" if len(there) > 8 else "")
        raise DataError(
            f"{folder}: no file {_OWN_CELLS.name}, which tables of your own need, and no file {name} – {_CELLS_FROM}; "
            f"found: {shown or 'no files'}; see docs/DATA.md"
        )
    return path


def _refuse_unread(folder: Path) -> None:
    """Raise for files that are not read: nearly of the name of an optional table that is not there, or relatedness."""
    absent = [name for name in (SECTORS, SUPPLIERS, DISTANCES) if find_file(folder, name) is None]
    for path in sorted(folder.iterdir()):
        near = difflib.get_close_matches(path.name.lower().removesuffix(".gz"), absent, n=1, cutoff=0.9)
        if near:
            raise DataError(f'{path}: is not read; did you mean "{near[0]}"? If not, give it another name')
    given = find_file(folder, _RELATEDNESS)
    if given is not None:
        raise DataError(
            f"{given}: is not read; how related sectors are follows from the column group of {SECTORS}, "
            "relatedness.group and relatedness.base"
        )


def required_file(folder: Path, name: str, wanted_from: str) -> Path:
    """Path of a table, packed or not.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str
        File name without ``.gz``.
    wanted_from : str
        What it holds and which statistic it comes from.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        There is no such file.
    """
    path = find_file(folder, name)
    if path is None:
        raise DataError(f"{folder}: no file {name} or {name}.gz – {wanted_from}; see docs/DATA.md")
    return path


def _read_cells(
    path: Path, layout: CellFile, listed: dict[str, bool]
) -> tuple[CellRows, list[str], list[str]]:
    """Read counts by region, sector and class; regions that are listed as unwanted are passed over."""
    columns = [layout.region, layout.sector, *_CLASS_COLUMNS]
    found: dict[tuple[str, str], tuple[list[int], float]] = {}
    with TableProblems() as problems:
        rows = read_rows(path, columns, _CELLS_FROM, problems)
        if layout is _OWN_CELLS and rows:
            refuse_misspelt(path, rows[0], [*columns, "employment"])
        for row in rows:
            region, sector = row[layout.region].strip(), row[layout.sector].strip()
            if region not in listed:
                near = suggestion(region, listed) or "; add it to the table of regions (see docs/DATA.md)"
                problems.add(
                    f"{path}: row {row['']}, column {layout.region}: region {region} has no position{near}"
                )
            elif listed[region]:
                if (region, sector) in found:
                    problems.add(
                        f"{path}: row {row['']}: region {region}, sector {sector} is listed a second time"
                    )
                counts = _counts(path, row, problems)
                if sum(counts):
                    found[region, sector] = (counts, problems.take(number_or_nan, path, row, "employment"))
    regions = [name for name, wanted in listed.items() if wanted]
    sectors = sorted({sector for _, sector in found})
    real = np.zeros((len(regions), len(sectors), CLASSES))
    known = np.zeros((len(regions), len(sectors)))
    row_of = {name: index for index, name in enumerate(regions)}
    column_of = {name: index for index, name in enumerate(sectors)}
    for (region, sector), (counts, employment) in found.items():
        place = row_of[region], column_of[sector]
        real[place] = counts
        known[place] = employment
    cells = CellRows(real, known, _class_means(path.parent, sectors), source=str(path))
    return cells, regions, sectors


def _counts(path: Path, row: dict[str, str], problems: TableProblems) -> list[int]:
    """Return the counts of a row; one by one only if something is wrong, as there are many rows."""
    try:
        return [whole_number(path, row, column) for column in _CLASS_COLUMNS]
    except DataError:
        return [problems.take(whole_number, path, row, column) for column in _CLASS_COLUMNS]


def _class_means(folder: Path, sectors: list[str]) -> FloatArray:
    """Mean employment of the size classes by sector, (S, 9); NaN where the folder does not tell."""
    means = np.full((len(sectors), CLASSES), np.nan)
    path = find_file(folder, CLASS_MEANS)
    if path:
        position = {name: index for index, name in enumerate(sectors)}
        with TableProblems() as problems:
            for row in read_rows(path, ["naics", "size_class", "mean_employment"], _MEANS_FROM, problems):
                if row["naics"] in position and row["size_class"] in CLASS_LABELS:
                    place = position[row["naics"]], CLASS_LABELS.index(row["size_class"])
                    means[place] = problems.take(number_or_nan, path, row, "mean_employment")
    return means


def load_sectors(cfg: "Config", folder: Path, ids: list[str], cells: CellRows) -> SectorRows:
    """Describe the sectors of a table of cells.

    Names, kinds and parameters come from ``sectors.csv`` if there is one, otherwise from what is known of
    NAICS industries and from the innovation survey; supplier links from ``suppliers.csv`` or the Use table.
    Without these files the parameters of the configuration hold and a sector buys from itself.

    Parameters
    ----------
    cfg : Config
        The configuration.
    folder : Path
        The folder.
    ids : list of str
        Sectors.
    cells : CellRows
        Establishments and employment.

    Returns
    -------
    SectorRows
        The sectors.

    Raises
    ------
    DataError
        Files that cannot be used; sectors in the configuration that are not among ``ids``.
    """
    establishments = cells.real.sum(axis=2).sum(axis=0)
    employment = cells.employment().sum(axis=0)
    own = find_file(folder, SECTORS)
    names = [NAMES.get(name, name) for name in ids]
    high_tech = np.array([is_high_tech(name) for name in ids])
    groups = [two_digit(name) for name in ids]
    described = _read_sectors(own, ids) if own else {}
    for index, name in enumerate(ids):
        if name in described:
            row = described[name]
            names[index] = row.get("name") or name
            groups[index] = row.get("group") or name
            high_tech[index] = _TRUE_OR_NOT[row.get("high_tech", "").strip().lower()]
    for entry in cfg.sectors:
        index = sector_index(ids, entry.id, "[[sectors]] id")
        given = entry.model_fields_set
        names[index] = entry.name if "name" in given else names[index]
        groups[index] = entry.group if "group" in given else groups[index]
        high_tech[index] = entry.high_tech if "high_tech" in given else high_tech[index]
    parameters = default_parameters(cfg, high_tech)
    survey = find_file(folder, SURVEY)
    if survey:
        set_from_survey(parameters, ids, high_tech, establishments, read_survey(survey))
    if own:
        _set_described(own, ids, described, parameters)
    override_parameters(cfg, ids, parameters)
    return SectorRows(
        ids=ids,
        names=names,
        high_tech=high_tech,
        groups=groups,
        parameters=parameters,
        relatedness=relatedness_matrix(groups, cfg.relatedness.base, cfg.relatedness.group),
        suppliers=supplier_matrix(cfg, ids, _suppliers(folder, ids, employment)),
    )


def _read_sectors(path: Path, ids: list[str]) -> dict[str, dict[str, str]]:
    described: dict[str, dict[str, str]] = {}
    rows = read_rows(path, ["id"], "your own list of sectors")
    refuse_misspelt(path, rows[0], _SECTOR_COLUMNS)
    with TableProblems() as problems:
        for row in rows:
            name, kind = row["id"].strip(), row.get("high_tech", "").strip()
            if name in described:
                problems.add(f"{path}: row {row['']}: sector {name} is listed a second time")
            if kind.lower() not in _TRUE_OR_NOT:
                problems.add(f"{path}: row {row['']}, column high_tech: found {kind!r}; allowed: 1 or 0")
            described[name] = row
    missing = [name for name in ids if name not in described]
    if missing:
        raise DataError(f"{path}: no row for sector {', '.join(missing[:8])}, which the table of cells has")
    return described


def _set_described(
    path: Path, ids: list[str], described: dict[str, dict[str, str]], parameters: dict[str, FloatArray]
) -> None:
    with TableProblems() as problems:
        for index, sector in enumerate(ids):
            for name, (key, _) in SECTOR_DEFAULTS.items():
                low, high = ENTRIES[key].low, ENTRIES[key].high
                value = problems.take(number_or_nan, path, described[sector], name, low=low, high=high)
                if not np.isnan(value):
                    parameters[name][index] = value


def _suppliers(folder: Path, ids: list[str], weights: FloatArray) -> FloatArray | None:
    links = find_file(folder, SUPPLIERS)
    if links:
        return suppliers_from_list(links, ids)
    use = find_file(folder, USE_TABLE)
    return suppliers_from_use_table(use, ids, weights) if use else None
