"""Distances between regions and what follows from them: proximity and the choice of another region."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray, arcsin_root, exp, sin_cos_degrees

IndexArray: TypeAlias = NDArray[np.int64]

EARTH_RADIUS_KM = 6371.0088  # mean radius of the Earth (Moritz 2000)
_ROWS = 128  # rows worked on at a time, so that thousands of regions need no large temporaries


def _great_circle(positions: FloatArray, rows: slice) -> FloatArray:
    latitude, longitude = positions[:, 0], positions[:, 1]
    _, cosine = sin_cos_degrees(latitude)
    half_lat, _ = sin_cos_degrees((latitude[rows, None] - latitude[None, :]) / 2.0)
    half_lon, _ = sin_cos_degrees((longitude[rows, None] - longitude[None, :]) / 2.0)
    haversine = half_lat * half_lat + (cosine[rows, None] * cosine[None, :]) * (half_lon * half_lon)
    return 2.0 * EARTH_RADIUS_KM * arcsin_root(haversine)


def _euclidean(positions: FloatArray, rows: slice) -> FloatArray:
    dx = positions[rows, None, 0] - positions[None, :, 0]
    dy = positions[rows, None, 1] - positions[None, :, 1]
    return np.asarray(np.sqrt(dx * dx + dy * dy))


class Space(NamedTuple):
    """Distances between regions, made a few rows at a time: of thousands of regions all would not fit into caches.

    Attributes
    ----------
    positions : (R, 2) array of float64
        Latitude and longitude (degrees), or x and y; not used where distances are given.
    metric : str
        Of the positions: ``great_circle``, ``euclidean``, or ``matrix`` where they are not known.
    given : (R, R) array of float64, optional
        Distances in place of those between positions.
    """

    positions: FloatArray
    metric: str
    given: FloatArray | None = None

    @property
    def number(self) -> int:
        """Number of regions."""
        return int(self.positions.shape[0] if self.given is None else self.given.shape[0])

    def blocks(self) -> Iterator[tuple[int, FloatArray]]:
        """Yield the first region of each block of rows, and the distances of its regions to all others."""
        for start in range(0, self.number, _ROWS):
            yield start, self.rows(slice(start, start + _ROWS))

    def rows(self, rows: slice) -> FloatArray:
        """Distances of some regions to all others: km, or the unit of x and y."""
        if self.given is not None:
            return self.given[rows]
        return (_great_circle if self.metric == "great_circle" else _euclidean)(self.positions, rows)

    def matrix(self) -> FloatArray:
        """All distances, (R, R)."""
        if self.given is not None:
            return self.given
        result = np.empty((self.number, self.number))
        for start, block in self.blocks():
            result[start : start + block.shape[0]] = block
        return result

    def reached(self, decay: float, cutoff: float) -> float:
        """Estimate how many regions a region reaches on average, from about a hundred of them."""
        if not self.number or decay <= 0.0:
            return 1.0
        sample = slice(0, None, max(1, self.number // 100))
        return float(np.mean(np.sum(self.rows(sample) <= _reach(decay, cutoff), axis=1)))


def _reach(decay: float, cutoff: float) -> float:
    """Return a distance beyond which proximity is below the cutoff, whatever the rounding."""
    return -float(np.log(cutoff)) * decay * (1.0 + 1e-9) if 0.0 < cutoff < 1.0 else np.inf


def proximity(
    distances: FloatArray | Space, decay: float, cutoff: float
) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Proximity G = exp(-d/decay) as a sparse matrix (compressed rows), without what lies below the cutoff.

    The exponential is that of :mod:`technopole.basics.portable_math`, so the weights, and which of them survive
    the cutoff, are the same on every machine.

    Parameters
    ----------
    distances : Space, or (R, R) array of float64
        Distances, in the unit of ``decay``; 0 on the diagonal.
    decay : float
        Distance over which proximity falls to 1/e. At 0 or below no region reaches another.
    cutoff : float
        Entries with a proximity below it are dropped; the diagonal (1) always stays.

    Returns
    -------
    indptr : (R + 1,) array of int64
        Row r has the entries ``indptr[r]:indptr[r + 1]``.
    indices : (nnz,) array of int64
        Region of each entry, ascending in a row.
    weights : (nnz,) array of float64
        Proximity of each entry, 0..1.
    """
    space = distances if isinstance(distances, Space) else Space(distances[:, :2], "matrix", distances)
    number = space.number
    indptr = np.zeros(number + 1, dtype=np.int64)
    columns: list[IndexArray] = []
    weights: list[FloatArray] = []
    for start, block in space.blocks():
        for region, far in enumerate(block, start):
            near = np.flatnonzero(far <= _reach(decay, cutoff)) if decay > 0.0 else np.array([region])
            near = near if near.size and (near == region).any() else np.union1d(near, [region])
            row = exp(-far[near] / decay) if decay > 0.0 else np.ones(1)
            row[near == region] = 1.0
            keep = (row >= cutoff) | (near == region)
            columns.append(near[keep].astype(np.int64))
            weights.append(row[keep])
            indptr[region + 1] = indptr[region] + columns[-1].size
    if not columns:
        return indptr, np.zeros(0, dtype=np.int64), np.zeros(0)
    return indptr, np.concatenate(columns), np.concatenate(weights)


def grouped(
    csr: tuple[IndexArray, IndexArray, FloatArray], size: int, order: IndexArray
) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Put the rows of so many regions together, so that what they have in common is read once.

    Parameters
    ----------
    csr : (indptr, indices, weights)
        Proximity as :func:`proximity` gives it.
    size : int
        Rows of a group; the last one may have fewer.
    order : (R,) array of int64
        The regions in the order in which they are grouped.

    Returns
    -------
    indptr : (G + 1,) array of int64
        Group g has the entries ``indptr[g]:indptr[g + 1]``.
    indices : (n,) array of int64
        Regions that any region of the group reaches, ascending in a group.
    weights : (n, size) array of float64
        Their proximity to each region of the group, 0 if it does not reach them.
    """
    rows, columns, proximities = csr
    groups = -(-(rows.size - 1) // size)
    indptr, indices, weights = np.zeros(groups + 1, dtype=np.int64), [], []
    for group in range(groups):
        members = [slice(rows[r], rows[r + 1]) for r in order[group * size : (group + 1) * size]]
        reached = np.unique(np.concatenate([columns[row] for row in members]))
        weight = np.zeros((reached.size, size))
        for place, row in enumerate(members):
            weight[np.searchsorted(reached, columns[row]), place] = proximities[row]
        indices.append(reached)
        weights.append(weight)
        indptr[group + 1] = indptr[group] + reached.size
    if not indices:
        return indptr, np.zeros(0, dtype=np.int64), np.zeros((0, size))
    return indptr, np.concatenate(indices), np.concatenate(weights)


def far_cumulative(csr: tuple[IndexArray, IndexArray, FloatArray]) -> FloatArray:
    """For each region the cumulative distribution over the *other* regions of its row of the proximity.

    Parameters
    ----------
    csr : (indptr, indices, weights)
        Proximity as :func:`proximity` gives it.

    Returns
    -------
    (nnz,) array of float64
        Along the entries of each row; the region itself adds nothing, the last entry that adds something is
        exactly 1 (and so is all after it). A row without another region is all 0.
    """
    indptr, indices, weights = csr
    result = np.zeros(weights.size)
    for region in range(indptr.size - 1):
        row = slice(indptr[region], indptr[region + 1])
        result[row] = _cumulative(np.where(indices[row] == region, 0.0, weights[row]))
    return result


def cumulative_rows(matrix: FloatArray) -> FloatArray:
    """Cumulative distribution along each row of a matrix of shares.

    Parameters
    ----------
    matrix : (S, S) array of float64
        Shares, at least 0; a row need not sum to 1.

    Returns
    -------
    (S, S) array of float64
        Each row divided by its sum and added up; 1 exactly from its last positive entry on. A row of zeros
        stays 0.
    """
    result = np.zeros_like(matrix)
    for row in range(matrix.shape[0]):
        result[row] = _cumulative(matrix[row])
    return result


def guide(cumulative: FloatArray, entries: int) -> NDArray[np.int16]:
    """Where to begin a search in a cumulative distribution (Chen and Asau 1974).

    Parameters
    ----------
    cumulative : (n,) array of float64
        Not decreasing; n at least 1.
    entries : int
        Number of equal parts of [0, 1).

    Returns
    -------
    (entries,) array of int16
        Entry i: how many values are at most i / entries, but never the last place is passed.
    """
    places = np.searchsorted(cumulative, np.arange(entries) / entries, side="right")
    return np.minimum(places, min(cumulative.size - 1, np.iinfo(np.int16).max)).astype(np.int16)


def _cumulative(shares: FloatArray) -> FloatArray:
    """Divide the running sum by its last value: so it is exactly 1 from the last positive share on."""
    running = np.cumsum(shares)
    if running.size == 0 or running[-1] <= 0.0:
        return np.zeros_like(running)
    return np.asarray(running / running[-1])
