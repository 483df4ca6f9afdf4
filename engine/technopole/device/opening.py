"""Devices on which worlds can be simulated, and how to get one.

``cuda`` is a GPU of NVIDIA. The *emulated* device does the same with the memory and the processor of this computer,
compiled from the same code (see ``docs/GPU.md``): for tests, and to try things without a GPU.
"""

from __future__ import annotations

import os
from typing import Any

from technopole.device.interface import Device, DeviceError, DeviceFailure, DeviceMemoryError
from technopole.schema import suggestion

__all__ = [
    "KINDS",
    "REPLACEMENT",
    "Device",
    "DeviceError",
    "DeviceFailure",
    "DeviceMemoryError",
    "open_device",
]

KINDS = ("cuda",)
REPLACEMENT = "TECHNOPOLE_DEVICE"
"""Environment variable: ``emulated`` opens the emulated device where a GPU was asked for."""


def open_device(kind: str = "cuda", program: Any = None) -> Device:
    """Open a device.

    Parameters
    ----------
    kind : str
        ``cuda``; the environment variable ``TECHNOPOLE_DEVICE=emulated`` opens the emulated device in its place.
    program : technopole_kernels.grid.emit.Program, optional
        Launches it can do; those of a period if absent.

    Raises
    ------
    DeviceError
        If there is no such kind of device, no GPU, no driver, or no package to talk to it; the message says which.
    """
    if kind not in KINDS:
        allowed = ", ".join(KINDS)
        raise DeviceError(f"no device is called {kind!r} (allowed: {allowed}){suggestion(kind, KINDS)}")
    replacement = os.environ.get(REPLACEMENT, "")
    if replacement not in ("", "emulated"):
        raise DeviceError(f"{REPLACEMENT} is {replacement!r}; allowed: emulated, or not to set it")
    if replacement:
        from technopole.device.emulated import EmulatedDevice

        return EmulatedDevice(period_program() if program is None else program)
    from technopole.device.cuda import CudaDevice
    from technopole.device.driver import load_driver

    driver = load_driver()  # before anything is compiled: without a GPU the answer comes at once
    return CudaDevice(period_program() if program is None else program, driver)


def period_program() -> Any:
    """Return the launches of a period as a `technopole_kernels.grid.emit.Program`."""
    from technopole_kernels.grid.arguments import example_arguments
    from technopole_kernels.grid.emit import Program
    from technopole_kernels.grid.launches import PERIOD
    from technopole_kernels.grid.work import new_work

    setting, world, records = example_arguments()
    return Program(PERIOD, setting, world, new_work(setting.constants, world), records)
