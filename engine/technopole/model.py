"""One realisation that the caller steps: for embedding, experiments by hand, and looking inside."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.advance import advance
from technopole.build import Blueprint, enlarge_world, make_blueprint
from technopole.config import Config
from technopole.crew import Crew
from technopole.errors import ConfigError, StateError
from technopole.instruments import Instruments, as_instrument
from technopole.machine import choose_threads
from technopole.model_access import Firms, Label, Names, Selection, described, refuse_fixed, set_state
from technopole.recording import Recording
from technopole.resolve import resolve_config
from technopole.schema import RECORDS, SEED_LIMIT, STATE, suggestion
from technopole.signals import interrupts_later
from technopole.snapshot import Snapshot
from technopole.world_state import copy_state, load_state, state_view
from technopole_kernels import layout

if TYPE_CHECKING:
    import xarray as xr

    from technopole.model_group import Models

NOT_OF_A_WORLD = ("scenario", "run", "output", "capacity")
"""Sections that one world does not depend on: snapshots of configurations that differ in them fit."""


def refuse_replicate(replicate: int) -> None:
    """Raise if a number cannot be that of a replicate."""
    if isinstance(replicate, bool) or not 0 <= replicate <= SEED_LIMIT:
        raise ConfigError(f"replicate: found {replicate!r}; allowed: a whole number from 0 to {SEED_LIMIT}")


class Model:
    """A world that moves when it is told to.

    ``model["wage"]`` is a view of a state variable (see `technopole.schema.STATE`): reading it costs
    nothing and writing to it changes the world. Arrays over firms hold for the firms of now, so ask again
    after each `step`; all others stay valid for the life of the model. Who changes market shares keeps
    their sum over each sector at 1.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    seed : int, optional
        In place of ``run.seed``.
    replicate : int
        Number of the realisation: the same as in the results of `technopole.run`.
    data : path, optional
        In place of ``data.path``.

    Raises
    ------
    ConfigError
        If the configuration, the data or the number of the replicate cannot be used, or the world would not
        fit into memory.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str],
        seed: int | None = None,
        replicate: int = 0,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        resolved = resolve_config(config, seed=seed, data=data)
        refuse_replicate(replicate)
        blueprint = make_blueprint(resolved)
        threads = choose_threads(resolved.run.threads, 1, blueprint.n_firms).per_world
        self._begin(blueprint, int(replicate), Crew(threads))

    def _begin(self, blueprint: Blueprint, replicate: int, crew: Crew) -> None:
        """Make the world of a replicate; what is made from a blueprint needs no data."""
        self._blueprint, self._config = blueprint, blueprint.config
        self._setting = self._blueprint.setting(self._config.run.seed)
        self._names = Names(blueprint.tables.region_ids, blueprint.tables.sector_ids)
        self._instruments = Instruments(self._blueprint.policy)
        self._packed_until: int | None = None
        self._world = self._blueprint.new_world()
        self._blueprint.start(self._setting, self._world, replicate)
        self._recording = Recording(
            tuple(RECORDS), 1, 1, self._blueprint.n_regions, self._blueprint.n_sectors
        )
        self._records = self._recording.records(0)
        self._observed: dict[str, NDArray[Any]] | None = {}
        self._crew = crew

    @classmethod
    def many(
        cls,
        config: Config | str | os.PathLike[str],
        n: int,
        seed: int | None = None,
        threads: int | None = None,
        data: str | os.PathLike[str] | None = None,
        first: int = 0,
    ) -> Models:
        """Make several realisations that are stepped together.

        Parameters
        ----------
        config : Config or path
            Configuration, or TOML file.
        n : int
            How many: the replicates `first`, `first` + 1, … of a run.
        seed, threads : int, optional
            In place of ``run.seed``, ``run.threads`` (0: all that are available).
        data : path, optional
            In place of ``data.path``.
        first : int
            Number of the first replicate.

        Returns
        -------
        Models

        Raises
        ------
        ConfigError
            If the configuration, the data or the numbers cannot be used.
        """
        from technopole.model_group import make_models

        return make_models(cls, resolve_config(config, seed=seed, threads=threads, data=data), n, first)

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

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a view of a state variable; shape and unit as in `technopole.schema.STATE`."""
        return state_view(self._world, name)

    def __setitem__(self, name: str, values: Any) -> None:
        """Change a state variable in place."""
        state_view(self._world, name)[...] = values

    def step(self, n: int = 1) -> None:
        """Do `n` periods.

        Parameters
        ----------
        n : int
            0 or more.

        Raises
        ------
        ValueError
            If `n` is negative.
        NotFiniteError
            If a number became infinite or not a number; the model is as it was before that period.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more.
        """
        if n < 0:
            raise ValueError(f"n is {n}; a model cannot go back (snapshot and restore can)")
        go_on = np.zeros(1, dtype=np.int64)
        for _ in range(n):
            if self._packed_until is not None and self.time >= self._packed_until:
                self._pack()
            # a stride as long as the time so far: this period is recorded, in row 0
            until = self.time + 1
            with interrupts_later():
                try:
                    self._world, _ = advance(
                        self._blueprint,
                        self._setting,
                        self._world,
                        self._records,
                        until,
                        until,
                        go_on,
                        self._crew,
                    )
                finally:
                    if self.time == until:
                        self._observed = None

    def update_until(self, time: float) -> None:
        """Do periods until so many are done.

        Parameters
        ----------
        time : int
            At least `time` of now; a whole number.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past.
        TechnopoleError
            As `step`.
        """
        self.refuse_time(time)
        self.step(int(time) - self.time)

    def refuse_time(self, time: float) -> None:
        """Raise if a model cannot be brought to a time.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past.
        """
        if time != int(time):
            raise ValueError(f"time is {time}; a model does whole periods")
        if time < self.time:
            raise ValueError(f"time is {time}, and {self.time} periods are done; a model cannot go back")

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
        region, sector : str or sequence of str, optional
            Ids; one id takes the dimension away. For variables of firms: the firms of these places.
        firm : int or sequence of int, optional
            Identities of firms.
        recorded : bool, optional
            True: what was recorded of the last period; False: the state only.
        copy : bool
            False: writing to the result changes the world, as with ``model[name]``.

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
        part = selection.take(state_view(self._world, selection.entry.name))
        if copy:
            return selection.labelled(part.copy() if selection.shares_memory else part)
        if not selection.shares_memory:
            raise StateError(
                f"{selection.entry.name}: a list of labels is no view of the state; select one label or all, or "
                "take a copy and set it"
            )
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
        values : DataArray or array_like
            A DataArray is put in order by its labels; other values have the shape of the part, or are spread over it.
        region, sector, firm
            The part, as for `get`.
        unit : str, optional
            Unit of the values (or their attribute ``units``): another one than in the schema is refused.
        renormalise : bool
            For market shares: scale each sector so that its shares add up to 1.

        Raises
        ------
        StateError
            Unknown variable or label, other unit, wrong shape, a value that is not finite or out of range, shares of
            a sector that do not add up to 1. Nothing is changed then.
        """
        refuse_fixed(name)
        selection = self._select(name, region, sector, firm, recorded=False)
        set_state(self._world, selection, selection.align(values, unit), renormalise)

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
        KeyError
            If there is no such variable, or no period has been done.
        """
        if name not in RECORDS:
            raise KeyError(f'"{name}" is no recorded variable{suggestion(name, RECORDS)}')
        observed = self._observe()
        if not observed:
            raise KeyError(f'"{name}" is recorded after a period, and none has been done')
        return observed[name]

    def _observe(self) -> dict[str, NDArray[Any]]:
        if self._observed is None:
            self._recording.make_counts_whole(0)
            self._observed = {name: self._recording[name][0, 0].copy() for name in RECORDS}
            for values in self._observed.values():
                values.flags.writeable = False
        return self._observed

    def set_policy(self, name: str, values: Any) -> None:
        """Replace a policy, from the next period on; one of the configuration too.

        Parameters
        ----------
        name : str
            Instrument, see `technopole.policies.DIMS`.
        values : DataArray or array_like
            See `technopole.instruments.as_instrument`: a DataArray is aligned by region, sector and period,
            other arrays have the instrument's shape. Periods count from the start of the world.

        Raises
        ------
        ConfigError
            Unknown instrument, wrong shape, unknown label, value outside the allowed range or not finite.
        """
        self._instruments.set(name, as_instrument(name, values, self._blueprint.tables))
        self._pack()

    def _pack(self) -> None:
        horizon = 2 * max(self.time, self._config.time.periods)
        policy, self._packed_until = self._instruments.packed(horizon)
        self._setting = self._setting._replace(policy=policy)

    def snapshot(self) -> Snapshot:
        """Return a copy of the state that `restore` can come back to.

        Policies are not part of it: they belong to the model.

        Returns
        -------
        Snapshot
            Plain arrays; it can be pickled.
        """
        return Snapshot(
            self._digest, self.seed, self.replicate, copy_state(self._world), dict(self._observe())
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back, or over, to a state of a model with the same configuration.

        What follows is the same to the last bit as it was after the snapshot was taken; seed and replicate
        become those of the snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            From this or another model.

        Raises
        ------
        ConfigError
            If the snapshot belongs to another configuration or another economy.
        """
        self._refuse_other_world(snapshot)
        if snapshot.n_firms > self._world.firms.shape[1]:
            self._world = enlarge_world(self._world, snapshot.n_firms)
        load_state(self._world, snapshot.state)
        self._world.clock[layout.REPLICATE] = snapshot.replicate
        self._setting = self._setting._replace(seed=np.array([snapshot.seed], dtype=np.uint64))
        self._observed = dict(snapshot.records)

    def _refuse_other_world(self, snapshot: Snapshot) -> None:
        here = self._world.regions.shape[1], self._world.sectors.shape[1]
        there = snapshot.state["reputation"].shape
        if here != there:
            raise ConfigError(
                f"the snapshot has {there[0]} regions and {there[1]} sectors, "
                f"the model has {here[0]} and {here[1]}; restore needs a model of the same economy"
            )
        if snapshot.digest != self._digest:
            raise ConfigError(
                f"the snapshot belongs to another configuration (digest {snapshot.digest[:12]}…, here "
                f"{self._digest[:12]}…); make the model from the configuration of the snapshot"
            )

    @cached_property
    def _digest(self) -> str:
        content = self._config.to_dict()
        world = {name: part for name, part in content.items() if name not in NOT_OF_A_WORLD}
        return hashlib.sha256(json.dumps(world, sort_keys=True).encode()).hexdigest()
