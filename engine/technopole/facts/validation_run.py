"""Measuring the facts of many worlds on several threads; one world at a time on each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from technopole.facts.measure import Measured, measure
from technopole.facts.panel import Stopped
from technopole.simulation.ensemble import Progress, Report
from technopole.world.build import Blueprint
from technopole.world.crew import POLL_SECONDS


class _Worlds:
    """Replicates handed out one by one, and what was found of them."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.setting = blueprint.setting(blueprint.config.run.seed)
        self.periods: int = blueprint.config.time.periods
        self.number: int = blueprint.config.run.replicates
        self.found: dict[int, Measured] = {}
        self.failures: dict[int, Exception] = {}
        self.stop = np.zeros(1, dtype=np.int64)
        self._left = iter(range(self.number))
        self._lock = threading.Lock()
        self._done = 0

    def work(self) -> None:
        """Measure worlds until none is left."""
        while self.stop[0] == 0:
            with self._lock:
                replicate = next(self._left, None)
            if replicate is None:
                return
            try:
                self.found[replicate] = measure(
                    self.blueprint, self.setting, replicate, self.periods, self.stop, self._tick
                )
            except Stopped:
                return
            except Exception as failure:
                self.failures[replicate] = failure
                self.stop[0] = 1

    def _tick(self) -> None:
        with self._lock:
            self._done += 1

    def progress(self) -> Progress:
        """Return how far it is."""
        return Progress(len(self.found), self.number, self._done, self.number * self.periods)


def measure_all(blueprint: Blueprint, threads: int, report: Report | None = None) -> list[Measured]:
    """Measure the facts of all replicates.

    Parameters
    ----------
    blueprint : Blueprint
        Seed, periods and replicates come from its configuration.
    threads : int
        How many; the results do not depend on it.
    report : callable, optional
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.

    Returns
    -------
    list of Measured
        In the order of the replicates.

    Raises
    ------
    TechnopoleError
        If a world cannot go on.
    KeyboardInterrupt
        As any other exception raised on the calling thread meanwhile, after the other threads have stopped at
        the end of their period.
    """
    worlds = _Worlds(blueprint)
    with ThreadPoolExecutor(threads, thread_name_prefix="technopole") as pool:
        try:
            pending = {pool.submit(worlds.work) for _ in range(threads)}
            while pending:
                done, pending = wait(pending, timeout=POLL_SECONDS)
                for future in done:
                    future.result()  # raises what is no failure of a world
                if report is not None:
                    report(worlds.progress())
        finally:
            worlds.stop[0] = 1
    if worlds.failures:
        raise worlds.failures[min(worlds.failures)]
    return [worlds.found[replicate] for replicate in range(worlds.number)]
