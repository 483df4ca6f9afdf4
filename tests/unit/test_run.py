"""Runs: the same bits for any number of threads, memory, capacity, what stops them."""

import itertools
import signal
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import technopole as tp
from technopole.basics import machine
from technopole.cli.commands_run import _announcement
from technopole.data.loading import load_tables
from technopole.facts.validation_run import measure_all
from technopole.schema import RECORDS
from technopole.schema.entries import counted
from technopole.simulation.ensemble import Ensemble
from technopole.simulation.simulation import Simulation
from technopole.world.build import make_blueprint, world_bytes
from technopole.world.problems import _checked_values
from technopole.world.recording import Recording, recording_bytes
from technopole_kernels import layout

ALL = list(RECORDS)


@pytest.fixture(scope="module")
def config(two_regions):
    changes = {"time.periods": 15, "run.replicates": 7, "output.variables": ALL}
    return tp.Config.from_toml(two_regions, changes)


@pytest.fixture(scope="module")
def results(config):
    return tp.run(config, threads=1)


def same(first, second):
    return first.drop_attrs(deep=False).identical(second.drop_attrs(deep=False))


# ------------------------------------------------------------------------------------------------- same bits


@pytest.mark.parametrize(("threads", "block"), [(2, 0), (3, 2), (7, 1), (16, 0), (2, 100)])
def test_threads_and_blocks_do_not_change_a_bit(config, results, threads, block):
    assert same(tp.run(config.replace({"run.block": block}), threads=threads), results)


@settings(max_examples=10)
@given(replicates=st.integers(1, 9), threads=st.integers(1, 4))
def test_a_replicate_is_the_same_in_every_company(config, results, replicates, threads):
    some = tp.run(config, replicates=replicates, threads=threads)
    common = min(replicates, results.sizes["replicate"])
    both = (ds.isel(replicate=slice(common)) for ds in (some, results))
    assert same(*both)


def test_running_twice_gives_the_same(config, results):
    assert same(tp.run(config), results)


def test_room_does_not_change_a_bit(config, results):
    for slack in (0.0, 4.0):
        assert same(tp.run(config.replace({"capacity.slack": slack})), results)


def test_stride_picks_periods(config, results):
    some = tp.run(config.replace({"output.stride": 4}))
    assert some["time"].values.tolist() == [4, 8, 12]
    assert same(some, results.sel(time=[4, 8, 12]))


def test_chosen_variables_are_those_recorded(config, results):
    chosen = ["wage", "size_distribution"]
    some = tp.run(config.replace({"output.variables": chosen}))
    assert list(some.data_vars) == chosen
    assert "sector" not in some.dims and all(np.array_equal(some[name], results[name]) for name in chosen)


def test_seeds_differ(config, results):
    assert not same(tp.run(config, seed=2), results)


# ------------------------------------------------------------------------------------------- what is given


def test_arguments_come_before_the_configuration(two_regions):
    some = tp.run(two_regions, replicates=2, seed=5, threads=1, periods=3)
    assert dict(some.sizes) == {"replicate": 2, "time": 3, "region": 2, "sector": 3, "size_class": 41}
    assert some.attrs["seed"] == 5


def test_configuration_in_the_results_repeats_them(two_regions, tmp_path):
    some = tp.run(two_regions, replicates=2, seed=5, periods=3)
    path = tmp_path / "again.toml"
    path.write_text(some.attrs["config"], encoding="utf-8")
    assert same(tp.run(path), some)
    assert tp.Config.from_toml(path).digest() == some.attrs["config_digest"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"periods": 0}, "a run needs at least 1 period"),
        ({"replicates": 0}, "run.replicates: found 0"),
        ({"threads": -1}, "^argument threads: run.threads: found -1"),
        ({"data": "nowhere"}, r'^argument data: found nowhere, but data.kind is "embedded"'),
        ({"seed": 2**32}, "run.seed: found 4294967296"),
        ({"seed": 1.5}, "run.seed: found 1.5"),
    ],
)
def test_arguments_outside_their_range_are_refused(config, arguments, message):
    with pytest.raises(tp.ConfigError, match=message):
        tp.run(config, **arguments)


def test_model_has_no_use_for_data_either(config):
    with pytest.raises(tp.ConfigError, match="^argument data: found nowhere"):
        tp.Model(config, data="nowhere")


def test_something_else_than_a_configuration_is_refused():
    with pytest.raises(tp.ConfigError, match="found a value of type dict"):
        tp.run({"time": {"periods": 3}})


# -------------------------------------------------------------------------------------------------- failures


def test_not_finite_is_named_and_nothing_goes_on(config):
    shock = {"instrument": "wage_shock", "value": 10.0, "regions": ["valley"]}
    extreme = config.replace(
        {"policies": [shock], "time.periods": 2000, "labour.growth": 0.0, "run.replicates": 4}
    )
    with pytest.raises(tp.NotFiniteError) as failure:
        tp.run(extreme, threads=2)
    assert str(failure.value).startswith("replicate ") and "region " in str(failure.value)
    assert " became infinite or not a number" in str(failure.value) and failure.value.exit_code == 1


def test_every_value_that_is_checked_has_a_name():
    names = _checked_values()
    assert set(range(layout.C_CHECKED)) <= set(names) and all(names.values())


def test_fixed_capacity_refuses_more_firms(config):
    fixed = config.replace({"capacity.slack": 0.0, "capacity.fixed": True, "time.periods": 60})
    with pytest.raises(tp.TechnopoleError, match=r"firms need room and there is room for 76"):
        tp.run(fixed)


def test_error_in_a_thread_reaches_the_caller(config, monkeypatch):
    def fail(self, replicate):
        raise RuntimeError("made up")

    monkeypatch.setattr(Recording, "make_counts_whole", fail)
    with pytest.raises(RuntimeError, match="made up"):
        tp.run(config, threads=2)


# ---------------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("threads", [1, 2])
def test_error_outside_of_a_replicate_reaches_the_caller(config, monkeypatch, threads):
    def refuse(self, number):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("technopole.simulation.ensemble.Crew.__init__", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        tp.run(config, threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_error_outside_of_a_measured_world_reaches_the_caller(config, monkeypatch, threads):
    def refuse(self):
        raise RuntimeError("out of order")

    monkeypatch.setattr("technopole.facts.validation_run._Worlds.work", refuse)
    with pytest.raises(RuntimeError, match="out of order"):
        measure_all(make_blueprint(config), threads)


def test_run_too_large_is_refused_with_the_figures(config):
    with pytest.raises(tp.ConfigError, match=r"needs about \d.* of memory and .* are available") as failure:
        tp.run(config, replicates=2**32 - 1)
    assert "4,294,967,295 replicates" in str(failure.value) and "run.replicates" in str(failure.value)
    assert failure.value.exit_code == 2


def test_economy_that_outgrows_the_machine_is_stopped(config, monkeypatch):
    monkeypatch.setattr("technopole.world.problems.available_memory", lambda: 1000)
    with pytest.raises(tp.TechnopoleError, match=r"the economy has grown to \d+ firms.* 1 kB are available"):
        tp.run(config.replace({"time.periods": 60, "capacity.slack": 0.0}))


HUGE = {
    "cells": {"cells": [{"region": "r", "sector": "s", "firms": 10**9}]},
    "sectors": {"data": {"scale": 1.0}, "sectors": [{"id": "s", "establishments": 10**9}]},
}


@pytest.mark.parametrize("kind", HUGE)
@pytest.mark.parametrize("start", [tp.run, tp.Model, Simulation, load_tables])
def test_economy_too_large_is_refused_before_its_firms_are_made(kind, start, monkeypatch):
    content = {"regions": [{"id": "r", "x": 0.0, "y": 0.0}], "sectors": [{"id": "s"}], **HUGE[kind]}
    monkeypatch.setattr("technopole.data.draft.available_memory", lambda: 10**10)
    monkeypatch.setattr("technopole.data.draft.draw_employment", None)
    with pytest.raises(
        tp.ConfigError, match=r"needs about \d+ GB .* 10 GB .* 1,000,000,000 firms"
    ) as failure:
        start(tp.Config.from_dict(content))
    assert {"cells": "[[cells]]", "sectors": "data.scale"}[kind] in str(failure.value)
    assert failure.value.exit_code == 2


def test_growth_beyond_memory_is_foreseen(config):
    grows = {"labour.growth": 0.5, "time.periods": 100_000, "output.stride": 100_000, "capacity.fixed": False}
    with pytest.raises(tp.ConfigError, match=r"60 firms, growing by 50 % a period \(labour.growth\)"):
        tp.run(config.replace(grows))
    small = Simulation(config.replace({"labour.growth": 0.0})).worlds_bytes
    assert Simulation(config.replace({"labour.growth": -0.1})).worlds_bytes == small
    assert Simulation(config.replace({**grows, "capacity.fixed": True})).worlds_bytes == small


def test_firms_stay_within_the_capacity_foreseen(config):
    growing = Simulation(config.replace({"labour.growth": 0.05, "time.periods": 60}))
    firms = growing.run().firms.sum(["region", "sector"])
    assert growing.blueprint.capacity < firms.max() < growing.blueprint.final_capacity


def test_run_is_refused_before_memory_is_taken(config, monkeypatch):
    monkeypatch.setattr("technopole.simulation.simulation.available_memory", lambda: 1000)
    monkeypatch.setattr("technopole.simulation.simulation.Recording", None)
    with pytest.raises(tp.ConfigError, match="1 kB are available"):
        tp.run(config)
    monkeypatch.setattr("technopole.simulation.simulation.available_memory", lambda: None)
    with pytest.raises(TypeError):
        tp.run(config)


def test_predicted_memory_is_what_is_taken(config):
    simulation = Simulation(config)
    recording = Recording(ALL, 7, 15, 2, 3)
    taken = sum(getattr(recording, name).nbytes for name in ("_cells", "_regions", "_sectors", "_sizes"))
    assert simulation.output_bytes == recording_bytes(ALL, 7, 15, 2, 3) == taken
    blueprint = make_blueprint(config)
    world = blueprint.new_world(100_000)
    taken = sum(array.nbytes for array in world)
    assert world_bytes(100_000, 2, 3) == pytest.approx(taken, rel=0.02)


def test_memory_does_not_grow_with_the_replicates(config):
    blueprint = make_blueprint(config.replace({"run.replicates": 60, "run.block": 1}))
    small = Recording(["wage"], 60, 15, 2, 3)
    Ensemble(blueprint, small, machine.Threads(2, "two")).run()
    tracemalloc.start()
    try:
        peaks = []
        for replicates in (4, 60):
            config_ = config.replace({"run.replicates": replicates})
            recording = Recording(["wage"], replicates, 15, 2, 3)
            ensemble = Ensemble(make_blueprint(config_), recording, machine.Threads(2, "two"))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            ensemble.run()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    # a world of 82 firms is some 400 kB, mostly buffers; 56 more of them would be 20 MB
    assert peaks[1] < peaks[0] + 1_000_000


# ------------------------------------------------------------------------------------------------- interrupt


def test_interrupt_stops_all_threads(config):
    long = config.replace({"time.periods": 1_000_000, "output.stride": 1_000_000, "labour.growth": 0.0})
    simulation = Simulation(long.replace({"output.variables": ["wage"], "run.threads": 2}))
    begin = time.monotonic()

    def report(progress):
        if progress.periods_done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulation.run(report)
    assert time.monotonic() - begin < 5.0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("technopole")]


def test_of_several_failures_the_first_is_said(config, monkeypatch):
    """Also if another thread has failed before; what comes behind a failure is not begun."""
    begun = []

    def fail(_blueprint, _setting, world, _records, _until, _stride, stop, _crew):
        replicate = int(world.clock[layout.REPLICATE])
        begun.append(replicate)
        time.sleep(0.3 if replicate == 0 else 0.0)
        if stop[0] != 0:
            return world, False
        raise tp.TechnopoleError(f"replicate {replicate} fails")

    monkeypatch.setattr("technopole.simulation.ensemble.advance", fail)
    with pytest.raises(tp.TechnopoleError, match="replicate 0 fails"):
        tp.run(config.replace({"run.replicates": 6, "run.threads": 2}))
    assert set(begun) <= {0, 1, 2}


def test_ctrl_c_in_a_host_program_is_its_own_affair(two_regions, environment):
    program = (
        "import signal, technopole as tp\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
        "config = tp.Config.from_toml(%r, {'time.periods': 1000000, 'output.stride': 1000000, 'labour.growth': 0.0})\n"
        "try:\n"
        "    tp.run(config, progress=lambda p: print('at work', flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    print('caught')\n"
        "assert before == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]\n"
    ) % str(two_regions)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "at work\n"
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert rest.endswith("caught\n") and process.returncode == 0, errors
    assert time.monotonic() - begin < 3.0


def test_progress_ends_complete(config):
    seen = []
    tp.run(config, progress=seen.append)
    assert seen[-1] == (7, 7, 105, 105)
    assert all(a.periods_done <= b.periods_done for a, b in itertools.pairwise(seen))


# --------------------------------------------------------------------------------------- threads and machine


def test_threads_follow_the_scheduler(monkeypatch):
    for name in ("SLURM_CPUS_PER_TASK", "NCPUS", "PBS_JOBID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "_processor_quota", lambda: None)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3, 4})
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert machine.choose_threads(0, 100, 60) == (5, "affinity: 5 of 8 processors", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert machine.choose_threads(0, 100, 60) == (5, "all available processors", 1)
    assert machine.choose_threads(3, 100, 60) == (3, "as asked for", 1)
    assert machine.choose_threads(0, 2, 60) == (2, "one for each replicate", 1)
    shared = machine.choose_threads(0, 2, machine.LARGE_WORLD)
    assert shared == (4, "all available processors; 2 for each world", 2) and shared.worlds == 2
    monkeypatch.setattr(machine, "_processor_quota", lambda: 2)
    assert machine.choose_threads(0, 100, 60) == (2, "quota of the container", 1)
    monkeypatch.setenv("NCPUS", "6")
    assert machine.choose_threads(0, 100, 60).number == 2
    monkeypatch.setenv("PBS_JOBID", "12.host")
    assert machine.choose_threads(0, 100, 60) == (2, "NCPUS=6 of the PBS job, but quota of the container", 1)
    monkeypatch.setattr(machine, "_processor_quota", lambda: None)
    monkeypatch.setenv("NCPUS", "4")
    assert machine.choose_threads(0, 100, 60) == (4, "NCPUS=4 of the PBS job", 1)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert machine.choose_threads(0, 100, 60) == (3, "SLURM_CPUS_PER_TASK=3", 1)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "7")
    reason = "SLURM_CPUS_PER_TASK=7, but all available processors"
    assert machine.choose_threads(0, 100, 60) == (5, reason, 1)
    assert machine.choose_threads(9, 100, 60) == (9, "as asked for", 1)


def test_limits_of_control_groups(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    job = tmp_path / "slurm" / "job_1"
    job.mkdir(parents=True)
    texts = {
        "/proc/self/cgroup": "0::/slurm/job_1\n",
        "/proc/meminfo": "MemTotal: 9\nMemAvailable: 4000 kB\n",
    }
    real = machine._text
    monkeypatch.setattr(machine, "_text", lambda path: texts.get(str(path)) or real(path))
    assert machine.available_memory() == 4000 * 1024 and machine._processor_quota() is None
    (job / "memory.max").write_text("3000000\n")
    (job / "memory.current").write_text("1500000\n")
    (job / "memory.stat").write_text("anon 5\ninactive_file 500000\n")
    (job / "cpu.max").write_text("max 100000\n")
    assert machine.available_memory() == 2000000 and machine._processor_quota() is None
    (job.parent / "memory.max").write_text("1800000\n")
    (job.parent / "memory.current").write_text("1500000\n")
    (job.parent / "cpu.max").write_text("150000 100000\n")
    assert machine.available_memory() == 300000 and machine._processor_quota() == 2


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (24.9e9, "24.9 GB"), (3.2e15, "3,200 TB")],
)
def test_memory_for_people(amount, text):
    assert machine.readable_bytes(amount) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 firms"), (1, "1 firm"), (1000, "1,000 firms")])
def test_one_is_singular(number, text):
    assert counted(number, "firm") == text


def test_one_replicate_of_one_world_is_announced_as_such(two_regions):
    one = Simulation(tp.Config.from_toml(two_regions, {"run.replicates": 1, "time.periods": 1}))
    assert "60 firms · 1 replicate × 1 period · 1 thread (" in _announcement(one, "a")


def test_progress_is_told_to_functions(config):
    with pytest.raises(tp.ConfigError, match="progress: found 3; allowed: a function"):
        tp.run(config, progress=3)
