"""The reduced model as vectorised NumPy with every array operation in place: whole-world arrays of cells x firms.

NumPy runs on one thread. ``make`` gives that; ``make_processes`` spreads the worlds over processes, which is what its
users do to keep a second core busy.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "numpy"


def run_world(problem: Problem, number: int) -> np.ndarray:
    """Outcomes (periods, outcomes) of one world."""
    (R, S, n), p, start = problem.shape, problem.parameters, make_start(problem.shape)
    cells, firms = R * S, R * S * n
    rng = np.random.Generator(np.random.SFC64([problem.seed, number]))
    x, q = start.technology.copy(), start.quality.copy()
    share, cash, research = (
        np.full((cells, n), 1.0 / (R * n)),
        np.full((cells, n), 1.0),
        np.full((cells, n), 0.5),
    )
    level = np.zeros(S)
    base = (np.arange(cells) * n)[:, None]
    outcomes = np.empty((problem.periods, len(OUTCOMES)))
    a, b, g, u = (np.empty((cells, n)) for _ in range(4))

    def mix(mean):
        """Own cell's mean knowledge with that of the region."""
        region = mean.reshape(R, S).mean(axis=1, keepdims=True)
        return ((1.0 - p.beyond) * mean.reshape(R, S) + p.beyond * region).reshape(cells, 1)

    def learn(own, met, rate, pool):
        np.subtract(met, own, out=a)
        np.maximum(a, 0.0, out=a)
        np.multiply(a, rate, out=a)
        np.subtract(pool, own, out=b)
        np.maximum(b, 0.0, out=b)
        np.multiply(b, p.spillover, out=b)
        np.add(a, b, out=a)
        np.multiply(a, g, out=a)
        np.add(own, a, out=own)

    for period in range(problem.periods):
        sales = share.sum(axis=1).reshape(R, S) * R
        region_sales = np.maximum(sales.mean(axis=1, keepdims=True), p.least_sales)
        overhead = np.log(
            1.0 + p.facility / np.maximum(sales, p.least_sales) + p.facility_region / region_sales
        )
        pool_x, pool_q = mix(x.mean(axis=1)), mix(q.mean(axis=1))
        np.add(research, p.difficulty, out=g)
        np.divide(research, g, out=g)
        met = x.ravel()[rng.integers(0, n, (cells, n), dtype=np.int32) + base]
        learn(x, met, p.learning_technology, pool_x)
        met = q.ravel()[rng.integers(0, n, (cells, n), dtype=np.int32) + base]
        learn(q, met, p.learning_quality, pool_q)
        rng.random(out=u)
        np.multiply(g, p.chance, out=a)
        hits = np.flatnonzero(u < 2.0 * a)
        jumps = rng.exponential(p.step, hits.size)
        process = u.ravel()[hits] < a.ravel()[hits]
        x.ravel()[hits[process]] += jumps[process]
        q.ravel()[hits[~process]] += jumps[~process]
        shift = level + p.price_weight * overhead
        np.multiply(q, p.quality_weight, out=a)
        np.multiply(x, p.price_weight, out=b)
        np.add(a, b, out=a)
        np.subtract(a, shift.reshape(cells, 1), out=a)
        np.clip(a, -600.0, 600.0, out=a)
        np.exp(a, out=a)
        everyone = a.sum(axis=1).reshape(R, S).sum(axis=0)
        level += np.log(everyone / (R * n))
        np.multiply(a, np.tile(p.choice / everyone, R)[:, None], out=a)
        np.multiply(share, 1.0 - p.choice, out=share)
        np.add(share, a, out=share)
        np.multiply(share, R * n, out=a)
        np.multiply(a, p.effort, out=b)
        np.multiply(b, cash >= 0.0, out=b)
        np.multiply(a, p.margin, out=a)
        np.subtract(a, b, out=a)
        np.subtract(a, p.operating, out=a)
        np.multiply(cash, 1.0 - p.payout, out=cash)
        np.add(cash, a, out=cash)
        np.multiply(research, 1.0 - p.fading, out=research)
        np.add(research, b, out=research)
        flat, regional = share.ravel(), share.reshape(R, S * n).sum(axis=1)
        outcomes[period] = (
            x.sum() / firms, q.sum() / firms, (flat @ flat) * R * n / S, cash.sum() / firms,
            research.sum() / firms, (regional @ regional) * R / (S * S),
        )  # fmt: skip
    return outcomes


def _run_block(problem: Problem, numbers: list[int]) -> np.ndarray:
    return np.stack([run_world(problem, number) for number in numbers])


def make(problem: Problem):
    """Return a function that runs the problem in this thread and returns its outcomes."""
    return lambda: _run_block(problem, list(range(problem.worlds)))


def make_processes(problem: Problem):
    """The same with the worlds spread over processes, started before the clock runs."""
    os.environ.update(
        OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1"
    )  # read by the processes
    pool = ProcessPoolExecutor(problem.threads, mp_context=get_context("spawn"))
    list(pool.map(abs, range(problem.threads)))
    blocks = [list(range(j, problem.worlds, problem.threads)) for j in range(problem.threads)]

    def run() -> np.ndarray:
        parts = pool.map(_run_block, [problem] * problem.threads, blocks)
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))
        for numbers, part in zip(blocks, parts, strict=True):
            outcomes[numbers] = part
        return outcomes

    return run


def version() -> str:
    return f"numpy {np.__version__}"
