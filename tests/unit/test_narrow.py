"""Arithmetic of functions that are given float32: their own kind, unless a total is float64."""

import numpy as np
import pytest
from numba.core import types

from technopole_kernels._bits import count_bits, equal_beside, less
from technopole_kernels._jit import device, kernel, scalar, single, stage
from technopole_kernels._kinds import by_kind, keep_whole, kind_of, whole, whole_float
from technopole_kernels._lanes import choose, load, nothing, put, spread, store, total, width
from technopole_kernels._narrow import holds_single
from technopole_kernels.choose import list_below
from technopole_kernels.reduce import sum_lanes


@device
def positive_part(x):
    return x if x > 0.0 else 0.0


@stage
def mix(x, out, rate, count):
    """Arithmetic of arrays with a parameter, a whole number, literals, a choice and a function."""
    for i in range(x.size):
        gap = rate * x[i] / count - 0.1
        out[i] = positive_part(gap) * 3.0 + (1.0 if x[i] < rate else x[i])


@kernel
def run_mix(x, out, rate, count):
    mix(x, out, rate, count)


def mixed_by_hand(x, rate, count):
    kind = x.dtype.type
    gap = kind(rate) * x / kind(count) - kind(0.1)
    return np.where(gap > 0, gap, kind(0)) * kind(3) + np.where(x < kind(rate), kind(1), x)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_arithmetic_is_that_of_the_arrays(kind):
    x = np.random.default_rng(1).uniform(0.0, 2.0, 1001).astype(kind)
    out = np.empty_like(x)
    run_mix(x, out, 0.7, 3)
    assert np.array_equal(out, mixed_by_hand(x, 0.7, 3))


def test_loops_of_float32_have_nothing_of_float64():
    """One conversion of the parameter and of the count, before the loop."""
    run_mix(np.ones(4, np.float32), np.ones(4, np.float32), 0.7, 3)
    wanted = types.Array(types.float32, 1, "C")
    code = next(text for sig, text in run_mix.inspect_asm().items() if sig[0] == wanted)
    lines = [line for line in code.splitlines() if "sd\t" in line or "pd\t" in line]
    assert not [line for line in lines if any(word in line for word in ("mul", "add", "sub", "div"))]


@stage
def add_up(x):
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@kernel
def run_add_up(x):
    return add_up(x)


def test_totals_are_float64():
    x = np.full(100_000, 0.1, np.float32)
    assert run_add_up(x) == pytest.approx(x.astype(float).sum(), rel=1e-13)


@scalar
def doubled(x):
    return 2.0 * x


@single(doubled)
def _tripled(x):
    return 3.0 * x


def test_one_name_for_two_precisions():
    assert doubled(1.5) == 3.0
    assert doubled(np.float32(1.5)) == 4.5
    assert doubled(np.ones(2))[0] == 2.0


def test_which_arguments_count():
    array, pair = types.Array(types.float32, 1, "C"), types.UniTuple(types.float64, 2)
    assert holds_single(types.float32) and holds_single(array) and holds_single(types.Tuple((array, pair)))
    assert not holds_single(types.float64) and not holds_single(types.uint32) and not holds_single(pair)


@kernel
def kinds(x, number):
    kept = keep_whole(x, number)
    return kind_of(x), by_kind(x, 1.0, 2.0), np.int64(whole(kept)), np.float64(whole_float(kept))


@pytest.mark.parametrize("number", [0, 1, 2**24 + 1, 2**31 - 1])
def test_kinds_and_whole_numbers(number):
    assert kinds(np.ones(1), number) == (0.0, 1.0, number, float(number))
    found = kinds(np.ones(1, np.float32), number)
    assert found == (0.0, 2.0, number, float(np.float32(number)))


@kernel
def lane_sum(x, y):
    lanes = nothing(x)
    for i in range(0, x.size, width(x)):
        lanes = lanes + load(x, i, x.size - i) * load(y, i, x.size - i)
    return total(lanes)


@kernel
def copy_lanes(x, out, value):
    for i in range(0, x.size, width(x)):
        store(load(x, i, x.size - i), out, i, x.size - i)
    put(spread(value, out), out, x.size)


@kernel
def sum_chosen(x, words, wanted, bound):
    lanes, count = nothing(x), 0
    for i in range(0, x.size, width(x)):
        lanes = lanes + choose(load(x, i, x.size - i), equal_beside(words, i, x.size - i, wanted, x))
        count += count_bits(less(x, i, x.size - i, bound))
    return total(lanes), count


@kernel
def places_below(u, bound, chosen):
    return list_below(u, bound, chosen)


def in_lanes(x, lanes):
    """Sum as the kernels make it: each lane by itself, then the halves, from eight on in float64."""
    padded = np.zeros(-(-x.size // lanes) * lanes, x.dtype)
    padded[: x.size] = x
    sums = np.zeros(lanes, x.dtype)
    for row in padded.reshape(-1, lanes):
        sums = sums + row
    if lanes == 16:
        sums = sums[:8] + sums[8:]
    sums = sums.astype(np.float64)
    while sums.size > 1:
        sums = sums[: sums.size // 2] + sums[sums.size // 2 :]
    return float(sums[0])


@pytest.mark.parametrize(("kind", "lanes"), [(np.float32, 16), (np.float64, 8)])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 100])
def test_lanes(kind, lanes, size):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=(2, size)).astype(kind)
    x, y = x.copy(), y.copy()
    assert lane_sum(x, y) == in_lanes(x * y, lanes)
    out = np.full(size + 16, -1.0, kind)
    copy_lanes(x, out, 0.3)
    assert np.array_equal(out[:size], x)
    assert np.all(out[size : size + lanes] == kind(0.3)) and np.all(out[size + lanes :] == -1.0)
    words = rng.integers(0, 3, size).astype(np.uint32)
    found, count = sum_chosen(x, words, np.uint32(1), 0.25)
    assert found == in_lanes(np.where(words == 1, x, kind(0)), lanes)
    assert count == np.count_nonzero(x < 0.25)
    chosen = np.full(size + 16, -1, np.int32)
    listed = places_below(x, 0.25, chosen)
    assert np.array_equal(chosen[:listed], np.flatnonzero(x < 0.25))


@kernel
def whole_sum(x):
    return sum_lanes(x, 0, x.size)


def test_sums_of_float32_are_good():
    x = np.random.default_rng(2).random(1024).astype(np.float32)
    assert whole_sum(x) == pytest.approx(x.astype(float).sum(), rel=1e-6)
