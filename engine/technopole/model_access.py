"""Reading and changing the state of a model by label: selection, units, bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.entries import Variable, plain_number
from technopole.errors import StateError
from technopole.schema import RECORDS, STATE, suggestion
from technopole.world_state import state_view
from technopole_kernels.types import World

if TYPE_CHECKING:
    import xarray as xr

Label = str | Sequence[str] | None
Firms = int | Sequence[int] | NDArray[np.uint64] | None
Index = int | slice | NDArray[np.int64]

FIXED = ("offsets", "identity", "period")
"""State variables that `set` does not change: they say who the firms are, and when it is."""
SHARES_TOLERANCE = 1e-9
"""How far the market shares of a sector may be from adding up to 1."""
SHOWN = 5
"""Ids that a message lists."""


class MissingVariableError(StateError, KeyError):
    """A variable that a model does not have, or not yet; a `KeyError` too, as Python's containers raise."""

    __str__ = Exception.__str__  # that of KeyError puts the message into quotes


class Names:
    """Ids of regions and sectors, and where they stand.

    Parameters
    ----------
    regions, sectors : sequence of str
        In the order of the arrays.
    """

    def __init__(self, regions: Sequence[str], sectors: Sequence[str]) -> None:
        self.ids = {"region": list(regions), "sector": list(sectors)}
        self.places = {dim: {name: place for place, name in enumerate(ids)} for dim, ids in self.ids.items()}

    def place(self, dim: str, label: Any, what: str) -> int:
        """Return where a label stands along a dimension.

        Raises
        ------
        StateError
            If there is no such label.
        """
        place = self.places[dim].get(str(label))
        if place is None:
            ids = self.ids[dim]
            few = ", ".join(ids[:SHOWN]) + (f", … ({len(ids)} in all)" if len(ids) > SHOWN else "")
            raise StateError(
                f'{what}: {dim} "{label}" is unknown{suggestion(str(label), ids)}; there are {few}'
            )
        return place

    def index(self, dim: str, labels: Label, what: str) -> Index:
        """Return an index along a dimension: a place for one label, places for several, all for None."""
        if labels is None:
            return slice(None)
        if isinstance(labels, str):
            return self.place(dim, labels, what)
        places = [self.place(dim, label, what) for label in labels]
        if len(set(places)) < len(places):
            raise StateError(f"{what}: a {dim} stands there twice: {', '.join(map(str, labels))}")
        return np.array(places, dtype=np.int64)


def described(name: str, recorded: bool | None = None) -> Variable:
    """Return the row of the schema that a name stands for; the state comes first.

    Raises
    ------
    MissingVariableError
        If there is no such variable.
    """
    if not isinstance(name, str):
        raise MissingVariableError(f"found {name!r}; allowed: the name of a variable of a model")
    plain = name.removeprefix("state.")
    if not recorded and plain in STATE:
        return STATE[plain]
    if recorded is not False and name in RECORDS:
        return RECORDS[name]
    known = {True: [*RECORDS], False: [*STATE], None: [*STATE, *RECORDS]}[recorded]
    raise MissingVariableError(f'"{name}" is no variable of a model{suggestion(name, known)}')


def dims_of(entry: Variable) -> tuple[str, ...]:
    """Return the dimensions of a variable of one world at one time."""
    return tuple(dim for dim in entry.dims if dim not in ("replicate", "time"))


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


def check_bounds(entry: Variable, values: NDArray[Any], where: Any = None) -> None:
    """Refuse values that are not finite or out of the range of a variable.

    Parameters
    ----------
    entry : Variable
        Row of the schema.
    values : ndarray
        What is to be set.
    where : callable, optional
        From an index of `values` to words that say where it is.

    Raises
    ------
    StateError
        With the first value that is wrong, and what is allowed.
    """
    low, high = entry.low, entry.high
    with np.errstate(invalid="ignore"):
        wrong = ~np.isfinite(values)
        if low is not None:
            wrong |= values < low
        if high is not None:
            wrong |= values > high
    if entry.name in POSITIVE_STATE:
        wrong |= values <= 0.0
    if entry.dtype in ("u1", "i4"):
        wrong |= values != np.floor(values)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        at = f" ({where(place)})" if where is not None and place else ""
        raise StateError(f"{entry.name}: found {values[place]!s}{at}; allowed: {allowed(entry)}")


POSITIVE_STATE = ("workforce", "wage", "market")
"""State variables of which the model takes logarithms or by which it divides."""


def allowed(entry: Variable) -> str:
    """Return the allowed values of a state variable in words."""
    noun = "whole numbers" if entry.dtype in ("u1", "i4") else "finite numbers"
    if entry.name in POSITIVE_STATE:
        return f"{noun} above 0"
    if entry.low is None:
        return noun
    if entry.high is None:
        return f"{noun} from {plain_number(entry.low)}"
    return f"{noun} from {plain_number(entry.low)} to {plain_number(entry.high)}"


def refuse_fixed(name: str) -> None:
    """Raise if a state variable is not to be set.

    Raises
    ------
    StateError
        Unknown variable, or one that follows from the others.
    """
    if described(name, recorded=False).name in FIXED:
        raise StateError(f"{name} cannot be set: it follows from what happens in the model")


def set_state(world: World, selection: Selection, values: NDArray[Any], renormalise: bool) -> None:
    """Change a part of a state variable, or leave it as it is if that is not allowed.

    Parameters
    ----------
    world : World
        Changed in place.
    selection : Selection
        What is changed.
    values : ndarray
        Of the shape of the selection.
    renormalise : bool
        For market shares: scale the sectors so that their shares add up to 1.

    Raises
    ------
    StateError
        Not finite, out of range; shares that do not add up.
    """
    entry = selection.entry
    if renormalise and entry.name != "share":
        raise StateError(f"{entry.name}: renormalise is for market shares (share)")
    view = state_view(world, entry.name)
    if entry.name != "share":
        check_bounds(entry, values, lambda place: _where(selection, place))
        selection.put(view, values)
        return
    candidate = view.copy()
    selection.put(candidate, values)
    if renormalise:
        if not (np.isfinite(candidate) & (candidate >= 0.0)).all():
            check_bounds(entry, values, lambda place: _where(selection, place))
        candidate = renormalised(candidate, world)
    check_bounds(entry, candidate)
    refuse_shares(candidate, world, selection.names)
    view[...] = candidate


def _where(selection: Selection, place: tuple[int, ...]) -> str:
    words = []
    for dim, index, position in zip(
        selection.kept,
        [index for index in selection.index if not isinstance(index, int)],
        place,
        strict=True,
    ):
        if dim in selection.names.ids:
            words.append(f"{dim} {np.array(selection.names.ids[dim], dtype=object)[index][position]}")
        else:
            words.append(f"{dim} number {position}")
    return ", ".join(words)


def sector_of_firms(world: World) -> NDArray[np.int64]:
    """Return the number of the sector of each firm."""
    sectors = world.sectors.shape[1]
    cells = np.repeat(np.arange(world.offsets.size - 1), np.diff(world.offsets))
    numbers: NDArray[np.int64] = cells % sectors
    return numbers


def renormalised(shares: NDArray[Any], world: World) -> NDArray[Any]:
    """Return market shares scaled so that they add up to 1 in each sector."""
    sector = sector_of_firms(world)
    sums = np.bincount(sector, weights=shares, minlength=world.sectors.shape[1])
    scaled: NDArray[Any] = shares / np.where(sums > 0.0, sums, 1.0)[sector]
    return scaled


def refuse_shares(shares: NDArray[Any], world: World, names: Names) -> None:
    """Raise if the market shares of a sector with firms do not add up to 1.

    Raises
    ------
    StateError
        With the sector and its sum.
    """
    sector = sector_of_firms(world)
    size = world.sectors.shape[1]
    sums, firms = np.bincount(sector, weights=shares, minlength=size), np.bincount(sector, minlength=size)
    wrong = np.flatnonzero((firms > 0) & ~(np.abs(sums - 1.0) <= SHARES_TOLERANCE))
    if wrong.size:
        first = int(wrong[0])
        raise StateError(
            f"share: the shares of sector {names.ids['sector'][first]} add up to {sums[first]:.12g}; allowed: 1 in "
            "each sector (set(…, renormalise=True) scales them)"
        )
