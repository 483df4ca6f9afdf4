"""Facts of entry and exit: rates, hazards by age and size, survival, spin-offs, flows of jobs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from technopole.facts.panel import Year
from technopole.facts.statistics import (
    LEAST_GROUP,
    LEAST_REGIONS,
    LEAST_SECTORS,
    SIZE_CLASSES,
    class_of,
    correlation,
    enough,
    ratio,
)

Floats = NDArray[np.float64]

DECADE = 10
AGES = 31
"""Ages whose hazards are counted; the last one holds all above."""
OLD, YOUNG = 25, 5
SURVIVAL = 5
"""Years after which survivors are counted."""
LEADING = 0.9
"""Parents at least as large as this share of their sector's firms lead."""


class Turnover:
    """Entry and exit per year, by region and by sector."""

    def __init__(self) -> None:
        self._entries: list[Floats] = []
        self._exits: list[Floats] = []
        self._firms: list[Floats] = []
        self._flows: list[tuple[float, float]] = []

    def add(self, year: Year) -> None:
        """Take a year."""
        self._entries.append(year.by_cell(year.next_cell[year.is_new]))
        self._exits.append(year.by_cell(year.cell[~year.stays]))
        self._firms.append(0.5 * (year.by_cell(year.cell) + year.by_cell(year.next_cell)))
        self._flows.append(job_flows(year))

    def facts(self) -> dict[str, float]:
        """Return the facts by name.

        One firm in a hundred is simulated, so that ten-year rates of a state of 200 firms are mostly noise; those of
        the whole population are not. The correlation with regions weighted by firms is therefore given too.
        """
        entries, exits, firms = self._stacked()
        regions, sectors = firms.shape[1:]
        sector_weights = firms.sum((0, 1))
        seen = int((sector_weights >= LEAST_GROUP).sum())
        return {
            "entry": enough(firms.sum(), LEAST_GROUP, ratio(entries.sum(), firms.sum())),
            "exit": enough(firms.sum(), LEAST_GROUP, ratio(exits.sum(), firms.sum())),
            "entry_exit_correlation": enough(regions, LEAST_REGIONS, self._over_regions(weighted=False)),
            "entry_exit_correlation_weighted": enough(
                regions, LEAST_REGIONS, self._over_regions(weighted=True)
            ),
            "entry_exit_sectors": enough(
                seen,
                LEAST_SECTORS,
                correlation(
                    _rates(entries.sum((0, 1)), sector_weights),
                    _rates(exits.sum((0, 1)), sector_weights),
                    np.where(sector_weights >= LEAST_GROUP, 1.0, 0.0),
                ),
            ),
        }

    def _over_regions(self, weighted: bool) -> float:
        """Return the correlation of ten-year rates over regions, mean over decades."""
        entries, exits, firms = (table.sum(2) for table in self._stacked())
        found = []
        for begin in range(0, max(len(firms) - DECADE + 1, 1), DECADE):
            piece = slice(begin, begin + DECADE)
            size = firms[piece].sum(0)
            pair = _rates(entries[piece].sum(0), size), _rates(exits[piece].sum(0), size)
            found.append(correlation(*pair, size if weighted else None))
        return float(np.mean(found))

    def _stacked(self) -> tuple[Floats, Floats, Floats]:
        return np.array(self._entries), np.array(self._exits), np.array(self._firms)

    def tables(self) -> dict[str, Floats]:
        """Return rates by region over the last decade, and by year."""
        entries, exits, firms = (table.sum(2) for table in self._stacked())
        last = slice(-DECADE, None)
        size = firms[last].sum(0)
        created, destroyed = np.array(self._flows).T
        return {
            "entry_by_region": _rates(entries[last].sum(0), size),
            "exit_by_region": _rates(exits[last].sum(0), size),
            "firms_by_region": size / len(firms[last]),
            "entry_by_year": _rates(entries.sum(1), firms.sum(1)),
            "exit_by_year": _rates(exits.sum(1), firms.sum(1)),
            "job_creation": created,
            "job_destruction": destroyed,
        }


def _rates(events: Floats, firms: Floats) -> Floats:
    rates: Floats = events / np.where(firms > 0.0, firms, np.nan)
    return rates


def job_flows(year: Year) -> tuple[float, float]:
    """Return jobs created and destroyed by firms, per job (Davis, Haltiwanger and Schuh 1996).

    Parameters
    ----------
    year : Year
        Any.

    Returns
    -------
    created, destroyed : float
        Relative to the mean of the jobs before and after.
    """
    survivors = year.next_employment[~year.is_new]
    change = survivors - year.employment[year.stays]
    created = change[change > 0.0].sum() + year.next_employment[year.is_new].sum()
    destroyed = -change[change < 0.0].sum() + year.employment[~year.stays].sum()
    jobs = 0.5 * (year.employment.sum() + year.next_employment.sum())
    return float(created / jobs), float(destroyed / jobs)


class Hazards:
    """Share of firms that leave within a year, by age and by size, and of entrants that survive."""

    def __init__(self) -> None:
        self._ages = np.zeros((2, AGES))
        self._sizes = np.zeros((2, SIZE_CLASSES.size))
        self._cohorts: list[int] = []
        self._survivors: list[int] = []

    def add(self, year: Year) -> None:
        """Take a year."""
        age, size = np.minimum(year.age, AGES - 1), class_of(year.employment)
        for table, group in ((self._ages, age), (self._sizes, size)):
            table[0] += np.bincount(group, minlength=table.shape[1])
            table[1] += np.bincount(group[~year.stays], minlength=table.shape[1])
        self._cohorts.append(int(year.is_new.sum()))
        self._survivors.append(int((year.next_age == SURVIVAL).sum()))

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        ages = {"1": [1], "5": [YOUNG], "25": range(OLD, AGES)}
        sizes = {"1": [0], "20": [3], "250": [6, 7, 8]}
        facts = {f"hazard_age_{name}": _hazard(self._ages, list(which)) for name, which in ages.items()}
        facts |= {f"hazard_size_{name}": _hazard(self._sizes, list(which)) for name, which in sizes.items()}
        founded, there = sum(self._cohorts[:-SURVIVAL]), sum(self._survivors[SURVIVAL:])
        return facts | {
            "hazard_falls_early": facts["hazard_age_1"] - facts["hazard_age_5"],
            "hazard_falls_late": facts["hazard_age_5"] - facts["hazard_age_25"],
            "hazard_falls_with_size": facts["hazard_size_1"] - facts["hazard_size_250"],
            "survival": enough(founded, LEAST_GROUP, ratio(there, founded)),
        }

    def tables(self) -> dict[str, Floats]:
        """Return hazards by age (the last: that age and above) and by class of sizes."""
        return {
            "hazard_by_age": np.array([_hazard(self._ages, [age]) for age in range(AGES)]),
            "hazard_by_size": np.array([_hazard(self._sizes, [j]) for j in range(SIZE_CLASSES.size)]),
        }


def _hazard(table: Floats, which: list[int]) -> float:
    there, left = table[0, which].sum(), table[1, which].sum()
    return enough(there, LEAST_GROUP, ratio(left, there))


class SpinOffs:
    """Where spin-offs settle, and which of them live long (Klepper 2007)."""

    def __init__(self) -> None:
        self._label = np.zeros(0, dtype=np.int8)
        self._home = [0, 0, 0.0]
        self._founded: list[list[int]] = []
        self._there: list[list[int]] = []

    def add(self, year: Year) -> None:
        """Take a year; 1 marks spin-offs of leading parents, 2 others."""
        born = year.cell[year.parents] // year.sectors
        share = np.bincount(year.cell // year.sectors, minlength=year.regions) / year.cell.size
        self._home[0] += born.size
        self._home[1] += int((year.next_cell[year.children] // year.sectors == born).sum())
        self._home[2] += float(share[born].sum())
        label = np.zeros(year.next_cell.size, dtype=np.int8)
        if self._label.size == year.cell.size:
            label[~year.is_new] = self._label[year.stays]
        label[year.children] = np.where(leading(year)[year.parents], 1, 2)
        self._label = label
        for counts, age in ((self._founded, 0), (self._there, SURVIVAL)):
            now = label[year.next_age == age]
            counts.append([int((now == kind).sum()) for kind in (1, 2)])

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        born, home, chance = self._home
        founded = np.array(self._founded[:-SURVIVAL]).reshape(-1, 2).sum(0)
        there = np.array(self._there[SURVIVAL:]).reshape(-1, 2).sum(0)
        survival = [ratio(float(a), float(b)) for a, b in zip(there, founded, strict=True)]
        return {
            "spinoffs_at_home": enough(born, LEAST_GROUP, ratio(home - chance, born)),
            "spinoffs_of_leaders": enough(founded.min(), LEAST_GROUP, survival[0] - survival[1])
            if founded.size
            else math.nan,
        }

    def tables(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}


def leading(year: Year) -> NDArray[np.bool_]:
    """Tell which operating firms are among the largest of their sector.

    Parameters
    ----------
    year : Year
        Any.

    Returns
    -------
    ndarray of bool, (n,)
        The largest tenth by employment.
    """
    found = np.zeros(year.cell.size, dtype=np.bool_)
    k = year.cell % year.sectors
    for sector in np.unique(k[year.parents]):
        members = np.flatnonzero(k == sector)
        found[members] = year.employment[members] >= np.quantile(year.employment[members], LEADING)
    return found
