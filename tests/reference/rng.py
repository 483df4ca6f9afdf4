"""Random numbers of docs/MODEL.md section 5.2: Philox4x32-10, uniforms, normals, rows of a table, Poisson."""

import numpy as np
from scipy.special import ndtri

MEETING, EVENT, INNOVATION, SPINOFF, ENTRANT, ENTRANT_SIZE = 1, 2, 3, 4, 5, 6
STARTUP_COUNT, STARTUP, BARTER, INITIAL, INITIAL_KNOWLEDGE, INITIAL_STATE, INITIAL_SIZE = range(7, 14)

BELOW_ONE = 1.0 - 2.0**-53
LARGEST_PART = 16.0
LARGEST_COUNT = 200

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = 0x9E3779B9, 0xBB67AE85


def philox4x32(counter, key):
    """Philox4x32-10 block cipher (Salmon et al. 2011).

    Parameters
    ----------
    counter : sequence of four array_like of 32-bit words
        Broadcast against each other.
    key : pair of int
        Two 32-bit words.

    Returns
    -------
    tuple of four ndarray of uint64
        The words w0..w3, each below 2**32.
    """
    counter = np.broadcast_arrays(*(np.atleast_1d(np.asarray(word, dtype=np.uint64)) for word in counter))
    c0, c1, c2, c3 = (word & _LOW for word in counter)
    k0, k1 = (int(word) & 0xFFFFFFFF for word in key)
    for _ in range(_ROUNDS):
        product_0, product_1 = c0 * _MULTIPLIER_0, c2 * _MULTIPLIER_1
        c0, c1, c2, c3 = (
            (product_1 >> _HALF) ^ c1 ^ np.uint64(k0),
            product_1 & _LOW,
            (product_0 >> _HALF) ^ c3 ^ np.uint64(k1),
            product_0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL_0) & 0xFFFFFFFF, (k1 + _WEYL_1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def draw(identity, period, site, seed, replicate):
    """Words w0..w3 of one site for 64-bit ids (n,)."""
    identity = np.asarray(identity, dtype=np.uint64)
    return philox4x32((identity & _LOW, identity >> _HALF, period, site), (seed, replicate))


def draw_pair(low, high, period, site, seed, replicate):
    """Words w0..w3 of one site for ids made of two 32-bit halves (cell and rank)."""
    return philox4x32((low, high, period, site), (seed, replicate))


def join_words(low, high):
    """64-bit identity low + high * 2**32."""
    return low | (high << _HALF)


def uniform(word):
    """U(w) in [0, 1)."""
    return word * 2.0**-32


def open_uniform(word):
    """U°(w) in (0, 1), both ends excluded."""
    return (word + 0.5) * 2.0**-32


def uniform53(word_0, word_1):
    """U53(w0, w1): 53 random bits in [0, 1)."""
    return (((word_0 << _HALF) | word_1) >> np.uint64(11)) * 2.0**-53


def normal(word):
    """N(w): standard normal by the inverse distribution function."""
    return ndtri(open_uniform(word))


def stretch(value):
    """Cap a rescaled uniform just below one."""
    return np.minimum(value, BELOW_ONE)


def pick_index(value, count):
    """index(v, n) = min(floor(v n), n - 1); -1 where n is 0."""
    return np.minimum(np.floor(value * count).astype(np.int64), np.asarray(count, dtype=np.int64) - 1)


def pick_row(value, cumulative, row):
    """row(v, cum) for many draws at once.

    Parameters
    ----------
    value : ndarray (m,)
        Uniforms in [0, 1).
    cumulative : ndarray (rows, columns)
        Cumulative distributions; an empty row is all zeros.
    row : ndarray of int (m,)
        The row used by each draw.

    Returns
    -------
    column : ndarray of int64 (m,)
        The chosen column, -1 for an empty row.
    remainder : ndarray of float (m,)
        Position inside the chosen step, again uniform.
    """
    column = np.full(value.shape, -1, dtype=np.int64)
    remainder = np.zeros(value.shape)
    order = np.argsort(row, kind="stable")
    starts = np.flatnonzero(np.diff(row[order], prepend=-1))
    for members in np.split(order, starts[1:]) if order.size else []:
        steps = cumulative[row[members[0]]]
        chances = np.diff(steps, prepend=0.0)
        possible = np.flatnonzero(chances > 0.0)
        if possible.size == 0:
            continue
        chosen = np.searchsorted(steps, value[members], side="right")
        chosen = np.where(chosen == steps.size, possible[-1], chosen)
        below = np.where(chosen > 0, steps[chosen - 1], 0.0)
        column[members] = chosen
        remainder[members] = stretch((value[members] - below) / (steps[chosen] - below))
    return column, remainder


def poisson(mean, period, seed, replicate):
    """Poisson numbers of start-ups, one per cell, by inversion in parts of mean at most 16 (section 7.11).

    Parameters
    ----------
    mean : ndarray (cells,)
        Expected numbers in order of cell.
    period, seed, replicate : int

    Returns
    -------
    ndarray of int64 (cells,)
    """
    mean = np.maximum(np.asarray(mean, dtype=np.float64), 0.0)
    parts = np.ceil(mean / LARGEST_PART).astype(np.int64)
    cell = np.repeat(np.arange(mean.size), parts)
    rank = ranks_in_groups(parts)
    w0, w1, _, _ = draw_pair(cell, rank, period, STARTUP_COUNT, seed, replicate)
    counts = _invert_poisson(mean[cell] / parts[cell], uniform53(w0, w1))
    return np.bincount(cell, weights=counts, minlength=mean.size).astype(np.int64)


def ranks_in_groups(sizes):
    """0, 1, ..., size-1 for each group in turn."""
    first = np.cumsum(sizes) - sizes
    return np.arange(int(np.sum(sizes))) - np.repeat(first, sizes)


def _invert_poisson(mean, u):
    count = np.zeros(mean.shape, dtype=np.int64)
    probability = np.exp(-mean)
    cumulative = probability.copy()
    active = np.flatnonzero(u >= cumulative)
    while active.size:
        count[active] += 1
        probability[active] *= mean[active] / count[active]
        cumulative[active] += probability[active]
        active = active[(u[active] >= cumulative[active]) & (count[active] < LARGEST_COUNT)]
    return count
