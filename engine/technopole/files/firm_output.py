"""Tables of firms: one small Zarr group per unit of work, contiguous ragged as in the CF conventions.

The firms of a snapshot (a point, a replicate, a period) stand one after the other, in order of region and
sector; ``row_size`` says how many there are. Firms keep their ``identity`` for life, so that they can be
followed from one snapshot to the next.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.basics.stored_names import FIRMS
from technopole.errors import OutputError
from technopole.files.chunks import SEPARATOR, sync_folder
from technopole.files.leftovers import unfinished
from technopole.schema import STATE

if TYPE_CHECKING:
    from technopole.experiments.plan import Plan
    from technopole.sweeps.sweep import Sweep
    from technopole_kernels.types import World

UNIT_DIGITS = 7
"""Digits of the number of a unit in the name of its group."""
SNAPSHOT_COORDINATES = ("point", "replicate", "time", "row_size")
FIRM_COORDINATES = ("region", "sector")
CHUNK = f"c{SEPARATOR}0"
"""File of the only chunk of an array of a table."""
NO_FILE = (-1, 0)
"""In place of size and checksum of the chunk of an array without a value."""


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
        from technopole.world.state import state_view

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


def table_names(variables: Iterable[str]) -> tuple[str, ...]:
    """Return the files of a table, relative to its folder.

    Parameters
    ----------
    variables : iterable of str
        `Sweep.firm_variables`; none: there is no table and no file.

    Returns
    -------
    tuple of str
        A description of the group, then one and a chunk for each array.
    """
    names = tuple(variables)
    if not names:
        return ()
    arrays = (*SNAPSHOT_COORDINATES, *FIRM_COORDINATES, *names)
    return ("zarr.json", *(f"{name}/{file}" for name in arrays for file in ("zarr.json", CHUNK)))


def write_firms(
    store: str | os.PathLike[str],
    unit: int,
    arrays: dict[str, NDArray[Any]],
    check: Callable[[], object] = lambda: None,
) -> tuple[tuple[int, int], ...]:
    """Write the table of a unit: beside its place, then moved there as a whole.

    Parameters
    ----------
    store : path
        Root of the store, a folder; its group `FIRMS` must be there.
    unit : int
        Number of the unit.
    arrays : dict of str to ndarray
        As `FirmTable.arrays` returns them.
    check : callable, optional
        Called before anything gets its name; what it raises leaves everything as it was.

    Returns
    -------
    tuple of (int, int)
        Size and CRC-32 of each of `table_names`, or `NO_FILE`.

    Raises
    ------
    OutputError
        If it cannot be written. Of a table that is there only files that are missing or differ are replaced: it is of
        the same unit, so that they were damaged.
    """
    target = group_of(store, unit)
    part = unfinished(target)
    try:
        _write_group(part, arrays)
        _sync(part)
        names = table_names(name for name in arrays if name not in SNAPSHOT_COORDINATES + FIRM_COORDINATES)
        sums = tuple(_size_and_sum(part / name) for name in names)
        check()
        try:
            os.rename(part, target)
        except OSError:
            if not target.is_dir():
                raise
            _replace_other(part, target, names)
        sync_folder(target.parent)
        return sums
    except OSError as failure:
        raise OutputError(f"{target}: cannot be written: {failure.strerror or failure}") from failure
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _size_and_sum(path: Path) -> tuple[int, int]:
    if not path.is_file():
        return NO_FILE
    content = path.read_bytes()
    return len(content), zlib.crc32(content)


def is_missing(folder: Path, name: str) -> bool:
    """Tell whether a file of a table is not there and should be.

    Parameters
    ----------
    folder : Path
        Of the table.
    name : str
        One of `table_names`.

    Returns
    -------
    bool
        False for the chunk of an array without a value, which has no file.
    """
    if (folder / name).is_file():
        return False
    try:
        description = json.loads((folder / name).with_name("zarr.json").read_bytes())
        return not (name.endswith(CHUNK) and description["shape"] == [0])
    except (OSError, ValueError, KeyError):
        return True


def _replace_other(new: Path, old: Path, names: Iterable[str]) -> None:
    """Replace those files of a table that are not there or not the same, one by one: none is ever away."""
    for name in names:
        if not (new / name).is_file():
            continue
        if not (old / name).is_file() or not filecmp.cmp(new / name, old / name, shallow=False):
            (old / name).parent.mkdir(exist_ok=True)
            os.replace(new / name, old / name)
            sync_folder((old / name).parent)
    sync_folder(old)


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
            # chunks have a size; without a firm there is none
            chunks=(max(values.size, 1),),
            chunk_key_encoding={"name": "default", "separator": SEPARATOR},
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


def table_files(plan: Plan, firms: float) -> tuple[int, int, int]:
    """Return the arrays of a table, the number of tables and an estimate of the bytes of all of them.

    Parameters
    ----------
    plan : Plan
        Any.
    firms : float
        Of a table, about.

    Returns
    -------
    arrays, tables, size : int
        All 0 if no tables of firms are wanted.
    """
    names = plan.sweep.firm_variables
    if not names:
        return 0, 0, 0
    snapshots = plan.sweep.times.size * plan.n_points * plan.replicates
    size = round(snapshots * (firm_bytes(names) * firms + 8 * len(SNAPSHOT_COORDINATES)))
    return len(SNAPSHOT_COORDINATES) + len(FIRM_COORDINATES) + len(names), plan.n_units, size


def firm_bytes(names: Iterable[str]) -> int:
    """Return the bytes of one firm in a table."""
    return 4 * len(FIRM_COORDINATES) + sum(np.dtype(STATE[name].dtype).itemsize for name in names)
