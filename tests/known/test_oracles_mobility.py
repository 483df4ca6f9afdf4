"""Mobility of workers against closed forms, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O5 averaging on a ring | the j-th Fourier mode falls by 1 - m + m e_j, e_j eigenvalue of the choice matrix; mean kept | 1e-12 | exact; the matrix is doubly stochastic |
| O16 conservation | sum of workers constant over 500 periods | 1e-12 | floating point, no integers |
| O17 logit, symmetric proximity | stationary workers ~ e^V_r sum_k G_rk e^V_k | 1e-12 | reversible chain |
| O17 equal proximity | workers ~ e^V_r | 1e-12 | the same |
| O18 break point | two equal regions: a difference grows by 1 - m + m [(1-f)/(1+f) + 4 s f/(1+f)^2]; it persists where s > (1+f)/2 | 1e-7 | difference of 1e-5, odd in it; f proximity, s = mobility.size |
| O19 logistic | two regions as near, attraction in proportion to size and e^V: ds/dt = m g s(1 - s); all move: odds grow by e^(V_1 - V_2) a period | 1e-12 | exact |
| O19 small steps | a share m moves: error against the logistic with rate m (V_1 - V_2) halves with the step | ratio 2 within 2 % | first-order step |
| O27 a region split in two | halves next to each other, as large as the whole together: sums and means unchanged | 1e-12 | exact with shared facilities and local meetings off |

Not applicable: the break and sustain points of O18's tables (core-periphery, footloose entrepreneur and capital), as the
model has neither trade cost between regions nor a price index of varieties. O18 is applied to the model's own
bifurcation, that of mobility with size attraction.
"""

import numpy as np
import pytest

from regimes import FIXED
from technopole_kernels import layout as at
from twinning import assert_close
from worlds import FIRM_ROWS, Run, economy, plan

WEIGHTS = ("size", "wage", "trust", "reputation", "infrastructure", "congestion")
UNMOVED = {**FIXED, **{f"mobility.{name}": 0.0 for name in WEIGHTS}, "trust.rise": 0.0, "trust.decay": 0.0}
DECAY = 100.0


def regions_at(distances, parameters, firms=None):
    """One sector in regions at given distances from each other, one firm in each unless said otherwise."""
    number = len(distances)
    firms = [1] * number if firms is None else firms
    tables = economy(number, 1, 1)
    tables["distances"] = [
        {"from": f"r{one}", "to": f"r{two}", "distance": float(distances[one][two])}
        for one in range(number)
        for two in range(one + 1, number)
    ]
    chosen = {**UNMOVED, "spillover.distance_decay": DECAY, "spillover.cutoff": 0.0, **parameters}
    return Run(plan(tables, chosen, firms=np.reshape(firms, (number, 1)), employment=20.0))


def between(positions):
    """Distances between points."""
    return np.linalg.norm(positions[:, None] - positions[None], axis=2)


@pytest.mark.parametrize("mode", [1, 2, 4])
@pytest.mark.parametrize("rate", [0.1, 0.9])
def test_o5_averaging_on_a_ring(mode, rate):
    number = 8
    step = np.abs(np.subtract.outer(np.arange(number), np.arange(number)))
    distances = 60.0 * np.minimum(step, number - step)
    run = regions_at(distances, {"mobility.rate": rate})
    angle = 2.0 * np.pi * mode * np.arange(number) / number
    run.region("workforce")[:] = 100.0 + 30.0 * np.cos(angle)
    near = np.exp(-distances[0] / DECAY)
    eigenvalue = (near * np.cos(angle)).sum() / near.sum()
    for time in range(1, 16):
        found = run.advance(1).region("workforce")
        expected = 100.0 + 30.0 * np.cos(angle) * (1.0 - rate + rate * eigenvalue) ** time
        assert_close(found, expected, "workforce")
    assert_close(found.mean(), 100.0)


def test_o16_conservation():
    positions = np.random.default_rng(2).uniform(0.0, 400.0, (12, 2))
    run = regions_at(
        between(positions), {"mobility.rate": 0.3, "mobility.size": 0.8, "mobility.congestion": 1.0}
    )
    run.region("workforce")[:] = np.random.default_rng(3).lognormal(3.0, 1.5, 12)
    whole = run.region("workforce").sum()
    start = run.region("workforce").copy()
    run.advance(500)
    assert_close(run.region("workforce").sum(), whole)
    assert not np.allclose(run.region("workforce"), start)


@pytest.mark.parametrize("spread", [150.0, 0.0], ids=["near and far", "all as near"])
def test_o17_stationary_workforces_of_a_logit(spread):
    rng = np.random.default_rng(5)
    distances = between(rng.uniform(0.0, spread + 1e-300, (7, 2)))
    run = regions_at(distances, {"mobility.rate": 1.0, "mobility.trust": 2.0})
    run.region("trust")[:] = rng.uniform(0.0, 1.0, 7)
    run.region("workforce")[:] = rng.lognormal(3.0, 1.0, 7)
    whole = run.region("workforce").sum()
    pull = np.exp(2.0 * run.region("trust"))
    stationary = pull * (np.exp(-distances / DECAY) @ pull)
    run.advance(400)
    assert_close(run.region("workforce"), whole * stationary / stationary.sum(), "workforce")
    if spread == 0.0:
        assert_close(run.region("workforce"), whole * pull / pull.sum(), "workforce")


def growth_of_a_difference(proximity, size, rate):
    """Factor by which a small difference between two equal regions changes in a period."""
    distance = -DECAY * np.log(proximity)
    run = regions_at([[0.0, distance], [distance, 0.0]], {"mobility.rate": rate, "mobility.size": size})
    difference = 1e-5
    run.region("workforce")[:] = 50.0 * (1.0 + difference), 50.0 * (1.0 - difference)
    run.advance(1)
    return (run.region("workforce")[0] - run.region("workforce")[1]) / (100.0 * difference)


@pytest.mark.parametrize("proximity", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("size", [0.0, 0.7, 1.0, 2.0])
def test_o18_growth_of_a_difference(proximity, size):
    near = (1.0 - proximity) / (1.0 + proximity) + 4.0 * size * proximity / (1.0 + proximity) ** 2
    assert growth_of_a_difference(proximity, size, 0.2) == pytest.approx(0.8 + 0.2 * near, abs=1e-7)


@pytest.mark.parametrize("proximity", [0.1, 0.5, 0.9])
def test_o18_break_point(proximity):
    """Symmetry breaks where the attraction of size passes (1 + proximity)/2."""
    edge = 0.5 * (1.0 + proximity)
    assert growth_of_a_difference(proximity, edge - 0.01, 1.0) < 1.0 - 1e-4
    assert abs(growth_of_a_difference(proximity, edge, 1.0) - 1.0) < 1e-7
    assert growth_of_a_difference(proximity, edge + 0.01, 1.0) > 1.0 + 1e-4


def two_regions_of_unequal_trust(gap, rate, share):
    """Two regions without distance; the first attracts by e^gap more, and both by their size."""
    run = regions_at(np.zeros((2, 2)), {"mobility.rate": rate, "mobility.size": 1.0, "mobility.trust": 1.0})
    run.region("trust")[:] = 0.2 + gap, 0.2
    run.region("workforce")[:] = 100.0 * share, 100.0 * (1.0 - share)
    return run


@pytest.mark.parametrize("gap", [0.05, 0.7])
def test_o19_logistic_growth_of_a_region(gap):
    run = two_regions_of_unequal_trust(gap, 1.0, 0.01)
    for time in range(1, 41):
        found = run.advance(1).region("workforce") / 100.0
        assert_close(found[0], 1.0 / (1.0 + 99.0 * np.exp(-gap * time)), "share")
    assert_close(found.sum(), 1.0)


def test_o19_half_time_of_the_logistic():
    """ln((1 - s)/s)/rate, met the better the shorter the step."""
    speed, half_time, errors = 0.04, np.log(9.0) / 0.04, []
    for steps in (4, 8):
        gap, rate, periods = 0.2 / steps, speed / 0.2, round(half_time * steps)
        run = two_regions_of_unequal_trust(gap, rate, 0.1).advance(periods)
        errors.append(run.region("workforce")[0] / 100.0 - 1.0 / (1.0 + 9.0 * np.exp(-gap * rate * periods)))
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.02) and abs(errors[1]) < 0.01


def test_o27_a_region_split_in_two():
    """Workers, wages, knowledge from the pool, markets and reputation do not notice a border without distance."""
    alive = {
        "mobility.rate": 0.2,
        "mobility.size": 1.0,
        "mobility.wage": 1.5,
        "mobility.reputation": 0.5,
        "labour.wage_response": 0.4,
        "spillover.rate": 0.2,
        "reputation.weight": 0.3,
        "market.demand_growth": 0.02,
        "transaction.cost": 0.1,
        "feedback.cluster_to_ris": 0.0,
    }
    whole = regions_at([[0.0, 80.0], [80.0, 0.0]], alive, [6, 3])
    split = regions_at([[0.0, 0.0, 80.0], [0.0, 0.0, 80.0], [80.0, 80.0, 0.0]], alive, [3, 3, 3])
    rng = np.random.default_rng(8)
    for name in ("organisation", "technology", "sourcing", "quality", "custom"):
        # the same three firms in either half
        half, other = rng.normal(0.0, 0.2, (2, 3))
        for run in (whole, split):
            run.firm(name)[:] = np.concatenate([half, half, other])
    for run in (whole, split):
        run.world.cells[at.C_REPUTATION, :-1] = 0.3
        run.region("wage")[-1] = 1.3
        run.advance(15)
    for name in FIRM_ROWS:
        assert_close(split.firm(name), whole.firm(name), name, scale=1e-3)
    halves, all_of_it = split.region("workforce"), whole.region("workforce")
    assert_close([halves[0] + halves[1], halves[2]], all_of_it, "workforce")
    assert_close(halves[0], halves[1])
    for name in ("wage", "trust"):
        assert_close(split.region(name)[[0, 2]], whole.region(name), name)
    # workers did move
    assert abs(all_of_it[0] / all_of_it[1] - 2.0) > 1e-3
