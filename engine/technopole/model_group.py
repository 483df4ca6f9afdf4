"""Several realisations that are stepped together: ensembles inside another model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.build import make_blueprint
from technopole.errors import ConfigError
from technopole.machine import choose_threads
from technopole.model import Model, refuse_replicate

if TYPE_CHECKING:
    from technopole.config import Config


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
        self._each([(model, n) for model in self._models])

    def update_until(self, time: float) -> None:
        """Do periods in each model until so many are done; see `Model.update_until`."""
        for model in self._models:
            model.refuse_time(time)
        self._each([(model, int(time) - model.time) for model in self._models])

    def _each(self, work: list[tuple[Model, int]]) -> None:
        failures: dict[int, BaseException] = {}

        def some(start: int) -> None:
            for number in range(start, len(work), self._threads):
                model, periods = work[number]
                try:
                    model.step(periods)
                except Exception as failure:
                    failures[number] = failure

        if self._pool is None:
            some(0)
        else:
            helpers = [self._pool.submit(some, start) for start in range(self._threads)]
            for helper in helpers:
                helper.result()
        if failures:
            raise failures[min(failures)]

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
        """Replace a policy in each model; see `Model.set_policy`."""
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
