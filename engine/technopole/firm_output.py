"""Tables of firms: one small Zarr group per unit of work, contiguous ragged as in the CF conventions.

The firms of a snapshot (a point, a replicate, a period) stand one after the other, in order of region and
sector; ``row_size`` says how many there are. Firms keep their ``identity`` for life, so that they can be
followed from one snapshot to the next.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.errors import OutputError
from technopole.schema import STATE
from technopole.store_chunks import sync_folder
from technopole.store_names import FIRMS

if TYPE_CHECKING:
    import xarray as xr

    from technopole.plan import Plan
    from technopole.sweep import Sweep
    from technopole_kernels.types import World

UNIT_DIGITS = 7
"""Digits of the number of a unit in the name of its group."""
SNAPSHOT_COORDINATES = ("point", "replicate", "time", "row_size")
FIRM_COORDINATES = ("region", "sector")


class Snapshot(NamedTuple):
    """Which firms a row of the table of snapshots is about."""

    point: int
    """Id, not index."""
    replicate: int
    time: int
    """Periods done."""


class FirmTable:
    """The firms of one unit, gathered snapshot by snapshot.

    Parameters
    ----------
    sweep : Sweep
        With ``output.level = "firm"``.
    sectors : int
        Number of sectors.
    """

    def __init__(self, sweep: Sweep, sectors: int) -> None:
        self.names = sweep.firm_variables
        self._sectors = sectors
        self._snapshots: list[Snapshot] = []
        self._sizes: list[int] = []
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*FIRM_COORDINATES, *self.names)}

    def take(self, world: World, point: int, replicate: int, time: int) -> None:
        """Copy the firms of a world.

        Parameters
        ----------
        world : World
            At the end of a period.
        point : int
            Id, not index.
        replicate, time : int
            Number of the replicate, periods done.
        """
        from technopole.world_state import state_view

        self._snapshots.append(Snapshot(point, replicate, time))
        firms = np.diff(world.offsets)
        self._sizes.append(int(world.offsets[-1]))
        cell = np.repeat(np.arange(firms.size, dtype=np.int32), firms)
        self._parts["region"].append(cell // np.int32(self._sectors))
        self._parts["sector"].append(cell % np.int32(self._sectors))
        for name in self.names:
            self._parts[name].append(state_view(world, name).astype(STATE[name].dtype))  # float64 always

    def drop(self, point: int, replicate: int) -> None:
        """Forget the snapshots of a replicate that failed.

        Parameters
        ----------
        point : int
            Id, not index.
        replicate : int
            Number of the replicate.
        """
        kept = [
            i for i, row in enumerate(self._snapshots) if (row.point, row.replicate) != (point, replicate)
        ]
        self._snapshots = [self._snapshots[i] for i in kept]
        self._sizes = [self._sizes[i] for i in kept]
        self._parts = {name: [parts[i] for i in kept] for name, parts in self._parts.items()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the table.

        Returns
        -------
        dict of str to ndarray
            `SNAPSHOT_COORDINATES` of shape (snapshot,), all others of shape (firm,).
        """
        rows = np.array(self._snapshots, dtype=np.int64).reshape(-1, 3)
        table: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(rows[:, index]) for index, name in enumerate(Snapshot._fields)
        }
        table["row_size"] = np.array(self._sizes, dtype=np.int64)
        for name, parts in self._parts.items():
            dtype = np.int32 if name in FIRM_COORDINATES else np.dtype(STATE[name].dtype)
            table[name] = np.concatenate(parts) if parts else np.empty(0, dtype=dtype)
        return table


def group_of(store: str | os.PathLike[str], unit: int) -> Path:
    """Return the folder of the table of a unit."""
    return Path(store) / FIRMS / f"unit-{unit:0{UNIT_DIGITS}d}"


def write_firms(store: str | os.PathLike[str], unit: int, arrays: dict[str, NDArray[Any]]) -> None:
    """Write the table of a unit: beside its place, then moved there as a whole.

    Parameters
    ----------
    store : path
        Root of the store, a folder; its group `FIRMS` must be there.
    unit : int
        Number of the unit.
    arrays : dict of str to ndarray
        As `FirmTable.arrays` returns them.

    Raises
    ------
    OutputError
        If it cannot be written. A table that is there stays: it is whole, and of the same unit, so the same.
    """
    target = group_of(store, unit)
    if (target / "zarr.json").is_file():
        return
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        _write_group(part, arrays)
        _sync(part)
        try:
            os.rename(part, target)
        except OSError:
            # another process was quicker
            if not (target / "zarr.json").is_file():
                raise
        sync_folder(target.parent)
    except OSError as failure:
        raise OutputError(f"{target}: cannot be written: {failure.strerror or failure}") from failure
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_group(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    import zarr

    group = zarr.open_group(folder, mode="w", zarr_format=3)
    group.attrs.update({"Conventions": "CF-1.11", "featureType": "point"})
    for name, values in arrays.items():
        dim = "snapshot" if name in SNAPSHOT_COORDINATES else "firm"
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            # one chunk even without a firm, so that the number of files is known
            chunks=(max(values.size, 1),),
            chunk_key_encoding={"name": "default", "separator": "."},
            dimension_names=[dim],
            config={"write_empty_chunks": True},
        )
        array.attrs.update(_attributes(name))
        array[...] = values


def _attributes(name: str) -> dict[str, str]:
    if name == "row_size":
        return {"long_name": "firms of the snapshot", "sample_dimension": "firm"}
    if name in FIRM_COORDINATES:
        return {"long_name": f"number of the {name}, from 0"}
    if name in SNAPSHOT_COORDINATES:
        return {"long_name": {"time": "periods done"}.get(name, name)}
    return {"long_name": STATE[name].long_name, "units": STATE[name].unit}


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        sync_folder(path)


def table_files(plan: Plan) -> tuple[int, int, int]:
    """Return the arrays of a table, the number of tables and an estimate of the bytes of all of them.

    Parameters
    ----------
    plan : Plan
        Any.

    Returns
    -------
    arrays, tables, size : int
        All 0 if no tables of firms are wanted.
    """
    names = plan.sweep.firm_variables
    if not names:
        return 0, 0, 0
    snapshots = plan.sweep.times.size * plan.n_points * plan.replicates
    size = snapshots * (firm_bytes(names) * plan.n_firms + 8 * len(SNAPSHOT_COORDINATES))
    return len(SNAPSHOT_COORDINATES) + len(FIRM_COORDINATES) + len(names), plan.n_units, size


def firm_bytes(names: Iterable[str]) -> int:
    """Return the bytes of one firm in a table."""
    return 4 * len(FIRM_COORDINATES) + sum(np.dtype(STATE[name].dtype).itemsize for name in names)


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
    OutputError
        If there are no tables of firms.
    """
    import xarray as xr

    folder = Path(store) / FIRMS
    units = sorted(path for path in folder.glob("unit-*") if (path / "zarr.json").is_file())
    if not units:
        raise OutputError(f'{store}: has no tables of firms; output.level = "firm" makes them')
    wanted = {"point": point, "replicate": replicate, "time": time}
    columns: dict[str, list[NDArray[Any]]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for unit in units:
        for name, values, attrs in _selected(unit, wanted):
            columns.setdefault(name, []).append(values)
            attributes[name] = attrs
    labels = {name: _ids(Path(store), name) for name in FIRM_COORDINATES}
    data = {name: np.concatenate(parts) for name, parts in columns.items()}
    for name, ids in labels.items():
        if ids is not None:
            data[name], attributes[name] = ids[data[name]], {"long_name": name}
    coordinates = {*Snapshot._fields, *FIRM_COORDINATES}
    return xr.Dataset(
        {name: ("firm", data[name], attributes[name]) for name in data if name not in coordinates},
        {name: ("firm", data[name], attributes[name]) for name in data if name in coordinates},
    )


def _selected(
    unit: Path, wanted: dict[str, int | Sequence[int] | None]
) -> Iterator[tuple[str, NDArray[Any], dict[str, Any]]]:
    """Yield the columns of the firms of the snapshots that are wanted."""
    import zarr

    group: Any = zarr.open_group(unit, mode="r", use_consolidated=False)
    chosen = np.ones(group["row_size"].shape[0], dtype=bool)
    for name, only in wanted.items():
        if only is not None:
            chosen &= np.isin(group[name][...], np.atleast_1d(np.asarray(only, dtype=np.int64)))
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
