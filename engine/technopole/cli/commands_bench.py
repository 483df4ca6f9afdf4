"""What ``technopole bench`` does: how fast this machine computes, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.cli.telling import Tell, compile_if_needed, teller
from technopole.errors import ConfigError, OutputError
from technopole.schema.entries import counted

if TYPE_CHECKING:
    from technopole.cli.bench_runs import Bench, Measured
    from technopole.cli.bench_stages import StageTimes
    from technopole.config.config import Config

PEAK_FIRMS = 1_000_000
NS = "ns per firm and period"


@dataclass(frozen=True)
class BenchOptions:
    """Options of ``technopole bench``."""

    config: Path | None = None
    stages: bool = False
    large: int | None = None
    repeats: int = 5
    threads: int | None = None
    assignments: tuple[str, ...] = ()
    data: Path | None = None
    json: Path | None = None
    overwrite: bool = False
    quiet: bool = False


def bench(options: BenchOptions) -> None:
    """Measure and print; write JSON if asked to.

    Parameters
    ----------
    options : BenchOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; nothing half-written is left.
    """
    from technopole.basics.text_table import write_table
    from technopole.cli.bench_machine import describe_machine

    _refuse(options)
    configs = _configs(options)
    tell = teller(options.quiet)
    for precision in sorted({config.run.precision for config in configs.values()}):
        compile_if_needed(tell, precision)
    machine = describe_machine()
    caches = ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
    print(
        f"technopole {machine['technopole']} on {machine['processor']} ({machine['vectors']}; "
        f"{caches or 'caches not known'}), {counted(machine['cores'], 'core')} ({machine['cores_reason']}), "
        f"numba {machine['numba']}",
        flush=True,
    )
    threads = options.threads or machine["cores"]
    measured = list(_measure(options, configs, threads, tell))
    print()
    rows = [(row.name, f"{row.value:.3g}", _range(row), row.unit, row.remark) for row in measured]
    write_table(sys.stdout, ("what", "median", "least to largest", "unit", ""), rows, right=(1, 2))
    stages = {
        name: _stages(name, config, options, tell) for name, config in configs.items() if options.stages
    }
    if options.json is not None:
        _write_json(options, machine, configs, measured, stages)
        tell(f"written: {options.json}")


def _refuse(options: BenchOptions) -> None:
    if options.repeats < 1:
        raise ConfigError(f"--repeats: found {options.repeats}; allowed: at least 1")
    if options.threads is not None and not 1 <= options.threads <= 4096:
        raise ConfigError(f"--threads: found {options.threads}; allowed: a whole number from 1 to 4096")
    if options.large is not None and not 1000 <= options.large <= 10**9:
        raise ConfigError(f"--large: found {options.large}; allowed: a whole number from 1000 to 1000000000")
    if options.config is None and (options.assignments or options.data is not None):
        name = "--set" if options.assignments else "--data"
        raise ConfigError(f"{name}: allowed: only with a CONFIG; without one made-up economies are measured")
    if options.json is None:
        return
    if options.json.is_dir():
        raise OutputError(f"{options.json}: is a folder; --json needs the name of a file")
    if options.json.exists() and not options.overwrite:
        raise OutputError(f"{options.json}: is there already; --overwrite replaces it")
    if not options.json.absolute().parent.is_dir():
        raise OutputError(f"{options.json}: there is no folder {options.json.absolute().parent}")


def _configs(options: BenchOptions) -> dict[str, Config]:
    from technopole.cli.bench_runs import ECONOMIES, made_up
    from technopole.config.assignments import overlapping, parse_set
    from technopole.config.resolve import resolve_config

    if options.config is not None:
        assigned = parse_set(options.assignments)
        if overlapping("run.threads", assigned) is not None:
            raise ConfigError("--set run.threads: not used by bench; allowed: --threads")
        config = resolve_config(options.config, data=options.data, more=assigned, options=True)
        return {config.scenario.name or options.config.stem: config}
    return {name: made_up(name) for name in ECONOMIES}


def _measure(
    options: BenchOptions, configs: dict[str, Config], threads: int, tell: Tell
) -> Iterator[Measured]:
    from technopole.cli.bench_runs import Bench, Measured, made_up, peak_bytes_per_firm, start_times

    for name, config in configs.items():
        tell(f"measuring: {name} …")
        yield from _economy(name, Bench(config), threads, options.repeats)
    if options.large is not None:
        tell(f"measuring: one large world of {options.large:,} firms …")
        large = Bench(made_up("caches", options.large))
        yield from _economy("large", large, threads, min(options.repeats, 3), alone=False)
        yield Measured("large: building", large.build_seconds, "s")
    if options.config is None:
        tell("measuring: memory and start …")
        yield Measured(
            "memory, peak",
            peak_bytes_per_firm(PEAK_FIRMS),
            "bytes per firm",
            remark="building and one period",
        )
        yield from start_times(options.repeats)


def _economy(name: str, bench: Bench, threads: int, repeats: int, alone: bool = True) -> Iterator[Measured]:
    from technopole.cli.bench_runs import Measured, summarised

    plan = bench.blueprint
    size = f"{plan.n_regions:,} × {plan.n_sectors:,} × {plan.n_firms:,} firms"
    yield summarised(f"{name}: period", bench.one_thread(repeats), NS, f"one thread; {size}")
    if threads > 1 and alone:
        several = bench.all_threads(threads, repeats)
        yield summarised(f"{name}: {threads} worlds", several, NS, f"{threads} threads, wall-clock")
    if threads > 1 and not alone:
        shared = bench.one_world(threads, repeats)
        yield summarised(f"{name}: {threads} threads", shared, NS, "one world, wall-clock")
    yield Measured(f"{name}: start", bench.start_ns(repeats), "ns per firm", remark="initial state")
    yield Measured(f"{name}: memory", bench.bytes_per_firm(), "bytes per firm", remark="world and tables")


def _range(row: Measured) -> str:
    return "" if row.low is None else f"{row.low:.3g} to {row.high:.3g}"


def _stages(name: str, config: Config, options: BenchOptions, tell: Tell) -> StageTimes:
    from technopole.basics.text_table import write_table
    from technopole.cli.bench_stages import by_mechanism, measure_stages
    from technopole.world.build import make_blueprint

    tell(f"stages of {name}: compiling a copy of the period with clocks (about half a minute) …")
    times = measure_stages(make_blueprint(config), periods=10, repeats=max(10, 6 * options.repeats))
    total = sum(row.ns for row in times.rows)
    print(
        f"\n{name}: {times.period_ns:.1f} {NS}, by mechanism; the clocks add {100 * (times.overhead - 1):.1f} %. "
        "Loops over tiles and arguments count for the stage after them.\n"
    )
    rows = []
    for mechanism, ns in by_mechanism(times):
        rows.append((mechanism, "", f"{ns:.2f}", f"{100 * ns / total:.1f} %"))
        inner = sorted((row for row in times.rows if row.mechanism == mechanism), key=lambda row: -row.ns)
        if len(inner) > 1:
            rows.extend(("", row.stage, f"{row.ns:.2f}", "") for row in inner if row.ns >= 0.05)
    write_table(sys.stdout, ("mechanism", "stage", "ns", "share"), rows, right=(2, 3))
    return times


def _write_json(
    options: BenchOptions,
    machine: dict[str, Any],
    configs: dict[str, Config],
    measured: list[Measured],
    stages: dict[str, StageTimes],
) -> None:
    from technopole.files.swap import replacing

    content = {
        "machine": machine,
        "repeats": options.repeats,
        "configs": {name: config.digest() for name, config in configs.items()},
        "measured": [row._asdict() for row in measured],
        "stages": {
            name: {
                "period_ns": times.period_ns,
                "overhead": times.overhead,
                "rows": [row._asdict() for row in times.rows],
            }
            for name, times in stages.items()
        },
    }
    assert options.json is not None
    with replacing(options.json) as unfinished:
        unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
