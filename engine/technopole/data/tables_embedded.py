"""Tables from the configuration itself: ``data.kind = "embedded"``.

Either the configuration lists the firms of each cell (``[[cells]]``: that is then the whole economy, and
``data.scale`` does not apply), or firms are made from each sector's national establishments: they are
spread over the regions by population and a seeded specialisation, and a share ``data.scale`` of them is
simulated.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from technopole.basics.portable_math import FloatArray, exp, normals
from technopole.data.draft import Draft, complete, sampled
from technopole.data.firm_sizes import CLASSES, NATIONAL_SHARES, split_firms
from technopole.data.given_distances import given_distances, listed_distances
from technopole.data.sector_tables import (
    default_parameters,
    override_parameters,
    relatedness_matrix,
    sector_index,
    supplier_matrix,
)
from technopole.data.tables import CellRows, RegionRows, SectorRows, mean_one
from technopole.errors import DataError
from technopole.schema import STOCKS

if TYPE_CHECKING:
    from technopole.config.config import Config

_SPECIALISATION_STREAM = 5
_SOURCE = "configuration"


def draft_embedded(cfg: "Config") -> Draft:
    """Draft the economy from ``[[regions]]``, ``[[sectors]]`` and, if there are any, ``[[cells]]``.

    Parameters
    ----------
    cfg : Config
        The configuration.

    Returns
    -------
    Draft
        The economy before its firms are made.

    Raises
    ------
    DataError
        A region or sector without firms, a region without a position.
    """
    regions = region_rows(cfg)
    sectors = sector_rows(cfg)
    if cfg.cells:
        return _firms_of_cells(cfg, regions, sectors)
    establishments = np.array([float(entry.establishments or 0) for entry in cfg.sectors])
    national = establishments[:, None] * class_shares(cfg)
    weights = region_weights(cfg, sectors.ids)
    cells = CellRows(
        real=weights[:, :, None] * national[None, :, :],
        known=np.full(weights.shape, np.nan),
        means=class_means_of(cfg),
        source=_SOURCE,
    )
    return sampled(regions, sectors, cells, cfg.data.scale, cfg.data.seed)


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
    globe = all(entry.x is None for entry in entries)
    pairs = [(entry.lat, entry.lon) if globe else (entry.x, entry.y) for entry in entries]
    positions = np.array([[np.nan if value is None else value for value in pair] for pair in pairs], float)
    stocks = {name: mean_one(np.array([float(getattr(entry, name)) for entry in entries])) for name in STOCKS}
    names = [entry.name or entry.id for entry in entries]
    metric = "great_circle" if globe else "euclidean"
    if cfg.distances:
        known = bool(np.isfinite(positions).all())
        given = given_distances(listed_distances(cfg), ids)
        return RegionRows(ids, names, positions, metric if known else "matrix", stocks, given)
    nowhere = [name for name, place in zip(ids, positions, strict=True) if np.isnan(place).any()]
    if nowhere:
        raise DataError(
            [
                f"{_SOURCE}: region {name} has no position; give lat and lon, x and y, or all [[distances]]"
                for name in nowhere
            ]
        )
    return RegionRows(ids, names, positions, metric, stocks)


def sector_rows(cfg: "Config") -> SectorRows:
    """Sectors with their parameters, relatedness and suppliers, from the configuration.

    Parameters
    ----------
    cfg : Config
        The configuration, with at least one of ``[[sectors]]``.

    Returns
    -------
    SectorRows
        The sectors.

    Raises
    ------
    DataError
        A supplier that is not listed.
    """
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
    spread = float(cfg.data.specialisation)
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
    return np.asarray(weights / sums)


def class_shares(cfg: "Config") -> FloatArray:
    """Shares of the size classes by sector, (S, 9): given, or those of all US establishments."""
    return np.array([_shares(entry.size_classes or NATIONAL_SHARES) for entry in cfg.sectors])


def class_means_of(cfg: "Config") -> FloatArray:
    """Mean employment of the size classes by sector, (S, 9); NaN where it is not given."""
    unknown = [np.nan] * CLASSES
    return np.array(
        [unknown if entry.mean_employment is None else entry.mean_employment for entry in cfg.sectors],
        dtype=np.float64,
    )


def _shares(given: Sequence[float]) -> FloatArray:
    shares = np.array(given, dtype=np.float64)
    return np.asarray(shares / shares.sum())


def _firms_of_cells(cfg: "Config", regions: RegionRows, sectors: SectorRows) -> Draft:
    """Economy whose cells are listed: every firm counts, none is sampled."""
    shape = (len(regions.ids), len(sectors.ids))
    firms = np.zeros(shape, dtype=np.int64)
    known = np.full(shape, np.nan)
    shares = np.broadcast_to(class_shares(cfg)[None, :, :], (*shape, CLASSES)).copy()
    region_of = {name: index for index, name in enumerate(regions.ids)}
    sector_of = {name: index for index, name in enumerate(sectors.ids)}
    for entry in cfg.cells:
        cell = region_of[entry.region], sector_of[entry.sector]
        firms[cell] = entry.firms
        if entry.size_classes is not None:
            shares[cell] = _shares(entry.size_classes)
        if entry.mean_employment is not None:
            known[cell] = entry.firms * entry.mean_employment
    sample = split_firms(firms.ravel(), shares.reshape(-1, CLASSES), cfg.data.seed).reshape(*shape, CLASSES)
    cells = CellRows(sample.astype(np.float64), known, class_means_of(cfg), source=_SOURCE)
    return complete(regions, sectors, cells, cfg.data.seed)
