"""The reduced model in technopole's way (kernels.py): threads over worlds, the same bits on any number of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np

from peers.kernels import run_worlds
from peers.problem import OUTCOMES, Problem, Start, make_start
from technopole_kernels._lanes import WIDTH

PACKAGE = "numba"


class World(NamedTuple):
    """State of one world (rows of ``firms``, ``cells``) and work for one cell (``word``, rows of ``buffer``)."""

    firms: np.ndarray
    cells: np.ndarray
    sectors: np.ndarray
    buffer: np.ndarray
    partner: np.ndarray
    word: np.ndarray


def aligned_rows(rows: int, columns: int) -> np.ndarray:
    """Zeros whose rows begin at cache lines, which vectors of 64 bytes then do not straddle."""
    stride = -(-columns // WIDTH) * WIDTH
    memory = np.zeros(rows * stride + WIDTH)
    skip = -memory.ctypes.data // 8 % WIDTH
    return memory[skip : skip + rows * stride].reshape(rows, stride)


def new_world(shape) -> World:
    return World(
        aligned_rows(6, shape.total), np.zeros((10, shape.cells)), np.zeros((2, shape.sectors)),
        aligned_rows(3, shape.firms), np.zeros((2, -(-shape.firms // WIDTH) * WIDTH), dtype=np.int32),
        aligned_rows(1, shape.firms)[0].view(np.uint64),
    )  # fmt: skip


def make(problem: Problem):
    """Return a function that runs the problem and returns its outcomes (worlds, periods, outcomes)."""
    start: Start = make_start(problem.shape)
    spare = [new_world(problem.shape) for _ in range(problem.threads)]
    pool = ThreadPoolExecutor(problem.threads)
    block = max(1, problem.worlds // (4 * problem.threads))

    def run() -> np.ndarray:
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))

        def work(first: int) -> None:
            world = spare.pop()
            part = outcomes[first : first + block]
            run_worlds(
                world, start, problem.parameters, tuple(problem.shape), np.uint64(problem.seed), first,
                problem.periods, part,
            )  # fmt: skip
            spare.append(world)

        list(pool.map(work, range(0, problem.worlds, block)))
        return outcomes

    return run


def version() -> str:
    return f"numba {numba.__version__}"
