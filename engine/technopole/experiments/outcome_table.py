"""The outcomes of an experiment as a table of text, for programs that read neither Zarr nor netCDF."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from technopole.errors import DataError, OutputError
from technopole.files.swap import replacing
from technopole.files.write import refuse_folder

if TYPE_CHECKING:
    import xarray as xr

_STATUS = "replicate_status"
_NAMES = "point_name"


def refuse_table(path: Path, overwrite: bool = False) -> None:
    """Raise if a table could not be written to a path.

    Parameters
    ----------
    path : Path
        File, ends with ``.csv``.
    overwrite : bool
        A file that is there may be replaced.

    Raises
    ------
    OutputError
        If the suffix is another one, something is there, or the path cannot be written.
    """
    if path.suffix != ".csv":
        raise OutputError(f"{path}: found the suffix {path.suffix!r}; allowed: .csv (comma-separated text)")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; choose another path")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already; --overwrite replaces it")
    refuse_folder(path.parent, path)


def write_outcomes(ds: xr.Dataset, path: Path) -> None:
    """Write the outcomes of an experiment, a row for each replicate of a point that has been computed.

    Columns are ``point``, ``point_name`` where points have names, the varied parameters, ``replicate``, and the
    outcomes; what is not known is blank. Numbers are those of the store, to the last bit.

    Parameters
    ----------
    ds : xarray.Dataset
        As `technopole.open` gives it.
    path : Path
        File; one that is there is replaced, when the new one is whole.

    Raises
    ------
    DataError
        If the experiment has no outcomes.
    OutputError
        If the file cannot be written.
    """
    by_replicate = ("point", "replicate")
    outcomes = [str(name) for name, array in ds.data_vars.items() if array.dims == by_replicate]
    outcomes = [name for name in outcomes if name != _STATUS]
    if not outcomes:
        raise DataError(
            "the experiment has no outcomes, of which the table consists; --netcdf writes all of it"
        )
    parameters = [str(name) for name, array in ds.coords.items() if array.dims == ("point",)]
    parameters.sort(key=lambda name: (name != "point", name != _NAMES))
    columns = {name: ds[name].values for name in (*parameters, *outcomes)}
    status, replicates = ds[_STATUS].values, ds["replicate"].values
    with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*parameters, "replicate", *outcomes])
        for i, j in np.argwhere(status != 0).tolist():
            values = (columns[name][i, j] for name in outcomes)
            rows.writerow(
                [*(columns[name][i] for name in parameters), replicates[j], *map(_blank_if_unknown, values)]
            )


def _blank_if_unknown(value: np.float64) -> object:
    return float(value) if np.isfinite(value) else ""
