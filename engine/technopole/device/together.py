"""Replicates of one setting on a device: as many at a time as it holds, the others after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from technopole.device.batch import Batch
from technopole.device.fit import device_room, worlds_that_fit
from technopole.device.interface import Device, DeviceMemoryError
from technopole.device.layout import state_bytes
from technopole.device.shared import using
from technopole.device.start import InitialStates
from technopole.device.world import problem_of
from technopole.errors import NotFiniteError, TechnopoleError
from technopole.world.build import Blueprint
from technopole.world.problems import not_finite, with_room
from technopole.world.recording import Recording
from technopole_kernels import layout
from technopole_kernels.status import Status
from technopole_kernels.types import Setting

MOST_TOGETHER = 1 << 14
"""Worlds at a time: many more do not make a launch cheaper."""
HOST_BYTES = 1 << 30
"""Memory of the host in which initial states are made, unless one takes more."""

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
        done: Callable[[list[int]], object] | None = None,
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
            Gets the numbers of replicates that have finished, as they come.

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
        left, room = list(replicates), self._room
        with using(self._blueprint.config.run.backend) as shared:
            shared.forget()
            while left and stop[0] == 0:
                work = _Round(
                    self._blueprint,
                    self._setting,
                    self._recording,
                    room,
                    len(left),
                    shared.device,
                    self._threads,
                )
                with work:
                    for part in work.parts(left, stop, all_of_them, failures):
                        part.start(self._until, self._stride)
                        part.run(tell)
                        failures |= part.failures
                        if stop[0] == 0:
                            work.fetch(part, row - replicates.start)
                            if done is not None and part.finished:
                                done(part.finished)
                left, room = work.left, work.next_room
                if failures and not all_of_them:
                    left = [replicate for replicate in left if replicate < min(failures)]
        return failures


class _Round:
    """Worlds of the same room, as many as fit; those that outgrow the memory are left to another round.

    Attributes
    ----------
    left : list of int
        Replicates that need more room than was left.
    next_room : int
        What they need.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        setting: Setting,
        recording: Recording,
        room: int,
        number: int,
        device: Device,
        threads: int,
    ) -> None:
        self._blueprint, self._setting, self._recording = blueprint, setting, recording
        template, records = blueprint.new_world(room), recording.records(0)
        fitting = worlds_that_fit(blueprint, setting, template, records, device.free_memory())
        on_host = max(HOST_BYTES // state_bytes(template), 1)
        count = min(number, blueprint.config.run.block or MOST_TOGETHER, fitting, on_host)
        self._batch = Batch(device, setting, template, records, count)
        self._states = InitialStates(blueprint, setting, self._batch, threads)
        self.left: list[int] = []
        self.next_room = room

    def __enter__(self) -> _Round:
        return self

    def __exit__(self, *_: object) -> None:
        self._states.close()
        self._batch.close()

    def parts(
        self,
        replicates: list[int],
        stop: NDArray[np.int64],
        all_of_them: bool,
        failures: dict[int, TechnopoleError],
    ) -> Iterator[_Part]:
        """Yield the replicates that are on the device at the same time, one part after the other."""
        count = self._batch.count
        cut = [replicates[first : first + count] for first in range(0, len(replicates), count)]
        self._states.make(cut[0])
        for some, after in zip(cut, [*cut[1:], []], strict=True):
            if stop[0] != 0 or (failures and not all_of_them):
                return
            part = _Part(self._blueprint, self._batch, self._states, some, after, stop, all_of_them)
            yield part
            self.left += part.left
            self.next_room = max(self.next_room, part.next_room)

    def fetch(self, part: _Part, offset: int) -> None:
        """Fetch what was recorded of a part; `offset` leads from a replicate to its place in the recording."""
        for slots in consecutive(part.replicates):
            first = part.replicates[slots.start] + offset
            self._batch.fetch_records(slots.start, self._recording.stacked(slice(first, first + len(slots))))


class _Part:
    """The replicates that are on the device at the same time.

    Attributes
    ----------
    replicates : list of int
        Their numbers.
    failures : dict of int to TechnopoleError
        What went wrong, by replicate.
    left : list of int
        Replicates for whose growth there was no memory.
    next_room : int
        What they need.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        batch: Batch,
        states: InitialStates,
        replicates: list[int],
        after: list[int],
        stop: NDArray[np.int64],
        all_of_them: bool,
    ) -> None:
        self._blueprint, self._batch, self._states, self._stop = blueprint, batch, states, stop
        self._all = all_of_them
        self.replicates, self._after = replicates, after
        self.failures: dict[int, TechnopoleError] = {}
        self.left: list[int] = []
        self.next_room = 0
        self._given_up = np.zeros(batch.count, dtype=bool)

    @property
    def finished(self) -> list[int]:
        """Replicates that are done; none, if one has failed."""
        left = set(self.left)
        return [] if self.failures else [one for one in self.replicates if one not in left]

    def start(self, until: int, stride: int) -> None:
        """Send the initial states, and begin to make those of the part after this one."""
        batch, number = self._batch, len(self.replicates)
        batch.return_home()
        batch.status[:], batch.where[:], batch.stride[:] = 0, 0, stride
        batch.clock[:], batch.until[:] = 0, 0
        self._states.send()
        batch.until[:number] = until
        batch.send_control()
        if self._after:
            self._states.make(self._after)

    def run(self, tell: Tell | None) -> None:
        """Move on until all have finished, or failed."""
        batch = self._batch
        while self._stop[0] == 0 and batch.running.any():
            batch.go()
            if tell is not None:
                tell(int(batch.clock[: len(self.replicates), layout.PERIOD].sum()))
            stuck = np.flatnonzero(batch.stuck & ~self._given_up).tolist()
            for slot in stuck:
                self._solve(slot)
            if stuck and self.failures and not self._all:
                # what comes after the first failure is of no use: the same error for any number at a time
                batch.until[self.replicates.index(min(self.failures)) + 1 :] = 0
            if stuck:
                batch.send_control()

    def _solve(self, slot: int) -> None:
        """Make room for a world that needs it, leave it to later, or keep what is to be said of it."""
        batch, replicate = self._batch, self.replicates[slot]
        world = self._blueprint.new_world(batch.room(slot))
        batch.fetch(slot, world)
        problem = problem_of(batch, slot)
        try:
            if batch.status[slot] == Status.NOT_FINITE:
                raise NotFiniteError(not_finite(self._blueprint, world, problem))
            larger = with_room(self._blueprint, world, problem)
            batch.put(slot, larger)
            batch.status[slot] = 0
        except DeviceMemoryError:
            if batch.count == 1:
                raise
            self._given_up[slot] = True
            self.left.append(replicate)
            self.next_room = max(self.next_room, larger.firms.shape[1])
        except TechnopoleError as failure:
            self._given_up[slot] = True
            self.failures[replicate] = failure


def consecutive(numbers: list[int]) -> Iterator[range]:
    """Yield the places of numbers that follow each other.

    Parameters
    ----------
    numbers : list of int
        Ascending.

    Yields
    ------
    range
        As long as possible.
    """
    first = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield range(first, place)
            first = place
