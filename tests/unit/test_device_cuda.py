"""A GPU by its driver: what is said to a driver, and what becomes of its answers. The driver here is a fake."""

import os
import re
import subprocess
import sys
import threading
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fake_driver import CUresult, FakeDriver
from launching import TOYS, compiled_toys, run_on, run_on_cpu, toy_program
from technopole.device import cuda as device_cuda
from technopole.device import driver as device_driver
from technopole.device import ferry as device_ferry
from technopole.device import graph as device_graph
from technopole.device.cuda import CudaDevice
from technopole.device.emulated import EmulatedDevice
from technopole.device.opening import DeviceError, DeviceFailure, DeviceMemoryError, open_device
from technopole.errors import EXIT_ERROR, EXIT_USAGE
from worlds import assert_same_bits


@pytest.fixture(scope="module")
def program():
    """Toys, compiled once."""
    toys = toy_program()
    kept = compiled_toys()
    return SimpleNamespace(names=kept.names, ptx=kept.ptx, host=kept.host, linked=toys.linked)


@pytest.fixture(scope="module")
def driver(program):
    """A driver with one GPU."""
    return FakeDriver(program)


@pytest.fixture
def device(program, driver):
    """The GPU of the driver."""
    opened = CudaDevice(program, driver)
    driver.launches.clear()
    yield opened
    opened.close()


@pytest.mark.parametrize("block", [1, 32, 128, 256, 1024])
def test_results_are_those_of_the_cpu_for_every_size_of_block(device, block):
    device.block = block
    worlds, _ = run_on(device)
    for world, expected in zip(worlds, run_on_cpu(), strict=True):
        assert_same_bits(world._asdict(), expected._asdict())


@pytest.mark.parametrize(
    "grid, block", [((1, 1), (1, 1)), ((2, 1), (7, 1)), ((1, 2), (5, 3)), ((9, 4), (64, 2))]
)
def test_results_do_not_depend_on_the_grid(device, driver, monkeypatch, grid, block):
    original = FakeDriver.cuLaunchKernel

    def launch(self, function, *others):
        return original(self, function, *grid, 1, *block, 1, *others[6:])

    monkeypatch.setattr(FakeDriver, "cuLaunchKernel", launch)
    worlds, _ = run_on(device)
    for world, expected in zip(worlds, run_on_cpu(), strict=True):
        assert_same_bits(world._asdict(), expected._asdict())


@pytest.mark.parametrize(
    "items, count, grid, block",
    [
        (1, 1000, (1, 1000), (1, 1)),
        (6, 1000, (1, 200), (6, 5)),
        (6, 3, (1, 1), (6, 3)),
        (50, 3, (1, 3), (50, 1)),
        (128, 2, (1, 2), (128, 1)),
        (129, 70000, (2, 65535), (128, 1)),
        (2**20, 1, (2**13, 1), (128, 1)),
    ],
)
def test_a_warp_is_filled_with_worlds_where_items_are_few(device, monkeypatch, items, count, grid, block):
    seen = []

    def note(self, *arguments):
        seen.append((arguments[1:3], arguments[4:6]))
        return (CUresult.CUDA_SUCCESS,)

    monkeypatch.setattr(FakeDriver, "cuLaunchKernel", note)
    device.launch("evaluate", 0, 0, 0, 0, count, items)
    assert seen == [(grid, block)]


def test_a_block_has_no_more_threads_than_the_launch_has_registers_for(program):
    """A GPU has 65,536 registers for a block: launches of 188 had failed on one with blocks of up to 1024 threads."""
    device = CudaDevice(program, driver := FakeDriver(program, most_threads=100))
    device.block = 1024
    worlds, _ = run_on(device)
    device.close()
    assert {block for _, _, block in driver.launches} == {(96, 1), (15, 2)}  # 127 and 15 items
    for world, expected in zip(worlds, run_on_cpu(), strict=True):
        assert_same_bits(world._asdict(), expected._asdict())


def test_a_sequence_of_launches_is_put_together_once(program, monkeypatch):
    recorded = []
    monkeypatch.setattr(
        FakeDriver,
        "_start",
        lambda self, function, grid, block, arguments: recorded.append((function[0], grid, arguments)),
    )
    device = CudaDevice(program, driver := FakeDriver(program))
    launches = [("draw_words", 256), ("evaluate", 0), ("evaluate", 128)]
    device.repeat(launches, 1, 2, 3, 4, 5, times=3)
    assert recorded == 3 * [
        ("launch_draw_words", (2, 5), [1, 2, 3, 4, 5, 256]),
        ("launch_evaluate", (1, 5), [1, 2, 3, 4, 5, 128]),
    ]
    first = [name for name in driver.graphs if name.startswith("executable")]
    device.repeat(launches, 1, 2, 3, 4, 5, times=1)
    assert [name for name in driver.graphs if name.startswith("executable")] == first
    recorded.clear()
    device.repeat(launches, 1, 2, 3, 4, 6, times=1)
    assert recorded[1] == ("launch_evaluate", (1, 6), [1, 2, 3, 4, 6, 128])
    device.repeat(launches, 1, 2, 3, 4, 0, times=1)
    assert len(recorded) == 2
    device.close()
    assert not driver.graphs, "graphs were not given back"


def test_a_sequence_that_cannot_be_put_together_leaves_nothing_behind(program, monkeypatch):
    device = CudaDevice(program, driver := FakeDriver(program, most_threads=1024))
    driver.failures["cuGraphInstantiate"] = CUresult.CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(DeviceMemoryError, match="cuGraphInstantiate"):
        device.repeat([("evaluate", 1)], 1, 2, 3, 4, 5, times=1)
    driver.failures.clear()
    assert list(driver.graphs) == ["stream 1"]
    device.close()


def test_nothing_is_launched_where_there_is_nothing_to_do(device, driver):
    device.launch("evaluate", 0, 0, 0, 0, 0, 5)
    device.launch("evaluate", 0, 0, 0, 0, 5, 0)
    assert not driver.launches


def test_memory_is_counted_and_given_back(device, driver):
    free = device.free_memory()
    address = device.allocate(1000)
    nothing = device.allocate(0)
    assert device.free_memory() <= free - 1000
    sent, back = np.arange(10.0), np.zeros(10)
    device.upload(address, sent)
    device.download(address, back)
    device.upload(nothing, sent[:0])
    assert np.array_equal(sent, back)
    device.clear(address, 24)
    device.clear(nothing, 0)
    device.download(address, back)
    assert np.array_equal(back, [0.0, 0.0, 0.0, *sent[3:]])
    device.release(address)
    device.release(nothing)
    assert device.free_memory() == free
    with pytest.raises(ValueError, match="C-contiguous"):
        device.upload(address, np.zeros((4, 4))[:, 1])


@pytest.mark.parametrize("kind", ["cuda", "emulated"])
def test_too_little_memory(program, driver, kind):
    opened = CudaDevice(program, driver) if kind == "cuda" else EmulatedDevice(program, memory=2**28)
    with pytest.raises(DeviceMemoryError, match="memory|bytes") as caught:
        opened.allocate(2**28 + 1)
    assert caught.value.exit_code == EXIT_USAGE
    opened.close()


def test_every_thread_gets_the_context(device):
    found = []

    def work():
        address = device.allocate(8)
        device.upload(address, np.ones(1))
        device.synchronize()
        found.append(address)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found


@pytest.mark.parametrize("nbytes", [1, 99, 100, 101, 200, 250, 1001])
def test_large_arrays_are_copied_in_pieces(program, monkeypatch, nbytes):
    monkeypatch.setattr(device_ferry, "PIECE", 100)
    monkeypatch.setattr(device_cuda, "LEAST", 99)
    device = CudaDevice(program, driver := FakeDriver(program))
    address = device.allocate(nbytes + 2)
    sent, back = (
        np.random.default_rng(nbytes).integers(256, size=nbytes, dtype=np.uint8),
        np.zeros(nbytes, "u1"),
    )
    device.clear(address, nbytes + 2)
    device.upload(address + 1, sent)
    device.download(address + 1, back)
    assert np.array_equal(sent, back)
    device.download(address, around := np.zeros(nbytes + 2, "u1"))
    assert around[0] == around[-1] == 0, "a copy went too far"
    assert len(driver.pieces) == (2 if nbytes >= 97 else 0)
    device.close()
    assert not driver.pieces and not driver.graphs, "memory of the host was not given back"


@pytest.mark.parametrize("function", ["cuMemAllocHost", "cuStreamCreate"])
def test_where_no_memory_may_be_kept_in_its_place_the_driver_copies(program, monkeypatch, function):
    monkeypatch.setattr(device_cuda, "LEAST", 10)
    device = CudaDevice(program, driver := FakeDriver(program))
    sent, back = np.arange(100.0), np.zeros(100)
    driver.failures[function] = CUresult.CUDA_ERROR_OUT_OF_MEMORY
    device.upload(address := device.allocate(800), sent)
    device.download(address, back)
    assert np.array_equal(sent, back) and not driver.pieces
    driver.failures.clear()
    device.close()


def test_two_gpus_take_turns_on_one_thread(program):
    driver = FakeDriver(program, gpus=2)
    one, other = CudaDevice(program, driver), CudaDevice(program, driver, number=1)
    for opened, number in ((one, 0), (other, 1), (one, 0)):
        opened.synchronize()
        assert driver._thread.context == f"context of device {number}"
    one.close()
    other.close()
    assert driver.retained == 0


def test_closing_twice_is_no_error_and_then_nothing_works(program):
    driver = FakeDriver(program)
    opened = CudaDevice(program, driver)
    opened.allocate(100)
    opened.close()
    opened.close()
    assert driver.retained == 0 and driver.cuMemGetInfo()[1] == driver.memory
    with pytest.raises(ValueError, match="closed"):
        opened.synchronize()


def test_another_process_is_told_to_open_its_own(device, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(DeviceError, match="another process"):
        device.free_memory()


@pytest.mark.parametrize(
    "said, message",
    [
        ({"gpus": 0}, "no usable GPU: cuInit returned CUDA_ERROR_NO_DEVICE"),
        ({"version": 11040}, r"supports CUDA 11\.4, and 11\.8 is needed"),
        ({"capability": (5, 2)}, r"Fake GPU has compute capability 5\.2, and 6\.0 is needed"),
        (
            {"failures": {"cuInit": CUresult.CUDA_ERROR_INVALID_VALUE}},
            "cannot be used: cuInit returned CUDA_ERROR",
        ),
    ],
)
def test_a_gpu_that_cannot_be_used(program, said, message):
    with pytest.raises(DeviceError, match=message) as caught:
        CudaDevice(program, FakeDriver(program, **said))
    assert caught.value.exit_code == EXIT_USAGE
    assert 'run.backend = "cpu"' in str(caught.value) and "\n" not in str(caught.value)


def test_a_gpu_that_is_not_there(program):
    with pytest.raises(DeviceError, match="finds 1 GPUs, and number 3"):
        CudaDevice(program, FakeDriver(program), number=3)


def test_a_package_without_a_driver(program):
    def missing(flags):
        raise RuntimeError("libcuda was not found")

    with pytest.raises(DeviceError, match="no driver of NVIDIA was found.*libcuda"):
        CudaDevice(program, SimpleNamespace(cuInit=missing))


@pytest.mark.parametrize("version", [11080, 12080, 13050])
@pytest.mark.parametrize(
    "capability, target", [((7, 5), "sm_75"), ((8, 0), "sm_80"), ((9, 0), "sm_80"), ((12, 1), "sm_80")]
)
def test_code_is_made_for_the_processor_or_an_older_one(program, version, capability, target):
    driver = FakeDriver(program, version=version, capability=capability)
    opened = CudaDevice(program, driver)
    assert f".target {target}" in driver.image and ".version 7.8" in driver.image
    assert opened.capability == capability and opened.name == "Fake GPU"
    opened.close()


def test_registers_can_be_bounded(program):
    driver = FakeDriver(program)
    CudaDevice(program, driver, registers=96).close()
    assert driver.options[driver.CUjit_option.CU_JIT_MAX_REGISTERS] == 96
    CudaDevice(program, driver).close()
    assert driver.CUjit_option.CU_JIT_MAX_REGISTERS not in driver.options


def test_code_that_the_driver_does_not_take(program):
    driver = FakeDriver(program)
    wrong = SimpleNamespace(names=program.names, ptx=lambda target: "nothing")
    with pytest.raises(DeviceFailure, match="(?s)CUDA_ERROR_INVALID_PTX.*ptxas: line 1"):
        CudaDevice(wrong, driver)
    more = SimpleNamespace(names=(*program.names, "unknown"), ptx=program.ptx)
    with pytest.raises(DeviceFailure, match="cuModuleGetFunction returned CUDA_ERROR_NOT_FOUND"):
        CudaDevice(more, driver)
    assert driver.retained == 0


@pytest.mark.parametrize("function", ["cuLaunchKernel", "cuCtxSynchronize", "cuMemcpyDtoH"])
def test_a_failure_at_work_is_said_with_its_function(program, function):
    driver = FakeDriver(program)
    opened = CudaDevice(program, driver)
    driver.failures[function] = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    with pytest.raises(
        DeviceFailure, match=f"Fake GPU: {function} returned CUDA_ERROR_ILLEGAL_ADDRESS"
    ) as caught:
        run_on(opened, TOYS[:1], count=1)
    assert caught.value.exit_code == EXIT_ERROR
    driver.failures.clear()
    opened.close()


def test_the_emulated_device_refuses_memory_that_is_not_its(program):
    opened = EmulatedDevice(program)
    first, second = opened.allocate(64), opened.allocate(64)
    assert first % 256 == second % 256 == 0
    for address, size in ((first, 9), (first - 8, 1), (0, 1), (second + 64, 1)):
        with pytest.raises(ValueError, match="not within one allocation"):
            opened.upload(address, np.zeros(size))
        with pytest.raises(ValueError, match="not within one allocation"):
            opened.download(address, np.zeros(size))
    fresh = np.zeros(8)
    opened.download(first, fresh)
    assert fresh.all()  # nobody finds zeros by chance
    opened.close()


def test_opening(program, monkeypatch):
    monkeypatch.setenv("TECHNOPOLE_DEVICE", "emulated")
    assert open_device("cuda", program).name == "emulated device"
    monkeypatch.setenv("TECHNOPOLE_DEVICE", "cpu")
    with pytest.raises(DeviceError, match="TECHNOPOLE_DEVICE is 'cpu'; allowed: emulated"):
        open_device("cuda", program)
    with pytest.raises(DeviceError, match="'cudo'.*allowed: cuda.*did you mean"):
        open_device("cudo", program)


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.delenv("TECHNOPOLE_DEVICE", raising=False)
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(DeviceError, match=r"pip install \"technopole\[cuda\]\"; or choose run.backend"):
        open_device("cuda")


@pytest.fixture(scope="module")
def bindings():
    """The real package on a computer without a driver."""
    package = pytest.importorskip("cuda.bindings.driver")
    try:
        package.cuInit(0)
    except RuntimeError:
        return package
    pytest.skip("there is a driver")


def test_the_real_package_without_a_driver(program, bindings):
    with pytest.raises(DeviceError, match="no driver of NVIDIA was found.*run.backend"):
        CudaDevice(program, device_driver.load_driver())


class Doubled(FakeDriver):
    """A fake that shows every call to the real package first: it looks at the arguments, then misses the driver."""

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if not name.startswith("cu") or name == "cuGetErrorString":
            return found

        def call(*arguments):
            bindings = self.bindings
            with pytest.raises(RuntimeError):  # not TypeError
                getattr(bindings, name)(*(_real(bindings, one) for one in arguments))
            self.seen.add(name)
            return found(*arguments)

        return call


KINDS = {
    "context": "CUcontext",
    "device": "CUdevice",
    "module": "CUmodule",
    "stream": "CUstream",
    "graph": "CUgraph",
    "executable": "CUgraphExec",
}


def _real(bindings, value):
    """What a value of the fake is called by the real package."""
    if isinstance(value, tuple) and callable(getattr(value[-1], "run", None)):
        return bindings.CUfunction(0)
    if isinstance(value, tuple):
        return tuple(_real(bindings, one) for one in value)
    if isinstance(value, str):
        return getattr(bindings, KINDS[value.split()[0]])(0)
    if isinstance(value, IntEnum):
        return getattr(getattr(bindings, type(value).__name__), value.name)
    return value


def test_the_real_package_takes_the_arguments(program, bindings):
    driver = Doubled(program)
    driver.bindings, driver.seen = bindings, set()
    opened = CudaDevice(program, driver, registers=128)
    opened.free_memory()
    run_on(opened, TOYS[:1], count=1)
    opened.clear(opened.allocate(64), 64)
    driver._start = lambda *_: None
    opened.repeat([("evaluate", 1)], 1, 2, 3, 4, 5, times=1)
    large = np.zeros(device_cuda.LEAST, dtype=np.uint8)
    opened.upload(place := opened.allocate(large.nbytes), large)
    opened.download(place, large)
    opened.close()
    code = "".join(
        Path(one.__file__).read_text(encoding="utf-8")
        for one in (device_cuda, device_driver, device_ferry, device_graph)
    )
    named = set(re.findall(r'_?call\(\s*"(cu\w+)"', code))
    assert driver.seen == named


def test_importing_devices_starts_no_driver(environment):
    program = "import sys, technopole.device.opening, technopole.device.cuda\nprint('cuda' in sys.modules, 'numba' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
