"""A part of a variable of a model, chosen by label: taken, put, labelled, aligned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.entries import Variable
from technopole.errors import StateError
from technopole.model_names import Index, Label, Names, dims_of

if TYPE_CHECKING:
    import xarray as xr

Firms = int | Sequence[int] | NDArray[np.uint64] | None


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
        wanted = np.atleast_1d(np.asarray(firm, dtype=np.uint64))
        order = np.argsort(self._identity, kind="stable")
        place = np.searchsorted(self._identity, wanted, sorter=order)
        found = order[np.minimum(place, max(order.size - 1, 0))] if order.size else np.zeros_like(place)
        missing = np.ones(wanted.size, dtype=bool) if not order.size else self._identity[found] != wanted
        if missing.any():
            raise StateError(f"{self.entry.name}: there is no firm with the identity {wanted[missing][0]}")
        return int(found[0]) if np.asarray(firm).ndim == 0 else found.astype(np.int64)

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

    def align(self, values: Any, unit: str | None) -> NDArray[Any]:
        """Bring values to the shape of the chosen part.

        Parameters
        ----------
        values : DataArray or array_like
            A DataArray is put in order by its labels and must cover the chosen part; a plain array has its shape
            or can be spread over it.
        unit : str or None
            Unit of the values, if it is said; so does the attribute ``units`` of a DataArray.

        Returns
        -------
        ndarray of float64
            Of the shape of the chosen part.

        Raises
        ------
        StateError
            Other unit, other dimensions, unknown or missing labels, wrong shape, no numbers.
        """
        name = self.entry.name
        said = unit if unit is not None else getattr(values, "attrs", {}).get("units")
        if said is not None and str(said) != self.entry.unit:
            raise StateError(
                f"{name}: found the unit {said!r}; allowed: {self.entry.unit!r} (values are not converted)"
            )
        shape = self._shape()
        if hasattr(values, "dims") and hasattr(values, "coords"):
            values = self._in_order(values)
        try:
            array = np.asarray(values, dtype=np.float64)
            return np.broadcast_to(array, shape).copy()
        except (TypeError, ValueError):
            found = np.shape(values) if not isinstance(values, str) else repr(values)
            where = ", ".join(self.kept) or "one number"
            raise StateError(f"{name}: found {found}; allowed: numbers of shape {shape} ({where})") from None

    def _shape(self) -> tuple[int, ...]:
        sizes = {"firm": self._identity.size, "stage": 3, "channel": 4, "norm": 2}
        sizes |= {dim: len(ids) for dim, ids in self.names.ids.items()}
        return tuple(
            len(range(*index.indices(sizes[dim]))) if isinstance(index, slice) else index.size
            for dim, index in zip(self.dims, self.index, strict=True)
            if not isinstance(index, int)
        )

    def _in_order(self, values: Any) -> Any:
        """Transpose a DataArray and put its labels in the order of the chosen part."""
        name = self.entry.name
        extra = [str(dim) for dim in values.dims if dim not in self.kept]
        if extra:
            raise StateError(
                f"{name}: found the dimension {extra[0]}; allowed: {', '.join(self.kept) or 'none'}"
            )
        values = values.transpose(*(dim for dim in self.kept if dim in values.dims))
        for dim, index in zip(self.dims, self.index, strict=True):
            if dim not in self.names.ids or dim not in values.dims or dim not in values.coords:
                continue
            labels = [str(label) for label in values[dim].to_numpy().tolist()]
            wanted = np.array(self.names.ids[dim], dtype=object)[index].tolist()
            for label in labels:
                self.names.place(dim, label, name)
            other, missing = set(labels) - set(wanted), [one for one in wanted if one not in labels]
            if missing or other:
                problem = (
                    f"no value for {dim} {missing[0]}"
                    if missing
                    else f"{dim} {min(other)}, which is not selected"
                )
                raise StateError(f"{name}: found {problem}; select what is given with {dim}=[…]")
            values = values.isel({dim: [labels.index(label) for label in wanted]})
        missing_dims = [dim for dim in self.kept if dim not in values.dims]
        if missing_dims:
            shape = [values.sizes.get(dim, 1) for dim in self.kept]
            return values.to_numpy().reshape(shape)
        return values.to_numpy()
