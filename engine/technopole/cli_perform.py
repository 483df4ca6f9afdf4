"""How a command ends: messages and exit codes of what goes wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import typer

from technopole.commands import say
from technopole.errors import (
    EXIT_DONE,
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    ConfigError,
    Interrupted,
    TechnopoleError,
)
from technopole.signals import stopping_on_signals

DEBUG = "--debug"
_shown = {"traceback": False}


def show_tracebacks(wanted: bool) -> None:
    """Set whether errors show their traceback."""
    _shown["traceback"] = wanted


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
