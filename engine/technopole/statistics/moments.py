"""Mean and variance over replicates, with the same bits however the replicates are divided up.

The replicates 0, 1, 2, … are the leaves of a binary tree that is fixed once and for all: a node of height h
holds 2^h replicates, from a multiple of 2^h on. Two nodes are merged by the formula of Chan, Golub and LeVeque
(1979), and an empty node changes nothing. Blocks of replicates whose size is a power of two are nodes of that
tree, so the total over a block, and that over all blocks, do not depend on the size of the blocks, on the
number of workers or on what was resumed. Everything is element by element over all further axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.errors import FOR_INTERVALS, TechnopoleError

Floats = NDArray[np.float64]

_VALUES = 1 << 15
"""Values merged at a time, so that the temporaries stay in the cache."""


class Moments(NamedTuple):
    """What is known of some replicates, element by element."""

    n: NDArray[np.int64]
    """Replicates with a finite value."""
    mean: Floats
    """Their mean; 0 if there is none."""
    m2: Floats
    """The sum of their squared deviations from it."""


@dataclass(frozen=True)
class Statistics:
    """Estimates from a number of independent replicates, element by element.

    The interval is found when it is asked for: scipy, which it takes, is not needed for the rest.
    """

    n: NDArray[np.int64]
    mean: Floats
    """NaN without a replicate."""
    sd: Floats
    """Standard deviation between replicates (ddof 1); NaN with fewer than two."""
    se: Floats
    """Monte Carlo standard error of the mean, sd/√n."""
    confidence: float
    """Of the interval."""

    @property
    def low(self) -> Floats:
        """Lower end of the confidence interval of the mean (Student's t)."""
        return np.asarray(self.mean - self._half)

    @property
    def high(self) -> Floats:
        """Upper end of it."""
        return np.asarray(self.mean + self._half)

    @cached_property
    def _half(self) -> Floats:
        return np.asarray(student_quantile(self.n - 1, self.confidence) * self.se)


def block_moments(values: ArrayLike, valid: ArrayLike | None = None) -> Moments:
    """Return the moments of a block of replicates.

    Parameters
    ----------
    values : array_like, shape (replicate, ...)
        The replicates from a multiple of a power of two on, at most so many as that power: all of a block, or
        the last ones that there are. Values that are not finite count as missing.
    valid : array_like of bool, shape (replicate,), optional
        False for failed replicates, whose values are not looked at.

    Returns
    -------
    Moments
        Of shape (...).
    """
    values = np.asarray(values)
    shape = values.shape[1:]
    flat = values.reshape(len(values), int(np.prod(shape)))
    every = np.ones(len(flat), dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    result = _empty(flat.shape[1:])
    step = max(1, _VALUES // max(len(flat), 1))
    for first in range(0, flat.shape[1], step):
        piece = slice(first, first + step)
        n, mean, m2 = _tree(_leaves(flat[:, piece], every))
        result.n[piece], result.mean[piece], result.m2[piece] = n, mean, m2
    return Moments(result.n.reshape(shape), result.mean.reshape(shape), result.m2.reshape(shape))


def merge_blocks(n: ArrayLike, mean: ArrayLike, m2: ArrayLike) -> Moments:
    """Merge the moments of consecutive blocks of the same size, a power of two of replicates.

    Parameters
    ----------
    n, mean, m2 : array_like, shape (block, ...)
        What `block_moments` returned for the blocks in their order from the first replicate on; the last one
        may hold fewer replicates; missing ones have n = 0 or NaN, whatever the rest.

    Returns
    -------
    Moments
        Of shape (...): the same bits as `block_moments` of all replicates at once.
    """
    count = np.nan_to_num(np.asarray(n, dtype=np.float64)).astype(np.int64)
    some = count > 0
    return _arrays(_tree(Moments(count, np.where(some, mean, 0.0), np.where(some, m2, 0.0))))


class Tree:
    """Moments of replicates that come a few at a time; holds one node for each power of two.

    Parameters
    ----------
    shape : tuple of int
        Of one replicate.
    """

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self._shape = shape
        self._count = 0
        self._nodes: dict[int, Moments] = {}  # height → node that waits for its right neighbour

    @property
    def count(self) -> int:
        """Replicates added so far, failed ones among them."""
        return self._count

    def add(self, values: ArrayLike, valid: ArrayLike | None = None) -> None:
        """Add the next replicates.

        Parameters
        ----------
        values : array_like, shape (replicate, ...)
            Any number of them.
        valid : array_like of bool, shape (replicate,), optional
            False for failed replicates.
        """
        values = np.asarray(values)
        if values.shape[1:] != self._shape:
            raise ValueError(f"replicates have the shape {values.shape[1:]}; expected {self._shape}")
        every = np.ones(len(values), dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
        done = 0
        while done < len(values):
            # the largest node that starts here and is complete
            height = (len(values) - done).bit_length() - 1
            if self._count:
                height = min(height, (self._count & -self._count).bit_length() - 1)
            end = done + (1 << height)
            self._carry(block_moments(values[done:end], every[done:end]), height)
            done = end

    def total(self) -> Moments:
        """Return the moments of all replicates added so far."""
        total: Moments | None = None
        for height in sorted(self._nodes):
            total = self._nodes[height] if total is None else _merged(self._nodes[height], total)
        return _empty(self._shape) if total is None else _arrays(total)

    def _carry(self, node: Moments, height: int) -> None:
        self._count += 1 << height
        while height in self._nodes:
            node = _merged(self._nodes.pop(height), node)
            height += 1
        self._nodes[height] = node


def statistics(n: ArrayLike, mean: ArrayLike, m2: ArrayLike, confidence: float = 0.95) -> Statistics:
    """Return estimates with their Monte Carlo errors.

    Parameters
    ----------
    n, mean, m2 : array_like of one shape
        See `Moments`.
    confidence : float
        Probability, under normal values, that the interval holds the expectation; between 0 and 1.

    Returns
    -------
    Statistics
        NaN where the replicates do not suffice: none for the mean, fewer than two for the rest.
    """
    count = np.asarray(n, dtype=np.int64)
    middle = np.where(count > 0, mean, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(count > 1, np.sqrt(np.asarray(m2, dtype=np.float64) / (count - 1)), np.nan)
        se = sd / np.sqrt(count)
    return Statistics(count, middle, sd, se, confidence)


def student_quantile(freedom: ArrayLike, confidence: float) -> Floats:
    """Return the factor of a two-sided t-interval.

    Parameters
    ----------
    freedom : array_like of int
        Degrees of freedom.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    ndarray of float64
        Of the shape of `freedom`; NaN without a degree of freedom.

    Raises
    ------
    TechnopoleError
        If scipy is not installed.
    """
    try:
        from scipy.special import stdtrit
    except ImportError:
        raise TechnopoleError(f"confidence intervals need {FOR_INTERVALS}") from None
    degrees = np.maximum(np.asarray(freedom, dtype=np.int64), 0)
    present = np.flatnonzero(np.bincount(degrees.ravel()))
    factors = np.full(present[-1] + 1 if present.size else 1, np.nan)
    some = present[present > 0]
    factors[some] = stdtrit(some, 0.5 + 0.5 * confidence)
    return np.asarray(factors[degrees])


def _empty(shape: tuple[int, ...]) -> Moments:
    return Moments(np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape))


def _arrays(moments: Moments) -> Moments:
    """Return arrays where NumPy made scalars of them."""
    return Moments(np.asarray(moments.n), np.asarray(moments.mean), np.asarray(moments.m2))


def _leaves(values: NDArray[Any], valid: NDArray[np.bool_]) -> Moments:
    """Return each replicate as a node of its own, empty where it is failed or not finite.

    Where all values of the valid replicates are finite, `n` has a last axis of length one.
    """
    mean = values.astype(np.float64)
    mean[~valid] = 0.0
    some = np.isfinite(mean)
    if some.all():
        return Moments(valid.astype(np.int64)[:, np.newaxis], mean, np.zeros(mean.shape))
    mean[~some] = 0.0
    return Moments((some & valid[:, np.newaxis]).astype(np.int64), mean, np.zeros(mean.shape))


def _tree(nodes: Moments) -> Moments:
    """Merge neighbours until one node is left; an odd last one has an empty right neighbour."""
    count = len(nodes.n)
    if count == 0:
        return _empty(nodes.mean.shape[1:])
    while count > 1:
        even = count // 2 * 2
        merged = _merged(_every_second(nodes, 0, even), _every_second(nodes, 1, even))
        if even < count:
            merged = Moments(
                np.concatenate((merged.n, nodes.n[-1:])),
                np.concatenate((merged.mean, nodes.mean[-1:])),
                np.concatenate((merged.m2, nodes.m2[-1:])),
            )
        nodes, count = merged, len(merged.n)
    return Moments(nodes.n[0], nodes.mean[0], nodes.m2[0])


def _every_second(nodes: Moments, first: int, end: int) -> Moments:
    return Moments(nodes.n[first:end:2], nodes.mean[first:end:2], nodes.m2[first:end:2])


def _merged(left: Moments, right: Moments) -> Moments:
    """Merge two nodes; one that is empty leaves the other as it is, to the last bit."""
    n = left.n + right.n
    # an empty pair divides by 1: its differences are 0
    portion = right.n / np.maximum(n, 1)
    mean = right.mean - left.mean
    m2 = mean * mean
    m2 *= left.n * portion
    m2 += left.m2 + right.m2
    mean *= portion
    mean += left.mean
    none_left, none_right = left.n == 0, right.n == 0
    if none_left.any() or none_right.any():
        mean = np.where(none_right, left.mean, np.where(none_left, right.mean, mean))
        m2 = np.where(none_right, left.m2, np.where(none_left, right.m2, m2))
    return Moments(n, mean, m2)
