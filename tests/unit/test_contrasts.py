"""Contrasts: paired differences and factorial effects."""

import numpy as np
import pytest
from scipy import stats

from technopole.errors import ConfigError
from technopole.statistics.contrasts import (
    against_baseline,
    factorial_effects,
    factorial_layout,
    paired,
    replicates_needed,
)


@pytest.fixture
def pair():
    """Two points that share most of their chance."""
    shared, one, other = np.random.default_rng(8).normal(size=(3, 40))
    return 2.0 + shared + 0.3 * one, 1.5 + 1.2 * shared + 0.3 * other


def test_agrees_with_the_paired_t_test(pair):
    found = paired(*pair)
    test = stats.ttest_rel(*pair)
    interval = test.confidence_interval(0.95)
    assert found.n == 40
    assert found.difference == pytest.approx(np.mean(pair[0] - pair[1]))
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.correlation == pytest.approx(np.corrcoef(*pair)[0, 1])
    variances = [values.var(ddof=1) for values in pair]
    assert found.variance_reduction == pytest.approx(sum(variances) / (pair[0] - pair[1]).var(ddof=1))
    # var(x - y) = var x + var y - 2 r sd sd
    expected = sum(variances) - 2 * found.correlation * np.sqrt(np.prod(variances))
    assert found.sd**2 == pytest.approx(expected)


def test_a_replicate_counts_where_both_points_have_it(pair):
    first, second = (values.copy() for values in pair)
    first[3], second[5], second[6] = np.nan, np.inf, np.nan
    kept = np.delete(np.array(pair), [3, 5, 6], axis=1)
    assert paired(first, second).n == 37
    for found, expected in zip(paired(first, second), paired(*kept), strict=True):
        assert found == pytest.approx(expected, rel=1e-13)


def test_a_difference_without_chance():
    values = np.random.default_rng(1).integers(0, 100, 30) / 4.0
    found = paired(values + 2.0, values)
    assert (found.difference, found.se, found.low, found.high) == (2.0, 0.0, 2.0, 2.0)
    assert found.variance_reduction == np.inf
    assert found.correlation == pytest.approx(1.0)
    constant = paired(np.ones(5), np.zeros(5))
    assert np.isnan([constant.variance_reduction, constant.correlation]).all()


def test_too_few_replicates():
    one, none = paired([1.0], [3.0]), paired([1.0], [np.nan])
    assert (one.difference, one.n) == (-2.0, 1)
    assert np.isnan([one.low, one.high, one.variance_reduction, none.difference]).all()


def test_every_point_against_one(pair):
    values = np.array([pair[0], pair[1], 3.0 * pair[0]])
    found = against_baseline(values, 1)
    assert (found.difference[1], found.low[1], found.high[1]) == (0.0, 0.0, 0.0)
    for point in (0, 2):
        for part, alone in zip(found, paired(values[point], values[1]), strict=True):
            assert part[point] == alone
    # together: the interval of two comparisons at 95 % is that of one at 97.5 %
    together = against_baseline(values, 1, 0.95, comparisons=2)
    assert together.low[0] == pytest.approx(paired(values[0], values[1], 0.975).low)


def test_factorial_effects_by_hand():
    #                 b off  b on
    cells = np.array([[1.0, 2.0], [4.0, 9.0]])  # a off, a on
    noise = np.random.default_rng(4).normal(size=25)  # the same at all points
    found = factorial_effects(cells[..., None] + noise, ("a", "b"))
    assert set(found) == {("a",), ("b",), ("a", "b")}
    assert found["a",].difference == pytest.approx(((4 + 9) - (1 + 2)) / 2)
    assert found["b",].difference == pytest.approx(((2 + 9) - (1 + 4)) / 2)
    assert found["a", "b"].difference == pytest.approx((9 - 2) - (4 - 1))
    # what is shared cancels in each of them
    assert max(effect.se for effect in found.values()) < 1e-14


def test_factorial_effects_and_independent_points():
    values = np.random.default_rng(5).normal(size=(2, 2, 2, 50))
    values[1, 0, 1, 7] = np.nan
    found = factorial_effects(values, "abc")
    assert len(found) == 7
    assert {int(effect.n) for effect in found.values()} == {49}
    # with independent points nothing is gained or lost but by chance
    assert all(0.5 < effect.variance_reduction < 2.0 for effect in found.values())
    upper, lower = values[:, 1].mean(axis=(0, 1)), values[:, 0].mean(axis=(0, 1))
    assert found["b",].difference == pytest.approx(paired(upper, lower).difference)
    assert found["b",].sd == pytest.approx(paired(upper, lower).sd)


def test_layout_of_a_factorial():
    names, points = factorial_layout(
        {
            "feedback.ris_to_cluster": np.array([1.0, 0.0, 1.0, 0.0]),
            "innovation.rate": np.full(4, 0.1),
            "sharing.rule": np.array(["equal", "serial", "serial", "equal"], dtype=object),
        }
    )
    assert names == ("feedback.ris_to_cluster", "sharing.rule")
    assert points.tolist() == [[3, 1], [0, 2]]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"a.b": np.array([0.0, 0.5, 1.0])}, "a.b has 3 values"),
        ({"a.b": np.array([1.0, 1.0])}, "no parameter has two values"),
        ({"a.b": np.array([0.0, 0.0, 1.0])}, "points 0 and 1 have the same values"),
        (
            {"a.b": np.array([0.0, 1.0, 0.0]), "c.d": np.array([0.0, 1.0, 1.0])},
            "no point with a.b = 1.0, c.d = 0.0",
        ),
    ],
)
def test_what_is_no_factorial(parameters, words):
    with pytest.raises(ConfigError, match=words):
        factorial_layout(parameters)


@pytest.mark.parametrize("sd", [0.01, 0.3, 1.0, 7.7])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_replicates_needed_is_the_smallest_number(sd, confidence):
    n = int(replicates_needed(sd, 0.5, confidence))

    def half(count):
        return stats.t.ppf(0.5 + confidence / 2, count - 1) * sd / np.sqrt(count)

    assert half(n) <= 0.5
    assert n == 2 or half(n - 1) > 0.5


def test_replicates_needed_at_the_ends():
    assert replicates_needed([0.0, np.nan, np.inf, 1.0], 1e-9).tolist() == [2, -1, -1, -1]
