"""Policies that a host writes into arrays: they hold for the coming period and until the host changes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.model.model import Model
from technopole.schema import INSTRUMENTS
from technopole.world.policies import CELLS, REGIONS, SECTORS

Floats = NDArray[np.float64]


class HostPolicies:
    """One array per instrument, valid for the life of the model.

    An instrument that the host leaves alone follows the configuration; the array then shows what the
    configuration says for the coming period. From the first change on it is the host's.

    Parameters
    ----------
    model : Model
        Gets the policies.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        sizes = {"region": len(model.region_ids), "sector": len(model.sector_ids)}
        self._arrays: dict[str, Floats] = {
            name: np.zeros([sizes[dim] for dim in entry.dims]) for name, entry in INSTRUMENTS.items()
        }
        policy = model._blueprint.policy
        self._configured = {
            name: values
            for names, stack in zip((CELLS, REGIONS, SECTORS), policy, strict=True)
            for name, values in zip(names, stack, strict=True)
        }
        self._seen: dict[str, Floats] = {}
        self._of_host: set[str] = set()
        self.show()

    def __getitem__(self, name: str) -> Floats:
        """Return the array of an instrument: (region, sector), (region) or (sector)."""
        return self._arrays[name]

    def show(self) -> None:
        """Show the coming period of the instruments that follow the configuration."""
        period = self._model.time
        for name, array in self._arrays.items():
            if name not in self._of_host:
                values = self._configured[name]
                length = values.shape[0]
                array[...] = 0.0 if 1 < length <= period else values[period if length > 1 else 0]
                self._seen[name] = array.copy()

    def apply(self) -> None:
        """Give the model what the host has changed.

        Raises
        ------
        ConfigError
            If a value is out of range or not finite.
        """
        for name, array in self._arrays.items():
            if not np.array_equal(array, self._seen[name]):
                self._model.set_policy(name, array.copy())
                self._seen[name] = array.copy()
                self._of_host.add(name)

    def check(self, name: str, values: Any) -> Floats:
        """Return values as an instrument takes them.

        Raises
        ------
        ConfigError
            If one is out of range or not finite.
        """
        from technopole.world.instruments import as_instrument

        shaped = np.asarray(values, dtype=np.float64).reshape(self._arrays[name].shape)
        return np.asarray(as_instrument(name, shaped, self._model._blueprint.tables)[0])
