"""A part of a variable of a model, chosen by label: taken, put, labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model.names import Index, Label, Names, dims_of, identities_given
from technopole.schema.entries import Variable

if TYPE_CHECKING:
    import xarray as xr

Firms: TypeAlias = "int | Sequence[int] | NDArray[np.uint64] | xr.DataArray | None"


class Selection:
    """A part of a variable, chosen by label.

    Parameters
    ----------
    entry : Variable
        Row of the schema.
    names : Names
        Of the world.
    offsets : ndarray of int64, (R·S + 1,)
        First firm of each cell.
    identity : ndarray of uint64, (n,)
        Of the firms.
    region, sector : str, sequence of str or None
        One label (the dimension goes away), several, or all. For firms: those of these places.
    firm : int or sequence of int or None
        Identities of firms.

    Raises
    ------
    StateError
        Unknown label, or one of a dimension that the variable does not have.
    """

    def __init__(
        self,
        entry: Variable,
        names: Names,
        offsets: NDArray[np.int64],
        identity: NDArray[np.uint64],
        region: Label = None,
        sector: Label = None,
        firm: Firms = None,
    ) -> None:
        self.entry, self.names = entry, names
        self.dims = dims_of(entry)
        self._offsets, self._identity = offsets, identity
        given: dict[str, Any] = {"region": region, "sector": sector, "firm": firm}
        for dim, labels in given.items():
            if labels is not None and dim not in self.dims and ("firm" not in self.dims or dim == "firm"):
                has = ", ".join(self.dims) or "no dimensions"
                raise StateError(f"{entry.name}: found a selection by {dim}; it has {has}")
        self.index: list[Index] = [
            self._firms(region, sector, firm)
            if dim == "firm"
            else names.index(dim, given[dim], entry.name)
            if dim in names.ids
            else slice(None)
            for dim in self.dims
        ]

    def _firms(self, region: Label, sector: Label, firm: Firms) -> Index:
        if firm is not None:
            if region is not None or sector is not None:
                raise StateError(
                    f"{self.entry.name}: firms are selected by identity or by place, not by both"
                )
            return self._by_identity(firm)
        if region is None and sector is None:
            return slice(None)
        regions, sectors = (
            np.atleast_1d(np.arange(len(self.names.ids[dim]))[self.names.index(dim, labels, self.entry.name)])
            for dim, labels in (("region", region), ("sector", sector))
        )
        if sector is None or len(self.names.ids["sector"]) == 1:
            if regions.size == 1:
                width = len(self.names.ids["sector"])
                first = int(regions[0]) * width
                return slice(int(self._offsets[first]), int(self._offsets[first + width]))
        elif regions.size == sectors.size == 1:
            cell = int(regions[0]) * len(self.names.ids["sector"]) + int(sectors[0])
            return slice(int(self._offsets[cell]), int(self._offsets[cell + 1]))
        cells = (regions[:, np.newaxis] * len(self.names.ids["sector"]) + sectors).ravel()
        parts = [np.arange(self._offsets[cell], self._offsets[cell + 1]) for cell in cells.tolist()]
        return np.concatenate(parts).astype(np.int64)

    def _by_identity(self, firm: Firms) -> Index:
        wanted = identities_given(firm, f"{self.entry.name}: firm")
        found = positions(np.atleast_1d(wanted), self._identity)
        if (found < 0).any():
            missing = np.atleast_1d(wanted)[found < 0][0]
            raise StateError(f"{self.entry.name}: there is no firm with the identity {missing}")
        return int(found[0]) if wanted.ndim == 0 else found

    def take(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the chosen part: a view where all labels are single or absent, or firms of one place."""
        arrays = [axis for axis, index in enumerate(self.index) if isinstance(index, np.ndarray)]
        if len(arrays) < 2:
            part: NDArray[Any] = values[(*self.index, ...)]  # one value too is an array: a view
            return part
        chosen: NDArray[Any] = values[self._open()]
        return chosen

    def put(self, values: NDArray[Any], part: NDArray[Any]) -> None:
        """Write the chosen part of an array."""
        values[self._open() if self.is_list else tuple(self.index)] = part

    @property
    def is_list(self) -> bool:
        """Whether several dimensions are chosen by a list."""
        return sum(isinstance(index, np.ndarray) for index in self.index) > 1

    def _open(self) -> tuple[Any, ...]:
        """Return an index by which lists of several dimensions stand for all combinations."""
        return np.ix_(*(np.asarray(index) for index in self.index))

    @property
    def shares_memory(self) -> bool:
        """Whether `take` returns a view."""
        return not any(isinstance(index, np.ndarray) for index in self.index)

    @property
    def kept(self) -> tuple[str, ...]:
        """Dimensions of the chosen part."""
        return tuple(
            dim for dim, index in zip(self.dims, self.index, strict=True) if not isinstance(index, int)
        )

    def labelled(self, part: NDArray[Any]) -> xr.DataArray:
        """Return the chosen part with its labels, unit and long name."""
        import xarray as xr

        attributes = {"long_name": self.entry.long_name, "units": self.entry.unit}
        coordinates: dict[str, Any] = {}
        for dim, index in zip(self.dims, self.index, strict=True):
            if dim in self.names.ids:
                ids = np.array(self.names.ids[dim], dtype=object)[index]
                coordinates[dim] = (dim, ids) if dim in self.kept else ids
            elif dim == "firm":
                coordinates |= self._firm_labels(index)
        return xr.DataArray(part, coordinates, self.kept, self.entry.name, attributes)

    def _firm_labels(self, index: Index) -> dict[str, Any]:
        cells = np.repeat(np.arange(self._offsets.size - 1), np.diff(self._offsets))[index]
        width = len(self.names.ids["sector"])
        labels = {
            "identity": np.array(self._identity[index]),
            "region": np.array(self.names.ids["region"], dtype=object)[cells // width],
            "sector": np.array(self.names.ids["sector"], dtype=object)[cells % width],
        }
        return {name: ("firm", values) if "firm" in self.kept else values for name, values in labels.items()}

    @property
    def identities(self) -> NDArray[np.uint64]:
        """Identities of the chosen firms."""
        return self._identity[self.index[self.dims.index("firm")]]

    def labels(self, dim: str) -> list[str]:
        """Return the chosen labels of a dimension that has ids."""
        chosen: list[str] = np.array(self.names.ids[dim], dtype=object)[
            self.index[self.dims.index(dim)]
        ].tolist()
        return chosen

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the chosen part."""
        sizes = {"firm": self._identity.size, "stage": 3, "channel": 4, "norm": 2}
        sizes |= {dim: len(ids) for dim, ids in self.names.ids.items()}
        return tuple(
            len(range(*index.indices(sizes[dim]))) if isinstance(index, slice) else index.size
            for dim, index in zip(self.dims, self.index, strict=True)
            if not isinstance(index, int)
        )


def positions(wanted: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where identities stand among others, -1 for those that are not there."""
    if not among.size:
        return np.full(wanted.size, -1, dtype=np.int64)
    order = np.argsort(among, kind="stable")
    place = np.minimum(np.searchsorted(among, wanted, sorter=order), among.size - 1)
    found = order[place].astype(np.int64)
    return np.where(among[found] == wanted, found, -1)
