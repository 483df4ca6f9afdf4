"""Compiling the kernels before they are needed."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from technopole.compile_beside import ECONOMY, compile_period, compiling_beside
from technopole.errors import TechnopoleError
from technopole_kernels._jit import cache_directory, has_compiled_code

__all__ = [
    "COMPILE_SECONDS",
    "ECONOMY",
    "cache_directory",
    "compile_in_background",
    "compile_kernels",
    "has_compiled_code",
    "storage_problem",
]

COMPILE_SECONDS = 45
"""How long compilation takes, about; said to people who wait."""


class StorageProblem(NamedTuple):
    """Why compiled kernels are not kept where they should be."""

    often: str
    """How often they are compiled."""
    text: str


def storage_problem() -> StorageProblem | None:
    """Say whether compiled kernels cannot be kept where they should be.

    Returns
    -------
    StorageProblem or None
        None if all is well.
    """
    place, wanted = cache_directory(), os.environ.get("TECHNOPOLE_CACHE", "")
    if place is None:
        return StorageProblem(
            "at every start",
            "note: compiled kernels cannot be kept, as no folder can be written; set TECHNOPOLE_CACHE to one that can",
        )
    if wanted and not place.is_relative_to(Path(wanted).expanduser().absolute()):
        text = f"note: TECHNOPOLE_CACHE={wanted} cannot be written; compiled kernels are kept in {place}"
        return StorageProblem("once", text)
    if not wanted and place.is_relative_to(tempfile.gettempdir()):
        text = (
            f"note: the folder of caches in the home cannot be written; compiled kernels are kept in {place}"
        )
        return StorageProblem("once until temporary files are deleted", text)
    return None


def compile_kernels(precision: str = "float64") -> float:
    """Compile what runs and models call, or load it if it is compiled already.

    Parameters
    ----------
    precision : str
        ``run.precision``.

    Returns
    -------
    float
        Seconds it took.
    """
    from technopole.config import Config
    from technopole.model import Model
    from technopole.simulation import Simulation

    begin = time.perf_counter()
    config = Config.from_dict(ECONOMY, "warm-up").replace({"run.precision": precision})
    with compiling_beside(precision) as (folder, helpers):
        compile_period(config, folder, helpers)
    Simulation(config).run()
    models = Model.many(config, 1)
    models.step()
    models[0].step()
    return time.perf_counter() - begin


def compile_in_background(precision: str = "float64") -> float:
    """Compile as `compile_kernels`, while the calling thread stays able to receive signals.

    Parameters
    ----------
    precision : str
        ``run.precision``.

    Returns
    -------
    float
        Seconds it took.

    Raises
    ------
    TechnopoleError
        If compilation failed.
    """
    begin = time.perf_counter()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            compile_kernels(precision)
        except BaseException as failure:
            failures.append(failure)

    # a daemon, so that an interrupted process can end without waiting for the compiler
    thread = threading.Thread(target=work, name="technopole-compiler", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
    if failures:
        raise TechnopoleError(f"the kernels could not be compiled: {failures[0]}") from failures[0]
    return time.perf_counter() - begin
