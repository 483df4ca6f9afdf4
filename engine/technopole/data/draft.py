"""The step from loaded rows to tables, in two halves: the firms are counted before they are made.

So a run that does not fit into memory can be refused while it is still small.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.basics.machine import available_memory, readable_bytes
from technopole.basics.portable_math import FloatArray
from technopole.data.firm_sizes import (
    SMALLEST_FIRM,
    cell_offsets,
    class_exponents,
    class_means,
    draw_employment,
    largest_possible,
    rescale,
    sample_establishments,
)
from technopole.data.geography import IndexArray, Space
from technopole.data.tables import CellRows, RegionRows, SectorRows, Tables, check_cells
from technopole.errors import ConfigError
from technopole.schema.entries import counted

if TYPE_CHECKING:
    from technopole.config.config import Config

_LARGEST_CORRECTION = 2.0  # bound of the factor that brings a sector to its employment
_FIRM_BYTES = 16  # of memory for a firm beside its worlds: employment and, of small worlds, identity
_MAKING_BYTES = 56  # the same while employment is drawn
_PAIR_BYTES = (
    64  # for a region that another one reaches: in rows and in groups of rows, and while these are made
)


class Draft(NamedTuple):
    """An economy that is checked and counted, but has no firms yet.

    Attributes
    ----------
    regions, sectors, firms : int
        How many there will be.
    make : callable
        Makes the firms and returns the :class:`Tables`.
    space : Space
        Where the regions are.
    """

    regions: int
    sectors: int
    firms: int
    make: Callable[[], Tables]
    space: Space


def refuse_too_large(config: "Config", draft: Draft, world: int = 0) -> None:
    """Raise before firms are made that would not fit into memory.

    Parameters
    ----------
    config : Config
        The configuration, for the keys that make it smaller.
    draft : Draft
        The economy.
    world : int
        Memory of a world of it, in bytes.

    Raises
    ------
    ConfigError
        With the figures and the keys.
    """
    firms = max(_MAKING_BYTES * draft.firms, _FIRM_BYTES * draft.firms + world)
    reached = draft.space.reached(config.spillover.distance_decay, config.spillover.cutoff)
    needed, available = firms + int(_PAIR_BYTES * draft.regions * reached), available_memory()
    if available is None or needed <= available:
        return
    raise ConfigError(
        f"the economy needs about {readable_bytes(needed)} of memory and {readable_bytes(available)} are "
        f"available: {counted(draft.regions, 'region')} × {counted(draft.sectors, 'sector')} with "
        f"{counted(draft.firms, 'firm')}; {smaller_economy(config)} or less capacity.slack would need less"
    )


def smaller_economy(config: "Config") -> str:
    """Say which key makes an economy of fewer firms."""
    if config.data.kind == "synthetic":
        return "a smaller synthetic.firms"
    return "fewer firms in [[cells]]" if config.cells else "a smaller data.scale"


def firms_in_words(config: "Config", firms: int) -> str:
    """Say how many firms are simulated, and which part of the real ones they are.

    Parameters
    ----------
    config : Config
        The configuration.
    firms : int
        Simulated at the start.

    Returns
    -------
    str
        ``60 firms``, or, where the firms are a sample, ``900 firms, 1 % of all (data.scale 0.01)``.
    """
    data = config.data
    if data.kind == "synthetic" or (data.kind == "embedded" and config.cells):
        return counted(firms, "firm")
    share = "all" if data.scale == 1.0 else f"{100.0 * data.scale:.3g} % of all"
    return f"{counted(firms, 'firm')}, {share} (data.scale {data.scale:g})"


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

    return Draft(len(regions.ids), len(sectors.ids), int(sample.sum()), make, regions.space)


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

    return Draft(len(regions.ids), len(sectors.ids), int(sample.sum()), make, regions.space)


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
        given_distances=regions.distances,
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
