"""Names of variables, regions and sectors, and what is said of unknown ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import twice
from technopole.errors import StateError
from technopole.schema import RECORDS, STATE, suggestion
from technopole.schema.entries import Variable

Label: TypeAlias = "str | Sequence[str] | xr.DataArray | None"
if TYPE_CHECKING:
    import xarray as xr

FIRM_LIMIT = 2**64 - 1
"""Largest identity of a firm."""

Index = int | slice | NDArray[np.int64]

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

    def index(self, dim: str, given: Any, what: str) -> Index:
        """Return an index along a dimension: a place for one label, places for several, all for None."""
        labels = labels_given(dim, given, what)
        if labels is None:
            return slice(None)
        if isinstance(labels, str):
            return self.place(dim, labels, what)
        places = [self.place(dim, label, what) for label in labels]
        if len(set(places)) < len(places):
            raise StateError(f"{what}: {dim} {twice(labels)} stands there twice")
        return np.array(places, dtype=np.int64)


def labels_given(dim: str, given: Any, what: str) -> str | tuple[str, ...] | None:
    """Return the labels by which a part is chosen.

    Parameters
    ----------
    dim : str
        Dimension.
    given : object
        None, an id, several (list, tuple, array), or a DataArray of one or several.
    what : str
        Variable, for messages.

    Returns
    -------
    None, str or tuple

    Raises
    ------
    StateError
        If it is something else.
    """
    if given is None or isinstance(given, str):
        return given
    plain = given.to_numpy() if hasattr(given, "to_numpy") else given
    if isinstance(plain, np.ndarray | np.generic):
        plain = plain.tolist()
    if isinstance(plain, str | int | float):
        return str(plain)
    ordered = isinstance(plain, Iterable) and not isinstance(plain, Mapping | Set | bytes)
    labels = tuple(plain) if ordered else ()
    if not ordered or any(not isinstance(label, str | int | float) for label in labels):
        raise StateError(f"{what}: found {dim}={given!r:.60}; allowed: an id, a list of ids, or None for all")
    return tuple(map(str, labels))


def identities_given(given: Any, what: str) -> NDArray[np.uint64]:
    """Return identities of firms.

    Parameters
    ----------
    given : object
        A whole number, or several: a list, an array, a DataArray.
    what : str
        What is said in messages before what was found.

    Returns
    -------
    ndarray of uint64, shape () or (n,)

    Raises
    ------
    StateError
        If one cannot be an identity, or stands there twice.
    """
    plain = given.to_numpy() if hasattr(given, "to_numpy") else given
    if not (isinstance(plain, np.ndarray) and plain.dtype == np.uint64):
        objects = np.array(plain, dtype=object)
        for one in objects.ravel():
            if not _is_identity(one):
                raise StateError(
                    f"{what}: found {one!r:.60}; allowed: identities of firms, whole numbers from 0 to 2**64 − 1"
                )
        plain = objects.astype(np.uint64)
    identities: NDArray[np.uint64] = plain
    if plain.ndim > 1:
        raise StateError(f"{what}: found shape {plain.shape}; allowed: an identity, or a list of them")
    if np.unique(identities).size < identities.size:
        raise StateError(
            f"{what}: the firm with the identity {twice(identities.tolist())} stands there twice"
        )
    return identities


def _is_identity(given: Any) -> bool:
    if isinstance(given, bool | np.bool) or not isinstance(given, Real):
        return False
    number: Any = given
    exact = not isinstance(number, float | np.floating) or number < 2**53  # not all larger ones are floats
    return bool(0 <= number <= FIRM_LIMIT and number == int(number) and exact)


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
    if recorded is False and name in RECORDS:
        raise no_state(name)
    known = {True: [*RECORDS], False: [*STATE], None: [*STATE, *RECORDS]}[recorded]
    raise MissingVariableError(f'"{name}" is no variable of a model{suggestion(name, known)}')


def dims_of(entry: Variable) -> tuple[str, ...]:
    """Return the dimensions of a variable of one world at one time."""
    return tuple(dim for dim in entry.dims if dim not in ("replicate", "time"))


def no_state(name: Any) -> MissingVariableError:
    """Return the error of a name that is none of a state variable; of a recorded one it says where that is."""
    if isinstance(name, str) and name in RECORDS:
        return MissingVariableError(
            f'"{name}" is recorded, not a state variable: model.record({name!r}) or model.get({name!r})'
        )
    near = suggestion(str(name).removeprefix("state."), STATE)
    return MissingVariableError(f'"{name}" is no state variable{near}')
