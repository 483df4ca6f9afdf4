"""A GPU of NVIDIA, by the functions of its driver; neither a CUDA toolkit nor a compiler is needed.

The driver translates the program's PTX for the processor at hand when the device is opened, and keeps the result.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from technopole.device.driver import INSTEAD, find_gpu, load_driver
from technopole.device.ferry import LEAST, Ferry
from technopole.device.graph import Graph
from technopole.device.interface import DeviceError, DeviceFailure, DeviceMemoryError, contiguous

TARGET = (8, 0)
MOST_BLOCKS = 2**31 - 1
MOST_ROWS = 65535
WARP = 32
LOG = 8192

_thread = threading.local()  # the context that is current on this thread


class CudaDevice:
    """One GPU.

    Parameters
    ----------
    program : technopole_kernels.grid.emit.Program
        Launches it can do.
    driver : module, optional
        ``cuda.bindings.driver``, or what behaves like it.
    number : int
        Which of the GPUs that this process may see (``CUDA_VISIBLE_DEVICES``).
    registers : int, optional
        Most registers of a thread: with fewer, more threads are at work at the same time, and some of their values
        wait in memory. As many as each launch needs if absent. Results do not depend on it.

    Attributes
    ----------
    name : str
        As the driver calls it.
    capability : tuple of int
        Compute capability, such as (9, 0).
    block : int
        Threads of a block; fewer for launches that need many registers. Results do not depend on it.

    Raises
    ------
    DeviceError
        If there is no driver or no GPU, or if they are too old.
    """

    def __init__(
        self, program: Any, driver: Any = None, number: int = 0, registers: int | None = None
    ) -> None:
        self.block = 128
        self._registers = registers
        self._driver = load_driver() if driver is None else driver
        self._process = os.getpid()
        self._blocks: set[int] = set()
        self._closed = False
        device, self.name, self.capability = find_gpu(self._call, self._driver, number)
        self._device = device
        self._context = self._call("cuDevicePrimaryCtxRetain", device)
        try:
            self._enter()
            self._module = self._load(program.ptx("sm_{}{}".format(*min(self.capability, TARGET))))
            self._functions = {
                name: self._call("cuModuleGetFunction", self._module, f"launch_{name}".encode())
                for name in program.names
            }
            self._most = {name: self._most_threads(function) for name, function in self._functions.items()}
            self._graph, self._ferry = Graph(self._call), Ferry(self._call)
        except BaseException:
            self._leave()
            raise

    def free_memory(self) -> int:
        """Bytes that can still be allocated, about: other programs may use the same GPU."""
        self._enter()
        free, _ = self._call("cuMemGetInfo")
        return int(free)

    def allocate(self, nbytes: int) -> int:
        """Address of new memory.

        Raises
        ------
        DeviceMemoryError
            If less is free.
        """
        self._enter()
        address = int(self._call("cuMemAlloc", max(nbytes, 1)))
        self._blocks.add(address)
        return address

    def release(self, address: int) -> None:
        """Give back what `allocate` returned."""
        self._enter()
        self._blocks.remove(address)
        self._call("cuMemFree", address)

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy an array to the device."""
        self._enter()
        if array.nbytes >= LEAST and self._ferry.usable():
            self._ferry.upload(address, contiguous(array))
        elif array.nbytes:
            self._call("cuMemcpyHtoD", address, contiguous(array).ctypes.data, array.nbytes)

    def clear(self, address: int, nbytes: int) -> None:
        """Set memory to zero."""
        self._enter()
        if nbytes:
            self._call("cuMemsetD8", address, 0, nbytes)

    def download(self, address: int, array: NDArray[Any]) -> None:
        """Fill an array from the device."""
        self._enter()
        if array.nbytes >= LEAST and self._ferry.usable():
            self._ferry.download(contiguous(array), address)
        elif array.nbytes:
            self._call("cuMemcpyDtoH", contiguous(array).ctypes.data, address, array.nbytes)

    def launch(
        self, name: str, setting: int, worlds: int, works: int, records: int, count: int, items: int
    ) -> None:
        """Start a launch and return before it is done."""
        if count > 0 and items > 0:
            self._enter()
            self._launch(name, (setting, worlds, works, records, count, items), 0)

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
        """Start launches, given by name and items, one after the other and all of them so many times.

        They are put together once: the GPU then goes from one to the next by itself.
        """
        if count <= 0:
            return
        self._enter()

        def record(stream: Any) -> None:
            for name, items in launches:
                if items > 0:
                    self._launch(name, (setting, worlds, works, records, count, items), stream)

        key = (tuple(launches), setting, worlds, works, records, count, self.block)
        self._graph.launch(self._driver, key, record, times)

    def _launch(self, name: str, arguments: tuple[int, ...], stream: Any) -> None:
        """Start a launch in a stream of the driver's."""
        *_, count, items = arguments
        wide, high = block_shape(items, count, min(self.block, self._most[name]))
        blocks, rows = min(-(-items // wide), MOST_BLOCKS), min(-(-count // high), MOST_ROWS)
        values = (ctypes.c_int64 * 6)(*arguments)
        start = ctypes.addressof(values)
        places = (ctypes.c_void_p * 6)(*range(start, start + 48, 8))  # the driver copies what they point at
        self._call(
            "cuLaunchKernel",
            self._functions[name],
            *(blocks, rows, 1),
            *(wide, high, 1),
            *(0, stream, ctypes.addressof(places), 0),
        )

    def synchronize(self) -> None:
        """Wait until all launches are done.

        Raises
        ------
        DeviceFailure
            If one of them has failed.
        """
        self._enter()
        self._call("cuCtxSynchronize")

    def close(self) -> None:
        """Release all memory, the program and the GPU."""
        if self._closed:
            return
        self._enter()
        for address in list(self._blocks):
            self.release(address)
        self._graph.close()
        self._ferry.close()
        self._call("cuModuleUnload", self._module)
        self._closed = True
        self._leave()

    def _most_threads(self, function: Any) -> int:
        """Threads that a block of a launch may have: they share the registers of a processor."""
        attribute = self._driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
        return int(self._call("cuFuncGetAttribute", attribute, function)) // WARP * WARP

    def _load(self, code: str) -> Any:
        """Have the driver translate the program."""
        option, log = self._driver.CUjit_option, bytearray(LOG)
        options = {option.CU_JIT_ERROR_LOG_BUFFER: log, option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES: LOG}
        if self._registers is not None:
            options[option.CU_JIT_MAX_REGISTERS] = self._registers
        image = code.encode() + b"\0"
        try:
            return self._call(
                "cuModuleLoadDataEx", image, len(options), tuple(options), tuple(options.values())
            )
        except DeviceFailure as failure:
            said = log.rstrip(b"\0").decode(errors="replace").strip()
            raise DeviceFailure(f"{failure}\n{said}".rstrip()) from None

    def _enter(self) -> None:
        """Make the context current on the calling thread."""
        if self._closed:
            raise ValueError(f"{self.name} is closed")
        if os.getpid() != self._process:
            raise DeviceError(
                f"{self.name} was opened by another process: open it after the process has started"
            )
        if getattr(_thread, "context", None) is not self._context:
            self._call("cuCtxSetCurrent", self._context)
            _thread.context = self._context

    def _leave(self) -> None:
        """Release the context."""
        _thread.context = None
        self._call("cuDevicePrimaryCtxRelease", self._device)

    def _call(self, function: str, *arguments: Any) -> Any:
        """Call the driver; return what it returns besides its code."""
        code, *values = getattr(self._driver, function)(*arguments)
        if int(code) != 0:
            raise self._problem(function, code)
        if len(values) > 1:
            return values
        return values[0] if values else None

    def _problem(self, function: str, code: Any) -> Exception:
        """Error for a code of the driver's."""
        _, said = self._driver.cuGetErrorString(code)
        name = getattr(code, "name", str(code))
        described = f"{function} returned {name}"
        if said:
            described += f" ({said.decode(errors='replace')})"
        where = getattr(self, "name", "CUDA driver")
        if name == "CUDA_ERROR_OUT_OF_MEMORY":
            return DeviceMemoryError(f"{where}: not enough memory: {described}")
        if name in ("CUDA_ERROR_NO_DEVICE", "CUDA_ERROR_STUB_LIBRARY", "CUDA_ERROR_INSUFFICIENT_DRIVER"):
            return DeviceError(f"no usable GPU: {described}; {INSTEAD}")
        if function == "cuInit":
            return DeviceError(f"the GPU cannot be used: {described}; {INSTEAD}")
        return DeviceFailure(f"{where}: {described}")


def block_shape(items: int, count: int, most: int) -> tuple[int, int]:
    """Items and worlds of a block.

    Where worlds have few items, several fill a warp, but no more: what so few threads do for a world takes long because
    they wait, and threads of different blocks wait on different processors. A single item has a block of its own.

    Parameters
    ----------
    items : int
        Of a world.
    count : int
        Number of worlds.
    most : int
        Threads of the block at most.

    Returns
    -------
    tuple of int
        Threads along the items and along the worlds.
    """
    wide = min(items, most)
    return wide, 1 if items == 1 else min(max(min(WARP, most) // wide, 1), count)
