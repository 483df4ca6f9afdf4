"""What is said to people on standard error, and why they wait."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from technopole.config.config import Config

PATIENCE = 1.5
"""Seconds after which people are told what they wait for."""

Tell = Callable[[str], object]
"""Says something to people, or keeps it back."""


def say(text: str) -> None:
    """Write a message for people to standard error.

    Parameters
    ----------
    text : str
        One line.
    """
    print(text, file=sys.stderr, flush=True)


def teller(quiet: bool) -> Tell:
    """Return what says something to people, unless nothing is to be said.

    Parameters
    ----------
    quiet : bool
        Nothing is.
    """
    return (lambda text: None) if quiet else say


def compile_kernels(tell: Tell, precision: str) -> str:
    """Compile the kernels; say why people wait, and where kernels are kept if that is not where they should be.

    Parameters
    ----------
    tell : callable
        Gets the lines.
    precision : str
        ``run.precision``.

    Returns
    -------
    str
        How long it took, in words.

    Raises
    ------
    TechnopoleError
        If compilation failed.
    """
    from technopole.simulation.progress import duration
    from technopole.startup.warmup import COMPILE_SECONDS, compile_in_background, storage_problem

    problem = storage_problem()
    often = problem.often if problem is not None else "once"
    tell(f"compiling the kernels for this processor (about {COMPILE_SECONDS} s, {often}) …")
    if problem is not None:
        tell(problem.text)
    return duration(compile_in_background(precision))


def compile_if_needed(tell: Tell, precision: str) -> None:
    """Compile the kernels, unless they are compiled; parameters and errors as for `compile_kernels`."""
    from technopole.startup.warmup import has_compiled_code

    if not has_compiled_code(precision):
        tell(f"compiled in {compile_kernels(tell, precision)}")


def prepare_device(config: Config, tell: Tell) -> None:
    """Open the device, if one computes; say what takes so long if its code has to be made.

    Parameters
    ----------
    config : Config
        Says on which backend.
    tell : callable
        Gets the line.

    Raises
    ------
    ConfigError
        If there is no device.
    """
    if config.run.backend == "cpu":
        return
    from technopole.device.shared import device_name

    words = "making the code for the device (about half a minute, once) …"
    waiting = threading.Timer(PATIENCE, tell, (words,))
    waiting.start()
    try:
        device_name(config.run.backend)
    finally:
        waiting.cancel()
