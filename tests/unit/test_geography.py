"""Distances, proximity, and the elementary functions they are made of."""

import math
import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from technopole.basics import portable_math
from technopole.data.geography import (
    EARTH_RADIUS_KM,
    Space,
    cumulative_rows,
    far_cumulative,
    grouped,
    proximity,
)

ROOT = Path(__file__).parents[2]


def great_circle_distances(positions):
    return Space(positions, "great_circle").matrix()


def ulps(values, exact):
    """Largest error in units of the last place."""
    return max(
        abs((mpmath.mpf(float(v)) - e) / mpmath.mpf(float(np.spacing(abs(v)))))
        for v, e in zip(values, exact, strict=True)
    )


@pytest.mark.parametrize("regions", [1, 4, 7])
def test_groups_hold_what_the_rows_hold(regions):
    places = np.random.default_rng(regions).random((regions, 2)) * 10.0
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    rows, columns, weights = csr = proximity(distances, 2.0, 0.05)
    dense = np.zeros((regions, regions))
    dense[np.repeat(np.arange(regions), np.diff(rows)), columns] = weights
    order = np.random.default_rng(1).permutation(regions)
    starts, reached, together = grouped(csr, 4, order)
    assert starts.size == -(-regions // 4) + 1 and together.shape == (reached.size, 4)
    for group in range(starts.size - 1):
        part = slice(starts[group], starts[group + 1])
        assert np.all(np.diff(reached[part]) > 0)
        expected = dense[order[4 * group : 4 * group + 4]].T
        found = np.zeros((regions, 4))
        found[reached[part]] = together[part]
        assert (
            np.array_equal(found[:, : expected.shape[1]], expected)
            and not found[:, expected.shape[1] :].any()
        )


def test_elementary_functions_against_mpmath():
    x = np.random.Generator(np.random.PCG64(1)).uniform(-30.0, 30.0, 400)
    positive = np.abs(x) + 1e-9
    inside = (x + 30.0) / 60.0
    with mpmath.workdps(40):
        exact = [mpmath.mpf(float(v)) for v in x]
        assert ulps(portable_math.exp(x), [mpmath.exp(v) for v in exact]) < 1.0
        assert ulps(portable_math.log(positive), [mpmath.log(mpmath.mpf(float(v))) for v in positive]) < 3.0
        angles = [mpmath.asin(mpmath.sqrt(mpmath.mpf(float(v)))) for v in inside]
        assert ulps(portable_math.arcsin_root(inside), angles) < 5.0
        sine, cosine = portable_math.sin_cos_degrees(30.0 * x)
        radians = [mpmath.mpf(float(v)) * mpmath.pi / 180 for v in 30.0 * x]
        assert (
            max(abs(mpmath.mpf(float(s)) - mpmath.sin(r)) for s, r in zip(sine, radians, strict=True)) < 3e-16
        )
        assert (
            max(abs(mpmath.mpf(float(c)) - mpmath.cos(r)) for c, r in zip(cosine, radians, strict=True))
            < 3e-16
        )


def test_exact_values_of_elementary_functions():
    assert portable_math.exp(np.zeros(1))[0] == 1.0
    assert portable_math.log(np.ones(1))[0] == 0.0
    sine, cosine = portable_math.sin_cos_degrees(np.array([0.0, 90.0, 180.0, 270.0, -90.0, 360.0]))
    assert sine.tolist() == [0.0, 1.0, 0.0, -1.0, -1.0, 0.0]
    assert cosine.tolist() == [1.0, 0.0, -1.0, 0.0, 0.0, 1.0]
    assert portable_math.arcsin_root(np.array([0.0, 1.0])) == pytest.approx([0.0, math.pi / 2], abs=1e-15)


def test_random_words_are_those_of_philox():
    # the first words of the stream of numpy's Philox (4x64, 10 rounds); they must never change
    assert portable_math.random_words(1, 2, 2).tolist() == [5705853004827290377, 6584680345644299050]
    draws = portable_math.normals(3, 4, 20_001)
    assert draws.size == 20_001
    assert abs(draws.mean()) < 0.03 and abs(draws.std() - 1.0) < 0.02


def test_great_circle_known_distances():
    pole_equator = great_circle_distances(np.array([[90.0, 0.0], [0.0, 40.0], [-90.0, 10.0], [0.0, -140.0]]))
    quarter = EARTH_RADIUS_KM * math.pi / 2
    assert pole_equator[0, 1] == pytest.approx(quarter, rel=1e-14)
    assert pole_equator[0, 2] == pytest.approx(2 * quarter, rel=1e-14)
    assert pole_equator[1, 3] == pytest.approx(2 * quarter, rel=1e-14)
    # London and New York, about 5,570 km apart; formula of cosines as an independent check
    lat = np.radians([51.5, 40.7])
    lon = math.radians(-0.1 + 74.0)
    cosine = math.sin(lat[0]) * math.sin(lat[1]) + math.cos(lat[0]) * math.cos(lat[1]) * math.cos(lon)
    found = great_circle_distances(np.array([[51.5, -0.1], [40.7, -74.0]]))
    assert found[0, 1] == pytest.approx(EARTH_RADIUS_KM * math.acos(cosine), rel=1e-12)
    assert 5550 < found[0, 1] < 5590


def test_date_line_and_small_distances():
    found = great_circle_distances(np.array([[10.0, 179.9], [10.0, -179.9], [10.0, 179.9 + 1e-7]]))
    assert found[0, 1] == pytest.approx(
        0.2 * math.pi / 180 * EARTH_RADIUS_KM * math.cos(math.radians(10.0)), rel=1e-6
    )
    assert found[0, 2] == pytest.approx(
        1e-7 * math.pi / 180 * EARTH_RADIUS_KM * math.cos(math.radians(10.0)), rel=1e-5
    )


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=8))
def test_great_circle_is_a_distance(places):
    found = great_circle_distances(np.array(places))
    assert np.array_equal(found, found.T)
    assert np.all(np.diag(found) == 0.0)
    assert np.all(found >= 0.0) and np.all(found <= EARTH_RADIUS_KM * math.pi * (1 + 1e-15))
    triangle = found[:, :, None] + found[None, :, :]
    assert np.all(triangle >= found[:, None, :] - 1e-3)


def test_many_regions_are_worked_on_in_blocks():
    generator = np.random.Generator(np.random.PCG64(2))
    places = np.column_stack([generator.uniform(-80, 80, 300), generator.uniform(-180, 180, 300)])
    whole = great_circle_distances(places)
    assert np.array_equal(
        whole[:5, 290:], great_circle_distances(places[[0, 1, 2, 3, 4, *range(290, 300)]])[:5, 5:]
    )


def test_euclidean():
    positions = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert Space(positions, "euclidean").matrix().tolist() == [[0.0, 5.0], [5.0, 0.0]]


DISTANCES = np.array([[0.0, 100.0, 5000.0], [100.0, 0.0, 700.0], [5000.0, 700.0, 0.0]])


def test_proximity_by_hand():
    indptr, indices, weights = proximity(DISTANCES, 500.0, 1e-3)
    assert indptr.tolist() == [0, 2, 5, 7]
    assert indices.tolist() == [0, 1, 0, 1, 2, 1, 2]
    expected = [1.0, math.exp(-0.2), math.exp(-0.2), 1.0, math.exp(-1.4), math.exp(-1.4), 1.0]
    assert weights == pytest.approx(expected, rel=1e-15)
    assert indptr.dtype == indices.dtype == np.int64


def test_proximity_limits():
    for decay, cutoff in ((0.0, 1e-3), (-1.0, 0.0), (500.0, 1.5)):
        indptr, indices, weights = proximity(DISTANCES, decay, cutoff)
        assert indices.tolist() == [0, 1, 2] and weights.tolist() == [1.0, 1.0, 1.0]
    assert proximity(DISTANCES, 500.0, 0.0)[1].size == 9
    assert proximity(np.zeros((1, 1)), 500.0, 1e-3)[2].tolist() == [1.0]


def test_far_cumulative_by_hand():
    csr = proximity(DISTANCES, 500.0, 1e-3)
    far = far_cumulative(csr)
    near, middle = math.exp(-0.2), math.exp(-1.4)
    share = near / (near + middle)
    assert far == pytest.approx([0.0, 1.0, share, share, 1.0, 1.0, 1.0], rel=1e-15)
    assert far[1] == far[4] == far[5] == 1.0
    assert far_cumulative(proximity(DISTANCES, 0.0, 1e-3)).tolist() == [0.0, 0.0, 0.0]


@given(st.lists(st.floats(0.0, 1e6, allow_subnormal=False), min_size=1, max_size=30))
def test_cumulative_rows_end_at_one(shares):
    matrix = np.array([shares])
    running = cumulative_rows(matrix)[0]
    if matrix.sum() == 0.0:
        assert not running.any()
        return
    last = np.flatnonzero(matrix[0])[-1]
    assert np.all(np.diff(running) >= 0.0) and np.all(running[last:] == 1.0)
    assert running == pytest.approx(np.cumsum(matrix[0]) / matrix[0].sum(), rel=1e-12)


SCRIPT = """
import hashlib, sys
import numpy as np
from technopole.config.config import Config
from technopole.data.loading import load_tables
digest = hashlib.sha256()
for name in ("us-states", "china-clusters"):
    for value in vars(load_tables(Config.from_toml(f"{sys.argv[1]}/configs/scenarios/{name}.toml"))).values():
        for array in value.values() if isinstance(value, dict) else [value]:
            if isinstance(array, np.ndarray):
                digest.update(array.tobytes())
print(digest.hexdigest())
"""


def test_tables_have_the_same_bits_without_vector_instructions():
    """Numpy and the C library choose code by CPU; the tables must not notice."""
    dispatched = np._core._multiarray_umath.__cpu_dispatch__  # type: ignore[attr-defined]
    plain = {
        "NPY_DISABLE_CPU_FEATURES": " ".join(dispatched),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
    }
    path = os.pathsep.join([str(ROOT / "engine"), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    digests = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(ROOT)],
            env={**os.environ, **extra, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for extra in ({}, plain)
    ]
    assert digests[0] == digests[1] != ""
