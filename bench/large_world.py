"""One large world on one thread and on several: time of a period, memory, and whether the bits are the same.

Usage: python bench/large_world.py [--data DIR] [--firms N] [--periods T] [--threads K] [--repeats N]
[--precision float32] [--json FILE]. With the folder
of public statistics (docs/DATA.md) it is every metropolitan establishment of the United States, else a made-up economy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np

from economy import make_config, make_records
from technopole.config.resolve import resolve_config
from technopole.world.build import Blueprint, make_blueprint, new_problem
from technopole.world.crew import Crew
from technopole_kernels.types import World

ROOT = Path(__file__).resolve().parents[1]
METROS = ROOT / "configs/scenarios/us-metros.toml"


def load(options: argparse.Namespace) -> tuple[Blueprint, float]:
    """Load or make up the economy; returns it and the seconds it took."""
    begin = time.perf_counter()
    if options.data:
        config = resolve_config(METROS, data=options.data, more={"data.scale": 1.0})
    else:
        config = make_config(regions=200, sectors=40, firms=options.firms)
    config = config.replace({"run.precision": options.precision})
    return make_blueprint(config), time.perf_counter() - begin


def count_firms(blueprint: Blueprint, world: World, periods: int) -> int:
    """Firms of all periods together; what runs is compiled then, and all pages are there."""
    setting, stop, firms = blueprint.setting(seed=1), np.zeros(1, dtype=np.int64), 0
    blueprint.start(setting, world, 0)
    records, crew = make_records(blueprint, periods), Crew(1)
    for period in range(1, periods + 1):
        firms += int(world.offsets[-1])
        crew.advance(setting, world, new_problem(), records, period, 1, stop)
    return firms


def run(blueprint: Blueprint, world: World, threads: int, periods: int, firms: int) -> dict[str, object]:
    """Run a world from its start in one call; returns nanoseconds per firm and period and a digest of the outcome."""
    setting, problem, stop = blueprint.setting(seed=1), new_problem(), np.zeros(1, dtype=np.int64)
    begin = time.perf_counter()
    blueprint.start(setting, world, 0)
    start = time.perf_counter() - begin
    records, crew = make_records(blueprint, periods), Crew(threads)
    begin = time.perf_counter()
    status = crew.advance(setting, world, problem, records, periods, 1, stop)
    seconds = time.perf_counter() - begin
    crew.close()
    if status != 0:
        raise RuntimeError(f"the run ended with status {status}")
    living = int(world.offsets[-1])
    digest = hashlib.sha256(np.ascontiguousarray(world.firms[:, :living]).tobytes())
    digest.update(records.cells.tobytes() + records.sizes.tobytes())
    return {"threads": threads, "start_s": start, "ns": seconds / firms * 1e9, "digest": digest.hexdigest()}


def main() -> None:
    """Measure in turn and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of public statistics")
    parser.add_argument("--firms", type=int, default=2_000_000)
    parser.add_argument("--periods", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64")
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/large_world.json")
    options = parser.parse_args()
    blueprint, load_s = load(options)
    capacity = int(blueprint.n_firms * 1.2)
    world = blueprint.new_world(capacity)
    firms = count_firms(blueprint, world, options.periods)
    runs = [
        run(blueprint, world, threads, options.periods, firms)
        for threads in (1, options.threads) * options.repeats
    ]
    if len({one["digest"] for one in runs}) != 1:
        raise SystemExit("the bits depend on the number of threads")
    alone, shared = (
        statistics.median(float(one["ns"]) for one in runs if one["threads"] == n)
        for n in (1, options.threads)
    )
    results = {
        "firms": blueprint.n_firms, "regions": blueprint.n_regions, "sectors": blueprint.n_sectors,
        "precision": options.precision,
        "load_s": load_s, "start_s": min(one["start_s"] for one in runs), "threads": options.threads,
        "ns_one_thread": alone, "ns_threads": shared, "speedup": alone / shared,
        "bytes_per_firm": blueprint.world_bytes(blueprint.capacity) / blueprint.n_firms,
    }  # fmt: skip
    options.json.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
