"""Facts of productivity: dispersion, persistence, agglomeration, where its growth comes from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from technopole.facts.panel import Year
from technopole.facts.statistics import LEAST_GROUP, LEAST_RATES, LEAST_REGIONS, enough, slope

Floats = NDArray[np.float64]

EVERY = 7
"""Years between two looks at dispersion and agglomeration."""
DECADE = 10
LEAST_CELL = 10
"""Firms of a cell whose mean is used."""
LEAST_MONOPOLY = 1000
"""Firms of a sector whose concentration is looked at: that of smaller ones says how few firms were drawn."""


class Productivity:
    """The 90/10 gap within sectors, the elasticity to the region's jobs, the persistence of differences."""

    def __init__(self) -> None:
        self._gaps: list[float] = []
        self._elasticities: list[float] = []
        self._sums = np.zeros(3)
        self._years = 0

    def add(self, year: Year) -> None:
        """Take a year."""
        if self._years % EVERY == 0:
            self._gaps.append(gap_90_10(year.efficiency, year.next_cell % year.sectors))
            self._elasticities.append(agglomeration(year))
        self._years += 1
        before, after = year.old_efficiency[year.stays], year.efficiency[~year.is_new]
        if np.isfinite(before).all():
            k = year.next_cell[~year.is_new] % year.sectors
            x, y = _within(before, k), _within(after, k)
            self._sums += np.array([x @ y, x @ x, x.size])

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        product, square, count = self._sums
        return {
            "gap_90_10": float(np.mean(self._gaps)),
            "agglomeration": float(np.mean(self._elasticities)),
            "persistence": enough(count, LEAST_RATES, product / square if square else math.nan),
        }

    def tables(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}


def _within(values: Floats, groups: NDArray[np.int64]) -> Floats:
    count = np.maximum(np.bincount(groups), 1)
    centred: Floats = values - (np.bincount(groups, values) / count)[groups]
    return centred


def gap_90_10(efficiency: Floats, sector: NDArray[np.int64]) -> float:
    """Return the log gap between the ninth and the first decile within sectors, weighted by firms.

    Parameters
    ----------
    efficiency : ndarray, (n,)
        Log points.
    sector : ndarray of int, (n,)
        From 0.

    Returns
    -------
    float
        NaN with fewer than `LEAST_GROUP` firms; sectors of fewer than `LEAST_CELL` are left out.
    """
    if efficiency.size < LEAST_GROUP:
        return math.nan
    count = np.bincount(sector)
    wanted = np.flatnonzero(count >= LEAST_CELL)
    pairs = np.array([np.percentile(efficiency[sector == k], (10, 90)) for k in wanted]).reshape(-1, 2)
    return float(np.average(pairs[:, 1] - pairs[:, 0], weights=count[wanted])) if wanted.size else math.nan


def agglomeration(year: Year) -> float:
    """Return the elasticity of the mean productivity of cells to the jobs of their region, with sector effects.

    Parameters
    ----------
    year : Year
        Any.

    Returns
    -------
    float
        NaN with fewer than `LEAST_REGIONS` regions.
    """
    count = year.by_cell(year.next_cell).ravel()
    mean = year.by_cell(year.next_cell, year.efficiency).ravel() / np.maximum(count, 1)
    jobs = year.jobs().sum(1)
    cell = np.flatnonzero(count >= LEAST_CELL)
    region, sector = np.divmod(cell, year.sectors)
    if np.unique(region).size < LEAST_REGIONS:
        return math.nan
    return slope(np.log(jobs[region]), mean[cell], sector)


class Decomposition:
    """Where the growth of productivity within sectors comes from, over decades (Foster, Haltiwanger and Krizan)."""

    def __init__(self) -> None:
        self._years = 0
        self._start: _Snapshot | None = None
        self._parts = np.zeros(3)

    def add(self, year: Year) -> None:
        """Take a year; every tenth is compared with the tenth before."""
        if self._years % DECADE == 0:
            now = _Snapshot(year)
            if self._start is not None:
                self._parts += decompose(self._start, now)
            self._start = now
        self._years += 1

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        total, within, net_entry = self._parts
        known = bool(total > 0.0)
        return {
            "fhk_within": within / total if known else math.nan,
            "fhk_entry": net_entry / total if known else math.nan,
        }

    def tables(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}


class _Snapshot:
    """Copies of what a decomposition compares."""

    def __init__(self, year: Year) -> None:
        self.identity = year.next_identity.copy()
        self.sector = year.next_cell % year.sectors
        self.share = year.share.copy()
        self.sales = year.sales.copy()
        self.efficiency = year.efficiency.copy()


def decompose(start: _Snapshot, end: _Snapshot) -> Floats:
    """Return total growth of productivity within sectors, what survivors add in place, and what net entry adds.

    Parameters
    ----------
    start, end : _Snapshot
        The same world at two dates.

    Returns
    -------
    ndarray, (3,)
        Log points, sectors weighted by their mean sales; zeros if no sector has `LEAST_GROUP` firms at both.
    """
    import xarray as xr

    from technopole.indicators import fhk

    sums = np.zeros(3)
    for sector in np.unique(start.sector):
        pair = [(part, np.flatnonzero(part.sector == sector)) for part in (start, end)]
        if min(which.size for _, which in pair) < LEAST_GROUP:
            continue
        everyone = np.union1d(*(part.identity[which] for part, which in pair))
        share, level = np.full((2, 2, everyone.size), np.nan)
        for date, (part, which) in enumerate(pair):
            place = np.searchsorted(everyone, part.identity[which])
            share[date, place], level[date, place] = part.share[which], part.efficiency[which]
        dims = ("time", "firm")
        parts = fhk(xr.DataArray(share, dims=dims), xr.DataArray(level, dims=dims)).isel(time=0)
        weight = float(sum(part.sales[which].sum() / part.sales.sum() for part, which in pair))
        found = (parts["total"], parts["within"], parts["entry"] + parts["exit"])
        sums += weight * np.array([float(value) for value in found])
    return sums


class Economy:
    """Growth, numbers of firms, jobs and concentration of the whole economy."""

    def __init__(self, start: Year) -> None:
        self._first_exits = 1.0 - float(start.stays.mean())
        self._firms_at_start = start.cell.size
        self._density = start.cell.size / float(start.workforce.sum())
        self._levels: list[float] = []
        self._rates: list[float] = []
        self._last: tuple[float, float] = (math.nan, math.nan)

    def add(self, year: Year) -> None:
        """Take a year."""
        self._levels.append(float(np.average(year.efficiency + year.quality, weights=year.next_employment)))
        workforce = float(year.workforce.sum())
        self._rates.append(float(year.next_employment.sum()) / workforce)
        k = year.next_cell % year.sectors
        large = np.bincount(k) >= LEAST_MONOPOLY
        herfindahl = np.bincount(k, year.share**2)[large]
        self._last = year.next_cell.size / workforce, float(herfindahl.max()) if large.any() else math.nan

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        density, concentration = self._last
        years = max(len(self._levels) - 1, 1)
        return {
            "progress": (self._levels[-1] - self._levels[0]) / years,
            "employment_rate": float(np.mean(self._rates)),
            "firms_per_worker": density / self._density,
            "concentration": concentration,
            "first_exits": enough(self._firms_at_start, LEAST_GROUP, self._first_exits),
        }

    def tables(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}
