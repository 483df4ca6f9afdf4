"""Computing the units of an experiment, round after round, with an executor that may lose some on the way."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from technopole.errors import OutputError, TechnopoleError
from technopole.experiments.executors import Executor, make_executor
from technopole.experiments.rounds import Shard, wanted_units
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import Stopped
from technopole.files.journal import Entry
from technopole.schema.entries import counted
from technopole.simulation.ensemble import Progress, Report
from technopole.world.crew import POLL_SECONDS

AHEAD = 3
"""Units given to an executor for each of its workers, so that none waits for the next one."""
DEATHS = 3
"""Processes that may die one after the other while no unit is finished."""
TRIES = 2
"""So often a unit is computed that is found missing again afterwards, as its files were deleted meanwhile."""


def compute_rounds(
    store: ExperimentStore,
    wanted: list[int],
    shard: Shard | None,
    kind: str,
    workers: int | None,
    address: str | None,
    progress: Report | None,
) -> Counter[int]:
    """Compute units until none is left that this process can compute.

    Parameters
    ----------
    store : ExperimentStore
        Where results go.
    wanted : list of int
        Units that are missing.
    shard : Shard or None
        Which of them are those of this process; all if None.
    kind, workers, address
        As for `technopole.experiments.executors.make_executor`.
    progress : callable or None
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.

    Returns
    -------
    Counter of int
        How often each unit was computed.

    Raises
    ------
    OutputError
        If the store cannot be written; says how much is in it.
    TechnopoleError
        If processes die again and again.
    KeyboardInterrupt
        On Ctrl-C.
    """
    mine = wanted if shard is None else shard.of(wanted)
    computed: Counter[int] = Counter()
    pool: Executor | None = None
    tell = _Tell(store, progress)
    try:
        while mine:
            if pool is None:
                most = len(mine) if store.plan.sweep.stop is None else store.plan.n_units
                pool = make_executor(kind, store, workers, address, most)
            for entry in _compute(pool, mine, tell):
                tell.add(entry)
                computed[entry.unit] += 1
            # what was deleted meanwhile, and the next round, unless other shards have not finished this one
            left = wanted_units(store)
            mine = [unit for unit in (left if shard is None else shard.of(left)) if computed[unit] < TRIES]
    except OutputError as failure:
        raise OutputError([*failure.problems, f"{what_is_done(store)} once there is room"]) from failure
    finally:
        if pool is not None:
            pool.stop()
            pool.close()
    return computed


def what_is_done(store: ExperimentStore) -> str:
    """Say how much of an experiment that was stopped is done, and how to go on.

    Parameters
    ----------
    store : ExperimentStore
        Of the experiment.
    """
    done = len(store.done_units())
    return (
        f"{done:,} of {counted(store.plan.n_units, 'unit')} are in {store.path}; --resume goes on from there"
    )


def _compute(pool: Executor, units: list[int], tell: _Tell) -> Iterator[Entry]:
    """Compute units, a few ahead of what is done; yield the lines of the journal as they come."""
    ready: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    left = units[::-1]
    running, deaths = 0, 0

    def submit() -> None:
        number = left[-1]
        future = pool.submit(number)
        left.pop()
        future.add_done_callback(lambda done: ready.put((number, done)))

    while left or running:
        try:
            while left and running < AHEAD * pool.workers:
                submit()
                running += 1
            number, future = ready.get(timeout=POLL_SECONDS)
        except queue.Empty:
            tell()
            continue
        except BrokenExecutor:
            # seen when a unit is submitted; those that are running report it too
            if not running:
                pool.renew()
                continue
            number, future = ready.get()
        running -= 1
        try:
            entry: Entry = future.result()
        except BrokenExecutor:
            left.append(number)
            deaths += 1
            while running:
                other, lost = ready.get()
                running -= 1
                try:
                    yield lost.result()
                except (BrokenExecutor, CancelledError):
                    left.append(other)
            if deaths > DEATHS:
                raise TechnopoleError(
                    "processes of the executor die again and again (killed, or out of memory?); "
                    "fewer --workers need less memory, and --resume goes on"
                ) from None
            pool.renew()
            continue
        except Stopped:
            raise KeyboardInterrupt from None
        deaths = 0
        yield entry
        tell()


class _Tell:
    """Progress, counted in replicates of all points; what was done before counts as done."""

    def __init__(self, store: ExperimentStore, report: Report | None) -> None:
        self._report = report
        plan = store.plan
        self._total = plan.n_points * plan.replicates
        self._periods = plan.sweep.periods
        self._done = sum(entry.done + entry.failed for entry in store.done_units().values())

    def add(self, entry: Entry) -> None:
        self._done += entry.done + entry.failed

    def __call__(self) -> None:
        if self._report is not None:
            done = min(self._done, self._total)
            self._report(Progress(done, self._total, done * self._periods, self._total * self._periods))
