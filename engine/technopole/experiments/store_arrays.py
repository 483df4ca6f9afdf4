"""Reading arrays of the store of an experiment, with errors that say which unit is damaged and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import DataError
from technopole.experiments.store_files import StoreFiles
from technopole.experiments.store_variables import OutputVariable
from technopole.files.damage import ADVICE, COPY


class StoredArray:
    """One array that units write.

    Parameters
    ----------
    root : Path
        Of the store.
    variable : OutputVariable
        The array.
    files : StoreFiles
        Of the store.
    units : int
        Number of units of the plan.

    Raises
    ------
    DataError
        If the store has no such array any more.
    """

    def __init__(self, root: Path, variable: OutputVariable, files: StoreFiles, units: int) -> None:
        import zarr

        self._root, self._variable, self._files, self._units = root, variable, files, units
        try:
            self._array: Any = zarr.open_array(root / variable.path, mode="r", zarr_format=3)
        except (OSError, ValueError, KeyError) as failure:
            raise DataError(
                f"{root}: {variable.path}: the description of the array (zarr.json) cannot be read: {failure}; {COPY}"
            ) from None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes along its dimensions."""
        return self._variable.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._variable.shape)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read a part; where nothing was written it holds NaN or 0."""
        try:
            return np.asarray(self._array[index])
        except (RuntimeError, ValueError, OSError) as failure:
            raise DataError(self._words(failure)) from None

    def _words(self, failure: Exception) -> str:
        """Say which unit has the chunk that cannot be read."""
        for number in range(self._units):
            chunk = tuple(
                slice(place * size, (place + 1) * size)
                for place, size in zip(
                    self._files.index(number, self._variable), self._variable.chunk, strict=True
                )
            )
            try:
                self._array[chunk]
            except (RuntimeError, ValueError, OSError) as reason:
                return f"{self._root}: {self._variable.path}: unit {number} is damaged ({reason}); {ADVICE}"
        return f"{self._root}: {self._variable.path}: cannot be read ({failure}); {ADVICE}"
