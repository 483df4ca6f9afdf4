"""Memory of worlds of one setting on a device: where their arrays lie, and the structs that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from technopole.device.layout import CONTROL, STATE, VALUES, WORDS, Shape, looked_up, program, shape_of
from technopole.device.memory import arrange, describe_each
from technopole.device.uploaded import Uploaded, upload
from technopole_kernels.record import Records
from technopole_kernels.types import Setting, World

if TYPE_CHECKING:
    from technopole.device.interface import Device


class Home(NamedTuple):
    """Where one world lives."""

    shape: Shape
    state: int
    rest: int
    work: int
    own: bool
    """Whether the memory is that of this world alone."""

    def address(self, name: str) -> int:
        """Where an array of the world begins."""
        return (self.state if name in STATE else self.rest) + self.shape.world[name].offset


class WorldsMemory:
    """Memory of worlds of one setting on a device.

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

    def _release_home(self, home: Home) -> None:
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
        self._shape = shape = shape_of(world, self._work)
        self._looked_up = {name: self._put_array(getattr(self._work, name)) for name in looked_up(self._work)}
        self.state_bytes = shape.state_bytes
        self._state = self._allocate(self.count * shape.state_bytes)
        rest = self._allocate(self.count * shape.rest_bytes)
        work = self._allocate(self.count * shape.work_bytes)
        for address in (self._state, rest, work):
            self.device.clear(address, self._blocks[address])
        self._homes = [
            Home(
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
