"""How the time of a period grows: with firms, threads, worlds, regions. Writes a JSON file and a picture.

Usage: python bench/scaling.py [--quick] [--json FILE] [--image FILE] [--most FIRMS] [--only NAME]. Takes about fifteen
minutes on two cores and 12 GB of memory with 50 million firms, four with --quick. Times are the least of some periods,
wall-clock: a shared machine can only add to them.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from technopole.basics.machine import available_memory, readable_bytes
from technopole.cli.bench_machine import describe_machine
from technopole.config.config import Config
from technopole.world.build import Blueprint, make_blueprint, new_problem
from technopole.world.crew import Crew
from technopole.world.recording import Recording

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ["firms", "employment", "productivity"]
FIRMS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 50_000_000)
QUICK_FIRMS = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)
REGIONS = (10, 50, 200, 1_000, 5_000)
WORLDS = (1, 2, 4, 8, 16)
BYTES = 235
"""Memory that is needed for a firm, with some room."""


def plan(firms: int, regions: int, sectors: int, **more: Any) -> Blueprint:
    """Made-up economy with spillover to some 35 regions."""
    return make_blueprint(
        Config.from_dict(
            {
                "data": {"kind": "synthetic"},
                "synthetic": {"firms": firms, "regions": regions, "sectors": sectors, **more},
                "spillover": {"distance_decay": 50.0},
                "output": {"variables": OUTPUT},
            }
        )
    )


class Runner:
    """One world, advanced period by period."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint, self.setting = blueprint, blueprint.setting(seed=1)
        self.world = blueprint.new_world(int(blueprint.n_firms * 1.3) + 64)
        self.problem, self.stop = new_problem(), np.zeros(1, dtype=np.int64)
        self.records = Recording(OUTPUT, 1, 64, blueprint.n_regions, blueprint.n_sectors).records(0)
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self.blueprint.start(self.setting, self.world, 0)
        self.period = 0

    def advance(self, crew: Crew, periods: int) -> int:
        """Advance; returns the firms worked on, of some periods as the mean of the first and the last."""
        firms = int(self.world.offsets[-1])
        self.period += periods
        status = crew.advance(self.setting, self.world, self.problem, self.records, self.period, 1, self.stop)
        if status != 0:
            raise RuntimeError(f"period {self.period} ended with status {status}")
        return (firms + int(self.world.offsets[-1])) * periods // 2

    def ns(self, threads: int, seconds: float) -> float:
        """Nanoseconds per firm and period: the least of what fits into the seconds, and of three periods at least."""
        crew, times, begin = Crew(threads), [], time.perf_counter()
        at_once = max(1, min(8, 20_000 // self.blueprint.n_firms))
        while len(times) < 3 or time.perf_counter() - begin < seconds:
            if self.period + at_once > 40:
                self.start()
            before = time.perf_counter()
            firm_periods = self.advance(crew, at_once)
            times.append((time.perf_counter() - before) / firm_periods * 1e9)
        crew.close()
        return min(times)


def by_firms(options: argparse.Namespace, threads: int) -> list[dict[str, float]]:
    """Cells of about 200 firms where there are many: firms, one thread, several threads, building."""
    rows = []
    for firms in QUICK_FIRMS if options.quick else FIRMS:
        needed, available = firms * BYTES, available_memory() or 0
        if firms > options.most:
            continue
        if needed > available:
            say(
                f"firms {firms:,}: left out; {readable_bytes(needed)} needed, {readable_bytes(available)} there"
            )
            continue
        sectors, regions = (
            (20, min(5_000, max(2, firms // 4_000))) if firms >= 100_000 else (6, max(2, firms // 1_200))
        )
        begin = time.perf_counter()
        runner = Runner(plan(firms, regions, sectors))
        built = time.perf_counter() - begin
        seconds = 1.0 if options.quick else 3.0
        row = {"firms": firms, "regions": regions, "sectors": sectors, "build_ns": built / firms * 1e9}
        row["ns_1"] = runner.ns(1, seconds)
        if threads > 1:
            row[f"ns_{threads}"] = runner.ns(threads, seconds)
        rows.append(row)
        say(json.dumps(row))
        del runner
        gc.collect()
    return rows


def by_regions(options: argparse.Namespace) -> list[dict[str, float]]:
    """The same number of firms in more and more regions; spillover is sparse. Equal and with one of a tenth."""
    rows, firms = [], 500_000 if options.quick else 1_000_000
    for regions in REGIONS:
        row: dict[str, float] = {"regions": regions, "firms": firms, "sectors": 20}
        for name, sizes in (
            ("ns_1", {"sizes": "equal"}),
            ("ns_1_largest_tenth", {"sizes": "zipf", "largest": 0.1}),
        ):
            runner = Runner(plan(firms, regions, 20, **sizes))
            row[name] = runner.ns(1, 1.0 if options.quick else 2.0)
            row["reached"] = runner.blueprint.constants.proximity.size / regions
            del runner
        rows.append(row)
        say(json.dumps(row))
    return rows


def by_worlds(options: argparse.Namespace, threads: int) -> list[dict[str, float]]:
    """Several worlds of 20,000 firms at a time on all threads, wall-clock."""
    rows = []
    blueprint = plan(20_000, 48, 6)
    for worlds in WORLDS[:4] if options.quick else WORLDS:
        runners = [Runner(blueprint) for _ in range(worlds)]
        crews = [Crew(1) for _ in runners]

        def run(pair: tuple[Runner, Crew]) -> int:
            runner, crew = pair
            runner.start()
            return sum(runner.advance(crew, 10) for _ in range(2))

        times = []
        with ThreadPoolExecutor(min(threads, worlds)) as pool:
            for _ in range(4 if options.quick else 8):
                begin = time.perf_counter()
                firm_periods = sum(pool.map(run, zip(runners, crews, strict=True)))
                times.append((time.perf_counter() - begin) / firm_periods * 1e9)
        rows.append({"worlds": worlds, "threads": min(threads, worlds), "ns": min(times)})
        say(json.dumps(rows[-1]))
    return rows


MOST_SHOWN = 160.0
"""Nanoseconds; what takes longer is in the file and not in the panel of firms."""


def draw(results: dict[str, Any], path: Path) -> None:
    """Three panels: firms, regions, worlds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    threads = results["threads"]
    panels = (
        (axes[0], "firms", "Firms of one world",
         [("ns_1", "one thread"), (f"ns_{threads}", f"{threads} threads, wall-clock")]),
        (axes[1], "regions", "Regions",
         [("ns_1", "equal regions"), ("ns_1_largest_tenth", "one with a tenth of all firms")]),
        (axes[2], "worlds", "Worlds of 20,000 firms at a time", [("ns", "wall-clock, all threads")]),
    )  # fmt: skip
    for axis, key, title, lines in panels:
        rows = results[key]
        for (name, label), colour in zip(lines, ("#20639b", "#d1495b"), strict=False):
            points = [(row[key], row[name]) for row in rows if name in row]
            if points:
                axis.plot(*zip(*points, strict=True), "o-", color=colour, label=label, markersize=4)
        axis.set_xscale("log")
        axis.set_ylim(
            bottom=0, top=MOST_SHOWN if key == "firms" else None
        )  # threads of a tiny world only wait
        if key == "worlds":
            axis.set_xticks([row[key] for row in rows], [f"{row[key]}" for row in rows], minor=False)
            axis.minorticks_off()
        axis.set_title(title, loc="left", fontsize=11)
        axis.set_xlabel(key)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        if axis.lines:
            axis.legend(frameon=False, fontsize=9)
    axes[0].set_ylabel("nanoseconds per firm and period")
    if results["firms"]:
        world = results["bytes_per_firm"]
        top = axes[0].get_ylim()[1]
        for name, size in results["machine"]["caches"].items():
            unit = {"K": 2**10, "M": 2**20}.get(size[-1:], 0)
            firms = int(size[:-1]) * unit / world if unit and size[:-1].isdigit() else 0
            if name != "L1" and axes[0].get_xlim()[0] < firms < axes[0].get_xlim()[1]:
                axes[0].axvline(firms, color="#888888", linewidth=0.8, linestyle=":")
                axes[0].text(firms, 0.02 * top, f" {name} full", fontsize=8, color="#666666")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def say(text: str) -> None:
    """Progress, to standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller worlds")
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/scaling.json")
    parser.add_argument("--image", type=Path, default=ROOT / "docs/images/scaling.png")
    parser.add_argument("--most", type=int, default=50_000_000, help="largest number of firms")
    parser.add_argument(
        "--only", choices=("firms", "regions", "worlds"), action="append", help="keep the others"
    )
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw what is in the file")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = () if options.draw else options.only or ("firms", "regions", "worlds")
    results: dict[str, Any] = {"firms": [], "regions": [], "worlds": []}
    if (options.only or options.draw) and options.json.exists():
        results = json.loads(options.json.read_text())
    if not options.draw:
        sample = plan(100_000, 50, 20)
        one_world = sample.new_world(sample.n_firms)
        held = sum(
            getattr(one_world, name).nbytes
            for name in ("firms", "next", "identity", "age", "tie", "load", "fate")
        )
        results |= {
            "machine": describe_machine(), "threads": threads, "quick": options.quick,
            "bytes_per_firm": held / sample.n_firms,
        }  # fmt: skip
        Runner(sample).advance(Crew(1), 1)  # compiled
    if "firms" in wanted:
        results["firms"] = by_firms(options, threads)
    if "regions" in wanted:
        results["regions"] = by_regions(options)
    if "worlds" in wanted:
        results["worlds"] = by_worlds(options, threads)
    if not options.draw:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    draw(results, options.image)


if __name__ == "__main__":
    main()
