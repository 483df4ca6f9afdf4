"""The step from loaded rows to tables, in two halves: the firms are counted before they are made.

So a run that does not fit into memory can be refused while it is still small.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from technopole.firm_sizes import (
    SMALLEST_FIRM,
    cell_offsets,
    class_exponents,
    class_means,
    draw_employment,
    largest_possible,
    rescale,
    sample_establishments,
)
from technopole.geography import IndexArray
from technopole.portable_math import FloatArray
from technopole.tables import CellRows, RegionRows, SectorRows, Tables, check_cells

_LARGEST_CORRECTION = 2.0  # bound of the factor that brings a sector to its employment
_FIRM_BYTES = 16  # its employment and its identity; making them takes 50 for a while, less than a world does


class Draft(NamedTuple):
    """An economy that is checked and counted, but has no firms yet.

    Attributes
    ----------
    regions, sectors, firms : int
        How many there will be.
    make : callable
        Makes the firms and returns the :class:`Tables`.
    """

    regions: int
    sectors: int
    firms: int
    make: Callable[[], Tables]

    @property
    def tables_bytes(self) -> int:
        """Memory that the tables will take, in bytes: firms, distances and what follows from distances."""
        return _FIRM_BYTES * self.firms + 3 * 8 * self.regions**2


def sampled(regions: RegionRows, sectors: SectorRows, cells: CellRows, scale: float, seed: int) -> Draft:
    """Choose a share of the establishments to be firms.

    Parameters
    ----------
    regions, sectors, cells
        What a loader found.
    scale : float
        Share of the real establishments that is simulated.
    seed : int
        ``data.seed``.

    Returns
    -------
    Draft
        Checked and counted.

    Raises
    ------
    DataError
        No regions or sectors, a region or sector without establishments, numbers that are negative or not
        finite.
    """
    check_cells(regions.ids, sectors.ids, cells)
    sample = sample_establishments(cells.real, scale, seed)

    def make() -> Tables:
        most = largest_possible(sample, cells.real, cells.known)
        employment = np.minimum(_employment(cells, sample, seed), most)
        employment = _match_sectors(employment, sample, scale * cells.employment().sum(axis=0))
        employment = np.minimum(employment, most)
        return _tables(regions, sectors, sample, employment)

    return Draft(len(regions.ids), len(sectors.ids), int(sample.sum()), make)


def complete(regions: RegionRows, sectors: SectorRows, cells: CellRows, seed: int) -> Draft:
    """Let every establishment be a firm.

    Parameters
    ----------
    regions, sectors, cells
        What a loader found; establishments are whole numbers.
    seed : int
        ``data.seed``.

    Returns
    -------
    Draft
        Checked and counted.

    Raises
    ------
    DataError
        As :func:`sampled`.
    """
    check_cells(regions.ids, sectors.ids, cells)
    sample = cells.real.astype(np.int64)

    def make() -> Tables:
        return _tables(regions, sectors, sample, _employment(cells, sample, seed))

    return Draft(len(regions.ids), len(sectors.ids), int(sample.sum()), make)


def _employment(cells: CellRows, sample: IndexArray, seed: int) -> FloatArray:
    exponents = class_exponents(cells.means)
    drawn = draw_employment(sample, exponents, seed)
    return rescale(drawn, sample, cells.real, cells.known, class_means(exponents))


def _tables(regions: RegionRows, sectors: SectorRows, sample: IndexArray, employment: FloatArray) -> Tables:
    return Tables(
        region_ids=regions.ids,
        region_names=regions.names,
        positions=regions.positions,
        metric=regions.metric,
        distances=regions.distance_matrix(),
        sector_ids=sectors.ids,
        sector_names=sectors.names,
        high_tech=sectors.high_tech,
        groups=sectors.groups,
        offsets=cell_offsets(sample),
        employment=employment,
        stocks=regions.stocks,
        relatedness=sectors.relatedness,
        suppliers=sectors.suppliers,
        **sectors.parameters,
    )


def _match_sectors(employment: FloatArray, sample: IndexArray, target: FloatArray) -> FloatArray:
    """One factor per sector, near 1, that makes up for the luck of the sample in its few large firms."""
    regions, sectors, _ = sample.shape
    sector = np.repeat(np.tile(np.arange(sectors), regions), sample.sum(axis=2).ravel())
    simulated = np.bincount(sector, weights=employment, minlength=sectors)
    factor = np.clip(target / simulated, 1.0 / _LARGEST_CORRECTION, _LARGEST_CORRECTION)
    return np.maximum(employment * factor[sector], SMALLEST_FIRM)
