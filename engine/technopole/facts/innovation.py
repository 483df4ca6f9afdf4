"""Facts of innovation: who innovates, and where."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from technopole.data.tables import Tables
from technopole.facts.panel import WINDOW, Year
from technopole.facts.statistics import (
    LEAST_GROUP,
    LEAST_REGIONS,
    SIZE_CLASSES,
    class_of,
    correlation,
    enough,
    gini,
    ratio,
    slope,
)

Floats = NDArray[np.float64]

MEDIUM = 8
"""Class of sizes (1,000 workers and more) from which on a Chinese firm is not small or medium-sized."""
LEAST_UNIVERSITY = 20
"""Regions for a regression on two variables."""


class Innovators:
    """Share of firms that innovated in three years, by size, sector and region, as innovation surveys ask."""

    def __init__(self, tables: Tables) -> None:
        ids = tables.sector_ids
        self._high_tech = np.array(tables.high_tech, dtype=np.bool_)
        self._mining = ids.index("21") if "21" in ids else None
        self._years = 0
        self._classes = np.zeros((2, SIZE_CLASSES.size))
        self._sectors = np.zeros((2, len(ids)))
        self._regions = np.zeros((2, len(tables.region_ids)))

    def add(self, year: Year) -> None:
        """Take a year; the survey asks every third."""
        self._years += 1
        if self._years % WINDOW:
            return
        recent = year.since < WINDOW
        region, sector = np.divmod(year.next_cell, year.sectors)
        groups = (class_of(year.next_employment), sector, region)
        for table, group in zip((self._classes, self._sectors, self._regions), groups, strict=True):
            table[0] += np.bincount(group, minlength=table.shape[1])
            table[1] += np.bincount(group[recent], minlength=table.shape[1])

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        everyone, innovators = self._classes.sum(1)
        share = ratio(innovators, everyone)
        high = self._sectors[:, self._high_tech]
        by_class, by_sector = (_shares(table) for table in (self._classes, self._sectors))
        best = by_sector[self._high_tech]
        return {
            "innovators": enough(everyone, LEAST_GROUP, share),
            "innovators_high_tech": float(np.nanmax(best)) if np.isfinite(best).any() else math.nan,
            "innovators_high_tech_ratio": enough(
                high[0].sum(), LEAST_GROUP, ratio(ratio(high[1].sum(), high[0].sum()), share)
            ),
            "innovators_mining": math.nan if self._mining is None else float(by_sector[self._mining]),
            "innovators_small": float(by_class[0]),
            "innovators_largest": float(by_class[-1]),
            "innovators_rising": rank_correlation(by_class),
        }

    def tables(self) -> dict[str, Floats]:
        """Return shares by class of sizes, sector and region."""
        return {
            "innovators_by_size": _shares(self._classes),
            "innovators_by_sector": _shares(self._sectors),
            "innovators_by_region": _shares(self._regions),
        }


def _shares(table: Floats) -> Floats:
    """Return the share of the second row in the first; NaN where few were asked."""
    shares: Floats = table[1] / np.where(table[0] >= LEAST_GROUP, table[0], np.nan)
    return shares


def rank_correlation(values: Floats) -> float:
    """Return Spearman's correlation of values without ties with their order; NaN if one is missing."""
    if not np.isfinite(values).all():
        return math.nan
    return correlation(np.arange(values.size), np.argsort(np.argsort(values)))


class Innovations:
    """Innovations over regions against jobs, and against the research of firms and universities.

    The stock of universities is research per worker to the power ``institutions.university_exponent``
    (docs/MODEL.md 7.13), so that university research is the stock to the inverse power, times workers.

    Parameters
    ----------
    exponent : float
        ``institutions.university_exponent``.
    """

    def __init__(self, exponent: float) -> None:
        self._inverse = 1.0 / exponent if exponent > 0.0 else math.nan
        self._innovations: list[Floats] = []
        self._jobs: list[Floats] = []
        self._research: list[Floats] = []
        self._university: list[Floats] = []
        self._lag: list[float] = []

    def add(self, year: Year) -> None:
        """Take a year."""
        self._innovations.append(year.by_cell(year.cell[year.innovates]).sum(1))
        self._jobs.append(year.by_cell(year.cell, year.employment).sum(1))
        self._research.append(year.research.copy())
        self._university.append(year.university**self._inverse * year.workforce)
        self._lag.append(float(year.lag.mean()))

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        innovations, jobs, research, university = self._sums()
        some = (innovations > 0.0) & (research > 0.0) & (university > 0.0)
        many = int(some.sum())
        logs = [np.log(values[some]) for values in (innovations, jobs, research, university)]
        more = gini(innovations) - gini(jobs) if innovations.any() else math.nan
        return {
            "innovation_elasticity": enough(many, LEAST_REGIONS, slope(logs[1], logs[0])),
            "innovation_gini_excess": enough(many, LEAST_REGIONS, more),
            "university": enough(many, LEAST_UNIVERSITY, two_slopes(logs[0], *logs[2:])[1]),
            "lag": float(np.mean(self._lag)),
        }

    def tables(self) -> dict[str, Floats]:
        """Return innovations and jobs by region."""
        innovations, jobs, *_ = self._sums()
        return {"innovations_by_region": innovations, "jobs_by_region": jobs / len(self._jobs)}

    def _sums(self) -> list[Floats]:
        parts = self._innovations, self._jobs, self._research, self._university
        return [np.array(part).sum(axis=0) for part in parts]


def two_slopes(y: Floats, x1: Floats, x2: Floats) -> tuple[float, float]:
    """Return the least-squares slopes of y on two variables; NaN with fewer than four points."""
    if y.size < 4:
        return math.nan, math.nan
    table = np.column_stack([np.ones(y.size), x1, x2])
    _, first, second = np.linalg.lstsq(table, y, rcond=None)[0]
    return float(first), float(second)


class SmallFirms:
    """The part of small and medium firms, below 1,000 workers, in the economy."""

    def __init__(self) -> None:
        self._sums = np.zeros((4, 2))

    def add(self, year: Year) -> None:
        """Take a year."""
        small = class_of(year.next_employment) < MEDIUM
        size = class_of(year.employment) < MEDIUM
        for row, values in enumerate((np.ones(small.size), year.next_employment, year.sales)):
            self._sums[row] += values[small].sum(), values.sum()
        self._sums[3] += year.innovates[size].sum(), year.innovates.sum()

    def facts(self) -> dict[str, float]:
        """Return the facts by name."""
        names = ("sme_firms", "sme_jobs", "sme_sales", "sme_innovations")
        rows = zip(names, self._sums, strict=True)
        firms = float(self._sums[0, 1])
        return {name: enough(firms, LEAST_GROUP, ratio(*row)) for name, row in rows}

    def tables(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}
