"""Elementary functions with the same bits on every machine.

The tables must come out bit-identical on any CPU, because everything the model computes starts from them.
The functions of ``numpy`` and of the C library do not promise that: they choose vector instructions by CPU,
and the last bit differs. Rounding the results would only make a difference rare (a value next to a rounding
boundary still flips), not impossible. So the few functions the tables need are written here in terms of
operations that IEEE 754 fixes to the last bit: ``+ - * /``, square root, rounding to an integer and scaling
by a power of two. Errors stay within a few units in the last place.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238  # the first 33 bits of ln 2, so k * _LN2_HIGH is exact
_LN2_LOW = 1.9082149292705877e-10
_RADIANS_PER_DEGREE = 0.017453292519943295
_BLOCK = 1 << 16  # elements worked on at a time: the temporaries stay in the cache

_EXP_TERMS = [1.0]
for _n in range(1, 14):
    _EXP_TERMS.append(_EXP_TERMS[-1] / _n)
_SIN_TERMS = [1.0]
_COS_TERMS = [1.0]
for _n in range(1, 10):
    _SIN_TERMS.append(-_SIN_TERMS[-1] / (2 * _n * (2 * _n + 1)))
    _COS_TERMS.append(-_COS_TERMS[-1] / ((2 * _n - 1) * 2 * _n))
_ATANH_TERMS = [1.0 / (2 * _n + 1) for _n in range(12)]
_ATAN_TERMS = [(-1.0) ** _n / (2 * _n + 1) for _n in range(13)]


def _polynomial(terms: list[float], x: FloatArray) -> FloatArray:
    """Horner's rule, lowest power first in ``terms``."""
    total = np.full_like(x, terms[-1])
    for term in reversed(terms[:-1]):
        total *= x
        total += term
    return total


def _exp_block(x: FloatArray) -> FloatArray:
    k = np.rint(x * _LOG2_E)
    rest = (x - k * _LN2_HIGH) - k * _LN2_LOW
    return np.ldexp(_polynomial(_EXP_TERMS, rest), k.astype(np.int32))


def exp(x: FloatArray) -> FloatArray:
    """Return e to the power of each element; arguments are limited to -700..700.

    Parameters
    ----------
    x : array of float64, any shape
        Arguments, dimensionless.

    Returns
    -------
    array of float64
        Same shape as ``x``.
    """
    flat = np.clip(np.ascontiguousarray(x, dtype=np.float64).ravel(), -700.0, 700.0)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        result[start : start + _BLOCK] = _exp_block(flat[start : start + _BLOCK])
    return result.reshape(np.shape(x))


def log(x: FloatArray) -> FloatArray:
    """Natural logarithm of each element (all must be positive and finite).

    Parameters
    ----------
    x : array of float64, any shape
        Positive numbers.

    Returns
    -------
    array of float64
        Same shape as ``x``.
    """
    flat = np.ascontiguousarray(x, dtype=np.float64).ravel()
    result = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        result[start : start + _BLOCK] = _log_block(flat[start : start + _BLOCK])
    return result.reshape(np.shape(x))


def _log_block(x: FloatArray) -> FloatArray:
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    k = (exponent - low).astype(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    series = 2.0 * s * _polynomial(_ATANH_TERMS, s * s)
    return np.asarray(k * _LN2_HIGH + (k * _LN2_LOW + series))


def power(x: FloatArray, exponent: float) -> FloatArray:
    """Each element (positive) to a real power.

    Parameters
    ----------
    x : array of float64, any shape
        Positive numbers.
    exponent : float
        The power.

    Returns
    -------
    array of float64
        Same shape as ``x``.
    """
    return exp(exponent * log(x))


def sin_cos_degrees(angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sine and cosine of angles in degrees.

    Parameters
    ----------
    angle : array of float64, any shape
        Angles in degrees.

    Returns
    -------
    sine, cosine : array of float64
        Same shape as ``angle``.
    """
    angle = np.asarray(angle, dtype=np.float64)
    quarter = np.rint(angle / 90.0)
    x = (angle - 90.0 * quarter) * _RADIANS_PER_DEGREE  # the difference is exact
    square = x * x
    sine = x * _polynomial(_SIN_TERMS, square)
    cosine = _polynomial(_COS_TERMS, square)
    turn = quarter.astype(np.int64) % 4
    odd = turn % 2 == 1
    first = np.where(odd, cosine, sine)
    second = np.where(odd, sine, cosine)
    return np.where(turn >= 2, -first, first), np.where((turn == 1) | (turn == 2), -second, second)


def arcsin_root(square: FloatArray) -> FloatArray:
    """Arcsine of the square root of each element, the angle of the haversine formula.

    Parameters
    ----------
    square : array of float64, any shape
        Numbers in 0..1.

    Returns
    -------
    array of float64
        Angles in radians, 0..pi/2.
    """
    square = np.clip(square, 0.0, 1.0)
    tangent = np.sqrt(square) / (1.0 + np.sqrt(1.0 - square))  # tan of half the angle
    for _ in range(2):  # two more halvings bring it below 0.2, where the series is short
        tangent = tangent / (1.0 + np.sqrt(1.0 + tangent * tangent))
    return np.asarray(8.0 * tangent * _polynomial(_ATAN_TERMS, tangent * tangent))


def uniforms(seed: int, purpose: int, number: int) -> FloatArray:
    """Uniform numbers in (0, 1), open at both ends, with 32 bits each.

    They are the raw stream of a Philox generator whose key is (seed, purpose). The raw stream is fixed by
    the algorithm; the methods of ``numpy.random.Generator`` may change from one version of numpy to the
    next.

    Parameters
    ----------
    seed : int
        Seed, ``data.seed``.
    purpose : int
        Number of the place that draws; each place has its own stream.
    number : int
        How many.

    Returns
    -------
    (number,) array of float64
        The numbers.
    """
    raw = random_words(seed, purpose, number) >> np.uint64(32)
    return np.asarray((raw.astype(np.float64) + 0.5) * 2.0**-32)


def random_words(seed: int, purpose: int, number: int) -> NDArray[np.uint64]:
    """Raw 64-bit words of the Philox stream with key (seed, purpose).

    Parameters
    ----------
    seed, purpose, number : int
        As in :func:`uniforms`.

    Returns
    -------
    (number,) array of uint64
        The words.
    """
    stream = np.random.Philox(key=np.array([seed, purpose], dtype=np.uint64))
    return np.asarray(stream.random_raw(number), dtype=np.uint64)


def normals(seed: int, purpose: int, number: int) -> FloatArray:
    """Draw standard normal numbers by the method of Box and Muller (1958).

    Parameters
    ----------
    seed, purpose, number : int
        As in :func:`uniforms`.

    Returns
    -------
    (number,) array of float64
        The numbers.
    """
    pairs = (number + 1) // 2
    draws = uniforms(seed, purpose, 2 * pairs)
    radius = np.sqrt(-2.0 * log(draws[:pairs]))
    sine, cosine = sin_cos_degrees(360.0 * draws[pairs:])
    return np.concatenate([radius * cosine, radius * sine])[:number]
