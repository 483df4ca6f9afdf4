"""The tables of a scenario in the form the model starts from, and the rows that they are made of.

A loader (:mod:`technopole.data.tables_embedded`, :mod:`technopole.data.tables_folder`,
:mod:`technopole.data.cbp`) fills three groups of rows: regions, sectors, cells. :mod:`technopole.data.draft`
counts the firms they stand for and makes them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray
from technopole.data.firm_sizes import CLASSES, class_exponents, class_means
from technopole.data.geography import IndexArray, Space
from technopole.errors import DataError


class Labels(NamedTuple):
    """Names and positions of an economy, as in `Tables`."""

    region_ids: list[str]
    region_names: list[str]
    positions: FloatArray
    metric: str
    sector_ids: list[str]
    sector_names: list[str]
    high_tech: NDArray[np.bool_]


@dataclass(frozen=True)
class Tables:
    """Everything a world starts from, apart from parameters.

    R regions, S sectors, n firms; cell = region * S + sector.

    Attributes
    ----------
    region_ids, region_names : list of str
        Identity and name of each region.
    positions : (R, 2) array of float64
        Latitude and longitude (degrees), or x and y; NaN where distances were given instead.
    metric : str
        Of the positions: ``great_circle``, ``euclidean``, or ``matrix`` where they are not known.
    given_distances : (R, R) array of float64, optional
        Distance between regions where it is given, in place of that between positions.
    sector_ids, sector_names : list of str
        Identity and name of each sector.
    high_tech : (S,) array of bool
        High-tech or traditional.
    groups : list of str
        Sectors of one group are related.
    offsets : (R*S + 1,) array of int64
        The firms of cell c stand at ``offsets[c]:offsets[c + 1]``.
    employment : (n,) array of float64
        Workers of each initial firm, in order of cell.
    stocks : dict of str to (R,) array of float64
        ``infrastructure``, ``university``, ``services``, ``finance``; 1 is the national average.
    relatedness : (S, S) array of float64
        1 on the diagonal.
    suppliers : (S, S) array of float64
        Row k: shares of the supplier sectors of k; a row sums to 1, or to 0 without suppliers.
    rd_intensity, innovation_rate, innovation_scale, appropriability : (S,) array of float64
        As the parameters of these names.
    markup, labour_share, demand_growth : (S,) array of float64
        As the parameters of these names.
    """

    region_ids: list[str]
    region_names: list[str]
    positions: FloatArray
    metric: str
    given_distances: FloatArray | None
    sector_ids: list[str]
    sector_names: list[str]
    high_tech: NDArray[np.bool_]
    groups: list[str]
    offsets: IndexArray
    employment: FloatArray
    stocks: dict[str, FloatArray]
    relatedness: FloatArray
    suppliers: FloatArray
    rd_intensity: FloatArray
    innovation_rate: FloatArray
    innovation_scale: FloatArray
    appropriability: FloatArray
    markup: FloatArray
    labour_share: FloatArray
    demand_growth: FloatArray

    @property
    def space(self) -> Space:
        """Distances between regions, as they are needed."""
        return Space(self.positions, self.metric, self.given_distances)

    @property
    def distances(self) -> FloatArray:
        """Distance between all regions, (R, R): km, or the unit of x and y; made anew at every call."""
        return self.space.matrix()


@dataclass
class RegionRows:
    """Regions as loaded; see :class:`Tables` for shapes and units."""

    ids: list[str]
    names: list[str]
    positions: FloatArray
    metric: str
    stocks: dict[str, FloatArray]
    distances: FloatArray | None = None  # in place of those between positions

    @property
    def space(self) -> Space:
        """Distances by the metric."""
        return Space(self.positions, self.metric, self.distances)


@dataclass
class SectorRows:
    """Sectors as loaded; ``parameters`` holds the (S,) arrays such as ``rd_intensity``."""

    ids: list[str]
    names: list[str]
    high_tech: NDArray[np.bool_]
    groups: list[str]
    parameters: dict[str, FloatArray]
    relatedness: FloatArray
    suppliers: FloatArray


@dataclass
class CellRows:
    """Establishments as loaded.

    Attributes
    ----------
    real : (R, S, 9) array of float64
        Establishments by size class; need not be whole numbers.
    known : (R, S) array of float64
        Employment; NaN or 0: not known.
    means : (S, 9) array of float64
        Mean employment by class; NaN: not known.
    source : str
        File, or the configuration: for messages.
    """

    real: FloatArray
    known: FloatArray
    means: FloatArray
    source: str

    def employment(self) -> FloatArray:
        """Employment of each cell, (R, S): known, or what its size classes imply."""
        means = class_means(class_exponents(self.means))
        implied = np.zeros(self.known.shape)
        for index in range(CLASSES):  # a fixed order of addition
            implied = implied + self.real[:, :, index] * means[None, :, index]
        return np.where(self.known > 0.0, self.known, implied)


def check_cells(regions: list[str], sectors: list[str], cells: CellRows) -> None:
    """Refuse tables from which no economy can start.

    Parameters
    ----------
    regions, sectors : list of str
        Ids.
    cells : CellRows
        Establishments.

    Raises
    ------
    DataError
        One line for each problem.
    """
    if not regions or not sectors:
        what = "regions" if not regions else "sectors"
        raise DataError(f"{cells.source}: no {what}; at least one is needed")
    for name, values in (("establishments", cells.real), ("employment", cells.known)):
        place = np.argwhere(
            np.isinf(values) | (values < 0.0) | (np.isnan(values) & (name == "establishments"))
        )
        if place.size:
            region, sector = regions[place[0][0]], sectors[place[0][1]]
            raise DataError(
                f"{cells.source}: {name} of region {region}, sector {sector}: "
                f"{values[tuple(place[0])]:g} is not allowed; a count is finite and at least 0"
            )
    by_cell = cells.real.sum(axis=2)
    problems = [
        f"{cells.source}: region {regions[r]} has no establishments in any sector; leave it out or add some"
        for r in np.flatnonzero(by_cell.sum(axis=1) == 0.0)
    ] + [
        f"{cells.source}: sector {sectors[k]} has no establishments in any region; leave it out or add some"
        for k in np.flatnonzero(by_cell.sum(axis=0) == 0.0)
    ]
    if problems:
        raise DataError(problems)


def mean_one(stock: FloatArray) -> FloatArray:
    """Scale a stock so that its plain mean over regions is 1, the national average.

    Parameters
    ----------
    stock : (R,) array of float64
        At least 0.

    Returns
    -------
    (R,) array of float64
        The stock; all 1 if it was 0 everywhere.
    """
    mean = stock.sum() / max(stock.size, 1)
    return stock / mean if mean > 0.0 else np.ones_like(stock)
