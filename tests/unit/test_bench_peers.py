"""The comparison with other engines: implementations that need no other package agree, and the gate stops the others."""

import io
import json
import math

import numpy as np
import pytest

from peers import gate, table, with_c, with_numpy, with_numpy_plain, with_technopole
from peers.problem import OUTCOMES, Parameters, Problem, Shape, make_start
from peers.registry import PEERS
from technopole_kernels.mathx import exp_core, log, log_core
from technopole_kernels.rng import draw, uniform, uniform_open

SMALL = Problem(Shape(3, 2, 11), worlds=3, periods=4, threads=1)


def sum_in_lanes(values):
    """The order in which the kernels add: lane j takes every eighth number."""
    lanes = [0.0] * 8
    padded = [*values, *[0.0] * (-len(values) % 8)]
    for i, value in enumerate(padded):
        lanes[i % 8] += value
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))


def run_loop(problem, number):
    """MODEL.md for one world, firm by firm in plain Python."""
    (R, S, n), p, start = problem.shape, problem.parameters, make_start(problem.shape)
    cells, total = range(R * S), R * S * n
    x, q = start.technology.tolist(), start.quality.tolist()
    s, m, e = ([[v] * n for _ in cells] for v in (1.0 / (R * n), 1.0, 0.5))
    level, rows, shares = [0.0] * S, [], [1.0 / R] * (R * S)
    for t in range(1, problem.periods + 1):
        sums = [*([sum_in_lanes(v[c]) for c in cells] for v in (x, q)), shares]
        f = []
        for c in cells:
            region = range(c // S * S, (c // S + 1) * S)
            pools = [
                (1.0 - p.beyond) * (v[c] / n) + p.beyond * (sum(v[d] for d in region) / (n * S))
                for v in sums[:2]
            ]
            own = max(sums[2][c] * R, p.least_sales)
            everywhere = max(sum(sums[2][d] * R for d in region) / S, p.least_sales)
            overhead = log(1.0 + p.facility / own + p.facility_region / everywhere)
            shift = level[c % S] + p.price_weight * overhead
            old_x, old_q, fitness = list(x[c]), list(q[c]), []
            for i in range(n):
                words = draw(c * n + i, t, 1, problem.seed, number)
                g = e[c][i] / (e[c][i] + p.difficulty)
                for own, old, pool, rate, word in (
                    (x[c], old_x, pools[0], p.learning_technology, words[0]),
                    (q[c], old_q, pools[1], p.learning_quality, words[1]),
                ):
                    met = old[int(uniform(word) * n)]
                    own[i] = old[i] + g * (
                        rate * max(met - old[i], 0.0) + p.spillover * max(pool - old[i], 0.0)
                    )
                u, jump = uniform(words[2]), -p.step * log_core(uniform_open(words[3]))
                if u < p.chance * g:
                    x[c][i] += jump
                elif u < 2.0 * p.chance * g:
                    q[c][i] += jump
                fitness.append(exp_core(p.quality_weight * q[c][i] + p.price_weight * x[c][i] - shift))
            f.append(fitness)
        by_cell = [sum_in_lanes(v) for v in f]
        for k in range(S):
            everyone = 0.0
            for c in range(k, R * S, S):
                everyone += by_cell[c]
            level[k] += log(everyone / (R * n))
            win = p.choice / everyone
            for c in range(k, R * S, S):
                shares[c] = (1.0 - p.choice) * shares[c] + win * by_cell[c]
                for i in range(n):
                    s[c][i] = (1.0 - p.choice) * s[c][i] + win * f[c][i]
                    sales = float(R * n) * s[c][i]
                    spent = p.effort * sales if m[c][i] >= 0.0 else 0.0
                    m[c][i] = (1.0 - p.payout) * m[c][i] + (p.margin * sales - spent - p.operating)
                    e[c][i] = (1.0 - p.fading) * e[c][i] + spent
        row = [sum(sum_in_lanes(v[c]) for c in cells) / total for v in (x, q, m, e)]
        squares = sum(sum_in_lanes([v * v for v in s[c]]) for c in cells) * R * n / S
        regional = [sum(shares[r * S : (r + 1) * S]) for r in range(R)]
        rows.append([row[0], row[1], squares, row[2], row[3], sum(y * y for y in regional) * R / (S * S)])
    return rows


@pytest.fixture(scope="module")
def outcomes():
    return with_technopole.make(SMALL)()


def test_kernels_equal_the_loops_of_the_model(outcomes):
    expected = np.array([run_loop(SMALL, number) for number in range(SMALL.worlds)])
    np.testing.assert_array_equal(outcomes, expected)


def test_threads_do_not_change_a_bit(outcomes):
    np.testing.assert_array_equal(with_technopole.make(SMALL._replace(threads=3))(), outcomes)


@pytest.mark.skipif(with_c.compiler() is None, reason="there is no C compiler")
def test_c_agrees_to_rounding(outcomes):
    assert gate.check(with_c.make(SMALL)(), outcomes, Parameters(), same_numbers=True) == []


@pytest.mark.parametrize("implementation", [with_numpy, with_numpy_plain])
def test_numpy_passes_the_gate(implementation):
    problem = Problem(Shape(3, 2, 30), worlds=48, periods=6, threads=1)
    reference = with_technopole.make(problem)()
    assert gate.check(implementation.make(problem)(), reference, problem.parameters) == []


class TestGate:
    def make(self, seed=0, worlds=60):
        """Outcomes of nothing that still keep the identities."""
        random, p = np.random.default_rng(seed), Parameters()
        made = np.empty((worlds, 8, len(OUTCOMES)))
        made[:, :, 0] = made[:, :, 1] = np.linspace(0.2, 0.4, 8) + random.normal(0.0, 1e-3, (worlds, 1))
        made[:, :, 2] = made[:, :, 5] = 1.1 + random.normal(0.0, 1e-3, (worlds, 8))
        cash, research = np.ones(worlds), np.full(worlds, 0.5)
        for t in range(8):
            spent = 0.1 + random.normal(0.0, 1e-3, worlds)
            cash = (1.0 - p.payout) * cash + p.margin - p.operating - spent
            research = (1.0 - p.fading) * research + spent
            made[:, t, 3], made[:, t, 4] = cash, research
        return made

    def test_lets_the_same_model_pass(self):
        assert gate.check(self.make(1), self.make(2), Parameters()) == []

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [(0, "technology: "), (2, "concentration: "), (3, "accounts are off"), (4, "accounts are off")],
    )
    def test_stops_another_mean(self, outcome, words):
        other = self.make(1)
        other[:, :, outcome] += 0.005
        complaints = gate.check(other, self.make(2), Parameters())
        assert complaints and complaints[0].startswith(words)

    def test_stops_what_falls_or_is_not_finite(self):
        other = self.make(1)
        other[3, 5, 1] -= 0.1
        assert gate.check(other, self.make(2), Parameters()) == ["quality falls"]
        other[3, 5, 1] = math.nan
        assert gate.check(other, self.make(2), Parameters()) == ["outcomes are not finite"]

    def test_stops_too_few_worlds(self):
        other = self.make(1)
        other[:, :, 0] += np.random.default_rng(5).normal(0.0, 0.2, (60, 1))
        assert "too few worlds" in gate.check(other, self.make(2), Parameters())[0]

    def test_stops_other_numbers_where_they_should_be_the_same(self):
        other = self.make(1)
        assert gate.check(other, self.make(1), Parameters(), same_numbers=True) == []
        assert "same random numbers" in gate.check(other, self.make(2), Parameters(), same_numbers=True)[0]

    def test_stops_another_shape(self):
        assert "shape" in gate.check(self.make(1)[:, :5], self.make(2), Parameters())[0]


def test_table_has_ratios_and_says_what_is_missing():
    def peer(label, ns):
        shape = {"ns": ns, "cpu_ns": ns, "memory_mib": 10.0, "worlds": 2, "periods": 3}
        return {
            "label": label,
            "threads": 2,
            "status": "passed",
            "cold_start_s": 1.0,
            "shapes": {"50 x 200": shape},
        }

    report = {
        "load_at_start": [0.1], "load_at_end": [0.2],
        "peers": {
            "technopole": peer("technopole", 4.0), "numpy": peer("NumPy", 60.0),
            "jax": {"label": "JAX", "threads": 2, "status": "not installed (No module named 'jax')"},
        },
        "anchors": {"starsim": {"status": "not installed (no)"}},
    }  # fmt: skip
    report["bars"] = table.compare_bars(report)
    assert report["bars"]["numpy"] == {"least": 15.0, "wall": {"50 x 200": 15.0}, "cpu": {"50 x 200": 15.0}}
    assert report["bars"]["jax"]["wall"] == {}
    text = table.format_table(json.load(io.StringIO(json.dumps(report))))
    assert "15.00" in text
    assert "JAX: not installed" in text and "starsim: not installed" in text


def test_every_peer_has_work_for_the_smallest_shape():
    assert all("50 x 200" in peer.work for peer in PEERS.values())


@pytest.mark.skipif(with_c.compiler() is None, reason="needs a C compiler")
def test_the_library_in_c_leaves_subnormal_numbers_alone():
    """Fast mathematics is its own affair, not that of the process that loads it."""
    with_c.build()
    assert np.float64(5e-324) * 1.0 > 0.0
