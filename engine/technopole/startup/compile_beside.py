"""Other processes that compile parts of the period, and the smaller kernels, while the first one compiles the period.

Stages go from process to process through a folder (technopole_kernels/_exchange.py). Compiled kernels are kept in
files, so what one process compiles the other one finds. Where nothing can be kept, or there is one processor only, one
process does all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from technopole.basics.machine import available_processors
from technopole_kernels._jit import cache_directory, has_compiled_code

if TYPE_CHECKING:
    from technopole.config.config import Config

PROGRAM = "import sys\nfrom technopole.startup.compile_beside import work\nwork(*sys.argv[1:])"
MOST_HELPERS = 3
"""More of them would wait for the parts that nobody can share."""
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

SOURCES = Path(__file__).resolve().parents[2]
TOGETHER = 30.0
"""Seconds to wait for the other processes when the first one is done; then it does the rest itself."""

Process = subprocess.Popen[bytes]


@contextlib.contextmanager
def compiling_beside(precision: str) -> Iterator[tuple[str, Sequence[Process]]]:
    """Have other processes compile along, and wait for them at the end.

    Parameters
    ----------
    precision : str
        ``run.precision``.

    Yields
    ------
    folder : str
        Where they leave what they compiled.
    processes : list of Popen
        Those that were started. Whatever goes wrong there is left to this process to do, and to say.
    """
    helpers = 0
    if not has_compiled_code(precision) and cache_directory():
        helpers = min(available_processors().number - 1, MOST_HELPERS)
    processes: list[Process] = []
    with tempfile.TemporaryDirectory(prefix="technopole-", ignore_cleanup_errors=True) as folder:
        try:
            with contextlib.suppress(OSError):
                for number in range(helpers):
                    processes.append(_start(precision, folder, number))
            yield folder, processes
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(TOGETHER)
        finally:
            for process in processes:
                process.kill()
                process.wait()
                cast("IO[bytes]", process.stdin).close()


def _start(precision: str, folder: str, number: int) -> Process:
    places = [str(SOURCES), str(Path(sys.modules["technopole_kernels"].__path__[0]).parent)]
    known = os.environ.get("PYTHONPATH")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, precision, folder, str(number)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places + ([known] if known else []))},
        stdin=subprocess.PIPE,  # it closes when this process ends, however it ends
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def work(precision: str, folder: str, number: str) -> None:
    """Compile parts of the period, and what makes initial states and checks what hosts set.

    Ends when the standard input does.

    Parameters
    ----------
    precision : str
        ``run.precision``.
    folder : str
        Where to leave the parts.
    number : str
        Which of several processes this is: the first one, 0, compiles the kernels as well.
    """

    def watch() -> None:
        sys.stdin.buffer.read()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    from technopole.config.quick_start import load_compiler_without_blas

    load_compiler_without_blas()
    from technopole.config.config import Config
    from technopole_kernels._exchange import compile_jobs

    config = Config.from_dict(ECONOMY, "warm-up").replace({"run.precision": precision})
    compile_jobs(folder, _jobs(*_values(config)))
    if number == "0":
        _compile_small(config)
    os._exit(0)  # the watching thread cannot be ended


def _compile_small(config: Config) -> None:
    from technopole.model.handle import limits_of
    from technopole.world.build import make_blueprint, new_problem
    from technopole_kernels.host_check import check_state

    blueprint = make_blueprint(config)
    world = blueprint.new_world()
    blueprint.start(blueprint.setting(1), world, 0)
    check_state(world, new_problem(), limits_of(world), 0)


def compile_period(config: Config, folder: str = "", helpers: Sequence[Process] = ()) -> None:
    """Compile the period, without anything to simulate.

    Parameters
    ----------
    config : Config
        Its precision counts.
    folder : str
        Where helpers leave what they compiled.
    helpers : sequence of Popen
        Processes of `compiling_beside`.
    """
    import numpy as np

    from technopole_kernels._exchange import exchanging
    from technopole_kernels.drive import drive
    from technopole_kernels.status import Part

    setting, world, problem, records = _values(config)
    stop = np.zeros(1, dtype=np.int64)
    with contextlib.ExitStack() as stack:
        if helpers:
            others = partial(_any_at_work, helpers)
            stack.enter_context(exchanging(folder, _jobs(setting, world, problem, records), others))
        drive(setting, world, problem, records, 0, 1, stop, int(Part.WHOLE), 0, 0)


def _any_at_work(helpers: Sequence[Process]) -> bool:
    return any(process.poll() is None for process in helpers)


def _values(config: Config) -> tuple[Any, Any, Any, Any]:
    """Return setting, world, problem and records, of which compilation needs the types."""
    from technopole.world.build import make_blueprint, new_problem
    from technopole.world.recording import Recording

    blueprint = make_blueprint(config)
    shape = blueprint.n_regions, blueprint.n_sectors
    records = Recording(config.output.variables, 1, 1, *shape).records(0)
    return blueprint.setting(1), blueprint.new_world(), new_problem(), records


def _jobs(*values: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    from technopole_kernels._jobs import typed_jobs

    return cast("list[tuple[Any, tuple[Any, ...]]]", typed_jobs(*values))
