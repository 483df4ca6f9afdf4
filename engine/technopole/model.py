"""One realisation that the caller steps: for embedding, experiments by hand, and looking inside."""

from __future__ import annotations

import contextlib
import operator
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from technopole.advance import advance, not_finite, with_room
from technopole.build import Blueprint, make_blueprint
from technopole.config import Config
from technopole.crew import Crew
from technopole.errors import ConfigError, NotFiniteError, StateError
from technopole.instruments import Instruments, as_instrument
from technopole.machine import choose_threads
from technopole.model_access import Label, described, refuse_fixed, set_state
from technopole.model_copies import ModelCopies
from technopole.model_files import Stored, read_model
from technopole.model_handle import refusal
from technopole.model_hooks import CompiledHooks, Hook, Hooked
from technopole.resolve import resolve_config
from technopole.schema import INSTRUMENTS, SEED_LIMIT, STATE
from technopole.shocks import Periods, Shock, make_shock
from technopole.signals import interrupts_later
from technopole.world_state import state_view
from technopole_kernels import entry_points
from technopole_kernels.status import Status

if TYPE_CHECKING:
    from technopole.model_group import Models

FIRM_PERIODS = 2_000_000
"""Firms times periods that compiled code does without looking at signals: some tens of milliseconds."""


class Model(ModelCopies):
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
        self._begin(blueprint, int(replicate), threads)

    def _begin(self, blueprint: Blueprint, replicate: int, threads: int) -> None:
        """Make the world of a replicate."""
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

    @classmethod
    def load(cls, path: str | os.PathLike[str], data: str | os.PathLike[str] | None = None) -> Self:
        """Read a model that `save` has written; it goes on to the same bits. Hooks are to be set again.

        Parameters
        ----------
        path : path
            The file.
        data : path, optional
            In place of ``data.path`` of its configuration.

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
        return cls._restored(read_model(path), data)

    @classmethod
    def _restored(cls, stored: Stored, data: str | os.PathLike[str] | None = None) -> Self:
        model = cls(resolve_config(stored.config, data=data))
        model.restore(stored.snapshot)
        model._instruments = Instruments(model._blueprint.policy)
        for name, values in stored.policies.items():
            model._instruments.set(name, values)
        model._pack()
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

    # ------------------------------------------------------------------------------------------------- time

    def step(self, n: int = 1) -> None:
        """Do `n` periods.

        Parameters
        ----------
        n : int
            0 or more.

        Raises
        ------
        TypeError
            If `n` is no whole number.
        ValueError
            If `n` is negative.
        NotFiniteError
            If a number became, or was set to, infinite or not a number; the model is as it was before that period.
        StateError
            If the host has set a value that is out of bounds, or shares that do not add up to 1; if the model is being
            stepped already, by another thread or around a hook.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more.
        """
        n = whole_periods(n)
        self.take("step")
        try:
            self._go(self.time + n)
        finally:
            self.leave()

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

        Parameters
        ----------
        time : float
            Periods done.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past.
        """
        try:
            is_whole = time == int(time)
        except (TypeError, ValueError, OverflowError):
            is_whole = False
        if not is_whole:
            raise ValueError(f"time is {time!r}; a model does whole periods")
        if time < self.time:
            raise ValueError(f"time is {time}, and {self.time} periods are done; a model cannot go back")

    @contextlib.contextmanager
    def moving(self, what: str) -> Iterator[None]:
        """Let nobody else move the model meanwhile.

        Parameters
        ----------
        what : str
            For the message: who asks.

        Yields
        ------
        None
            While nobody else can.

        Raises
        ------
        StateError
            If somebody moves it already.
        """
        self.take(what)
        try:
            yield
        finally:
            self.leave()

    def take(self, what: str) -> None:
        """Let nobody else move the model until `leave` is called.

        Parameters
        ----------
        what : str
            For the message: who asks.

        Raises
        ------
        StateError
            If somebody moves it already.
        """
        if not self._lock.acquire(blocking=False):
            raise StateError(
                f"{what}: the model is in the middle of a step: of another thread, of the hook that asks for this, or "
                "of a process that was forked meanwhile; one at a time may move a model (fork() makes another one)"
            )

    def leave(self) -> None:
        """Let others move the model again."""
        self._lock.release()

    def _go(self, until: int) -> None:
        """Do periods until so many are done, with policies, shocks and hooks at their times."""
        while (time := self.time) < until:
            if self._packed_until is not None and time >= self._packed_until:
                self._pack()
            if not self._shocks:
                self._do_periods(self._next_pause(time, until))
            else:
                self._do_shocked(time, until)
            if self._hooks:
                self._call_hooks()

    def _next_pause(self, time: int, until: int) -> int:
        """Return the number of periods done at which Python has something to do."""
        if self._packed_until is not None:
            until = min(until, self._packed_until)
        for shock in self._shocks:
            until = min([until, *(period - 1 for period in shock.periods if period - 1 > time)])
        for hook in self._hooks:
            due = None if hook.is_compiled else hook.next_after(time)
            until = until if due is None else min(until, due)
        return until

    def _do_shocked(self, time: int, until: int) -> None:
        """Do periods of which the first one may begin with shocks; if it fails, they have not been.

        A shock that cannot be is dropped, so that it does not stop every later step as well.
        """
        due = [shock for shock in self._shocks if time + 1 in shock.periods]
        if not due:
            self._do_periods(self._next_pause(time, until))
            return
        if self._lent:
            self._refuse_state()  # what the host has left is not the shocks' fault
        before, dropped = self._before(), list[Shock]()
        try:
            for shock in due:
                try:
                    self._change(shock)
                except StateError as failure:
                    dropped = [shock]
                    raise StateError(f"{failure}; the shock of {shock.name} is dropped") from failure
            try:
                self._do_periods(self._next_pause(time, until))
            except NotFiniteError as failure:
                if self.time > time:
                    raise
                dropped = due
                names = ", ".join(dict.fromkeys(shock.name for shock in due))
                raise NotFiniteError(
                    f"{failure}; the shocks with which it began are dropped: {names}"
                ) from failure
        except BaseException:
            if self.time == time:
                self._go_back(before)
                self._shocks = [shock for shock in self._shocks if all(shock is not one for one in dropped)]
            raise
        self._shocks = [shock for shock in self._shocks if shock.periods[-1] > self.time]

    def _change(self, shock: Shock) -> None:
        """Change the state by a shock."""
        selection = self._select(shock.name, shock.region, shock.sector, None, recorded=False)
        part = np.asarray(selection.take(state_view(self._world, shock.name)))
        set_state(self._world, selection, shock.changed(part), renormalise=shock.name == "share")

    def _do_periods(self, until: int) -> None:
        """Do periods with nothing between them but compiled hooks."""
        if self._lent:
            self._refuse_state()
        while (time := self.time) < until:
            some = max(1, FIRM_PERIODS // max(self.n_firms, 1))
            if self._threads > 1:
                self._do_shared(time + 1)
                continue
            end = min(until, time + some)
            if self._compiled is None:
                status = entry_points.advance(self._handle.address, end - time)
            else:
                status = self._do_hooked(end)
            if status != Status.DONE:
                self._resolve(status)
        self._lent_firms = False

    def _do_shared(self, until: int) -> None:
        """Do a period in which several threads share the work."""
        go_on = np.zeros(1, dtype=np.int64)
        with interrupts_later():
            world, _ = advance(
                self._blueprint, self._setting, self._world, self._records, until, until, go_on, self._crew
            )
            if world is not self._world:
                self._put(world)
        if self._compiled is not None:
            status = entry_points.call_hooks(self._handle.address, *self._compiled.arguments, 1)
            if status != Status.DONE:
                self._resolve(status)

    def _do_hooked(self, end: int) -> int:
        assert self._compiled is not None
        for hook in self._hooks:
            hook.refuse_changed()
        try:
            return int(entry_points.advance_hooked(self._handle.address, end, *self._compiled.arguments, 1))
        except Exception as failure:
            failure.add_note(
                f"raised by a compiled hook after period {self.time}; what it has changed stays (restore a snapshot)"
            )
            raise

    @property
    def is_simple(self) -> bool:
        """Whether nothing but periods is to be done in a step."""
        return not (self._hooks or self._shocks or self._threads > 1 or self._packed_until is not None)

    @property
    def address(self) -> int:
        """Address of the block, for callers that do not change the state."""
        return self._handle.address

    @property
    def look(self) -> int:
        """What is to be checked before the next period: nothing, what is no firm, all."""
        return (2 if self._lent_firms else 1) if self._lent else 0

    def end_periods(self) -> None:
        """Forget the views of firms, after compiled code has done periods."""
        self._lent_firms = False

    def resolve(self, status: int) -> None:
        """Do what `resume` does, for callers that move the model already.

        Parameters
        ----------
        status : int
            What the compiled code returned.

        Raises
        ------
        NotFiniteError
            If a number became infinite or not a number; the model is as it was before that period.
        StateError
            If the host has left a value that the model cannot go on with.
        """
        self._resolve(status)

    def _resolve(self, status: int) -> None:
        """Make room, or say why a period could not be done."""
        problem = self._handle.problem
        if status == Status.NEED_CAPACITY:
            self._put(with_room(self._blueprint, self._world, problem))
        elif status == Status.NOT_FINITE:
            raise NotFiniteError(not_finite(self._blueprint, self._world, problem))
        else:
            self._lent = self._lent_firms = True
            self._refuse_state()

    def _refuse_state(self) -> None:
        """Raise if the host has left a value that the model cannot go on with."""
        found = entry_points.check(self._handle.address, int(self._lent_firms))
        if found == 0:
            return
        problem = self._handle.problem
        failure = refusal(self._blueprint, self._world, found, problem.where)
        if all(np.isfinite(state_view(self._world, name)).all() for name in STATE):
            raise failure
        problem.where[0] = self.time
        raise NotFiniteError(not_finite(self._blueprint, self._world, problem))

    def resume(self, status: int) -> None:
        """Make room, or raise what is wrong, after compiled code of the host was told another status than 0.

        Parameters
        ----------
        status : int
            What `technopole_kernels.entry_points.advance` returned. Afterwards it can be called again.

        Raises
        ------
        NotFiniteError, StateError, TechnopoleError
            As `step`.
        """
        if status != Status.DONE:
            with self.moving("resume"):
                self._resolve(status)

    # ------------------------------------------------------------------------- policies, shocks, hooks, forks

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
        self._set(self._setting._replace(policy=policy))

    def shock(
        self,
        name: str,
        factor: float | None = None,
        add: float | None = None,
        *,
        region: Label = None,
        sector: Label = None,
        periods: Periods = None,
    ) -> None:
        """Change a state variable at the start of the next period, or of later ones: value × factor + add.

        Parameters
        ----------
        name : str
            State variable. Market shares are scaled afterwards so that each sector adds up to 1.
        factor, add : float, optional
            At least one of them.
        region, sector : str or sequence of str, optional
            Where; everywhere if absent.
        periods : int or iterable of int, optional
            Numbers of periods, 1 is the first; the next one if absent.

        Raises
        ------
        StateError
            Unknown variable or label, neither factor nor sum, a number by which no value could stay within the range
            of the variable, a period that is over. A shock by which a value would leave the range, or numbers become
            infinite, is refused when its period begins: `step` raises, the model is as it was before that period, and
            the shock is dropped with all its periods; other shocks stay.
        """
        if isinstance(name, str) and name in INSTRUMENTS and name not in STATE:
            raise StateError(
                f"{name} is a policy, not a state variable: model.set_policy({name!r}, …) changes it"
            )
        described(name, recorded=False)
        shock = make_shock(name, factor, add, region, sector, periods, self.time)
        self._refuse_place(shock)
        self._shocks = [*self._shocks, shock]

    def _refuse_place(self, shock: Shock) -> None:
        refuse_fixed(shock.name)
        self._select(shock.name, shock.region, shock.sector, None, recorded=False)

    def hook(
        self,
        function: Hooked,
        every: int | None = None,
        at: int | Iterable[int] | None = None,
        data: Any = None,
    ) -> Hook:
        """Have a function called between two periods; it may change the state, policies and shocks.

        Parameters
        ----------
        function : callable
            In Python: ``function(model)``. What it raises is passed on to the caller of `step`, and what it has changed
            is undone; the period before it is done. Compiled (``numba.njit``): ``function(state)`` or
            ``function(state, data)`` with a `technopole_kernels._hooks.State`; it runs without the interpreter, and
            what it changed before it raises stays.
        every : int, optional
            After each period that is a multiple of it; after every period if neither `every` nor `at` is given.
        at : int or iterable of int, optional
            After these periods: with 3, when three periods are done.
        data : array_like, optional
            Numbers of its own for a compiled function, as ``hook.data`` shared with Python.

        Returns
        -------
        Hook
            For `unhook`. Hooks are called in the order of their registration, compiled ones first.

        Raises
        ------
        StateError
            No function, periods that cannot be, or a compiled function that would not see changes of a variable.
        """
        made = Hook(function, every, at, data)
        self._use([*self._hooks, made])
        return made

    def unhook(self, hook: Hook) -> None:
        """Call a hook no more.

        Parameters
        ----------
        hook : Hook
            From `hook`.
        """
        self._use([one for one in self._hooks if one is not hook])

    def _use(self, hooks: Sequence[Hook]) -> None:
        compiled = [hook for hook in hooks if hook.is_compiled]
        self._compiled = CompiledHooks(compiled, self._handle.layout) if compiled else None
        self._hooks = list(hooks)

    def _call_hooks(self) -> None:
        time = self.time
        due = [hook for hook in self._hooks if not hook.is_compiled and hook.is_due(time)]
        if not due:
            return
        before = self._before()
        for hook in due:
            try:
                hook.function(self)
            except BaseException as failure:
                self._go_back(before)
                failure.add_note(
                    f"raised by a hook after period {time}, which is done; what hooks changed is undone"
                )
                raise

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
        from technopole.model_group import group_models

        numbers = [self.replicate] * (1 if n is None else n) if replicates is None else list(replicates)
        if n is not None and (isinstance(n, bool) or n < 1 or len(numbers) != n):
            raise ConfigError(
                f"fork: found n={n!r} and {len(numbers)} replicates; allowed: as many as copies, from 1"
            )
        for number in numbers:
            refuse_replicate(number)
        forks = [self._fork(number) for number in numbers]
        return forks[0] if n is None else group_models(forks)

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
    if isinstance(replicate, bool) or not 0 <= replicate <= SEED_LIMIT:
        raise ConfigError(f"replicate: found {replicate!r}; allowed: a whole number from 0 to {SEED_LIMIT}")


def whole_periods(n: int) -> int:
    """Return a number of periods to do as an int.

    Parameters
    ----------
    n : int
        Or what Python takes for one, such as a NumPy integer.

    Returns
    -------
    int
        0 or more.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is negative.
    """
    try:
        whole = operator.index(n)
    except TypeError:
        raise TypeError(f"n is {n!r}; a model does whole periods") from None
    if whole < 0:
        raise ValueError(f"n is {whole}; a model cannot go back (snapshot and restore can)")
    return whole
