"""How a command ends: messages and exit codes of what goes wrong."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from technopole.basics.signals import stopping_on_signals
from technopole.cli.common import say
from technopole.errors import (
    EXIT_DONE,
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    Abandoned,
    ConfigError,
    Interrupted,
    TechnopoleError,
)

DEBUG = "--debug"
REPEATABLE = (DEBUG, "--", "--set", "--outcome", "--against")
"""Options that may be given several times."""
_PYTHON = re.compile(r" \(\w+=(?:True)?(?:, \w+=(?:True)?)*\)")
"""What messages say beside an option for those who call from Python: ``(resume=True)``."""
_shown = {"traceback": False}


def show_tracebacks(wanted: bool) -> None:
    """Set whether errors show their traceback."""
    _shown["traceback"] = wanted


def refuse_unclear(arguments: Sequence[str]) -> None:
    """End the process if an argument is empty, or an option is repeated.

    An unset variable of the shell makes an empty text. As a path it would be the working folder; of a repeated option
    the last would count.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.

    Raises
    ------
    SystemExit
        With the exit code of a wrong use.
    """
    seen = set()
    for place, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if not argument.strip():
            before = arguments[place - 1] if place else ""
            name = before if before.startswith("-") and "=" not in before else f"argument {place + 1}"
        elif argument.startswith("--") and equals and not value.strip():
            name = option
        elif option in seen:
            say(f"error: {option}: given twice; allowed: once")
            raise SystemExit(EXIT_USAGE)
        else:
            seen |= {option} if option.startswith("--") and option not in REPEATABLE else set()
            continue
        say(f"error: {name}: found an empty text; allowed: a value, or leave it out")
        raise SystemExit(EXIT_USAGE)


def perform(command: Callable[[], None], resumable: bool = False) -> NoReturn:
    """Do what a command is for, and turn what goes wrong into a message and an exit code.

    Parameters
    ----------
    command : callable
        Does it.
    resumable : bool
        Whether what was done can be gone on with.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """
    stopped = EXIT_INTERRUPTED if resumable else EXIT_ERROR
    with stopping_on_signals(stopped) as received:
        code = _outcome(command, received, stopped)
    raise typer.Exit(code)


def _outcome(command: Callable[[], None], received: list[str], stopped: int) -> int:
    try:
        command()
        sys.stdout.flush()
        return EXIT_DONE
    except KeyboardInterrupt:
        _say_stopped(received, "nothing was written")
        return stopped
    except Exception as failure:
        if _shown["traceback"]:
            traceback.print_exc()
        if isinstance(failure, Abandoned | Interrupted):
            _say_stopped(received, str(failure))
            return failure.exit_code
        if isinstance(failure, TechnopoleError):
            text = _PYTHON.sub("", str(failure))
            for line in text.splitlines() if isinstance(failure, ConfigError) else [text]:
                say(f"error: {line}")
            return failure.exit_code
        if isinstance(failure, MemoryError):
            say("error: out of memory; technopole check says what a run takes")
        else:
            say(f"error: unexpected {type(failure).__name__}: {failure}")
            if not _shown["traceback"]:
                say(f"run with {DEBUG} for the traceback")
        return EXIT_ERROR


def _say_stopped(received: list[str], what: str) -> None:
    say(f"stopped by {received[0] if received else 'Ctrl-C'}: {what}")
