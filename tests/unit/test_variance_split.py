"""The split of variance within and between points."""

import numpy as np
import pytest

from technopole.statistics.variance_split import split_variance


def test_by_hand():
    # two points, two replicates: means 2 and 6, variance within 2 and 8
    found = split_variance([[1.0, 3.0], [4.0, 8.0]])
    assert (found.points, found.replicates) == (2, 4)
    assert found.within == pytest.approx(5.0)
    assert found.of_means == pytest.approx(8.0)
    # the differences are 3 and 5: their mean has the variance 1, that of the means of two points half of it
    assert found.between == pytest.approx(8.0 - 0.5)
    assert found.share_between == pytest.approx(7.5 / 12.5)
    assert found.noise == pytest.approx(0.5 / 8.0)


def test_what_all_points_share_is_no_difference_between_them():
    shared = np.random.default_rng(0).normal(size=30) * 100.0
    found = split_variance(np.array([1.0, 2.0, 4.0])[:, None] + shared)
    assert found.between == pytest.approx(np.var([1.0, 2.0, 4.0], ddof=1))
    assert found.noise == pytest.approx(0.0, abs=1e-12)
    assert found.within == pytest.approx(shared.var(ddof=1))


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("missing", [False, True])
def test_without_bias(common, missing):
    """Mean over many small experiments; a deviation of five standard errors happens once in 2 million."""
    random = np.random.default_rng(11)
    found = []
    for _ in range(1000):
        noise = random.normal(size=(5, 4)) + (2.0 * random.normal(size=4) if common else 0.0)
        values = 0.5 * random.normal(size=(5, 1)) + noise
        if missing:
            values[0, 1] = np.nan
        found.append(split_variance(values)[2:4])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    assert np.abs(mean - [5.0 if common else 1.0, 0.25])[1] < 5 * error[1]
    assert np.abs(mean - [5.0 if common else 1.0, 0.25])[0] < 5 * error[0]


def test_different_numbers_of_replicates_without_bias():
    random = np.random.default_rng(12)
    found = []
    for _ in range(1000):
        values = 0.5 * random.normal(size=(5, 1)) + random.normal(size=(5, 6))
        values[np.arange(6) >= np.array([1, 2, 3, 6, 6])[:, None]] = np.nan
        found.append(split_variance(values)[2:4])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(mean - [1.0, 0.25]) < 5 * error).all()


def test_too_little_to_split():
    assert np.isnan(split_variance([[1.0, 2.0]]).between)
    assert split_variance([[1.0, 2.0], [np.nan, np.nan]]).points == 1
    single = split_variance([[1.0], [3.0]])
    assert single.of_means == 2.0
    assert np.isnan([single.within, single.between, single.share_between]).all()
    assert split_variance(np.empty((0, 3))).points == 0
    same = split_variance(np.ones((3, 3)))
    assert (same.within, same.between) == (0.0, 0.0)
    assert np.isnan([same.share_between, same.noise]).all()
