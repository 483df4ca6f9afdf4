"""Names of variables, regions and sectors, and what is said of unknown ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.entries import Variable
from technopole.errors import StateError
from technopole.schema import RECORDS, STATE, suggestion

Label = str | Sequence[str] | None
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


def no_state(name: Any) -> MissingVariableError:
    """Return the error of a name that is none of a state variable; of a recorded one it says where that is."""
    if isinstance(name, str) and name in RECORDS:
        return MissingVariableError(
            f'"{name}" is recorded, not a state variable: model.record({name!r}) or model.get({name!r})'
        )
    near = suggestion(str(name).removeprefix("state."), STATE)
    return MissingVariableError(f'"{name}" is no state variable{near}')
