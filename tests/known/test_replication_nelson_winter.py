"""Nelson and Winter (1982, ch. 12): steady states, mean draws, and what makes an industry concentrated."""

from dataclasses import replace

import numpy as np
import pytest

from nelson_winter import EIGHT, STEADY, Setup, compare, run, standing_still, steady_capital
from published import mean_and_error


@pytest.mark.parametrize("firms", STEADY)
def test_without_search_nothing_moves(firms):
    assert standing_still(firms) < 1e-13
    markup, capital = STEADY[firms]
    assert steady_capital(firms) == pytest.approx(capital, rel=2e-5)
    assert steady_capital(firms) == pytest.approx(67.0 / 0.16 / markup, rel=1e-6)


def test_off_the_steady_state_capital_returns():
    """Who is too large shrinks to it."""
    setup = Setup(4, 0, imitation_spending=0.0, productivity=0.32, periods=400)
    # twice the productivity: half the price per unit of capital, the same steady state
    assert run(setup).capital.sum() == pytest.approx(steady_capital(4), rel=1e-12)


def plain_period(capital, productivity, setup):
    """Investment of a period without search, in NumPy."""
    output = capital * productivity
    share, price = output / output.sum(), 67.0 / output.sum()
    profit = price * productivity - 0.16
    wanted = 1.03 - (2.0 - share) / (2.0 - 2.0 * share) * 0.16 / (price * productivity)
    affordable = 0.03 + profit * np.where(profit > 0.0, 1.0 + setup.credit, 1.0)
    return capital * (0.97 + np.maximum(0.0, np.minimum(wanted, affordable)))


def test_investment_of_unequal_firms():
    from nelson_winter import live

    capital, productivity = np.array([20.0, 80.0, 120.0]), np.array([0.3, 0.15, 0.2])
    expected = capital.copy()
    for _ in range(30):
        expected = plain_period(expected, productivity, EIGHT)
    live(
        capital, productivity, 0, 0.0, 0.0, 0.125, 1.25, np.log(0.16), 0.01, 0.05, 1.0, 1.0, 1, 0,
        np.zeros(31), np.zeros(31), np.zeros((30, 2)),
    )  # fmt: skip
    np.testing.assert_allclose(capital, expected, rtol=1e-12)
    assert capital[1] < 80.0 * 0.97**20  # the least productive fails


def test_imitation_reaches_the_best_only():
    setup = replace(EIGHT, innovators=0, imitation_spending=1.0, periods=1)
    assert np.all(run(setup).productivity == 0.16)


def test_mean_draws():
    """Of 4,000 first periods; a chance of 1.1 % for new seeds."""
    setup = replace(EIGHT, innovators=8, periods=1)
    first = np.array([run(setup, 3, number).draws[0] for number in range(4000)])
    mean, error = mean_and_error(first)
    assert np.all(np.abs(mean - [1.002, 0.4983]) < 3.0 * error + 5e-4)


def test_table():
    """Patterns by 3 s.e. with a fixed seed."""
    rows, _ = compare(60)
    assert len(rows) == 3 * len(STEADY) + 4 + 3 + 6
    assert [row.what for row in rows if not row.within] == []


@pytest.mark.stats
def test_table_over_many_runs():
    """A chance of 2 % for new seeds (four means at 3 s.e.; the patterns are many s.e. away)."""
    rows, _ = compare(400)
    assert [row.what for row in rows if not row.within] == []
