"""Named tuples of arrays on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.device.memory import aligned, arrange, arrays_in, describe
from technopole_kernels.types import Constants, Setting

if TYPE_CHECKING:
    from technopole.device.interface import Device


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
            upload(self._device, address, array)
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
                upload(self._device, address, array)
        content = describe(values, self._addresses)
        self._device.upload(self.struct, np.frombuffer(content, dtype=np.uint8))
        self._values = values

    def close(self) -> None:
        """Give the memory back."""
        if self._block:
            self._device.release(self._block)
            self._block = 0


def upload(device: Device, address: int, array: NDArray[Any]) -> None:
    """Copy an array to a device.

    Parameters
    ----------
    device : Device
        Which one.
    address : int
        Where.
    array : ndarray
        Any; an empty one is no work.
    """
    if array.size:
        device.upload(address, np.ascontiguousarray(array))
