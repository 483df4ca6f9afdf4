"""Compiling the kernels before they are needed."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from technopole.errors import TechnopoleError
from technopole.startup.compile_beside import ECONOMY, compile_period, compiling_beside
from technopole_kernels._jit import cache_directory, has_compiled_code

__all__ = [
    "COMPILE_SECONDS",
    "ECONOMY",
    "cache_directory",
    "compile_in_background",
    "compile_kernels",
    "has_compiled_code",
    "remove_old_kernels",
    "storage_problem",
]

COMPILE_SECONDS = 30
"""How long compilation takes, about; said to people who wait."""
FOLDERS = "numba*/*/" + 16 * "[0-9a-f]"
"""Where the cache keeps what was compiled from one version of the sources: versions, processor, sources."""
COMPILED = re.compile(r"technopole_kernels\..*\.(nbc|part)$|grid-")
"""Names of files of compiled kernels, for a processor or a device."""


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


class Removed(NamedTuple):
    """What was removed."""

    folders: int
    bytes: int


def remove_old_kernels() -> Removed:
    """Remove kernels that were compiled from other sources than these, for any processor.

    Nothing but files of compiled kernels is removed. Other versions of technopole that use the same cache compile
    theirs again; a process that has loaded its own needs the files no more.

    Returns
    -------
    Removed
        Folders and bytes.

    Raises
    ------
    TechnopoleError
        If a file cannot be removed.
    """
    place, folders, size = cache_directory(), 0, 0
    if place is None:
        return Removed(0, 0)
    for folder in sorted(place.parents[2].glob(FOLDERS)):
        if folder.name == place.name:
            continue
        try:
            for file in [one for one in folder.iterdir() if COMPILED.match(one.name)]:
                size += file.stat().st_size
                file.unlink()
        except OSError as failure:
            raise TechnopoleError(f"{folder}: cannot be removed: {failure.strerror or failure}") from None
        folders += 1
        with contextlib.suppress(OSError):  # it, or one above it, holds something else
            for empty in (folder, *folder.parents[:2]):
                empty.rmdir()
    return Removed(folders, size)


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
    from technopole.config.config import Config
    from technopole.model.model import Model
    from technopole.simulation.simulation import Simulation

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
