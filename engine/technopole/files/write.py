"""Writing results to files, so that a path holds either everything or what was there before."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.basics.given import path_given, yes_or_no
from technopole.errors import TO_WRITE_NETCDF, OutputError
from technopole.files.kinds import NAMES, NO_RESULT, kind_at, kind_of_attributes
from technopole.files.netcdf import write_netcdf
from technopole.files.swap import replacing

if TYPE_CHECKING:
    import xarray as xr

CHUNK_BYTES = 16 * 2**20
"""Chunks of a Zarr store are about so large before compression; one holds whole replicates if it can."""


def write(ds: xr.Dataset, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Write a dataset, in the way of `technopole.files.swap.replacing`.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.
    path : path
        ``.zarr``: a Zarr store of format 3 in a directory; ``.nc``: netCDF 4 (needs h5netcdf). Missing
        folders are made.
    overwrite : bool
        Replace a store or file that is there, if it holds results of the same kind.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    ConfigError
        If the path is none, or `overwrite` neither True nor False.
    OutputError
        If the suffix is unknown, something is there, or the path cannot be written.
    """
    target = path_given("path", path, "the path of a file, ends with .zarr or .nc")
    refuse_target(target, kind_of_attributes(ds.attrs), yes_or_no("overwrite", overwrite))
    writer = _WRITERS[target.suffix]
    with replacing(target) as unfinished:
        writer(ds, unfinished)
    return target


def refuse_target(path: str | os.PathLike[str], kind: str, overwrite: bool = False) -> None:
    """Raise if results could not be written to a path; nothing is made or changed.

    Parameters
    ----------
    path : path
        As for `write`.
    kind : str
        Of the results, see `technopole.files.kinds.NAMES`.
    overwrite : bool
        Results of the same kind that are there may be replaced.

    Raises
    ------
    OutputError
        If the suffix is unknown, something is there, or the path cannot be written.
    """
    target = Path(path)
    if target.suffix not in _WRITERS:
        raise OutputError(f"{target}: found the suffix {target.suffix!r}; allowed: {_SUFFIXES}")
    if target.suffix == ".nc" and importlib.util.find_spec("h5netcdf") is None:
        raise OutputError(f"{target}: {TO_WRITE_NETCDF}")
    if os.path.lexists(target):
        there = kind_at(target)
        if there != kind or there == NO_RESULT:
            raise OutputError(f"{target}: is there and is {NAMES[there]}; choose another path")
        if not overwrite:
            raise OutputError(f"{target}: is there already; --overwrite (overwrite=True) replaces it")
    refuse_folder(target.parent, target)


def refuse_folder(folder: Path, what: Path) -> None:
    """Raise if a folder could not be made or files in it not be written.

    Parameters
    ----------
    folder : Path
        Need not exist.
    what : Path
        What is to be written, for the message.

    Raises
    ------
    OutputError
        With the reason of the system.
    """
    existing = folder.absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as failure:
        reason = "is not a folder" if not existing.is_dir() else failure.strerror or str(failure)
        raise OutputError(f"{what}: cannot be written: {existing}: {reason}") from None


def _write_zarr(ds: xr.Dataset, path: Path) -> None:
    encoding = {str(name): {"chunks": _chunks(variable)} for name, variable in ds.data_vars.items()}
    with warnings.catch_warnings():
        # with consolidated metadata plain xarray opens the store quickly and without a warning of its own
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        ds.to_zarr(path, mode="w-", zarr_format=3, consolidated=True, encoding=encoding)


def _chunks(variable: xr.DataArray) -> tuple[int, ...]:
    """Cut a variable along replicates, then time, until a chunk has the size wanted."""
    shape = list(variable.shape)
    size = variable.dtype.itemsize
    for length in shape:
        size *= length
    for axis, dim in enumerate(variable.dims):
        if dim in ("replicate", "time") and size > CHUNK_BYTES:
            one = size / shape[axis]
            shape[axis] = max(1, int(CHUNK_BYTES // one))
            size = int(one) * shape[axis]
    return tuple(shape)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {".zarr": _write_zarr, ".nc": write_netcdf}
_SUFFIXES = ".zarr (Zarr store) or .nc (netCDF 4)"
