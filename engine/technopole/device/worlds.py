"""Worlds of one setting on a device: what goes in and out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.device.layout import SEEN, STATE, VALUES, shape_of
from technopole.device.memory import describe
from technopole.device.uploaded import upload
from technopole.device.worlds_memory import Home, WorldsMemory
from technopole_kernels import layout
from technopole_kernels.record import Records
from technopole_kernels.types import Setting, World

ROWS = {"firms": layout.F_ROWS, "identity": 1, "age": 1, "tie": 1}
"""Rows of the arrays of firms that are the state; behind them stands what firms become."""
WHOLE_BYTES = 1 << 20
"""Arrays up to this size are copied in one piece."""


def _parts(address: int, name: str, world: World) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield what is used of an array and where it lies; of a large world, the rows and firms that there are."""
    array, living = getattr(world, name), int(world.offsets[-1])
    if name not in ROWS or array.nbytes < WHOLE_BYTES:
        yield address, array
        return
    for row in range(ROWS[name]):
        yield address + row * array.strides[0], array[row, :living]


class Worlds(WorldsMemory):
    """Worlds of one setting on a device.

    Parameters and attributes are those of `WorldsMemory`.
    """

    def fits(self, setting: Setting, world: World, records: Records) -> bool:
        """Return whether this memory, of one world, can be used for another one.

        Parameters
        ----------
        setting, world, records
            As for a new batch.

        Returns
        -------
        bool
            The shapes are the same, and so are the constants.
        """
        return (
            self._setting.holds(setting)
            and self.room(0) == world.firms.shape[1]
            and (self._regions, self._sectors) == (world.regions.shape[1], world.sectors.shape[1])
            and all(map(np.array_equal, self._records[:3], records[:3]))
            and [array.shape for array in self._records[3:]] == [array.shape for array in records[3:]]
        )

    def set_setting(self, setting: Setting) -> None:
        """Use another setting from now on.

        Parameters
        ----------
        setting : Setting
            With the same constants; nothing is waited for where the shapes are the same.
        """
        self._setting.replace(setting)

    def staging(self) -> NDArray[np.uint8]:
        """Return memory of the host for the states of all worlds, to be filled through `staged` and sent by `send`.

        Returns
        -------
        ndarray of uint8, shape (count, bytes)
            A row for each world.
        """
        return np.zeros((self.count, self.state_bytes), dtype=np.uint8)

    def staged(self, state: NDArray[np.uint8], clock: NDArray[np.int64]) -> World:
        """Return a world whose state lies in the staging memory; what else it has is shared by all of them.

        Parameters
        ----------
        state : ndarray of uint8, shape (bytes,)
            A row of `staging`.
        clock : ndarray of int64, shape (4,)
            Of the world.

        Returns
        -------
        World
            Views.
        """
        arrays = {}
        for name in STATE:
            place = self._shape.world[name]
            raw = state[place.offset : place.offset + place.nbytes]
            arrays[name] = raw.view(place.dtype).reshape(place.shape)
        return self._world._replace(clock=clock, **arrays)

    def return_home(self) -> None:
        """Let all worlds have the same room again, after some have been enlarged; their states are lost."""
        for slot in np.flatnonzero(self._left).tolist():
            self._clean(slot, self._first_homes[slot])
        if self.count == 1 and self.room(0) != self._world.firms.shape[1]:
            self._move(0, self._world)
        for slot, home in enumerate(self._homes if self.count > 1 else ()):
            if home.own:
                self._release_home(home)
                self._homes[slot] = self._first_homes[slot]
                self._send_structs(slot)

    def send(self, slot: int, states: NDArray[np.uint8]) -> None:
        """Send the states of some worlds that lie side by side; `send_control` has to follow.

        Parameters
        ----------
        slot : int
            The first of them; none has been enlarged.
        states : ndarray of uint8, shape (worlds, bytes)
            Filled rows of `staging`.
        """
        self.device.upload(self._state + slot * self.state_bytes, states)

    def put(self, slot: int, world: World) -> None:
        """Send the state of one world, which may have other room than it had; `send_control` has to follow.

        Parameters
        ----------
        slot : int
            Which world.
        world : World
            Only its state counts.
        """
        if world.firms.shape[1] != self._homes[slot].shape.room:
            self._move(slot, world)
        elif self._left[slot]:
            self._clean(slot, self._homes[slot])
        home = self._homes[slot]
        for name in STATE:
            for address, part in _parts(home.address(name), name, world):
                upload(self.device, address, part)
        self.clock[slot] = world.clock

    def _move(self, slot: int, world: World) -> None:
        """Give a world other room."""
        work = self._program.new_work(self._constants, world)
        shape, old = shape_of(world, work), self._homes[slot]
        if self.count == 1:  # room for two large worlds may be more than there is
            self._release_home(old)
        sizes = (shape.state_bytes, shape.rest_bytes, shape.work_bytes)
        addresses = self._allocate_all(sizes)
        if self.count > 1 and old.own:
            self._release_home(old)
        for address, nbytes in zip(addresses, sizes, strict=True):
            self.device.clear(address, nbytes)
        self._homes[slot] = Home(shape, addresses[0], addresses[1], addresses[2], own=True)
        if self.count == 1:
            self._state, self._first_homes = addresses[0], list(self._homes)
            self._left[slot] = False
        self._send_structs(slot)

    def _clean(self, slot: int, home: Home) -> None:
        """Let a world begin with zeros where a period was left in the middle."""
        self.device.clear(home.rest, home.shape.rest_bytes)
        self.device.clear(home.work, home.shape.work_bytes)
        self._left[slot] = False

    def _send_structs(self, slot: int) -> None:
        worlds, works, _ = self._structs
        shape = self._homes[slot].shape
        for begin, values, places, addresses in (
            (worlds + slot * self._world_size, self._world, shape.world, self._world_addresses(slot)),
            (works + slot * self._work_size, self._work, shape.work, self._work_addresses(slot)),
        ):
            shaped = {
                name: np.broadcast_to(np.zeros(1, place.dtype), place.shape) for name, place in places.items()
            }
            content = describe(values._replace(**shaped), addresses)
            self.device.upload(begin, np.frombuffer(content, dtype=np.uint8))

    def send_control(self) -> None:
        """Send what steers the worlds: clocks, until when, statuses. Only after a look."""
        self.device.upload(self._control, self._host)

    def fetch(self, slot: int, world: World) -> None:
        """Fetch what is looked at of one world.

        Parameters
        ----------
        slot : int
            Which world.
        world : World
            Filled in place; with the room that it has on the device.
        """
        home = self._homes[slot]
        self.device.download(home.address("offsets"), world.offsets)
        for name in SEEN:
            for address, part in _parts(home.address(name), name, world):
                if part.size:
                    self.device.download(address, part)
        world.clock[:] = self.clock[slot]

    def room(self, slot: int) -> int:
        """Return the firm slots of a world.

        Parameters
        ----------
        slot : int
            Which world.

        Returns
        -------
        int
            Its capacity.
        """
        return self._homes[slot].shape.room

    def fetch_records(self, slot: int, records: Records, first: int = 0, last: int | None = None) -> None:
        """Fetch what was recorded of some worlds that lie side by side.

        Parameters
        ----------
        slot : int
            The first of them.
        records : Records
            Filled in place: arrays with an axis in front for the worlds.
        first, last : int
            Rows of a single world; without them all rows.
        """
        for name in VALUES:
            out: NDArray[Any] = getattr(records, name)
            one = getattr(self._records, name)
            begin = self._record_values[name] + slot * one.nbytes
            if last is not None and out.shape[1]:
                begin += first * (one.nbytes // out.shape[1])
                out = out[0, first:last]
            if out.size:
                self.device.download(begin, out)
