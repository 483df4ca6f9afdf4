"""Stateless random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, doi:10.1145/2063384.2063405).

A draw is a pure function of a key (seed, replicate) and a counter (identity, period, site), so it does
not depend on threads, blocks or the order of the draws. Words of 32 bits are carried in uint64: the
product of two such words is one vector instruction on every x86-64. They become floating-point numbers
by placing their bits into a mantissa, because older vector units cannot convert 64-bit integers.

Numbers of sites are part of the published streams: they are never reused.
"""

import numpy as np

from technopole_kernels._jit import device, scalar, single

MEETING = np.uint64(1)
EVENT = np.uint64(2)
INNOVATION = np.uint64(3)
SPINOFF = np.uint64(4)
ENTRANT = np.uint64(5)
ENTRANT_SIZE = np.uint64(6)
STARTUP_COUNT = np.uint64(7)
STARTUP = np.uint64(8)
BARTER = np.uint64(9)
INITIAL = np.uint64(10)
INITIAL_KNOWLEDGE = np.uint64(11)
INITIAL_STATE = np.uint64(12)
INITIAL_SIZE = np.uint64(13)

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)

_ONE_BITS = np.uint64(0x3FF0000000000000)  # bits of 1.0
_TWO52_BITS = np.uint64(0x4330000000000000)  # bits of 2**52
_WORD_TO_MANTISSA = np.uint64(20)
_DISCARDED = np.uint64(11)
_DISCARDED_SINGLE = np.uint64(8)
_DISCARDED_OPEN = np.uint64(9)


@device
def _round(c0, c1, c2, c3, k0, k1):
    # High halves of the words stay dirty: the masks vanish into the 32-bit vector multiplication.
    p0 = _MULTIPLIER_0 * (c0 & _LOW)
    p1 = _MULTIPLIER_1 * (c2 & _LOW)
    return (p1 >> _HALF) ^ c1 ^ k0, p1, (p0 >> _HALF) ^ c3 ^ k1, p0


@scalar
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Return the four words of Philox4x32-10 for a counter of four words and a key of two.

    Parameters
    ----------
    c0, c1, c2, c3, k0, k1 : integer
        Counter and key; the low 32 bits of each are used.

    Returns
    -------
    tuple of four uint64
        Each holds 32 random bits.
    """
    c0 = np.uint64(c0) & _LOW
    c1 = np.uint64(c1) & _LOW
    c2 = np.uint64(c2) & _LOW
    c3 = np.uint64(c3) & _LOW
    k0 = np.uint64(k0) & _LOW
    k1 = np.uint64(k1) & _LOW
    for _ in range(9):
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    return c0 & _LOW, c1 & _LOW, c2 & _LOW, c3 & _LOW


@scalar
def draw(identity, period, site, k0, k1):
    """Return four random words of `identity` (uint64) at one site in one period; key (k0, k1)."""
    identity = np.uint64(identity)
    return philox4x32(identity & _LOW, identity >> _HALF, period, site, k0, k1)


@scalar
def uniform(word):
    """Map a 32-bit word (in uint64) to word * 2**-32, in [0, 1)."""
    bits = np.uint64((np.uint64(word) << _WORD_TO_MANTISSA) | _ONE_BITS)
    return bits.view(np.float64) - 1.0


@scalar
def uniform_open(word):
    """Map a 32-bit word (in uint64) to (word + 1/2) * 2**-32, never 0 or 1."""
    bits = np.uint64((np.uint64(word) << _WORD_TO_MANTISSA) | _ONE_BITS)
    return bits.view(np.float64) - (1.0 - 2.0**-33)


@scalar
def uniform53(high, low):
    """Map two 32-bit words (in uint64) to ((high * 2**32 + low) >> 11) * 2**-53, in [0, 1)."""
    upper = np.uint64(np.uint64(high) | _TWO52_BITS).view(np.float64) - 2.0**52
    lower = np.uint64((np.uint64(low) >> _DISCARDED) | _TWO52_BITS).view(np.float64) - 2.0**52
    return upper * 2.0**-32 + lower * 2.0**-53


@device
def uniform_of(kind, word):
    """A uniform in [0, 1) of the kind of a number: as `uniform`, or of the highest 24 bits for a float32."""
    return uniform(word)


@single(uniform_of)
def _uniform_of_single(kind, word):
    return np.float32(np.int32(word >> _DISCARDED_SINGLE)) * 2.0**-24


@device
def uniform_open_of(kind, word):
    """A uniform of the kind of a number that is never 0 or 1: as `uniform_open`, or of the highest 23 bits."""
    return uniform_open(word)


@single(uniform_open_of)
def _uniform_open_of_single(kind, word):
    return (np.float32(np.int32(word >> _DISCARDED_OPEN)) + 0.5) * 2.0**-23


@device
def centred(u):
    """Map what `uniform_of` makes to (-1, 1), never 0."""
    return 2.0 * (u + 2.0**-33) - 1.0


@single(centred)
def _centred_single(u):
    return (2.0 * u - 1.0) + 2.0**-24
