"""The command ``technopole``: its commands, in their order, and how the process begins and ends."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, NoReturn

import typer

from technopole.cli import experiments, runs, science
from technopole.cli.common import say
from technopole.cli.perform import DEBUG, refuse_unclear, show_tracebacks
from technopole.cli.streams import forgive, output_problem
from technopole.errors import EXIT_DONE, EXIT_ERROR
from technopole.version import __version__

app = typer.Typer(
    name="technopole",
    help="Simulate industrial clusters and regional innovation systems that build each other.",
    epilog=f"Anywhere on the line, {DEBUG} shows the traceback of an error. "
    "Exit codes: 0 done, 1 error, 2 usage or configuration, 3 some replicates failed, "
    "75 interrupted and can be resumed.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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


# in this order --help shows them
for _command in (
    runs.run,
    runs.check,
    runs.describe,
    runs.schema,
    science.claims,
    science.validate,
    science.report,
    experiments.plan,
    experiments.experiment,
    experiments.status,
    experiments.finalize,
    experiments.export,
    experiments.jobscript,
    science.compare,
    science.sensitivity,
    runs.warmup,
    runs.bench,
):
    app.command()(_command)


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end it."""
    # importing makes very many objects and hardly any garbage
    gc.set_threshold(100_000, 50, 50)
    output = forgive()
    arguments = sys.argv[1:]
    show_tracebacks(DEBUG in arguments)
    try:
        refuse_unclear(arguments)
        app([argument for argument in arguments if argument != DEBUG], prog_name="technopole")
        code = EXIT_DONE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_ERROR if end.code else EXIT_DONE
    sys.stdout.flush()
    problem = output_problem(output)
    if problem:
        say(f"error: {problem}")
        code = code or EXIT_ERROR
    sys.stderr.flush()
    # all files are closed; taking libraries apart one by one takes a third of a second, and an interrupted compiler
    # can only be left behind
    os._exit(code)
