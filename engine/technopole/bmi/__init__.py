"""The Basic Model Interface (BMI 2.0): technopole as a component of coupling frameworks.

>>> from technopole.bmi import TechnopoleBmi
>>> component = TechnopoleBmi()
>>> component.initialize("configs/scenarios/two-regions.toml")  # doctest: +SKIP
>>> wage = component.get_value_ptr("region__wage")  # doctest: +SKIP
>>> component.update()  # doctest: +SKIP

Hutton, E. W. H., Piper, M. D., and Tucker, G. E. (2020): The Basic Model Interface 2.0: A standard interface
for coupling numerical models in the geosciences. Journal of Open Source Software 5(51), 2317.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import real_number
from technopole.bmi.arguments import indices_of, numbers_for, refuse_target
from technopole.bmi.grid_functions import GridFunctions
from technopole.bmi.grids import Grids
from technopole.bmi.policies import HostPolicies
from technopole.bmi.values import Values
from technopole.bmi.variables import EXCHANGED, INPUTS, OUTPUTS, Exchanged, years
from technopole.errors import ConfigError, StateError, TechnopoleError
from technopole.model.model import Model
from technopole.schema import suggestion
from technopole.schema.precision import state_dtype

Array = NDArray[Any]

_ALMOST = 1e-9
"""A time this close (in periods) to the end of a period counts as its end."""


class TechnopoleBmi(GridFunctions):
    """One realisation of an economy behind the Basic Model Interface.

    Time is in years and a step is a period (``time.period_years``). A period is done as a whole: at times
    between two steps the values are those of the last period that has ended, and what is missing to the next
    one is kept, so that ``update_until(2.5)`` does two periods and ``update`` then goes to 3.5 and does one
    more.

    All arrays are one-dimensional. Those of ``get_value_ptr`` stay valid until `finalize`, apart from those
    over firms: firms come and go, so the size of their grid changes and pointers to them must be asked for
    again after each step (those of the state say so when they are used too late). What is written through a pointer
    is checked when the next period begins.
    """

    def __init__(self) -> None:
        self._model: Model | None = None
        self._rest = 0.0

    # control

    def initialize(self, config_file: str) -> None:
        """Read a configuration and make the initial state.

        Parameters
        ----------
        config_file : str
            Path of a TOML file.

        Raises
        ------
        ConfigError
            If there is no such file, or something in it or in the data cannot be used.
        """
        if not isinstance(config_file, str | os.PathLike) or not os.fspath(config_file):
            kind = (
                repr(config_file)
                if isinstance(config_file, str | None)
                else f"a {type(config_file).__name__}"
            )
            raise ConfigError(
                f"initialize: found {kind}; allowed: the path of a TOML file (configs/base.toml lists all keys)"
            )
        model = Model(config_file)
        self._policies = HostPolicies(model)
        self._grids = Grids(model)
        self._values = Values(model, self._policies, self._grids)
        self._model, self._rest = model, 0.0

    def update(self) -> None:
        """Do one period.

        Raises
        ------
        ConfigError, StateError, NotFiniteError
            If what the host has written cannot be used; the state is as it was before.
        """
        self._advance(1)

    def update_until(self, time: float) -> None:
        """Do the periods that end up to a time.

        Parameters
        ----------
        time : float
            In years; not before the current time. Need not be the end of a period.

        Raises
        ------
        StateError
            If the time is past or not finite.
        """
        self._running()
        if not math.isfinite(real_number(time)):
            raise StateError(f"update_until: found {time!r:.60}; allowed: a time in years")
        periods = time / self.get_time_step()
        now = self._running().time + self._rest
        if periods < now - _ALMOST:
            raise StateError(
                f"update_until: found {time:g}, but it is {self.get_current_time():g} already; time cannot go back"
            )
        whole = math.floor(periods + _ALMOST)
        self._advance(max(whole - self._running().time, 0))
        self._rest = max(periods - self._running().time, 0.0)

    def finalize(self) -> None:
        """Let the model go."""
        if self._model is not None:
            self._model = None
            del self._values, self._grids, self._policies

    def _advance(self, periods: int) -> None:
        model = self._running()
        for _ in range(periods):
            self._policies.apply()
            model.step()
            self._policies.show()
            self._values.refresh()

    # information

    @property
    def model(self) -> Model:
        """The model behind the interface, for what the interface has no word for (labels, snapshots)."""
        return self._running()

    def get_component_name(self) -> str:
        """Return the name of the component."""
        return "technopole"

    def get_input_item_count(self) -> int:
        """Return the number of variables that can be set."""
        return len(INPUTS)

    def get_output_item_count(self) -> int:
        """Return the number of variables that can be read."""
        return len(OUTPUTS)

    def get_input_var_names(self) -> tuple[str, ...]:  # type: ignore[override, unused-ignore]
        """Return the variables that can be set: state and policies."""
        return INPUTS

    def get_output_var_names(self) -> tuple[str, ...]:  # type: ignore[override, unused-ignore]
        """Return the variables that can be read: state, policies, what was observed of the last period."""
        return OUTPUTS

    def get_var_grid(self, name: str) -> int:
        """Return the identifier of a variable's grid."""
        return self._entry(name).grid

    def get_var_type(self, name: str) -> str:
        """Return the NumPy type of a variable."""
        return str(self._dtype(name))

    def get_var_units(self, name: str) -> str:
        """Return the unit of a variable in UDUNITS; money and workers are dimensionless there."""
        return self._entry(name).udunits(self.get_time_step())

    def get_var_itemsize(self, name: str) -> int:
        """Return the bytes of one value."""
        return int(self._dtype(name).itemsize)

    def get_var_nbytes(self, name: str) -> int:
        """Return the bytes of a variable now."""
        return self.get_var_itemsize(name) * self.get_grid_size(self._entry(name).grid)

    def get_var_location(self, name: str) -> str:
        """Return where on its grid a variable is: always at the nodes."""
        self._entry(name)
        return "node"

    def get_var_long_name(self, name: str) -> str:
        """Return what a variable is, with its unit in the schema. Not part of the interface.

        Parameters
        ----------
        name : str
            Of a variable.

        Returns
        -------
        str
            For people.
        """
        entry = self._entry(name)
        return f"{entry.long_name} [{entry.unit}]"

    # time

    def get_current_time(self) -> float:
        """Return the time in years."""
        return (self._running().time + self._rest) * self.get_time_step()

    def get_start_time(self) -> float:
        """Return the time of the initial state."""
        self._running()
        return 0.0

    def get_end_time(self) -> float:
        """Return the end of the configured run in years; the model can go on beyond it."""
        return float(self._running().config.time.periods) * self.get_time_step()

    def get_time_units(self) -> str:
        """Return the unit of time."""
        return years(1.0)

    def get_time_step(self) -> float:
        """Return the length of a period in years."""
        return float(self._running().config.time.period_years)

    # values

    def get_value(self, name: str, dest: Array) -> Array:
        """Copy a variable into an array and return that array.

        Raises
        ------
        StateError
            If it is no array, has another size or cannot hold the values.
        """
        values = self._read(name)
        refuse_target(name, dest, values.dtype)
        if dest.size != values.size:
            raise StateError(
                f"{name}: found an array of {dest.size} values; allowed: {values.size} (get_grid_size)"
            )
        np.copyto(dest.reshape(values.shape), values, casting="same_kind")
        return dest

    def get_value_ptr(self, name: str) -> Array:
        """Return a variable without copying it; what is written to inputs changes the model."""
        entry = self._entry(name)
        self._running()
        return self._values.pointer(entry)

    def get_value_at_indices(self, name: str, dest: Array, inds: Array) -> Array:
        """Copy some values of a variable into an array and return that array."""
        values = self._read(name)
        refuse_target(name, dest, values.dtype)
        places = indices_of(name, inds, values.size)
        if dest.size != places.size:
            raise StateError(f"{name}: found an array of {dest.size} values for {places.size} indices")
        np.copyto(dest, values[places].reshape(dest.shape), casting="same_kind")
        return dest

    def set_value(self, name: str, src: Array) -> None:
        """Set a variable after checking what comes in.

        Raises
        ------
        StateError, ConfigError
            If it is no input, has another size, or a value is not finite or out of range; nothing is changed then.
        """
        entry = self._entry(name)
        self._running()
        values = numbers_for(name, src)
        size = self._values.size(entry)
        if values.size != size:
            raise StateError(f"{name}: found {values.size} values; allowed: {size} (get_grid_size)")
        self._values.set(entry, values)

    def set_value_at_indices(self, name: str, inds: Array, src: Array) -> None:
        """Set some values of a variable after checking what comes in; see `set_value`."""
        values = self._read(name).copy()
        places, some = indices_of(name, inds, values.size), numbers_for(name, src)
        if some.size not in (1, places.size):
            raise StateError(f"{name}: found {some.size} values for {places.size} indices")
        values[places.reshape(-1)] = some
        self.set_value(name, values)

    def _read(self, name: str) -> Array:
        entry = self._entry(name)
        self._running()
        return self._values.read(entry)

    def _running(self) -> Model:
        if self._model is None:
            raise TechnopoleError(
                "the component is not initialised; call initialize(path of a TOML file) first"
            )
        return self._model

    def _dtype(self, name: str) -> np.dtype[Any]:
        """Return the type of a variable; that of firms is known when the component is initialised."""
        entry = self._entry(name)
        if entry.source != "state" or self._model is None:
            return np.dtype(entry.dtype)
        return state_dtype(entry.key, self._model.config.run.precision)

    @staticmethod
    def _entry(name: str) -> Exchanged:
        if not isinstance(name, str):
            raise StateError(
                f"found {name!r:.60}; allowed: the name of a variable (get_output_var_names lists all)"
            )
        if name not in EXCHANGED:
            near = suggestion(name, EXCHANGED) or _same_quantity(name)
            raise StateError(
                f'"{name}" is no variable of this component{near}; get_output_var_names lists all {len(EXCHANGED)}'
            )
        return EXCHANGED[name]


def _same_quantity(name: str) -> str:
    """Return a hint for a name of the schema without its place."""
    same = [f'"{known}"' for known, entry in EXCHANGED.items() if entry.key == name]
    return f"; did you mean {' or '.join(same)}?" if same else ""
