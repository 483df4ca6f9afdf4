"""Going back, branching, and models in files."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.basics.signals import interrupts_later
from technopole.errors import ConfigError, StateError
from technopole.model.files import Stored, write_model
from technopole.model.lock import ModelLock
from technopole.model.shocks import Shock
from technopole.model.snapshot import Snapshot
from technopole.model.snapshot_checks import difference, refuse_damaged
from technopole.model.state import ModelState
from technopole.schema.precision import precision_of
from technopole.world.build import enlarge_world
from technopole.world.instruments import Instruments
from technopole.world.state import copy_state, load_state
from technopole_kernels import layout
from technopole_kernels.types import Setting, World

NOT_OF_A_WORLD = ("scenario", "run", "output", "capacity")
"""Sections that one world does not depend on: snapshots of configurations that differ in them fit."""


class Before(NamedTuple):
    """What a step or a hook may have to be undone to."""

    state: dict[str, NDArray[Any]]
    setting: Setting
    policies: dict[str, NDArray[np.float64]]
    packed_until: int | None
    shocks: list[Shock]


class ModelCopies(ModelState, ModelLock):
    """A model that can be copied; see `technopole.Model`."""

    _instruments: Instruments
    _packed_until: int | None
    _shocks: list[Shock]

    def snapshot(self) -> Snapshot:
        """Return a copy of the state that `restore` can come back to.

        Policies, shocks to come and hooks are not part of it: they belong to the model.

        Returns
        -------
        Snapshot
            Plain arrays; it can be pickled.
        """
        state, records = copy_state(self._world), self._observe()
        return Snapshot(self._digest, self.seed, self.replicate, state, records, self._content)

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
        StateError
            If it is no snapshot, or a damaged one; if the model is in the middle of a step. Values out of bounds are
            found when the next period begins.
        """
        if not isinstance(snapshot, Snapshot):
            raise StateError(
                f"restore: found {type(snapshot).__name__}; allowed: a Snapshot, as snapshot() returns it"
            )
        self._refuse_other_world(snapshot)
        with self.moving("restore"), interrupts_later():
            self._load(snapshot.state)
            self._lent = self._lent_firms = True  # somebody may have changed it
            self._world.clock[layout.REPLICATE] = int(snapshot.replicate)
            self._set(self._setting._replace(seed=np.array([snapshot.seed], dtype=np.uint64)))
            self._observed, self._observed_at = dict(snapshot.records), snapshot.time
            self._observed_here = False

    def _load(self, state: dict[str, NDArray[Any]]) -> None:
        """Put a state into the world, which is enlarged if need be."""
        firms = int(state["offsets"][-1])
        if firms > self._world.firms.shape[1]:
            self._put(enlarge_world(self._world, firms))
        self._turns[0] += 1
        load_state(self._world, state)

    def _put(self, world: World) -> None:
        """Put an enlarged world into the place of the one of now."""
        with interrupts_later():
            self._handle.bind("world", world)
            self._world = world

    def _set(self, setting: Setting) -> None:
        """Put another setting into the place of the one of now."""
        with interrupts_later():
            self._handle.bind("setting", setting)
            self._setting = setting

    def _before(self) -> Before:
        return Before(
            copy_state(self._world),
            self._setting,
            self._instruments.values,
            self._packed_until,
            list(self._shocks),
        )

    def _go_back(self, before: Before) -> None:
        """Undo what was changed since, but for views of firms: they are stale now."""
        with interrupts_later():
            self._load(before.state)
            self._set(before.setting)
            for name, values in before.policies.items():
                self._instruments.set(name, values)
            self._packed_until, self._shocks = before.packed_until, before.shocks

    def _refuse_other_world(self, snapshot: Snapshot) -> None:
        for name in ("reputation", "share"):
            if not isinstance(snapshot.state, dict) or not isinstance(snapshot.state.get(name), np.ndarray):
                raise StateError(f"the snapshot is damaged: {name} is missing; allowed: all state variables")
        here = self._world.regions.shape[1], self._world.sectors.shape[1]
        there = snapshot.state["reputation"].shape
        if len(there) == 2 and here != there:
            raise ConfigError(
                f"the snapshot has {there[0]} regions and {there[1]} sectors, "
                f"the model has {here[0]} and {here[1]}; restore needs a model of the same economy"
            )
        mine, its = precision_of(self._world.firms), precision_of(snapshot.state["share"])
        if mine != its:
            raise ConfigError(
                f'the snapshot holds firms as run.precision = "{its}", the model as "{mine}"; make the model '
                f'with run.precision = "{its}"'
            )
        if snapshot.digest != self._digest:
            found = difference(snapshot.config, self._content) if isinstance(snapshot.config, dict) else None
            raise ConfigError(
                "the snapshot belongs to another configuration ("
                f"{found or f'digest {snapshot.digest!s:.12}…, here {self._digest:.12}…'}); make the model from the "
                "configuration of the snapshot"
            )
        refuse_damaged(snapshot, self._world)

    @cached_property
    def _content(self) -> dict[str, Any]:
        """What a world depends on of the configuration; never changed."""
        return {name: part for name, part in self._config.to_dict().items() if name not in NOT_OF_A_WORLD}

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(json.dumps(self._content, sort_keys=True).encode()).hexdigest()

    def _stored(self) -> Stored:
        return Stored(self._config, self.snapshot(), self._instruments.values, list(self._shocks))

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write the model to a file: its configuration, state, policies and shocks to come; not its hooks.

        Parameters
        ----------
        path : path
            Any name; missing folders are made. It is written whole or not at all.
        overwrite : bool
            Replace a saved model that is there.

        Returns
        -------
        Path
            The path.

        Raises
        ------
        OutputError
            If something is there, or the path cannot be written.
        """
        return write_model(path, self._stored(), overwrite)
