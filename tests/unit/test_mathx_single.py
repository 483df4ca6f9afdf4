"""Elementary functions and uniforms of float32: errors against float64, special cases, equal bits in any loop."""

import numpy as np
import pytest
from scipy.special import ndtri

from technopole_kernels import mathx, rng
from technopole_kernels._jit import kernel

SPARSE = 499  # every so manieth float32 is tried


def _loop(function):
    @kernel
    def fill(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return fill


NAMES = ("exp_core", "exp", "log_core", "log", "expm1", "log1p", "normal_quantile")
NAMES += ("normal_quantile_centre", "normal_quantile_tail")
LOOPS = {name: _loop(getattr(mathx, name)) for name in NAMES}


def evaluate(name, x):
    """Values of an array of float32, computed by a (vectorised) loop."""
    x = np.ascontiguousarray(x, dtype=np.float32)
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out


def positive():
    """Many of the positive normal float32, in order."""
    first, last = (np.array(x, np.float32).view(np.uint32) for x in (2.0**-126, np.finfo(np.float32).max))
    return np.arange(first, last, SPARSE, dtype=np.uint32).view(np.float32)


def between(low, high):
    """Many of the float32 between two bounds."""
    size = positive()
    found = np.concatenate([-size[::-1], size])
    return found[(found >= low) & (found <= high)]


def largest_error(name, exact, x):
    """Largest error in units in the last place of the exact value, rounded."""
    truth = exact(x.astype(np.float64))
    return np.max(np.abs(evaluate(name, x) - truth) / np.spacing(np.abs(truth.astype(np.float32))))


@pytest.mark.parametrize(
    ("name", "exact", "low", "high", "bound"),
    [
        ("exp_core", np.exp, -87.0, 88.0, 1.1),
        ("exp_core", np.exp, -1.0, 1.0, 1.1),
        ("exp", np.exp, -86.6, 88.7, 1.1),
        ("log_core", np.log, 2.0**-126, 3e38, 0.9),
        ("log_core", np.log, 0.9, 1.1, 0.9),
        ("log", np.log, 2.0**-126, 3e38, 0.9),
        ("expm1", np.expm1, -20.0, 88.0, 0.51),
        ("log1p", np.log1p, -0.999, 3e38, 1.5),
        ("normal_quantile_centre", ndtri, 0.0750001, 0.925, 5.2),
        ("normal_quantile_tail", ndtri, 2.0**-24, 0.075, 5.2),
        ("normal_quantile_tail", ndtri, 0.925, 1.0 - 2.0**-24, 5.2),
    ],
)
def test_errors(name, exact, low, high, bound):
    assert largest_error(name, exact, between(low, high)) < bound


def test_errors_are_noticed():
    """The measure sees a polynomial that is wrong by a few units."""
    x = between(0.5, 1.0)
    assert (
        np.max(np.abs(evaluate("exp", x) * np.float32(1 + 4e-7) - np.exp(x.astype(float))) / np.spacing(x))
        > 3
    )


def test_special_values():
    special = np.array([-np.inf, -100.0, 88.74, 1e30, np.inf, np.nan, 0.0, -0.0], np.float32)
    assert np.array_equal(
        evaluate("exp", special), [0, 0, np.inf, np.inf, np.inf, np.nan, 1, 1], equal_nan=True
    )
    special = np.array([-np.inf, -1.0, 0.0, -0.0, 1.0, np.inf, np.nan], np.float32)
    wanted = [np.nan, np.nan, -np.inf, -np.inf, 0.0, np.inf, np.nan]
    assert np.array_equal(evaluate("log", special), wanted, equal_nan=True)
    special = np.array([-np.inf, -2.0, -1.0, 0.0, 1e-30, np.inf, np.nan], np.float32)
    assert np.array_equal(
        evaluate("log1p", special), [np.nan, np.nan, -np.inf, 0, special[4], np.inf, np.nan], equal_nan=True
    )
    subnormal = np.array([1e-45, 1e-40, 1.1e-38], np.float32)
    assert np.allclose(evaluate("log", subnormal), np.log(subnormal.astype(float)), rtol=1e-6, atol=0.0)


def test_called_with_float32_from_python():
    assert mathx.exp(np.float32(1.0)) == np.float32(np.e)
    assert mathx.exp(1.0) == pytest.approx(np.e, rel=1e-15)  # a float64 is what it was
    assert mathx.normal_quantile(np.float32(0.975)) == pytest.approx(1.959964, abs=1e-6)


def test_the_same_alone_and_in_a_vector():
    x = np.linspace(-5.0, 5.0, 77, dtype=np.float32)
    for name in NAMES[:4]:
        values = np.abs(x) + np.float32(0.01) if name.startswith("log") else x
        assert np.array_equal(
            evaluate(name, values), [evaluate(name, values[i : i + 1])[0] for i in range(x.size)]
        )


@kernel
def draw_uniforms(words, out, opened, centred):
    for i in range(words.size):
        out[i] = rng.uniform_of(out[i], words[i])
        opened[i] = rng.uniform_open_of(out[i], words[i])
        centred[i] = rng.centred(out[i])


def uniforms(words, kind):
    words = np.asarray(words, dtype=np.uint64)
    out, opened, centred = (np.zeros(words.size, kind) for _ in range(3))
    draw_uniforms(words, out, opened, centred)
    return out, opened, centred


WORDS = [0, 1, 255, 256, 2**31 - 1, 2**31, 2**32 - 257, 2**32 - 256, 2**32 - 1]


def test_uniforms_of_float32_are_the_highest_bits():
    out, opened, centred = uniforms(WORDS, np.float32)
    assert np.array_equal(out, np.array(WORDS) // 256 / 2**24)
    assert np.array_equal(opened, (np.array(WORDS) // 512 + 0.5) / 2**23)
    assert np.array_equal(centred, (2.0 * (np.array(WORDS) // 256) + 1.0) / 2**24 - 1.0)
    assert out.max() < 1.0 and 0.0 < opened.min() and opened.max() < 1.0
    assert np.all(centred != 0.0) and np.all(np.abs(centred) < 1.0)


def test_uniforms_of_float64_are_what_they_were():
    out, opened, centred = uniforms(WORDS, np.float64)
    assert np.array_equal(out, np.array(WORDS) / 2**32)
    assert np.array_equal(opened, (np.array(WORDS) + 0.5) / 2**32)
    assert np.array_equal(centred, (2.0 * np.array(WORDS) + 1.0) / 2**32 - 1.0)


def test_both_kinds_follow_the_same_numbers():
    words = np.random.default_rng(3).integers(0, 2**32, 1000)
    for single, double in zip(uniforms(words, np.float32), uniforms(words, np.float64), strict=True):
        assert np.max(np.abs(single - double)) < 2.0**-22
