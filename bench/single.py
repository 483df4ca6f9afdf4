"""Worlds of float32 against worlds of float64, in turn in one process: processor time of one thread.

Usage: python bench/single.py [--quick] [--json FILE]. Medians of the time of a period, without the start; every ratio
is of measurements made in turn, so that what else the machine does hits both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from economy import Runner, make_config
from technopole.world.build import world_bytes

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ((48, 6, 20_000), (10, 5, 10_000), (24, 6, 30_000), (100, 10, 200_000), (200, 40, 2_000_000))
"""Regions, sectors, firms; the last one in a few periods."""
LARGE = 1_000_000
PRECISIONS = ("float64", "float32")


def measure(regions: int, sectors: int, firms: int, repeats: int) -> dict[str, float]:
    """Nanoseconds per firm and period of both, and their ratio."""
    config = make_config(regions=regions, sectors=sectors, firms=firms)
    periods = {"periods": 4} if firms >= LARGE else {}
    runners = {name: Runner(config.replace({"run.precision": name}), **periods) for name in PRECISIONS}
    times: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    for replicate in range(repeats):
        for name, runner in runners.items():
            begin = time.thread_time()
            runner.blueprint.start(runner.setting, runner.world, replicate)
            start = time.thread_time() - begin
            firm_periods = runner.run(replicate)  # starts again, and does all periods
            times[name].append((time.thread_time() - begin - 2.0 * start) / firm_periods * 1e9)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {"regions": regions, "sectors": sectors, "firms": firms, **medians,
            "ratio": medians["float64"] / medians["float32"]}  # fmt: skip


def bytes_per_slot(precision: str) -> float:
    """Memory of a firm slot, apart from what does not grow with the firms."""
    small, large = (world_bytes(firms, 48, 6, precision) for firms in (100_000, 200_000))
    return (large - small) / 100_000


def main() -> None:
    """Measure all shapes and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smaller ones, a few times")
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/single.json")
    options = parser.parse_args()
    shapes, repeats = (SHAPES[:3], 3) if options.quick else (SHAPES, 7)
    rows = []
    for shape in shapes:
        rows.append(measure(*shape, repeats))
        line = "{regions:4d} x {sectors:3d} x {firms:9,d}  {float64:6.1f} {float32:6.1f} ns  {ratio:5.2f}"
        print(line.format(**rows[-1]), flush=True)
    slots = {name: bytes_per_slot(name) for name in PRECISIONS}
    print(", ".join(f"{name}: {number:.0f} bytes per firm slot" for name, number in slots.items()))
    options.json.write_text(json.dumps({"rows": rows, "bytes_per_firm_slot": slots}, indent=2) + "\n")


if __name__ == "__main__":
    main()
