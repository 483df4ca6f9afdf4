"""The GPU: is it equal to the processor, and how fast is it?

Usage: python bench/gpu.py [--quick] [--seed N] [--cases N] [--only PART,...] [--json FILE]. Parts: equal, copy,
launches, ensemble, large, small. On a machine with a GPU and `technopole[cuda]` it takes some minutes; without one it
says so and ends with exit code 2. `TECHNOPOLE_DEVICE=emulated` with --quick tries the script: then the times mean
nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench")]

import numpy as np  # noqa: E402

import technopole as tp  # noqa: E402
from economy import RECORDED, make_config  # noqa: E402
from gpu_equal import check_equality  # noqa: E402
from gpu_floor import count_bytes  # noqa: E402
from technopole.basics.machine import available_processors  # noqa: E402
from technopole.cli.bench_machine import describe_machine  # noqa: E402
from technopole.device.batch import Batch  # noqa: E402
from technopole.device.fit import device_room, worlds_that_fit  # noqa: E402
from technopole.device.shared import using  # noqa: E402
from technopole.schema import RECORDS  # noqa: E402
from technopole.simulation.simulation import Simulation  # noqa: E402
from technopole.world.build import Blueprint, make_blueprint  # noqa: E402
from technopole.world.recording import Recording  # noqa: E402
from technopole_kernels.grid.launches import PERIOD, count_items  # noqa: E402

PARTS = {
    "equal": "the bits of the processor",
    "copy": "copying within the device, and to and from it",
    "launches": "launches of a period",
    "ensemble": "ensembles",
    "large": "one large world",
    "small": "where the device begins to be faster",
}
GB, COPY_TIMES = 1e9, 10
Device = Any


class Sizes:
    """What is measured; ``--quick`` is for trying the script."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.cases = 3 if quick else 60
        self.copy_bytes = 1 << 20 if quick else 1 << 31
        self.ensemble = (6, 4, 400) if quick else (48, 6, 20_000)
        self.worlds = (1, 3) if quick else (1, 4, 16, 64, 256, 1024, 4096)
        self.periods = 3 if quick else 50
        self.large = (4, 3, 3_000) if quick else (383, 86, 6_870_000)
        self.small = (1, 4) if quick else (1, 4, 16, 64, 256, 1024, 4096, 16_384)
        self.firms = (100, 1_000) if quick else (100, 1_000, 10_000, 100_000, 1_000_000)


# ------------------------------------------------------------------------------------------------------ copying


def measure_copy(device: Device, nbytes: int) -> dict[str, float]:
    """Bytes per second of copies within the device (read and written both count), and to and from it."""
    host = np.ones(nbytes, dtype=np.uint8)
    one, other = device.allocate(nbytes), device.allocate(nbytes)
    found = {}
    try:
        for name, copy in (
            ("to_device", lambda: device.upload(one, host)),
            ("from_device", lambda: device.download(one, host)),
            ("within_device", lambda: copy_within(device, other, one, nbytes)),
        ):
            copy()
            device.synchronize()
            begin = time.perf_counter()
            for _ in range(COPY_TIMES):
                copy()
            device.synchronize()
            seconds = (time.perf_counter() - begin) / COPY_TIMES
            found[f"{name}_GBs"] = (2 if name == "within_device" else 1) * nbytes / seconds / GB
    finally:
        device.release(one)
        device.release(other)
    return found


def copy_within(device: Device, to: int, begin: int, nbytes: int) -> None:
    """Copy from one place of the device to another."""
    if hasattr(device, "_driver"):
        device._call("cuMemcpyDtoDAsync", to, begin, nbytes, 0)
    else:  # emulated
        import ctypes

        ctypes.memmove(to, begin, nbytes)


# ------------------------------------------------------------------------------------------------- worlds, timed


class Timed:
    """As many worlds as asked for, of one configuration, and the seconds of everything that is done with them."""

    def __init__(self, device: Device, config: tp.Config, count: int) -> None:
        self.device, self.count = device, count
        self.blueprint: Blueprint = make_blueprint(config)
        shape = self.blueprint.n_regions, self.blueprint.n_sectors
        self.periods = int(config.time.periods)
        self.recording = Recording(config.output.variables, count, self.periods, *shape)
        self.setting = self.blueprint.setting(int(config.run.seed))
        self.template = self.blueprint.new_world(device_room(self.blueprint))
        self.seconds: dict[str, float] = {}
        self.batch: Batch = self.timed("memory", self._batch)

    def _batch(self) -> Batch:
        return Batch(self.device, self.setting, self.template, self.recording.records(0), self.count)

    def timed(self, name: str, do: Callable[[], Any]) -> Any:
        """Do something and note how long it takes, with everything on the device done before and after."""
        self.device.synchronize()
        begin = time.perf_counter()
        result = do()
        self.device.synchronize()
        self.seconds[name] = time.perf_counter() - begin
        return result

    def start(self) -> None:
        """Put all worlds at their start."""
        staging, batch = self.batch.staging(), self.batch
        batch.status[:], batch.clock[:], batch.stride[:], batch.until[:] = 0, 0, 1, self.periods
        begin = time.perf_counter()
        with ThreadPoolExecutor(available_processors().number) as pool:
            list(pool.map(lambda slot: self._make(staging[slot], slot), range(self.count)))
        middle = time.perf_counter()
        batch.send(0, staging)
        self.seconds["initial_states"], self.seconds["upload"] = middle - begin, time.perf_counter() - middle
        batch.send_control()

    def _make(self, state: np.ndarray, slot: int) -> None:
        self.blueprint.start(self.setting, self.batch.staged(state, self.batch.clock[slot]), slot)

    def run(self) -> dict[str, float]:
        """Do all periods and fetch what was recorded."""
        self.timed("periods", self._periods)
        slots = slice(0, self.count)
        self.timed("fetch_records", lambda: self.batch.fetch_records(0, self.recording.stacked(slots)))
        self.recording.make_counts_whole(slots)
        return self.seconds

    def _periods(self) -> None:
        while self.batch.running.any():
            self.batch.go()
            if self.batch.stuck.any():
                raise SystemExit(
                    "a world needs more room than was foreseen: measure with a larger capacity.slack"
                )

    @property
    def firm_periods(self) -> int:
        """Firms at the start of all periods of all worlds."""
        before = self.recording["firms"].sum(axis=(2, 3))[:, :-1]
        return int(before.sum()) + self.count * self.blueprint.n_firms

    def close(self) -> None:
        """Give the memory back."""
        self.batch.close()


def timed_worlds(device: Device, config: tp.Config, count: int, repeats: int = 2) -> dict[str, Any]:
    """Run worlds; the second time counts."""
    worlds = Timed(device, config, count)
    try:
        for _ in range(repeats):
            worlds.start()
            seconds = worlds.run()
        moving = seconds["periods"] + seconds["fetch_records"]
        return {
            "worlds": count,
            "firms": worlds.blueprint.n_firms,
            "periods": worlds.periods,
            "firm_periods": worlds.firm_periods,
            "seconds": dict(seconds),
            "periods_alone_per_second": worlds.firm_periods / seconds["periods"],
            "firm_periods_per_second": worlds.firm_periods / moving,
            "with_start_per_second": worlds.firm_periods
            / (moving + seconds["initial_states"] + seconds["upload"]),
        }
    finally:
        worlds.close()


def recorded(config: tp.Config, periods: int) -> tp.Config:
    """Record by cell what the bars record."""
    every = ["wage", "workforce", "market", "size_distribution"]
    return config.replace(
        {"time.periods": periods, "output.variables": [*RECORDED, *every], "output.stride": 1}
    )


def measure_ensembles(device: Device, sizes: Sizes) -> list[dict[str, Any]]:
    """Ensembles of one economy, from a single world to as many as fit."""
    config = recorded(make_config(*sizes.ensemble), sizes.periods)
    found = []
    for count in sizes.worlds:
        if count <= fitting(device, config):
            found.append(timed_worlds(device, config, count))
            rates = [found[-1][f"{what}_per_second"] / 1e9 for what in ("periods_alone", "firm_periods")]
            said = "{:.3f}e9 firm-periods per second, with fetching records {:.3f}e9"
            say(f"  {count:6} worlds: {said.format(*rates)}")
    return found


def fitting(device: Device, config: tp.Config) -> int:
    """Worlds that the device holds at a time."""
    blueprint = make_blueprint(config)
    shape = blueprint.n_regions, blueprint.n_sectors
    records = Recording(config.output.variables, 1, config.time.periods, *shape).records(0)
    template = blueprint.new_world(device_room(blueprint))
    return worlds_that_fit(blueprint, blueprint.setting(1), template, records, device.free_memory())


def measure_large(device: Device, sizes: Sizes) -> dict[str, Any]:
    """One world of as many firms as the United States have metropolitan establishments."""
    regions, sectors, firms = sizes.large
    content = {
        "data": {"kind": "synthetic"},
        "synthetic": {"firms": firms, "regions": regions, "sectors": sectors},
        "labour": {"growth": 0.0},
    }
    begin = time.perf_counter()
    config = recorded(tp.Config.from_dict(content), sizes.periods)
    found = timed_worlds(device, config, 1)
    found["all_with_build_seconds"] = time.perf_counter() - begin
    say(
        f"  {found['firms']:,} firms x {found['periods']} periods: {found['seconds']['periods']:.3f} s and records"
    )
    return found


class Clock:
    """Seconds between two places in the work of a device: its own clock, where it has one."""

    def __init__(self, device: Device) -> None:
        self._device, self._begin = device, 0.0
        self._events = (
            [device._call("cuEventCreate", 0) for _ in range(2)] if hasattr(device, "_driver") else []
        )

    def begin(self) -> None:
        """What follows is timed."""
        self._device.synchronize()
        self._begin = time.perf_counter()
        if self._events:
            self._device._call("cuEventRecord", self._events[0], 0)

    def end(self) -> float:
        """Return the seconds since `begin`."""
        if not self._events:
            return time.perf_counter() - self._begin
        self._device._call("cuEventRecord", self._events[1], 0)
        self._device.synchronize()
        return 1e-3 * float(self._device._call("cuEventElapsedTime", *self._events))


def measure_launches(device: Device, sizes: Sizes, copy: dict[str, float]) -> dict[str, Any]:
    """Seconds of every launch of a period by itself, beside what its bytes take at the speed of copying."""
    floor = count_bytes()
    config = recorded(make_config(*sizes.ensemble), sizes.periods)
    count = 2 if sizes.quick else min(256, fitting(device, config))
    worlds = Timed(device, config, count)
    try:
        worlds.start()
        batch, seconds = worlds.batch, dict.fromkeys((launch.name for launch in PERIOD), 0.0)
        shape = worlds.blueprint.n_regions, worlds.blueprint.n_sectors, batch.room(0)
        clock = Clock(device)
        for period in range(worlds.periods):
            for launch in PERIOD:
                items = count_items(launch.items, *shape)
                clock.begin()
                device.launch(launch.name, batch._setting.struct, *batch._structs, count, items)
                if period:  # the first loads the code
                    seconds[launch.name] += clock.end()
        batch.look()
        world = worlds.template
        batch.fetch(0, world)
        firms = count * int(world.offsets[-1])
    finally:
        worlds.close()
    done = max(worlds.periods - 1, 1)
    speed = copy["within_device_GBs"] * GB
    rows = {}
    for name, spent in seconds.items():
        least = floor["bytes_by_launch"].get(name, 0.0) * firms / speed
        rows[name] = {"microseconds": 1e6 * spent / done, "floor_microseconds": 1e6 * least}
    whole = sum(row["microseconds"] for row in rows.values())
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["microseconds"])[:12]:
        part = row["floor_microseconds"] / row["microseconds"]
        say(f"  {name:22} {row['microseconds']:9.1f} us, {part:4.0%} of the speed of copying")
    return {"worlds": count, "firms": firms, "launches": rows, "period_microseconds": whole, "floor": floor}


def measure_small(sizes: Sizes) -> dict[str, Any]:
    """Whole runs on the processor and on the device: from where on is the device faster?"""
    found: dict[str, Any] = {"replicates": [], "firms": []}
    small = make_config(2, 3, 60)
    for replicates in sizes.small:
        found["replicates"].append(both(small, sizes, replicates))
    for firms in sizes.firms:
        economy = make_config(min(48, firms // 20), 4, firms)
        found["firms"].append(both(economy, sizes, 1))
    for name, rows in found.items():
        faster = [row for row in rows if row["cuda_seconds"] < row["cpu_seconds"]]
        first = faster[0]["worlds" if name == "replicates" else "firms"] if faster else None
        say(f"  the device is faster from {first} {name} on")
    found["launch_microseconds"] = launch_microseconds()
    return found


def both(config: tp.Config, sizes: Sizes, replicates: int) -> dict[str, Any]:
    """Seconds of a run on both; the data are there."""
    changes = {"time.periods": sizes.periods, "run.replicates": replicates, "output.variables": list(RECORDS)}
    row: dict[str, Any] = {"worlds": replicates}
    results = []
    for backend in ("cpu", "cuda"):
        simulation = Simulation(config.replace({**changes, "run.backend": backend}))
        row["firms"], seconds = simulation.blueprint.n_firms, []
        for _ in range(1 if sizes.quick else 3):
            begin = time.perf_counter()
            result = simulation.run()
            seconds.append(time.perf_counter() - begin)
        row[f"{backend}_seconds"] = min(seconds)
        results.append(result)
    row["equal"] = results[0].drop_attrs(deep=False).identical(results[1].drop_attrs(deep=False))
    say(
        f"  {replicates:6} x {row['firms']:9,} firms: {row['cpu_seconds']:.4f} s, device {row['cuda_seconds']:.4f} s"
    )
    return row


def launch_microseconds() -> float:
    """Time of a launch with next to nothing to do: periods of one tiny world, divided by their launches."""
    with using("cuda") as shared:
        shared.forget()
        config = recorded(make_config(2, 3, 60), 50)
        found = timed_worlds(shared.device, config, 1)
        return 1e6 * float(found["seconds"]["periods"]) / (found["periods"] * len(PERIOD))


# ---------------------------------------------------------------------------------------------------------- all


def say(text: str) -> None:
    """Tell people how far it is."""
    print(text, flush=True)


def write(path: Path, found: dict[str, Any]) -> None:
    """Write what was found so far."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the script")
    parser.add_argument(
        "--seed", type=int, default=None, help="of the random configurations; fresh if absent"
    )
    parser.add_argument("--cases", type=int, default=None, help="random configurations")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/gpu.json")
    options = parser.parse_args()
    parts, sizes = options.only.split(","), Sizes(options.quick)
    if set(parts) - set(PARTS):
        parser.error(f"--only: allowed: {', '.join(PARTS)}")
    seed = secrets.randbits(32) if options.seed is None else options.seed
    cases = sizes.cases if options.cases is None else options.cases
    begin = time.perf_counter()
    try:
        with using("cuda") as shared:
            device = shared.device
    except tp.ConfigError as failure:
        print(f"nothing was measured: {failure}", file=sys.stderr)
        raise SystemExit(2) from None
    found: dict[str, Any] = {"machine": describe_machine(), "device": device.name, "quick": options.quick}
    found["emulated"] = os.environ.get("TECHNOPOLE_DEVICE") == "emulated"
    found["open_seconds"] = time.perf_counter() - begin
    found["free_bytes"] = device.free_memory()
    say(f"{device.name}: opened in {found['open_seconds']:.1f} s, {found['free_bytes'] / GB:.1f} GB free")
    measured: dict[str, Callable[[], Any]] = {
        "equal": lambda: check_equality(device, seed, cases, say),
        "copy": lambda: measure_copy(device, sizes.copy_bytes),
        "launches": lambda: measure_launches(
            device, sizes, found.get("copy") or measure_copy(device, sizes.copy_bytes)
        ),
        "ensemble": lambda: measure_ensembles(device, sizes),
        "large": lambda: measure_large(device, sizes),
        "small": lambda: measure_small(sizes),
    }
    for part, measure in measured.items():
        if part in parts:
            say(f"{part}: {PARTS[part]}")
            begin = time.perf_counter()
            found[part] = measure()
            say(f"  {part}: {time.perf_counter() - begin:.0f} s")
            write(options.json, found)  # what comes later may be cut short
    say(f"written: {options.json}")
    if "equal" in found and found["equal"]["different"]:
        raise SystemExit(f"{len(found['equal']['different'])} configurations are not equal")


if __name__ == "__main__":
    main()
