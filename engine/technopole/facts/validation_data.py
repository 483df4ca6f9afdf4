"""Real series to hold a scenario against: what a folder of public statistics has about its regions and sectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.data.table_files import read_rows
from technopole.errors import DataError

Floats = NDArray[np.float64]
Rows = list[dict[str, str]]

YEARS = range(2010, 2020)
"""Years of the series, before the pandemic."""
FIRST_INCOME = 1950
SIZES = ("1-4", "5-9", "10-19", "20-49", "50-99", "100-249", "250-499", "500-999", "1000+")
FIRM_SIZES = {"1-4 jobs": "a", "5-9 jobs": "b", "10-19 jobs": "c", "20-99 jobs": "d", "100-499 jobs": "e"}
"""Classes of the Business Dynamics Statistics by the letter they begin with."""
_DASH = "–"
_WHERE = {
    "bds": "Business Dynamics Statistics of the Census Bureau",
    "bea": "Bureau of Economic Analysis, table SAINC1",
    "cbp": "County Business Patterns of the Census Bureau",
    "abs": "Annual Business Survey",
    "patents": "USPTO, patents by state",
}


class RealData:
    """Series of the United States, matched to the regions and sectors of a scenario by their ids.

    Parameters
    ----------
    folder : Path
        Public statistics as docs/DATA.md lists them. A file that is missing is passed over.
    region_ids, sector_ids : list of str
        Of the scenario: abbreviations of states or codes of metropolitan areas; two- or three-digit industries.

    Attributes
    ----------
    kind : str
        ``states``, ``metros``, or nothing if the regions are others.
    missing : list of str
        Files that are not there.

    Raises
    ------
    DataError
        If there is no such folder, or a file in it cannot be used.
    """

    def __init__(self, folder: Path, region_ids: list[str], sector_ids: list[str]) -> None:
        if not folder.is_dir():
            raise DataError(
                f"{folder}: is not a folder; real series are read from a folder as docs/DATA.md says"
            )
        self._folder = folder
        self._sectors = {name: j for j, name in enumerate(sector_ids)}
        self.missing: list[str] = []
        self.kind, self._codes = self._match(region_ids)

    def _match(self, region_ids: list[str]) -> tuple[str, dict[str, int]]:
        """Return what the regions are, and which region the code of the statistics stands for."""
        place = {name: j for j, name in enumerate(region_ids)}
        states = self._rows("us_states.csv", ["fips", "abbr"], "cbp") or []
        for column in ("abbr", "fips"):
            found = {row["fips"]: place[row[column]] for row in states if row[column] in place}
            if len(found) == len(place):
                return "states", found
        areas = self._rows("us_cbsa.csv", ["cbsa"], "cbp") or []
        found = {row["cbsa"]: place[row["cbsa"]] for row in areas if row["cbsa"] in place}
        return ("metros", found) if len(found) == len(place) else ("", {})

    def _rows(self, name: str, columns: list[str], origin: str) -> Rows | None:
        path = self._folder / name
        if not path.is_file():
            self.missing.append(name)
            return None
        return read_rows(path, columns, _WHERE[origin])

    @property
    def regions(self) -> int:
        """Number of regions."""
        return len(self._codes)

    def turnover(self) -> dict[str, Floats] | None:
        """Return establishments, entries, exits, jobs created and destroyed by year and state, (10, R).

        Establishments and employment are the means of the year and the one before, or of the year where that is not
        known: the divisor of rates in these statistics, and of those of the model (`technopole.facts.turnover`).
        """
        columns = ["estab", "emp", "estabs_entry", "estabs_exit", "job_creation", "job_destruction"]
        rows = self._rows("bds_state_1978_2020.csv.gz", ["fips", "year", *columns], "bds")
        if rows is None or self.kind != "states":
            return None
        found = {column: self._by_year(rows, column, YEARS) for column in columns}
        for column in ("estab", "emp"):
            before = self._by_year(rows, column, range(YEARS.start - 1, YEARS.stop - 1))
            found[column] = np.where(np.isfinite(before), 0.5 * (found[column] + before), found[column])
        return found

    def income(self) -> Floats | None:
        """Return income per head by year from `FIRST_INCOME` to 2019 and state."""
        column = "income_per_capita_usd"
        rows = self._rows("us_state_income_population_1929_2021.csv.gz", ["fips", "year", column], "bea")
        if rows is None or self.kind != "states":
            return None
        return self._by_year(rows, column, range(FIRST_INCOME, YEARS.stop))

    def deaths(self) -> dict[str, Floats] | None:
        """Return the share of firms that die, by class of sizes; one number per year."""
        columns = ["year", "fsize", "firms", "firmdeath_firms"]
        rows = self._rows("bds_us_firm_size_1978_2022.csv.gz", columns, "bds")
        if rows is None or not self.kind:
            return None
        found = {}
        for name, letter in FIRM_SIZES.items():
            chosen = [row for row in rows if row["fsize"].startswith(letter) and int(row["year"]) in YEARS]
            found[name] = np.array([_value(row["firmdeath_firms"]) / _value(row["firms"]) for row in chosen])
        return found

    def jobs(self) -> Floats | None:
        """Return jobs by region and sector, (R, S), from the industries that the scenario has."""
        table = self._industries(["employment"])
        return None if table is None else table[0]

    def sizes(self) -> Floats | None:
        """Return establishments by class of sizes and region, (9, R); the classes are estimated."""
        table = self._industries([f"n_{size}" for size in SIZES])
        return None if table is None else table.sum(axis=2)

    def _industries(self, columns: list[str]) -> Floats | None:
        if not self.kind:
            return None
        states = self.kind == "states"
        name = "us_state_naics3_size_2016.csv.gz" if states else "us_cbsa_naics3_size_2019.csv.gz"
        code = "fips" if states else "cbsa"
        rows = self._rows(name, [code, "naics", *columns], "cbp")
        if rows is None:
            return None
        table = np.zeros((len(columns), self.regions, len(self._sectors)))
        for row in rows:
            sector = self._sector(row["naics"])
            if sector is not None and row[code] in self._codes:
                table[:, self._codes[row[code]], sector] += [_value(row[column]) for column in columns]
        return table

    def _sector(self, naics: str) -> int | None:
        """Return the sector that an industry belongs to: by its code, its first two digits, or a range of them."""
        for name, j in self._sectors.items():
            first, _, last = name.replace(_DASH, "-").partition("-")
            if naics.startswith(first) or (last and first <= naics[: len(first)] <= last):
                return j
        return None

    def innovators_by_region(self) -> Floats | None:
        """Return the share of firms with product innovations in 2017-19 by state, (R,)."""
        column = "product_innovators_pct"
        rows = self._rows("us_state_innovation_2019.csv", ["fips", column], "abs")
        return None if rows is None or self.kind != "states" else 0.01 * self._by_region(rows, "fips", column)

    def innovators_by_size(self) -> Floats | None:
        """Return the same by class of sizes, (9,)."""
        rows = self._rows(
            "us_size_innovation_2017_19.csv", ["size", "firms", "product_innovators_pct"], "abs"
        )
        if rows is None or not self.kind:
            return None
        share = {row["size"]: 0.01 * _value(row["product_innovators_pct"]) for row in rows}
        firms = {row["size"]: _value(row["firms"]) for row in rows}
        large = [size for size in firms if size.startswith(("1,000", "5,000", "10,000", "25,000"))]
        top = sum(share[size] * firms[size] for size in large) / max(sum(firms[size] for size in large), 1.0)
        return np.array([*(share.get(size, np.nan) for size in SIZES[:-1]), top])

    def innovators_by_sector(self) -> Floats | None:
        """Return the same by sector, (S,); NaN for sectors that the survey does not show."""
        columns = ["naics", "product_innovators_pct"]
        rows = self._rows("us_sector_innovation_2017_19.csv", columns, "abs")
        if rows is None or not self.kind:
            return None
        known = {
            row["naics"].replace(_DASH, "-"): 0.01 * _value(row["product_innovators_pct"]) for row in rows
        }
        return np.array([known.get(name, np.nan) for name in self._sectors])

    def patents(self) -> Floats | None:
        """Return patents of about 2011-15 by region, (R,)."""
        if self.kind == "states":
            rows = self._rows("us_state_patents_2000_2015.csv", ["fips", "year", "patents"], "patents")
            return None if rows is None else self._by_year(rows, "patents", range(2011, 2016)).sum(axis=0)
        if self.kind == "metros":
            rows = self._rows("us_cbsa.csv", ["cbsa", "patents_per_year_2011_15"], "patents")
            return None if rows is None else self._by_region(rows, "cbsa", "patents_per_year_2011_15")
        return None

    def _by_year(self, rows: Rows, column: str, years: range) -> Floats:
        """Return a table (years, R)."""
        table = np.full((len(years), self.regions), np.nan)
        for row in rows:
            if row["fips"] in self._codes and int(row["year"]) in years:
                table[years.index(int(row["year"])), self._codes[row["fips"]]] = _value(row[column])
        return table

    def _by_region(self, rows: Rows, code: str, column: str) -> Floats:
        values = np.full(self.regions, np.nan)
        for row in rows:
            if row[code] in self._codes:
                values[self._codes[row[code]]] = _value(row[column])
        return values


def _value(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def bootstrap(statistic: Callable[..., float], *samples: Any, draws: int = 2000) -> tuple[float, float]:
    """Return the 95 % interval of a statistic over regions drawn again and again (Efron 1979).

    Parameters
    ----------
    statistic : callable
        Of arrays whose last axis are the regions.
    *samples : ndarray, (..., R)
        What it takes.
    draws : int
        Number of draws; always the same random numbers.

    Returns
    -------
    low, high : float
        Percentiles; NaN if it is never known.
    """
    random = np.random.default_rng(1979)
    regions = np.asarray(samples[0]).shape[-1]
    found = []
    for _ in range(draws):
        drawn = random.integers(0, regions, regions)
        found.append(statistic(*(np.asarray(sample)[..., drawn] for sample in samples)))
    known = np.array(found)[np.isfinite(found)]
    if known.size == 0:
        return math.nan, math.nan
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
