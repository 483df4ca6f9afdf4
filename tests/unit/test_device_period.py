"""Code of a whole period for a GPU."""

import re

import pytest

from fake_driver import FakeDriver
from launching import fetch, place_side_by_side
from technopole.device.cuda import CudaDevice
from technopole.device.emulated import EmulatedDevice
from technopole.device.opening import period_program
from technopole_kernels.grid.emit import ORDERS
from technopole_kernels.grid.launches import PERIOD, count_items
from technopole_kernels.grid.work import RUNNING, new_work
from worlds import Run, assert_same_bits, make_records, mixed, state_arrays

pytestmark = pytest.mark.slow
PERIODS, REPLICATES = 3, (0, 5)


@pytest.fixture(scope="module")
def ptx():
    """Code of a period; read from disk where it was made before."""
    return period_program().ptx()


def test_every_launch_of_a_period_is_an_entry(ptx):
    assert re.findall(r"\.visible \.entry launch_(\w+)\(", ptx) == [launch.name for launch in PERIOD]


def test_a_period_is_rounded_as_on_the_cpu(ptx):
    arithmetic = set(
        re.findall(r"\b(?:add|sub|mul|div|rcp|sqrt|fma|mad|neg|abs)[\w.]*\.f(?:16|32|64)\b", ptx)
    )
    exact = {"add.rn.f64", "sub.rn.f64", "mul.rn.f64", "div.rn.f64", "rcp.rn.f64", "sqrt.rn.f64"}
    assert exact <= arithmetic | {"rcp.rn.f64"} and arithmetic <= exact | {"neg.f64", "abs.f64"}
    assert not re.search(r"\.(approx|ftz)\b", ptx)


def test_a_period_calls_nothing_and_uses_global_memory_only(ptx):
    assert not re.search(r"\.(extern|func|local|shared)\b|\bcall\b", ptx)
    accesses = set(re.findall(r"\b((?:ld|st|atom|red)\.[\w.]+)", ptx))
    assert not {name for name in accesses if not re.match(r"(ld|st|atom|red)\.(global|param)\.", name)}
    adding = {name for name in accesses if name.startswith(("atom", "red"))}
    assert adding <= {"atom.global.add.u64", "red.global.add.u64"}  # whole numbers: the order does not matter


def periods_on(device, blueprint, periods, replicates):
    """Worlds after some periods on a device, each as the arrays of its state."""
    setting = blueprint.setting(1)
    worlds = [blueprint.new_world() for _ in replicates]
    for world, replicate in zip(worlds, replicates, strict=True):
        blueprint.start(setting, world, replicate)
    works = [new_work(setting.constants, world) for world in worlds]
    for work in works:
        work.until[0], work.stride[0] = periods, periods + 1
    placed = [place_side_by_side(device, [setting])]
    placed += [place_side_by_side(device, group) for group in (worlds, works)]
    placed.append(place_side_by_side(device, [make_records(blueprint, 1) for _ in worlds]))
    shape = blueprint.n_regions, blueprint.n_sectors, worlds[0].firms.shape[1]
    for _ in range(periods):
        for launch in PERIOD:
            items = count_items(launch.items, *shape)
            device.launch(launch.name, *(address for address, _ in placed), len(worlds), items)
    device.synchronize()
    for world, addresses in zip(worlds, placed[1][1], strict=True):
        fetch(device, world, addresses)
    for work, addresses in zip(works, placed[2][1], strict=True):
        fetch(device, work, addresses)
        assert work.status[0] == RUNNING, work.where
    device.close()
    return [state_arrays(world) for world in worlds]


@pytest.fixture(scope="module")
def expected():
    """State of two replicates on the CPU."""
    runs = (Run(mixed(), replicate=replicate).advance(PERIODS) for replicate in REPLICATES)
    return [state_arrays(run.world) for run in runs]


@pytest.mark.parametrize("order", ORDERS)
def test_periods_on_the_emulated_device_in_any_order(expected, order):
    found = periods_on(EmulatedDevice(period_program(), order=order), mixed(), PERIODS, REPLICATES)
    for one, other in zip(found, expected, strict=True):
        assert_same_bits(one, other)


def test_periods_by_the_entries_of_a_gpu_for_any_size_of_block(expected):
    program = period_program()
    driver = FakeDriver(program)
    for block in (1, 32, 128, 1000):
        device = CudaDevice(program, driver)
        device.block = block
        for one, other in zip(periods_on(device, mixed(), PERIODS, REPLICATES), expected, strict=True):
            assert_same_bits(one, other)
