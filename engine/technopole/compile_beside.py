"""A second process that compiles the smaller kernels while the first one compiles the period.

Compiled kernels are kept in files, so what one process compiles the other one finds. Where nothing can be kept, or
there is one processor only, one process does all.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from technopole.machine import available_processors
from technopole_kernels._jit import cache_directory, has_compiled_code

if TYPE_CHECKING:
    from technopole.config import Config

PROGRAM = "import sys\nfrom technopole.compile_beside import work\nwork(sys.argv[1])"
ECONOMY: dict[str, Any] = {
    "time": {"periods": 1},
    "run": {"replicates": 1, "threads": 1},
    "regions": [{"id": "here", "x": 0.0, "y": 0.0}, {"id": "there", "x": 1.0, "y": 0.0}],
    "sectors": [{"id": "any"}],
    "cells": [
        {"region": "here", "sector": "any", "firms": 3},
        {"region": "there", "sector": "any", "firms": 3},
    ],
}
"""An economy that goes through all kernels; their code does not depend on sizes or parameters."""

SOURCES = Path(__file__).resolve().parents[1]
TOGETHER = 30.0
"""Seconds to wait for the second process when the first one is done; then it does the rest itself."""


@contextlib.contextmanager
def compiling_beside(precision: str) -> Iterator[None]:
    """Have a second process compile the smaller kernels, and wait for it at the end.

    Parameters
    ----------
    precision : str
        ``run.precision``.

    Yields
    ------
    None
        While it compiles. Whatever goes wrong there is left to this process to do, and to say.
    """
    process = None
    if not has_compiled_code(precision) and cache_directory() and available_processors().number > 1:
        with contextlib.suppress(OSError):
            process = _start(precision)
    try:
        yield
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(TOGETHER)
    finally:
        if process is not None:
            process.kill()
            process.wait()
            cast("IO[bytes]", process.stdin).close()


def _start(precision: str) -> subprocess.Popen[bytes]:
    places = [str(SOURCES), str(Path(sys.modules["technopole_kernels"].__path__[0]).parent)]
    known = os.environ.get("PYTHONPATH")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, precision],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places + ([known] if known else []))},
        stdin=subprocess.PIPE,  # it closes when this process ends, however it ends
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def work(precision: str) -> None:
    """Compile what makes initial states and checks what hosts set; ends when the standard input does.

    Parameters
    ----------
    precision : str
        ``run.precision``.
    """

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    from technopole.quick_start import load_compiler_without_blas

    load_compiler_without_blas()
    from technopole.build import make_blueprint, new_problem
    from technopole.config import Config
    from technopole.model_handle import limits_of
    from technopole_kernels.host_check import check_state

    blueprint = make_blueprint(Config.from_dict(ECONOMY, "warm-up").replace({"run.precision": precision}))
    world = blueprint.new_world()
    blueprint.start(blueprint.setting(1), world, 0)
    check_state(world, new_problem(), limits_of(world), 0)
    os._exit(0)  # the watching thread cannot be ended


def compile_period(config: Config) -> None:
    """Compile the period, without anything to simulate.

    Parameters
    ----------
    config : Config
        Its precision counts.
    """
    import numpy as np

    from technopole.build import make_blueprint, new_problem
    from technopole.recording import Recording
    from technopole_kernels.drive import drive
    from technopole_kernels.status import Part

    blueprint = make_blueprint(config)
    shape = blueprint.n_regions, blueprint.n_sectors
    records = Recording(config.output.variables, 1, 1, *shape).records(0)
    stop, world = np.zeros(1, dtype=np.int64), blueprint.new_world()
    drive(blueprint.setting(1), world, new_problem(), records, 0, 1, stop, int(Part.WHOLE), 0, 0)
