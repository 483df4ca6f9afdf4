"""The one random number that tells innovators from others, in NumPy: for measuring, not for simulating.

The kernels do not keep who innovated. As random numbers are a pure function of seed, replicate, firm and period
(docs/MODEL.md 5.2), it can be told afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_ROUNDS = 10
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85


def first_uniform(identity: NDArray[Any], period: int, site: int, seed: int, replicate: int) -> NDArray[Any]:
    """Return the first number in [0, 1) that each firm draws at a site.

    Parameters
    ----------
    identity : ndarray of uint64, (n,)
        Identities of the firms.
    period : int
        Periods done before the one that draws.
    site : int
        Number of the place in the model, docs/MODEL.md 5.2.
    seed, replicate : int
        Key of the random numbers.

    Returns
    -------
    ndarray of float64, (n,)
        Multiples of 2⁻³².
    """
    firm = np.asarray(identity, dtype=np.uint64)
    word = np.full(firm.shape, 0, dtype=np.uint64)
    return philox(
        firm & _LOW, firm >> _HALF, word + np.uint64(period), word + np.uint64(site), seed, replicate
    )[0] * (2.0**-32)


def philox(c0: Words, c1: Words, c2: Words, c3: Words, k0: int, k1: int) -> tuple[Words, Words, Words, Words]:
    """Return the four words of Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).

    Parameters
    ----------
    c0, c1, c2, c3 : ndarray of uint64, (n,)
        Counters, words of 32 bits.
    k0, k1 : int
        Key; the low 32 bits are used.

    Returns
    -------
    tuple of ndarray of uint64, (n,)
        32 random bits each.
    """
    low = int(_LOW)
    k0, k1 = k0 & low, k1 & low
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1 & _LOW
        c2, c3 = (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & low, (k1 + _WEYL[1]) & low
    return c0, c1, c2, c3
