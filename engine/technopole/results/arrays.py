"""What figures and reports read from the dataset of a run: variables, years, names."""

from __future__ import annotations

import functools
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


class CannotDraw(Exception):
    """A figure cannot be drawn from this dataset; the message says why."""


def array(ds: xr.Dataset, name: str, *dims: str) -> Floats:
    """Return a variable as float64 in the given order of dimensions.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of a run.
    name : str
        Variable.
    *dims : str
        Dimensions wanted. A missing ``replicate`` or ``time`` becomes a dimension of length one.

    Returns
    -------
    ndarray
        Shape as given by `dims`, in the unit of the variable.

    Raises
    ------
    CannotDraw
        If the variable or one of its other dimensions is missing or empty.
    """
    if name not in ds:
        raise CannotDraw(f"variable '{name}' is not in the dataset")
    data = ds[name]
    for dim in ("replicate", "time"):
        if dim in dims and dim not in data.dims:
            data = data.expand_dims(dim)
    if set(data.dims) != set(dims):
        found = ", ".join(map(str, data.dims))
        raise CannotDraw(f"variable '{name}' has dimensions ({found}), not ({', '.join(dims)})")
    if data.size == 0:
        raise CannotDraw(f"variable '{name}' is empty")
    return np.asarray(data.transpose(*dims).values, dtype=np.float64)


def years(ds: xr.Dataset) -> Floats:
    """Return the time axis in years: the period numbers times the length of a period, shape (time,)."""
    size = int(ds.sizes.get("time", 1))
    numbers: Any = (
        ds["time"].values if "time" in ds.coords and ds["time"].ndim == 1 else np.arange(1, size + 1)
    )
    if not np.issubdtype(np.asarray(numbers).dtype, np.number):
        numbers = np.arange(1, size + 1)
    return np.asarray(numbers, dtype=np.float64) * period_years(ds)


def period_years(ds: xr.Dataset) -> float:
    """Return the length of a period in years from the configuration in the dataset (1 if unknown)."""
    return _period_years(str(ds.attrs.get("config", "")))


@functools.lru_cache(maxsize=8)
def _period_years(config: str) -> float:
    # every figure asks, and a configuration with all its regions takes a while to read
    try:
        length = float(tomllib.loads(config)["time"]["period_years"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError):
        return 1.0
    return length if np.isfinite(length) and length > 0.0 else 1.0


def region_names(ds: xr.Dataset) -> list[str]:
    """Return the names of the regions, or their ids."""
    return _names(ds, "region")


def sector_names(ds: xr.Dataset) -> list[str]:
    """Return the names of the sectors, or their ids."""
    return _names(ds, "sector")


def _names(ds: xr.Dataset, dim: str) -> list[str]:
    for name in (f"{dim}_name", dim):
        if name in ds.coords and ds[name].dims == (dim,):
            return [str(value) for value in ds[name].values]
    return [str(index) for index in range(int(ds.sizes[dim]))]


def high_tech(ds: xr.Dataset) -> NDArray[np.bool_]:
    """Tell which sectors are high-tech, shape (sector,); none if the dataset does not say."""
    if "high_tech" in ds.coords and ds["high_tech"].dims == ("sector",):
        return np.asarray(ds["high_tech"].values).astype(bool)
    return np.zeros(int(ds.sizes["sector"]), dtype=bool)
