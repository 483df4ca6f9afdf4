"""The reduced model in C (model.c), compiled when a compiler is there: the reference for what the machine allows."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from peers.problem import OUTCOMES, Parameters, Problem, make_start

PACKAGE = "numpy"
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-fPIC", "-std=gnu11"]
_SOURCE = Path(__file__).with_name("model.c")


def compiler() -> str | None:
    """Path of the C compiler: $CC, or the first of cc, gcc, clang; None if there is none."""
    for name in (os.environ.get("CC"), "gcc", "cc", "clang"):
        if name and shutil.which(name):
            return shutil.which(name)
    return None


def build():
    """Compile and load the library; a missing compiler raises ImportError as a missing package would."""
    found = compiler()
    if found is None:
        raise ImportError("there is no C compiler")
    with tempfile.TemporaryDirectory() as folder:
        compiled, library = Path(folder) / "model.o", Path(folder) / "model.so"
        # linked without -ffast-math: with it, loading the library would flush subnormal numbers of the whole process
        for command in (
            [found, *FLAGS, "-c", str(_SOURCE), "-o", str(compiled)],
            [found, "-shared", "-fopenmp", str(compiled), "-o", str(library), "-lm"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise ImportError(f"{found} failed: {done.stderr.strip()[:300]}")
        return ctypes.CDLL(str(library))


def make(problem: Problem):
    """Return a function that runs the problem and returns its outcomes (worlds, periods, outcomes)."""
    library = build()
    start, shape = make_start(problem.shape), problem.shape
    parameters = (ctypes.c_double * len(Parameters._fields))(*problem.parameters)

    def pointer(array: np.ndarray) -> ctypes.c_void_p:
        return ctypes.c_void_p(array.ctypes.data)

    def run() -> np.ndarray:
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))
        failed = library.run_worlds(
            pointer(start.technology), pointer(start.quality), parameters, shape.regions, shape.sectors, shape.firms,
            ctypes.c_int64(problem.seed), problem.worlds, problem.periods, problem.threads, pointer(outcomes),
        )  # fmt: skip
        if failed:
            raise MemoryError("the C version got no memory")
        return outcomes

    return run


def version() -> str:
    """First line of the compiler's own description."""
    found = compiler()
    text = subprocess.run([found, "--version"], capture_output=True, text=True).stdout if found else ""
    return text.splitlines()[0] if text else "none"
