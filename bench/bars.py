"""Measure the bars of speed, memory and start-up in one run and write them to bench/results.

Usage: python bench/bars.py [--json FILE]. Needs the package installed with [dev] and takes about five minutes. Times
are CPU seconds of one thread where nothing is said; every ratio is of medians measured in turn in this run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests")]

import numpy as np  # noqa: E402

import technopole as tp  # noqa: E402
from economy import Runner, make_config  # noqa: E402
from technopole.world.build import world_bytes  # noqa: E402

TWO_REGIONS = ROOT / "configs/scenarios/two-regions.toml"


def measure_period(repeats: int) -> dict[str, float]:
    """Nanoseconds per firm and period of the full model, recording on, one core."""
    runner = Runner(make_config())
    times = []
    for replicate in range(repeats):
        start = time.thread_time()
        firm_periods = runner.run(replicate)
        times.append((time.thread_time() - start) / firm_periods * 1e9)
    return {"period_ns": statistics.median(times), "period_ns_best": min(times)}


def measure_twin(repeats: int) -> dict[str, float]:
    """The vectorised NumPy twin on the same economy: nanoseconds per firm and period."""
    import reference
    from twinning import twin_constants, twin_parameters, twin_policy, twin_state

    runner = Runner(make_config(), periods=1)
    params, constants = twin_parameters(runner.blueprint), twin_constants(runner.blueprint)
    policy = twin_policy(runner.blueprint)
    runner.blueprint.start(runner.setting, runner.world, 0)
    state = twin_state(runner.world)
    times = []
    for _ in range(repeats):
        firms = state["share"].size
        start = time.thread_time()
        state, _ = reference.step(state, params, constants, policy, 7, 0)
        times.append((time.thread_time() - start) / firms * 1e9)
    return {"twin_ns": statistics.median(times)}


def measure_threads(repeats: int) -> dict[str, float]:
    """Wall time of an ensemble on one thread against two."""
    config = make_config()
    tp.run(config, replicates=2, threads=2, periods=5)
    wall: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for threads in (1, 2):
            start = time.perf_counter()
            tp.run(config, replicates=16, threads=threads, periods=60)
            wall[threads].append(time.perf_counter() - start)
    one, two = statistics.median(wall[1]), statistics.median(wall[2])
    return {"threads_1_s": one, "threads_2_s": two, "threads_speedup": one / two}


def measure_memory() -> dict[str, float]:
    """Bytes per firm slot of a world, apart from what does not grow with the firms."""
    small, large = world_bytes(100_000, 48, 6), world_bytes(200_000, 48, 6)
    return {"bytes_per_firm_slot": (large - small) / 100_000}


def wall_time(command: list[str], environment: dict[str, str] | None = None) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    return time.perf_counter() - start


def median_of(function: Callable[[], float], repeats: int) -> float:
    """Median of several measurements."""
    return statistics.median(function() for _ in range(repeats))


def measure_start(repeats: int) -> dict[str, float]:
    """Import, warm command line and cold compilation."""
    python = sys.executable
    bare = median_of(lambda: wall_time([python, "-c", "pass"]), repeats)
    imported = median_of(lambda: wall_time([python, "-c", "import technopole"]), repeats)
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.zarr")
        command = [
            python,
            "-m",
            "technopole",
            "run",
            str(TWO_REGIONS),
            "--out",
            output,
            "--overwrite",
            "--figures",
            str(Path(folder) / "figures"),
        ]
        bare_command = [*command[:-2], "--no-figures"]
        wall_time(command)
        warm = median_of(lambda: wall_time(command), repeats)
        warm_bare = median_of(lambda: wall_time(bare_command), repeats)
        cold = {**os.environ, "TECHNOPOLE_CACHE": str(Path(folder) / "cache")}
        compiled = wall_time([python, "-m", "technopole", "warmup"], cold)
    return {
        "import_s": imported - bare,
        "warm_run_s": warm,
        "warm_run_no_figures_s": warm_bare,
        "cold_warmup_s": compiled,
    }


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/bars.json")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    results: dict[str, object] = {
        "version": tp.__version__, "python": platform.python_version(), "numpy": np.__version__,
        "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
    }  # fmt: skip
    for measure in (measure_period, measure_twin, measure_threads, measure_start):
        results |= measure(options.repeats)
    results |= measure_memory()
    results["ratio_to_twin"] = float(results["twin_ns"]) / float(results["period_ns"])  # type: ignore[arg-type]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=2) + "\n")
    for name, value in results.items():
        print(f"{name:22s} {value:.3f}" if isinstance(value, float) else f"{name:22s} {value}")


if __name__ == "__main__":
    main()
