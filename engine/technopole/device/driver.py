"""NVIDIA's driver and the GPUs that it knows, and whether one of them can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from technopole.device.interface import DeviceError

OLDEST_DRIVER = 11080
"""The first that reads PTX 7.8: CUDA 11.8."""
OLDEST_PROCESSOR = (6, 0)
INSTEAD = 'or choose run.backend = "cpu"'


def load_driver() -> Any:
    """Import the package that calls NVIDIA's driver.

    Returns
    -------
    module
        ``cuda.bindings.driver``.

    Raises
    ------
    DeviceError
        If it is not installed.
    """
    try:
        from cuda.bindings import driver
    except ImportError as problem:
        raise DeviceError(
            f'a GPU needs the package cuda-bindings: pip install "technopole[cuda]"; {INSTEAD} ({problem})'
        ) from None
    return driver


def find_gpu(call: Callable[..., Any], driver: Any, number: int) -> tuple[Any, str, tuple[int, ...]]:
    """Start the driver and choose a GPU.

    Parameters
    ----------
    call : callable
        (name, arguments...) → what a function of the driver returns; raises if it fails.
    driver : module
        Names what can be asked of a GPU.
    number : int
        Which of the GPUs that this process may see.

    Returns
    -------
    device : object
        What the driver calls it.
    name : str
        What people call it.
    capability : tuple of int
        Compute capability, such as (9, 0).

    Raises
    ------
    DeviceError
        If there is no driver or no GPU, or if they are too old.
    """
    try:
        call("cuInit", 0)
    except RuntimeError as problem:  # the package is there, the driver is not
        raise DeviceError(f"no driver of NVIDIA was found: install it, {INSTEAD} ({problem})") from None
    version = int(call("cuDriverGetVersion"))
    if version < OLDEST_DRIVER:
        raise DeviceError(
            f"the driver of the GPU supports CUDA {_version(version)}, and {_version(OLDEST_DRIVER)} is needed: "
            f"install a later driver, {INSTEAD}"
        )
    count = int(call("cuDeviceGetCount"))
    if not 0 <= number < count:
        raise DeviceError(f"the driver finds {count} GPUs, and number {number} was asked for; {INSTEAD}")
    device = call("cuDeviceGet", number)
    name = call("cuDeviceGetName", 128, device).rstrip(b"\0 ").decode(errors="replace")
    attribute = driver.CUdevice_attribute
    major, minor = (
        attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
        attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
    )
    capability = tuple(int(call("cuDeviceGetAttribute", part, device)) for part in (major, minor))
    if capability < OLDEST_PROCESSOR:
        raise DeviceError(
            f"{name} has compute capability {_dotted(capability)}, and {_dotted(OLDEST_PROCESSOR)} is needed; "
            f"{INSTEAD}"
        )
    return device, name, capability


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _dotted(capability: tuple[int, ...]) -> str:
    return ".".join(map(str, capability))
