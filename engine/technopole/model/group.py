"""Several realisations that are stepped together: ensembles inside another model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.machine import choose_threads
from technopole.errors import ConfigError, StateError
from technopole.model.model import Model, refuse_replicate
from technopole.model.periods import FIRM_PERIODS
from technopole.model.steps import whole_periods
from technopole.schema.entries import counted
from technopole.world.build import make_blueprint
from technopole.world.crew import POLL_SECONDS
from technopole_kernels import entry_points

if TYPE_CHECKING:
    from technopole.config.config import Config


class Failures:
    """What went wrong in some of the models; `stop` asks the threads to end."""

    def __init__(self) -> None:
        self.by_number: dict[int, Exception] = {}
        self.stop = False


class Part:
    """The models of a group that one thread steps.

    Parameters
    ----------
    numbers : range
        Of the models in the group.
    models : list of Model
        All models of the group.
    """

    def __init__(self, numbers: range, models: list[Model]) -> None:
        self._entries = [(number, models[number]) for number in numbers]
        self._handles = np.array([model.address for _, model in self._entries], dtype=np.int64)

    def step(self, periods: list[int], failures: Failures) -> None:
        """Do periods in each model: those with nothing to do in between by one call of compiled code.

        Parameters
        ----------
        periods : list of int
            For each model of the group.
        failures : Failures
            Filled in place.
        """
        simple, handles = self._entries, self._handles
        if not all(model.is_simple for _, model in simple):
            simple = [entry for entry in self._entries if entry[1].is_simple]
            handles = np.array([model.address for _, model in simple], dtype=np.int64)
            for number, model in self._entries:
                if not model.is_simple and not failures.stop:
                    with failures_of(number, failures):
                        model.step(periods[number])
        taken: list[tuple[int, Model]] = []
        try:
            for number, model in simple:
                try:
                    model.take("step")
                except StateError as failure:
                    failures.by_number[number] = failure
                else:
                    taken.append((number, model))
            if len(taken) < len(simple):
                handles = np.array([model.address for _, model in taken], dtype=np.int64)
            self._advance(taken, handles, [periods[number] for number, _ in taken], failures)
        finally:
            for _, model in taken:
                model.leave()

    def _advance(
        self,
        entries: list[tuple[int, Model]],
        handles: NDArray[np.int64],
        periods: list[int],
        failures: Failures,
    ) -> None:
        """Do periods some tens of milliseconds at a time."""
        left = np.array(periods, dtype=np.int64)
        look = np.array([model.look for _, model in entries], dtype=np.int64)
        statuses = np.zeros(len(entries), dtype=np.int64)
        until, most = None, 1  # of a single period it is known where a model stands that could not do it
        if max(periods, default=0) > 1:
            until = [model.time + n for (_, model), n in zip(entries, periods, strict=True)]
            most = max(1, FIRM_PERIODS // max(1, sum(model.n_firms for _, model in entries)))
        while left.any() and not failures.stop:
            now = np.minimum(left, most)
            failed = entry_points.advance_each(handles, now, look, statuses)
            left -= now
            for place in np.flatnonzero(statuses).tolist() if failed else ():
                number, model = entries[place]
                target = model.time + int(now[place] + left[place]) if until is None else until[place]
                left[place] = 0
                with failures_of(number, failures):
                    model.resolve(int(statuses[place]))
                    left[place] = target - model.time
            look[:] = np.where(statuses == 0, 0, look)
        for _, model in entries:
            model.end_periods()


@contextlib.contextmanager
def failures_of(number: int, failures: Failures) -> Iterator[None]:
    """Keep the error of a model, so that the others go on."""
    try:
        yield
    except Exception as failure:
        failures.by_number[number] = failure


class MissingModelError(StateError, IndexError):
    """A number that none of the models has; an `IndexError` too, as Python's sequences raise."""


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
        self._parts = [
            Part(range(first, len(models), self._threads), self._models) for first in range(self._threads)
        ]

    def __reduce__(self) -> Any:
        """Pickle, and copy deeply, the models and the number of threads."""
        return Models, (self._models, self._threads)

    def __repr__(self) -> str:
        """Say how many there are, and when it is."""
        return f"<technopole.Models: {len(self)} models, time {self.time}, {self._threads} at a time>"

    def __len__(self) -> int:
        """Return the number of models."""
        return len(self._models)

    def __getitem__(self, number: int) -> Model:
        """Return one model.

        Raises
        ------
        StateError
            If no model has the number; it is an IndexError too.
        """
        try:
            return self._models[number]
        except IndexError:
            n = len(self)
            raise MissingModelError(
                f"models: found the number {number}; there {'are' if n > 1 else 'is'} {counted(n, 'model')}; allowed: "
                f"{f'0 to {n - 1}, or −1 to −{n} counted from the end' if n > 1 else '0, or −1'}"
            ) from None

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
        TypeError
            If `n` is no whole number.
        ValueError
            If `n` is negative.
        TechnopoleError
            As `Model.step`: the error of the first model that has one. The others have done their periods.
        """
        self._go([whole_periods(n)] * len(self))

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
        self._go([int(time) - model.time for model in self._models])

    def _go(self, periods: list[int]) -> None:
        """Do periods in each model, a part of the models in each thread."""
        pool, failures = self._pool_of_process(), Failures()
        if pool is None:
            for part in self._parts:
                part.step(periods, failures)
        else:
            helpers = [pool.submit(part.step, periods, failures) for part in self._parts]
            try:
                # not for ever at once: a signal that another thread of the process got is seen between two waits
                while wait(helpers, timeout=POLL_SECONDS).not_done:
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
        StateError
            If there is no such variable, or no period has been done; it is a KeyError too.
        """
        return np.stack([model.record(name) for model in self._models])

    def set_policy(self, name: str, values: Any) -> None:
        """Replace a policy in each model; see `Model.set_policy`.

        Parameters
        ----------
        name : str
            Instrument.
        values : DataArray, Series, DataFrame or array_like
            The same for all models.

        Raises
        ------
        ConfigError
            As `Model.set_policy`, for any of the models; then no policy of any is changed.
        """
        arrays = [model._policy_array(name, values) for model in self._models]
        for model, array in zip(self._models, arrays, strict=True):
            model._replace_policy(name, array)

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
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
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
