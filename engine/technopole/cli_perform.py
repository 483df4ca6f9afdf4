"""How a command ends: messages and exit codes of what goes wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from technopole.commands import say
from technopole.errors import (
    EXIT_DONE,
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    ConfigError,
    Interrupted,
    TechnopoleError,
)
from technopole.signals import stopping_on_signals

DEBUG = "--debug"
REPEATABLE = (DEBUG, "--", "--set", "--outcome", "--against")
"""Options that may be given several times."""
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


def perform(command: Callable[[], None]) -> NoReturn:
    """Do what a command is for, and turn what goes wrong into a message and an exit code.

    Parameters
    ----------
    command : callable
        Does it.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """
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
                say(f"error: {line}")
            return failure.exit_code
        if isinstance(failure, MemoryError):
            say("error: out of memory; technopole check says what a run takes")
        else:
            say(f"error: unexpected {type(failure).__name__}: {failure}")
            if not _shown["traceback"]:
                say(f"run with {DEBUG} for the traceback")
        return EXIT_ERROR


def _stopped(received: list[str], what: str) -> int:
    say(f"stopped by {received[0] if received else 'Ctrl-C'}: {what}")
    return EXIT_INTERRUPTED
