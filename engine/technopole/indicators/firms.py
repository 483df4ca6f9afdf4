"""Laws of firm sizes: the exponent of the upper tail, and Gibrat's law."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from technopole.indicators.convergence import regression
from technopole.indicators.core import (
    Floats,
    align,
    compute,
    dataset,
    label,
    one_of,
    ratio,
    refuse_amounts,
    require,
    title,
    unit,
)
from technopole.results.numbers import fit_tail, tail_range

if TYPE_CHECKING:
    import xarray as xr


def size_tail_exponent(
    sizes: xr.DataArray,
    *,
    firm: str = "firm",
    tail: float | None = None,
    minimum: float | None = None,
    form: Literal["rank", "likelihood"] = "rank",
) -> xr.Dataset:
    """Return the exponent ζ of the upper tail of sizes, P(S > s) ∝ s^(−ζ).

    ``rank``: least squares of ln(rank − ½) on ln S, standard error ζ √(2 / n) (Gabaix and Ibragimov 2011).
    ``likelihood``: ζ = n / Σ ln(S / s_min) with standard error ζ / √n (Hill 1975; Clauset, Shalizi and Newman
    2009, whose α is the exponent of the density, ζ + 1).

    Parameters
    ----------
    sizes : DataArray, dims (..., firm)
        Sizes of firms, at least 0. NaN and 0: there is no such firm.
    firm : str
        Name of the dimension.
    tail : float, optional
        Share of the firms that is the tail, above 0 to 1: the largest so many. 0.1 unless `minimum` is given.
    minimum : float, optional
        The tail are the firms of at least this size, above 0; not together with `tail`.
    form : {"rank", "likelihood"}
        Which of the two.

    Returns
    -------
    Dataset, dims (...)
        ``exponent``, ``standard_error``, ``count`` of firms in the tail and ``threshold``, the smallest size in
        it (`minimum` for the likelihood if that is given). NaN with fewer than three firms in the tail or all
        of one size.

    Raises
    ------
    ValueError
        If the dimension is missing, a size is negative or infinite, or tail, minimum or form do not fit.
    """
    require(sizes, firm)
    one_of(form, ("rank", "likelihood"), "form")
    if tail is not None and minimum is not None:
        raise ValueError("give tail or minimum, not both")
    if minimum is not None and not (np.isfinite(minimum) and minimum > 0.0):
        raise ValueError(f"minimum is {minimum}; it must be above 0")
    share = 0.1 if tail is None else tail
    if not 0.0 < share <= 1.0:
        raise ValueError(f"tail is {tail}; it must be above 0 and at most 1")
    function = partial(_tail, share=share, minimum=minimum, form=form, what=title(sizes))
    parts = compute(function, [sizes], [(firm,)], [()] * 4)
    text = title(sizes)
    rows = (
        ("exponent", f"exponent of the upper tail of {text}"),
        ("standard_error", f"standard error of the exponent of the upper tail of {text}"),
        ("count", f"entries in the upper tail of {text}"),
        ("threshold", f"lower end of the upper tail of {text}", unit(sizes)),
    )
    return dataset(parts, rows)


def _tail(sizes: Any, share: float, minimum: float | None, form: str, what: str) -> tuple[Floats, ...]:
    values = np.asarray(sizes, dtype=np.float64)
    refuse_amounts(values, what)
    ordered = -np.sort(-np.where(values > 0.0, values, 0.0), axis=-1)  # NaN became 0: the largest come first
    if minimum is None:
        count = np.floor(share * (ordered > 0.0).sum(axis=-1) + 1e-9)
    else:
        count = (ordered >= minimum).sum(axis=-1).astype(np.float64)
    rank = np.arange(1.0, ordered.shape[-1] + 1.0)
    use = rank <= count[..., None]
    threshold = np.where(count > 0, np.where(use, ordered, np.inf).min(axis=-1), np.nan)
    logs = np.where(use, np.log(np.where(use, ordered, 1.0)), np.nan)
    if form == "rank":
        slope, *_ = regression(logs, np.log(rank - 0.5))
        exponent, error = -slope, np.abs(slope) * np.sqrt(ratio(np.full(count.shape, 2.0), count))
        return exponent, error, count, threshold
    if minimum is not None:
        threshold = np.where(count > 0, minimum, np.nan)
    excess = np.where(use, logs - np.log(threshold)[..., None], 0.0).sum(axis=-1)
    excess = np.where((count > 2) & (excess > 1e-12), excess, 0.0)
    exponent = ratio(count, excess)
    return exponent, exponent * np.sqrt(ratio(np.ones(count.shape), count)), count, threshold


def size_tail_exponent_binned(counts: xr.DataArray, *, size_class: str = "size_class") -> xr.DataArray:
    """Return the exponent of the upper tail from numbers of firms per class of sizes.

    The regression of `size_tail_exponent` over the lower edges of the classes: each counts as often as its
    class has firms. The tail are sizes that at most a tenth and at least ten of the firms reach.

    Parameters
    ----------
    counts : DataArray, dims (..., size_class)
        Firms per class, at least 0; the coordinate of the dimension holds the lower edges of the classes.
    size_class : str
        Name of the dimension.

    Returns
    -------
    DataArray, dims (...)
        NaN with fewer than three classes in the tail.

    Raises
    ------
    ValueError
        If the dimension or its coordinate is missing, or a count is negative or infinite.
    """
    require(counts, size_class)
    if size_class not in counts.coords:
        raise ValueError(
            f"'{title(counts)}' needs the lower edges of its classes as coordinate '{size_class}'"
        )
    edges = np.asarray(counts[size_class].values, dtype=np.float64)
    (result,) = compute(partial(_binned, edges=edges, what=title(counts)), [counts], [(size_class,)])
    return label(result, "size_tail_exponent", f"exponent of the upper tail of {title(counts)}")


def _binned(counts: Any, edges: Floats, what: str) -> Floats:
    table = np.nan_to_num(np.asarray(counts, dtype=np.float64), posinf=np.inf, neginf=-np.inf)
    refuse_amounts(table, what)
    rows = table.reshape(-1, table.shape[-1])
    with np.errstate(divide="ignore"):
        slopes = [-fit_tail(row, edges, tail_range(row[None], edges)).slope for row in rows]
    return np.array(slopes, dtype=np.float64).reshape(table.shape[:-1])


def gibrat_slope(sizes: xr.DataArray, *, firm: str = "firm", time: str = "time", lag: int = 1) -> xr.Dataset:
    """Return the slope of log size on log size before; 1 by the law of proportionate effect (Gibrat 1931).

    Least squares of ln S(t) = a + b ln S(t − lag) over the firms that are there both times.

    Parameters
    ----------
    sizes : DataArray, dims (..., time, firm)
        Sizes of firms, at least 0. NaN and 0: there is no such firm. A firm keeps its place along `firm`.
    firm, time : str
        Names of the dimensions.
    lag : int
        Number of dates between the two.

    Returns
    -------
    Dataset, dims (..., time)
        ``slope``, ``intercept``, ``standard_error`` of the slope and ``count`` of firms, at the later date, so
        the first `lag` dates are missing. NaN with fewer than three firms or all of one size.

    Raises
    ------
    ValueError
        If a dimension is missing, a size is negative or infinite, or the lag does not fit.
    """
    require(sizes, time, firm)
    dates = sizes.sizes[time]
    if not 1 <= lag < dates:
        raise ValueError(f"lag is {lag}; '{title(sizes)}' has {dates} dates, so it must be 1 to {dates - 1}")
    late, early = sizes.isel({time: slice(lag, None)}), sizes.isel({time: slice(None, dates - lag)})
    if time in sizes.coords:
        early = early.assign_coords({time: late[time]})
    function = partial(_gibrat, what=title(sizes))
    parts = compute(function, [early, align(late, early, firm)], [(firm,)] * 2, [()] * 4)
    text = title(sizes)
    rows = (
        ("slope", f"slope of log {text} on its value before"),
        ("intercept", f"intercept of log {text} on its value before"),
        ("standard_error", "standard error of the slope"),
        ("count", "firms in the regression"),
    )
    return dataset(parts, rows)


def _gibrat(before: Any, after: Any, what: str) -> tuple[Floats, ...]:
    logs = []
    for values in (before, after):
        size = np.asarray(values, dtype=np.float64)
        refuse_amounts(size, what)
        logs.append(np.where(size > 0.0, np.log(np.where(size > 0.0, size, 1.0)), np.nan))
    slope, intercept, error, _, count = regression(*logs)
    return slope, intercept, error, count
