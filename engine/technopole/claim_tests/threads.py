"""Computing units of work on several threads; the results do not depend on how many."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from technopole.basics.machine import Threads, available_memory, choose_threads, readable_bytes
from technopole.claim_tests.units import FREEZE, Found, Study, Unit
from technopole.claim_tests.world import CELLS, REGIONS, Bench, Stopped
from technopole.errors import ConfigError
from technopole.schema.entries import counted
from technopole.simulation.ensemble import Progress, Report
from technopole.world.crew import POLL_SECONDS

Results = list[dict[int, list[Found]]]
"""By study and replicate: what its units found, in their order."""


class Work:
    """All units of some studies, shared out among threads.

    Parameters
    ----------
    studies : list of Study
        All with the same regions and sectors.
    threads : int
        As configured; 0 for all that are available.
    """

    def __init__(self, studies: list[Study], threads: int) -> None:
        self._studies = studies
        units = [list(study.units()) for study in studies]
        self.threads: Threads = choose_threads(threads, sum(map(len, units)), 0)
        self.replicates = sum(study.replicates for study in studies)
        self.periods = sum(unit.periods for rows in units for unit in rows)
        self._queue = self._in_order(units)
        self._left = {
            (number, replicate): sum(unit.replicate == replicate for unit in rows)
            for number, rows in enumerate(units)
            for replicate in range(studies[number].replicates)
        }
        self._found: dict[tuple[int, int], Found] = {}
        self._failures: dict[tuple[int, int], Exception] = {}
        self._places = [[(unit.replicate, place) for place, unit in enumerate(rows)] for rows in units]
        self._lock = threading.Lock()
        self._stop = np.zeros(1, dtype=np.int64)
        self._periods_done = 0

    @staticmethod
    def _in_order(units: list[list[Unit]]) -> Iterator[tuple[int, int, Unit]]:
        return ((number, place, unit) for number, rows in enumerate(units) for place, unit in enumerate(rows))

    @property
    def memory(self) -> int:
        """What it takes at most, about, in bytes."""
        one = 0
        for study in self._studies:
            blueprint = study.blueprint
            world = blueprint.world_bytes(blueprint.final_capacity)
            cells = blueprint.n_regions * blueprint.n_sectors
            records = 8 * study.periods * (len(CELLS) * cells + len(REGIONS) * blueprint.n_regions)
            # the state that is kept and what is measured on all firms are about as large as the world
            one = max(one, 2 * world + 2 * records)
        return self.threads.number * one

    def refuse_too_large(self) -> None:
        """Raise if it does not fit into memory.

        Raises
        ------
        ConfigError
            With the figures.
        """
        available, needed = available_memory(), self.memory
        if available is not None and needed > available:
            raise ConfigError(
                f"the claims need about {readable_bytes(needed)} of memory and {readable_bytes(available)} are "
                f"available ({counted(self.threads.number, 'world')} at a time); fewer threads, a smaller "
                "data.scale or fewer periods need less"
            )

    def run(self, report: Report | None = None) -> Results:
        """Compute all units.

        Parameters
        ----------
        report : callable, optional
            Gets a `Progress` several times a second, on the calling thread.

        Raises
        ------
        TechnopoleError
            What the first unit, in their order, failed with.
        KeyboardInterrupt
            After the other threads have stopped at the end of their period.
        """
        with ThreadPoolExecutor(self.threads.number, thread_name_prefix="technopole") as pool:
            try:
                pending = {pool.submit(self._freeze)}
                while pending:
                    done, pending = wait(pending, timeout=POLL_SECONDS)
                    for future in done:
                        if future.result():
                            pending |= {pool.submit(self._work) for _ in range(self.threads.number)}
                    if report is not None:
                        report(self.progress())
            finally:
                self._stop[0] = 1
        if self._failures:
            raise self._failures[min(self._failures)]
        results: Results = [{} for _ in self._studies]
        for number, places in enumerate(self._places):
            for replicate, place in places:
                results[number].setdefault(replicate, []).append(self._found[number, place])
        return results

    def progress(self) -> Progress:
        """Return how far it is; may be called from any thread."""
        with self._lock:
            done = sum(left == 0 for left in self._left.values())
            return Progress(done, self.replicates, self._periods_done, self.periods)

    def _freeze(self) -> bool:
        """Make the weights of the indices, before anything else."""
        for study in self._studies:
            if study.needs_weights:
                bench = Bench(study.blueprint, study.periods, self._stop)
                try:
                    study.compute(Unit(FREEZE, "", 0, study.periods), bench)
                except Stopped:
                    return False
        return True

    def _work(self) -> bool:
        """Compute units until none is left, all on one bench."""
        first = self._studies[0]
        bench = Bench(first.blueprint, max(study.periods for study in self._studies), self._stop)
        while self._stop[0] == 0:
            with self._lock:
                number, place, unit = next(self._queue, (-1, -1, None))
            if unit is None:
                break
            try:
                found = self._studies[number].compute(unit, bench)
            except Stopped:
                break
            except Exception as failure:
                self._failures[number, place] = failure
                self._stop[0] = 1
                break
            with self._lock:
                self._found[number, place] = found
                self._left[number, unit.replicate] -= 1
                self._periods_done += unit.periods
        return False
