"""A device made of this computer's memory and processor: the same launches, compiled from the same code."""

from __future__ import annotations

import ctypes
from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.device.interface import DeviceMemoryError, contiguous

ALIGNMENT = 256
MEMORY = 2**30
UNSET = 0xAB
"""Byte that new memory is filled with: whoever reads what nobody wrote finds neither zeros nor the same twice."""


class EmulatedDevice:
    """Worlds simulated item after item, as a GPU would do it at once.

    Parameters
    ----------
    program : technopole_kernels.grid.emit.Program
        Launches it can do; compiled at once, or read from disk.
    memory : int
        Bytes that it pretends to have.
    order : {"forward", "backward", "scattered"}
        In which order items are handled. Results do not depend on it: a test of that is what it is for.
    """

    def __init__(self, program: Any, memory: int = MEMORY, order: str = "forward") -> None:
        self.name = "emulated device"
        self.order = order
        self._host = program.host()
        self._free = memory
        self._blocks: dict[int, tuple[NDArray[np.uint8], int]] = {}
        self._starts: list[int] = []  # of the blocks, in ascending order

    def free_memory(self) -> int:
        """Bytes that can still be allocated."""
        return self._free

    def allocate(self, nbytes: int) -> int:
        """Address of new memory.

        Raises
        ------
        DeviceMemoryError
            If less is free.
        """
        if nbytes > self._free:
            raise DeviceMemoryError(f"{self.name}: {nbytes} bytes were asked for and {self._free} are free")
        block = np.full(nbytes + ALIGNMENT, UNSET, dtype=np.uint8)
        address = -(-int(block.ctypes.data) // ALIGNMENT) * ALIGNMENT
        self._blocks[address] = block, nbytes
        insort(self._starts, address)
        self._free -= nbytes
        return address

    def release(self, address: int) -> None:
        """Give back what `allocate` returned."""
        self._free += self._blocks.pop(address)[1]
        self._starts.remove(address)

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy an array to the device."""
        self._check_range(address, array.nbytes)
        ctypes.memmove(address, contiguous(array).ctypes.data, array.nbytes)

    def clear(self, address: int, nbytes: int) -> None:
        """Set memory to zero."""
        self._check_range(address, nbytes)
        ctypes.memset(address, 0, nbytes)

    def download(self, address: int, array: NDArray[Any]) -> None:
        """Fill an array from the device."""
        self._check_range(address, array.nbytes)
        ctypes.memmove(contiguous(array).ctypes.data, address, array.nbytes)

    def launch(
        self, name: str, setting: int, worlds: int, works: int, records: int, count: int, items: int
    ) -> None:
        """Do a launch."""
        self._host.launch(name, setting, worlds, works, records, count, items, self.order)

    def repeat(
        self,
        launches: Sequence[tuple[str, int]],
        setting: int,
        worlds: int,
        works: int,
        records: int,
        count: int,
        times: int,
    ) -> None:
        """Do launches one after the other, all of them so many times."""
        for _ in range(times):
            for name, items in launches:
                self.launch(name, setting, worlds, works, records, count, items)

    def synchronize(self) -> None:
        """Return at once: launches are done when they return."""

    def close(self) -> None:
        """Release all memory."""
        for address in list(self._blocks):
            self.release(address)

    def _check_range(self, address: int, nbytes: int) -> None:
        """Refuse what a GPU would refuse too: memory that was not allocated."""
        place = bisect_right(self._starts, address) - 1
        start = self._starts[place] if place >= 0 else 0
        if place < 0 or address + nbytes > start + self._blocks[start][1]:
            raise ValueError(f"{nbytes} bytes at {address:#x} are not within one allocation")
