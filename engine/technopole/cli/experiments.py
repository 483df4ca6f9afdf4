"""Commands about experiments: many points, many replicates, a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from technopole.cli import commands_experiment, commands_plan
from technopole.cli.options import (
    AsJson,
    Assignments,
    Backend,
    Data,
    Force,
    OverwriteFile,
    Quiet,
    Replicates,
    StoreOut,
    StorePath,
    SweepFile,
)
from technopole.cli.perform import perform


def plan(
    sweep: SweepFile,
    assignments: Assignments = None,
    data: Data = None,
    replicates: Replicates = None,
    backend: Backend = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what an experiment takes: points, units, files, bytes, core-hours from a short measurement."""
    options = commands_plan.SweepOptions(sweep, tuple(assignments or ()), data, replicates, backend)
    perform(lambda: commands_plan.plan(options, force, as_json))


def experiment(
    sweep: SweepFile,
    out: StoreOut = None,
    executor: Annotated[str, typer.Option(help="threads, processes or dask.")] = "threads",
    workers: Annotated[
        int | None, typer.Option(help="Threads or processes; one per processor if not given.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Scheduler of Dask; processes on this machine if not given.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only part I, from 0, of N: for job arrays.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a store that is there.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a store that is there.")] = False,
    assignments: Assignments = None,
    data: Data = None,
    replicates: Replicates = None,
    backend: Backend = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Run a sweep, or go on with one: all points and replicates, statistics, into a store."""
    options = commands_experiment.ExperimentOptions(
        commands_plan.SweepOptions(sweep, tuple(assignments or ()), data, replicates, backend),
        out,
        executor,
        workers,
        address,
        shard,
        resume,
        overwrite,
        force,
        quiet,
    )
    perform(lambda: commands_experiment.experiment(options), resumable=True)


def status(
    store: StorePath,
    as_json: AsJson = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read all files; remove damaged ones, which --resume computes again."),
    ] = False,
) -> None:
    """Say how far an experiment is: done, failed, missing, rate, time left."""
    perform(lambda: commands_experiment.status(store, as_json, verify))


def finalize(
    store: StorePath,
    force: Annotated[bool, typer.Option("--force", help="Although units are missing.")] = False,
) -> None:
    """Write the statistics of an experiment whose units are done (the last shard does so by itself)."""
    perform(lambda: commands_experiment.finalize(store, force))


def export(
    store: StorePath,
    netcdf: Annotated[Path | None, typer.Option(metavar="FILE", help="All of it, .nc.")] = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Outcomes, .csv: a row for each point and replicate."),
    ] = None,
    overwrite: OverwriteFile = False,
) -> None:
    """Write an experiment to a netCDF file, or its outcomes to a table for R, Stata or a spreadsheet."""
    perform(lambda: commands_experiment.export(store, netcdf, csv, overwrite))


def jobscript(
    scheduler: Annotated[str, typer.Argument(help="slurm or pbs.")],
    sweep: SweepFile,
    out: StoreOut = None,
    tasks: Annotated[int | None, typer.Option(help="Tasks of the array.")] = None,
    cpus: Annotated[int, typer.Option(help="Processors of each task.")] = 1,
    time: Annotated[
        str, typer.Option(metavar="HH:MM:SS", help="Limit of a task; D-HH:MM:SS with days.")
    ] = "04:00:00",
    logs: Annotated[str, typer.Option(metavar="DIR", help="Folder of the logs.")] = ".",
    assignments: Assignments = None,
    data: Data = None,
    replicates: Replicates = None,
    backend: Backend = None,
    force: Force = False,
) -> None:
    """Print a job script for an array of tasks that share an experiment."""
    options = commands_experiment.JobOptions(
        scheduler,
        commands_plan.SweepOptions(sweep, tuple(assignments or ()), data, replicates, backend),
        out,
        tasks,
        cpus,
        time,
        logs,
        force,
    )
    perform(lambda: commands_experiment.jobscript(options))
