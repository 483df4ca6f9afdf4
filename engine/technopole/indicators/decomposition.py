"""Aggregate productivity and its growth by firms: who learns, who grows, who comes and goes.

Z = Σ s z with the shares s of the firms and their productivity z. A firm is there if its share is above 0 and its
productivity is known; shares are of those that are there. Entrants are there at the end only, those who leave at
the start only, survivors both times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.core import (
    Floats,
    align,
    compute,
    dataset,
    ratio,
    refuse_amounts,
    require,
    title,
    unit,
)

if TYPE_CHECKING:
    import xarray as xr


def olley_pakes(share: xr.DataArray, productivity: xr.DataArray, *, firm: str = "firm") -> xr.Dataset:
    """Split aggregate productivity into the plain mean and what larger firms add (Olley and Pakes 1996).

    Z = z̄ + Σ (s − s̄) (z − z̄).

    Parameters
    ----------
    share : DataArray, dims (..., firm)
        Shares or amounts (sales, workers), at least 0. NaN or 0: the firm is not there.
    productivity : DataArray, dims (..., firm)
        Productivity, usually its logarithm. NaN: the firm is not there. Aligned by label.
    firm : str
        Name of the dimension of the firms, or of other units.

    Returns
    -------
    Dataset, dims (...)
        ``aggregate`` = ``mean`` + ``covariance``, in the unit of `productivity`. NaN without firms.

    Raises
    ------
    ValueError
        If the dimension is missing, labels differ, or a share is negative or infinite.
    """
    arrays = _pair(share, productivity, firm)
    parts = compute(_olley_pakes, arrays, [(firm,)] * 2, [()] * 3)
    text = title(productivity)
    rows = (
        ("aggregate", f"aggregate {text}"),
        ("mean", f"plain mean of {text}"),
        ("covariance", f"covariance of share and {text}"),
    )
    return dataset(parts, [(*row, unit(productivity)) for row in rows])


def _olley_pakes(share: Any, productivity: Any) -> tuple[Floats, ...]:
    part, level, there = _present(share, productivity)
    aggregate = _level(part, level, there)
    mean = _mean(level, there)
    return aggregate, mean, aggregate - mean


def fhk(
    share: xr.DataArray,
    productivity: xr.DataArray,
    *,
    firm: str = "firm",
    time: str = "time",
    lag: int = 1,
) -> xr.Dataset:
    """Split growth of productivity after Foster, Haltiwanger and Krizan (2001).

    ΔZ = Σ_C s₁ Δz (within) + Σ_C Δs (z₁ − Z₁) (between) + Σ_C Δs Δz (cross) + Σ_E s₂ (z₂ − Z₁) (entry)
    − Σ_X s₁ (z₁ − Z₁) (exit) over survivors C, entrants E and those who leave X, from date 1 to date 2.

    Parameters
    ----------
    share : DataArray, dims (..., time, firm)
        Shares or amounts (sales, workers), at least 0. NaN or 0: the firm is not there.
    productivity : DataArray, dims (..., time, firm)
        Productivity, usually its logarithm. NaN: the firm is not there. Aligned by label.
    firm, time : str
        Names of the dimensions. A firm keeps its place along `firm`.
    lag : int
        Number of dates from 1 to 2.

    Returns
    -------
    Dataset, dims (..., time)
        ``within``, ``between``, ``cross``, ``entry``, ``exit``, which add up to ``total``, in the unit of
        `productivity`; at the dates 2, so the first `lag` dates are missing. NaN where one of the dates has no
        firm.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, the lag does not fit, or a share is negative or infinite.
    """
    names = ("within", "between", "cross", "entry", "exit")
    return _growth(_fhk, names, share, productivity, firm, time, lag)


def _fhk(*arrays: Any) -> tuple[Floats, ...]:
    (s1, z1, before), (s2, z2, after) = _present(*arrays[:2]), _present(*arrays[2:])
    start = _level(s1, z1, before)
    stay, enter, leave = before & after, after & ~before, before & ~after
    gap = z1 - start[..., None]
    within = _sum(s1 * (z2 - z1), stay)
    between = _sum((s2 - s1) * gap, stay)
    cross = _sum((s2 - s1) * (z2 - z1), stay)
    entry = _sum(s2 * (z2 - start[..., None]), enter)
    return _checked(s1, z1, before, s2, z2, after, within, between, cross, entry, -_sum(s1 * gap, leave))


def griliches_regev(
    share: xr.DataArray,
    productivity: xr.DataArray,
    *,
    firm: str = "firm",
    time: str = "time",
    lag: int = 1,
) -> xr.Dataset:
    """Split growth of productivity after Griliches and Regev (1995), with means of the two dates.

    ΔZ = Σ_C s̄ Δz (within) + Σ_C Δs (z̄ − Z̄) (between) + Σ_E s₂ (z₂ − Z̄) (entry) − Σ_X s₁ (z₁ − Z̄) (exit), a
    bar for the mean of dates 1 and 2.

    Parameters
    ----------
    share : DataArray, dims (..., time, firm)
        Shares or amounts (sales, workers), at least 0. NaN or 0: the firm is not there.
    productivity : DataArray, dims (..., time, firm)
        Productivity, usually its logarithm. NaN: the firm is not there. Aligned by label.
    firm, time : str
        Names of the dimensions. A firm keeps its place along `firm`.
    lag : int
        Number of dates from 1 to 2.

    Returns
    -------
    Dataset, dims (..., time)
        ``within``, ``between``, ``entry``, ``exit``, which add up to ``total``, in the unit of `productivity`;
        at the dates 2, so the first `lag` dates are missing. NaN where one of the dates has no firm.

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, the lag does not fit, or a share is negative or infinite.
    """
    names = ("within", "between", "entry", "exit")
    return _growth(_griliches_regev, names, share, productivity, firm, time, lag)


def _griliches_regev(*arrays: Any) -> tuple[Floats, ...]:
    (s1, z1, before), (s2, z2, after) = _present(*arrays[:2]), _present(*arrays[2:])
    middle = (0.5 * (_level(s1, z1, before) + _level(s2, z2, after)))[..., None]
    stay, enter, leave = before & after, after & ~before, before & ~after
    within = _sum(0.5 * (s1 + s2) * (z2 - z1), stay)
    between = _sum((s2 - s1) * (0.5 * (z1 + z2) - middle), stay)
    entry, leaving = _sum(s2 * (z2 - middle), enter), -_sum(s1 * (z1 - middle), leave)
    return _checked(s1, z1, before, s2, z2, after, within, between, entry, leaving)


def melitz_polanec(
    share: xr.DataArray,
    productivity: xr.DataArray,
    *,
    firm: str = "firm",
    time: str = "time",
    lag: int = 1,
) -> xr.Dataset:
    """Split growth of productivity after Melitz and Polanec (2015), the dynamic Olley–Pakes decomposition.

    ΔZ = Δz̄_S (within) + Δcov_S (between) + s_E2 (Z_E2 − Z_S2) (entry) + s_X1 (Z_S1 − Z_X1) (exit): plain mean
    and covariance of the survivors S, who are also the yardstick for entrants E and those who leave X.

    Parameters
    ----------
    share : DataArray, dims (..., time, firm)
        Shares or amounts (sales, workers), at least 0. NaN or 0: the firm is not there.
    productivity : DataArray, dims (..., time, firm)
        Productivity, usually its logarithm. NaN: the firm is not there. Aligned by label.
    firm, time : str
        Names of the dimensions. A firm keeps its place along `firm`.
    lag : int
        Number of dates from 1 to 2.

    Returns
    -------
    Dataset, dims (..., time)
        ``within``, ``between``, ``entry``, ``exit``, which add up to ``total``, in the unit of `productivity`;
        at the dates 2, so the first `lag` dates are missing. NaN where nobody survives (the total only where
        one of the dates has no firm).

    Raises
    ------
    ValueError
        If a dimension is missing, labels differ, the lag does not fit, or a share is negative or infinite.
    """
    names = ("within", "between", "entry", "exit")
    return _growth(_melitz_polanec, names, share, productivity, firm, time, lag)


def _melitz_polanec(*arrays: Any) -> tuple[Floats, ...]:
    (s1, z1, before), (s2, z2, after) = _present(*arrays[:2]), _present(*arrays[2:])
    stay = before & after
    some = stay.any(axis=-1)
    start, end = _stayers(s1, z1, stay), _stayers(s2, z2, stay)
    within = _mean(z2, stay) - _mean(z1, stay)
    between = end - start - within
    entry = _sum(s2 * (z2 - end[..., None]), after & ~before)
    leaving = -_sum(s1 * (z1 - start[..., None]), before & ~after)
    parts = (np.where(some, part, np.nan) for part in (within, between, entry, leaving))
    return _checked(s1, z1, before, s2, z2, after, *parts)


# ----------------------------------------------------------------------------------------------------- the parts


def _pair(share: xr.DataArray, productivity: xr.DataArray, *dims: str) -> list[xr.DataArray]:
    require(share, *dims, what="share")
    require(productivity, *dims, what="productivity")
    for dim in dims:
        productivity = align(productivity, share, dim)
    return [share, productivity]


def _growth(
    function: Callable[..., Any],
    names: tuple[str, ...],
    share: xr.DataArray,
    productivity: xr.DataArray,
    firm: str,
    time: str,
    lag: int,
) -> xr.Dataset:
    """Apply a decomposition to each date and the one `lag` dates before."""
    arrays = _pair(share, productivity, time, firm)
    dates = share.sizes[time]
    if not 1 <= lag < dates:
        raise ValueError(f"lag is {lag}; '{title(share)}' has {dates} dates, so it must be 1 to {dates - 1}")
    late = [array.isel({time: slice(lag, None)}) for array in arrays]
    early = [array.isel({time: slice(None, dates - lag)}) for array in arrays]
    # everything carries the labels of the later date
    early = [
        array.drop_vars([name for name, coordinate in array.coords.items() if time in coordinate.dims])
        for array in early
    ]
    parts = compute(function, [*early, *late], [(firm,)] * 4, [()] * (len(names) + 1))
    text, units = title(productivity), unit(productivity)
    what = {
        "within": "of survivors",
        "between": "of shares moving between survivors",
        "cross": "of shares and productivity moving together",
        "entry": "of entrants",
        "exit": "of those who left",
    }
    rows = [(name, f"growth of {text}, part {what[name]}", units) for name in names]
    return dataset(parts, [*rows, ("total", f"growth of aggregate {text}", units)])


def _present(share: Any, productivity: Any) -> tuple[Floats, Floats, Any]:
    """Return shares, productivity (both 0 for who is not there) and who is there."""
    part, level = np.asarray(share, dtype=np.float64), np.asarray(productivity, dtype=np.float64)
    refuse_amounts(part, "share")
    part, level = np.broadcast_arrays(part, level)
    there = (part > 0.0) & np.isfinite(level)
    part, level = np.where(there, part, 0.0), np.where(there, level, 0.0)
    return ratio(part, part.sum(axis=-1, keepdims=True), 0.0), level, there


def _level(part: Floats, level: Floats, there: Any) -> Floats:
    return np.where(there.any(axis=-1), (part * level).sum(axis=-1), np.nan)


def _mean(level: Floats, there: Any) -> Floats:
    return ratio(np.where(there, level, 0.0).sum(axis=-1), there.sum(axis=-1))


def _stayers(part: Floats, level: Floats, stay: Any) -> Floats:
    """Return the aggregate productivity of survivors."""
    return ratio(_sum(part * level, stay), _sum(part, stay), 0.0)


def _sum(values: Floats, use: Any) -> Floats:
    return np.asarray(np.where(use, values, 0.0).sum(axis=-1))


def _checked(
    s1: Floats, z1: Floats, before: Any, s2: Floats, z2: Floats, after: Any, *parts: Floats
) -> tuple[Floats, ...]:
    """Return the parts and the total; all NaN where one of the dates has no firm."""
    total = _level(s2, z2, after) - _level(s1, z1, before)
    return (*(np.where(np.isnan(total), np.nan, part) for part in parts), total)
