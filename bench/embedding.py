"""Measure what embedding costs and write it to bench/results/embedding.json.

Usage: python bench/embedding.py [--json FILE] [--repeats N]. Times are CPU seconds of the calling thread, least of
several repeats; overhead is the difference between single steps and one call for the same periods of the same world.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "examples")]

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

import technopole as tp  # noqa: E402
from economy import make_config  # noqa: E402
from technopole_kernels import entry_points  # noqa: E402

BARS = {
    "step_overhead_us": 20.0,
    "view_us": 5.0,
    "firm_view_us": 5.0,
    "set_policy_ms": 5.0,
    "set_policy_by_sector_ms": 5.0,
}
"""At most; and jitted_host_percent at least 95, growth of memory about nothing."""


def small() -> tp.Config:
    """Two regions, three sectors, 60 firms, none of them more with time."""
    scenario = ROOT / "configs/scenarios/two-regions.toml"
    return tp.Config.from_toml(scenario, {"labour.growth": 0.0, "run.threads": 1})


def least(function: Callable[[], object], calls: int, repeats: int) -> float:
    """Return microseconds a call."""
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        for _ in range(calls):
            function()
        times.append((time.thread_time() - start) / calls * 1e6)
    return min(times)


def measure_steps(repeats: int, periods: int = 500) -> dict[str, float]:
    """Single steps from Python against one call, of the same periods."""
    model = tp.Model(small())
    model.step()
    snapshot = model.snapshot()
    single, together = [], []
    for _ in range(repeats):
        model.restore(snapshot)
        start = time.thread_time()
        for _ in range(periods):
            model.step()
        single.append((time.thread_time() - start) / periods * 1e6)
        model.restore(snapshot)
        start = time.thread_time()
        model.step(periods)
        together.append((time.thread_time() - start) / periods * 1e6)
    return {
        "step_us": min(single),
        "native_step_us": min(together),
        "step_overhead_us": min(single) - min(together),
        "step_of_nothing_us": least(lambda: model.step(0), 2_000, repeats),
        "advance_of_nothing_us": least(lambda: entry_points.advance(model.address, 0), 5_000, repeats),
    }


def measure_access(repeats: int) -> dict[str, float]:
    """Views, records, labels."""
    model = tp.Model(small())
    model.step()
    return {
        "view_us": least(lambda: model["wage"], 5_000, repeats),
        "cell_view_us": least(lambda: model["reputation"], 5_000, repeats),
        "firm_view_us": least(lambda: model["share"], 5_000, repeats),
        "record_us": least(lambda: model.record("firms"), 5_000, repeats),
        "get_us": least(lambda: model.get("wage"), 200, repeats),
        "set_us": least(lambda: model.set("wage", 1.0, region="valley"), 500, repeats),
    }


def measure_policy(repeats: int) -> dict[str, float]:
    """Labelled policies of 383 regions over 50 years."""
    config = make_config(regions=383, sectors=3, firms=4_000)
    model = tp.Model(config)
    names = {"time": np.arange(1, 51), "region": model.region_ids[::-1]}
    by_region = xr.DataArray(np.full((50, 383), 0.1), names, ("time", "region"))
    by_sector = by_region.expand_dims(sector=model.sector_ids).copy()
    return {
        "set_policy_ms": least(lambda: model.set_policy("services", by_region), 5, repeats) / 1e3,
        "set_policy_by_sector_ms": least(lambda: model.set_policy("rd_subsidy", by_sector), 5, repeats) / 1e3,
    }


def measure_memory(steps: int = 10_000) -> dict[str, float]:
    """Growth of Python's allocations and of the process over many steps that read, write and set policies."""
    model = tp.Model(small())
    model.step()

    def move(count: int) -> None:
        snapshot = model.snapshot()
        for number in range(count):
            model["wage"] *= 1.0
            model["share"].sum()
            model.record("sales")
            if number % 100 == 0:
                model.set_policy("services", [0.0, 0.1])
                model.restore(snapshot)
            model.step()
        model.restore(snapshot)

    tracemalloc.start()
    move(steps)
    gc.collect()  # Python's lists of free objects too
    before, peak = tracemalloc.get_traced_memory()[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    move(steps)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return {
        "steps": steps,
        "python_bytes_grown": grown,
        "process_peak_kb_grown": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak,
    }


def measure_host(repeats: int) -> dict[str, float]:
    """Speed inside the jitted macro model of the example, against technopole alone."""
    import jitted_macro_model as example

    config, periods, alone, together = example.economy(), 60, [], []
    example.couple(tp.Model(config), 2)
    for _ in range(repeats):
        host, native = tp.Model(config), tp.Model(config)
        start = time.thread_time()
        example.couple(host, periods)
        together.append((time.thread_time() - start) / host.record("firms").sum())
        start = time.thread_time()
        native.step(periods)
        alone.append((time.thread_time() - start) / native.record("firms").sum())
    return {"jitted_host_percent": 100 * min(alone) / min(together)}


def measure_group(repeats: int, models: int = 64, periods: int = 50) -> dict[str, float]:
    """Many small worlds stepped together on one thread, against the same periods in one call."""
    group = tp.Model.many(small(), models, threads=1)
    group.step()
    snapshots = [model.snapshot() for model in group]
    single, together = [], []
    for _ in range(repeats):
        for times, steps in ((single, [1] * periods), (together, [periods])):
            for model, snapshot in zip(group, snapshots, strict=True):
                model.restore(snapshot)
            start = time.thread_time()
            for n in steps:
                group.step(n)
            times.append((time.thread_time() - start) / periods / models * 1e6)
    return {
        "group_step_us": min(single),
        "group_native_us": min(together),
        "group_percent": 100 * min(together) / min(single),
    }


def main() -> None:
    """Measure everything and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/embedding.json")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    results: dict[str, float] = {}
    for measure in (measure_steps, measure_access, measure_policy, measure_host, measure_group):
        results |= measure(options.repeats)
    results |= measure_memory()
    for name, value in results.items():
        bar = f"  (at most {BARS[name]:g}: {'yes' if value <= BARS[name] else 'NO'})" if name in BARS else ""
        print(f"{name:26} {value:12.3f}{bar}")
    rounded = {name: round(value, 3) for name, value in results.items()}
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    options.json.write_text(
        json.dumps({"machine": machine, "bars": BARS, **rounded}, indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
