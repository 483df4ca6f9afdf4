"""What a scenario is compared with in real series: a statistic of each world, and the range that the data give.

The ranges follow a few rules. A number of the nation has the range of its years 2010 to 2019, lowest to highest; the
share of a class of sizes that of the regions. A statistic over regions has its 95 % bootstrap interval over the
regions. Whether values lie where they do in reality is told by a correlation, which should be above what chance gives
in 2.5 % of cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.facts.statistics import (
    correlation,
    gini,
    least_correlation,
    ratio,
    slope,
    staying_in_fifths,
    weighted_sd,
)
from technopole.facts.validation_data import FIRST_INCOME, SIZES, RealData, bootstrap

Floats = NDArray[np.float64]
Tables = Mapping[str, Floats]

DECADE = 10
_BDS = "Business Dynamics Statistics 2010-19"
_ABS = "Annual Business Survey 2017-19"
_CBP = "County Business Patterns"
_HAZARDS: dict[str, list[int]] = {
    "1-4 jobs": [0],
    "5-9 jobs": [1],
    "10-19 jobs": [2],
    "20-99 jobs": [3, 4],
    "100-499 jobs": [5, 6],
}
"""Classes of sizes of the model that a class of the statistics holds."""


class Series(NamedTuple):
    """A comparison."""

    title: str
    low: float
    high: float
    source: str
    unit: str
    statistic: Callable[[Tables], float]
    """Of the tables of one world, see `technopole.facts.measure.Measured`."""


def series_of(real: RealData) -> dict[str, Series]:
    """Return the comparisons that the data allow.

    Parameters
    ----------
    real : RealData
        Matched to the scenario.

    Returns
    -------
    dict of str to Series
        By name; empty if the data are about other regions.
    """
    if not real.kind:
        return {}
    return {
        **_turnover(real),
        **_deaths(real),
        **_income(real),
        **_sizes(real),
        **_innovation(real),
        **_industries(real),
    }


def _mean(name: str, tables: Tables) -> float:
    return float(np.nanmean(tables[name]))


def _turnover(real: RealData) -> dict[str, Series]:
    found = real.turnover()
    if found is None:
        return {}
    rows = {}
    national = {
        "entry": ("entry rate of establishments", "estabs_entry", "estab", "entry_by_year"),
        "exit": ("exit rate of establishments", "estabs_exit", "estab", "exit_by_year"),
        "job_creation": ("jobs created per job", "job_creation", "emp", "job_creation"),
        "job_destruction": ("jobs destroyed per job", "job_destruction", "emp", "job_destruction"),
    }
    for name, (title, top, bottom, table) in national.items():
        years = found[top].sum(axis=1) / found[bottom].sum(axis=1)
        rows[f"data_{name}"] = _yearly(title, years, _BDS, "year-1", partial(_mean, table))
    size = found["estab"].mean(axis=0)
    entry, exits = (found[name].mean(axis=0) / size for name in ("estabs_entry", "estabs_exit"))
    rows["data_entry_exit"] = Series(
        "correlation of entry and exit over states, weighted by firms",
        *bootstrap(correlation, entry, exits, size),
        _BDS,
        "1",
        lambda tables: correlation(*(tables[f"{name}_by_region"] for name in ("entry", "exit", "firms"))),
    )
    for name, rate in (("entry", entry), ("exit", exits)):
        table = f"{name}_by_region"
        rows[f"data_{name}_spread"] = Series(
            f"standard deviation of {name} rates over states, weighted by firms",
            *bootstrap(weighted_sd, rate, size),
            _BDS,
            "year-1",
            partial(_spread, table),
        )
        rows[f"data_{name}_where"] = _where(
            f"{name} rates of states: correlation with real ones", rate, table, _BDS
        )
    return rows


def _spread(table: str, tables: Tables) -> float:
    return weighted_sd(tables[table], tables["firms_by_region"])


def _yearly(
    title: str, years: Floats, source: str, unit: str, statistic: Callable[[Tables], float]
) -> Series:
    return Series(title, *_ends(years), source, unit, statistic)


def _ends(values: Any) -> tuple[float, float]:
    """Return the lowest and the highest known value; NaN if none is."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)


def _where(title: str, real: Floats, table: str, source: str) -> Series:
    """Compare where values are high and low: over regions, sectors or classes."""
    known = int(np.isfinite(real).sum())

    def statistic(tables: Tables) -> float:
        return correlation(tables[table], real)

    return Series(title, least_correlation(known), 1.0, source, "1", statistic)


def _deaths(real: RealData) -> dict[str, Series]:
    found = real.deaths()
    if found is None:
        return {}

    def hazard(which: list[int], tables: Tables) -> float:
        weights = tables["size_share"][which]
        return ratio(float(weights @ tables["hazard_by_size"][which]), float(weights.sum()))

    return {
        f"data_death_{name.split()[0]}": _yearly(
            f"firms that die, {name}", found[name], _BDS, "year-1", partial(hazard, which)
        )
        for name, which in _HAZARDS.items()
    }


def _income(real: RealData) -> dict[str, Series]:
    income = real.income()
    if income is None:
        return {}
    source = "BEA, income per head 2010-19"

    def dispersion(tables: Tables) -> float:
        return float(np.nanmean(np.nanstd(np.log(tables["income"]), axis=1)))

    decades = [
        staying_in_fifths(income[begin : begin + DECADE + 1])
        for begin in range(0, len(income) - DECADE + 1, DECADE)
    ]
    spread = np.log(income[-DECADE:]).std(axis=1)
    return {
        "data_income": _yearly(
            "standard deviation of ln income over states", spread, source, "1", dispersion
        ),
        "data_mobility": Series(
            "states that stay in their fifth of income from year to year",
            *_ends(decades),
            f"BEA, income per head, decades {FIRST_INCOME}-2019",
            "1",
            lambda tables: staying_in_fifths(tables["income"]),
        ),
    }


def _sizes(real: RealData) -> dict[str, Series]:
    counts = real.sizes()
    if counts is None:
        return {}
    national = counts.sum(axis=1) / counts.sum()
    shares = counts / np.maximum(counts.sum(axis=0), 1.0)

    def share(j: int, tables: Tables) -> float:
        return float(tables["size_share"][j])

    return {
        f"data_size_{size}": Series(
            f"part of establishments with {size} jobs (nation: {national[j]:.4f})",
            float(shares[j].min()),
            float(shares[j].max()),
            f"{_CBP}, lowest and highest region",
            "1",
            partial(share, j),
        )
        for j, size in enumerate(SIZES)
    }


def _innovation(real: RealData) -> dict[str, Series]:
    rows = {}
    for name, values, words in (
        ("region", real.innovators_by_region(), "states"),
        ("size", real.innovators_by_size(), "classes of sizes"),
        ("sector", real.innovators_by_sector(), "sectors"),
    ):
        if values is not None and np.isfinite(values).sum() >= 4:
            title = f"innovators of {words}: correlation with real ones"
            rows[f"data_innovators_{name}"] = _where(title, values, f"innovators_by_{name}", _ABS)
    patents, table = real.patents(), real.jobs()
    if patents is None or table is None:
        return rows
    jobs = table.sum(axis=1)
    known = np.isfinite(patents) & (patents > 0.0) & (jobs > 0.0)
    patents, jobs = patents[known], jobs[known]
    source = "USPTO, patents 2011-15; " + _CBP
    rows["data_innovation_elasticity"] = Series(
        "elasticity of patents (innovations) to jobs over regions",
        *bootstrap(_elasticity, patents, jobs),
        source,
        "1",
        lambda tables: _elasticity(tables["innovations_by_region"], tables["jobs_by_region"]),
    )
    rows["data_innovation_gini"] = Series(
        "Gini of patents (innovations) less Gini of jobs over regions",
        *bootstrap(_excess, patents, jobs),
        source,
        "1",
        lambda tables: _excess(tables["innovations_by_region"], tables["jobs_by_region"]),
    )
    return rows


def _elasticity(innovations: Floats, jobs: Floats) -> float:
    some = (innovations > 0.0) & (jobs > 0.0)
    return slope(np.log(jobs[some]), np.log(innovations[some]))


def _excess(innovations: Floats, jobs: Floats) -> float:
    return gini(innovations) - gini(jobs)


def _industries(real: RealData) -> dict[str, Series]:
    table = real.jobs()
    if table is None or min(table.shape) < DECADE:
        return {}
    return {
        "data_krugman": Series(
            "Krugman specialisation, mean over regions",
            *bootstrap(np.nanmean, specialisation(table)),
            _CBP,
            "1",
            lambda tables: float(np.nanmean(specialisation(tables["jobs"]))),
        ),
        "data_concentration": _where(
            "geographic concentration of sectors: correlation with the real one",
            raw_concentration(table),
            "gamma",
            _CBP,
        ),
    }


def specialisation(jobs: Floats) -> Floats:
    """Return the Krugman index of each region against the rest, from jobs (R, S)."""
    import xarray as xr

    from technopole.indicators import krugman_specialisation

    return np.asarray(krugman_specialisation(xr.DataArray(jobs, dims=("region", "sector"))))


def raw_concentration(jobs: Floats) -> Floats:
    """Return the geographic concentration of each sector of a real table (R, S), as if plants were very many."""
    import xarray as xr

    from technopole.indicators import ellison_glaeser_table

    nothing = xr.DataArray(np.where(jobs.sum(axis=0) > 0.0, 0.0, np.nan), dims="sector")
    found = ellison_glaeser_table(xr.DataArray(jobs, dims=("region", "sector")), nothing.fillna(0.0))
    return np.where(np.isnan(nothing), np.nan, np.asarray(found["gamma"]))
