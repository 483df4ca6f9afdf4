"""Facts of regions: specialisation, relatedness, variety, convergence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from technopole.data.tables import Tables
from technopole.facts.panel import Year
from technopole.facts.statistics import (
    LEAST_GROUP,
    LEAST_REGIONS,
    LEAST_SECTORS,
    enough,
    ratio,
    slope,
    staying_in_fifths,
)

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

SPELL = 5
"""Years in which a region takes up or gives up a sector."""
DECADE = 10
TENTH = 0.1
"""Step of relatedness density for which chances are told."""
LEAST_CELLS = 200
"""Region-sector pairs whose entry or exit is looked at."""
SHUFFLES, SHUFFLE_SEED = 20, 2015
"""Times that relatedness is shuffled among sectors, always the same ways."""


class Regions:
    """Facts of the jobs and incomes of regions, and of how industries lie over them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._jobs: list[Floats] = []
        self._income: list[Floats] = []
        self._last: Year | None = None
        self._gamma: Floats | None = None

    def add(self, year: Year) -> None:
        """Take a year."""
        jobs = year.jobs()
        self._jobs.append(jobs)
        income = year.wage * jobs.sum(1) / year.workforce
        self._income.append(np.where(income > 0.0, income, np.nan))
        self._last = year

    def facts(self) -> dict[str, float]:
        """Return the facts by name; before the world moves on."""
        from technopole.indicators import krugman_specialisation

        regions, sectors = self._jobs[-1].shape
        many = min(regions / LEAST_REGIONS, sectors / LEAST_SECTORS)
        krugman = float(krugman_specialisation(_table(self._jobs[-1])).mean())
        gamma = self._concentration()
        known = np.isfinite(gamma)
        return {
            "krugman": enough(many, 1.0, krugman),
            "eg_share": enough(known.sum(), LEAST_SECTORS, ratio((gamma > 0.0).sum(), known.sum())),
            **relatedness_effects(np.array(self._jobs), self._tables.relatedness),
            "related_variety": variety_effect(np.array(self._jobs), self._tables.groups),
            **convergence(np.array(self._income)),
        }

    def tables(self) -> dict[str, Floats]:
        """Return income per worker by year and region, concentration by sector, the mean specialisation."""
        return {"income": np.array(self._income), "gamma": self._concentration(), "jobs": self._jobs[-1]}

    def _concentration(self) -> Floats:
        if self._gamma is None:
            assert self._last is not None
            self._gamma = geographic_concentration(self._last)
        return self._gamma


def _table(values: Floats) -> xr.DataArray:
    import xarray as xr

    return xr.DataArray(values, dims=("region", "sector"))


def geographic_concentration(year: Year) -> Floats:
    """Return the index of Ellison and Glaeser of each sector: how far its firms lie together more than by chance.

    Parameters
    ----------
    year : Year
        Firms after it.

    Returns
    -------
    ndarray, (S,)
        NaN for sectors of fewer than `LEAST_GROUP` firms, and with few regions.
    """
    import xarray as xr

    from technopole.indicators import ellison_glaeser

    gamma = np.full(year.sectors, np.nan)
    if year.regions < LEAST_REGIONS:
        return gamma
    labels = np.arange(year.regions)
    totals = xr.DataArray(year.jobs().sum(1), dims="region", coords={"region": labels})
    region, sector = np.divmod(year.next_cell, year.sectors)
    for k in np.flatnonzero(np.bincount(sector, minlength=year.sectors) >= LEAST_GROUP):
        which = sector == k
        sizes = xr.DataArray(year.next_employment[which], dims="plant")
        gamma[k] = ellison_glaeser(sizes, xr.DataArray(region[which], dims="plant"), totals)["gamma"]
    return gamma


def relatedness_effects(jobs: Floats, related: Floats) -> dict[str, float]:
    """Return how much likelier a region takes up, or gives up, a sector with related ones around it.

    A region has a sector if its location quotient is at least 1; five years later it has it or not. Linear
    probability with effects of sectors on relatedness density without the sector itself (after Boschma, Balland and
    Kogler 2015), relative to the mean chance, for a step of a tenth. Diverse regions differ from others, also by
    chance where few firms are drawn; so what the same table gives if relatedness is shuffled among sectors is
    subtracted.

    Parameters
    ----------
    jobs : ndarray, (T, R, S)
        By year.
    related : ndarray, (S, S)
        Relatedness of sectors.

    Returns
    -------
    dict of str to float
        ``related_entry``, ``related_exit``; NaN with few regions or sectors.
    """
    from technopole.indicators.specialisation import quotients

    dates = jobs[::-SPELL][::-1]
    nothing = {"related_entry": math.nan, "related_exit": math.nan}
    if jobs.shape[1] < LEAST_REGIONS or jobs.shape[2] < LEAST_SECTORS or len(dates) < 2:
        return nothing
    has = np.array([quotients(table) >= 1.0 for table in dates])
    if min(has[:-1].sum(), (~has[:-1]).sum()) < LEAST_CELLS:
        return nothing
    found = _density_slopes(has, related)
    random = np.random.default_rng(SHUFFLE_SEED)
    orders = [random.permutation(related.shape[0]) for _ in range(SHUFFLES)]
    chance = np.mean([_density_slopes(has, related[np.ix_(order, order)]) for order in orders], axis=0)
    return dict(zip(nothing, (found - chance).tolist(), strict=True))


def _density_slopes(has: NDArray[np.bool_], related: Floats) -> Floats:
    """Return the relative change of the chance to take up and to give up for a tenth more density."""
    others = np.where(np.eye(related.shape[0], dtype=bool), 0.0, related)
    weight = others.sum(axis=1)
    density = has[:-1].astype(np.float64) @ others.T / np.where(weight > 0.0, weight, np.nan)
    sector = np.broadcast_to(np.arange(related.shape[0]), density.shape)
    slopes = []
    for before in (False, True):
        chosen = np.isfinite(density) & (has[:-1] == before)
        changed = (has[1:] != has[:-1])[chosen].astype(np.float64)
        effect = slope(density[chosen], changed, sector[chosen])
        slopes.append(ratio(TENTH * effect, float(changed.mean())) if changed.size else math.nan)
    return np.array(slopes)


def variety_effect(jobs: Floats, groups: list[str]) -> float:
    """Return the slope of yearly growth of jobs on related variety at the start of the decade.

    Parameters
    ----------
    jobs : ndarray, (T, R, S)
        By year.
    groups : list of str
        Group of related sectors that each belongs to.

    Returns
    -------
    float
        Per standard deviation; mean over decades; NaN with few regions or sectors.
    """
    import xarray as xr

    from technopole.indicators import variety

    dates = jobs[::-DECADE][::-1]
    if jobs.shape[1] < LEAST_REGIONS or jobs.shape[2] < LEAST_SECTORS or len(dates) < 2:
        return math.nan
    label = xr.DataArray(np.array(groups, dtype=object), dims="sector")
    found = []
    for start, end in zip(dates[:-1], dates[1:], strict=True):
        related = np.asarray(variety(_table(start), label)["related"])
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.log(end.sum(1) / start.sum(1)) / DECADE
        known = np.isfinite(related) & np.isfinite(growth)
        related = related[known]
        unit = (related - related.mean()) / related.std() if related.std() else 0.0 * related
        found.append(slope(unit, growth[known]))
    return float(np.mean(found))


def convergence(income: Floats) -> dict[str, float]:
    """Return the speed of convergence of regions, and how many stay in their fifth of the order.

    Parameters
    ----------
    income : ndarray, (T, R)
        Per worker, by year.

    Returns
    -------
    dict of str to float
        ``beta`` per year, ``mobility``; NaN with few regions or years.
    """
    import xarray as xr

    from technopole.indicators import beta_convergence

    years, regions = income.shape
    if years < DECADE or regions < LEAST_REGIONS:
        return {"beta": math.nan, "mobility": math.nan}
    ends = [xr.DataArray(income[place], dims="region") for place in (0, -1)]
    beta = float(beta_convergence(*ends, years=float(years - 1))["beta"])
    return {"beta": beta, "mobility": staying_in_fifths(income)}
