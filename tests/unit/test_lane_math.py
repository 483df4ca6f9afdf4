"""Formulas on lanes: the same bits as number by number, in both precisions, also where a row ends."""

import numpy as np
import pytest

from technopole_kernels._jit import device, kernel
from technopole_kernels._lane_math import (
    if_less,
    if_more,
    if_reaches,
    load_beside,
    only,
    positive,
    root,
    within,
)
from technopole_kernels._lanes import load, nothing, put_totals, store, width

PRECISIONS = ("float64", "float32")
LENGTHS = (0, 1, 7, 8, 9, 16, 23)


@device
def formula(x, y, factor):
    """Every operator, with numbers on both sides, and every comparison."""
    z = (1.0 - x) * factor + y / (2.0 + y) - 0.1
    z = positive(z) + if_more(x, 0.2, x, 0.1) + if_less(x, y, 0.3, y) - if_reaches(x, 0.5, x, 0.7)
    return within(z, 0.9)


@kernel
def on_lanes(x, y, factor, result):
    """The formula for all lanes at once."""
    for i in range(0, x.size, width(x)):
        store(formula(load(x, i, x.size - i), load(y, i, x.size - i), factor), result, i, x.size - i)


@kernel
def one_by_one(x, y, factor, result):
    """The formula number by number."""
    for i in range(x.size):
        result[i] = formula(x[i], y[i], factor)


@kernel
def add_up(x, flags, sums):
    """Sums of 1 / x, whose lanes behind the end are not finite, of roots and of small whole numbers."""
    a, b, c = nothing(x), nothing(x), nothing(x)
    for i in range(0, x.size + 1, width(x)):
        count = x.size - i
        value = load(x, i, count)
        a, b = a + only(1.0 / value, count), b + root(value)
        c = c + load_beside(flags, i, count, x)
    put_totals((a, b, c), sums, 0)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("length", LENGTHS)
def test_lanes_give_the_bits_of_single_numbers(length, precision):
    random = np.random.default_rng(length)
    x, y = random.random((2, length)).astype(precision)
    found, expected = np.full((2, length), -1.0, dtype=precision)
    on_lanes(x, y, 0.37, found)
    one_by_one(x, y, 0.37, expected)
    np.testing.assert_array_equal(found, expected)


def test_numbers_that_are_none_stay_so():
    x = np.array([np.nan, 0.2, 30.0])
    found = np.empty(3)
    on_lanes(x, x, 1.0, found)
    assert np.isnan(found).tolist() == [True, False, False]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("length", LENGTHS)
def test_what_lies_behind_a_row_is_not_added(length, precision):
    row = np.full(length + 40, np.nan, dtype=precision)
    row[:length] = np.arange(1, length + 1) ** 2
    flags = np.ones(length + 40, dtype=np.uint8)
    sums = np.full(8, -1.0)
    add_up(row[:length], flags, sums)
    number = np.arange(1, length + 1)
    expected = [np.sum(1.0 / number**2), np.sum(number), length]
    np.testing.assert_allclose(sums[:3], expected, rtol=1e-6)
    assert np.all(sums[3:] == -1.0)
