"""What commands that compute have in common: options, messages, the device, the computation itself."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.errors import Abandoned
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

    from technopole.config.config import Config
    from technopole.simulation.ensemble import Report

RUNS = Path("runs")
"""Where results go that nobody asked to be elsewhere."""

PATIENCE = 1.5
"""Seconds after which people are told what they wait for."""

Tell = Callable[[str], object]
"""Says something to people, or keeps it back."""


@dataclass(frozen=True, kw_only=True)
class ComputeOptions:
    """Options that ``run``, ``claims`` and ``validate`` have in common."""

    replicates: int | None = None
    seed: int | None = None
    periods: int | None = None
    threads: int | None = None
    backend: str | None = None
    assignments: tuple[str, ...] = ()
    data: Path | None = None
    out: Path | None = None
    figures: Path | None = None
    no_figures: bool = False
    overwrite: bool = False
    quiet: bool = False


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


def resolved(file: Path, options: ComputeOptions, assigned: dict[str, Any]) -> Config:
    """Return a configuration with the options of a command.

    Parameters
    ----------
    file : Path
        TOML file.
    options : ComputeOptions
        As given.
    assigned : dict
        What ``--set`` sets: dotted key → value.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    from technopole.config.resolve import resolve_config

    return resolve_config(
        file,
        replicates=options.replicates,
        seed=options.seed,
        threads=options.threads,
        backend=options.backend,
        periods=options.periods,
        data=options.data,
        more=assigned,
        options=True,
    )


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


def compute(work: Callable[[Report], xr.Dataset], replicates: int, tell: Tell, quiet: bool) -> xr.Dataset:
    """Compute results while people see how far it is.

    Parameters
    ----------
    work : callable
        Computes them; gets what takes reports on progress.
    replicates : int
        How many there will be.
    tell : callable
        Gets a line on the time it took.
    quiet : bool
        Show nothing.

    Returns
    -------
    xarray.Dataset
        What `work` returned.

    Raises
    ------
    Abandoned
        On Ctrl-C.
    """
    from technopole.simulation.progress import duration, watching

    begin = time.perf_counter()
    with watching(sys.stderr, quiet) as watch:
        try:
            results = work(watch)
        except KeyboardInterrupt:
            done = watch.last.replicates_done if watch.last is not None else 0
            wanted = counted(replicates, "replicate")
            raise Abandoned(f"{done:,} of {wanted} finished; nothing was written") from None
    tell(f"computed in {duration(time.perf_counter() - begin)}")
    return results
