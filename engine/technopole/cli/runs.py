"""Commands about runs of a configuration, and about this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from technopole.cli import commands_bench, commands_plan, commands_run, commands_warmup
from technopole.cli.options import (
    Assignments,
    Backend,
    ConfigFile,
    Data,
    FiguresFolder,
    NoFigures,
    OverwriteFile,
    OverwriteResults,
    Periods,
    Quiet,
    Seed,
    Threads,
)
from technopole.cli.perform import perform


def run(
    config: ConfigFile,
    replicates: Annotated[int | None, typer.Option(help="Number of Monte Carlo realisations.")] = None,
    seed: Seed = None,
    periods: Periods = None,
    threads: Threads = None,
    backend: Backend = None,
    assignments: Assignments = None,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Results, .zarr or .nc; runs/SCENARIO.zarr if not given."),
    ] = None,
    figures: FiguresFolder = None,
    no_figures: NoFigures = False,
    overwrite: OverwriteResults = False,
    quiet: Quiet = False,
) -> None:
    """Run a configuration: results to a file, figures, key results as a table."""
    options = commands_run.RunOptions(
        config=config,
        replicates=replicates,
        seed=seed,
        periods=periods,
        threads=threads,
        backend=backend,
        assignments=tuple(assignments or ()),
        data=data,
        out=out,
        figures=figures,
        no_figures=no_figures,
        overwrite=overwrite,
        quiet=quiet,
    )
    perform(lambda: commands_run.run(options))


def check(config: ConfigFile, data: Data = None, assignments: Assignments = None) -> None:
    """Check a configuration and its data, and say what a run of it takes."""
    perform(lambda: commands_run.check(config, data, tuple(assignments or ())))


def describe(config: ConfigFile, assignments: Assignments = None) -> None:
    """Print all parameters: value, unit, range, source."""
    perform(lambda: commands_run.describe(config, tuple(assignments or ())))


def schema(
    variables: Annotated[
        bool, typer.Option("--variables", help="Table of the variables instead: state and recorded ones.")
    ] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweeps instead.")] = False,
) -> None:
    """Print the JSON Schema of configurations, for editors."""
    perform(commands_plan.schema if sweep and not variables else lambda: commands_run.schema(variables))


def warmup(
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="float64, or float32 for run.precision = float32.")
    ] = "float64",
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Then remove kernels compiled from other sources, as of old versions."),
    ] = False,
) -> None:
    """Compile the kernels for this processor, so that later starts are quick."""
    perform(lambda: commands_warmup.warmup(precision, prune))


def bench(
    config: Annotated[
        Path | None,
        typer.Argument(help="Configuration to measure; made-up economies and the start if not given."),
    ] = None,
    stages: Annotated[
        bool, typer.Option("--stages", help="Also the time by mechanism; compiles for half a minute.")
    ] = False,
    large: Annotated[
        int | None, typer.Option(metavar="FIRMS", help="Also one large world of so many firms.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Runs of each measurement.")] = 5,
    threads: Annotated[
        int | None, typer.Option(help="Number of threads; all available if not given.")
    ] = None,
    assignments: Assignments = None,
    data: Data = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write what was measured.")
    ] = None,
    overwrite: OverwriteFile = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but the tables.")] = False,
) -> None:
    """Measure how fast this machine computes: nanoseconds per firm and period, threads, memory, start."""
    options = commands_bench.BenchOptions(
        config, stages, large, repeats, threads, tuple(assignments or ()), data, json, overwrite, quiet
    )
    perform(lambda: commands_bench.bench(options))
