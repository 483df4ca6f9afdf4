"""A made-up economy of any size: ``data.kind = "synthetic"``, section ``[synthetic]``.

For measuring and for trying: as many firms, regions and sectors as wanted, with what makes real economies hard: regions
of very different size, cells without firms, a few large firms. Everything comes from `data.seed` through the
counter-based generator, with the same bits on any machine; docs/DATA.md describes it.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray, exp, log, normals, random_words, uniforms
from technopole.data.draft import Draft, complete
from technopole.data.firm_sizes import CLASSES, NATIONAL_SHARES, split_firms
from technopole.data.geography import IndexArray
from technopole.data.sector_tables import (
    default_parameters,
    normalised_rows,
    override_parameters,
    relatedness_matrix,
    supplier_matrix,
)
from technopole.data.tables import CellRows, RegionRows, SectorRows, mean_one

if TYPE_CHECKING:
    from technopole.config.config import Config

_SOURCE = "[synthetic]"
# Streams of random numbers; those of firm_sizes and tables_embedded have lower numbers.
_PLACES, _RANKS, _SPECIALISATION, _UNIVERSITIES, _ROUNDING = 11, 12, 13, 14, 15
_SUPPLIERS = (0.6, 0.25, 0.15)  # shares of purchases from the own sector and the two after it
_SECTOR_EXPONENT = 0.5  # fall of ln firms with ln rank of a sector
_UNIVERSITY_SPREAD = 0.5  # standard deviation of the log stock of universities
_CURVE_BITS = 16  # of a coordinate, for the order of regions


def draft_synthetic(cfg: "Config") -> Draft:
    """Draft the economy of ``[synthetic]``.

    Parameters
    ----------
    cfg : Config
        The configuration. ``[[sectors]]`` and ``[[suppliers]]`` may change sectors by their ids.

    Returns
    -------
    Draft
        The economy before its firms are made: exactly ``synthetic.firms`` of them, at least one in every region
        and sector.

    Raises
    ------
    DataError
        ``[[sectors]]`` or ``[[suppliers]]`` name a sector that there is not.
    """
    regions, sectors = _regions(cfg), _sectors(cfg)
    firms = firms_of_cells(cfg)
    shares = np.broadcast_to(np.array(NATIONAL_SHARES) / sum(NATIONAL_SHARES), (firms.size, CLASSES))
    by_class = split_firms(firms.ravel(), shares, cfg.data.seed)
    cells = CellRows(
        real=by_class.reshape(*firms.shape, CLASSES).astype(np.float64),
        known=np.full(firms.shape, np.nan),
        means=np.full((firms.shape[1], CLASSES), np.nan),
        source=_SOURCE,
    )
    return complete(regions, sectors, cells, cfg.data.seed)


def _ids(letter: str, number: int) -> list[str]:
    digits = len(str(number))
    return [f"{letter}{place:0{digits}d}" for place in range(1, number + 1)]


def _regions(cfg: "Config") -> RegionRows:
    made, number = cfg.synthetic, int(cfg.synthetic.regions)
    side = made.spacing * np.sqrt(number)
    places = uniforms(cfg.data.seed, _PLACES, 2 * number).reshape(number, 2)
    # neighbours on the map are neighbours in the arrays
    places = places[np.argsort(curve_position(places), kind="stable")]
    ones = np.ones(number)
    universities = exp(_UNIVERSITY_SPREAD * normals(cfg.data.seed, _UNIVERSITIES, number))
    stocks = {"infrastructure": ones, "university": mean_one(universities), "services": ones, "finance": ones}
    ids = _ids("r", number)
    return RegionRows(ids, list(ids), places * side, "euclidean", stocks)


def curve_position(places: FloatArray) -> NDArray[np.uint64]:
    """Return the place of points along a curve through the unit square that keeps neighbours together (Morton 1966).

    Parameters
    ----------
    places : (R, 2) array of float64
        In [0, 1).

    Returns
    -------
    (R,) array of uint64
        The bits of both coordinates, in turn.
    """
    steps = (places * 2.0**_CURVE_BITS).astype(np.uint64)
    result = np.zeros(places.shape[0], dtype=np.uint64)
    for bit in range(_CURVE_BITS):
        for axis in range(2):
            one = (steps[:, axis] >> np.uint64(bit)) & np.uint64(1)
            result |= one << np.uint64(2 * bit + axis)
    return result


def _sectors(cfg: "Config") -> SectorRows:
    made, number = cfg.synthetic, int(cfg.synthetic.sectors)
    ids = _ids("s", number)
    reached = np.floor(np.arange(number + 1) * made.high_tech)
    high_tech = np.diff(reached) > 0.0
    groups = [f"g{place // made.group + 1}" for place in range(number)]
    parameters = default_parameters(cfg, high_tech)
    override_parameters(cfg, ids, parameters)
    buying = np.zeros((number, number))
    for step, share in enumerate(_SUPPLIERS):
        buying += share * np.roll(np.eye(number), step, axis=1)
    return SectorRows(
        ids=ids,
        names=list(ids),
        high_tech=high_tech,
        groups=groups,
        parameters=parameters,
        relatedness=relatedness_matrix(groups, cfg.relatedness.base, cfg.relatedness.group),
        suppliers=supplier_matrix(cfg, ids, normalised_rows(buying)),
    )


def region_shares(cfg: "Config") -> FloatArray:
    """Return the share of each region in all firms.

    Parameters
    ----------
    cfg : Config
        The configuration.

    Returns
    -------
    (R,) array of float64
        Sums to 1. Equal, or rank to the power of minus ``synthetic.exponent`` in random order; the largest then
        has ``synthetic.largest`` if that is above 0.
    """
    made, number = cfg.synthetic, int(cfg.synthetic.regions)
    rank = np.empty(number)
    rank[np.argsort(random_words(cfg.data.seed, _RANKS, number), kind="stable")] = np.arange(1, number + 1)
    exponent = made.exponent if made.sizes == "zipf" else 0.0
    shares = exp(-exponent * log(rank))
    shares = shares / shares.sum()
    if made.largest > 0.0 and number > 1:
        first = rank == 1.0
        others = shares[~first].sum()
        shares = np.where(first, made.largest, shares * ((1.0 - made.largest) / others))
    return np.asarray(shares)


def firms_of_cells(cfg: "Config") -> IndexArray:
    """Return the number of firms of each cell.

    Parameters
    ----------
    cfg : Config
        The configuration.

    Returns
    -------
    (R, S) array of int64
        Sums to ``synthetic.firms``; no region and no sector is empty. The share of a cell is that of its region
        times that of its sector times exp(s z), z standard normal and s = ``data.specialisation``.
    """
    made = cfg.synthetic
    number, regions, sectors = int(made.firms), int(made.regions), int(made.sectors)
    by_sector = exp(-_SECTOR_EXPONENT * log(np.arange(1.0, sectors + 1.0)))
    factor = exp(cfg.data.specialisation * normals(cfg.data.seed, _SPECIALISATION, regions * sectors))
    share = region_shares(cfg)[:, None] * by_sector * factor.reshape(regions, sectors)
    # specialisation moves firms between the sectors of a region, not between regions
    share *= (region_shares(cfg) / share.sum(axis=1))[:, None]
    firms = np.zeros((regions, sectors), dtype=np.int64)
    covered = max(regions, sectors)
    place = np.arange(covered)
    firms[place % regions, place % sectors] = 1
    reached = np.cumsum(share.ravel())
    reached = np.floor(reached / reached[-1] * (number - covered) + uniforms(cfg.data.seed, _ROUNDING, 1))
    reached[-1] = number - covered
    counts = np.diff(np.minimum(reached, number - covered), prepend=0.0)
    return np.asarray(firms + counts.astype(np.int64).reshape(regions, sectors))
