"""Moments and intervals against closed forms."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from technopole.statistics.moments import Tree, block_moments, merge_blocks, statistics, student_quantile


def exact(values):
    """Mean and sum of squared deviations in exact arithmetic."""
    numbers = [Fraction(float(value)) for value in values]
    mean = sum(numbers) / len(numbers)
    return float(mean), float(sum((number - mean) ** 2 for number in numbers))


@pytest.mark.parametrize("n", [1, 2, 3, 17, 64, 1000])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8])
def test_against_exact_arithmetic(n, offset):
    values = offset + np.random.default_rng(n).normal(size=n)
    found = block_moments(values)
    mean, m2 = exact(values)
    assert found.n == n
    assert found.mean == pytest.approx(mean, rel=1e-15)
    # the relative error grows with (mean/sd)² for a naive sum of squares; here with mean/sd only
    assert found.m2 == pytest.approx(m2, rel=max(1e-13, 1e-15 * offset), abs=0.0 if n > 1 else 1e-300)


def test_replicates_that_are_all_the_same_have_no_variance():
    # a weighted mean of equal numbers is that number, whatever the weights
    found = block_moments(np.full((100, 2), 0.1))
    assert (found.mean == 0.1).all()
    assert (found.m2 == 0.0).all()


def test_failed_and_missing_replicates_are_left_out():
    values = np.array([[1.0, np.nan], [2.0, 5.0], [1e300, 7.0], [4.0, np.inf]])
    found = block_moments(values, [True, True, False, True])
    assert found.n.tolist() == [3, 1]
    assert found.mean == pytest.approx([7 / 3, 5.0])
    assert found.m2 == pytest.approx([14 / 3, 0.0])


def test_blocks_that_were_never_written_are_empty():
    values = np.random.default_rng(0).normal(size=(16, 3))
    parts = [
        np.stack(part).astype(float)
        for part in zip(*(block_moments(values[i : i + 4]) for i in (0, 4, 8, 12)), strict=True)
    ]
    for part in parts:
        part[2:, :2] = np.nan
        part[:, 2] = np.nan
    found = merge_blocks(*parts)
    assert found.n.tolist() == [8, 8, 0]
    for part, expected in zip(found, block_moments(values[:8]), strict=True):
        np.testing.assert_array_equal(part[:2], expected[:2])
    assert (found.mean[2], found.m2[2]) == (0.0, 0.0)


def test_nothing_is_known_of_no_replicate():
    for found in (block_moments(np.empty((0, 2))), merge_blocks(*np.zeros((3, 0, 2))), Tree((2,)).total()):
        assert found.n.tolist() == [0, 0]
        assert np.isnan(statistics(*found).mean).all()


def test_a_tree_refuses_replicates_of_another_shape():
    with pytest.raises(ValueError, match="shape"):
        Tree((2,)).add(np.zeros((4, 3)))


def test_statistics_of_a_known_sample():
    # Student (1908), sleep of ten patients: mean 2.33, sd 2.002, 95 % interval 0.898 to 3.762
    sleep = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = statistics(*block_moments(sleep))
    assert found.mean == pytest.approx(2.33)
    assert found.sd == pytest.approx(2.002249, abs=1e-6)
    assert found.se == pytest.approx(2.002249 / np.sqrt(10), abs=1e-6)
    assert (found.low, found.high) == (pytest.approx(0.8976775, abs=1e-6), pytest.approx(3.7623225, abs=1e-6))


def test_one_replicate_has_a_mean_and_no_error():
    found = statistics(*block_moments([3.0]))
    assert found.mean == 3.0
    assert np.isnan([found.sd, found.se, found.low, found.high]).all()


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_student_quantile(confidence):
    freedom = np.array([[1, 2, 3], [10, 511, 10**5]])
    expected = stats.t.ppf(0.5 + confidence / 2, freedom)
    np.testing.assert_allclose(student_quantile(freedom, confidence), expected, rtol=1e-12)
    assert np.isnan(student_quantile([0, -1], confidence)).all()
