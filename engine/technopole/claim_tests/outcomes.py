"""What the claims measure, as plain functions of arrays: slopes, half-lives, lags, shares, decompositions.

All return NaN where the data do not say anything, so that such a replicate does not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LONGEST_HALF_LIFE = 100.0
"""Years; a gap that closes more slowly, or not at all, counts as this long."""


def slope(x: Floats, y: Floats, groups: Ints | None = None) -> float:
    """Return the least-squares slope of y on x, within groups if they are given.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Pairs that are not finite are left out.
    groups : ndarray of int, shape (n,), optional
        Each has an intercept of its own (fixed effects).

    Returns
    -------
    float
        NaN if x does not vary.
    """
    use = np.isfinite(x) & np.isfinite(y)
    x, y = x[use], y[use]
    which = np.zeros(x.size, dtype=np.int64) if groups is None else groups[use]
    if x.size < 3:
        return float("nan")
    count = np.maximum(np.bincount(which), 1)
    around = x - (np.bincount(which, x) / count)[which]
    squares = float(around @ around)
    # rounding alone may leave a little
    if squares <= 1e-18 * (1.0 + float(x @ x)):
        return float("nan")
    return float(around @ y) / squares


def spread_within(values: Floats, groups: Ints) -> float:
    """Return the standard deviation within groups, weighted by members: √(Σ (x − x̄_g)² / n).

    Parameters
    ----------
    values : ndarray, shape (n,)
    groups : ndarray of int, shape (n,)
    """
    if values.size == 0:
        return float("nan")
    count = np.maximum(np.bincount(groups), 1)
    around = values - (np.bincount(groups, values) / count)[groups]
    return float(np.sqrt(around @ around / values.size))


def half_life(gap: Floats, longest: float = LONGEST_HALF_LIFE) -> float:
    """Return the half-life of a gap that was opened at the first entry, in periods.

    The rate is the least-squares slope of ln(gap) through its first value, over the periods before less than
    a tenth of the gap is left: then noise has taken over.

    Parameters
    ----------
    gap : ndarray, shape (periods + 1,)
        From the moment of the shock on; positive at first.
    longest : float
        Periods; `LONGEST_HALF_LIFE` where a period is a year.

    Returns
    -------
    float
        ln 2 / rate, at most `longest`; NaN if there is no gap at first.
    """
    if gap.size < 2 or not gap[0] > 0.0:
        return float("nan")
    left = gap / gap[0]
    small = np.flatnonzero(~(left > 0.1))
    end = max(int(small[0]), 2) if small.size else left.size
    logs = np.log(np.maximum(left[1:end], 0.01))
    when = np.arange(1.0, end)
    rate = -float(when @ logs) / float(when @ when)
    return min(float(np.log(2.0)) / rate, longest) if rate > 0.0 else longest


def mean_lag(response: Floats) -> float:
    """Return the mean lag of what a pulse adds until its effect is largest: Σ t Δ_t / Σ Δ_t, Δ its increments.

    Later the effect falls: who is ahead learns less from others, and the others catch up.

    Parameters
    ----------
    response : ndarray, shape (periods + 1,)
        Level with the pulse less level without it, from the moment of the pulse (0 there) on.

    Returns
    -------
    float
        Periods; NaN if nothing arrives.
    """
    if response.size < 2 or not np.isfinite(response).all():
        return float("nan")
    peak = int(np.argmax(response))
    total = float(response[peak] - response[0])
    if not total > 0.0:
        return float("nan")
    return float(np.arange(1.0, peak + 1.0) @ np.diff(response[: peak + 1])) / total


def sector_growth(sales: Floats, productivity: Floats) -> tuple[Floats, Floats]:
    """Return weights and growth of sectors between two periods, the parts of national growth.

    Parameters
    ----------
    sales : ndarray, shape (2, R, S)
        First and last period.
    productivity : ndarray, shape (2, R, S)
        Log points, mean of the cell weighted by sales; NaN in empty cells.

    Returns
    -------
    weight : ndarray, shape (S,)
        Mean of the shares in sales at both ends (Törnqvist); sums to 1 over sectors that are there both times.
    growth : ndarray, shape (S,)
        Log points, of the mean weighted by sales; 0 for other sectors.
    """
    there = np.isfinite(productivity) & (sales > 0.0)
    amount = np.where(there, sales, 0.0)
    total = amount.sum(axis=1)
    level = (amount * np.where(there, productivity, 0.0)).sum(axis=1) / np.where(total > 0.0, total, 1.0)
    both = (total > 0.0).all(axis=0)
    kept = np.where(both, total, 0.0)
    shares = kept / np.maximum(kept.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(shares.mean(axis=0)), np.where(both, level[1] - level[0], 0.0)


def excess_contribution(
    part: Flags,
    origin: Ints,
    sector: tuple[Ints, Ints],
    share: tuple[Floats, Floats],
    level: tuple[Floats, Floats],
) -> tuple[float, float]:
    """Return the share of productivity growth within sectors that a part of the firms brought, and its size.

    By Griliches and Regev (1995) the growth of a sector's mean Z = Σ s z is the sum over firms of
    s₂(z₂ − Z̄) − s₁(z₁ − Z̄), Z̄ the mean of Z at both ends; entrants have the first and leavers the second term. If
    all firms grow alike, every part brings its mean share of sales.

    Parameters
    ----------
    part : ndarray of bool, shape (n + m,)
        Which of the firms at the start (n) belong to the part, then which of those at the end (m) that entered
        meanwhile do.
    origin : ndarray of int, shape (m,)
        Index at the start of each firm at the end; −1 for entrants.
    sector : tuple of ndarray of int, shapes (n,), (m,)
    share : tuple of ndarray, shapes (n,), (m,)
        Share of the sector's market times the weight of the sector.
    level : tuple of ndarray, shapes (n,), (m,)
        Log productivity.

    Returns
    -------
    contribution : float
        Share of the growth; NaN without growth.
    size : float
        Share of the part in sales, mean of both ends.
    """
    n = share[0].size
    count = int(max(sector[0].max(initial=0), sector[1].max(initial=0))) + 1
    means = []
    for where, weight, value in zip(sector, share, level, strict=True):
        total = np.bincount(where, weight, count)
        means.append(np.bincount(where, weight * value, count) / np.where(total > 0.0, total, 1.0))
    middle = 0.5 * (means[0] + means[1])
    first = -share[0] * (level[0] - middle[sector[0]])
    second = share[1] * (level[1] - middle[sector[1]])
    belongs = part[n:].copy()
    stayed = origin >= 0
    belongs[stayed] = part[:n][origin[stayed]]
    growth = float(first.sum() + second.sum())
    amount = float(share[0].sum() + share[1].sum())
    if not growth > 0.0 or not amount > 0.0:
        return float("nan"), float("nan")
    size = float(share[0][part[:n]].sum() + share[1][belongs].sum()) / amount
    return float(first[part[:n]].sum() + second[belongs].sum()) / growth, size


def alone_cost(need: Floats, sales: Floats, cost: float, exponent: float) -> Floats:
    """Return what each firm would pay for facilities of its own per unit of its sales (docs/MODEL.md 7.6).

    Parameters
    ----------
    need, sales : ndarray, shape (n,)
        Planned.
    cost, exponent : float
        ``sharing.cost`` and ``sharing.scale_exponent``.
    """
    relative = need / need.mean()
    return np.asarray(cost * sales.mean() * relative**exponent / sales)


def ratio(top: float, bottom: float) -> float:
    """Return a quotient, NaN if there is nothing to divide by."""
    return top / bottom if bottom > 0.0 else float("nan")
