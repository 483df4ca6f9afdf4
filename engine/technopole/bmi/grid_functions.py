"""The functions of the Basic Model Interface about grids."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from technopole.bmi.grids import Grids, described, known_grid
from technopole.bmi.variables import GRID_RANKS, GRID_TYPES
from technopole.errors import TO_COUPLE
from technopole.model.model import Model

try:
    from bmipy import Bmi
except ImportError:
    raise ImportError(TO_COUPLE) from None

Array = NDArray[Any]


class GridFunctions(Bmi):  # type: ignore[misc, unused-ignore]
    """A component that tells about its grids; see `technopole.bmi.TechnopoleBmi`."""

    _grids: Grids

    def get_grid_rank(self, grid: int) -> int:
        """Return the number of coordinates of a grid."""
        return GRID_RANKS[known_grid(grid)]

    def get_grid_size(self, grid: int) -> int:
        """Return the number of points of a grid now."""
        known_grid(grid)
        self._running()
        return self._grids.size(grid)

    def get_grid_type(self, grid: int) -> str:
        """Return the type of a grid."""
        return GRID_TYPES[known_grid(grid)]

    def get_grid_shape(self, grid: int, shape: Array) -> Array:
        """Return the shape of a rectilinear grid."""
        if GRID_TYPES[known_grid(grid)] != "rectilinear":
            raise NotImplementedError(f"{described(grid)}: it has no shape, ask for its size")
        shape[...] = self.get_grid_size(grid)
        return shape

    def get_grid_spacing(self, grid: int, spacing: Array) -> Array:
        """Refuse: no grid is uniform."""
        raise NotImplementedError(f"{described(known_grid(grid))}: it has no spacing")

    def get_grid_origin(self, grid: int, origin: Array) -> Array:
        """Refuse: no grid is uniform."""
        raise NotImplementedError(f"{described(known_grid(grid))}: it has no origin")

    def get_grid_x(self, grid: int, x: Array) -> Array:
        """Return x or longitude of points, the number of each sector, or the lower edge (workers) of size classes."""
        return self._coordinates(grid, 0, x)

    def get_grid_y(self, grid: int, y: Array) -> Array:
        """Return y or latitude of points."""
        return self._coordinates(grid, 1, y)

    def get_grid_z(self, grid: int, z: Array) -> Array:
        """Return the number of the sector of cells or firms."""
        return self._coordinates(grid, 2, z)

    def _coordinates(self, grid: int, axis: int, dest: Array) -> Array:
        known_grid(grid)
        self._running()
        dest[...] = self._grids.coordinates(grid, axis)
        return dest

    def get_grid_node_count(self, grid: int) -> int:
        """Return the number of points of a grid now."""
        return self.get_grid_size(grid)

    def get_grid_edge_count(self, grid: int) -> int:
        """Return 0: points are not joined."""
        known_grid(grid)
        return 0

    def get_grid_face_count(self, grid: int) -> int:
        """Return 0: points are not joined."""
        known_grid(grid)
        return 0

    def get_grid_edge_nodes(self, grid: int, edge_nodes: Array) -> Array:
        """Return the array as it is: there are no edges."""
        known_grid(grid)
        return edge_nodes

    def get_grid_face_edges(self, grid: int, face_edges: Array) -> Array:
        """Return the array as it is: there are no faces."""
        known_grid(grid)
        return face_edges

    def get_grid_face_nodes(self, grid: int, face_nodes: Array) -> Array:
        """Return the array as it is: there are no faces."""
        known_grid(grid)
        return face_nodes

    def get_grid_nodes_per_face(self, grid: int, nodes_per_face: Array) -> Array:
        """Return the array as it is: there are no faces."""
        known_grid(grid)
        return nodes_per_face

    def _running(self) -> Model:
        """Return the model; raise if there is none."""
        raise NotImplementedError
