"""Quantiles over replicates: values as NumPy's, intervals as the binomial distribution says."""

import numpy as np
import pytest
from scipy import stats

from technopole.statistics.quantiles import interval_ranks, quantiles

LEVELS = (0.05, 0.25, 0.5, 0.9)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 101, 1000])
def test_values_are_those_of_numpy(n):
    values = np.random.default_rng(n).lognormal(size=(n, 3, 2))
    np.testing.assert_allclose(
        quantiles(values, LEVELS).value, np.quantile(values, LEVELS, axis=0), rtol=1e-13
    )


def test_missing_values_are_left_out_element_by_element():
    values = np.random.default_rng(1).normal(size=(50, 4))
    values[:30, 1] = np.nan
    values[7, 2] = np.inf
    values[:, 3] = np.nan
    found = quantiles(values, LEVELS)
    np.testing.assert_allclose(found.value[:, 1], np.quantile(values[30:, 1], LEVELS))
    np.testing.assert_allclose(found.value[:, 2], np.quantile(np.delete(values[:, 2], 7), LEVELS))
    assert np.isnan(np.array(found)[:, :, 3]).all()


@pytest.mark.parametrize("n", [1, 2, 8, 20, 93, 5000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_ranks_are_the_narrowest_with_the_coverage(n, confidence):
    ranks = interval_ranks(n, LEVELS, confidence)
    tail = (1 - confidence) / 2
    for p, low, high in zip(LEVELS, *ranks, strict=True):
        below = stats.binom(n, p)  # how many values lie below the quantile
        assert low == -1 or below.cdf(low) <= tail
        assert below.cdf(low + 1) > tail
        last = n if high == -1 else high
        assert high == -1 or below.sf(high) <= tail
        assert below.sf(last - 1) > tail


def test_known_ranks():
    # median of ten: outside the 2nd and the 9th value lies 2·(1 + 10)/2¹⁰ = 0.021
    assert [int(rank[0]) + 1 for rank in interval_ranks(10, [0.5], 0.95)] == [2, 9]
    # five values have no 95 % interval of the median, six have: 1 - 2·2⁻⁶ = 0.969
    assert interval_ranks(5, [0.5], 0.95) == ([-1], [-1])
    assert interval_ranks(6, [0.5], 0.95) == ([0], [5])


def test_too_few_replicates_have_no_interval_rather_than_a_wrong_one():
    found = quantiles(np.arange(20.0), [0.05, 0.5])
    assert np.isnan(found.low[0])
    assert np.isfinite([found.high[0], found.low[1], found.high[1], found.se[1]]).all()


def test_no_replicate_has_no_quantile():
    assert np.isnan(quantiles(np.empty((0, 3)), LEVELS).value).all()
    assert quantiles(np.empty((4, 0)), LEVELS).value.shape == (4, 0)


def test_standard_error_of_a_median():
    # asymptotically 1/(2 f √n) with the density f at the median
    n = 4001
    found = quantiles(np.random.default_rng(3).normal(size=(n, 200)), [0.5])
    assert found.se.mean() == pytest.approx(np.sqrt(np.pi / 2 / n), rel=0.05)
    assert found.value.std() == pytest.approx(np.sqrt(np.pi / 2 / n), rel=0.2)
