"""The reduced model on LASER's core: properties of a LaserFrame, components compiled by numba with prange over patches.

Like LASER's own components it draws from numba's generator of each thread, so results depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "laser.core"


def define():
    """Return the compiled components (learn and compete; account); numba is imported here only."""
    import numba as nb

    @nb.njit(parallel=True, nogil=True)
    def learn(x, q, new_x, new_q, research, fitness, pool_x, pool_q, shift, sums, n, p):
        for c in nb.prange(pool_x.size):
            total_x = total_q = total_f = 0.0
            for i in range(c * n, (c + 1) * n):
                g = research[i] / (research[i] + p.difficulty)
                gap = max(x[c * n + int(np.random.random() * n)] - x[i], 0.0)
                a = x[i] + g * (p.learning_technology * gap + p.spillover * max(pool_x[c] - x[i], 0.0))
                gap = max(q[c * n + int(np.random.random() * n)] - q[i], 0.0)
                b = q[i] + g * (p.learning_quality * gap + p.spillover * max(pool_q[c] - q[i], 0.0))
                chance = np.random.random()
                if chance < 2.0 * p.chance * g:
                    jump = np.random.exponential(p.step)
                    if chance < p.chance * g:
                        a += jump
                    else:
                        b += jump
                new_x[i], new_q[i] = a, b
                f = np.exp(min(max(p.quality_weight * b + p.price_weight * a - shift[c], -600.0), 600.0))
                fitness[i] = f
                total_x += a
                total_q += b
                total_f += f
            sums[0, c], sums[1, c], sums[2, c] = total_x, total_q, total_f

    @nb.njit(parallel=True, nogil=True)
    def account(share, fitness, cash, research, win, sums, n, demand, p):
        for c in nb.prange(win.size):
            total_s = total_2 = total_m = total_e = 0.0
            for i in range(c * n, (c + 1) * n):
                s = (1.0 - p.choice) * share[i] + win[c] * fitness[i]
                sales = demand * s
                spent = p.effort * sales if cash[i] >= 0.0 else 0.0
                m = (1.0 - p.payout) * cash[i] + (p.margin * sales - spent - p.operating)
                e = (1.0 - p.fading) * research[i] + spent
                share[i], cash[i], research[i] = s, m, e
                total_s += s
                total_2 += s * s
                total_m += m
                total_e += e
            sums[3, c], sums[4, c], sums[5, c], sums[6, c] = total_s, total_2, total_m, total_e

    return learn, account


class Region:
    """A world: firms and patches (cells) as frames, two components per tick."""

    def __init__(self, problem: Problem, number: int, components) -> None:
        from laser.core import LaserFrame
        from laser.core.random import seed

        self.problem, self.learn, self.account = problem, *components
        (R, S, n), start = problem.shape, make_start(problem.shape)
        seed(problem.seed * 1_000_003 + 1_000 * number)
        self.firms, self.patches = LaserFrame(problem.shape.total), LaserFrame(problem.shape.cells)
        for name in ("technology", "quality", "next_technology", "next_quality", "fitness"):
            self.firms.add_scalar_property(name, dtype=np.float64, default=0.0)
        self.firms.add_scalar_property("share", dtype=np.float64, default=1.0 / (R * n))
        self.firms.add_scalar_property("cash", dtype=np.float64, default=1.0)
        self.firms.add_scalar_property("research", dtype=np.float64, default=0.5)
        self.patches.add_vector_property("sums", 7, dtype=np.float64, default=0.0)
        self.now = self.firms.technology, self.firms.quality
        self.next = self.firms.next_technology, self.firms.next_quality
        self.firms.technology[:], self.firms.quality[:] = start.technology.ravel(), start.quality.ravel()
        sums = self.patches.sums
        sums[0], sums[1], sums[3] = start.technology.sum(axis=1), start.quality.sum(axis=1), 1.0 / R
        self.level = np.zeros(S)

    def step(self) -> list[float]:
        p, (R, S, n), firms, sums = self.problem.parameters, self.problem.shape, self.firms, self.patches.sums
        means = (sums[:2] / n).reshape(2, R, S)
        pools = ((1.0 - p.beyond) * means + p.beyond * means.mean(axis=2, keepdims=True)).reshape(2, R * S)
        sales = sums[3].reshape(R, S) * R
        region_sales = np.maximum(sales.mean(axis=1, keepdims=True), p.least_sales)
        load = p.facility / np.maximum(sales, p.least_sales) + p.facility_region / region_sales
        shift = (self.level + p.price_weight * np.log(1.0 + load)).ravel()
        self.learn(
            *self.now, *self.next, firms.research, firms.fitness, pools[0], pools[1], shift, sums, n, p
        )  # fmt: skip
        self.now, self.next = self.next, self.now
        everyone = sums[2].reshape(R, S).sum(axis=0)
        self.level += np.log(everyone / (R * n))
        win = np.tile(p.choice / everyone, R)
        self.account(firms.share, firms.fitness, firms.cash, firms.research, win, sums, n, float(R * n), p)
        total, regional = self.problem.shape.total, sums[3].reshape(R, S).sum(axis=1)
        return [
            sums[0].sum() / total, sums[1].sum() / total, sums[4].sum() * R * n / S, sums[5].sum() / total,
            sums[6].sum() / total, (regional @ regional) * R / (S * S),
        ]  # fmt: skip


def make(problem: Problem):
    """Return a function that runs the worlds one after the other, each on all threads, and returns the outcomes."""
    import numba

    numba.set_num_threads(min(problem.threads, numba.config.NUMBA_NUM_THREADS))
    components = define()

    def run() -> np.ndarray:
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))
        for number in range(problem.worlds):
            world = Region(problem, number, components)
            for period in range(problem.periods):
                outcomes[number, period] = world.step()
        return outcomes

    return run


def version() -> str:
    from importlib.metadata import version as of

    return f"laser-core {of('laser-core')}"
