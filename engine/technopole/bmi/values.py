"""Values of the Basic Model Interface: flat views of the state, arrays of what was observed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.bmi.grids import Grids
from technopole.bmi.policies import HostPolicies
from technopole.bmi.variables import FIRMS, Exchanged
from technopole.errors import ConfigError, StateError
from technopole.model.model import Model

Array = NDArray[Any]


class Values:
    """Reads and writes the variables of a model as flat arrays.

    Parameters
    ----------
    model : Model
        Holds the state.
    policies : HostPolicies
        Arrays of the instruments.
    grids : Grids
        Says how many values there are.
    """

    def __init__(self, model: Model, policies: HostPolicies, grids: Grids) -> None:
        self._model, self._policies, self._grids = model, policies, grids
        self._observed: dict[str, tuple[Exchanged, Array]] = {}

    def size(self, entry: Exchanged) -> int:
        """Return the number of values now."""
        return self._grids.size(entry.grid)

    def read(self, entry: Exchanged) -> Array:
        """Return the values, flat; they may be a view of the state."""
        if entry.source == "state":
            values = self._model[entry.key]
            return (values if entry.column is None else values[:, entry.column]).reshape(-1)
        if entry.source == "policy":
            return self._policies[entry.key].reshape(-1)
        if entry.source == "record":
            return self._recorded(entry)
        if entry.grid == FIRMS:
            return self._grids.cells(FIRMS)
        return np.array([self._model.n_firms])

    def _recorded(self, entry: Exchanged) -> Array:
        if self._model.time == 0:
            # nothing has been observed yet: no events, unknown values
            missing: Any = 0 if entry.dtype.startswith("i") else np.nan
            return np.full(self.size(entry), missing, dtype=entry.dtype)
        return self._model.record(entry.key).reshape(-1)

    def pointer(self, entry: Exchanged) -> Array:
        """Return the values as an array that stays what it is: of the state, of a policy, or kept up to date."""
        if entry.source in ("state", "policy"):
            pointer = self.read(entry)
            if not entry.writable:
                pointer = pointer.view()
                pointer.flags.writeable = False
            return pointer
        if entry.grid == FIRMS:
            return self.read(entry)
        if entry.name not in self._observed:
            self._observed[entry.name] = entry, self.read(entry).copy()
        pointer = self._observed[entry.name][1].view()
        pointer.flags.writeable = False
        return pointer

    def refresh(self) -> None:
        """Bring the arrays that were lent up to date."""
        for entry, array in self._observed.values():
            array[...] = self.read(entry)

    def set(self, entry: Exchanged, values: Array) -> None:
        """Set a variable.

        Raises
        ------
        StateError, ConfigError
            If it is no input, or a value is not finite or out of range; nothing is changed then.
        """
        if not entry.writable:
            raise StateError(f"{entry.name} can be read, not set")
        key = f"policy {entry.key}" if entry.source == "policy" else entry.key
        try:
            self._set(entry, values)
        except (StateError, ConfigError) as failure:
            # the host knows the variable by another name
            raise type(failure)(f"{entry.name}:{str(failure).removeprefix(f'{key}:')}") from None

    def _set(self, entry: Exchanged, values: Array) -> None:
        if entry.source == "policy":
            self._policies[entry.key][...] = self._policies.check(entry.key, values)
            return
        whole = self._model[entry.key]
        if entry.column is None:
            wanted = values.reshape(whole.shape)
        else:
            wanted = whole.copy()
            wanted[:, entry.column] = values
        self._model.set(entry.key, wanted)
