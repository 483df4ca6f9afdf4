"""The reduced model as vectorised NumPy the way it is usually written: one expression per equation."""

from __future__ import annotations

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "numpy"


def run_world(problem: Problem, number: int) -> np.ndarray:
    """Outcomes (periods, outcomes) of one world."""
    (R, S, n), p, start = problem.shape, problem.parameters, make_start(problem.shape)
    cells, firms = R * S, R * S * n
    rng = np.random.default_rng([problem.seed, number])
    x, q = start.technology.copy(), start.quality.copy()
    share, cash, research = (
        np.full((cells, n), 1.0 / (R * n)),
        np.full((cells, n), 1.0),
        np.full((cells, n), 0.5),
    )
    level = np.zeros(S)
    outcomes = np.empty((problem.periods, len(OUTCOMES)))

    def mix(mean):
        mean = mean.reshape(R, S)
        return ((1.0 - p.beyond) * mean + p.beyond * mean.mean(axis=1, keepdims=True)).reshape(cells, 1)

    def learn(own, g, rate):
        met = np.take_along_axis(own, rng.integers(0, n, (cells, n)), axis=1)
        pool = mix(own.mean(axis=1))
        return own + g * (rate * np.maximum(met - own, 0.0) + p.spillover * np.maximum(pool - own, 0.0))

    for period in range(problem.periods):
        sales = share.sum(axis=1).reshape(R, S) * R
        region_sales = np.maximum(sales.mean(axis=1, keepdims=True), p.least_sales)
        overhead = np.log(
            1.0 + p.facility / np.maximum(sales, p.least_sales) + p.facility_region / region_sales
        )
        g = research / (research + p.difficulty)
        x, q = learn(x, g, p.learning_technology), learn(q, g, p.learning_quality)
        chance, jump, h = rng.random((cells, n)), rng.exponential(p.step, (cells, n)), p.chance * g
        x = x + np.where(chance < h, jump, 0.0)
        q = q + np.where((chance >= h) & (chance < 2.0 * h), jump, 0.0)
        shift = (level + p.price_weight * overhead).reshape(cells, 1)
        fitness = np.exp(np.clip(p.quality_weight * q + p.price_weight * x - shift, -600.0, 600.0))
        everyone = fitness.sum(axis=1).reshape(R, S).sum(axis=0)
        level = level + np.log(everyone / (R * n))
        share = (1.0 - p.choice) * share + np.tile(p.choice / everyone, R)[:, None] * fitness
        sold = R * n * share
        spent = np.where(cash >= 0.0, p.effort * sold, 0.0)
        cash = (1.0 - p.payout) * cash + (p.margin * sold - spent - p.operating)
        research = (1.0 - p.fading) * research + spent
        regional = share.reshape(R, S * n).sum(axis=1)
        outcomes[period] = (
            x.sum() / firms, q.sum() / firms, (share**2).sum() * R * n / S, cash.sum() / firms,
            research.sum() / firms, (regional**2).sum() * R / (S * S),
        )  # fmt: skip
    return outcomes


def make(problem: Problem):
    """Return a function that runs the problem in this thread and returns its outcomes."""
    return lambda: np.stack([run_world(problem, number) for number in range(problem.worlds)])


def version() -> str:
    return f"numpy {np.__version__}"
