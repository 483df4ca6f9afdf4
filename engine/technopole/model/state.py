"""What a model shows of its world, and lets its host change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.errors import StateError
from technopole.model.access import Firms, Selection
from technopole.model.checks import FIXED, refuse_fixed, set_state
from technopole.model.handle import Handle
from technopole.model.names import Label, MissingVariableError, Names, described, no_state
from technopole.model.values import aligned
from technopole.model.views import FirmArray, Stamp, firm_view
from technopole.schema import INSTRUMENTS, RECORDS, STATE, suggestion
from technopole.world.build import Blueprint
from technopole.world.recording import Recording, last_values
from technopole.world.state import state_view
from technopole_kernels import layout
from technopole_kernels.types import Problem, Setting, World

if TYPE_CHECKING:
    import xarray as xr

_NO_ATTRIBUTES = frozenset(STATE) | frozenset(RECORDS) | frozenset(INSTRUMENTS)
_OF_FIRMS = frozenset(name for name, row in STATE.items() if row.level == "firm")


class ModelState:
    """A world and its names; see `technopole.Model`."""

    _config: Config
    _blueprint: Blueprint
    _setting: Setting
    _world: World
    _handle: Handle

    def _show(self, blueprint: Blueprint, setting: Setting, world: World) -> None:
        """Take over a world."""
        self._blueprint, self._config = blueprint, blueprint.config
        self._setting, self._world = setting, world
        self._names = Names(blueprint.tables.region_ids, blueprint.tables.sector_ids)
        self._recording = Recording(tuple(RECORDS), 1, 1, blueprint.n_regions, blueprint.n_sectors)
        self._records = self._recording.records(0)
        self._observed: dict[str, NDArray[Any]] = {}
        self._observed_at = 0
        self._observed_here = False
        self._handle = Handle(setting, world, self._records)
        self._turns = [0]
        self._lent = self._lent_firms = False

    @property
    def config(self) -> Config:
        """The configuration."""
        return self._config

    @property
    def seed(self) -> int:
        """Seed of the random numbers."""
        return int(self._setting.seed[0])

    @property
    def replicate(self) -> int:
        """Number of the realisation."""
        return int(self._world.clock[layout.REPLICATE])

    @property
    def time(self) -> int:
        """Periods done."""
        return int(self._world.clock[layout.PERIOD])

    @property
    def n_firms(self) -> int:
        """Number of firms now."""
        return int(self._world.offsets[-1])

    @property
    def region_ids(self) -> list[str]:
        """Ids of the regions, in the order of the arrays."""
        return list(self._blueprint.tables.region_ids)

    @property
    def sector_ids(self) -> list[str]:
        """Ids of the sectors, in the order of the arrays."""
        return list(self._blueprint.tables.sector_ids)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the state variables."""
        return tuple(STATE)

    @property
    def handle(self) -> int:
        """Address by which compiled code knows the model, see `technopole_kernels.entry_points`.

        It holds for the life of the model; keep a reference to the model as long as it is used. What compiled code does
        with it is periods alone: shocks and hooks wait for `step`.
        """
        self._lent = self._lent_firms = True
        return self._handle.address

    def kernel_arguments(self) -> tuple[Setting, World, Problem]:
        """Return the arguments of ``technopole_kernels.period.step`` and of single mechanisms.

        Returns
        -------
        tuple of Setting, World, Problem
            Named tuples of arrays, not copied; ask again after a step, which may enlarge the world, and after
            `set_policy`.
        """
        self._lent = self._lent_firms = True
        return self._setting, self._world, self._handle.problem

    def __contains__(self, name: object) -> bool:
        """Whether there is a state variable of this name."""
        return isinstance(name, str) and name in STATE

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the state variables."""
        return iter(STATE)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse an attribute that looks as if it changed the state.

        Raises
        ------
        StateError
            If it has the name of a variable or of a policy.
        """
        if name in _NO_ATTRIBUTES:
            how = "it is recorded, and cannot be set"
            how = f"model.set_policy({name!r}, …) changes it" if name in INSTRUMENTS else how
            how = f"model[{name!r}][...] = … changes it" if name in STATE else how
            how = "it follows from what happens in the model" if name in FIXED else how
            raise StateError(f"model.{name} = … would change nothing in the world: {how}")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Say what it is a model of, and when it is."""
        where = f"{len(self.region_ids)} regions × {len(self.sector_ids)} sectors"
        return f"<technopole.{type(self).__name__}: {where}, {self.n_firms} firms, time {self.time}>"

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a view of a state variable; shape and unit as in `technopole.schema.STATE`.

        Those of ``period``, ``identity`` and ``offsets`` can be read only.

        Raises
        ------
        StateError
            If there is no such variable; it is a KeyError too.
        """
        view = self._view(name)
        self._lent = True
        if name not in _OF_FIRMS:
            return view
        self._lent_firms = True
        return firm_view(view, Stamp(self._world.clock, self._turns, name))

    def __setitem__(self, name: str, values: Any) -> None:
        """Change a state variable in place; what is wrong is found when the next period begins.

        Raises
        ------
        StateError
            If there is no such variable (it is a KeyError too), or it follows from what happens in the model.
        """
        view = self._view(name)
        refuse_fixed(name)
        self._lent = True
        self._lent_firms = self._lent_firms or name in _OF_FIRMS
        view[...] = values

    def _view(self, name: str) -> NDArray[Any]:
        if not isinstance(name, str) or name not in STATE:
            raise no_state(name)
        view = state_view(self._world, name)
        if name in FIXED:
            view = view.view()
            view.flags.writeable = False
        return view

    def is_current(self, view: NDArray[Any]) -> bool:
        """Tell whether an array is a view of the state that still holds.

        Parameters
        ----------
        view : ndarray
            From ``model[name]``, or a slice of such an array.

        Returns
        -------
        bool
            False for views of firms of an earlier period, copies and arrays of other models; also for arrays over
            firms that have lost their watch (as ``numpy.asarray`` makes them).
        """
        world = self._world
        if isinstance(view, FirmArray):
            stamp = view._stamp
            return stamp is not None and stamp.turns is self._turns and stamp.is_current
        shown = (world.regions, world.cells, world.sectors, world.economy, world.offsets, world.clock)
        return any(np.may_share_memory(view, array) for array in shown)

    def get(
        self,
        name: str,
        region: Label = None,
        sector: Label = None,
        firm: Firms = None,
        *,
        recorded: bool | None = None,
        copy: bool = True,
    ) -> xr.DataArray:
        """Return a variable, or a part of it, with labels, unit and long name.

        Parameters
        ----------
        name : str
            State variable, or recorded variable of the last period; a name of both is the state's.
        region, sector : str, sequence of str or DataArray, optional
            Ids; one id takes the dimension away. For variables of firms: the firms of these places.
        firm : int, sequence of int or DataArray, optional
            Identities of firms.
        recorded : bool, optional
            True: what was recorded of the last period; False: the state only.
        copy : bool
            False: writing to the result changes the world, as with ``model[name]``; over firms, until the next period.

        Returns
        -------
        DataArray
            Firms carry their identity, region and sector.

        Raises
        ------
        StateError
            Unknown variable or label, a dimension that the variable does not have, or a part that is no view where
            no copy is wanted.
        """
        selection = self._select(name, region, sector, firm, recorded)
        if selection.entry.kind == "record":
            return selection.labelled(selection.take(self.record(name)).copy())
        part = selection.take(self._view(selection.entry.name))
        if copy:
            return selection.labelled(part.copy() if selection.shares_memory else part)
        if not selection.shares_memory:
            raise StateError(
                f"{selection.entry.name}: a list of labels is no view of the state; select one label or all, or "
                "take a copy and set it"
            )
        self._lent = True
        self._lent_firms = self._lent_firms or selection.entry.name in _OF_FIRMS
        return selection.labelled(part)

    def set(
        self,
        name: str,
        values: Any,
        *,
        region: Label = None,
        sector: Label = None,
        firm: Firms = None,
        unit: str | None = None,
        renormalise: bool = False,
    ) -> None:
        """Change a state variable, or a part of it, after checking what comes in.

        Parameters
        ----------
        name : str
            State variable.
        values : DataArray, Series, DataFrame or array_like
            A DataArray is put in order by its labels: ids of regions and sectors, the coordinate ``identity`` of firms;
            so are a Series and a DataFrame of pandas by their index and columns. Other values have the shape of the
            part, or are spread over it, by position.
        region, sector : str or sequence of str, optional
            The part, as for `get`.
        firm : int or sequence of int, optional
            The same, by identity.
        unit : str, optional
            Unit of the values (or their attribute ``units``): another one than in the schema is refused.
        renormalise : bool
            For market shares: scale each sector so that its shares add up to 1.

        Raises
        ------
        StateError
            Unknown variable or label, firms that are no more, labels that are missing or there twice, other unit, wrong
            shape, no numbers, a value that is not finite or out of range, shares of a sector that do not add up to 1.
            Nothing is changed then.
        """
        refuse_fixed(name)
        selection = self._select(name, region, sector, firm, recorded=False)
        set_state(self._world, selection, aligned(selection, values, unit), renormalise)

    def _select(
        self, name: str, region: Label, sector: Label, firm: Firms, recorded: bool | None
    ) -> Selection:
        entry = described(name, recorded)
        identity = state_view(self._world, "identity")
        return Selection(entry, self._names, self._world.offsets, identity, region, sector, firm)

    def record(self, name: str) -> NDArray[Any]:
        """Return what was observed of the last period.

        Parameters
        ----------
        name : str
            Recorded variable, see `technopole.schema.RECORDS`.

        Returns
        -------
        ndarray
            Read-only; dimensions as in the schema without replicate and time.

        Raises
        ------
        StateError
            If there is no such variable, or no period has been done; it is a KeyError too.
        """
        if not isinstance(name, str) or name not in RECORDS:
            raise MissingVariableError(f'"{name}" is no recorded variable{suggestion(str(name), RECORDS)}')
        if self._observed_at != self.time:
            self._observed, self._observed_at, self._observed_here = {}, self.time, True
        if name not in self._observed:
            if not self._observed_here:
                raise MissingVariableError(f'"{name}" is recorded after a period, and none has been done')
            values = last_values(self._recording, name)
            values.flags.writeable = False
            self._observed[name] = values
        return self._observed[name]

    def _observe(self) -> dict[str, NDArray[Any]]:
        """Return all that was recorded of the last period; nothing before the first."""
        if self._observed_at == self.time and not self._observed_here:
            return dict(self._observed)
        return {name: self.record(name) for name in RECORDS}
