"""NVIDIA's driver, as `fake_driver` has it, whose GPU runs the PTX it is given, on the machine of `ptx_machine`."""

import contextlib

from fake_driver import CUresult, FakeDriver
from ptx_machine import Machine
from ptx_memory import Memory
from technopole.device import shared as device_shared
from technopole.device.cuda import CudaDevice


class PtxDriver(FakeDriver):
    """A driver with one GPU.

    Parameters
    ----------
    size : int
        Bytes of the GPU's memory, none of which is given twice.
    seed : int
        Of the order of threads.

    Attributes
    ----------
    fetched_unwritten : int
        How often the host fetched what nobody has written: the records of a world that did not come to its end are.
    """

    def __init__(self, size=2**28, seed=0):
        super().__init__(None, memory=size)
        self.bytes, self.seed, self.machine = Memory(size), seed, None
        self.fetched_unwritten = 0

    def cuModuleLoadDataEx(self, image, number, options, values):
        assert self._current() and image.endswith(b"\0")
        self.machine = Machine(image[:-1].decode(), self.bytes)
        return CUresult.CUDA_SUCCESS, "module"

    def cuModuleGetFunction(self, module, name):
        if name.decode() not in self.machine.module.entries:
            return CUresult.CUDA_ERROR_NOT_FOUND, None
        return CUresult.CUDA_SUCCESS, name.decode()

    def cuMemAlloc(self, nbytes):
        if not self._current() or nbytes == 0 or nbytes > self.cuMemGetInfo()[1]:
            return super().cuMemAlloc(nbytes)  # which says why not
        address = self.bytes.allocate(nbytes)
        self._blocks[address] = self.bytes.view(address, nbytes)
        return CUresult.CUDA_SUCCESS, address

    def cuMemFree(self, address):
        if address in self._blocks:
            self.bytes.release(address)
        return super().cuMemFree(address)

    def cuMemcpyHtoD(self, target, source, nbytes):
        (code,) = super().cuMemcpyHtoD(target, source, nbytes)
        if code == CUresult.CUDA_SUCCESS:
            self.bytes.mark(target, nbytes)
        return (code,)

    def cuMemsetD8(self, target, value, nbytes):
        (code,) = super().cuMemsetD8(target, value, nbytes)
        if code == CUresult.CUDA_SUCCESS:
            self.bytes.mark(target, nbytes)
        return (code,)

    def cuMemcpyDtoH(self, target, source, nbytes):
        self.fetched_unwritten += not self.bytes.written(source, nbytes)
        return super().cuMemcpyDtoH(target, source, nbytes)

    def _start(self, function, grid, block, arguments):
        self.launches.append((function, grid, block))
        self.seed += 1
        self.machine.launch(function, grid, block, arguments, self.seed)


@contextlib.contextmanager
def ptx_device(program, monkeypatch, block=128, **changes):
    """Put a GPU that runs the PTX of a program in the place of the one that the engine would open.

    Yields
    ------
    PtxDriver
        Of the GPU; at the end all memory must have been given back.
    """
    driver = PtxDriver(**changes)
    device = CudaDevice(program, driver)
    device.block = block
    device_shared.close_devices()
    monkeypatch.setattr(device_shared, "_open_device", lambda backend: device)
    try:
        yield driver
    finally:
        device_shared.close_devices()
        device.close()
    assert not driver._blocks, "memory was not given back"
