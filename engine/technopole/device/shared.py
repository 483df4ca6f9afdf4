"""The device of this process: opened when it is first needed, used by one thread at a time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from technopole.device.interface import DeviceFailure

if TYPE_CHECKING:
    from technopole.device.interface import Device

_LOCK = threading.RLock()
_open: dict[str, tuple[int, SharedDevice]] = {}


class SharedDevice:
    """A device, and what is left in its memory for the next one who uses it.

    Parameters
    ----------
    device : Device
        Open.

    Attributes
    ----------
    device : Device
        The device.
    kept : object
        Whatever its last user can use again; it has a method ``close``.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.kept: Any = None

    def forget(self) -> None:
        """Give the memory back that was kept for the next user."""
        kept, self.kept = self.kept, None
        if kept is not None:
            kept.close()


@contextlib.contextmanager
def using(backend: str) -> Iterator[SharedDevice]:
    """Use the device of this process; other threads wait meanwhile.

    Parameters
    ----------
    backend : str
        ``cuda``.

    Yields
    ------
    SharedDevice
        Opened by the first who asks. A forked process opens its own.

    Raises
    ------
    ConfigError
        If there is none, with what was looked for.
    """
    with _LOCK:
        process, shared = _open.get(backend, (0, None))
        if shared is None or process != os.getpid():
            shared = SharedDevice(_open_device(backend))
            _open[backend] = os.getpid(), shared
        try:
            yield shared
        except DeviceFailure:  # what it holds is lost: the next one who asks opens it again
            _open.pop(backend, None)
            raise


def device_name(backend: str) -> str:
    """Return what the device of a backend is called.

    Parameters
    ----------
    backend : str
        ``cuda``.

    Returns
    -------
    str
        For people.

    Raises
    ------
    ConfigError
        If there is none, with what was looked for.
    """
    with using(backend) as shared:
        return shared.device.name


def close_devices() -> None:
    """Close the devices of this process; they are opened again when they are needed."""
    with _LOCK:
        for process, shared in _open.values():
            if process == os.getpid():
                shared.forget()
                shared.device.close()
        _open.clear()


def _open_device(backend: str) -> Device:
    from technopole.device.opening import open_device

    return open_device(backend)
