"""Squares of eight by eight turned in registers, and sums of eight vectors folded together."""

import numpy as np
import pytest

from technopole_kernels._jit import kernel
from technopole_kernels._lanes import load, put_across, put_down, store, total, totals


@kernel
def turn_across(x, out, count):
    n = x.shape[1]
    put_across(
        load(x[0], 0, n), load(x[1], 0, n), load(x[2], 0, n), load(x[3], 0, n), load(x[4], 0, n), load(x[5], 0, n),
        load(x[6], 0, n), load(x[7], 0, n), out, 3, count,
    )  # fmt: skip


@kernel
def turn_down(x, out, step, count, rows):
    put_down(
        load(x[0], 0, 8), load(x[1], 0, 8), load(x[2], 0, 8), load(x[3], 0, 8), load(x[4], 0, 8), load(x[5], 0, 8),
        load(x[6], 0, 8), load(x[7], 0, 8), out, step, 2, count, rows,
    )  # fmt: skip


@kernel
def add_eight(x, out, one_by_one):
    n = x.shape[1]
    a, b, c, d = load(x[0], 0, n), load(x[1], 0, n), load(x[2], 0, n), load(x[3], 0, n)
    e, f, g, h = load(x[4], 0, n), load(x[5], 0, n), load(x[6], 0, n), load(x[7], 0, n)
    store(totals(a, b, c, d, e, f, g, h), out, 0, 8)
    for i in range(8):
        one_by_one[i] = total(load(x[i], 0, n))


@pytest.mark.parametrize("count", [1, 5, 8, 11])
def test_lanes_across(count):
    x = np.random.default_rng(count).random((8, 8))
    out = np.full(80, -1.0)
    turn_across(x, out, count)
    wanted = min(count, 8)
    assert np.array_equal(out[3 : 3 + 8 * wanted].reshape(-1, 8), x.T[:wanted])
    assert np.all(out[:3] == -1.0) and np.all(out[3 + 8 * wanted :] == -1.0)


@pytest.mark.parametrize("rows", [1, 6, 8])
@pytest.mark.parametrize("count", [1, 7, 8, 20])
def test_lanes_down(rows, count):
    x = np.random.default_rng(rows).random((8, 8))
    out = np.full((8, 12), -1.0)
    turn_down(x, out.ravel(), 12, count, rows)
    wanted = min(count, 8)
    assert np.array_equal(out[:rows, 2 : 2 + wanted], x.T[:rows, :wanted])
    assert np.count_nonzero(out >= 0.0) == rows * wanted


@pytest.mark.parametrize(("kind", "lanes"), [(np.float32, 16), (np.float64, 8)])
def test_eight_totals_are_those_of_each(kind, lanes):
    for size in (1, lanes - 1, lanes):
        x = np.random.default_rng(size).normal(size=(8, size)).astype(kind)
        together, one_by_one = np.zeros(8), np.zeros(8)
        add_eight(x, together, one_by_one)
        assert np.array_equal(together, one_by_one)
