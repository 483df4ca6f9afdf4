"""Worlds of one setting in the memory of a device, moved on together.

A period is a fixed sequence of launches, each over all worlds and independent items of them
(`technopole_kernels.grid.launches`). Between two looks at the clocks nothing is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.device_memory import Place, aligned, arrange, arrays_in, describe
from technopole_kernels import layout
from technopole_kernels.record import Records
from technopole_kernels.status import Status
from technopole_kernels.types import Constants, Setting, World

if TYPE_CHECKING:
    from technopole.device_interface import Device

STATE = ("offsets", "firms", "identity", "age", "tie", "regions", "cells", "sectors", "economy")
"""Arrays that the next period depends on; besides these the clock."""
SEEN = (*STATE, "load", "fate", "counts", "sizes")
"""Arrays that are looked at after a period."""
VALUES = ("cells", "regions", "sectors", "sizes")
"""Arrays of `Records` that are written."""
CONTROL = ("clock", "status", "where", "until", "stride")
"""Numbers by which a world is steered: those of all worlds lie side by side, so that one look shows them all."""
WORDS = {"clock": 4, "status": 1, "where": 4, "until": 1, "stride": 1}
LOOKED_AT = 9
"""Words of a world that change: the first three."""
LOOKED_UP = "incoming_"
"""How the names of arrays begin that belong to the constants, though they are a part of `Work`."""
LOOK_SECONDS = 0.1
"""Time between two looks, about."""
MOST_AHEAD = 256
"""Periods between two looks at most."""
STAGING_BYTES = 1 << 28
"""Memory of the host in which initial states are made before they are sent, unless one takes more."""
ZEROS = 1 << 24
"""Bytes that are set to zero at a time."""


class Program(NamedTuple):
    """What the device computes with."""

    period: tuple[tuple[str, str], ...]
    """Name and items of each launch of a period, in order."""
    count_items: Callable[[str, int, int, int], int]
    """(items, regions, sectors, room) → items of a world at most."""
    new_work: Callable[[Constants, World], Any]
    """What a world with such constants and of such a size is worked on with: zeros, and what is looked up."""


def program() -> Program:
    """Return what the device computes with.

    Returns
    -------
    Program
        Of `technopole_kernels.grid`.
    """
    from technopole_kernels.grid.launches import PERIOD, count_items
    from technopole_kernels.grid.work import new_work

    return Program(tuple((launch.name, launch.items) for launch in PERIOD), count_items, new_work)


class Shape(NamedTuple):
    """Where the arrays of a world lie, and how many bytes they take."""

    room: int
    world: dict[str, Place]
    """Those of `STATE` first."""
    state_bytes: int
    rest_bytes: int
    work: dict[str, Place]
    work_bytes: int

    @property
    def nbytes(self) -> int:
        """All of it."""
        return self.state_bytes + self.rest_bytes + self.work_bytes


def shape_of(world: World, work: Any) -> Shape:
    """Return where the arrays of a world lie.

    Parameters
    ----------
    world : World
        Only the shapes of its arrays count.
    work : Work
        The same.

    Returns
    -------
    Shape
        The same for all worlds with as much room.
    """
    first = {name: getattr(world, name) for name in STATE}
    rest = {name: array for name, array in world._asdict().items() if name not in first and name != "clock"}
    state, state_bytes = arrange(first)
    others, rest_bytes = arrange(rest)
    looked_up = _looked_up(work)
    scratch, work_bytes = arrange(
        {name: array for name, array in work._asdict().items() if name not in WORDS and name not in looked_up}
    )
    return Shape(world.firms.shape[1], {**state, **others}, state_bytes, rest_bytes, scratch, work_bytes)


def world_bytes(setting: Setting, template: World, records: Records) -> int:
    """Return what a world takes of the memory of a device.

    Parameters
    ----------
    setting : Setting
    template : World
    records : Records
        Their shapes count.

    Returns
    -------
    int
        Bytes.
    """
    shape = shape_of(template, program().new_work(setting.constants, template))
    structs = 16 * 1024
    return shape.nbytes + sum(array.nbytes for array in records) + structs


def _looked_up(work: Any) -> tuple[str, ...]:
    """Return the arrays of a `Work` that only depend on the constants and are never written: all worlds share them."""
    return tuple(name for name in work._fields if name.startswith(LOOKED_UP))


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


class Batch:
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
        self._ahead = 1

    def close(self) -> None:
        """Give all memory back."""
        setting = getattr(self, "_setting", None)
        if setting is not None:
            setting.close()
        for address in self._blocks:
            self.device.release(address)
        self._blocks = {}

    def __enter__(self) -> Batch:
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
        self._looked_up = {
            name: self._put_array(getattr(self._work, name)) for name in _looked_up(self._work)
        }
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
            _upload(self.device, address, numbers[name])
        self._record_values = {
            name: self._allocate(self.count * getattr(records, name).nbytes) for name in VALUES
        }

    def _make_structs(self) -> None:
        worlds = [self._world_struct(slot) for slot in range(self.count)]
        works = [self._work_struct(slot) for slot in range(self.count)]
        records = [self._records_struct(slot) for slot in range(self.count)]
        self._world_size, self._work_size = len(worlds[0]), len(works[0])
        self._structs = [self._put_struct(b"".join(structs)) for structs in (worlds, works, records)]

    def _put_struct(self, content: bytes) -> int:
        address = self._allocate(len(content))
        self.device.upload(address, np.frombuffer(content, dtype=np.uint8))
        return address

    def _put_array(self, array: NDArray[Any]) -> int:
        address = self._allocate(array.nbytes)
        _upload(self.device, address, array)
        return address

    def _world_struct(self, slot: int) -> bytes:
        home, world = self._homes[slot], self._shaped(self._world, self._homes[slot].shape.world)
        addresses = [
            self._control_address(name, slot) if name == "clock" else home.address(name)
            for name in World._fields
        ]
        return describe(world, addresses)

    def _work_struct(self, slot: int) -> bytes:
        home = self._homes[slot]
        addresses = {name: home.work + place.offset for name, place in home.shape.work.items()}
        addresses |= self._looked_up | {name: self._control_address(name, slot) for name in WORDS}
        work = self._shaped(self._work, home.shape.work)
        return describe(work, [addresses[name] for name in work._fields])

    def _records_struct(self, slot: int) -> bytes:
        addresses = [
            self._record_values[name] + slot * getattr(self._records, name).nbytes
            if name in VALUES
            else self._record_numbers[name]
            for name in Records._fields
        ]
        return describe(self._records, addresses)

    @staticmethod
    def _shaped(values: Any, places: dict[str, Place]) -> Any:
        """Return a named tuple with arrays of other shapes, which hold nothing."""
        nothing = {
            name: np.lib.stride_tricks.as_strided(
                np.zeros(1, place.dtype), place.shape, [0] * len(place.shape)
            )
            for name, place in places.items()
        }
        return values._replace(**nothing)

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
            _upload(self.device, home.address(name), getattr(world, name))
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
        for begin, content in (
            (worlds + slot * self._world_size, self._world_struct(slot)),
            (works + slot * self._work_size, self._work_struct(slot)),
        ):
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

    # --------------------------------------------------------------------------------------------- moving on

    @property
    def running(self) -> NDArray[np.bool_]:
        """Worlds that have still to go on, as it was at the last look, shape (count,)."""
        running: NDArray[np.bool_] = (self.status == 0) & (self.clock[:, layout.PERIOD] < self.until)
        return running

    @property
    def stuck(self) -> NDArray[np.bool_]:
        """Worlds that cannot go on, as it was at the last look, shape (count,)."""
        stuck: NDArray[np.bool_] = (self.status == Status.NEED_CAPACITY) | (self.status == Status.NOT_FINITE)
        return stuck

    def go(self, most: int | None = None) -> None:
        """Do some periods, then look: as many as take about a tenth of a second, if there are so many.

        Parameters
        ----------
        most : int, optional
            No more than so many.
        """
        running = self.running
        if not running.any():
            return
        left = int((self.until - self.clock[:, layout.PERIOD])[running].max())
        periods = min(left, self._ahead if most is None else min(self._ahead, most))
        begin = time.perf_counter()
        counts, launch, setting = self._item_counts(), self.device.launch, self._setting.struct
        worlds, works, records = self._structs
        for _ in range(periods):
            for (name, _), items in zip(self._program.period, counts, strict=True):
                launch(name, setting, worlds, works, records, self.count, items)
        self.look()
        seconds = time.perf_counter() - begin
        if seconds < 0.5 * LOOK_SECONDS and periods == self._ahead:
            self._ahead = min(2 * self._ahead, MOST_AHEAD)
        elif seconds > 2.0 * LOOK_SECONDS:
            self._ahead = max(self._ahead // 2, 1)

    def _item_counts(self) -> Sequence[int]:
        room = max(home.shape.room for home in self._homes)
        count = self._program.count_items
        return [count(items, self._regions, self._sectors, room) for _, items in self._program.period]

    def look(self) -> None:
        """Wait until all that was launched is done, and fetch clocks and statuses."""
        self.device.synchronize()
        self.device.download(self._control, self._host[: LOOKED_AT * self.count])
        self._left |= self.stuck


class Uploaded:
    """A named tuple of arrays on a device, with the struct by which compiled code finds them.

    Parameters
    ----------
    device : Device
        Where it is.
    values : named tuple
        Of arrays, floats and named tuples.

    Attributes
    ----------
    struct : int
        Address of the struct.
    """

    def __init__(self, device: Device, values: Any) -> None:
        self._device, self._block = device, 0
        self.struct = 0
        self._make(values)

    def _make(self, values: Any) -> None:
        arrays = [np.ascontiguousarray(array) for array in arrays_in(values)]
        places, nbytes = arrange({str(number): array for number, array in enumerate(arrays)})
        offsets = [place.offset for place in places.values()]
        size = len(describe(values, offsets))
        self._block = self._device.allocate(nbytes + aligned(size))
        self._addresses = [self._block + offset for offset in offsets]
        self.struct = self._block + nbytes
        self._shapes = [array.shape for array in arrays]
        self._values = values
        for address, array in zip(self._addresses, arrays, strict=True):
            _upload(self._device, address, array)
        content = describe(values, self._addresses)
        self._device.upload(self.struct, np.frombuffer(content, dtype=np.uint8))

    def holds(self, setting: Setting) -> bool:
        """Return whether the constants of a setting are there."""
        return bool(self._values.constants is setting.constants)

    def replace(self, values: Any) -> None:
        """Send other values; constants that are the same as before, which nobody changes, are not sent again.

        Parameters
        ----------
        values : named tuple
            Of the same type.
        """
        arrays = list(arrays_in(values))
        if [array.shape for array in arrays] != self._shapes:
            self.close()
            self._make(values)
            return
        kept = {
            id(array)
            for old, new in zip(self._values, values, strict=True)
            if old is new and isinstance(new, Constants)
            for array in arrays_in(new)
        }
        for address, array in zip(self._addresses, arrays, strict=True):
            if id(array) not in kept:
                _upload(self._device, address, array)
        content = describe(values, self._addresses)
        self._device.upload(self.struct, np.frombuffer(content, dtype=np.uint8))
        self._values = values

    def close(self) -> None:
        """Give the memory back."""
        if self._block:
            self._device.release(self._block)
            self._block = 0


def _upload(device: Device, address: int, array: NDArray[Any]) -> None:
    if array.size:
        device.upload(address, np.ascontiguousarray(array))


def clear(device: Device, address: int, nbytes: int) -> None:
    """Set memory of a device to zero.

    Parameters
    ----------
    device : Device
        Which one.
    address, nbytes : int
        Of the memory.
    """
    zeros = np.zeros(min(nbytes, ZEROS), dtype=np.uint8)
    for begin in range(0, nbytes, ZEROS):
        device.upload(address + begin, zeros[: nbytes - begin])
