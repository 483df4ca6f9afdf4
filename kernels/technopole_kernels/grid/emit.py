"""Code for launches: linked from what numba makes of their threads, and kept on disk.

Numba translates the threads, which are stages like any other, to the language of LLVM; here they are linked with
entries into one module that becomes PTX, or code for this processor: the *emulated device*, on which the whole engine
can be tried without a GPU. Both are stored beside the compiled kernels, so that only the first process compiles.
"""

import contextlib
import ctypes
import hashlib
import math
import os
from pathlib import Path

import llvmlite.binding as llvm
from numba import typeof, types
from numba.core.registry import cpu_target

from technopole_kernels import _jit
from technopole_kernels._held import Held
from technopole_kernels._stages import stage_module
from technopole_kernels.grid._entries import PREFIX, THREAD, entry_code
from technopole_kernels.grid._targets import DeviceCodeError, load_object, make_object, make_ptx

TARGET, PTX_VERSION = "sm_80", "ptx78"
__all__ = ["ORDERS", "DeviceCodeError", "HostProgram", "Program", "struct_bytes"]
ORDERS = ("forward", "backward", "scattered")
_INSIDE = Path(_jit.__file__).resolve().parent


class Program:
    """Launches for worlds of one kind.

    Parameters
    ----------
    launches : sequence of Launch
        Each with a ``name``, a ``thread``, a stage of (setting, world, work, records, item number), and ``items``: for
        what there is a thread.
    setting, world, work, records : NamedTuple
        Arrays like those the launches will work on: types and numbers of dimensions count, not sizes.
    directory : Path, optional
        Where code is stored; beside the compiled kernels if absent, and nowhere if a thread is not of this package.

    Attributes
    ----------
    names : tuple of str
        Launches, in order.
    """

    def __init__(self, launches, setting, world, work, records, directory=None):
        self._threads = {launch.name: launch.thread for launch in launches}
        self._items = {launch.name: launch.items for launch in launches}
        self._held = tuple(Held(typeof(values)) for values in (setting, world, work, records))
        for held in self._held[1:]:
            if any(isinstance(getattr(field, "dtype", None), types.Record) for field in held.held.types):
                raise TypeError(f"{held}: on a device, records are read as if nobody wrote to them")
        self.names = tuple(self._threads)
        self._directory = directory or self._own_directory()

    def ptx(self, target=TARGET, version=PTX_VERSION):
        """Code for NVIDIA's driver, as text; entries are called ``launch_`` and the name of the launch.

        Raises
        ------
        DeviceCodeError
            If a launch does what no device can do.
        """

        def make():
            return make_ptx(self.linked(device=True), target, version).encode()

        return self._stored(f"{target}-{version}.ptx", make).decode()

    def host(self):
        """The same launches compiled for this processor (`HostProgram`)."""
        return HostProgram(self._stored("host.o", lambda: make_object(self.linked(device=False))), self.names)

    def linked(self, device):
        """Module of all threads with their stages and entries, for a device or for this processor."""
        threads = llvm.parse_bitcode(self._stored("threads.bc", self._translated))
        sizes = tuple(struct_bytes(held.held) for held in self._held[1:])
        threads.link_in(llvm.parse_assembly(entry_code(self._items, sizes, device)))
        return threads

    def _translated(self):
        """Bitcode of all threads with their stages: what takes numba the most time."""
        linked = llvm.parse_assembly("")
        for name, thread in self._threads.items():
            symbol, module = stage_module(thread, (*self._held, types.int64))
            module = module.clone()
            function = module.get_function(symbol)
            function.linkage, function.name = llvm.Linkage.external, THREAD + name
            linked.link_in(module)
        return linked.as_bitcode()

    def _own_directory(self):
        files = (Path(thread.py_func.__code__.co_filename).resolve() for thread in self._threads.values())
        return _jit.cache_directory() if all(_INSIDE in file.parents for file in files) else None

    def _stored(self, kind, make):
        """Content of a file that is made if it is not there."""
        if self._directory is None:
            return make()
        threads = [(name, thread.__module__, thread.__qualname__) for name, thread in self._threads.items()]
        key = repr((threads, [held.held.name for held in self._held]))
        path = Path(self._directory) / f"grid-{hashlib.sha256(key.encode()).hexdigest()[:24]}-{kind}"
        with contextlib.suppress(OSError):
            return path.read_bytes()
        content = make()
        unfinished = path.with_name(f"{path.name}.{os.urandom(8).hex()}.part")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        except OSError:  # full or read-only disk: the code in memory is all that is needed
            with contextlib.suppress(OSError):
                unfinished.unlink()
        return content


def struct_bytes(tuple_type):
    """Bytes of the struct that a named tuple of arrays is in memory."""
    context = cpu_target.target_context
    return context.get_abi_sizeof(context.get_value_type(tuple_type))


class HostProgram:
    """Launches compiled for this processor.

    Parameters
    ----------
    code : bytes
        Object with the entries.
    names : sequence of str
        Launches that are in it.
    """

    _SIGNATURE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 4)

    def __init__(self, code, names):
        self._engine = load_object(code)
        self._functions = {
            name: self._SIGNATURE(self._engine.get_function_address(PREFIX + name)) for name in names
        }

    def launch(self, name, setting, worlds, works, records, count, items, order="forward"):
        """Handle all items of ``count`` worlds one after the other; ``order`` is one of `ORDERS`."""
        first, stride = _course(count * items, order)
        self._functions[name](setting, worlds, works, records, count, items, first, stride)


def _course(total, order):
    """Return (first, stride) of a course through all numbers below ``total``, modulo ``total``."""
    if order == "forward":
        return 0, 1
    if order == "backward":
        return total - 1, max(total - 1, 1)
    stride = int(total * 0.618) | 1
    while math.gcd(stride, total) > 1:
        stride += 2
    return total // 3, stride
