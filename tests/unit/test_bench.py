"""The benchmarks as programs: what they count, how they compare, what they refuse."""

import ast
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from technopole.cli import bench_stages
from technopole.cli.bench_machine import describe_machine
from technopole.cli.bench_runs import Bench, made_up, start_times, summarised
from technopole.cli.commands_bench import BenchOptions, bench
from technopole.config.config import Config
from technopole.errors import ConfigError, OutputError
from technopole_kernels import drive, layout, parts, period, sweeps

ROOT = Path(__file__).resolve().parents[2]


def script(name):
    """A program of bench/ as a module."""
    specification = importlib.util.spec_from_file_location(name, ROOT / f"bench/{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compare():
    return script("compare")


# --------------------------------------------------------------------------------------------- the command


def test_an_economy_is_measured():
    small = Bench(made_up("caches", 500))
    assert small.blueprint.n_firms == 500 and small.periods == 200 and small.runs == 4
    small.periods, small.runs = 3, 2
    times = small.one_thread(2)
    assert len(times) == 2 and all(0.0 < ns < 1e6 for ns in times)
    assert small.start_ns(1) > 0.0 and small.bytes_per_firm() > 100.0
    assert small.one_world(2, 1)[0] > 0.0 and small.all_threads(2, 1)[0] > 0.0


def test_small_economies_are_run_again_in_place_of_for_thousands_of_periods(two_regions):
    small = Bench(Config.from_toml(two_regions))
    assert small.blueprint.n_firms == 60 and small.periods == 200 and small.runs == 34
    usual = Bench(made_up("caches"))
    assert usual.periods == 20 and usual.runs == 1
    small.periods, small.runs = 4, 1
    once = small.world().count()
    small.runs = 3
    runner = small.world()
    assert runner.count() == 3 * once and runner.run(time.perf_counter) > 0.0


def test_median_and_range():
    row = summarised("a", [3.0, 1.0, 2.0], "s")
    assert (row.value, row.low, row.high) == (2.0, 1.0, 3.0)


def test_machine_is_described():
    machine = describe_machine()
    assert json.dumps(machine)
    assert machine["processor"] and machine["cores"] >= 1 and len(machine["kernels"]) == 64


def test_bench_prints_and_writes(tmp_path, two_regions, capsys, monkeypatch):
    monkeypatch.setattr("technopole.cli.bench_runs.FIRM_PERIODS", 100)
    file = tmp_path / "bench.json"
    bench(BenchOptions(config=two_regions, repeats=1, threads=1, json=file, quiet=True))
    shown = capsys.readouterr()
    assert "two-regions: period" in shown.out and "ns per firm and period" in shown.out and not shown.err
    content = json.loads(file.read_text())
    assert content["machine"]["technopole"] and len(content["configs"]["two-regions"]) == 64
    period = content["measured"][0]
    assert period["low"] <= period["value"] <= period["high"]
    with pytest.raises(OutputError, match="is there already; --overwrite"):
        bench(BenchOptions(config=two_regions, json=file))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": 0}, "--repeats: found 0; allowed: at least 1"),
        ({"threads": 0}, "--threads: found 0"),
        ({"large": 5}, "--large: found 5"),
        ({"assignments": ("a.b=1",)}, "--set: allowed: only with a CONFIG"),
        ({"config": Path("none.toml")}, "none.toml: no such file"),
        ({"json": Path("nowhere/at/all.json")}, "there is no folder"),
    ],
)
def test_bench_refuses(options, message):
    with pytest.raises(ConfigError, match=message):
        bench(BenchOptions(**options))


# ----------------------------------------------------------------------------------------------- the stages


def calls_of(module):
    """Names of the stages that a module calls as statements of their own."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {
        node.value.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
    }


def test_clocks_stand_behind_every_stage():
    clocks = bench_stages._Clocks()
    clocks._copy(drive.run_periods)
    in_order = {name.py_func.__name__ for name in clocks._copies}
    timed = {name for _, name in clocks.names}
    wanted = calls_of(sweeps) | calls_of(parts) | calls_of(period)
    assert len(timed) > 40
    assert wanted - in_order - {"rest"} <= timed  # which is for hosts that look at a world in between


def test_every_module_of_the_kernels_has_a_mechanism():
    clocks = bench_stages._Clocks()
    clocks._copy(drive.run_periods)
    assert {module for module, _ in clocks.names} <= set(bench_stages.MECHANISMS)


@pytest.mark.slow
def test_the_copy_does_what_the_period_does_and_the_times_add_up():
    from technopole.world.build import make_blueprint

    config = made_up("caches", 5000)
    times = bench_stages.measure_stages(make_blueprint(config), periods=5, repeats=5)
    total = sum(row.ns for row in times.rows)
    assert 0.5 * times.period_ns < total < 1.2 * times.period_ns
    sums = dict(bench_stages.by_mechanism(times))
    assert sum(sums.values()) == pytest.approx(total)
    assert sums["market: prices, fitness, shares"] > 0.0


# ------------------------------------------------------------------------------------------ base against head


def test_ratio_and_its_interval(compare):
    same = compare.ratio_of([(1.0, 1.1), (2.0, 1.9), (1.0, 1.0), (1.0, 1.0)])
    assert same["low"] < 1.0 < same["high"] and not compare.is_slower(same, 1.0)
    slow = compare.ratio_of([(1.0, 1.3), (2.0, 2.5), (1.0, 1.25), (1.5, 1.9)])
    assert slow["ratio"] == pytest.approx(1.27, abs=0.01)
    assert compare.is_slower(slow, 1.05) and not compare.is_slower(slow, 1.3)


def test_unknown_revision_is_refused():
    command = [sys.executable, ROOT / "bench/compare.py", "no-such-revision"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "no-such-revision: no such revision" in done.stderr
    assert "Traceback" not in done.stderr


# -------------------------------------------------------------------------------------------------- roofline


def test_rows_that_the_sweeps_touch_are_found():
    roofline = script("roofline")
    traffic = roofline.Traffic()
    found = traffic.find()
    assert set(found) == set(roofline.SWEEPS)
    share, technology = ("firms", layout.F_SHARE), ("firms", layout.F_TECHNOLOGY)
    assert share in found["SUM"]["read"] and not found["SUM"]["written"]
    assert technology in found["LEARN"]["read"] and technology not in found["LEARN"]["written"]
    assert ("identity", layout.NOW) in found["LEARN"]["read"]
    assert any(name == "next" for name, _ in found["LEARN"]["written"])
    assert 0.0 < found["FOUND"]["share"] < 0.5
    by_sweep = roofline.bytes_per_firm(found, traffic.world)
    total = sum(sum(row.values()) for row in by_sweep.values())
    assert 200.0 < total < 1000.0


def test_operations_are_counted():
    roofline = script("roofline")
    roofline.Counting.counts = {}
    values = np.arange(1.0, 11.0).view(roofline.Counting)
    out = np.zeros(10).view(roofline.Counting)
    np.divide(values, 2.0, out=out, where=values > 3.0)
    assert isinstance(np.where(values > 5.0, np.exp(values), 0.0) + 1.0, roofline.Counting)
    assert roofline.Counting.counts == {
        "root and division": 10,
        "compare and select": 30,
        "exponential, logarithm": 10,
        "arithmetic": 10,
    }


def test_a_run_begins_after_the_import_and_python():
    python, package, run = (measured.value for measured in start_times(1))
    assert 0.0 < python < package < run < 120.0  # it may have to compile
