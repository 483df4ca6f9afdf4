"""Many replicates on several threads: as many worlds as are computed at a time, whatever the number of replicates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.basics.machine import Threads
from technopole.errors import ConfigError
from technopole.simulation.advance import advance
from technopole.world.build import Blueprint
from technopole.world.crew import POLL_SECONDS, Crew
from technopole.world.recording import Recording
from technopole_kernels import layout
from technopole_kernels.types import World


class Progress(NamedTuple):
    """How far a run is."""

    replicates_done: int
    replicates: int
    periods_done: int
    periods: int
    """Of all replicates together."""


Report = Callable[[Progress], object]


def refuse_report(report: object) -> None:
    """Raise if what is to be told of the progress cannot be called.

    Raises
    ------
    ConfigError
        With what was found.
    """
    if report is not None and not callable(report):
        raise ConfigError(f"progress: found {report!r:.60}; allowed: a function of a Progress")


class Ensemble:
    """The replicates of one run.

    Replicates share nothing that is written, and each is computed by the same serial code, so that the
    results do not depend on the number of threads or on which thread does what.

    Parameters
    ----------
    blueprint : Blueprint
        What all worlds have in common; seed, periods and stride come from its configuration.
    recording : Recording
        Filled in place.
    threads : Threads
        How many, and how many of them share a world.
    """

    def __init__(self, blueprint: Blueprint, recording: Recording, threads: Threads) -> None:
        config = blueprint.config
        self._blueprint = blueprint
        self._recording = recording
        self._threads = threads
        self._replicates: int = config.run.replicates
        self._periods: int = config.time.periods
        self._stride: int = config.output.stride
        self._setting = blueprint.setting(config.run.seed)
        self._stops: dict[int, NDArray[np.int64]] = {}  # by the replicate that is computed
        self._end = self._replicates  # from here on nothing is begun or goes on
        self._lock = threading.Lock()
        self._blocks = self._cut(config.run.block or 1)
        self._clocks: dict[int, NDArray[np.int64]] = {}
        self._failures: dict[int, Exception] = {}
        self._done = 0

    def run(self, report: Report | None = None) -> None:
        """Compute all replicates.

        Parameters
        ----------
        report : callable, optional
            Gets a `Progress` several times a second, on the calling thread, and once at the end.

        Raises
        ------
        NotFiniteError
            If a number became infinite or not a number. Of several replicates that fail, that of the first is said,
            for any number of threads: those before one that fails go on.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more.
        KeyboardInterrupt
            As any other exception raised on the calling thread meanwhile, after the other threads have
            stopped at the end of their period.
        """
        with ThreadPoolExecutor(self._threads.worlds, thread_name_prefix="technopole") as pool:
            try:
                pending = {pool.submit(self._work) for _ in range(self._threads.worlds)}
                while pending:
                    done, pending = wait(pending, timeout=POLL_SECONDS)
                    for future in done:
                        future.result()  # raises what is no failure of a replicate
                    if report is not None:
                        report(self.progress())
            finally:
                self._stop_from(0)
        if self._failures:
            raise self._failures[min(self._failures)]

    def progress(self) -> Progress:
        """Return how far the run is; may be called from any thread."""
        with self._lock:
            done = self._done
            begun = sum(int(clock[layout.PERIOD]) for clock in self._clocks.values())
        return Progress(
            done, self._replicates, done * self._periods + begun, self._replicates * self._periods
        )

    def _cut(self, block: int) -> Iterator[range]:
        return (
            range(first, min(first + block, self._replicates)) for first in range(0, self._replicates, block)
        )

    def _work(self) -> None:
        """Compute blocks of replicates until none is left, all in one world."""
        crew = Crew(self._threads.per_world)
        try:
            self._compute_blocks(crew)
        finally:
            crew.close()

    def _compute_blocks(self, crew: Crew) -> None:
        world, stop = None, np.zeros(1, dtype=np.int64)
        while True:
            with self._lock:
                block = next(self._blocks, None)
            if block is None:
                return
            for replicate in block:
                with self._lock:
                    if replicate >= self._end:
                        return
                    self._stops[replicate] = stop
                try:
                    world = self._compute(replicate, world, stop, crew)
                except Exception as failure:
                    self._failures[replicate] = failure
                    self._stop_from(replicate)
                with self._lock:
                    del self._stops[replicate]
                if stop[0] != 0:
                    return

    def _stop_from(self, replicate: int) -> None:
        """Stop this replicate and those that come behind it."""
        with self._lock:
            self._end = min(self._end, replicate)
            for number, stop in self._stops.items():
                if number >= replicate:
                    stop[0] = 1

    def _compute(self, replicate: int, world: World | None, stop: NDArray[np.int64], crew: Crew) -> World:
        if world is None:
            world = self._blueprint.new_world(self._blueprint.room)
        self._blueprint.start(self._setting, world, replicate)
        with self._lock:
            self._clocks[replicate] = world.clock
        records = self._recording.records(replicate)
        world, finished = advance(
            self._blueprint, self._setting, world, records, self._periods, self._stride, stop, crew
        )
        if finished:
            self._recording.make_counts_whole(replicate)
        with self._lock:
            del self._clocks[replicate]
            self._done += finished
        return world
