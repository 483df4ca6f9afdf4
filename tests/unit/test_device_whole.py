"""The whole way of a run to a GPU and back: engine, code for GPUs, calls of the driver, which is a fake."""

import numpy as np
import pytest

import technopole as tp
from devices import emulated_program
from fake_driver import FakeDriver
from technopole.device import shared as device_shared
from technopole.device.cuda import CudaDevice
from technopole.device.interface import DeviceFailure
from technopole.schema import RECORDS, STATE


@pytest.fixture(scope="module")
def config(two_regions):
    changes = {
        "time.periods": 4,
        "run.replicates": 5,
        "output.variables": list(RECORDS),
        "capacity.slack": 0.0,
    }
    return tp.Config.from_toml(two_regions, changes)


@pytest.fixture
def opened(monkeypatch):
    """GPUs that were opened, each by a driver of its own."""
    made = []

    def open_device(backend):
        made.append(CudaDevice(emulated_program(), FakeDriver(emulated_program(), memory=2**30)))
        return made[-1]

    device_shared.close_devices()
    monkeypatch.setattr(device_shared, "_open_device", open_device)
    yield made
    device_shared.close_devices()


@pytest.mark.slow
@pytest.mark.parametrize("block", [32, 96, 1024])
def test_a_run(config, opened, block):
    with device_shared.using("cuda") as shared:
        shared.device.block = block
    on_device = tp.run(config, backend="cuda")
    assert on_device.drop_attrs(deep=False).identical(tp.run(config).drop_attrs(deep=False))
    (device,) = opened
    assert device._driver.launches and not device._blocks


@pytest.mark.slow
def test_a_model(config, opened):
    one, other = tp.Model(config), tp.Model(config, backend="cuda")
    for model in (one, other):
        model.step(2)
        model.shock("wage", factor=1.1)
        model.step(12)
    assert all(np.array_equal(one[name], other[name]) for name in STATE)


@pytest.mark.slow
def test_a_gpu_that_has_failed_is_opened_again(config, opened, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(DeviceFailure):
        patch.setattr(CudaDevice, "synchronize", _fail)
        tp.run(config, backend="cuda")
    results = tp.run(config, backend="cuda")
    assert len(opened) == 2
    assert results.drop_attrs(deep=False).identical(tp.run(config).drop_attrs(deep=False))


def _fail(device):
    raise DeviceFailure("something is broken")
