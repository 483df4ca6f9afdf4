"""The command ``technopole``: options, exit codes and messages of the shell."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from technopole import (
    commands,
    commands_compare,
    commands_experiment,
    commands_plan,
    commands_report,
    commands_sensitivity,
)
from technopole.errors import (
    EXIT_DONE,
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    ConfigError,
    Interrupted,
    TechnopoleError,
)
from technopole.signals import stopping_on_signals
from technopole.version import __version__

DEBUG = "--debug"
_shown = {"traceback": False}

app = typer.Typer(
    name="technopole",
    help="Simulate industrial clusters and regional innovation systems that build each other.",
    epilog=f"Anywhere on the line, {DEBUG} shows the traceback of an error. "
    "Exit codes: 0 done, 1 error, 2 usage or configuration, 3 some replicates failed, 75 interrupted.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path, typer.Argument(help="Configuration or scenario, a TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key, such as learning.far=0.2; repeatable."),
]
Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder or file of the data, in place of data.path.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"technopole {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options before the command."""


@app.command()
def run(
    config: ConfigFile,
    replicates: Annotated[int | None, typer.Option(help="Number of Monte Carlo realisations.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers.")] = None,
    periods: Annotated[int | None, typer.Option(help="Number of periods.")] = None,
    threads: Annotated[int | None, typer.Option(help="Number of threads; 0: all available.")] = None,
    assignments: Assignments = None,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Results, .zarr or .nc; runs/SCENARIO.zarr if not given."),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the figures; runs/SCENARIO-figures if not given."),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results and figures that are there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Run a configuration: results to a file, figures, key results as a table."""
    options = commands.RunOptions(
        config=config,
        replicates=replicates,
        seed=seed,
        periods=periods,
        threads=threads,
        assignments=tuple(assignments or ()),
        data=data,
        out=out,
        figures=figures,
        no_figures=no_figures,
        overwrite=overwrite,
        quiet=quiet,
    )
    _perform(lambda: commands.run(options))


@app.command()
def check(config: ConfigFile, data: Data = None, assignments: Assignments = None) -> None:
    """Check a configuration and its data, and say what a run of it takes."""
    _perform(lambda: commands.check(config, data, tuple(assignments or ())))


@app.command()
def schema(
    variables: Annotated[
        bool, typer.Option("--variables", help="Table of the variables instead: state and recorded ones.")
    ] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweeps instead.")] = False,
) -> None:
    """Print the JSON Schema of configurations, for editors."""
    _perform(commands_plan.schema if sweep and not variables else lambda: commands.schema(variables))


@app.command()
def describe(config: ConfigFile, assignments: Assignments = None) -> None:
    """Print all parameters: value, unit, range, source."""
    _perform(lambda: commands.describe(config, tuple(assignments or ())))


SweepFile = Annotated[Path, typer.Argument(help="Sweep, a TOML file such as configs/sweeps/feedback.toml.")]


@app.command()
def plan(
    sweep: SweepFile,
    assignments: Assignments = None,
    data: Data = None,
    replicates: Annotated[int | None, typer.Option(help="Replicates of each point.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Refuse nothing that is above the limits.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers for programs.")] = False,
) -> None:
    """Say what an experiment takes: points, units, files, bytes, core-hours from a short measurement."""
    _perform(lambda: commands_plan.plan(sweep, tuple(assignments or ()), data, replicates, force, as_json))


StorePath = Annotated[Path, typer.Argument(help="Store of an experiment.")]
Replicates = Annotated[int | None, typer.Option(help="Replicates of each point.")]
StoreOut = Annotated[
    Path | None, typer.Option(metavar="STORE", help="Store, .zarr; runs/NAME.zarr if not given.")
]


@app.command()
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
    force: Annotated[bool, typer.Option("--force", help="Refuse nothing that is above the limits.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Run a sweep, or go on with one: all points and replicates, statistics, into a store."""
    options = commands_experiment.ExperimentOptions(
        commands_experiment.SweepOptions(sweep, tuple(assignments or ()), data, replicates),
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
    _perform(lambda: commands_experiment.experiment(options))


@app.command()
def status(
    store: StorePath,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers for programs.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all files; damaged units are then computed again.")
    ] = False,
) -> None:
    """Say how far an experiment is: done, failed, missing, rate, time left."""
    _perform(lambda: commands_experiment.status(store, as_json, verify))


@app.command()
def finalize(
    store: StorePath,
    force: Annotated[bool, typer.Option("--force", help="Although units are missing.")] = False,
) -> None:
    """Write the statistics of an experiment whose units are done (the last shard does so by itself)."""
    _perform(lambda: commands_experiment.finalize(store, force))


@app.command()
def export(
    store: StorePath,
    netcdf: Annotated[Path, typer.Option(metavar="FILE", help="File, .nc.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write an experiment to a netCDF file."""
    _perform(lambda: commands_experiment.export(store, netcdf, overwrite))


@app.command()
def jobscript(
    scheduler: Annotated[str, typer.Argument(help="slurm or pbs.")],
    sweep: SweepFile,
    out: StoreOut = None,
    tasks: Annotated[int | None, typer.Option(help="Tasks of the array.")] = None,
    cpus: Annotated[int, typer.Option(help="Processors of each task.")] = 1,
    time: Annotated[str, typer.Option(metavar="HH:MM:SS", help="Limit of a task.")] = "04:00:00",
    logs: Annotated[str, typer.Option(metavar="DIR", help="Folder of the logs.")] = ".",
    assignments: Assignments = None,
    data: Data = None,
    replicates: Replicates = None,
) -> None:
    """Print a job script for an array of tasks that share an experiment."""
    options = commands_experiment.JobOptions(
        scheduler,
        commands_experiment.SweepOptions(sweep, tuple(assignments or ()), data, replicates),
        out,
        tasks,
        cpus,
        time,
        logs,
    )
    _perform(lambda: commands_experiment.jobscript(options))


@app.command()
def compare(
    store: Annotated[Path, typer.Argument(help="Store of an experiment, finished or not.")],
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME", help="Outcome; repeatable; all if not given."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Point to compare with, besides the contrasts of the sweep; repeatable."
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of each interval by itself.")] = 0.95,
    half_width: Annotated[
        float | None, typer.Option(help="Wanted half-width: tells how many replicates it takes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write the comparison to a file, .zarr or .nc.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Compare points replicate by replicate: differences, effects, where the variance comes from."""
    options = commands_compare.CompareOptions(
        store, tuple(outcomes or ()), tuple(against or ()), confidence, half_width, out, overwrite
    )
    _perform(lambda: commands_compare.compare(options))


@app.command()
def sensitivity(
    store: Annotated[Path, typer.Argument(help="Store of an experiment with a saltelli or morris design.")],
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME", help="Outcome; repeatable; all if not given."),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write the indices to a file, .zarr or .nc.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the figures; beside the store if not given.")
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace figures and file.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Tell which parameters matter: Sobol or Morris indices of a finished experiment."""
    options = commands_sensitivity.SensitivityOptions(
        store, tuple(outcomes or ()), confidence, out, figures, no_figures, overwrite, quiet
    )
    _perform(lambda: commands_sensitivity.sensitivity(options))


@app.command()
def report(
    source: Annotated[
        Path, typer.Argument(help="Results of a run, .zarr or .nc, or store of an experiment.")
    ],
    claims: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Results of technopole claims, shown as well.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Results of technopole validate, shown as well.")
    ] = None,
    sensitivity: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Results of technopole sensitivity --out, shown as well."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page, .html; beside the results if not given.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Title; that of the results if not given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a page that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Write a report: one page with maps, charts and tables that opens in any browser."""
    options = commands_report.ReportOptions(
        source, out, claims, validation, sensitivity, title, overwrite, quiet
    )
    _perform(lambda: commands_report.report(options))


@app.command()
def warmup() -> None:
    """Compile the kernels for this processor, so that later starts are quick."""
    _perform(commands.warmup)


def _perform(command: Callable[[], None]) -> NoReturn:
    """Do what a command is for, and turn what goes wrong into a message and an exit code."""
    with stopping_on_signals() as received:
        code = _outcome(command, received)
    raise typer.Exit(code)


def _outcome(command: Callable[[], None], received: list[str]) -> int:
    try:
        command()
        sys.stdout.flush()
        return EXIT_DONE
    except KeyboardInterrupt:
        return _stopped(received, "nothing was written")
    except BrokenPipeError:
        # whoever read the output has enough; nothing more may be written to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as failure:
        if _shown["traceback"]:
            traceback.print_exc()
        if isinstance(failure, Interrupted):
            return _stopped(received, str(failure))
        if isinstance(failure, TechnopoleError):
            lines = str(failure).splitlines() if isinstance(failure, ConfigError) else [str(failure)]
            for line in lines:
                commands.say(f"error: {line}")
            return failure.exit_code
        if isinstance(failure, MemoryError):
            commands.say("error: out of memory; technopole check says what a run takes")
        else:
            commands.say(f"error: unexpected {type(failure).__name__}: {failure}")
            if not _shown["traceback"]:
                commands.say(f"run with {DEBUG} for the traceback")
        return EXIT_ERROR


def _stopped(received: list[str], what: str) -> int:
    commands.say(f"stopped by {received[0] if received else 'Ctrl-C'}: {what}")
    return EXIT_INTERRUPTED


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end it."""
    # importing makes very many objects and hardly any garbage
    gc.set_threshold(100_000, 50, 50)
    arguments = sys.argv[1:]
    _shown["traceback"] = DEBUG in arguments
    try:
        app([argument for argument in arguments if argument != DEBUG], prog_name="technopole")
        code = EXIT_DONE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_ERROR if end.code else EXIT_DONE
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    # all files are closed; taking libraries apart one by one takes a third of a second, and an interrupted compiler
    # can only be left behind
    os._exit(code)
