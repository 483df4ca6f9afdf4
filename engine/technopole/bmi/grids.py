"""Where the values of the Basic Model Interface lie: regions, sectors, cells, firms as points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from technopole.bmi.variables import (
    CELLS,
    ECONOMY,
    FIRMS,
    GRID_RANKS,
    GRID_TYPES,
    REGIONS,
    SECTORS,
    SIZES,
)
from technopole.errors import StateError
from technopole.model.model import Model
from technopole.schema import SIZE_EDGES

WORDS = {
    ECONOMY: "economy",
    REGIONS: "regions",
    SECTORS: "sectors",
    CELLS: "cells",
    FIRMS: "firms",
    SIZES: "size classes",
}


def known_grid(grid: int) -> int:
    """Return a grid identifier that there is.

    Raises
    ------
    StateError
        If there is no such grid.
    """
    if grid not in GRID_TYPES:
        there = ", ".join(f"{number} ({words})" for number, words in WORDS.items())
        raise StateError(f"grid {grid!r} is unknown; there are {there}")
    return int(grid)


def described(grid: int) -> str:
    """Return a grid in words, for messages."""
    return f"grid {grid} ({WORDS[grid]}) is {GRID_TYPES[grid]}"


class Grids:
    """Sizes and coordinates of the grids of a model.

    Points of cells and firms lie where their region does; their third coordinate is the number of the sector.

    Parameters
    ----------
    model : Model
        Asked each time, as firms come and go.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        tables = model._blueprint.tables
        self._positions, self._metric = tables.positions, tables.metric

    def size(self, grid: int) -> int:
        """Return the number of points."""
        regions, sectors = len(self._model.region_ids), len(self._model.sector_ids)
        sizes = {
            ECONOMY: 1,
            REGIONS: regions,
            SECTORS: sectors,
            CELLS: regions * sectors,
            SIZES: len(SIZE_EDGES),
        }
        return self._model.n_firms if grid == FIRMS else sizes[grid]

    def coordinates(self, grid: int, axis: int) -> NDArray[np.float64]:
        """Return one coordinate of all points.

        Parameters
        ----------
        grid : int
            Identifier.
        axis : int
            0: x or longitude, or what a one-dimensional grid has; 1: y or latitude; 2: number of the sector.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NotImplementedError
            If the grid has no such axis.
        StateError
            If only distances between regions are known.
        """
        if axis >= GRID_RANKS[grid]:
            raise NotImplementedError(f"{described(grid)}: it has no {'xyz'[axis]}")
        if grid == SECTORS:
            return np.arange(self.size(SECTORS), dtype=np.float64)
        if grid == SIZES:
            return np.array(SIZE_EDGES, dtype=np.float64)
        cells = self.cells(grid)
        region, sector = np.divmod(cells, self.size(SECTORS)) if grid != REGIONS else (cells, cells)
        if axis == 2:
            return np.asarray(sector, dtype=np.float64)
        if self._metric == "matrix":
            raise StateError(
                "the regions of this economy have distances between each other, but no coordinates"
            )
        # latitude comes first in the tables, x comes first in the interface
        column = 1 - axis if self._metric == "great_circle" else axis
        return np.asarray(self._positions[region, column], dtype=np.float64)

    def cells(self, grid: int) -> NDArray[np.int64]:
        """Return the cell of each point of cells or firms, or the region of each region."""
        if grid != FIRMS:
            return np.arange(self.size(grid), dtype=np.int64)
        firms = np.diff(self._model["offsets"])
        return np.repeat(np.arange(firms.size, dtype=np.int64), firms)
