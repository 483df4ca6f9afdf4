"""Elementary functions in double precision (single: mathx_single.py) from exactly rounded operations alone.

The system's mathematical library differs between platforms, and loops that call it are not vectorised.
These functions use + - * / and sqrt, selections and bit casts: every processor returns the same bits,
in scalar code and in vector code of any width. None branches. Numbers with 64 bits are never converted
between integer and floating point (which AVX2 cannot do in vectors); adding 1.5 * 2**52 rounds to an
integer that stands in the low bits, and 2**52 placed over an integer's bits makes it a number.

Largest errors found by the tests against multiprecision arithmetic, in units in the last place (ulp):
exp 1.0, expm1 1.9, log 0.8, log1p 0.8, normal_quantile 5.1 (1.1e-15 relative: what the published
formula leaves in double precision). Variants named ``_core`` are faster and hold only for the range
they state; outside it they return nonsense without warning.

Polynomials were fitted by the Remez exchange algorithm in 60 digits: (e**r - 1 - r) / r**2 for
abs(r) <= ln(2)/2, weighted to equalise the relative error of e**r - 1; and (2 artanh(s)/s - 2) / s**2
as function of s**2 for 1 + f = (1 + s)/(1 - s) between sqrt(1/2) and sqrt(2), weighted to equalise the
relative error of ln(1 + f). The remainders are below 2e-17 and 2e-18.
"""

import numpy as np

from technopole_kernels import mathx_single
from technopole_kernels._jit import device, in_double, scalar, single

_INF = np.inf
_NAN = np.nan
_INVERSE_LN2 = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238  # 32 bits, so that products with exponents are exact
_LN2_LOW = 1.9082149292705877e-10
_ROUND = 1.5 * 2.0**52  # adding it places an integer in the low bits
_ROUND_BIASED = 1.5 * 2.0**52 + 1023.0  # adding it rounds to n and leaves the exponent field of 2**n
_TO_EXPONENT = np.uint64(52)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_SQRT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
_TO_SQRT_HALF = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_TWO52_BITS = np.uint64(0x4330000000000000)
_TWO52_BIASED = 2.0**52 + 1023.0
_CENTRAL = 0.425  # half the probability about 1/2 of which the quantile function is a quotient of polynomials


@device
def _power_of_two(rounded):
    """2**n for a number made by adding `_ROUND_BIASED` to n (or to a number that rounds to n)."""
    return np.uint64(np.float64(rounded).view(np.uint64) << _TO_EXPONENT).view(np.float64)


@device
def _expm1_reduced(r):
    """e**r - 1 for abs(r) <= ln(2)/2."""
    r2 = r * r
    r4 = r2 * r2
    p01 = 0.5000000000000006 + r * 0.16666666666666685
    p23 = 0.04166666666657332 + r * 0.008333333333314562
    p45 = 0.0013888888932485134 + r * 0.00019841269903111874
    p67 = 2.4801504311255237e-05 + r * 2.755722787006197e-06
    p89 = 2.762638251607329e-07 + r * 2.5114502577477107e-08
    return r + r2 * ((p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * p89))


@scalar
def exp_core(x):
    """e**x for -708 <= x <= 709 (no subnormal result, no infinity)."""
    rounded = x * _INVERSE_LN2 + _ROUND_BIASED
    n = rounded - _ROUND_BIASED
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    return (1.0 + _expm1_reduced(r)) * _power_of_two(rounded)


@scalar
def exp(x):
    """e**x for any x: infinity above 709.78, 0 below -708 (results stay normal); nan for nan."""
    rounded = x * _INVERSE_LN2 + _ROUND_BIASED
    n = rounded - _ROUND_BIASED
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    # Doubled at the end, for 2**1024 is no number although results up to 2**1024 are.
    result = ((1.0 + _expm1_reduced(r)) * _power_of_two(rounded - 1.0)) * 2.0
    result = _INF if x > 709.79 else result
    return 0.0 if x < -708.0 else result


@scalar
def expm1(x):
    """e**x - 1 for any x, accurate near 0 (to the last bit of subnormal numbers excepted)."""
    x = 710.0 if x > 710.0 else x
    x = -60.0 if x < -60.0 else x
    rounded = x * _INVERSE_LN2 + _ROUND_BIASED
    n = rounded - _ROUND_BIASED
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    half_scale = _power_of_two(rounded - 1.0)
    return 2.0 * (half_scale * _expm1_reduced(r) + (half_scale - 0.5))


@device
def _log_reduced(f, n, low):
    """n ln(2) + ln(1 + f), with `low` the low part of n ln(2), for 1 + f between sqrt(1/2) and sqrt(2)."""
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    q01 = 0.6666666666666735 + z * 0.39999999999412894
    q23 = 0.2857142874282384 + z * 0.22222198524701667
    q45 = 0.1818356702773632 + z * 0.15313977012539473
    q = q01 + z2 * (q23 + z2 * (q45 + z2 * 0.147967277890219))
    half_square = 0.5 * f * f
    # ln(1 + f) = 2s + s z q, and 2s = f - f**2/2 + s f**2/2: the rounded terms are small beside f.
    small = half_square - (s * (half_square + z * q) + low)
    return n * _LN2_HIGH - (small - f)


@device
def _log_split(x):
    """Return (mantissa between sqrt(1/2) and sqrt(2), exponent) of a positive normal number."""
    shifted = np.float64(x).view(np.uint64) + _TO_SQRT_HALF
    exponent = np.uint64((shifted >> _TO_EXPONENT) | _TWO52_BITS).view(np.float64) - _TWO52_BIASED
    mantissa = np.uint64((shifted & _MANTISSA) + _SQRT_HALF_BITS).view(np.float64)
    return mantissa, exponent


@scalar
def log_core(x):
    """Natural logarithm of a positive normal number (2**-1022 <= x, finite)."""
    mantissa, n = _log_split(x)
    return _log_reduced(mantissa - 1.0, n, n * _LN2_LOW)


@scalar
def log(x):
    """Natural logarithm for any x: -infinity at 0, nan below 0."""
    subnormal = x < 2.0**-1022
    mantissa, n = _log_split(x * 2.0**54 if subnormal else x)
    n = n - 54.0 if subnormal else n
    result = _log_reduced(mantissa - 1.0, n, n * _LN2_LOW)
    result = x if x == _INF else result
    outside = -_INF if x == 0.0 else _NAN
    return result if x > 0.0 else outside


@scalar
def log1p(x):
    """ln(1 + x) for any x, accurate near 0: -infinity at -1, nan below -1."""
    u = 1.0 + x
    mantissa, n = _log_split(u)
    near = n == 0.0
    f = x if near else mantissa - 1.0
    # What rounding took from u, relative to u: 1/(1 + f) is expanded in f/2 as the term is tiny.
    back = u - 1.0
    lost = (1.0 - (u - back)) + (x - back)
    lost = 0.0 if near else lost
    scale = np.uint64(_ONE_BITS - (np.float64(n + _ROUND).view(np.uint64) << _TO_EXPONENT)).view(np.float64)
    s = f / (2.0 + f)
    correction = lost * scale * (1.0 - 2.0 * s * (1.0 - s))
    correction = correction if u < 2.0**60 else 0.0  # beyond, it is nothing and its scale may overflow
    result = _log_reduced(f, n, n * _LN2_LOW + correction)
    result = x if x == _INF else result
    outside = -_INF if u == 0.0 else _NAN
    return result if u > 0.0 else outside


@device
def _pick(central, far, in_centre, in_tail, in_far_tail):
    tail = in_far_tail if far else in_tail
    return in_centre if central else tail


@device
def _quantile_numerator(r, central, far):
    p0 = _pick(central, far, 3.3871328727963665, 1.4234371107496835, 6.657904643501103)
    p1 = _pick(central, far, 133.14166789178438, 4.630337846156546, 5.463784911164114)
    p2 = _pick(central, far, 1971.5909503065513, 5.769497221460691, 1.7848265399172913)
    p3 = _pick(central, far, 13731.69376550946, 3.6478483247632045, 0.29656057182850487)
    p4 = _pick(central, far, 45921.95393154987, 1.2704582524523684, 0.026532189526576124)
    p5 = _pick(central, far, 67265.7709270087, 0.2417807251774506, 0.0012426609473880784)
    p6 = _pick(central, far, 33430.57558358813, 0.022723844989269184, 2.7115555687434876e-05)
    p7 = _pick(central, far, 2509.0809287301227, 0.0007745450142783414, 2.0103343992922881e-07)
    r2 = r * r
    low = (p0 + r * p1) + r2 * (p2 + r * p3)
    high = (p4 + r * p5) + r2 * (p6 + r * p7)
    return low + (r2 * r2) * high


@device
def _quantile_denominator(r, central, far):
    q1 = _pick(central, far, 42.31333070160091, 2.053191626637759, 0.599832206555888)
    q2 = _pick(central, far, 687.1870074920579, 1.6763848301838038, 0.1369298809227358)
    q3 = _pick(central, far, 5394.196021424751, 0.6897673349851, 0.014875361290850615)
    q4 = _pick(central, far, 21213.794301586597, 0.14810397642748008, 0.0007868691311456133)
    q5 = _pick(central, far, 39307.89580009271, 0.015198666563616457, 1.8463183175100548e-05)
    q6 = _pick(central, far, 28729.085735721943, 0.0005475938084995345, 1.421511758316446e-07)
    q7 = _pick(central, far, 5226.495278852854, 1.0507500716444169e-09, 2.0442631033899397e-15)
    r2 = r * r
    low = (1.0 + r * q1) + r2 * (q2 + r * q3)
    high = (q4 + r * q5) + r2 * (q6 + r * q7)
    return low + (r2 * r2) * high


@scalar
def is_central(p):
    """Where the quantile function is `normal_quantile_centre`; elsewhere it is `normal_quantile_tail`."""
    return abs(p - 0.5) <= _CENTRAL


@scalar
def normal_quantile_centre(p):
    """`normal_quantile_core` for the 85 % of numbers about 1/2: a fifth of the work."""
    q = p - 0.5
    r = 0.180625 - q * q
    return q * _quantile_numerator(r, True, False) / _quantile_denominator(r, True, False)


@scalar
def normal_quantile_tail(p):
    """`normal_quantile_core` for the other ones."""
    sign = -1.0 if p < 0.5 else 1.0
    r = np.sqrt(-log_core(p if p < 0.5 else 1.0 - p)) - 1.6
    return sign * _quantile_numerator(r, False, False) / _quantile_denominator(r, False, False)


@scalar
def normal_quantile_core(p):
    """Inverse of the standard normal distribution function for 1.4e-11 <= p <= 1 - 1.4e-11.

    Algorithm AS241 (PPND16) of Wichura 1988, doi:10.2307/2347330, without its far tail, which
    probabilities of 32 bits (at least 2**-33) do not reach.
    """
    q = p - 0.5
    central = abs(q) <= _CENTRAL
    smaller = p if q < 0.0 else 1.0 - p
    tail = np.sqrt(-log_core(smaller)) - 1.6
    r = 0.180625 - q * q if central else tail
    sign = -1.0 if q < 0.0 else 1.0
    factor = q if central else sign
    return factor * _quantile_numerator(r, central, False) / _quantile_denominator(r, central, False)


@scalar
def normal_quantile(p):
    """Inverse of the standard normal distribution function: infinite at 0 and 1, nan outside [0, 1].

    Algorithm AS241 (PPND16) of Wichura 1988, doi:10.2307/2347330.
    """
    q = p - 0.5
    central = abs(q) <= _CENTRAL
    smaller = p if q < 0.0 else 1.0 - p
    root = np.sqrt(-log(smaller))
    far = root > 5.0
    tail = root - 5.0 if far else root - 1.6
    r = 0.180625 - q * q if central else tail
    sign = -1.0 if q < 0.0 else 1.0
    factor = q if central else sign
    result = factor * _quantile_numerator(r, central, far) / _quantile_denominator(r, central, far)
    return sign * _INF if smaller == 0.0 else result


for _function in (expm1, normal_quantile_core, normal_quantile):
    in_double(_function)
for _function in (exp_core, exp, log_core, log, log1p, normal_quantile_centre, normal_quantile_tail):
    single(_function)(getattr(mathx_single, _function.__name__).py_func)
