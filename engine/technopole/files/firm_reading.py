"""Reading tables of firms: only what is wanted of them, and none with holes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import path_given
from technopole.basics.stored_names import FIRMS
from technopole.errors import ConfigError, DataError, OutputError
from technopole.files.firm_output import (
    FIRM_COORDINATES,
    SNAPSHOT_COORDINATES,
    Snapshot,
    group_of,
    is_missing,
    table_names,
)
from technopole.files.journal import read_journals

if TYPE_CHECKING:
    import xarray as xr

REPAIR = "technopole status --verify removes what is damaged, technopole experiment --resume computes the unit again"
SHOWN = 10
"""Ids that a message shows."""


def open_firms(
    store: str | os.PathLike[str],
    point: int | Sequence[int] | None = None,
    replicate: int | Sequence[int] | None = None,
    time: int | Sequence[int] | None = None,
) -> xr.Dataset:
    """Read firms of an experiment.

    Parameters
    ----------
    store : path
        Of an experiment with ``output.level = "firm"``.
    point, replicate, time : int or sequence of int, optional
        Only these ids of points, numbers of replicates, periods; only their firms are read.

    Returns
    -------
    xarray.Dataset
        Dimension ``firm``; along it the variables, and the coordinates point, replicate, time, region,
        sector (ids where the store has them, else numbers). Snapshots in the order of the units.

    Raises
    ------
    ConfigError
        If the store is no path, or what is wanted is neither whole numbers nor in the store.
    OutputError
        If there are no tables of firms.
    DataError
        If a file of a table is missing or damaged.
    """
    import xarray as xr

    path = path_given("store", store, 'the path of a store of an experiment with output.level = "firm"')
    folder = path / FIRMS
    units = sorted(folder.glob("unit-*"))
    if not units:
        raise OutputError(f'{store}: has no tables of firms; output.level = "firm" makes them')
    _refuse_missing(path, units)
    wanted = {
        name: None if only is None else _whole_numbers(path, name, only)
        for name, only in (("point", point), ("replicate", replicate), ("time", time))
    }
    columns: dict[str, list[NDArray[Any]]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for unit in units:
        try:
            for name, values, attrs in _selected(unit, wanted):
                columns.setdefault(name, []).append(values)
                attributes[name] = attrs
        except (RuntimeError, ValueError, OSError) as failure:
            raise DataError(f"{unit}: is damaged ({failure}); {REPAIR}") from None
    labels = {name: _ids(path, name) for name in FIRM_COORDINATES}
    data = {name: np.concatenate(parts) for name, parts in columns.items()}
    for name, ids in labels.items():
        if ids is not None:
            data[name], attributes[name] = ids[data[name]], {"long_name": name}
    coordinates = {*Snapshot._fields, *FIRM_COORDINATES}
    return xr.Dataset(
        {name: ("firm", data[name], attributes[name]) for name in data if name not in coordinates},
        {name: ("firm", data[name], attributes[name]) for name in data if name in coordinates},
    )


def _whole_numbers(store: Path, name: str, only: Any) -> NDArray[np.int64]:
    """Return the ids that are wanted; raise if they are no whole numbers, or not those of the store."""
    try:
        values = np.atleast_1d(np.asarray(only if np.ndim(only) == 0 else list(only)))
    except (TypeError, ValueError):
        values = np.empty(1, dtype=object)
    if values.size == 0:
        return np.empty(0, dtype=np.int64)
    whole = values.dtype.kind in "iuf" and bool(np.all(values == np.floor(values)))
    if not whole or values.ndim != 1:
        raise ConfigError(
            f"{name}: found {only!r:.60}; allowed: whole numbers, one or several, or None for all"
        )
    known = _ids(store, name)
    strange = [] if known is None else np.setdiff1d(values.astype(np.int64), known.astype(np.int64)).tolist()
    if known is not None and strange:
        shown = ", ".join(map(str, known[:SHOWN])) + (", …" if known.size > SHOWN else "")
        raise ConfigError(f"{name}: found {strange[0]}, which the store does not have; allowed: {shown}")
    return values.astype(np.int64)


def _refuse_missing(store: Path, units: list[Path]) -> None:
    """Raise if a table that was committed, or a file of one that is there, is missing: Zarr would read zeros."""
    committed = {group_of(store, number) for number in _committed(store)}
    arrays = {path.name for unit in units for path in unit.iterdir() if path.is_dir()}
    names = table_names(sorted(arrays.difference(SNAPSHOT_COORDINATES, FIRM_COORDINATES)))
    for unit in sorted(committed.union(units)):
        for name in names:
            if is_missing(unit, name):
                raise DataError(f"{unit}: {name} is missing; {REPAIR}")


def _committed(store: Path) -> Iterable[int]:
    """Return the units that the journals of a store name."""
    try:
        digest = json.loads((store / "zarr.json").read_bytes())["attributes"]["plan_digest"]
    except (OSError, ValueError, KeyError):
        return ()  # tables alone
    return read_journals(store, digest)


def _selected(
    unit: Path, wanted: dict[str, NDArray[np.int64] | None]
) -> Iterator[tuple[str, NDArray[Any], dict[str, Any]]]:
    """Yield the columns of the firms of the snapshots that are wanted."""
    import zarr

    group: Any = zarr.open_group(unit, mode="r", use_consolidated=False)
    chosen = np.ones(group["row_size"].shape[0], dtype=bool)
    for name, only in wanted.items():
        if only is not None:
            chosen &= np.isin(group[name][...], only)
    sizes = group["row_size"][...]
    rows = np.repeat(chosen, sizes)
    for name in Snapshot._fields:
        yield name, np.repeat(group[name][...][chosen], sizes[chosen]), dict(group[name].attrs)
    for name in sorted(group.array_keys()):
        if name not in SNAPSHOT_COORDINATES:
            # nothing is read of a unit without a wanted snapshot
            values = group[name][...][rows] if chosen.any() else np.empty(0, group[name].dtype)
            yield name, values, dict(group[name].attrs)


def _ids(store: Path, name: str) -> NDArray[Any] | None:
    import zarr

    try:
        group: Any = zarr.open_group(store, mode="r", use_consolidated=False)
        return np.asarray(group[name][...], dtype=object)
    except (KeyError, FileNotFoundError):
        return None
