"""What ``technopole experiment``, ``status``, ``finalize``, ``export`` and ``jobscript`` do."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.cli.commands_output import RUNS, file_stem
from technopole.cli.commands_plan import SweepOptions, read_sweep
from technopole.cli.telling import compile_if_needed, prepare_device, say, teller
from technopole.errors import Abandoned, ConfigError, FailedReplicates, Interrupted
from technopole.schema.entries import counted

if TYPE_CHECKING:
    from technopole.experiments.plan import Plan

TASKS = 16
"""Tasks of a job array, unless told or there are fewer units."""
EXAMPLES = 5
"""Different errors shown."""
_NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?(?![\w-])")
"""A number by itself, not one in the name of a place."""


@dataclass(frozen=True)
class ExperimentOptions:
    """Options of ``technopole experiment``."""

    sweep: SweepOptions
    out: Path | None = None
    executor: str = "threads"
    workers: int | None = None
    address: str | None = None
    shard: str | None = None
    resume: bool = False
    overwrite: bool = False
    force: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class JobOptions:
    """Options of ``technopole jobscript``."""

    scheduler: str
    sweep: SweepOptions
    out: Path | None = None
    tasks: int | None = None
    processors: int = 1
    time: str = "04:00:00"
    logs: str = "."
    force: bool = False


def experiment(options: ExperimentOptions) -> None:
    """Run an experiment or go on with one.

    Parameters
    ----------
    options : ExperimentOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; `FailedReplicates` if all is finished but some replicates failed.
    """
    try:
        _experiment(options)
    except KeyboardInterrupt:
        # before or while the store is made; later `run_experiment` says what can be resumed
        if options.resume or options.shard is not None:
            raise Interrupted("nothing was computed; the same command goes on") from None
        raise Abandoned("nothing was computed") from None


def _experiment(options: ExperimentOptions) -> None:
    from technopole.experiments.probe import refuse_above_limits
    from technopole.experiments.run import run_experiment
    from technopole.simulation.progress import watching

    plan = _plan(options.sweep)
    if not options.force:
        refuse_above_limits(plan, None)
    out = options.out or _default_store(plan)
    if options.resume and not out.exists():
        raise ConfigError(f"{out}: --resume: there is nothing to go on with")
    tell = teller(options.quiet)
    here = options.address is None  # workers of a cluster have devices of their own
    if here:
        prepare_device(plan.sweep.config, tell)
    tell(_announcement(plan, out, here))
    compile_if_needed(tell, plan.sweep.config.run.precision)
    with watching(sys.stderr, options.quiet) as watch:
        report = run_experiment(
            plan,
            out,
            options.executor,
            options.workers,
            options.address,
            options.shard,
            options.resume,
            options.overwrite,
            watch,
        )
    if not options.quiet:
        say(_result(report.path, report.units, report.missing, report.seconds))
    if report.failed:
        for line in _error_lines(report.errors):
            say(line)
        raise FailedReplicates(f"{report.failed:,} of {report.done + report.failed:,} replicates failed")


def _plan(options: SweepOptions) -> Plan:
    from technopole.experiments.plan import make_plan

    return make_plan(read_sweep(options))


def _default_store(plan: Plan) -> Path:
    return RUNS / f"{file_stem(plan.sweep.name, Path(plan.sweep.source).stem)}.zarr"


def _announcement(plan: Plan, out: Path, here: bool) -> str:
    from technopole.device.shared import device_name
    from technopole.version import __version__

    backend = plan.sweep.config.run.backend
    device = "" if backend == "cpu" else f" · {device_name(backend) if here else backend}"
    most = "at most " if plan.sweep.stop is not None else ""
    return (
        f"technopole {__version__} · {plan.sweep.name}: {counted(plan.n_points, 'point')} × "
        f"{most}{counted(plan.replicates, 'replicate')} × {counted(plan.sweep.periods, 'period')} in "
        f"{most}{counted(plan.n_units, 'unit')}{device} · {out}"
    )


def _result(path: str, units: int, missing: int, seconds: float) -> str:
    from technopole.simulation.progress import duration

    did = f"{counted(units, 'unit')} in {duration(seconds)}" if units else "nothing left to compute"
    if missing:
        left = f"{missing:,} {'is' if missing == 1 else 'are'} left"
        return f"{did}; {left} to other shards or, with a stopping rule, to the next round: {path}"
    return f"{did}; finished: {path}"


def _error_lines(errors: tuple[tuple[int, int, str], ...]) -> list[str]:
    """Return the most frequent errors; those that differ in their numbers alone are one, said as it was first."""
    first: dict[str, tuple[int, int, str]] = {}
    kinds: Counter[str] = Counter()
    for point, replicate, text in errors:
        what = text.partition(": ")[2] or text
        kind = _NUMBER.sub("0", what)
        kinds[kind] += 1
        first.setdefault(kind, (point, replicate, what))
    lines = []
    for kind, count in kinds.most_common(EXAMPLES):
        point, replicate, what = first[kind]
        lines.append(
            f"failed {counted(count, 'time')}, first at point {point}, replicate {replicate}: {what}"
        )
    rest = len(kinds) - EXAMPLES
    return lines + ([f"… and {counted(rest, 'other error')}"] if rest > 0 else [])


def status(store: Path, as_json: bool = False, verify: bool = False) -> None:
    """Say how far an experiment is.

    Parameters
    ----------
    store : Path
        Its store.
    as_json : bool
        For programs.
    verify : bool
        Read all files and compare them with what was committed; those that are damaged are removed, and ``--resume``
        computes them again.

    Raises
    ------
    DataError
        If there is no such store, or what is needed of it cannot be read.
    OutputError
        If damaged files cannot be removed.
    """
    from technopole.basics.text_table import write_table
    from technopole.experiments.status import experiment_status
    from technopole.experiments.store import ExperimentStore
    from technopole.simulation.progress import duration

    if verify:
        opened = ExperimentStore.open(store)
        damage = opened.damage()
        opened.remove(damage)
        statistics = (
            f" and {counted(len(damage.statistics), 'file')} of statistics" if damage.statistics else ""
        )
        verb = "is" if len(damage.units) == 1 and not statistics else "are"
        found = f"{counted(len(damage.units), 'unit')}{statistics} {verb} damaged"
        say(found + ("; what is damaged was removed, --resume computes it again" if damage.paths else ""))
    now = experiment_status(store)
    if as_json:
        print(json.dumps(now.numbers(), indent=2, ensure_ascii=False))
        return
    rows = [
        ("units", f"{now.units_done:,}", f"of {now.units:,}"),
        ("missing", f"{now.units_missing:,}", "units" if now.rounds == 1 else "units of this round"),
        ("replicates", f"{now.replicates_done:,}", f"of {now.replicates:,}"),
        ("failed", f"{now.replicates_failed:,}", "replicates"),
        ("processes", f"{now.processes:,}", "that wrote to it"),
    ]
    if now.rounds > 1:
        rows.insert(2, ("stopped", f"{now.points_stopped:,}", "points that need no more replicates"))
    if now.units_damaged:
        rows.append(("damaged", f"{now.units_damaged:,}", "units; --resume computes them again"))
    if now.statistics_missing:
        rows.append(
            ("statistics", f"{now.statistics_missing:,}", "files missing; --resume writes them again")
        )
    if now.units_missing and now.replicates_per_second and now.seconds_left is not None:
        rows.append(("rate", f"{now.replicates_per_second:,.3g}", "replicates per second"))
        rows.append(("left", duration(now.seconds_left), "at this rate"))
    write_table(sys.stdout, (now.name, "", "complete" if now.complete else "not finished"), rows, right=(1,))
    for line in _error_lines(now.errors):
        print(line)


def finalize(store: Path, force: bool = False) -> None:
    """Write the statistics of an experiment whose units are done.

    Parameters
    ----------
    store : Path
        Its store.
    force : bool
        Write those of the units that there are.

    Raises
    ------
    TechnopoleError
        If units are missing.
    """
    from technopole.experiments.finalize import finalize as write_statistics
    from technopole.experiments.store import ExperimentStore

    opened = ExperimentStore.open(store)
    complete = write_statistics(opened, force)
    if complete:
        opened.remove_leftovers()
    say(f"statistics of {'all' if complete else 'a part of the'} replicates written: {store}")


def export(store: Path, netcdf: Path | None, csv: Path | None, overwrite: bool = False) -> None:
    """Write an experiment to one netCDF file, its outcomes to a table, or both.

    Parameters
    ----------
    store : Path
        Its store.
    netcdf : Path or None
        File, ends with ``.nc``.
    csv : Path or None
        File, ends with ``.csv``.
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    ConfigError
        If there is neither.
    OutputError
        If one cannot be written.
    DataError
        If there is no such store.
    """
    from technopole.errors import OutputError
    from technopole.experiments.outcome_table import refuse_table, write_outcomes
    from technopole.experiments.run import open_experiment
    from technopole.files.damage import naming_damage
    from technopole.files.write import refuse_target, write

    if netcdf is None and csv is None:
        raise ConfigError("export: found neither --netcdf FILE nor --csv FILE; allowed: one of them, or both")
    if netcdf is not None:
        if netcdf.suffix != ".nc":
            raise OutputError(f"{netcdf}: found the suffix {netcdf.suffix!r}; allowed: .nc (netCDF 4)")
        refuse_target(netcdf, "experiment", overwrite)
    if csv is not None:
        refuse_table(csv, overwrite)
    with naming_damage(store):
        results = open_experiment(store)
        if netcdf is not None:
            write(results, netcdf, overwrite)
        if csv is not None:
            write_outcomes(results, csv)
    say(f"exported: {', '.join(str(path) for path in (netcdf, csv) if path is not None)}")


def jobscript(options: JobOptions) -> None:
    """Print a job script.

    Parameters
    ----------
    options : JobOptions
        As given.

    Raises
    ------
    ConfigError
        If the sweep or an option cannot be used, or the sweep is above its limits and that is not forced.
    """
    from technopole.experiments.jobscript import Job, job_script, refuse_job
    from technopole.experiments.probe import refuse_above_limits

    refuse_job(options.scheduler, options.tasks, options.processors, options.time)
    plan = _plan(options.sweep)
    if not options.force:
        refuse_above_limits(plan, None)
    tasks = min(TASKS, plan.n_units) if options.tasks is None else options.tasks
    if tasks > plan.n_units:
        idle = f"{counted(tasks - plan.n_units, 'task')} of {tasks:,}"
        say(
            f"note: --tasks: the experiment has {counted(plan.n_units, 'unit')}; {idle} will have nothing to do"
        )
    sweep, out = options.sweep, options.out or _default_store(plan)
    arguments = ["experiment", os.path.abspath(sweep.path), "--out", os.path.abspath(out)]
    for assignment in sweep.assignments:
        arguments += ["--set", assignment]
    if sweep.data is not None:
        arguments += ["--data", os.path.abspath(sweep.data)]
    if sweep.replicates is not None:
        arguments += ["--replicates", str(sweep.replicates)]
    if sweep.backend is not None:
        arguments += ["--backend", sweep.backend]
    if options.force:
        arguments.append("--force")
    summary = (
        f"{plan.sweep.name}: {counted(plan.n_points, 'point')}, {counted(plan.replicates, 'replicate')}, "
        f"{counted(plan.n_units, 'unit')}; made by technopole jobscript {options.scheduler}"
    )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plan.sweep.name) or "experiment"
    job = Job(
        name,
        tuple(arguments),
        tasks,
        options.processors,
        options.time,
        options.logs,
        plan.sweep.config.run.precision,
        summary,
    )
    print(job_script(options.scheduler, job), end="")
