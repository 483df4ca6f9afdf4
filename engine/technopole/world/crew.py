"""Several threads that share the work of one world: for economies that are large, or fewer worlds than processors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from technopole.world.build import aligned_zeros
from technopole_kernels import layout
from technopole_kernels.drive import drive
from technopole_kernels.record import Records
from technopole_kernels.status import Part, Status
from technopole_kernels.types import Problem, Setting, World

FIRMS = 25_000
"""Firms of the smallest ranges: so few that nobody waits long for the slowest thread, but so many that the call of a
kernel (some 15 µs, one thread at a time) is little beside them."""
SUMS, CELLS = 500_000, 4_000
"""Sums of spillover, and cells whose sums are collected, that are as much work: below twice as many one thread does
them all."""
POLL_SECONDS = 0.2
"""How often a thread that waits for others looks at its signals and reports progress."""
OWN_ROOM = ("buffer", "partner", "keys", "sizes", "reached")
"""Arrays of a world in which a thread works by itself."""


class Crew:
    """Threads that advance one world together.

    They call the same compiled code as a thread alone, on ranges of tiles, cells or regions; no sum depends on how the
    ranges are cut, so that the results have the same bits for any number of threads.

    Parameters
    ----------
    threads : int
        At least 1. With one, the calling thread does the work.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "technopole-crew") if threads > 1 else None
        self._process = os.getpid()

    def close(self) -> None:
        """Let the threads end."""
        if self._pool is not None:
            self._pool.shutdown()

    def advance(
        self,
        setting: Setting,
        world: World,
        problem: Problem,
        records: Records,
        until: int,
        stride: int,
        stop: NDArray[np.int64],
    ) -> int:
        """Advance a world until period `until`.

        Parameters
        ----------
        setting, world, problem, records, until, stride, stop
            As for `technopole_kernels.drive.drive`.

        Returns
        -------
        int
            `technopole_kernels.status.Status`.
        """
        if self._pool is None:
            return int(drive(setting, world, problem, records, until, stride, stop, int(Part.WHOLE), 0, 0))
        if self._process != os.getpid():  # forked: threads stay behind
            self._pool, self._process = ThreadPoolExecutor(self._threads, "technopole-crew"), os.getpid()
        # not the calling thread: an exception that a signal raises there must not leave a period half done
        leader = self._pool.submit(self._lead, setting, world, problem, records, until, stride, stop)
        try:
            # not for ever at once: a signal that another thread of the process got is seen between two waits
            while not wait([leader], timeout=POLL_SECONDS).done:
                pass
        except BaseException:
            stop[0] = 1
            wait([leader])
            raise
        return leader.result()

    def _lead(
        self,
        setting: Setting,
        world: World,
        problem: Problem,
        records: Records,
        until: int,
        stride: int,
        stop: NDArray[np.int64],
    ) -> int:
        """Advance with all threads of the pool, of which this is one."""
        period = _Period(
            setting, [world, *(_with_own_room(world) for _ in range(self._threads - 1))], problem
        )
        status = int(Status.DONE)
        try:
            while status == Status.DONE and world.clock[layout.PERIOD] < until:
                status = self._step(period, records, stride, stop) if stop[0] == 0 else int(Status.STOPPED)
        finally:
            drive(setting, world, problem, records, until, stride, stop, int(Part.REST), 0, 0)
        return status

    def _step(self, period: _Period, records: Records, stride: int, stop: NDArray[np.int64]) -> int:
        """Do the parts of one period in order, those with a range together."""
        world = period.worlds[0]

        def do(part: Part, mine: World = world, first: int = 0, last: int = 0) -> int:
            return int(
                drive(period.setting, mine, period.problem, records, 0, stride, stop, int(part), first, last)
            )

        def share(part: Part, begins: NDArray[np.int64], least: int = 0, each: int = FIRMS) -> None:
            if begins[-1] < least:
                do(part, last=begins.size - 1)
                return
            pieces = _Pieces(begins, self._threads, each)

            def work(mine: World) -> None:
                for first, last in pieces:
                    do(part, mine, first, last)

            assert self._pool is not None
            helpers = [self._pool.submit(work, mine) for mine in period.worlds[1:]]
            work(world)
            for helper in helpers:
                helper.result()

        do(Part.OPEN)
        tiles = world.tiles[layout.T_BEGIN, : world.clock[layout.TILES] + 1]
        share(Part.SUM, tiles)
        sectors = world.sectors.shape[1]
        cells_before = np.arange(world.regions.shape[1] + 1) * sectors
        share(Part.ADD, cells_before, 2 * CELLS, CELLS)
        do(Part.PREPARE)
        share(Part.POOL, period.setting.constants.group_start * sectors, 2 * SUMS, SUMS)
        share(Part.LEARN, tiles)
        do(Part.SETTLE)
        period.forget_sizes()
        share(Part.DECIDE, tiles)
        period.collect_sizes()
        share(Part.COLLECT, cells_before, 2 * CELLS, CELLS)
        status = do(Part.CLOSE)
        if status == Status.DONE:
            share(Part.STARTUPS, np.arange(world.cells.shape[1] + 1), 2 * CELLS, CELLS)
            status = do(Part.PLACE)
        if status == Status.DONE:
            share(Part.FOUND, world.new_offsets)
            do(Part.SCALE)
            share(Part.MOVE, world.offsets)
            do(Part.COMMIT)
        return status


class _Period:
    """What the threads have in common, and the world as each of them sees it."""

    def __init__(self, setting: Setting, worlds: list[World], problem: Problem) -> None:
        self.setting, self.worlds, self.problem = setting, worlds, problem

    def forget_sizes(self) -> None:
        for world in self.worlds[1:]:
            world.sizes[:] = 0

    def collect_sizes(self) -> None:
        for world in self.worlds[1:]:
            self.worlds[0].sizes[:] += world.sizes


class _Pieces:
    """Ranges handed out one by one to whoever asks: large ones first, and the smallest last, when all must end.

    Each is a part of what is left (guided self-scheduling, Polychronopoulos and Kuck 1987).
    """

    def __init__(self, begins: NDArray[np.int64], threads: int, least: int) -> None:
        end = int(begins[-1])
        wanted, size = [0], -(-end // threads)
        while wanted[-1] + size < end:
            size = max((end - wanted[-1]) // (2 * threads), min(least, size))
            wanted.append(wanted[-1] + size)
        cuts = np.searchsorted(begins, [*wanted, end])
        cuts[0], cuts[-1] = 0, begins.size - 1  # with empty cells at both ends
        edges = np.unique(cuts).tolist()
        self._left = iter(list(zip(edges[:-1], edges[1:], strict=True)))
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        while True:
            with self._lock:
                piece = next(self._left, None)
            if piece is None:
                return
            yield piece


def _with_own_room(world: World) -> World:
    rooms = {name: getattr(world, name) for name in OWN_ROOM}
    rooms["reached"] = world.reached[:1]  # all that is used
    return world._replace(
        **{name: aligned_zeros(room.size, room.dtype).reshape(room.shape) for name, room in rooms.items()}
    )
