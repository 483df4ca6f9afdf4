"""What commands that compute have in common: options, the configuration, the computation itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.cli.telling import Tell
from technopole.errors import Abandoned
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

    from technopole.config.config import Config
    from technopole.simulation.ensemble import Report


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
