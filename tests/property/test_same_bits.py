"""The same bits for any number of threads, alone or in an ensemble, after a restart, in any room, on any x86-64."""

import os
import platform
import subprocess
import sys
import threading
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import technopole as tp
from configurations import configurations
from economy import make_config
from fixed_runs import CASES, TIMES, fixed_arrays
from technopole.basics.machine import LARGE_WORLD
from technopole.schema import RECORDS
from technopole.simulation.advance import advance
from technopole.simulation.simulation import Simulation
from technopole.world.build import enlarge_world, new_problem
from technopole.world.crew import Crew
from technopole_kernels import layout
from technopole_kernels._jit import cache_directory
from technopole_kernels.drive import drive
from technopole_kernels.status import Part, Status
from worlds import QUICK, Run, assert_same_bits, copy_world, make_records, mixed, state_arrays

PERIODS = 12
RULES = [case for case in CASES if case not in TIMES]
IN_MEMORY = 110_000  # firms: so many that kernels ask for rows before they need them


def configuration(case, replicates):
    """Configuration of a small ensemble under the rules of a case, everything recorded."""
    settings = {"time.periods": PERIODS, "run.replicates": replicates, "output.variables": list(RECORDS)}
    return mixed().config.replace({**CASES[case], **settings, "run.seed": 12})


def values_of(dataset):
    """All variables of a dataset as arrays."""
    return {name: dataset[name].values for name in dataset.data_vars}


def results(run):
    """State and records of a run."""
    records = {name: getattr(run.records, name) for name in ("cells", "regions", "sectors", "sizes")}
    return {**state_arrays(run.world), **{f"records.{name}": values for name, values in records.items()}}


def in_background(compute):
    """Start a computation in a thread; returns what waits for it."""
    thread = threading.Thread(target=compute)
    thread.start()
    return thread.join


@pytest.fixture(scope="module")
def generic(tmp_path_factory):
    """Run the cases in a process that compiles for any x86-64, with a cache of its own; started early."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("needs an x86-64 processor")
    out = tmp_path_factory.mktemp("generic") / "arrays.npz"
    directory = cache_directory()
    cache = directory.parents[2] / "generic" if directory else out.parent
    environment = {
        **os.environ,
        "NUMBA_CPU_NAME": "generic",
        "TECHNOPOLE_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    command = [sys.executable, "-m", "fixed_runs", str(out)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def finished():
        messages, _ = process.communicate(timeout=600)
        assert process.returncode == 0, messages.decode()
        return out, cache

    yield finished
    if not process.stdout.closed:  # nobody asked for it
        process.kill()
        process.communicate()


@pytest.mark.usefixtures("generic")
@pytest.mark.parametrize("case", RULES)
def test_threads(case):
    """Whole datasets are equal; the work is cut by replicates, whatever the number of threads or the block."""
    config = configuration(case, replicates=6)
    one = tp.run(config, threads=1)
    assert set(one.data_vars) >= set(RECORDS)
    for threads, block in ((2, 1), (3, 0), (2, 4)):
        other = tp.run(config.replace({"run.block": block}), threads=threads)
        assert_same_bits(values_of(one), values_of(other))
    # and the replicates are different worlds
    assert not np.array_equal(one["sales"][0], one["sales"][1])


@given(configurations(PERIODS), st.integers(0, 2**32 - 1), st.sampled_from((2, 3, 5)))
@settings(QUICK, max_examples=15)
def test_threads_that_share_a_world(drawn, seed, threads):
    """A world whose tiles and cells are cut among threads goes where it goes alone, also when it is enlarged."""
    blueprint = drawn.plan(entry__startups=0.3)
    alone = Run(blueprint, seed).advance(PERIODS, record=True)
    shared = Run(blueprint, seed, capacity=blueprint.n_firms + 3)
    shared.records = make_records(blueprint, PERIODS)
    stop = np.zeros(1, dtype=np.int64)
    crew = Crew(threads)
    with mock.patch.multiple("technopole.world.crew", SUMS=1, CELLS=1):  # however little there is to share
        shared.world, finished = advance(
            blueprint, shared.setting, shared.world, shared.records, PERIODS, 1, stop, crew
        )
    crew.close()
    assert finished
    assert_same_bits(results(alone), results(shared))


def spoil_rooms(world):
    """Leave nonsense where a thread works by itself, which no stage may expect anything of."""
    world.buffer[:] = np.nan
    world.partner[:] = np.iinfo(np.int32).max
    world.keys[:] = np.iinfo(np.uint64).max
    world.reached[:] = np.nan


@given(configurations(PERIODS), st.integers(0, 2**32 - 1))
@settings(QUICK, max_examples=15)
def test_parts_in_any_order_and_spoiled_rooms(drawn, seed):
    """Tiles and cells one by one, in any order, and nothing left over from what was done before: the same world."""
    blueprint, order = drawn.plan(entry__startups=0.3), np.random.default_rng(seed)
    alone = Run(blueprint, seed).advance(PERIODS, record=True)
    pieces = Run(blueprint, seed, capacity=2 * alone.world.firms.shape[1] + 500)
    pieces.records = make_records(blueprint, PERIODS)
    world, stop = pieces.world, np.zeros(1, dtype=np.int64)
    for _ in range(PERIODS):
        world.identity[layout.NEXT], world.age[layout.NEXT] = np.iinfo(np.uint64).max, -1
        for part in list(Part)[1:]:
            tiles, cells = int(world.clock[layout.TILES]), world.cells.shape[1]
            groups = pieces.setting.constants.group_start.size - 1
            number = {
                Part.SUM: tiles,
                Part.ADD: world.regions.shape[1],
                Part.POOL: groups,
                Part.LEARN: tiles,
                Part.DECIDE: tiles,
                Part.COLLECT: world.regions.shape[1],
                Part.STARTUPS: cells,
                Part.FOUND: cells,
                Part.MOVE: cells,
            }
            for i in order.permutation(number.get(part, 1)):
                spoil_rooms(world)
                arguments = (
                    pieces.setting,
                    world,
                    new_problem(),
                    pieces.records,
                    0,
                    1,
                    stop,
                    int(part),
                    i,
                    i + 1,
                )
                assert drive(*arguments) == Status.DONE
    assert_same_bits(results(alone), results(pieces))


@pytest.mark.parametrize("firms", [LARGE_WORLD, IN_MEMORY])
def test_large_worlds_are_shared_and_the_same(firms):
    """With more processors than replicates, threads share the worlds; the dataset is that of one thread."""
    config = make_config(regions=5, sectors=3, firms=firms).replace({"time.periods": 3, "run.replicates": 2})
    assert Simulation(config.replace({"run.threads": 5})).threads[::2] == (4, 2)
    assert_same_bits(values_of(tp.run(config, threads=1)), values_of(tp.run(config, threads=5)))


@pytest.mark.parametrize("case", RULES)
def test_alone_or_in_an_ensemble(case):
    """A replicate of a dataset is what the kernels give for that replicate in a fresh world."""
    config = configuration(case, replicates=5)
    together = tp.run(config, threads=2)
    model = tp.Model(config, replicate=3)
    for period in range(PERIODS):
        model.step()
        alone = {name: model.record(name) for name in RECORDS}
        assert_same_bits(alone, values_of(together[list(RECORDS)].isel(replicate=3, time=period)))


@given(configurations(PERIODS), st.integers(0, 2**32 - 1), st.integers(0, 99))
@settings(QUICK, max_examples=15)
def test_a_used_world(drawn, seed, replicate):
    """What a world did before leaves no trace."""
    blueprint = drawn.plan()
    fresh = Run(blueprint, seed, replicate).advance(4, record=True)
    used = Run(blueprint, seed + 1 if seed < 2**32 - 1 else 0, replicate + 1).advance(3)
    again = Run(blueprint, seed, replicate, world=used.world).advance(4, record=True)
    assert_same_bits(results(fresh), results(again))


@given(configurations(PERIODS), st.integers(0, 2**32 - 1), st.integers(0, PERIODS))
@settings(QUICK, max_examples=15)
def test_saved_and_restored_at_any_period(drawn, seed, period):
    """Copies of the arrays at any period go on as the original; one call does what many calls do."""
    blueprint = drawn.plan()
    straight = Run(blueprint, seed).advance(PERIODS, record=True)
    stopped = Run(blueprint, seed).advance(period, record=True)
    saved = copy_world(stopped.world)
    stopped.advance(2)
    stopped.world = saved
    for _ in range(PERIODS - period):
        stopped.advance(1, record=True)
    assert_same_bits(results(straight), results(stopped))


@given(configurations(PERIODS), st.integers(0, 2**32 - 1), st.integers(0, PERIODS), st.integers(0, 5000))
@settings(QUICK, max_examples=15)
def test_enlarged_at_any_period(drawn, seed, period, room):
    """Room for more firms changes nothing, whenever it is made and whether or not it is needed."""
    blueprint = drawn.plan(entry__startups=0.4)
    straight = Run(blueprint, seed, capacity=50 * blueprint.n_firms + 2000).advance(PERIODS, record=True)
    assert straight.enlarged == 0
    tight = Run(blueprint, seed, capacity=blueprint.n_firms).advance(period, record=True)
    tight.world = enlarge_world(tight.world, tight.world.firms.shape[1] + room)
    tight.advance(PERIODS - period, record=True)
    assert_same_bits(results(straight), results(tight))


def test_worlds_side_by_side():
    """Kernels release the interpreter's lock: worlds advanced at the same time do not disturb each other."""
    blueprint = mixed()
    serial = [Run(blueprint, 3, replicate).advance(40) for replicate in range(4)]
    runs = [Run(blueprint, 3, replicate) for replicate in range(4)]
    waits = [in_background(lambda run=run: run.advance(40)) for run in runs]
    for wait in waits:
        wait()
    for one, other in zip(serial, runs, strict=True):
        assert_same_bits(state_arrays(one.world), state_arrays(other.world))


def test_any_processor(generic):
    """Compiled for a generic x86-64 processor, without the wider vectors of this one."""
    out, cache = generic()
    with np.load(out) as stored:
        theirs = {name: stored[name] for name in stored.files}
    assert_same_bits(fixed_arrays(), theirs)
    compiled = list(cache.glob("*/generic-*/*/technopole_kernels.drive.drive-*.nbc"))
    assert compiled, "the other process did not compile for a generic processor"
