"""The functions of mathx.py in single precision: what they compile to for a float32.

The same construction with shorter polynomials: exactly rounded operations, selections and bit casts, no branches, the
same bits on every processor. Words of 32 bits are converted between integer and floating point, which all vector
units can do. Largest errors found by the tests against float64, in units in the last place (ulp): exp 1.1, log 0.9,
log1p 1.5, normal_quantile 5.2 (what the published formula leaves).
Literals that are no float32 are rounded to one by the compiler (_narrow.py).

Polynomials were fitted as those of mathx.py, by iteratively reweighted least squares: their remainders are below
4e-9 of e**r and 1e-9 of ln(1 + f).
"""

import numpy as np

from technopole_kernels._jit import device, scalar

_INF = np.float32(np.inf)
_NAN = np.float32(np.nan)
_INVERSE_LN2 = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693145751953125)  # 16 bits, so that products with exponents are exact
_LN2_LOW = np.float32(1.4286068203094172e-06)
_ROUND_BIASED = np.float32(1.5 * 2.0**23 + 127.0)  # adding it rounds to n and leaves the exponent field of 2**n
_TO_EXPONENT = np.uint32(23)
_SQRT_HALF_BITS = np.uint32(0x3F3504F3)
_TO_SQRT_HALF = np.uint32(0x3F800000 - 0x3F3504F3)
_MANTISSA = np.uint32(0x007FFFFF)
_BIAS = np.int32(127)


@device
def _power_of_two(rounded):
    """2**n for a number made by adding `_ROUND_BIASED` to n (or to a number that rounds to n)."""
    return np.uint32(np.float32(rounded).view(np.uint32) << _TO_EXPONENT).view(np.float32)


@device
def _expm1_reduced(r):
    """e**r - 1 for abs(r) <= ln(2)/2."""
    r2 = r * r
    p01 = 0.5 + r * 0.166665181517601
    p23 = 0.04166620597243309 + r * 0.008368889801204205
    return r + r2 * (p01 + r2 * (p23 + r2 * 0.001395049155689776))


@scalar
def exp_core(x):
    """e**x for -87 <= x <= 88 (no subnormal result, no infinity)."""
    rounded = x * _INVERSE_LN2 + _ROUND_BIASED
    n = rounded - _ROUND_BIASED
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    return (1.0 + _expm1_reduced(r)) * _power_of_two(rounded)


@scalar
def exp(x):
    """e**x for any x: infinity above 88.72, 0 below -86.6 (results stay normal); nan for nan."""
    rounded = x * _INVERSE_LN2 + _ROUND_BIASED
    n = rounded - _ROUND_BIASED
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    # Doubled at the end, for 2**128 is no number although results up to 2**128 are.
    result = ((1.0 + _expm1_reduced(r)) * _power_of_two(rounded - 1.0)) * 2.0
    result = _INF if x > 88.73 else result
    return 0.0 if x < -86.6 else result


@device
def _log_reduced(f, n):
    """n ln(2) + ln(1 + f) for 1 + f between sqrt(1/2) and sqrt(2)."""
    s = f / (2.0 + f)
    z = s * s
    q = 0.6666677594184875 + z * (0.39977535605430603 + z * 0.2987186312675476)
    half_square = 0.5 * f * f
    # ln(1 + f) = 2s + s z q, and 2s = f - f**2/2 + s f**2/2: the rounded terms are small beside f.
    small = half_square - (s * (half_square + z * q) + n * _LN2_LOW)
    return n * _LN2_HIGH - (small - f)


@device
def _log_split(x):
    """Return (mantissa between sqrt(1/2) and sqrt(2), exponent) of a positive normal number."""
    shifted = np.uint32(np.float32(x).view(np.uint32) + _TO_SQRT_HALF)
    exponent = np.float32(np.int32(np.int32(shifted >> _TO_EXPONENT) - _BIAS))
    mantissa = np.uint32((shifted & _MANTISSA) + _SQRT_HALF_BITS).view(np.float32)
    return mantissa, exponent


@scalar
def log_core(x):
    """Natural logarithm of a positive normal number (2**-126 <= x, finite)."""
    mantissa, n = _log_split(x)
    return _log_reduced(mantissa - 1.0, n)


@scalar
def log(x):
    """Natural logarithm for any x: -infinity at 0, nan below 0."""
    subnormal = x < 2.0**-126
    mantissa, n = _log_split(x * 2.0**25 if subnormal else x)
    n = n - 25.0 if subnormal else n
    result = _log_reduced(mantissa - 1.0, n)
    result = x if x == _INF else result
    outside = -_INF if x == 0.0 else _NAN
    return result if x > 0.0 else outside


@scalar
def log1p(x):
    """ln(1 + x) for any x, accurate near 0: -infinity at -1, nan below -1."""
    u = 1.0 + x
    lost = (x - (u - 1.0)) / u  # what rounding took from u, to be added in the first order; of a large u it is nothing
    return log(u) + (lost if (u > 0.0) & (u < 16777216.0) else 0.0)


@scalar
def normal_quantile_centre(p):
    """Inverse of the standard normal distribution function for abs(p - 1/2) <= 0.425; see below."""
    q = p - 0.5
    r = 0.180625 - q * q
    numerator = (3.3871327179 + r * 50.434271938) + (r * r) * (159.29113202 + r * 59.10937472)
    denominator = (1.0 + r * 17.895169469) + (r * r) * (78.757757664 + r * 67.1875636)
    return q * numerator / denominator


@scalar
def normal_quantile_tail(p):
    """Inverse of the standard normal distribution function for other p between 2**-36 and 1 - 2**-24.

    Algorithm AS241 (PPND7) of Wichura 1988, doi:10.2307/2347330, without its far tail.
    """
    sign = -1.0 if p < 0.5 else 1.0
    r = np.sqrt(-log_core(p if p < 0.5 else 1.0 - p)) - 1.6
    numerator = (1.4234372777 + r * 2.75681539) + (r * r) * (1.3067284816 + r * 0.17023821103)
    denominator = 1.0 + r * (0.7370016425 + r * 0.12021132975)
    return sign * numerator / denominator
