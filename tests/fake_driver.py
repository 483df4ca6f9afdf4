"""NVIDIA's driver as ``cuda.bindings.driver`` shows it, over the memory of this computer.

A launch runs the entries that a GPU gets, compiled for this processor, for every thread of every block of its grid; the
registers that say where a thread is are variables. So the entries' arithmetic is tested, and not only what starts them.
"""

import ctypes
import re
import threading
from bisect import bisect_right
from enum import IntEnum
from itertools import product

import llvmlite.binding as llvm
import numpy as np

from technopole_kernels.grid._entries import PREFIX, REGISTERS
from technopole_kernels.grid._targets import load_object, make_object


class CUresult(IntEnum):
    """Codes of the driver that are used here."""

    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NOT_INITIALIZED = 3
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_INVALID_CONTEXT = 201
    CUDA_ERROR_INVALID_PTX = 218
    CUDA_ERROR_NOT_FOUND = 500
    CUDA_ERROR_ILLEGAL_ADDRESS = 700
    CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701


class CUjit_option(IntEnum):
    """Options of the translation of PTX."""

    CU_JIT_MAX_REGISTERS = 0
    CU_JIT_ERROR_LOG_BUFFER = 5
    CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6


class CUdevice_attribute(IntEnum):
    """What can be asked of a GPU."""

    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76


class CUfunction_attribute(IntEnum):
    """What can be asked of a kernel."""

    CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0


class CUstreamCaptureMode(IntEnum):
    """What else may be done while a stream is recorded."""

    CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1


class _Entry:
    """A kernel: an entry compiled for this processor."""

    SIGNATURE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 2)

    def __init__(self, engine, name):
        self._call = self.SIGNATURE(engine.get_function_address(name))
        self._registers = {
            name: ctypes.c_int32.from_address(engine.get_global_value_address(PREFIX + name))
            for name in REGISTERS
        }

    def run(self, grid, block, arguments):
        """Run every thread of a grid."""
        registers = self._registers
        for axis, blocks, threads in zip("xy", grid, block, strict=True):
            registers[f"nctaid.{axis}"].value, registers[f"ntid.{axis}"].value = blocks, threads
        for place in product(*map(range, (*grid, *block))):
            for name, value in zip(("ctaid.x", "ctaid.y", "tid.x", "tid.y"), place, strict=True):
                registers[name].value = value
            self._call(*arguments)


def _compile(program):
    """Compile the entries of a GPU for this processor, with variables for the registers."""
    call = r"call[^@\n]* i32 @llvm\.nvvm\.read\.ptx\.sreg\.([\w.]+)\(\)[^\n]*"
    text = str(program.linked(device=True)).replace("ptx_kernel ", "")
    text = re.sub(r"^declare [^\n]*@llvm\.nvvm\.[^\n]*$", "", text, flags=re.MULTILINE)
    text = re.sub(call, rf"load i32, ptr @{PREFIX}\1", text)
    variables = "".join(f"@{PREFIX}{name} = global i32 0\n" for name in REGISTERS)
    return load_object(make_object(llvm.parse_assembly(text + variables)))


class FakeDriver:
    """Functions of the driver, and one GPU or more.

    Parameters
    ----------
    program : Program
        What its GPUs run whatever PTX they are given.
    memory : int
        Bytes of a GPU.
    version, capability, gpus : int, tuple of int, int
        What the driver says of itself.
    failures : dict of str to CUresult
        Code that a function returns instead of doing anything.
    """

    CUresult, CUjit_option, CUdevice_attribute = CUresult, CUjit_option, CUdevice_attribute
    CUfunction_attribute, CUstreamCaptureMode = CUfunction_attribute, CUstreamCaptureMode

    def __init__(
        self,
        program,
        memory=2**28,
        version=12080,
        capability=(9, 0),
        gpus=1,
        failures=None,
        most_threads=1024,
    ):
        self.program, self.memory, self.version, self.capability, self.gpus = (
            program,
            memory,
            version,
            capability,
            gpus,
        )
        self.failures, self.most_threads = failures or {}, most_threads
        self.graphs, self._recorded, self._number = {}, {}, 0
        self.pieces, self._waiting = {}, {}
        self.launches, self.image, self.options, self.retained = [], None, {}, 0
        self._blocks = {}
        self._thread = threading.local()
        self._started = False
        self._engine = None

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        failures = super().__getattribute__("__dict__").get("failures", {})
        if name in failures:
            return lambda *arguments: (failures[name], *([None] * 2 if name == "cuMemGetInfo" else [None]))
        return found

    def cuGetErrorString(self, code):
        return CUresult.CUDA_SUCCESS, f"text of {int(code)}".encode()

    def cuInit(self, flags):
        assert flags == 0
        self._started = True
        return (CUresult.CUDA_SUCCESS if self.gpus else CUresult.CUDA_ERROR_NO_DEVICE,)

    def cuDriverGetVersion(self):
        return CUresult.CUDA_SUCCESS, self.version

    def cuDeviceGetCount(self):
        return CUresult.CUDA_SUCCESS if self._started else CUresult.CUDA_ERROR_NOT_INITIALIZED, self.gpus

    def cuDeviceGet(self, number):
        return CUresult.CUDA_SUCCESS, f"device {number}"

    def cuDeviceGetName(self, length, device):
        return CUresult.CUDA_SUCCESS, b"Fake GPU".ljust(length, b"\0")

    def cuDeviceGetAttribute(self, attribute, device):
        major = attribute == CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
        return CUresult.CUDA_SUCCESS, self.capability[0 if major else 1]

    def cuDevicePrimaryCtxRetain(self, device):
        self.retained += 1
        return CUresult.CUDA_SUCCESS, f"context of {device}"

    def cuDevicePrimaryCtxRelease(self, device):
        self.retained -= 1
        return (CUresult.CUDA_SUCCESS,)

    def cuCtxSetCurrent(self, context):
        self._thread.context = context
        return (CUresult.CUDA_SUCCESS,)

    def cuModuleLoadDataEx(self, image, number, options, values):
        if not self._current():
            return CUresult.CUDA_ERROR_INVALID_CONTEXT, None
        assert number == len(options) == len(values) and image.endswith(b"\0")
        self.options = given = dict(zip(options, values, strict=True))
        if b".entry" not in image:
            log = given[CUjit_option.CU_JIT_ERROR_LOG_BUFFER]
            assert len(log) == given[CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES]
            log[:13] = b"ptxas: line 1"
            return CUresult.CUDA_ERROR_INVALID_PTX, None
        self.image = image.decode()
        self._engine = self._engine or _compile(self.program)
        return CUresult.CUDA_SUCCESS, "module"

    def cuModuleGetFunction(self, module, name):
        if f".entry {name.decode()}(" not in self.image:
            return CUresult.CUDA_ERROR_NOT_FOUND, None
        return CUresult.CUDA_SUCCESS, (name.decode(), _Entry(self._engine, name.decode()))

    def cuFuncGetAttribute(self, attribute, function):
        assert attribute == CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
        return CUresult.CUDA_SUCCESS, self.most_threads

    def cuStreamCreate(self, flags):
        assert flags == 0
        self._number += 1
        stream = f"stream {self._number}"
        self.graphs[stream] = None
        return CUresult.CUDA_SUCCESS, stream

    def cuStreamDestroy(self, stream):
        assert not self._waiting.get(stream), "copies were not waited for"
        del self.graphs[stream]
        return (CUresult.CUDA_SUCCESS,)

    def cuStreamBeginCapture(self, stream, mode):
        assert stream in self.graphs and not self._recorded
        self._recorded[stream] = []
        return (CUresult.CUDA_SUCCESS,)

    def cuStreamEndCapture(self, stream):
        self._number += 1
        graph = f"graph {self._number}"
        self.graphs[graph] = self._recorded.pop(stream)
        return CUresult.CUDA_SUCCESS, graph

    def cuGraphInstantiate(self, graph, flags):
        executable = f"executable of {graph}"
        self.graphs[executable] = self.graphs[graph]
        return CUresult.CUDA_SUCCESS, executable

    def cuGraphDestroy(self, graph):
        del self.graphs[graph]
        return (CUresult.CUDA_SUCCESS,)

    def cuGraphExecDestroy(self, executable):
        del self.graphs[executable]
        return (CUresult.CUDA_SUCCESS,)

    def cuGraphLaunch(self, executable, stream):
        if not self._current() or stream not in self.graphs:
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        for launch in self.graphs[executable]:
            self._start(*launch)
        return (CUresult.CUDA_SUCCESS,)

    def cuModuleUnload(self, module):
        self.image = None
        return (CUresult.CUDA_SUCCESS,)

    def cuMemGetInfo(self):
        used = sum(block.nbytes for block in self._blocks.values())
        return CUresult.CUDA_SUCCESS, self.memory - used, self.memory

    def cuMemAlloc(self, nbytes):
        if not self._current():
            return CUresult.CUDA_ERROR_INVALID_CONTEXT, None
        if nbytes == 0:
            return CUresult.CUDA_ERROR_INVALID_VALUE, None
        if nbytes > self.cuMemGetInfo()[1]:
            return CUresult.CUDA_ERROR_OUT_OF_MEMORY, None
        block = np.full(nbytes, 0xCD, dtype=np.uint8)
        self._blocks[block.ctypes.data] = block
        return CUresult.CUDA_SUCCESS, block.ctypes.data

    def cuMemFree(self, address):
        return (CUresult.CUDA_SUCCESS if self._blocks.pop(address, None) is not None else CUresult(1),)

    def cuMemcpyHtoD(self, target, source, nbytes):
        return self._copy(target, source, nbytes, target)

    def cuMemsetD8(self, target, value, nbytes):
        if not self._current() or not self._holds(target, nbytes):
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        ctypes.memset(target, value, nbytes)
        return (CUresult.CUDA_SUCCESS,)

    def cuMemcpyDtoH(self, target, source, nbytes):
        return self._copy(target, source, nbytes, source)

    def cuMemAllocHost(self, nbytes):
        piece = np.full(nbytes, 0xCD, dtype=np.uint8)
        self.pieces[piece.ctypes.data] = piece
        return CUresult.CUDA_SUCCESS, piece.ctypes.data

    def cuMemFreeHost(self, address):
        del self.pieces[address]
        return (CUresult.CUDA_SUCCESS,)

    def cuMemcpyHtoDAsync(self, target, source, nbytes, stream):
        """The copy is made when its stream is waited for: whoever changes the piece before sends something else."""
        return self._later(stream, self.cuMemcpyHtoD, target, source, nbytes)

    def cuMemcpyDtoHAsync(self, target, source, nbytes, stream):
        return self._later(stream, self.cuMemcpyDtoH, target, source, nbytes)

    def _later(self, stream, copy, *arguments):
        if stream not in self.graphs:
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        self._waiting.setdefault(stream, []).append((copy, arguments))
        return (CUresult.CUDA_SUCCESS,)

    def cuStreamSynchronize(self, stream):
        for copy, arguments in self._waiting.pop(stream, []):
            code = copy(*arguments)
            if code != (CUresult.CUDA_SUCCESS,):
                return code
        return (CUresult.CUDA_SUCCESS,)

    def cuLaunchKernel(
        self, function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters, extra
    ):
        fits = 0 < grid_x < 2**31 and 0 < grid_y < 65536 and 0 < block_x * block_y <= 1024
        if not self._current() or not fits or (grid_z, block_z, shared, extra) != (1, 1, 0, 0):
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        if block_x * block_y > self.most_threads:
            return (CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,)
        places = (ctypes.c_void_p * 6).from_address(parameters)
        arguments = [ctypes.c_int64.from_address(place).value for place in places]
        launch = function, (grid_x, grid_y), (block_x, block_y), arguments
        if stream == 0:
            assert not self._recorded, "a launch in another stream ends the recording"
            self._start(*launch)
        else:
            self._recorded[stream].append(launch)
        return (CUresult.CUDA_SUCCESS,)

    def _start(self, function, grid, block, arguments):
        """Do a launch."""
        name, entry = function
        self.launches.append((name, grid, block))
        entry.run(grid, block, arguments)

    def cuCtxSynchronize(self):
        return (CUresult.CUDA_SUCCESS if self._current() else CUresult.CUDA_ERROR_INVALID_CONTEXT,)

    def _current(self):
        return getattr(self._thread, "context", None) is not None

    def _holds(self, address, nbytes):
        """Whether bytes, at least one, are within one allocation."""
        starts = sorted(self._blocks)
        place = bisect_right(starts, address) - 1
        return (
            nbytes > 0
            and place >= 0
            and address + nbytes <= starts[place] + self._blocks[starts[place]].nbytes
        )

    def _copy(self, target, source, nbytes, address):
        if not self._current() or not self._holds(address, nbytes):
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        ctypes.memmove(target, source, nbytes)
        return (CUresult.CUDA_SUCCESS,)
