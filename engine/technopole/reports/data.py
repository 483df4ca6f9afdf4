"""What a report reads from the dataset of a run: recorded variables at the level of the economy, regions, sectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.results.arrays import CannotDraw, Floats
from technopole.schema import RECORDS
from technopole.schema.levels import needed, reduce_to_level

if TYPE_CHECKING:
    import xarray as xr

BLOCK_BYTES = 128 * 2**20
"""Of a variable, so much is read at a time."""


class Recorded(Mapping[str, NDArray[Any]]):
    """The recorded variables of some replicates, as `technopole.schema.levels` wants them.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run, or some replicates of them.
    """

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a variable, shape (replicate, time, ...) in the order of the schema."""
        data = self._ds[name]
        for dim in ("replicate", "time"):
            if dim not in data.dims:
                data = data.expand_dims(dim)
        values = np.asarray(data.transpose(*RECORDS[name].dims).values)
        return values if values.dtype.kind == "i" else np.asarray(values, dtype=np.float64)

    def __iter__(self) -> Iterator[str]:
        """Go over the names."""
        return iter(name for name in RECORDS if name in self._ds)

    def __len__(self) -> int:
        """Count the variables."""
        return sum(1 for _ in self)


def recorded(ds: xr.Dataset, name: str, level: str = "economy") -> Floats:
    """Return a recorded variable at a level, some replicates at a time.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.
    name : str
        Recorded variable.
    level : str
        ``economy``, ``region``, ``sector`` or ``cell``.

    Returns
    -------
    ndarray, shape (replicate, time, *dimensions of the level)
        In the unit of the variable; counts as float64.

    Raises
    ------
    CannotDraw
        If the variable, or what it is weighted by, was not recorded with the usual dimensions.
    """
    for one in needed((name,), level):
        if one not in ds:
            raise CannotDraw(f"variable '{one}' is not in the dataset")
        missing = set(ds[one].dims) ^ set(RECORDS[one].dims)
        if missing - {"replicate", "time"}:
            found = ", ".join(map(str, ds[one].dims))
            raise CannotDraw(f"variable '{one}' has dimensions ({found})")
    if ds[name].size == 0:
        raise CannotDraw(f"variable '{name}' is empty")
    replicates = int(ds.sizes.get("replicate", 1))
    step = max(1, int(BLOCK_BYTES // max(1, ds[name].nbytes // replicates)))
    if "replicate" not in ds[name].dims or step >= replicates:
        return np.asarray(reduce_to_level(name, Recorded(ds), level), dtype=np.float64)
    parts = [
        reduce_to_level(name, Recorded(ds.isel(replicate=slice(first, first + step))), level)
        for first in range(0, replicates, step)
    ]
    return np.asarray(np.concatenate(parts), dtype=np.float64)


def is_there(ds: xr.Dataset, name: str) -> bool:
    """Tell whether a variable was recorded with the dimensions of the schema."""
    return (
        name in ds
        and name in RECORDS
        and not (set(ds[name].dims) ^ set(RECORDS[name].dims)) - {"replicate", "time"}
    )


def operating(ds: xr.Dataset, level: str = "economy") -> Floats:
    """Return the firms at the start of each period: those at its end without entrants, with leavers."""
    return (
        recorded(ds, "firms", level)
        - recorded(ds, "spinoffs", level)
        - recorded(ds, "startups", level)
        + recorded(ds, "exits", level)
    )
