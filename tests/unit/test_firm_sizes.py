"""From counts by size class to firms: samples, splits, employment inside the classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from technopole.data.draft import sampled
from technopole.data.firm_sizes import (
    CLASS_LOWER,
    CLASS_UPPER,
    NATIONAL_SHARES,
    class_exponents,
    class_means,
    draw_employment,
    largest_possible,
    sample_establishments,
    split_firms,
)
from technopole.data.tables import CellRows, RegionRows, SectorRows
from technopole.schema import SECTOR_DEFAULTS


def unknown(sectors):
    """Exponents inside the classes where no class means are published."""
    return class_exponents(np.full((sectors, 9), np.nan))


@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.floats(0.001, 1.0),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_sample_keeps_the_numbers(regions, sectors, scale, seed, draw):
    generator = np.random.Generator(np.random.PCG64(draw))
    real = np.floor(generator.exponential(30.0, (regions, sectors, 9)))
    real[0, :, 0] += 1.0
    real[:, 0, 0] += 1.0
    sample = sample_establishments(real, scale, seed)
    assert np.all(sample >= 0) and np.all(sample <= np.ceil(real * scale) + 1)
    assert np.all(sample.sum(axis=(0, 2)) >= 1) and np.all(sample.sum(axis=(1, 2)) >= 1)
    added = np.maximum(regions, sectors)  # an empty region or sector gets one firm
    assert np.all(np.abs(sample.sum(axis=(0, 2)) - scale * real.sum(axis=(0, 2))) <= 1 + added)


def test_sample_at_full_scale_is_the_table():
    real = np.arange(2 * 3 * 9, dtype=np.float64).reshape(2, 3, 9)
    assert np.array_equal(sample_establishments(real, 1.0, 5), real)


def test_sample_is_unbiased():
    real = np.zeros((3, 1, 9))
    real[:, 0, 0] = [70.0, 53.0, 247.0]
    real[:, 0, 8] = [1.0, 0.0, 2.0]
    mean = np.mean([sample_establishments(real, 0.1, seed) for seed in range(2000)], axis=0)
    assert mean == pytest.approx(0.1 * real, abs=0.03)


def test_large_plants_stay_represented():
    real = np.zeros((100, 1, 9))
    real[:, 0, 0] = 1000.0
    real[:, 0, 8] = 1.0
    sample = sample_establishments(real, 0.05, 3)
    assert abs(sample[:, 0, 8].sum() - 5) <= 1


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_split_keeps_the_number_of_firms(firms, seed):
    firms = np.array(firms)
    shares = np.tile(np.array(NATIONAL_SHARES) / sum(NATIONAL_SHARES), (firms.size, 1))
    assert np.array_equal(split_firms(firms, shares, seed).sum(axis=1), firms)


def test_employment_stays_in_its_class():
    sample = np.zeros((2, 2, 9), dtype=np.int64)
    sample[:] = 200
    employment = draw_employment(sample, unknown(2), 1).reshape(2, 2, 9, 200)
    for index in range(9):
        sizes = employment[:, :, index]
        assert np.all(sizes >= CLASS_LOWER[index]) and np.all(sizes <= CLASS_UPPER[index])
        # stratified over the 400 firms of a sector: the mean is far better than chance
        tolerance = 0.05 if index == 8 else 0.002
        assert sizes.mean(axis=(0, 2)) == pytest.approx(class_means()[index], rel=tolerance)


def test_employment_inside_a_class_has_the_stated_distribution():
    sample = np.zeros((1, 1, 9), dtype=np.int64)
    sample[0, 0, 3] = sample[0, 0, 8] = 10_001
    employment = draw_employment(sample, unknown(1), 1)
    assert np.median(employment[:10_001]) == pytest.approx(np.sqrt(20.0 * 50.0), rel=1e-3)  # log-uniform
    tail = employment[10_001:]  # Pareto with exponent 1, cut at 50,000
    for size in (2000.0, 5000.0, 20000.0):
        expected = (1000.0 / size - 1000.0 / 50000.0) / (1.0 - 1000.0 / 50000.0)
        assert np.mean(tail > size) == pytest.approx(expected, rel=0.01)


def test_employment_meets_published_class_means():
    sample = np.full((1, 1, 9), 4000)
    means = np.array([[1.667, 6.631, 13.519, 30.112, 68.547, 149.744, 337.519, 679.613, 2433.978]])
    exponents = class_exponents(means)
    assert class_means(exponents) == pytest.approx(means, rel=1e-12)
    sizes = draw_employment(sample, exponents, 1).reshape(9, 4000)
    assert np.all(sizes >= CLASS_LOWER[:, None]) and np.all(sizes <= CLASS_UPPER[:, None])
    assert sizes.mean(axis=1) == pytest.approx(means[0], rel=0.01)


@given(st.lists(st.floats(0.01, 1e5), min_size=9, max_size=9))
def test_exponents_for_any_means(means):
    found = class_means(class_exponents(np.array([means])))[0]
    inside = (np.array(means) > CLASS_LOWER * 1.1) & (np.array(means) < CLASS_UPPER * 0.9)
    assert found[inside] == pytest.approx(np.array(means)[inside], rel=1e-6)
    assert np.all(found >= CLASS_LOWER) and np.all(found <= CLASS_UPPER)


def test_no_firm_is_larger_than_its_table_leaves_room_for():
    real = np.zeros((3, 1, 9))
    real[0, 0] = [2, 0, 0, 0, 0, 0, 0, 0, 3]
    real[1, 0, 8] = 1
    real[2, 0, 8] = 0.5
    sample = np.zeros((3, 1, 9), dtype=np.int64)
    sample[0, 0, [0, 8]] = 1, 2
    sample[1, 0, 8] = sample[2, 0, 8] = 1
    known = np.array([[4502.0], [2000.0], [900.0]])
    most = largest_possible(sample, real, known)
    # 4,502 workers less two firms of one and three of 1,000: 1,500 to share; the second cell is simulated in
    # full, the third one is a share of a larger table
    assert most.tolist() == [1501.0, 2500.0, 2500.0, np.inf, np.inf]
    assert np.isinf(largest_possible(sample, real, np.full((3, 1), np.nan))).all()


@given(st.integers(0, 2**32 - 1))
def test_sampled_firms_keep_to_their_cells(seed):
    real = np.zeros((40, 1, 9))
    real[:, 0, 3], real[:, 0, 8] = 20, 1
    known = np.full((40, 1), 2000.0)
    regions = RegionRows([f"r{i}" for i in range(40)], ["r"] * 40, np.zeros((40, 2)), "euclidean", {})
    sectors = SectorRows(
        ["s"],
        ["s"],
        np.zeros(1, bool),
        ["s"],
        dict.fromkeys(SECTOR_DEFAULTS, np.zeros(1)),
        np.eye(1),
        np.eye(1),
    )
    cells = CellRows(real, known, np.full((1, 9), np.nan), "here")
    tables = sampled(regions, sectors, cells, 0.1, seed).make()
    assert tables.employment.size > 80
    assert tables.employment.max() <= 1600.0  # 2,000 less twenty firms of 20


def test_neighbouring_firms_are_not_ordered_by_size():
    sample = np.zeros((1, 1, 9), dtype=np.int64)
    sample[0, 0, 0] = 5000
    sizes = np.log(draw_employment(sample, unknown(1), 1))
    assert abs(np.corrcoef(sizes[:-1], sizes[1:])[0, 1]) < 0.05
