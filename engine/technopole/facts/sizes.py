"""Facts of firm sizes and their growth: tail, tent, volatility, Gibrat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from technopole.facts.panel import Year
from technopole.facts.statistics import (
    LEAST_GROUP,
    LEAST_RATES,
    LEAST_TAIL,
    SIZE_CLASSES,
    SMALLEST,
    class_of,
    enough,
    firms,
    slope,
)

Floats = NDArray[np.float64]

LARGE, SMALL = 100.0, 20.0
"""Workers from which a firm is large, and below which it is small, for Gibrat's law."""
GROWTH_EDGES = np.linspace(-1.5, 1.5, 61)
"""Edges of the bins of the histogram of growth rates, log points about the mean of year and sector."""
LEAST_BINS = 4


class Sizes:
    """Facts of the sizes of firms in the last year."""

    def __init__(self) -> None:
        self._size = np.zeros(0)

    def add(self, year: Year) -> None:
        """Take a year; the last one counts."""
        self._size = year.next_employment[year.next_employment >= SMALLEST]

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        return {"tail": tail_exponent(self._size, 0.10), "tail_5": tail_exponent(self._size, 0.05)}

    def tables(self) -> dict[str, Floats]:
        """Return the share of the firms in each class of sizes."""
        counts = np.bincount(class_of(self._size), minlength=SIZE_CLASSES.size)
        return {"size_share": counts / max(self._size.size, 1)}


def tail_exponent(size: Floats, top: float) -> float:
    """Return the exponent of the upper tail of firm sizes (Gabaix and Ibragimov 2011).

    Parameters
    ----------
    size : ndarray, (n,)
        Workers.
    top : float
        Share of the firms that is the tail.

    Returns
    -------
    float
        NaN with fewer than `LEAST_TAIL` firms in it.
    """
    from technopole.indicators import size_tail_exponent

    if int(top * size.size) < LEAST_TAIL:
        return math.nan
    return float(size_tail_exponent(firms(size), tail=top)["exponent"])


class Growth:
    """Facts of the growth of the survivors with at least one worker.

    Growth is taken relative to the mean of year and sector, its spread within bins of a factor of two in size; for the
    shape it is divided by the spread that the regression on size gives (Stanley et al. 1996, Bottazzi and Secchi
    2006), so that a mixture of sizes does not make tails.
    """

    def __init__(self) -> None:
        self._growth: list[Floats] = []
        self._size: list[Floats] = []
        self._before: list[Floats] = []
        self._after: list[Floats] = []
        self._counts = np.zeros(GROWTH_EDGES.size - 1)
        self._rates = 0

    def add(self, year: Year) -> None:
        """Take a year."""
        old = year.employment[year.stays]
        kept = (old >= SMALLEST) & (year.age[year.stays] > 0)
        k = (year.cell[year.stays] % year.sectors)[kept]
        growth, size = year.growth()[kept], old[kept]
        means = np.bincount(k, growth) / np.maximum(np.bincount(k), 1)
        self._growth.append((growth - means[k]).astype(np.float32))
        self._size.append(size.astype(np.float32))
        self._counts += np.histogram(self._growth[-1], GROWTH_EDGES)[0]
        self._rates += growth.size
        large = size >= LARGE
        self._before.append(size[large])
        self._after.append((size * np.exp(growth))[large])

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        growth, size = (np.concatenate(parts).astype(np.float64) for parts in (self._growth, self._size))
        small, large = growth[size < SMALL], growth[size >= LARGE]
        fewer = min(small.size, large.size)
        difference = float(small.mean() - large.mean()) if fewer else math.nan
        return {
            **shape_and_scaling(growth, size),
            "gibrat": gibrat(np.concatenate(self._before), np.concatenate(self._after)),
            "small_grow_faster": enough(fewer, LEAST_GROUP, difference),
        }

    def tables(self) -> dict[str, Floats]:
        """Return the density of growth rates, which are not corrected for size."""
        width = float(GROWTH_EDGES[1] - GROWTH_EDGES[0])
        return {"growth_density": self._counts / max(self._rates, 1) / width}


def shape_and_scaling(growth: Floats, size: Floats) -> dict[str, float]:
    """Return the Subbotin shape of growth rates and the slope of the log of their spread on log size.

    Parameters
    ----------
    growth : ndarray, (n,)
        Log growth.
    size : ndarray, (n,)
        Workers before.

    Returns
    -------
    dict of str to float
        ``subbotin``, ``scaling``; NaN with fewer than `LEAST_RATES` rates or four bins of `LEAST_GROUP`.
    """
    from technopole.indicators import subbotin_fit

    nothing = {"subbotin": math.nan, "scaling": math.nan}
    if growth.size < LEAST_RATES:
        return nothing
    bins = np.floor(np.log2(size)).astype(np.int64)
    wanted = [b for b in np.unique(bins) if (bins == b).sum() >= LEAST_GROUP]
    if len(wanted) < LEAST_BINS:
        return nothing
    spread = [float(growth[bins == b].std()) for b in wanted]
    middle = [float(np.log(size[bins == b]).mean()) for b in wanted]
    if min(spread) <= 0.0:
        return nothing
    scaling = slope(middle, np.log(spread))
    shape = subbotin_fit(firms(growth * size**-scaling))["shape"]
    return {"subbotin": float(shape), "scaling": scaling}


def gibrat(before: Floats, after: Floats) -> float:
    """Return the slope of log size on log size the year before, 1 by Gibrat's law.

    Parameters
    ----------
    before, after : ndarray, (n,)
        Workers of the same firms.

    Returns
    -------
    float
        NaN with fewer than `LEAST_RATES` pairs.
    """
    import xarray as xr

    from technopole.indicators import gibrat_slope

    if before.size < LEAST_RATES:
        return math.nan
    pair = xr.DataArray(np.stack([before, after]), dims=("time", "firm"))
    return float(gibrat_slope(pair)["slope"][0])
