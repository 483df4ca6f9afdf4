"""Replicates of one setting on a device: as many at a time as it holds, the others after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from technopole.build import MOST_ROOM, Blueprint
from technopole.device_batch import Batch, world_bytes
from technopole.device_memory import ALIGNMENT
from technopole.device_shared import using
from technopole.device_world import problem_of
from technopole.errors import NotFiniteError, TechnopoleError
from technopole.machine import readable_bytes
from technopole.period_problems import not_finite, with_room
from technopole.recording import Recording
from technopole_kernels import layout
from technopole_kernels.record import Records
from technopole_kernels.status import Status
from technopole_kernels.types import Setting, World

SHARE_OF_MEMORY = 0.9
"""Of what is free on the device; the rest is for worlds that are enlarged."""
MOST_TOGETHER = 1 << 14
"""Worlds at a time: many more do not make a launch cheaper, and the host makes their initial states meanwhile."""

Tell = Callable[[int], object]
"""Gets the periods done by the worlds that are computed now."""


class Together:
    """Replicates of one setting, computed on the device of this process.

    Replicates share nothing that is written, so that the results do not depend on how many there are at a time.

    Parameters
    ----------
    blueprint : Blueprint
        What all worlds have in common.
    setting : Setting
        Of the blueprint, with a seed.
    recording : Recording
        Filled in place.
    until : int
        Number of periods.
    stride : int
        Every so many periods one is recorded.
    threads : int
        Of the host, which make the initial states.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        setting: Setting,
        recording: Recording,
        until: int,
        stride: int,
        threads: int = 1,
    ) -> None:
        self._blueprint, self._setting, self._recording = blueprint, setting, recording
        self._until, self._stride, self._threads = until, stride, threads
        self._room = device_room(blueprint)

    def run(
        self,
        replicates: range,
        row: int,
        stop: NDArray[np.int64],
        all_of_them: bool,
        tell: Tell | None = None,
        done: Callable[[range], object] | None = None,
    ) -> dict[int, TechnopoleError]:
        """Compute some replicates.

        Parameters
        ----------
        replicates : range
            Their numbers.
        row : int
            Place of the first in the recording.
        stop : ndarray of int64, shape (1,)
            Not 0: stop at the next look.
        all_of_them : bool
            Go on when one has failed; otherwise only those before it are finished.
        tell : callable, optional
            Called several times a second.
        done : callable, optional
            Gets the numbers of replicates that were together and have all finished, as they come.

        Returns
        -------
        dict of int to TechnopoleError
            What went wrong, by replicate.

        Raises
        ------
        ConfigError
            If there is no device.
        TechnopoleError
            If it has too little memory for one world.
        """
        failures: dict[int, TechnopoleError] = {}
        with using(self._blueprint.config.run.backend) as shared:
            shared.forget()
            template = self._blueprint.new_world(self._room)
            records = self._recording.records(0)
            free = shared.device.free_memory()
            most = self._blueprint.config.run.block or MOST_TOGETHER
            count = min(
                len(replicates),
                most,
                worlds_that_fit(self._blueprint, self._setting, template, records, free),
            )
            with (
                ThreadPoolExecutor(self._threads, thread_name_prefix="technopole") as pool,
                Batch(shared.device, self._setting, template, records, count) as batch,
            ):
                staging = batch.staging()
                for some in _cut(replicates, count):
                    if stop[0] != 0 or (failures and not all_of_them):
                        break
                    first = row + some.start - replicates.start
                    part = _Part(self._blueprint, batch, some, stop, all_of_them)
                    part.start(self._setting, staging, pool, self._until, self._stride)
                    part.run(tell)
                    failures |= part.failures
                    stacked = self._recording.stacked(slice(first, first + len(some)))
                    if stop[0] == 0:
                        batch.fetch_records(0, stacked)
                        if done is not None and not part.failures:
                            done(some)
                    part.end()
        return failures


class _Part:
    """The replicates that are on the device at the same time."""

    def __init__(
        self,
        blueprint: Blueprint,
        batch: Batch,
        replicates: range,
        stop: NDArray[np.int64],
        all_of_them: bool,
    ) -> None:
        self._blueprint, self._batch, self._replicates, self._stop = blueprint, batch, replicates, stop
        self._all = all_of_them
        self.failures: dict[int, TechnopoleError] = {}

    def start(
        self,
        setting: Setting,
        staging: NDArray[np.uint8],
        pool: ThreadPoolExecutor,
        until: int,
        stride: int,
    ) -> None:
        """Make the initial states, on several threads of the host, and send them."""
        batch, number = self._batch, len(self._replicates)
        batch.return_home()
        batch.status[:], batch.where[:], batch.stride[:] = 0, 0, stride
        batch.clock[:], batch.until[:] = 0, 0
        for first in range(0, number, len(staging)):
            slots = range(first, min(first + len(staging), number))
            list(pool.map(partial(self._make, setting, staging, first), slots))
            batch.send(first, staging[: len(slots)])
        batch.until[:number] = until
        batch.send_control()

    def _make(self, setting: Setting, staging: NDArray[np.uint8], first: int, slot: int) -> None:
        world = self._batch.staged(staging[slot - first], slot)
        self._blueprint.start(setting, world, self._replicates[slot])

    def run(self, tell: Tell | None) -> None:
        """Move on until all have finished, or failed."""
        batch = self._batch
        while self._stop[0] == 0 and batch.running.any():
            batch.go()
            if tell is not None:
                tell(int(batch.clock[: len(self._replicates), layout.PERIOD].sum()))
            slots = np.flatnonzero(batch.stuck & self._unsolved).tolist()
            for slot in slots:
                self._solve(slot)
            if slots:
                batch.send_control()
            if self.failures and not self._all:
                # what comes after the first failure is of no use: the same error for any number at a time
                first = min(self.failures) - self._replicates.start
                batch.until[first + 1 :] = 0
                batch.send_control()

    @property
    def _unsolved(self) -> NDArray[np.bool_]:
        unsolved = np.ones(self._batch.count, dtype=bool)
        unsolved[[replicate - self._replicates.start for replicate in self.failures]] = False
        return unsolved

    def _solve(self, slot: int) -> None:
        """Make room for a world that needs it, or keep what is to be said of it."""
        batch, replicate = self._batch, self._replicates[slot]
        world = self._blueprint.new_world(batch.room(slot))
        batch.fetch(slot, world)
        problem = problem_of(batch, slot)
        if batch.status[slot] == Status.NOT_FINITE:
            self.failures[replicate] = NotFiniteError(not_finite(self._blueprint, world, problem))
            return
        try:
            batch.put(slot, with_room(self._blueprint, world, problem))
        except TechnopoleError as failure:
            self.failures[replicate] = failure
            return
        batch.status[slot] = 0

    def end(self) -> None:
        """Leave nothing running."""
        self._batch.device.synchronize()


def _cut(replicates: range, count: int) -> Iterator[range]:
    for first in range(replicates.start, replicates.stop, count):
        yield range(first, min(first + count, replicates.stop))


def device_room(blueprint: Blueprint) -> int:
    """Return the firm slots of a world on a device.

    To enlarge one takes a way to the host and back: so it gets at once what it will about need.

    Parameters
    ----------
    blueprint : Blueprint
        What it is made from.

    Returns
    -------
    int
        Capacity.
    """
    return min(max(blueprint.capacity, blueprint.final_capacity), MOST_ROOM * blueprint.capacity)


def worlds_that_fit(
    blueprint: Blueprint, setting: Setting, template: World, records: Records, free: int
) -> int:
    """Return how many worlds a device holds at a time.

    Parameters
    ----------
    blueprint : Blueprint
        For the message.
    setting : Setting
        Is there once.
    template : World
    records : Records
        Their shapes count.
    free : int
        Bytes.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TechnopoleError
        If there is no room for one.
    """
    once = sum(array.nbytes + ALIGNMENT for array in setting.constants if isinstance(array, np.ndarray))
    once += sum(array.nbytes + ALIGNMENT for array in setting.policy)
    one = world_bytes(setting, template, records)
    count = int((SHARE_OF_MEMORY * free - once) // one)
    if count < 1:
        raise TechnopoleError(
            f"one world of {blueprint.n_firms:,} firms takes {readable_bytes(one + once)} of the memory of the "
            f"device and {readable_bytes(free)} are free; a smaller data.scale, a larger output.stride or "
            'run.backend = "cpu" need less'
        )
    return count
