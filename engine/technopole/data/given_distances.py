"""Distances that are given pair by pair, in place of those between positions."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.basics.portable_math import FloatArray
from technopole.data.table_files import number, read_rows
from technopole.data.table_problems import TableProblems
from technopole.errors import DataError
from technopole.schema import suggestion

if TYPE_CHECKING:
    from technopole.config.config import Config

DISTANCES = "distances.csv"
_COLUMNS = ["from", "to", "distance"]


class GivenDistance(NamedTuple):
    """How far it is from a region to another; `place` is where that stands, for messages."""

    start: str
    end: str
    distance: float
    place: str


def listed_distances(cfg: "Config") -> list[GivenDistance]:
    """Distances of the configuration.

    Parameters
    ----------
    cfg : Config
        With ``[[distances]]``, or without.

    Returns
    -------
    list of GivenDistance
        In its order.
    """
    return [
        GivenDistance(row.from_, row.to, row.distance, f"[[distances]] no. {index}")
        for index, row in enumerate(cfg.distances, 1)
    ]


def read_distances(path: Path) -> list[GivenDistance]:
    """Read a table of distances.

    Parameters
    ----------
    path : Path
        With the columns ``from``, ``to`` and ``distance``.

    Returns
    -------
    list of GivenDistance
        In the order of the rows.

    Raises
    ------
    DataError
        Missing columns, distances that are no numbers or negative, a pair that is listed twice.
    """
    found: dict[tuple[str, str], GivenDistance] = {}
    with TableProblems() as problems:
        for row in read_rows(path, _COLUMNS, "distances between regions", problems):
            pair, place = (row["from"].strip(), row["to"].strip()), f"{path}: row {row['']}"
            if pair in found:
                problems.add(f"{place}: the way from {pair[0]} to {pair[1]} is listed a second time")
            found[pair] = GivenDistance(*pair, problems.take(number, path, row, "distance"), place)
    return list(found.values())


def given_distances(rows: list[GivenDistance], ids: list[str]) -> FloatArray:
    """Matrix of distances; one holds for both ways unless the other is given too.

    Parameters
    ----------
    rows : list of GivenDistance
        At least one for each pair of regions.
    ids : list of str
        The regions.

    Returns
    -------
    (R, R) array of float64
        0 on the diagonal.

    Raises
    ------
    DataError
        A region that is not among the ids, a pair without a distance, a distance of a region to itself.
    """
    place = {name: index for index, name in enumerate(ids)}
    matrix = np.full((len(ids), len(ids)), np.nan)
    with TableProblems() as problems:
        for row in rows:
            unknown = [name for name in dict.fromkeys((row.start, row.end)) if name not in place]
            for name in unknown:
                problems.add(f'{row.place}: no region "{name}" in the data{suggestion(name, ids)}')
            if not unknown:
                matrix[place[row.start], place[row.end]] = row.distance
            if row.start == row.end and row.distance != 0.0:
                problems.add(f"{row.place}: {row.distance:g} from a region to itself; allowed: 0")
    matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    np.fill_diagonal(matrix, 0.0)
    missing = np.argwhere(np.isnan(matrix))
    if missing.size:
        first, second = ids[missing[0][0]], ids[missing[0][1]]
        more = f" ({missing.shape[0] // 2} pairs have none)" if missing.shape[0] > 2 else ""
        raise DataError(
            f"{rows[0].place.partition(': row')[0].partition(' no.')[0]}: no distance between {first} and {second}"
            f"{more}; every pair of regions needs one"
        )
    return matrix
