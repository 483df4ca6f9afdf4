"""Experiments: what surrounds the kernels, the executors against each other, memory, and 100,000 replicates.

Usage: python bench/experiments.py [--json FILE] [--replicates N] [--repeats K]. Takes about six minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from technopole.experiments.plan import Plan, make_plan
from technopole.experiments.points import PointWorlds
from technopole.experiments.run import run_experiment
from technopole.experiments.unit_work import compute_unit
from technopole.sweeps.sweep import Sweep
from technopole.world.build import new_problem
from technopole.world.recording import Recording
from technopole_kernels.drive import WHOLE, drive

ROOT = Path(__file__).resolve().parents[1]
STATES = ROOT / "configs/sweeps/feedback.toml"
TWO = {
    "experiment": {"name": "two", "scenario": str(ROOT / "configs/scenarios/two-regions.toml")},
    "output": {"variables": ["firms", "employment", "productivity"], "level": "region"},
}


def two_regions(replicates: int) -> Plan:
    """Plan an experiment of the smallest scenario."""
    content: dict[str, Any] = {**TWO, "experiment": {**TWO["experiment"], "replicates": replicates}}
    return make_plan(Sweep.from_dict(content, ROOT))


def share_of_kernel(plan: Plan, repeats: int) -> float:
    """CPU time of the bare kernels in that of a whole unit with recording, outcomes and statistics."""
    worlds, stop, unit = PointWorlds(plan), np.zeros(1, dtype=np.int64), plan.unit(0)
    point = unit.points[0]
    blueprint, seed = worlds.blueprint(point), worlds.seed(point)
    setting, problem = blueprint.setting(seed), new_problem()
    world = blueprint.new_world(3 * blueprint.n_firms)
    sweep = plan.sweep
    rows = sweep.periods // sweep.output.stride
    records = Recording(sweep.recorded, 1, rows, blueprint.n_regions, blueprint.n_sectors).records(0)
    shares = []
    compute_unit(worlds, unit, stop)
    for _ in range(repeats):
        begin = time.thread_time()
        for replicate in unit.replicates:
            blueprint.start(setting, world, replicate)
            status = drive(
                setting, world, problem, records, sweep.periods, sweep.output.stride, stop, WHOLE, 0, 0
            )
            assert status == 0
        bare = (time.thread_time() - begin) * len(unit.points)
        begin = time.thread_time()
        compute_unit(worlds, unit, stop)
        shares.append(bare / (time.thread_time() - begin))
    return statistics.median(shares)


def executors(repeats: int) -> dict[str, float]:
    """Seconds of the same experiment with each executor: started processes included, but those of a Dask cluster."""
    from distributed import LocalCluster

    plan = make_plan(Sweep.from_toml(STATES, {"experiment.replicates": 32}))
    found: dict[str, list[float]] = {"threads": [], "processes": [], "dask": []}
    with tempfile.TemporaryDirectory() as folder, LocalCluster(dashboard_address="127.0.0.1:0") as cluster:
        for repeat in range(repeats):
            for kind, times in found.items():
                address = cluster.scheduler_address if kind == "dask" else None
                begin = time.perf_counter()
                run_experiment(plan, Path(folder) / f"{kind}{repeat}.zarr", kind, address=address)
                times.append(time.perf_counter() - begin)
    return {f"{kind}_s": statistics.median(times) for kind, times in found.items()}


def child(replicates: int) -> dict[str, float]:
    """Run many replicates of the smallest scenario in a process of their own; seconds and peak memory."""
    program = f"import experiments; experiments.alone({replicates})"
    path = os.pathsep.join([str(ROOT / "bench"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def alone(replicates: int) -> None:
    """What the process of `child` does."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        report = run_experiment(two_regions(replicates), Path(folder) / "two.zarr")
        seconds = time.perf_counter() - begin
    assert report.complete and report.done == replicates
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def main() -> None:
    """Measure everything and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/experiments.json")
    parser.add_argument("--replicates", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    few, many = child(1000), child(options.replicates)
    results: dict[str, float | int | None] = {
        "cores": os.cpu_count(),
        "share_of_kernel_us_states": share_of_kernel(make_plan(Sweep.from_toml(STATES)), 5),
        "share_of_kernel_two_regions": share_of_kernel(two_regions(1024), 5),
        "replicates": options.replicates, "seconds": many["seconds"],
        "peak_mb_1000": few["peak_mb"], "peak_mb": many["peak_mb"],
    } | executors(options.repeats)  # fmt: skip
    options.json.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
