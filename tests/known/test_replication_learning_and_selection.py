"""Dosi, Pereira and Virgillito (2017): growth of firms that learn and are selected."""

import numpy as np
import pytest

from learning_and_selection import (
    BASELINE,
    CASES,
    KURTOSIS,
    MARK_II,
    SHAPE,
    TENT,
    Setup,
    compare,
    difference_from_engine,
    draw_steps,
    measure,
    run,
)
from published import mean_and_error
from reference import rng


def plain_run(setup, seed, replicate):
    """The model in NumPy."""
    n = setup.firms
    identity, a, s = np.arange(n, dtype=np.uint64), np.ones(n), np.full(n, 1.0 / n)

    def step(word):
        x = setup.scale * (1.0 - (1.0 - rng.uniform(word)) ** 0.2)
        covered = 1.0 - max(1.0 - setup.cap / setup.scale, 0.0) ** 5
        return np.minimum(x, setup.cap) / covered

    exits = []
    for period in range(setup.periods):
        old_mean = a @ s
        theta = step(rng.draw(identity, period, rng.INNOVATION, seed, replicate)[0])
        a = a * (1.0 + theta * ((a / old_mean) ** setup.cumulation if setup.regime == MARK_II else 1.0))
        s = s * (1.0 + setup.selection * (a / (a @ s) - 1.0))
        leaves = s <= setup.smallest
        entrant = [word for word in rng.draw(np.arange(n), period, 113, seed, replicate)]
        s = np.where(leaves, 1.0 / n, s * (1.0 - leaves.sum() / n) / s[~leaves].sum())
        a = np.where(leaves, old_mean * (1.0 + step(entrant[2])), a)
        identity = np.where(leaves, rng.join_words(entrant[0], entrant[1]), identity)
        exits.append(leaves.sum())
    return a, s, np.array(exits)


@pytest.mark.parametrize(
    "setup", [Setup(BASELINE, periods=60), Setup(MARK_II, cumulation=2.0, periods=60, cap=np.inf)]
)
def test_kernel_and_plain_numpy_agree(setup):
    industry = run(setup, 4, 2)
    productivity, share, exits = plain_run(setup, 4, 2)
    np.testing.assert_allclose(industry.productivity, productivity, rtol=1e-10)
    np.testing.assert_allclose(industry.share, share, rtol=1e-10)
    assert np.array_equal(industry.exits, exits) and exits.sum() > 50


def test_shares_sum_to_one():
    assert run(Setup(MARK_II), replicate=1).share.sum() == pytest.approx(1.0, abs=1e-13)


def test_engine_moves_incumbents_the_same_way():
    difference, periods = difference_from_engine()
    assert periods >= 5
    assert difference < 1e-12


@pytest.mark.parametrize(("cap", "mean"), [(np.inf, 0.05), (0.2, 0.0501377)])
def test_mean_learning_step(cap, mean):
    """4 s.e. of a million steps: a chance of 1e-4 for new seeds."""
    steps = np.empty(1_000_000)
    draw_steps(steps, 0.3, cap, 7, 0)
    assert abs(steps.mean() - mean) < 4e-3 * steps.std()
    assert steps.min() >= 0.0 and steps.max() < min(0.3, cap / 0.9958)


def test_tails_are_fat_and_fatter_with_cumulation():
    """Fixed seed; differences of several s.e. Without strong cumulation there is no tent: see the document."""
    found = {name: mean_and_error(measure(setup, 4)) for name, setup in CASES.items()}
    shape = [found[name][0][SHAPE] for name in CASES]
    assert shape == sorted(shape, reverse=True)
    assert shape[1] > TENT[1] + 0.3
    assert TENT[0] < shape[-1] < TENT[1]
    for name in list(CASES)[1:]:
        assert found[name][0][KURTOSIS] > 3.0 + 3.0 * found[name][1][KURTOSIS]


NO_TENT = ["Mark I", "baseline", "Mark II, gamma 1", "Mark II, gamma 2"]


@pytest.mark.stats
def test_table():
    """Everything but the tent of four cases; a chance of 1 % for new seeds."""
    rows, _ = compare(50)
    assert [row.what for row in rows if not row.within] == [f"Subbotin shape, {name}" for name in NO_TENT]
