"""What a device can do, and how it fails.

A device has memory of its own, addressed by whole numbers, and does the launches of the program it was opened with,
one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from technopole.errors import ConfigError, TechnopoleError


class DeviceError(ConfigError):
    """There is no such device, or it cannot do what was asked of it."""


class DeviceMemoryError(DeviceError):
    """A device has less free memory than was asked for."""


class DeviceFailure(TechnopoleError):
    """A device failed while it worked: what it holds is lost."""


class Device(Protocol):
    """Memory and launches; every address is one that `allocate` has returned, or lies behind one.

    Attributes
    ----------
    name : str
        What to call it in messages and results.
    """

    name: str

    def free_memory(self) -> int:
        """Bytes that can still be allocated, about."""

    def allocate(self, nbytes: int) -> int:
        """Address of new memory with any content; a multiple of 256."""

    def release(self, address: int) -> None:
        """Give back what `allocate` returned."""

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy a C-contiguous array to the device, after all launches so far."""

    def clear(self, address: int, nbytes: int) -> None:
        """Set memory to zero, after all launches so far."""

    def download(self, address: int, array: NDArray[Any]) -> None:
        """Fill a C-contiguous array from the device, after all launches so far."""

    def launch(
        self, name: str, setting: int, worlds: int, works: int, records: int, count: int, items: int
    ) -> None:
        """Start a launch: ``items`` items of each of ``count`` worlds, whose structs stand side by side."""

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
        """Start launches, each a name and items, one after the other; all of them so many times."""

    def synchronize(self) -> None:
        """Wait until all launches are done, and raise if one has failed."""

    def close(self) -> None:
        """Release all memory; the device cannot be used any more."""


def contiguous(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array that can be copied as one piece of memory, or raise `ValueError`."""
    if not array.flags.c_contiguous:
        raise ValueError("only an array in one piece (C-contiguous) can be copied to or from a device")
    return array
