"""Room for what is recorded of a run, and the kernels' view of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.schema import RECORDS, SIZE_EDGES
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, SECTOR_VARIABLES, Records

SIZES = "size_distribution"
_KNOWN = {"cell": CELL_VARIABLES, "region": REGION_VARIABLES, "sector": SECTOR_VARIABLES}


class Recording:
    """Arrays of all replicates, filled by the kernels in place.

    Parameters
    ----------
    names : sequence of str
        Recorded variables, see `technopole.schema.RECORDS`.
    replicates, times : int
        Numbers of replicates and of recorded periods.
    regions, sectors : int
        Numbers of regions and sectors.
    """

    def __init__(self, names: Sequence[str], replicates: int, times: int, regions: int, sectors: int) -> None:
        self.names = tuple(names)
        self._groups = {
            level: [name for name in self.names if name in known] for level, known in _KNOWN.items()
        }
        self._numbers = {
            level: np.array([known.index(name) for name in self._groups[level]], dtype=np.int64)
            for level, known in _KNOWN.items()
        }
        self._cells = np.empty((replicates, times, len(self._groups["cell"]), regions * sectors))
        self._regions = np.empty((replicates, times, len(self._groups["region"]), regions))
        self._sectors = np.empty((replicates, times, len(self._groups["sector"]), sectors))
        rows = times if SIZES in self.names else 0
        self._sizes = np.empty((replicates, rows, len(SIZE_EDGES)), dtype=np.int64)
        self._shape = (regions, sectors)

    def records(self, replicate: int) -> Records:
        """Return where the kernels write one replicate.

        Parameters
        ----------
        replicate : int
            Index in this recording.

        Returns
        -------
        Records
            Views.
        """
        return Records(
            self._numbers["cell"],
            self._numbers["region"],
            self._numbers["sector"],
            self._cells[replicate],
            self._regions[replicate],
            self._sectors[replicate],
            self._sizes[replicate],
        )

    def stacked(self, replicates: slice) -> Records:
        """Return where several replicates are written, one after the other.

        Parameters
        ----------
        replicates : slice
            Indices in this recording.

        Returns
        -------
        Records
            Views of the arrays with the axis of the replicates in front.
        """
        return self.records(0)._replace(
            cells=self._cells[replicates],
            regions=self._regions[replicates],
            sectors=self._sectors[replicates],
            sizes=self._sizes[replicates],
        )

    def make_counts_whole(self, replicate: int | slice) -> None:
        """Turn the counts of finished replicates, which the kernels write as floats, into integers in place.

        Parameters
        ----------
        replicate : int or slice
            Index or indices in this recording; once for each.
        """
        for row, name in enumerate(self._groups["cell"]):
            if RECORDS[name].dtype == "i8":
                counts = self._cells[replicate, :, row]
                counts.view(np.int64)[...] = counts.astype(np.int64)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return one variable of all replicates.

        Parameters
        ----------
        name : str
            Recorded variable.

        Returns
        -------
        ndarray
            View with the dimensions and dtype in the schema.
        """
        if name == SIZES:
            return self._sizes
        level = RECORDS[name].level
        block = {"cell": self._cells, "region": self._regions, "sector": self._sectors}[level]
        values = block[:, :, self._groups[level].index(name)].view(RECORDS[name].dtype)
        return values.reshape(*values.shape[:2], *self._shape) if level == "cell" else values


def last_values(recording: Recording, name: str) -> NDArray[Any]:
    """Return a copy of a variable of the first row of the first replicate, whose counts are not yet whole.

    Parameters
    ----------
    recording : Recording
        As the kernels write it.
    name : str
        Recorded variable.

    Returns
    -------
    ndarray
        Dimensions and dtype as in the schema, without replicate and time.
    """
    values: NDArray[Any] = recording[name][0, 0]
    if RECORDS[name].level == "cell" and RECORDS[name].dtype == "i8":
        values = values.view(np.float64)
    return values.astype(RECORDS[name].dtype, copy=True)


def counts(recording: Recording, name: str) -> NDArray[np.float64]:
    """Return a count of the whole economy in the first replicate, whose counts are not yet whole, shape (time,).

    Parameters
    ----------
    recording : Recording
        As the kernels write it; periods that were not reached hold anything.
    name : str
        Recorded count of cells.

    Returns
    -------
    ndarray of float64
    """
    total: NDArray[np.float64] = recording[name][0].view(np.float64).sum(axis=(1, 2))
    return total


def recording_bytes(names: Sequence[str], replicates: int, times: int, regions: int, sectors: int) -> int:
    """Predict the memory of a recording without allocating it.

    Parameters
    ----------
    names : sequence of str
        Recorded variables.
    replicates, times, regions, sectors : int
        As for `Recording`.

    Returns
    -------
    int
        Bytes.
    """
    values = {
        "cell": regions * sectors,
        "region": regions,
        "sector": sectors,
        "economy": len(SIZE_EDGES),
    }
    return 8 * replicates * times * sum(values[RECORDS[name].level] for name in names)
