"""A device made of this computer's memory, and a program for it that does a period by the kernels of the processor.

It stands for a GPU where only the engine is tested: what is uploaded, described, launched, looked at and fetched. What
is launched is done when somebody waits for it, as late as a GPU may do it; new memory is full of numbers that spoil
every result; nothing outside of what was allocated can be read or written.
"""

import contextlib
import ctypes
import functools
from typing import NamedTuple

import numpy as np

from technopole.device import layout as device_layout
from technopole.device import shared as device_shared
from technopole.device import worlds_memory as device_worlds_memory
from technopole.device.emulated import EmulatedDevice
from technopole.device.interface import DeviceMemoryError
from technopole.device.opening import period_program
from technopole.world.build import new_problem
from technopole_kernels import drive, layout
from technopole_kernels.record import Records
from technopole_kernels.status import Status
from technopole_kernels.types import World

FINISHED = 9


class Work(NamedTuple):
    """What the launches of the fake program need."""

    status: np.ndarray
    until: np.ndarray
    stride: np.ndarray
    where: np.ndarray
    incoming_row: np.ndarray
    scratch: np.ndarray


def new_work(constants, world):
    number, room = np.zeros(1, dtype=np.int64), world.firms.shape[1]
    where, row = np.zeros(4, dtype=np.int64), constants.proximity_start + 1
    return Work(number, number.copy(), number.copy(), where, row, np.zeros((2, room)))


def count_items(items, regions, sectors, room):
    return {"one": 1, "firms": room}[items]


PROGRAM = device_layout.Program((("nothing", "firms"), ("period", "one")), count_items, new_work)


class FakeDevice:
    """See above; `setting`, `world`, `records` say what the structs hold."""

    name = "a made-up device"

    def __init__(self, setting, world, records, memory=1 << 30):
        self._templates = (setting, world, new_work(setting.constants, world), records)
        self._memory, self._blocks, self._waiting = memory, {}, []
        self.launches, self.looks, self.most_worlds = 0, 0, 0
        self.uploaded = self.downloaded = 0

    def free_memory(self):
        return self._memory - sum(block.size for block, _ in self._blocks.values())

    def allocate(self, nbytes):
        if nbytes > self.free_memory():
            raise DeviceMemoryError("not enough memory")
        block = np.full(nbytes + 256, 0xFF, dtype=np.uint8)
        address = -(-block.ctypes.data // 256) * 256
        self._blocks[address] = block, nbytes
        return address

    def release(self, address):
        self._run()
        del self._blocks[address]

    def _check(self, address, nbytes):
        assert any(
            begin <= address and address + nbytes <= begin + size for begin, (_, size) in self._blocks.items()
        )

    def upload(self, address, array):
        self._run()
        assert array.flags.c_contiguous
        self._check(address, array.nbytes)
        self.uploaded += array.nbytes
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def clear(self, address, nbytes):
        self._run()
        self._check(address, nbytes)
        ctypes.memset(address, 0, nbytes)

    def download(self, address, array):
        self._run()
        assert array.flags.c_contiguous
        self._check(address, array.nbytes)
        self.downloaded += array.nbytes
        ctypes.memmove(array.ctypes.data, address, array.nbytes)

    def launch(self, name, setting, worlds, works, records, count, items):
        self.launches += 1
        self.most_worlds = max(self.most_worlds, count)
        self._waiting.append((name, (setting, worlds, works, records), count))

    def repeat(self, launches, setting, worlds, works, records, count, times):
        for name, items in list(launches) * times:
            self.launch(name, setting, worlds, works, records, count, items)

    def synchronize(self):
        self.looks += 1
        self._run()

    def close(self):
        self._run()
        assert not self._blocks, "memory was not given back"

    def _run(self):
        waiting, self._waiting = self._waiting, []
        for name, addresses, count in waiting:
            for slot in range(count if name == "period" else 0):
                self._period(addresses, slot)

    def _period(self, addresses, slot):
        setting, world, work, records = (
            self._read(template, address, slot if number else 0)
            for number, (template, address) in enumerate(zip(self._templates, addresses, strict=True))
        )
        assert np.array_equal(work.incoming_row, setting.constants.proximity_start + 1)
        if work.status[0] != 0:
            return
        if world.clock[layout.PERIOD] >= work.until[0]:
            work.status[0] = FINISHED
            return
        problem, until = new_problem(), int(world.clock[layout.PERIOD]) + 1
        go_on = np.zeros(1, dtype=np.int64)
        stride = int(work.stride[0])
        status = drive.drive(setting, world, problem, records, until, stride, go_on, drive.WHOLE, 0, 0)
        if status != Status.DONE:
            work.status[0], work.where[:] = status, problem.where

    def _read(self, template, begin, slot):
        """Return the arrays that a struct describes: views of the memory of the device."""
        size = _size(template)
        self._check(begin, (slot + 1) * size)
        words = np.ctypeslib.as_array(
            ctypes.cast(begin + slot * size, ctypes.POINTER(ctypes.c_int64)), (size // 8,)
        )
        return self._values(template, iter(words.tolist()))

    def _values(self, template, words):
        values = []
        for value in template:
            if isinstance(value, np.ndarray):
                unused = next(words), next(words)
                assert unused == (0, 0)
                count, itemsize, address = next(words), next(words), next(words)
                shape = tuple(next(words) for _ in range(value.ndim))
                strides = tuple(next(words) for _ in range(value.ndim))
                assert itemsize == value.itemsize and count == np.prod(shape, dtype=int)
                self._check(address, count * itemsize)
                raw = (ctypes.c_uint8 * max(count * itemsize, 1)).from_address(address)
                array = np.frombuffer(raw, dtype=value.dtype, count=count).reshape(shape)
                assert not array.size or array.strides == strides
                values.append(array)
            elif isinstance(value, tuple):
                values.append(self._values(value, words))
            else:
                values.append(np.int64(next(words)).view(np.float64).item())
        return type(template)(*values)


def _size(template):
    size = 0
    for value in template:
        if isinstance(value, np.ndarray):
            size += 8 * (5 + 2 * value.ndim)
        else:
            size += _size(value) if isinstance(value, tuple) else 8
    return size


class Counted(EmulatedDevice):
    """The emulated device, which does the launches of a GPU, with what the tests ask of a made-up one."""

    def __init__(self, memory):
        super().__init__(emulated_program(), memory=memory, order="scattered")
        self.launches, self.looks, self.most_worlds = 0, 0, 0
        self.uploaded = self.downloaded = 0

    def upload(self, address, array):
        self.uploaded += array.nbytes
        super().upload(address, array)

    def download(self, address, array):
        self.downloaded += array.nbytes
        super().download(address, array)

    def launch(self, name, setting, worlds, works, records, count, items):
        self.launches += 1
        self.most_worlds = max(self.most_worlds, count)
        super().launch(name, setting, worlds, works, records, count, items)

    def synchronize(self):
        self.looks += 1
        super().synchronize()

    def close(self):
        assert not self._blocks, "memory was not given back"


@functools.cache
def emulated_program():
    """The launches of a period, compiled once."""
    return period_program()


KINDS = ("made-up", "emulated")


@contextlib.contextmanager
def some_device(kind, monkeypatch, blueprint, memory=1 << 30):
    """Put another device in the place of a GPU; it is checked at the end that all memory was given back."""
    if kind == "made-up":
        with fake_device(monkeypatch, blueprint, memory) as device:
            yield device
        return
    device = Counted(memory)
    device_shared.close_devices()
    monkeypatch.setattr(device_shared, "_open_device", lambda backend: device)
    yield device
    device_shared.close_devices()


@contextlib.contextmanager
def fake_device(monkeypatch, blueprint, memory=1 << 30):
    """Put a made-up device in the place of a GPU; it is checked at the end that all memory was given back."""
    world = blueprint.new_world(1)
    number, values = np.zeros(0, dtype=np.int64), np.zeros((0, 0, 0))
    records = Records(number, number, number, values, values, values, np.zeros((0, 0), dtype=np.int64))
    device = FakeDevice(blueprint.setting(0), world, records, memory)
    device_shared.close_devices()
    for module in (device_layout, device_worlds_memory):
        monkeypatch.setattr(module, "program", lambda: PROGRAM)
    monkeypatch.setattr(device_shared, "_open_device", lambda backend: device)
    yield device
    device_shared.close_devices()


assert World._fields[0] == "clock"
