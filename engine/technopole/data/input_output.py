"""Supplier links from an input–output table: who buys how much from whom."""

from pathlib import Path

import numpy as np

from technopole.basics.portable_math import FloatArray
from technopole.data.industries import USE_TABLE_INDUSTRIES, overlaps
from technopole.data.sector_tables import normalised_rows
from technopole.data.table_files import number, read_rows
from technopole.data.table_problems import TableProblems
from technopole.errors import DataError

WANTED = "Use table, summary level (Bureau of Economic Analysis, Input-Output Accounts)"


def suppliers_from_use_table(path: Path, sectors: list[str], employment: FloatArray) -> FloatArray:
    """Supplier shares of sectors from a Use table of the Bureau of Economic Analysis.

    A sector buys what the industries that overlap with it buy. A commodity is delivered by the sectors that
    overlap with the industry of its name, in proportion to their employment. Final use, government, scrap
    and imports without a domestic counterpart, farms and negative entries (subsidised or netted uses) are
    left out.

    Parameters
    ----------
    path : Path
        Table with a column ``commodity`` and a column for each industry, million dollars.
    sectors : list of str
        Sector ids, NAICS codes.
    employment : (S,) array of float64
        Employment of each sector: the weight with which it delivers a shared commodity.

    Returns
    -------
    (S, S) array of float64
        Row k: shares of the suppliers of k; a sector that the table does not cover buys from itself.

    Raises
    ------
    DataError
        A file that cannot be read, has none of the industries, or holds something that is no number.
    """
    rows = read_rows(path, ["commodity"], WANTED)
    industries = [code for code in USE_TABLE_INDUSTRIES if code in rows[0]]
    if not industries:
        raise DataError(
            f"{path}: no column has an industry code of the {WANTED}, such as 334 or 5415; see docs/DATA.md"
        )
    position = {code: index for index, code in enumerate(industries)}
    use = np.zeros((len(industries), len(industries)))  # commodity, industry
    with TableProblems() as problems:
        for row in rows:
            commodity = position.get(row["commodity"].strip())
            if commodity is not None:
                for code, industry in position.items():
                    used = problems.take(number, path, row, code, low=-np.inf)
                    use[commodity, industry] = max(used, 0.0)
    covers = np.array(
        [
            [float(any(overlaps(sector, code) for code in USE_TABLE_INDUSTRIES[name])) for name in industries]
            for sector in sectors
        ]
    )
    supply = covers * np.maximum(employment, 0.0)[:, None]
    totals = supply.sum(axis=0)
    supply = np.divide(supply, totals, out=np.zeros_like(supply), where=totals > 0.0)
    matrix = normalised_rows(_product(covers, _product(supply, use).T))
    uncovered = np.flatnonzero(matrix.sum(axis=1) == 0.0)
    matrix[uncovered, uncovered] = 1.0
    return matrix


def suppliers_from_list(path: Path, sectors: list[str]) -> FloatArray:
    """Supplier shares from a table with one row per link.

    Parameters
    ----------
    path : Path
        Table with the columns ``sector`` (the buyer), ``supplier``, ``share``.
    sectors : list of str
        Sector ids.

    Returns
    -------
    (S, S) array of float64
        Rows sum to 1; a sector without a row buys from itself.

    Raises
    ------
    DataError
        A sector that is not in the table of cells, a share that is negative or no number, a sector whose shares are
        all 0.
    """
    matrix = np.zeros((len(sectors), len(sectors)))
    first: dict[int, str] = {}
    with TableProblems() as problems:
        columns = ["sector", "supplier", "share"]
        for row in read_rows(path, columns, "your own table of supplier links", problems):
            share = problems.take(number, path, row, "share")
            unknown = [column for column in columns[:2] if row[column] not in sectors]
            for column in unknown:
                problems.add(
                    f"{path}: row {row['']}, column {column}: no sector {row[column]!r} in the table of cells"
                )
            if not unknown:
                buyer = sectors.index(row["sector"])
                matrix[buyer, sectors.index(row["supplier"])] += share
                first.setdefault(buyer, row[""])
    missing = np.flatnonzero(matrix.sum(axis=1) == 0.0)
    for buyer in missing.tolist():
        if buyer in first:
            raise DataError(
                f"{path}: row {first[buyer]}, column share: all shares of sector {sectors[buyer]!r} are 0; allowed: at "
                "least one above 0, or no row: then it buys from itself"
            )
    matrix[missing, missing] = 1.0
    return normalised_rows(matrix)


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Multiply matrices with a fixed order of addition, which the libraries behind ``@`` do not promise."""
    total = np.zeros((left.shape[0], right.shape[1]))
    for index in range(left.shape[1]):
        total += left[:, index, None] * right[None, index, :]
    return total
