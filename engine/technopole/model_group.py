"""Several realisations that are stepped together: ensembles inside another model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.build import make_blueprint
from technopole.crew import POLL_SECONDS
from technopole.errors import ConfigError, StateError
from technopole.machine import choose_threads
from technopole.model import FIRM_PERIODS, Model, refuse_replicate
from technopole_kernels import entry_points

if TYPE_CHECKING:
    from technopole.config import Config


class Failures:
    """What went wrong in some of the models; `stop` asks the threads to end."""

    def __init__(self) -> None:
        self.by_number: dict[int, Exception] = {}
        self.stop = False


def step_some(work: list[tuple[int, Model, int]], failures: Failures) -> None:
    """Step some models on the calling thread: those with nothing to do between their periods in one call.

    Parameters
    ----------
    work : list of (int, Model, int)
        Number, model, and the number of periods done at the end.
    failures : Failures
        Filled in place.
    """
    while work and not failures.stop:
        simple = [entry for entry in work if entry[1].is_simple]
        others = [entry for entry in work if not entry[1].is_simple]
        for number, model, until in others:
            try:
                model.update_until(until)
            except Exception as failure:
                failures.by_number[number] = failure
        work = step_simple(simple, failures)


def step_simple(work: list[tuple[int, Model, int]], failures: Failures) -> list[tuple[int, Model, int]]:
    """Step models in compiled code for some tens of milliseconds; returns those that are not done."""
    with contextlib.ExitStack() as moving:
        held = []
        for entry in work:
            try:
                moving.enter_context(entry[1].moving("step"))
                held.append(entry)
            except StateError as failure:
                failures.by_number[entry[0]] = failure
        firms = sum(model.n_firms for _, model, _ in held)
        most = max(1, FIRM_PERIODS // max(firms, 1))
        periods = np.array([min(until - model.time, most) for _, model, until in held], dtype=np.int64)
        statuses = np.zeros(len(held), dtype=np.int64)
        handles = np.array([model.address for _, model, _ in held], dtype=np.int64)
        look = np.array([model.look for _, model, _ in held], dtype=np.int64)
        entry_points.advance_each(handles, periods, look, statuses)
        left = []
        for (number, model, until), status in zip(held, statuses.tolist(), strict=True):
            try:
                model.end_periods(status)
            except Exception as failure:
                failures.by_number[number] = failure
                continue
            if model.time < until:
                left.append((number, model, until))
    return left


class Models:
    """Realisations of one economy that are stepped together.

    Each is a `technopole.Model` of its own: ``models[i]`` can be read and changed between steps. Results do not
    depend on the number of threads.

    Parameters
    ----------
    models : list of Model
        At the same time.
    threads : int
        How many of them are stepped at a time.
    """

    def __init__(self, models: list[Model], threads: int) -> None:
        self._models = models
        self._threads = max(1, min(threads, len(models)))
        self._pool = ThreadPoolExecutor(self._threads, "technopole-models") if self._threads > 1 else None
        self._process = os.getpid()

    def __len__(self) -> int:
        """Return the number of models."""
        return len(self._models)

    def __getitem__(self, number: int) -> Model:
        """Return one model."""
        return self._models[number]

    def __iter__(self) -> Iterator[Model]:
        """Go through the models."""
        return iter(self._models)

    @property
    def time(self) -> int:
        """Periods done: those of the model that is least far, if they differ."""
        return min(model.time for model in self._models)

    @property
    def threads(self) -> int:
        """Number of models that are stepped at a time."""
        return self._threads

    def step(self, n: int = 1) -> None:
        """Do `n` periods in each model.

        Parameters
        ----------
        n : int
            0 or more.

        Raises
        ------
        ValueError
            If `n` is negative.
        TechnopoleError
            As `Model.step`: the error of the first model that has one. The others have done their periods.
        """
        if n < 0:
            raise ValueError(f"n is {n}; a model cannot go back (snapshot and restore can)")
        self._go([model.time + n for model in self._models])

    def update_until(self, time: float) -> None:
        """Do periods in each model until so many are done; see `Model.update_until`.

        Parameters
        ----------
        time : float
            Periods done afterwards: a whole number, not before the time of any model.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past of a model; none has been moved then.
        """
        for model in self._models:
            model.refuse_time(time)
        self._go([int(time)] * len(self))

    def _go(self, until: list[int]) -> None:
        """Do periods in each model until so many are done, a part of them in each thread."""
        pool, failures = self._pool_of_process(), Failures()
        if pool is None:
            step_some(list(zip(range(len(self)), self._models, until, strict=True)), failures)
        else:
            work = list(zip(range(len(self)), self._models, until, strict=True))
            parts = [work[start :: self._threads] for start in range(self._threads)]
            helpers = [pool.submit(step_some, part, failures) for part in parts]
            try:
                # not for ever at once: a signal that another thread of the process got is seen between two waits
                while not wait(helpers, timeout=POLL_SECONDS).done >= set(helpers):
                    pass
            except BaseException:
                failures.stop = True
                wait(helpers)
                raise
            for helper in helpers:
                helper.result()
        if failures.by_number:
            raise failures.by_number[min(failures.by_number)]

    def _pool_of_process(self) -> ThreadPoolExecutor | None:
        """Return the threads of this process: those of before a fork have stayed behind."""
        if self._pool is not None and self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self._threads, "technopole-models"), os.getpid()
        return self._pool

    def record(self, name: str) -> NDArray[Any]:
        """Return what was observed of the last period in each model.

        Parameters
        ----------
        name : str
            Recorded variable, see `technopole.schema.RECORDS`.

        Returns
        -------
        ndarray
            Replicates first; then as `Model.record`.

        Raises
        ------
        KeyError
            If there is no such variable, or no period has been done.
        """
        return np.stack([model.record(name) for model in self._models])

    def set_policy(self, name: str, values: Any) -> None:
        """Replace a policy in each model; see `Model.set_policy`.

        Parameters
        ----------
        name : str
            Instrument.
        values : DataArray or array_like
            The same for all models.
        """
        for model in self._models:
            model.set_policy(name, values)

    def close(self) -> None:
        """Let the threads end; the models go on to exist."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool, self._threads = None, 1

    def __enter__(self) -> Models:
        """Use as a context, at the end of which the threads end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the threads end."""
        self.close()


def make_models(kind: type[Model], config: Config, n: int, first: int) -> Models:
    """Make the models of `Model.many`: data are read once.

    Raises
    ------
    ConfigError
        If the configuration, the data or the numbers cannot be used.
    """
    if isinstance(n, bool) or n < 1:
        raise ConfigError(f"n: found {n!r}; allowed: a whole number from 1")
    refuse_replicate(first)
    refuse_replicate(first + n - 1)
    blueprint = make_blueprint(config)
    threads = choose_threads(config.run.threads, n, blueprint.n_firms)
    models = [kind._made(blueprint, replicate, threads.per_world) for replicate in range(first, first + n)]
    return Models(models, threads.worlds)


def group_models(models: Sequence[Model]) -> Models:
    """Return models of one configuration as a group, with the threads that it asks for."""
    config = models[0].config
    return Models(list(models), choose_threads(config.run.threads, len(models), models[0].n_firms).worlds)
