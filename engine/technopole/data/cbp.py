"""Original files of the County Business Patterns (US Census Bureau): ``data.kind = "cbp"``.

The files are comma-separated text with a header, one row for each area, industry (NAICS code) and, in some,
legal form. There are four layouts, told apart by their key columns: US (``uscode``), state (``fipstate``),
county (``fipstate`` and ``fipscty``) and metropolitan area (``msa``). Reading is by column name in lower or
upper case, because columns differ between years: the smallest class is ``n1_4`` until 2016 and ``n<5`` from
2017 on. A class count of ``N`` (or a blank) means fewer than three establishments, not shown.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from technopole.data.cbp_files import WANTED, CbpRow, find_cbp_file, read_cbp
from technopole.data.draft import Draft, sampled
from technopole.data.firm_sizes import CLASSES
from technopole.data.region_files import (
    AREAS,
    REGIONS,
    STATES,
    RegionFiles,
    find_file,
    load_regions,
    select_regions,
)
from technopole.data.tables import CellRows, RegionRows
from technopole.data.tables_embedded import region_rows, region_weights
from technopole.data.tables_folder import load_sectors
from technopole.errors import DataError
from technopole.schema import STOCKS

if TYPE_CHECKING:
    from technopole.config.config import Config

NATION = "US"
CENTRE = (39.8333, -98.5833)  # geographic centre of the 48 contiguous states, degrees (US Geological Survey)


def draft_cbp(cfg: "Config", path: Path) -> Draft:
    """Draft the economy from one original file.

    Parameters
    ----------
    cfg : Config
        ``[[sectors]]`` chooses the industries by NAICS code of any length (all three-digit ones if there
        are none). For a US file ``[[regions]]`` spreads the nation over regions by population and weights
        (one region without them); for the other files it chooses the areas and gives their positions.
    path : Path
        The file (``.txt``, ``.csv``, ``.gz``, ``.zip``), or a folder with one such file and, if wanted,
        tables of regions, the Use table and the innovation survey.

    Returns
    -------
    Draft
        The economy before its firms are made.

    Raises
    ------
    DataError
        No file, a missing column, counts that are no numbers, an area without a position, an industry that
        is not in the file.
    """
    file = find_cbp_file(path)
    wanted = [entry.id for entry in cfg.sectors]
    level, rows = read_cbp(file, wanted)
    chosen = _placed(cfg) if level != "us" else []
    rows = [row for row in rows if row.classes.any() and (not chosen or row.region in chosen)]
    sectors = wanted or sorted({row.sector for row in rows})
    if not rows:
        raise DataError(
            f"{file}: no establishments of {', '.join(wanted) or 'three-digit industries'}"
            f"{' in the [[regions]]' if chosen else ''} – {WANTED}; see docs/DATA.md"
        )
    present = {row.sector for row in rows}
    absent = [name for name in sectors if name not in present]
    if absent:
        raise DataError(
            f"{file}: no establishments in sector {', '.join(absent[:8])}; "
            "[[sectors]] ids are NAICS codes as in the file"
        )
    if level == "us":
        return _nation(cfg, file, sectors, rows)
    return _areas(cfg, file, level, sectors, rows)


def _nation(cfg: "Config", file: Path, sectors: list[str], rows: list[CbpRow]) -> Draft:
    """One region, or the regions of the configuration with their share of every industry."""
    if cfg.regions:
        regions = region_rows(cfg)
        weights = region_weights(cfg, sectors)
    else:
        ones = {name: np.ones(1) for name in STOCKS}
        regions = RegionRows([NATION], ["United States"], np.array([CENTRE]), "great_circle", ones)
        weights = np.ones((1, len(sectors)))
    national = _cells(file, [NATION], sectors, rows)
    cells = CellRows(weights[:, :, None] * national.real, weights * national.known, national.means, str(file))
    return sampled(
        regions, load_sectors(cfg, file.parent, sectors, national), cells, cfg.data.scale, cfg.data.seed
    )


def _placed(cfg: "Config") -> list[str]:
    """Ids of the regions of the configuration if these bring their positions along."""
    placed = any(entry.lat is not None or entry.x is not None for entry in cfg.regions) or cfg.distances
    return [entry.id for entry in cfg.regions] if placed else []


def _areas(cfg: "Config", file: Path, level: str, sectors: list[str], rows: list[CbpRow]) -> Draft:
    """Areas of a state, county or metropolitan file."""
    present = list(dict.fromkeys(row.region for row in rows))
    ids = _placed(cfg)
    if ids:
        cells = _cells(file, ids, sectors, rows)
        regions = region_rows(cfg)
    else:
        files = next(
            (files for files in (REGIONS, _usual_file(level)) if find_file(file.parent, files.name)), None
        )
        if files is None:
            raise DataError(
                f"{file}: the areas have no positions; give them as [[regions]] with lat and lon "
                f"(ids as in the file, such as {present[0]}), or as regions.csv with the columns "
                "id, name, lat, lon in the same folder; see docs/DATA.md"
            )
        listed = select_regions(file.parent, files, None)
        unknown = [name for name in present if name not in listed]
        if unknown:
            raise DataError(
                f"{file}: area {unknown[0]} has no position in {files.name} "
                f"({len(unknown)} of {len(present)} areas); add them, or choose areas by [[regions]] "
                "with lat and lon"
            )
        ids = sorted(present, key=list(listed).index)
        cells = _cells(file, ids, sectors, rows)
        regions = load_regions(cfg, file.parent, files, ids, cells.employment().sum(axis=1))
    return sampled(
        regions, load_sectors(cfg, file.parent, sectors, cells), cells, cfg.data.scale, cfg.data.seed
    )


def _usual_file(level: str) -> RegionFiles:
    return STATES if level == "state" else AREAS


def _cells(file: Path, ids: list[str], sectors: list[str], rows: list[CbpRow]) -> CellRows:
    """Arrays from rows; class means are those of the file's rows together, weighted by establishments."""
    real = np.zeros((len(ids), len(sectors), CLASSES))
    known = np.full((len(ids), len(sectors)), np.nan)
    workers = np.zeros((len(sectors), CLASSES))
    counted = np.zeros((len(sectors), CLASSES))
    row_of = {name: index for index, name in enumerate(ids)}
    column_of = {name: index for index, name in enumerate(sectors)}
    for row in rows:
        region, sector = row_of.get(row.region), column_of[row.sector]
        if region is None:
            continue
        real[region, sector] = row.classes
        known[region, sector] = row.employment
        published = row.means > 0.0
        workers[sector, published] += row.means[published] * row.classes[published]
        counted[sector, published] += row.classes[published]
    means = np.divide(workers, counted, out=np.full_like(workers, np.nan), where=counted > 0.0)
    return CellRows(real, known, means, str(file))
