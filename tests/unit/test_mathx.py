"""Elementary functions of the kernels: errors against mpmath, special cases, equal bits everywhere."""

import hashlib
import math
import os
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba.core import config

from technopole_kernels import mathx
from technopole_kernels._jit import kernel

LN2 = math.log(2.0)
SAMPLE = 6_000  # points for each range
NAMES = ["exp", "exp_core", "expm1", "log", "log_core", "log1p", "normal_quantile", "normal_quantile_core"]


def _loop(function):
    @kernel
    def fill(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return fill


LOOPS = {name: _loop(getattr(mathx, name)) for name in NAMES}


def evaluate(name, x):
    """Return the function's values of an array, computed by a (vectorised) loop."""
    x = np.ascontiguousarray(x, dtype=float)
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out


def exact_quantile(p):
    """Inverse normal by two Halley steps in multiprecision from the double-precision value."""
    z = mpmath.mpf(float(mathx.normal_quantile(float(p))))
    for _ in range(2):
        gap = mpmath.ncdf(z) - p if z < 0 else (1 - p) - mpmath.ncdf(-z)
        step = gap * mpmath.sqrt(2 * mpmath.pi) * mpmath.exp(z * z / 2)
        z -= step / (1 + z * step / 2)
    return z


def largest_error(name, exact, x):
    """Return the largest error in units in the last place."""
    with mpmath.workprec(90):
        truth = [exact(mpmath.mpf(value)) for value in x.tolist()]
        nearest = np.array([float(value) for value in truth])
        rest = np.array([float(value - near) for value, near in zip(truth, nearest.tolist(), strict=True)])
    return np.max(np.abs((evaluate(name, x) - nearest) - rest) / np.spacing(np.abs(nearest)))


def _ranges():
    generator = np.random.default_rng(20240501)

    def between(low, high, size=SAMPLE):
        return generator.uniform(low, high, size)

    few = SAMPLE // 10
    tiny = 10.0 ** between(-300, 0)
    near_one = 1.0 + generator.normal(size=SAMPLE) * 1e-4
    positive = np.exp(between(-708, 709))
    yield "exp", mpmath.exp, between(-708, 709.78), 1.1
    yield "exp", mpmath.exp, between(-5, 5), 1.1
    yield "exp_core", mpmath.exp, between(-708, 709), 1.1
    yield "exp_core", mpmath.exp, between(-1, 1), 1.1
    yield "expm1", mpmath.expm1, between(-45, 45), 2.0
    yield "expm1", mpmath.expm1, between(-2, 2), 2.0
    yield "expm1", mpmath.expm1, tiny, 2.0
    yield "expm1", mpmath.expm1, -tiny, 2.0
    yield "log", mpmath.log, np.exp(between(-744, -700)), 1.0
    yield "log", mpmath.log, between(0.5, 2), 1.0
    yield "log_core", mpmath.log, positive, 1.0
    yield "log_core", mpmath.log, near_one, 1.0
    yield "log_core", mpmath.log, between(0.0, 10.0), 1.0
    yield "log1p", mpmath.log1p, between(-1, 4), 1.0
    yield "log1p", mpmath.log1p, tiny, 1.0
    yield "log1p", mpmath.log1p, -tiny, 1.0
    yield "log1p", mpmath.log1p, np.exp(between(0, 700)), 1.0
    yield "normal_quantile_core", exact_quantile, between(0, 1, few), 6.0
    yield "normal_quantile_core", exact_quantile, 1 - between(2.0**-33, 0.08, few), 6.0
    yield "normal_quantile_core", exact_quantile, 10.0 ** between(-10, -1, few), 6.0
    yield "normal_quantile", exact_quantile, 10.0 ** between(-300, -8, few), 6.0


@pytest.mark.parametrize(("name", "exact", "x", "allowed"), list(_ranges()))
def test_error(name, exact, x, allowed):
    assert largest_error(name, exact, x) <= allowed


SPECIAL = [
    ("exp", 0.0, 1.0),
    ("exp", -708.5, 0.0),
    ("exp", -math.inf, 0.0),
    ("exp", 709.7827128933841, math.inf),
    ("exp", 710.0, math.inf),
    ("exp", math.inf, math.inf),
    ("exp", math.nan, math.nan),
    ("exp_core", 0.0, 1.0),
    ("expm1", 0.0, 0.0),
    ("expm1", -math.inf, -1.0),
    ("expm1", -1000.0, -1.0),
    ("expm1", math.inf, math.inf),
    ("expm1", 709.7827128933841, math.inf),
    ("expm1", math.nan, math.nan),
    ("log", 1.0, 0.0),
    ("log", 0.0, -math.inf),
    ("log", -0.0, -math.inf),
    ("log", -1.0, math.nan),
    ("log", -math.inf, math.nan),
    ("log", math.inf, math.inf),
    ("log", math.nan, math.nan),
    ("log", 5e-324, math.log(5e-324)),
    ("log", sys.float_info.max, math.log(sys.float_info.max)),
    ("log_core", 1.0, 0.0),
    ("log1p", 0.0, 0.0),
    ("log1p", -1.0, -math.inf),
    ("log1p", -1.5, math.nan),
    ("log1p", math.inf, math.inf),
    ("log1p", math.nan, math.nan),
    ("log1p", sys.float_info.max, math.log(sys.float_info.max)),
    ("normal_quantile", 0.5, 0.0),
    ("normal_quantile", 0.0, -math.inf),
    ("normal_quantile", 1.0, math.inf),
    ("normal_quantile", -0.1, math.nan),
    ("normal_quantile", 1.1, math.nan),
    ("normal_quantile", math.nan, math.nan),
    ("normal_quantile_core", 0.5, 0.0),
]


@pytest.mark.parametrize(("name", "x", "expected"), SPECIAL)
def test_special_values(name, x, expected):
    for value in (getattr(mathx, name)(x), evaluate(name, np.full(9, x))[4]):
        assert value == expected or (math.isnan(value) and math.isnan(expected))


def _neighbours(centre, count=400):
    """Consecutive numbers around `centre`, rising."""
    bits = np.int64(np.float64(centre).view(np.int64))
    return np.sort((bits + np.arange(-count, count, dtype=np.int64)).view(np.float64))


@pytest.mark.parametrize(
    ("name", "joins", "steps_down"),
    [
        ("exp", [LN2 / 2, 3 * LN2 / 2, 100.5 * LN2, 1023.5 * LN2], 1),
        ("exp", [-LN2 / 2, -700.5 * LN2], 1),
        ("expm1", [LN2 / 2, 3 * LN2 / 2, 53.5 * LN2], 2),
        ("log", [math.sqrt(0.5), math.sqrt(2), 1.0, 2.0**-1022, 2.0**52 * math.sqrt(2)], 1),
        ("log1p", [math.sqrt(2) - 1, 1.0, 2.0**53, 2.0**60], 1),
        ("normal_quantile", [0.075, 0.925, math.exp(-25.0)], 6),
    ],
)
def test_rising_across_joins(name, joins, steps_down):
    for join in joins:
        values = evaluate(name, _neighbours(join))
        assert np.all(np.diff(values) >= -steps_down * np.spacing(np.abs(values[1:])))


def test_quantile_is_odd():
    p = np.random.default_rng(3).integers(1, 2**32, 2000) * 2.0**-33
    assert np.array_equal(evaluate("normal_quantile", p), -evaluate("normal_quantile", 1.0 - p))


def _common_sample(name):
    generator = np.random.default_rng(11)
    x = generator.normal(size=5001) * 3.0
    if name == "log1p":
        return np.expm1(x)
    if name.startswith("log"):
        return np.exp2(np.round(x * 4.0)) * (1.0 + generator.random(x.size))
    if name.startswith("normal"):
        return (generator.integers(0, 2**32, x.size) + 0.5) * 2.0**-32
    return x


@pytest.mark.parametrize("name", NAMES)
def test_scalar_equals_vector_loop(name):
    x = _common_sample(name)
    scalar = np.array([getattr(mathx, name)(value) for value in x.tolist()])
    assert np.array_equal(scalar.view(np.int64), evaluate(name, x).view(np.int64))


@pytest.mark.parametrize("name", ["exp", "log", "normal_quantile"])
def test_core_variants_return_the_same_bits(name):
    x = _common_sample(name)
    assert np.array_equal(evaluate(name, x).view(np.int64), evaluate(name + "_core", x).view(np.int64))


def test_the_quantile_function_is_that_of_its_parts():
    @kernel
    def fill(p, out):
        for i in range(p.size):
            centre, tail = mathx.normal_quantile_centre(p[i]), mathx.normal_quantile_tail(p[i])
            out[i] = centre if mathx.is_central(p[i]) else tail

    edges = np.concatenate([_neighbours(0.075), _neighbours(0.925), 0.5 + np.array([-0.425, 0.425])])
    p = np.concatenate([_common_sample("normal_quantile"), edges])
    parts = np.empty_like(p)
    fill(p, parts)
    assert np.array_equal(parts.view(np.int64), evaluate("normal_quantile_core", p).view(np.int64))


@pytest.mark.skipif(
    config.CPU_NAME is not None or config.DISABLE_JIT or not get_host_cpu_features().get("avx2", False),
    reason="needs AVX2",
)
@pytest.mark.parametrize("name", NAMES)
def test_loop_is_vectorised_without_contraction(name):
    evaluate(name, np.ones(8))
    code = "".join(LOOPS[name].inspect_asm().values())
    assert "mulpd" in code and ("ymm" in code or "zmm" in code)
    assert "vfmadd" not in code and "vfnmadd" not in code and "vfmsub" not in code


def digests():
    """Digests of all functions' values on fixed samples whose making involves no mathematical library."""
    generator = np.random.default_rng(5)
    mantissa = 0.5 + generator.random(4003)
    power = np.ldexp(1.0, generator.integers(-60, 60, mantissa.size))
    lines = []
    for name in NAMES:
        if name.startswith("log"):
            x = mantissa * power
        elif name.startswith("normal"):
            x = (generator.integers(0, 2**32, mantissa.size) + 0.5) * 2.0**-32
        else:
            x = (mantissa - 1.0) * 60.0
        lines.append(f"{name} {hashlib.sha256(evaluate(name, x).tobytes()).hexdigest()}")
    return "\n".join(lines)


def test_same_bits_without_vector_extensions(tmp_path):
    environment = dict(os.environ, NUMBA_CPU_NAME="generic", TECHNOPOLE_CACHE=str(tmp_path))
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    other = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digests()


if __name__ == "__main__":
    print(digests())
