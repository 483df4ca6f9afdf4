"""Worlds of one setting in the memory of a device: their arrays, and what goes in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from technopole.device_layout import (
    CONTROL,
    SEEN,
    STATE,
    VALUES,
    WORDS,
    Shape,
    looked_up,
    program,
    shape_of,
)
from technopole.device_memory import arrange, describe, describe_each
from technopole.device_uploaded import Uploaded, clear, upload
from technopole_kernels.record import Records
from technopole_kernels.types import Setting, World

if TYPE_CHECKING:
    from technopole.device_interface import Device

STAGING_BYTES = 1 << 28
"""Memory of the host in which initial states are made before they are sent, unless one takes more."""


class _Home(NamedTuple):
    """Where one world lives."""

    shape: Shape
    state: int
    rest: int
    work: int
    own: bool
    """Whether the memory is that of this world alone."""

    def address(self, name: str) -> int:
        return (self.state if name in STATE else self.rest) + self.shape.world[name].offset


class Worlds:
    """Worlds of one setting on a device.

    Parameters
    ----------
    device : Device
        Where they are; used by nobody else meanwhile.
    setting : Setting
        Of all of them.
    world : World
        Its shapes are those of all worlds to begin with.
    records : Records
        Which variables are recorded, and its shapes.
    count : int
        How many worlds.

    Attributes
    ----------
    count : int
        How many worlds.
    clock : ndarray of int64, shape (count, 4)
        Of each world, as it was at the last look.
    status, until, stride : ndarray of int64, shape (count,)
        Of each world: 0 while it can go on; periods done at the end; every so many periods one is recorded.
    where : ndarray of int64, shape (count, 4)
        What went wrong.
    """

    def __init__(self, device: Device, setting: Setting, world: World, records: Records, count: int) -> None:
        self.device, self.count = device, count
        self._program = program()
        self._constants = setting.constants
        self._regions, self._sectors = world.regions.shape[1], world.sectors.shape[1]
        self._blocks: dict[int, int] = {}
        try:
            self._setting = Uploaded(device, setting)
            self._make_control()
            self._make_homes(world)
            self._make_records(records)
            self._make_structs()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give all memory back."""
        setting = getattr(self, "_setting", None)
        if setting is not None:
            setting.close()
        for address in self._blocks:
            self.device.release(address)
        self._blocks = {}

    def __enter__(self) -> Self:
        """Use as a context, at the end of which the memory is given back."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give all memory back."""
        self.close()

    # ------------------------------------------------------------------------------------------------- memory

    def _allocate(self, nbytes: int) -> int:
        address = self.device.allocate(max(nbytes, 1))
        self._blocks[address] = nbytes
        return address

    def _allocate_all(self, sizes: Sequence[int]) -> list[int]:
        """Allocate several blocks, or none."""
        addresses: list[int] = []
        try:
            for nbytes in sizes:
                addresses.append(self._allocate(nbytes))
        except BaseException:
            for address in addresses:
                self._release(address)
            raise
        return addresses

    def _release_home(self, home: _Home) -> None:
        for address in (home.state, home.rest, home.work):
            self._release(address)

    def _release(self, address: int) -> None:
        del self._blocks[address]
        self.device.release(address)

    def _make_control(self) -> None:
        self._host = np.zeros(sum(WORDS.values()) * self.count, dtype=np.int64)
        self._control = self._allocate(self._host.nbytes)
        self._control_offset, begin = {}, 0
        for name in CONTROL:
            size = WORDS[name] * self.count
            part = self._host[begin : begin + size]
            setattr(self, name, part.reshape(self.count, 4) if WORDS[name] == 4 else part)
            self._control_offset[name] = 8 * begin
            begin += size

    clock: NDArray[np.int64]
    status: NDArray[np.int64]
    where: NDArray[np.int64]
    until: NDArray[np.int64]
    stride: NDArray[np.int64]

    def _control_address(self, name: str, slot: int) -> int:
        return self._control + self._control_offset[name] + 8 * WORDS[name] * slot

    def _make_homes(self, world: World) -> None:
        self._world = world
        self._work = self._program.new_work(self._constants, world)
        shape = shape_of(world, self._work)
        self._looked_up = {name: self._put_array(getattr(self._work, name)) for name in looked_up(self._work)}
        self.state_bytes = shape.state_bytes
        self._state = self._allocate(self.count * shape.state_bytes)
        rest = self._allocate(self.count * shape.rest_bytes)
        work = self._allocate(self.count * shape.work_bytes)
        for address in (self._state, rest, work):
            clear(self.device, address, self._blocks[address])
        self._homes = [
            _Home(
                shape,
                self._state + slot * shape.state_bytes,
                rest + slot * shape.rest_bytes,
                work + slot * shape.work_bytes,
                self.count == 1,
            )
            for slot in range(self.count)
        ]

        self._first_homes = list(self._homes)
        self._left = np.zeros(self.count, dtype=bool)

    def _make_records(self, records: Records) -> None:
        self._records = records
        numbers = {name: array for name, array in records._asdict().items() if name not in VALUES}
        places, nbytes = arrange(numbers)
        begin = self._allocate(nbytes)
        self._record_numbers = {name: begin + place.offset for name, place in places.items()}
        for name, address in self._record_numbers.items():
            upload(self.device, address, numbers[name])
        self._record_values = {
            name: self._allocate(self.count * getattr(records, name).nbytes) for name in VALUES
        }

    def _make_structs(self) -> None:
        tables = []
        for values, addresses_of in (
            (self._world, self._world_addresses),
            (self._work, self._work_addresses),
            (self._records, self._record_addresses),
        ):
            first, second = addresses_of(0), addresses_of(min(1, self.count - 1))
            steps = [there - here for here, there in zip(first, second, strict=True)]
            tables.append(describe_each(values, first, steps, self.count))
        self._world_size, self._work_size = tables[0][0].nbytes, tables[1][0].nbytes
        self._structs = [self._put_array(table) for table in tables]

    def _put_array(self, array: NDArray[Any]) -> int:
        address = self._allocate(array.nbytes)
        upload(self.device, address, array)
        return address

    def _world_addresses(self, slot: int) -> list[int]:
        home = self._homes[slot]
        return [
            self._control_address(name, slot) if name == "clock" else home.address(name)
            for name in World._fields
        ]

    def _work_addresses(self, slot: int) -> list[int]:
        home = self._homes[slot]
        addresses = {name: home.work + place.offset for name, place in home.shape.work.items()}
        addresses |= self._looked_up | {name: self._control_address(name, slot) for name in WORDS}
        return [addresses[name] for name in self._work._fields]

    def _record_addresses(self, slot: int) -> list[int]:
        return [
            self._record_values[name] + slot * getattr(self._records, name).nbytes
            if name in VALUES
            else self._record_numbers[name]
            for name in Records._fields
        ]

    # ------------------------------------------------------------------------------------------- in and out

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
        """Return memory of the host for the states of some worlds, to be filled through `staged` and sent by `send`.

        Returns
        -------
        ndarray of uint8, shape (worlds, bytes)
            As many worlds as take little memory.
        """
        worlds = max(1, min(self.count, STAGING_BYTES // self.state_bytes))
        return np.zeros((worlds, self.state_bytes), dtype=np.uint8)

    def staged(self, state: NDArray[np.uint8], slot: int) -> World:
        """Return a world whose state lies in the staging memory; what else it has is shared by all of them.

        Parameters
        ----------
        state : ndarray of uint8, shape (bytes,)
            A row of `staging`.
        slot : int
            Which world.

        Returns
        -------
        World
            Its clock is that of this batch.
        """
        shape = self._homes[slot].shape
        arrays = {}
        for name in STATE:
            place = shape.world[name]
            raw = state[place.offset : place.offset + place.nbytes]
            arrays[name] = raw.view(place.dtype).reshape(place.shape)
        return self._world._replace(clock=self.clock[slot], **arrays)

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
            upload(self.device, home.address(name), getattr(world, name))
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
            clear(self.device, address, nbytes)
        self._homes[slot] = _Home(shape, addresses[0], addresses[1], addresses[2], own=True)
        if self.count == 1:
            self._state, self._first_homes = addresses[0], list(self._homes)
            self._left[slot] = False
        self._send_structs(slot)

    def _clean(self, slot: int, home: _Home) -> None:
        """Let a world begin with zeros where a period was left in the middle."""
        clear(self.device, home.rest, home.shape.rest_bytes)
        clear(self.device, home.work, home.shape.work_bytes)
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
        for name in SEEN:
            array = getattr(world, name)
            if array.size:
                self.device.download(home.address(name), array)
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
