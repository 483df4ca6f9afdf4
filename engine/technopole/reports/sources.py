"""Opening what a report is made of, and telling what it is."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Literal

from technopole.basics.given import path_given
from technopole.basics.stored_names import JOURNAL
from technopole.errors import TO_WRITE_NETCDF, DataError
from technopole.files.damage import open_store

if TYPE_CHECKING:
    import xarray as xr

Kind = Literal["run", "experiment", "claims", "validation", "sensitivity", ""]
MADE_BY = {
    "run": "technopole run",
    "experiment": "technopole experiment",
    "claims": "technopole claims",
    "validation": "technopole validate",
    "sensitivity": "technopole sensitivity --out",
}
"""Kind of results → the command that writes them."""


def open_source(source: str | os.PathLike[str] | xr.Dataset) -> xr.Dataset:
    """Open results of any kind, lazily.

    Parameters
    ----------
    source : path or xarray.Dataset
        ``.zarr`` or ``.nc``, or what was opened of it.

    Returns
    -------
    xarray.Dataset
        Its arrays are read when they are used.

    Raises
    ------
    ConfigError
        If it is neither a path nor a Dataset.
    DataError
        If there is nothing that can be read.
    """
    import xarray as xr

    if isinstance(source, xr.Dataset):
        return source
    path = path_given("source", source, "the path of results, .zarr or .nc, or what was opened of them")
    if not path.exists():
        raise DataError(f"{path}: there is nothing; allowed: results of technopole, .zarr or .nc")
    if path.is_dir():
        if not (path / "zarr.json").is_file() and not (path / JOURNAL).is_dir():
            raise DataError(f"{path}: is a folder and no store; allowed: results of technopole, .zarr or .nc")
        return open_store(path)
    if path.suffix == ".toml":
        raise DataError(
            f"{path}: holds no results; technopole run (of a sweep: technopole experiment) makes them, and a report is "
            "made of what they are written to"
        )
    if importlib.util.find_spec("h5netcdf") is None:
        raise DataError(f"{path}: {TO_WRITE_NETCDF.replace('writing', 'reading')}")
    try:
        file: xr.Dataset = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as failure:
        raise DataError(f"{path}: cannot be read as netCDF: {failure}") from None
    return file


def kind_of(ds: xr.Dataset) -> Kind:
    """Return what a dataset is; empty if it is none of the results of technopole."""
    named = ds.attrs.get("kind")
    if named in ("claims", "validation"):
        return "claims" if named == "claims" else "validation"
    if "sweep" in ds.attrs and "point" in ds.dims:
        return "experiment"
    if {"outcome", "parameter"} <= set(ds.dims) and ("ST" in ds or "mu_star" in ds):
        return "sensitivity"
    if "time" in ds.dims and ("config" in ds.attrs or "region" in ds.dims or "replicate" in ds.dims):
        return "run"
    return ""


def open_as(source: str | os.PathLike[str] | xr.Dataset, *kinds: Kind) -> tuple[xr.Dataset, Kind]:
    """Open results that must be of one of some kinds.

    Parameters
    ----------
    source : path or xarray.Dataset
        Results.
    *kinds : str
        Allowed kinds.

    Returns
    -------
    ds : xarray.Dataset
    kind : str
        What it is.

    Raises
    ------
    DataError
        If it is of another kind; says which option takes it.
    """
    ds = open_source(source)
    kind = kind_of(ds)
    if kind in kinds:
        return ds, kind
    name = "dataset" if not isinstance(source, str | os.PathLike) else str(source)
    what = f"found results of {MADE_BY[kind]}" if kind else "found no results of technopole"
    allowed = " or ".join(f"results of {MADE_BY[one]}" for one in kinds)
    hint = f"; --{kind} takes them" if kind in ("claims", "validation", "sensitivity") else ""
    raise DataError(f"{name}: {what}; allowed: {allowed}{hint}")
