"""What ``technopole bench`` measures of an economy: time of a period, threads, memory, start."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from technopole.config.config import Config
from technopole.simulation.advance import advance
from technopole.world.build import Blueprint, make_blueprint
from technopole.world.crew import Crew
from technopole.world.recording import Recording

ECONOMIES: dict[str, dict[str, Any]] = {
    "caches": {"firms": 20_000, "regions": 48, "sectors": 6, "exponent": 0.5},
    "small cells": {"firms": 20_000, "regions": 200, "sectors": 40, "exponent": 0.5},
}
"""Sizes of the made-up economies: one whose world stays in the caches, one with two or three firms in a cell."""
PERIODS = 20
MOST_PERIODS = 200
"""Of one run: over thousands of periods a small economy becomes another one, or grows without end."""
FIRM_PERIODS = 400_000
"""Of a measurement at least, so that reading the clock does not matter; small economies run more periods, and again."""


class Measured(NamedTuple):
    """One number of the table."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    remark: str = ""


def made_up(name: str, firms: int | None = None) -> Config:
    """Return the configuration of a made-up economy.

    Parameters
    ----------
    name : str
        One of `ECONOMIES`.
    firms : int, optional
        In place of its number of firms.

    Returns
    -------
    Config
    """
    sizes = {**ECONOMIES[name], **({"firms": firms} if firms else {})}
    content = {
        "scenario": {"name": "bench", "title": f"Bench: {name}"},
        "data": {"kind": "synthetic"},
        "synthetic": sizes,
        "spillover": {"distance_decay": 50.0},
    }
    return Config.from_dict(content, "bench")


class Bench:
    """One economy, measured again and again.

    Parameters
    ----------
    config : Config
        Its output is recorded as it says; its number of periods is not used.
    """

    def __init__(self, config: Config) -> None:
        begin = time.perf_counter()
        self.blueprint: Blueprint = make_blueprint(config)
        self.build_seconds = time.perf_counter() - begin
        firms = max(self.blueprint.n_firms, 1)
        self.periods = min(max(PERIODS, -(-FIRM_PERIODS // firms)), MOST_PERIODS)
        if firms > 10 * FIRM_PERIODS:
            self.periods = 5
        self.runs = -(-FIRM_PERIODS // (firms * self.periods))
        self._config = config.replace({"time.periods": self.periods, "output.stride": 1})
        self._setting = self.blueprint.setting(config.run.seed)
        self._stop = np.zeros(1, dtype=np.int64)

    def world(self) -> _Runner:
        """Return a world with room to record it."""
        return _Runner(self)

    def one_thread(self, repeats: int) -> list[float]:
        """Measure processor time of a period: nanoseconds per firm, by repeat."""
        runner = self.world()
        firm_periods = runner.count()
        return [runner.run(time.thread_time) / firm_periods * 1e9 for _ in range(repeats)]

    def all_threads(self, threads: int, repeats: int) -> list[float]:
        """Measure wall-clock time of as many worlds as threads: nanoseconds per firm and period of all of them."""
        runners = [self.world() for _ in range(threads)]
        firm_periods = threads * runners[0].count()
        times = []
        with ThreadPoolExecutor(threads) as pool:
            for _ in range(repeats):
                begin = time.perf_counter()
                list(pool.map(lambda runner: runner.run(time.perf_counter), runners))
                times.append((time.perf_counter() - begin) / firm_periods * 1e9)
        return times

    def one_world(self, threads: int, repeats: int) -> list[float]:
        """Measure wall-clock time of one world on several threads: nanoseconds per firm and period."""
        runner, crew = self.world(), Crew(threads)
        firm_periods = runner.count()
        times = [runner.run(time.perf_counter, crew) / firm_periods * 1e9 for _ in range(repeats)]
        crew.close()
        return times

    def start_ns(self, repeats: int) -> float:
        """Measure putting a world into its initial state: nanoseconds per firm."""
        runner = self.world()
        return statistics.median(runner.start() for _ in range(repeats)) / self.blueprint.n_firms * 1e9

    def bytes_per_firm(self) -> float:
        """Return the memory of a world and of the tables behind it, per firm at its start."""
        plan = self.blueprint
        world = plan.world_bytes(plan.n_firms)
        named = 0 if plan.identity is None else plan.identity.nbytes
        return (world + plan.tables.employment.nbytes + named) / plan.n_firms


class _Runner:
    """One world and its records."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        plan = bench.blueprint
        names = bench._config.output.variables
        self._records = Recording(names, 1, bench.periods, plan.n_regions, plan.n_sectors).records(0)
        self._world = plan.new_world()
        self.start()

    def start(self) -> float:
        """Begin anew; seconds it took."""
        begin = time.thread_time()
        self._bench.blueprint.start(self._bench._setting, self._world, 0)
        return time.thread_time() - begin

    def count(self) -> int:
        """Run once, period by period; firms worked on by `run`. The world has room for them afterwards."""
        self.start()
        total = 0
        for period in range(1, self._bench.periods + 1):
            total += int(self._world.offsets[-1])
            self._advance(period)
        return total * self._bench.runs

    def run(self, clock: Callable[[], float], crew: Crew | None = None) -> float:
        """Run from the start, as often as the bench says; seconds of the clock without the starts."""
        seconds = 0.0
        for _ in range(self._bench.runs):
            self.start()
            begin = clock()
            self._advance(self._bench.periods, crew)
            seconds += clock() - begin
        return seconds

    def _advance(self, until: int, crew: Crew | None = None) -> None:
        bench = self._bench
        self._world, _ = advance(
            bench.blueprint, bench._setting, self._world, self._records, until, 1, bench._stop, crew
        )


def summarised(name: str, values: list[float], unit: str, remark: str = "") -> Measured:
    """Return median, least and largest of repeated measurements.

    Parameters
    ----------
    name, unit, remark : str
        As in `Measured`.
    values : list of float
        One per repeat.

    Returns
    -------
    Measured
    """
    return Measured(name, statistics.median(values), unit, min(values), max(values), remark)


PEAK = (
    "import resource, sys\n"
    "from technopole.cli.bench_runs import made_up, Bench\n"
    "firms = int(sys.argv[1])\n"
    "bench = Bench(made_up('caches', firms))\n"
    "runner = bench.world()\n"
    "runner._advance(1)\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"
)


def peak_bytes_per_firm(firms: int) -> float:
    """Measure peak memory of building a made-up world and one period of it, in processes of their own.

    Parameters
    ----------
    firms : int
        Of the larger of two worlds; the smaller one has a hundredth, and is subtracted.

    Returns
    -------
    float
        Bytes per firm.
    """
    few = firms // 100
    small, large = (int(_python("-c", PEAK, str(number)).stdout.split()[-1]) for number in (few, firms))
    return (large - small) / (firms - few)


FIRST_PERIOD = """
import os, sys, time
import technopole.world.crew as crew
from technopole.cli import main
from technopole.config.default_scenario import default_scenario

drive = crew.drive

def first(setting, world, problem, records, until, *rest):
    drive(setting, world, problem, records, 1, *rest)
    print(time.time(), flush=True)
    os._exit(0)

crew.drive = first
out = os.path.join(sys.argv[1], "run.zarr")
sys.argv = ["technopole", "run", str(default_scenario()), "--quiet", "--no-figures", "--out", out, "--threads", "1"]
main()
"""
"""The command line up to the end of the first period of a run, at which it stops; prints when that was."""


def start_times(repeats: int) -> Iterator[Measured]:
    """Measure starts of new processes: Python alone, the import, and a run up to its first period.

    Parameters
    ----------
    repeats : int
        Of each.

    Yields
    ------
    Measured
        Wall-clock seconds.
    """
    commands = (
        ("start of Python", ("-c", "pass")),
        ("import technopole", ("-c", "import technopole")),
    )
    for name, arguments in commands:
        times = []
        for _ in range(repeats):
            begin = time.perf_counter()
            _python(*arguments)
            times.append(time.perf_counter() - begin)
        yield summarised(name, times, "s")
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(repeats + 1):  # the first may compile
            begin = time.time()
            times.append(float(_python("-c", FIRST_PERIOD, folder).stdout) - begin)
    yield summarised("start to first period", times[1:], "s")


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, text=True, env=os.environ.copy()
    )
