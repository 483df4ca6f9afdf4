"""One realisation that the caller steps: for embedding, experiments by hand, and looking inside."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from technopole.basics.machine import choose_threads
from technopole.config.config import Config
from technopole.config.resolve import resolve_config
from technopole.device.shared import device_name
from technopole.errors import ConfigError, StateError
from technopole.model.files import Stored, read_model
from technopole.model.hooks import CompiledHooks, Hook
from technopole.model.shocks import Shock
from technopole.model.steps import ModelSteps
from technopole.schema import SEED_LIMIT
from technopole.world.build import Blueprint, make_blueprint
from technopole.world.crew import Crew
from technopole.world.instruments import Instruments

if TYPE_CHECKING:
    from technopole.model.group import Models


class Model(ModelSteps):
    """A world that moves when it is told to.

    ``model["wage"]`` is a view of a state variable (see `technopole.schema.STATE`): reading it costs
    nothing and writing to it changes the world. Arrays over firms hold for the firms of now and refuse to be used
    after the next `step`; all others stay valid for the life of the model. What a host has changed is checked when the
    next period begins. One thread at a time may step a model; different models can be stepped by different threads.

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
    backend : str, optional
        In place of ``run.backend``: ``cpu`` or ``cuda``, with the same results.

    Raises
    ------
    ConfigError
        If the configuration, the data or the number of the replicate cannot be used, the world would not
        fit into memory, or there is no device for the backend.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str],
        seed: int | None = None,
        replicate: int = 0,
        data: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> None:
        resolved = resolve_config(config, seed=seed, data=data, backend=backend)
        refuse_replicate(replicate)
        blueprint = make_blueprint(resolved)
        threads = choose_threads(resolved.run.threads, 1, blueprint.n_firms).per_world
        self._begin(blueprint, int(replicate), threads)

    def _begin(self, blueprint: Blueprint, replicate: int, threads: int) -> None:
        """Make the world of a replicate."""
        if blueprint.config.run.backend != "cpu":
            device_name(blueprint.config.run.backend)
        setting, world = blueprint.setting(blueprint.config.run.seed), blueprint.new_world()
        blueprint.start(setting, world, replicate)
        self._show(blueprint, setting, world)
        self._instruments = Instruments(blueprint.policy)
        self._packed_until: int | None = None
        self._shocks: list[Shock] = []
        self._hooks: list[Hook] = []
        self._compiled: CompiledHooks | None = None
        self._crew = Crew(threads)
        self._threads = threads
        self._lock = threading.Lock()

    @classmethod
    def _made(cls, blueprint: Blueprint, replicate: int, threads: int) -> Self:
        """Return a model of a blueprint, for which no data are read."""
        model = cls.__new__(cls)
        model._begin(blueprint, replicate, threads)
        return model

    @classmethod
    def many(
        cls,
        config: Config | str | os.PathLike[str],
        n: int,
        seed: int | None = None,
        threads: int | None = None,
        data: str | os.PathLike[str] | None = None,
        first: int = 0,
        backend: str | None = None,
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
        backend : str, optional
            In place of ``run.backend``.

        Returns
        -------
        Models

        Raises
        ------
        ConfigError
            If the configuration, the data or the numbers cannot be used.
        """
        from technopole.model.group import make_models

        resolved = resolve_config(config, seed=seed, threads=threads, data=data, backend=backend)
        return make_models(cls, resolved, n, first)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        data: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> Self:
        """Read a model that `save` has written; it goes on to the same bits. Hooks are to be set again.

        Parameters
        ----------
        path : path
            The file.
        data : path, optional
            In place of ``data.path`` of its configuration.
        backend : str, optional
            In place of ``run.backend`` of its configuration.

        Returns
        -------
        Model

        Raises
        ------
        StateError
            If the file is missing, something else, damaged or of another version.
        ConfigError
            If its configuration or the data cannot be used.
        """
        stored = read_model(path)
        try:
            return cls._restored(stored, data, backend)
        except StateError as failure:
            raise StateError(f"{os.fspath(path)}: {failure}") from None

    @classmethod
    def _restored(
        cls, stored: Stored, data: str | os.PathLike[str] | None = None, backend: str | None = None
    ) -> Self:
        model = cls(resolve_config(stored.config, data=data, backend=backend))
        model.restore(stored.snapshot)
        model._instruments = Instruments(model._blueprint.policy)
        for name, values in stored.policies.items():
            model._instruments.set(name, values)
        model._pack()
        for shock in stored.shocks:
            model._refuse_place(shock)
        model._shocks = list(stored.shocks)
        return model

    def __reduce__(self) -> Any:
        """Pickle configuration, state, policies and shocks."""
        if self._hooks:
            raise StateError("a model with hooks cannot be pickled: hooks are code; unhook them before")
        return type(self)._restored, (self._stored(),)

    def __deepcopy__(self, memo: Any) -> Self:
        """Return a fork."""
        return self._fork(self.replicate)

    def __copy__(self) -> Self:
        """Return a fork: two models never share a world."""
        return self._fork(self.replicate)

    @overload
    def fork(self, n: None = None, replicates: None = None) -> Self: ...

    @overload
    def fork(self, n: int, replicates: Sequence[int] | None = None) -> Models: ...

    def fork(self, n: int | None = None, replicates: Sequence[int] | None = None) -> Self | Models:
        """Return a copy that goes its own way, or several; policies, shocks to come and hooks are copied too.

        Parameters
        ----------
        n : int, optional
            How many; without it, one `Model` is returned.
        replicates : sequence of int, optional
            Numbers of the realisations that the copies become from now on: other random numbers. Without it they
            share those of this model, so that they differ only by what is done to them.

        Returns
        -------
        Model or Models

        Raises
        ------
        ConfigError
            If a number cannot be that of a replicate, or there are not `n` of them.
        """
        from technopole.model.group import group_models

        numbers = self._numbers_of_forks(n, replicates)
        forks = [self._fork(number) for number in numbers]
        return forks[0] if n is None else group_models(forks)

    def _numbers_of_forks(self, n: Any, replicates: Any) -> list[int]:
        if n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1):
            raise ConfigError(f"fork: found n={n!r}; allowed: a whole number from 1")
        if replicates is None:
            return [self.replicate] * (1 if n is None else int(n))
        if not isinstance(replicates, Iterable) or isinstance(replicates, str):
            raise ConfigError(f"fork: found replicates={replicates!r}; allowed: a sequence of whole numbers")
        numbers = list(replicates)
        if len(numbers) != (1 if n is None else n):
            raise ConfigError(
                f"fork: found {'no n' if n is None else f'n={n}'} and {len(numbers)} replicates; allowed: as many as "
                f"copies, such as n={max(1, len(numbers))}"
            )
        for number in numbers:
            refuse_replicate(number)
        return [int(number) for number in numbers]

    def _fork(self, replicate: int) -> Self:
        fork = self._made(self._blueprint, replicate, 1)
        fork._load(self._before().state)
        fork._set(self._setting)
        for name, values in self._instruments.values.items():
            fork._instruments.set(name, values)
        fork._packed_until, fork._shocks = self._packed_until, list(self._shocks)
        fork._observed, fork._observed_at = self._observe(), self.time
        hooks = [copy(hook) for hook in self._hooks]
        for hook in hooks:
            hook.data = hook.data.copy()
        fork._use(hooks)
        return fork


def refuse_replicate(replicate: int) -> None:
    """Raise if a number cannot be that of a replicate."""
    whole = isinstance(replicate, int | np.integer) and not isinstance(replicate, bool)
    if not whole or not 0 <= replicate <= SEED_LIMIT:
        raise ConfigError(f"replicate: found {replicate!r}; allowed: a whole number from 0 to {SEED_LIMIT}")
