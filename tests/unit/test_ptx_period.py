"""Periods of tiny economies by the PTX that a GPU is given, run on a machine for PTX: the bits of the processor.

The engine, the launches and their grids are those of a GPU; `ptx_driver` is in the place of its driver. Besides the
results, the machine checks every access to memory, and that no thread reads or writes what another one of its launch
writes.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

import technopole as tp
from configurations import configurations
from launching import TOYS, compiled_toys, run_on, run_on_cpu
from ptx_driver import PtxDriver, ptx_device
from ptx_machine import Wrong
from technopole.basics.machine import Threads
from technopole.device import cuda as device_cuda
from technopole.device import together as device_together
from technopole.device.cuda import CudaDevice
from technopole.device.opening import period_program
from technopole.errors import TechnopoleError
from technopole.schema import RECORDS, STATE
from technopole.simulation.device_ensemble import DeviceEnsemble
from technopole.simulation.ensemble import Ensemble
from technopole.world.recording import Recording
from technopole_kernels.grid.launches import PERIOD
from worlds import QUICK, assert_same_bits, economy

FIRMS = ((18, 4), (1, 9), (6, 0))
POLICIES = [
    {"instrument": "rd_subsidy", "value": 0.25, "regions": ["r1"], "start": 0, "end": 1},
    {"instrument": "demand_shock", "value": -0.125, "sectors": ["s1"], "start": 1, "end": 3},
    {"instrument": "entry_support", "value": 1.0, "start": 1},
    {"instrument": "university", "value": 0.5, "regions": ["r0", "r2"]},
    {"instrument": "wage_shock", "value": 0.03, "start": 2},
]
SUPPLIERS = [{"sector": "s0", "from": {"s1": 0.5, "s0": 0.25}}]


@pytest.fixture(scope="module")
def program():
    """The launches of a period; their PTX is read once."""
    made = period_program()
    return Kept(made.names, made.ptx("sm_80"))


class Kept:
    """A program whose code is there."""

    def __init__(self, names, text):
        self.names, self.text = names, text

    def ptx(self, target="sm_80"):
        assert target == "sm_80"
        return self.text


@pytest.fixture
def driver(request, program, monkeypatch):
    """A GPU that runs PTX."""
    with ptx_device(program, monkeypatch, **getattr(request, "param", {})) as made:
        yield made


def tiny(changes=None, firms=FIRMS, periods=3, replicates=2, policies=POLICIES, suppliers=SUPPLIERS):
    """Configuration with few firms, of which all variables are recorded."""
    policies = [policy for policy in policies if policy.get("start", 0) < periods]
    content = economy(len(firms), len(firms[0]), firms, spacing=120.0, policies=policies)
    content["cells"] = [
        cell for cell in content["cells"] if firms[int(cell["region"][1:])][int(cell["sector"][1:])]
    ]
    content["suppliers"] = list(suppliers)
    for number, sector in enumerate(content["sectors"]):  # eight of nine are related
        sector["group"] = "alone" if number == len(content["sectors"]) - 1 else "related"
    settings = {
        "time.periods": periods,
        "run.replicates": replicates,
        "output.variables": list(RECORDS),
        "entry.startups": 0.2,
        "entry.spinoff": 0.1,
        "exit.closure": 0.1,
        **(changes or {}),
    }
    return tp.Config.from_dict(content).replace(settings)


def assert_equal(found, expected):
    """Compare arrays by name: the same bits, also of zeros; any not a number is one."""
    assert_same_bits(found, expected)
    for name, values in found.items():
        theirs = np.asarray(expected[name])
        if theirs.dtype == np.float64:
            assert np.array_equal(
                np.signbit(values) & (values == 0.0), np.signbit(theirs) & (theirs == 0.0)
            ), name


def assert_same_run(driver, config):
    expected = tp.run(config, threads=1)
    found = tp.run(config, backend="cuda")
    assert driver.fetched_unwritten == 0
    for name in expected.data_vars:
        assert_equal({name: found[name].values}, {name: expected[name].values})
    return found


@pytest.mark.parametrize(
    "learning, sharing, market",
    list(
        product(
            ("broadcast", "barter", "mean_field"), ("proportional", "equal", "serial"), ("ces", "replicator")
        )
    ),
)
def test_every_rule(driver, learning, sharing, market):
    changes = {
        "learning.rule": learning,
        "sharing.rule": sharing,
        "market.rule": market,
        "sharing.need": "sales" if sharing == "equal" else "employment",
        "reputation.standard": market == "ces",
    }
    assert_same_run(driver, tiny(changes))
    assert len({name for name, _, _ in driver.launches}) == len(PERIOD)


@pytest.mark.parametrize("driver", [{"block": 1}, {"block": 32}, {"block": 7}], indirect=True)
def test_blocks_of_other_sizes(driver):
    assert_same_run(driver, tiny({"run.seed": 5}, periods=2, replicates=3))


def test_grids_that_are_smaller_than_the_work(program, monkeypatch):
    monkeypatch.setattr(device_cuda, "MOST_BLOCKS", 2)
    monkeypatch.setattr(device_cuda, "MOST_ROWS", 1)
    with ptx_device(program, monkeypatch, block=5) as driver:
        assert_same_run(driver, tiny(periods=2, replicates=3))
    assert {grid for _, grid, _ in driver.launches} == {(1, 1), (2, 1)}


def test_worlds_that_grow(driver, monkeypatch):
    monkeypatch.setattr(device_together, "device_room", lambda blueprint: blueprint.capacity)
    config = tiny({"capacity.slack": 0.0, "entry.startups": 1.0}, periods=4)
    found = assert_same_run(driver, config)
    assert found["firms"].values[:, -1].sum(axis=(1, 2)).max() > np.sum(FIRMS)


def test_room_that_may_not_grow(driver):
    config = tiny({"capacity.slack": 0.0, "entry.startups": 1.0, "capacity.fixed": True})
    texts = []
    for backend in ("cpu", "cuda"):
        with pytest.raises(tp.TechnopoleError, match="firms need room") as failure:
            tp.run(config, backend=backend)
        texts.append(str(failure.value))
    assert texts[0] == texts[1]


def pair(config):
    """The same model on the processor and on the device."""
    return tp.Model(config, seed=3), tp.Model(config, seed=3, backend="cuda")


def assert_same_state(ours, theirs):
    first, second = ({name: model[name] for name in STATE} for model in (ours, theirs))
    assert_equal(second, first)


def test_a_model_and_its_state(driver):
    models = pair(tiny({"output.stride": 2}))
    for model in models:
        model.step(2)
        model["technology"] += 0.125
        model.shock("wage", factor=1.25, region="r1", periods=[3, 4])
        model.step(2)
    assert_same_state(*models)


def test_toys():
    driver = PtxDriver()
    device = CudaDevice(compiled_toys(), driver)
    worlds, records = run_on(device, TOYS)
    for world, record, expected in zip(worlds, records, run_on_cpu(), strict=True):
        assert_same_bits(world._asdict(), expected._asdict())
        assert np.array_equal(record.cells[0, 0], expected.cells[0])
    device.close()


@pytest.mark.parametrize("learning", ["broadcast", "barter", "mean_field"])
def test_other_shapes(driver, learning):
    for firms in (((5,),), ((3, 4, 2),), ((4,), (3,), (1,))):
        changes = {"learning.rule": learning, "output.stride": 2, "reputation.standard": False}
        config = tiny(changes, firms=firms, periods=2, replicates=1, policies=(), suppliers=())
        assert_same_run(driver, config)


@pytest.mark.slow
def test_every_variable_alone(driver):
    for name in RECORDS:
        changes = {"output.variables": [name]}
        config = tiny(changes, firms=((2, 1),), periods=1, replicates=1, policies=())
        assert_same_run(driver, config)


MANY = tuple(tuple(int((3 * r + 5 * k) % 4 == 0) for k in range(9)) for r in range(10))
"""More regions and sectors than loops are unrolled for; most cells are empty."""


def test_many_regions_and_sectors(driver):
    assert_same_run(driver, tiny(firms=MANY, periods=2, replicates=1))


def recorded(blueprint, kind):
    """All that is recorded of one run, or what it fails with."""
    config = blueprint.config
    recording = Recording(
        tuple(RECORDS), config.run.replicates, config.time.periods, blueprint.n_regions, blueprint.n_sectors
    )
    try:
        kind(blueprint, recording, Threads(1, "one")).run()
    except TechnopoleError as failure:
        return {"failure": str(failure)}
    return {name: recording[name] for name in RECORDS}


@settings(QUICK, max_examples=8)
@given(configurations(periods=3))
def random_configurations(drawn):
    ours = drawn.plan(run__replicates=1)
    theirs = drawn.plan(run__replicates=1, run__backend="cuda")
    found = recorded(theirs, DeviceEnsemble)
    expected = recorded(ours, Ensemble)
    assert_equal(found, expected)


def test_random_configurations(driver):
    random_configurations()


EXTREME = [
    name for name in STATE if name not in ("offsets", "identity", "age", "tie", "period", "share", "trust")
]


def run_extremes(names, value):
    """Set a variable to something too large everywhere; returns how many of the worlds came to no end."""
    failures = 0
    for name in names:
        models = pair(tiny(replicates=1))
        said = []
        for model in models:
            model.step()
            model[name] = np.full(model[name].shape, value)
            try:
                model.step()
                said.append("")
            except TechnopoleError as failure:
                said.append(str(failure))
        assert said[0] == said[1], name
        failures += "not a number" in said[0]
        assert_same_state(*models)
    return failures


def test_numbers_that_are_too_large(driver):
    assert run_extremes(("technology", "cash", "workforce", "wage", "market"), 1e308) == 5


@pytest.mark.slow
@pytest.mark.parametrize("value", [1e308, 1e300, -1e307])
def test_any_number_that_is_too_large(driver, value):
    assert run_extremes(EXTREME, value) >= 5


LARGE = ((1100, 3), (5, 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    "learning, sharing", [("broadcast", "serial"), ("barter", "proportional"), ("mean_field", "equal")]
)
def test_regions_of_more_than_one_tile(driver, learning, sharing):
    changes = {"learning.rule": learning, "sharing.rule": sharing}
    assert_same_run(driver, tiny(changes, firms=LARGE, periods=2, replicates=1, policies=POLICIES[:3]))


def test_a_wrong_instruction_is_found(program, monkeypatch):
    begin = program.text.index(".entry launch_decide(")
    end = program.text.index(".entry", begin + 1)
    entry = program.text[begin:end]
    config = tiny(periods=1, replicates=1)
    for right, wrong in (("sub.rn.f64", "add.rn.f64"), ("mul.lo.s64", "add.s64")):
        assert right in entry
        changed = Kept(program.names, program.text[:begin] + entry.replace(right, wrong) + program.text[end:])
        with ptx_device(changed, monkeypatch) as driver, pytest.raises((AssertionError, Wrong)):
            assert_same_run(driver, config)


@pytest.mark.slow
def test_most_instructions_of_a_period_are_run(driver):
    rules = ("broadcast", "barter", "mean_field"), ("proportional", "equal", "serial")
    for number, (learning, sharing) in enumerate(product(*rules)):
        changes = {"learning.rule": learning, "sharing.rule": sharing, "run.seed": number}
        changes["market.rule"] = ("ces", "replicator")[number % 2]
        assert_same_run(driver, tiny(changes, firms=(FIRMS, MANY)[number % 2], periods=2, replicates=1))
    assert_same_run(driver, tiny(firms=LARGE, periods=1, replicates=1, policies=()))
    assert run_extremes(("technology", "cash"), 1e308) == 2  # for the search for what is not a number
    count, missing = driver.machine.executed()
    whole = sum(len(entry.instructions) for entry in driver.machine.module.entries.values())
    assert len(driver.machine.hits) == len(PERIOD) and len(missing) < 0.1 * whole
    # those of 64 bits divide what 32 bits do not hold
    assert {opcode for opcode, times in count.items() if not times} <= {"div.s64", "rem.s64"}
