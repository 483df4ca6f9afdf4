"""Tables from the configuration itself: ``data.kind = "embedded"``.

Either the configuration lists the firms of each cell (``[[cells]]``: that is then the whole economy, and
``data.scale`` does not apply), or firms are made from each sector's national establishments: they are
spread over the regions by population and a seeded specialisation, and a share ``data.scale`` of them is
simulated.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.errors import DataError
from technopole.firm_sizes import (
    CLASSES,
    NATIONAL_SHARES,
    cell_offsets,
    draw_employment,
    rescale,
    split_firms,
)
from technopole.portable_math import FloatArray, exp, normals
from technopole.schema import suggestion
from technopole.sector_tables import (
    default_parameters,
    override_parameters,
    relatedness_matrix,
    sector_index,
    supplier_matrix,
)
from technopole.tables import (
    STOCKS,
    CellRows,
    RegionRows,
    SectorRows,
    Tables,
    assemble,
    check_cells,
    finish,
    mean_one,
)

if TYPE_CHECKING:
    from technopole.config import Config

SPECIALISATION = (
    0.3  # standard deviation of the log weight of a cell, where the configuration does not set it
)
_SPECIALISATION_STREAM = 5
_SOURCE = "configuration"


def load_embedded(cfg: "Config") -> Tables:
    """Make the tables from ``[[regions]]``, ``[[sectors]]`` and, if there are any, ``[[cells]]``.

    Parameters
    ----------
    cfg : Config
        The configuration.

    Returns
    -------
    Tables
        The tables.

    Raises
    ------
    DataError
        Regions or sectors missing or empty, a region without a position, an unknown region or sector, bad
        numbers.
    """
    if not cfg.regions or not cfg.sectors:
        missing = "[[regions]]" if not cfg.regions else "[[sectors]]"
        raise DataError(f'{_SOURCE}: no {missing}; data.kind = "embedded" needs at least one of them')
    regions = region_rows(cfg)
    sectors = _sector_rows(cfg)
    if cfg.cells:
        return _firms_of_cells(cfg, regions, sectors)
    shares = class_shares(cfg)
    missing_counts = [entry.id for entry in cfg.sectors if entry.establishments is None]
    if missing_counts:
        raise DataError(
            f"{_SOURCE}: [[sectors]] {', '.join(missing_counts)}: no establishments; give the "
            "national number, "
            "or list the firms of each cell under [[cells]]"
        )
    national = np.array([float(entry.establishments or 0) for entry in cfg.sectors])[:, None] * shares
    weights = region_weights(cfg, sectors.ids)
    cells = CellRows(
        real=weights[:, :, None] * national[None, :, :],
        known=np.full(weights.shape, np.nan),
        means=class_means_of(cfg),
        source=_SOURCE,
    )
    return assemble(regions, sectors, cells, cfg.data.scale, cfg.data.seed)


def region_rows(cfg: "Config") -> RegionRows:
    """Regions with positions or given distances, from the configuration.

    Parameters
    ----------
    cfg : Config
        The configuration, with at least one of ``[[regions]]``.

    Returns
    -------
    RegionRows
        The regions.

    Raises
    ------
    DataError
        A region without a position, two kinds of positions, a missing distance.
    """
    entries = cfg.regions
    ids = [entry.id for entry in entries]
    on_globe = [entry.lat is not None and entry.lon is not None for entry in entries]
    on_plane = [entry.x is not None and entry.y is not None for entry in entries]
    pairs = [
        (entry.lat, entry.lon) if globe else (entry.x, entry.y)
        for entry, globe in zip(entries, on_globe, strict=True)
    ]
    positions = np.array(
        [[np.nan if value is None else value for value in pair] for pair in pairs], dtype=np.float64
    )
    stocks = {name: mean_one(np.array([float(getattr(entry, name)) for entry in entries])) for name in STOCKS}
    rows = RegionRows(ids, [entry.name or entry.id for entry in entries], positions, "matrix", stocks)
    if cfg.distances:
        rows.distances = _given_distances(cfg, ids)
    elif all(on_globe):
        rows.metric = "great_circle"
    elif all(on_plane):
        rows.metric = "euclidean"
    else:
        _refuse_positions(ids, on_globe, on_plane)
    return rows


def _refuse_positions(ids: list[str], on_globe: list[bool], on_plane: list[bool]) -> None:
    nowhere = [
        name for name, globe, plane in zip(ids, on_globe, on_plane, strict=True) if not globe and not plane
    ]
    if nowhere:
        raise DataError(
            [
                f"{_SOURCE}: region {name} has no position; give lat and lon, or x and y, or all "
                "[[distances]]"
                for name in nowhere
            ]
        )
    raise DataError(
        f"{_SOURCE}: some regions have lat and lon and others x and y; all must have the same kind of "
        "position"
    )


def _given_distances(cfg: "Config", ids: list[str]) -> FloatArray:
    ""
    """Matrix from rows [from, to, distance]; a row holds for both ways unless the other is given too."""
    number = len(ids)
    matrix = np.full((number, number), np.nan)
    for row in cfg.distances:
        matrix[
            _region_index(ids, row.from_, "[[distances]] from"),
            _region_index(ids, row.to, "[[distances]] to"),
        ] = row.distance
    matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    np.fill_diagonal(matrix, 0.0)
    missing = np.argwhere(np.isnan(matrix))
    if missing.size:
        first, second = ids[missing[0][0]], ids[missing[0][1]]
        raise DataError(
            f"{_SOURCE}: [[distances]]: no distance between {first} and {second}; every pair of "
            "regions needs one"
        )
    wrong = np.argwhere(np.isinf(matrix) | (matrix < 0.0))
    if wrong.size:
        first, second = ids[wrong[0][0]], ids[wrong[0][1]]
        raise DataError(f"{_SOURCE}: [[distances]] from {first} to {second}: must be finite and at least 0")
    return matrix


def _region_index(ids: list[str], name: str, where: str) -> int:
    if name not in ids:
        raise DataError(f'{_SOURCE}: {where}: no region "{name}"{suggestion(name, ids)}')
    return ids.index(name)


def _sector_rows(cfg: "Config") -> SectorRows:
    ids = [entry.id for entry in cfg.sectors]
    high_tech = np.array([bool(entry.high_tech) for entry in cfg.sectors])
    groups = [entry.group or entry.id for entry in cfg.sectors]
    parameters = default_parameters(cfg, high_tech)
    override_parameters(cfg, ids, parameters)
    return SectorRows(
        ids=ids,
        names=[entry.name or entry.id for entry in cfg.sectors],
        high_tech=high_tech,
        groups=groups,
        parameters=parameters,
        relatedness=relatedness_matrix(groups, cfg.relatedness.base, cfg.relatedness.group),
        suppliers=supplier_matrix(cfg, ids),
    )


def region_weights(cfg: "Config", sectors: list[str]) -> FloatArray:
    """Share of each region in the establishments of each sector.

    Population share (equal shares if no population is given) times ``weights`` of the region times a seeded
    log-normal factor, ``exp(s*z)`` with s = ``data.specialisation``; then divided by the sum over regions.

    Parameters
    ----------
    cfg : Config
        The configuration.
    sectors : list of str
        Sector ids.

    Returns
    -------
    (R, S) array of float64
        Columns sum to 1.

    Raises
    ------
    DataError
        Only some regions have a population; a weight for an unknown sector; a sector with weight nowhere.
    """
    entries = cfg.regions
    without = [entry.id for entry in entries if entry.population is None]
    if without and len(without) < len(entries):
        raise DataError(
            f"{_SOURCE}: [[regions]] {', '.join(without[:8])}: no population; give it for all regions "
            "or for none"
        )
    population = np.array([1.0 if entry.population is None else entry.population for entry in entries])
    spread = float(getattr(cfg.data, "specialisation", SPECIALISATION))
    shape = (len(entries), len(sectors))
    weights = population[:, None] * exp(
        spread * normals(cfg.data.seed, _SPECIALISATION_STREAM, shape[0] * shape[1]).reshape(shape)
    )
    for index, entry in enumerate(entries):
        for name, weight in (entry.weights or {}).items():
            weights[index, sector_index(sectors, name, f"[[regions]] {entry.id}, weights")] *= weight
    sums = weights.sum(axis=0)
    empty = [sectors[k] for k in np.flatnonzero(sums <= 0.0)]
    if empty:
        raise DataError(
            f"{_SOURCE}: sector {empty[0]} has weight 0 in every region; at least one region needs some"
        )
    return weights / sums


def class_shares(cfg: "Config") -> FloatArray:
    """Shares of the size classes by sector, (S, 9): given, or those of all US establishments."""
    return np.array([_shares(entry, f"sector {entry.id}", NATIONAL_SHARES) for entry in cfg.sectors])


def class_means_of(cfg: "Config") -> FloatArray:
    """Mean employment of the size classes by sector, (S, 9); NaN where it is not given."""
    unknown = [np.nan] * CLASSES
    return np.array(
        [unknown if entry.mean_employment is None else entry.mean_employment for entry in cfg.sectors],
        dtype=np.float64,
    )


def _shares(entry: Any, label: str, default: Any) -> FloatArray:
    given = entry.size_classes
    shares = np.asarray(default if given is None else given, dtype=np.float64)
    if (
        shares.shape != (CLASSES,)
        or not np.all(np.isfinite(shares))
        or np.any(shares < 0.0)
        or shares.sum() <= 0.0
    ):
        raise DataError(
            f"{_SOURCE}: {label}, size_classes: {CLASSES} shares of at least 0 are needed, not all 0; "
            f"found {given}"
        )
    return shares / shares.sum()


def _firms_of_cells(cfg: "Config", regions: RegionRows, sectors: SectorRows) -> Tables:
    """Economy whose cells are listed: every firm counts, none is sampled."""
    shape = (len(regions.ids), len(sectors.ids))
    firms = np.zeros(shape, dtype=np.int64)
    known = np.full(shape, np.nan)
    shares = np.broadcast_to(class_shares(cfg)[None, :, :], (*shape, CLASSES)).copy()
    for entry in cfg.cells:
        region = _region_index(regions.ids, entry.region, "[[cells]] region")
        sector = sector_index(sectors.ids, entry.sector, "[[cells]] sector")
        label = f"[[cells]] region {entry.region}, sector {entry.sector}"
        if firms[region, sector] > 0:
            raise DataError(f"{_SOURCE}: {label} is listed twice")
        if entry.firms < 0:
            raise DataError(f"{_SOURCE}: {label}: {entry.firms} firms; a count is at least 0")
        firms[region, sector] = entry.firms
        shares[region, sector] = _shares(entry, label, shares[region, sector])
        if entry.mean_employment is not None:
            known[region, sector] = entry.firms * entry.mean_employment
    sample = split_firms(firms.ravel(), shares.reshape(-1, CLASSES), cfg.data.seed).reshape(*shape, CLASSES)
    cells = CellRows(sample.astype(np.float64), known, class_means_of(cfg), source=_SOURCE)
    check_cells(regions.ids, sectors.ids, cells)
    drawn = draw_employment(sample, cfg.data.seed)
    return finish(
        regions, sectors, cell_offsets(sample), rescale(drawn, sample, cells.real, known, cells.means)
    )
