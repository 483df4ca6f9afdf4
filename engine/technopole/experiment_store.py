"""The store of an experiment: a Zarr store of format 3 that many processes fill without talking to each other.

- One process makes the store with all its metadata, beside its place, and moves it there as a whole.
- Each unit of work then writes one whole chunk, a file, of each array; then one line in the journal of its
  process, which is the commit. Nothing is ever written in part or changed.
- When all units are done the statistics are written, in the same way.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import ConfigError, OutputError
from technopole.journal import SUFFIX, Entry, Journal, read_journals
from technopole.plan import Plan
from technopole.store import refuse_folder
from technopole.store_chunks import (
    PARTIAL_SUFFIX,
    SEPARATOR,
    chunk_path,
    encode_chunk,
    sync_folder,
    write_chunks,
    write_synced,
)
from technopole.store_layout import OutputVariable
from technopole.store_names import FIRMS, JOURNAL
from technopole.store_plans import other_plan, read_attributes, stored_plan
from technopole.store_template import fill_value, make_template

if TYPE_CHECKING:
    from technopole.unit_work import UnitResult


class ExperimentStore:
    """The store of one plan; use `create` or `open`.

    Parameters
    ----------
    path : Path
        Root, a folder.
    plan : Plan
        What it is for.
    digest : str
        Hash of the plan the store was made for.
    """

    def __init__(self, path: Path, plan: Plan, digest: str) -> None:
        self.path = path
        self.plan = plan
        self.digest = digest
        self._journal = Journal(path)
        self._variables = plan.layout.written_by("unit")

    @classmethod
    def create(cls, path: str | os.PathLike[str], plan: Plan, overwrite: bool = False) -> ExperimentStore:
        """Make a store with all its metadata and no results.

        Parameters
        ----------
        path : path
            Ends with ``.zarr``.
        plan : Plan
            What it is for.
        overwrite : bool
            Replace a store of an experiment that is there.

        Returns
        -------
        ExperimentStore
            Empty. If another process made a store of the same plan meanwhile, that one.

        Raises
        ------
        OutputError
            If it cannot be made, or something is there.
        """
        target = Path(path)
        if target.suffix != ".zarr":
            raise OutputError(f"{target}: found the suffix {target.suffix!r}; allowed: .zarr (Zarr store)")
        refuse_folder(target.parent, target)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}{PARTIAL_SUFFIX}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            make_template(part, plan)
            if overwrite and os.path.lexists(target):
                cls.open(target, plan=None)  # nothing but an experiment is removed
                old = target.with_name(f".{target.name}.{uuid.uuid4().hex}.replaced")
                os.rename(target, old)
                os.rename(part, target)
                shutil.rmtree(old, ignore_errors=True)
            else:
                _move(part, target)
            sync_folder(target.parent)
        except OSError as failure:
            raise _unwritable(target, failure) from failure
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return cls.open(target, plan)

    @classmethod
    def open(cls, path: str | os.PathLike[str], plan: Plan | None = None) -> ExperimentStore:
        """Open a store.

        Parameters
        ----------
        path : path
            Of a store.
        plan : Plan, optional
            What is to be gone on with; otherwise the plan in the store, for which no data are read.

        Returns
        -------
        ExperimentStore
            For reading and writing.

        Raises
        ------
        DataError
            If there is no store of an experiment.
        ConfigError
            If it is that of another plan; one line for each difference.
        """
        target = Path(path)
        attributes = read_attributes(target)
        identity = json.loads(attributes["plan"])
        if plan is None:
            plan = stored_plan(target, attributes)
        elif plan.digest != attributes["plan_digest"]:
            raise ConfigError(other_plan(target, identity, plan.identity))
        return cls(target, plan, str(attributes["plan_digest"]))

    def done_units(self) -> dict[int, Entry]:
        """Return the units that are done, as the journals say: number → line."""
        return read_journals(self.path, self.digest)

    def intact_units(self) -> dict[int, Entry]:
        """Return the units that are done and whose files are there with the size they were written with."""
        done = self.done_units()
        sizes = [_sizes_in(self.path / variable.path) for variable in self._variables]
        firms = self.path / FIRMS
        tables = {entry.name for entry in os.scandir(firms)} if firms.is_dir() else None
        return {
            number: entry
            for number, entry in done.items()
            if number < self.plan.n_units and self._is_intact(number, entry, sizes, tables)
        }

    def _is_intact(
        self, number: int, entry: Entry, sizes: list[dict[str, int]], tables: set[str] | None
    ) -> bool:
        from technopole.firm_output import group_of

        if tables is not None and group_of(self.path, number).name not in tables:
            return False
        place = self._place(number)
        for variable, there, size in zip(self._variables, sizes, entry.sizes, strict=True):
            name = SEPARATOR.join(["c", *map(str, place), *["0"] * (len(variable.shape) - 2)])
            if there.get(name) != size:
                return False
        return True

    def damaged_units(self) -> list[int]:
        """Return the units whose files are not those that were committed; reads all of them.

        Returns
        -------
        list of int
            Numbers; `forget` makes them be computed again.
        """
        import zlib

        damaged = []
        for number, entry in sorted(self.done_units().items()):
            for (path, _), checksum in zip(self._chunks(number), entry.sums, strict=True):
                try:
                    intact = zlib.crc32(path.read_bytes()) == checksum
                except OSError:
                    intact = False
                if not intact:
                    damaged.append(number)
                    break
        return damaged

    def forget(self, numbers: list[int]) -> None:
        """Remove a file of each of some units, so that they do not count as intact.

        Parameters
        ----------
        numbers : list of int
            Units.
        """
        for number in numbers:
            path, _ = next(self._chunks(number))
            path.unlink(missing_ok=True)

    def write_unit(self, result: UnitResult) -> Entry:
        """Write what a unit computed, then commit it.

        Parameters
        ----------
        result : UnitResult
            Of a unit of the plan; any number of processes may write the same one.

        Returns
        -------
        Entry
            The line in the journal.

        Raises
        ------
        OutputError
            If it cannot be written; the unit then does not count as done.
        """
        from technopole.firm_output import write_firms

        number = result.unit.number
        chunks = [
            encode_chunk(
                self.path / variable.path,
                self._index(number, variable),
                result.arrays[variable.path],
                variable.chunk,
                fill_value(variable),
            )
            for variable in self._variables
        ]
        entry = Entry(
            number,
            self.digest,
            result.done,
            result.failed,
            tuple(len(chunk.content) for chunk in chunks),
            tuple(chunk.checksum for chunk in chunks),
            tuple(result.errors),
            round(result.seconds, 4),
        )
        try:
            if result.firms is not None:
                write_firms(self.path, number, result.firms)
            write_chunks(chunks)
            for variable in self._variables:
                sync_folder(self.path / variable.path)
            self._journal.append(entry)
        except OSError as failure:
            raise _unwritable(self.path, failure) from failure
        return entry

    def write_final(self, variable: OutputVariable, index: int, values: NDArray[Any]) -> None:
        """Write one chunk of a statistic.

        Parameters
        ----------
        variable : OutputVariable
            Written at the end; cut along points only.
        index : int
            Of the chunk along points.
        values : ndarray
            All of it.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        folder = self.path / variable.path
        whole = (index, *[0] * (len(variable.shape) - 1))
        content = np.asarray(values, dtype=variable.dtype)
        try:
            write_chunks([encode_chunk(folder, whole, content, variable.chunk, fill_value(variable))])
        except OSError as failure:
            raise _unwritable(self.path, failure) from failure

    def set_attributes(self, changes: dict[str, Any]) -> None:
        """Change attributes of the root, all at once.

        Parameters
        ----------
        changes : dict
            Name → value.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        path = self.path / "zarr.json"
        content = json.loads(path.read_bytes())
        content["attributes"] |= changes
        part = path.with_name(f".zarr.json.{uuid.uuid4().hex}{PARTIAL_SUFFIX}")
        try:
            write_synced(part, json.dumps(content, indent=2, ensure_ascii=False).encode())
            os.replace(part, path)
            sync_folder(self.path)
        except OSError as failure:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise _unwritable(self.path, failure) from failure

    def array(self, path: str) -> Any:
        """Return a Zarr array of the store, for reading.

        Parameters
        ----------
        path : str
            From the root.
        """
        import zarr

        return zarr.open_array(self.path / path, mode="r", zarr_format=3)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the root as they are now."""
        return read_attributes(self.path)

    def processes(self) -> int:
        """Return how many processes have written a journal."""
        return sum(1 for _ in (self.path / JOURNAL).glob(f"*{SUFFIX}"))

    def remove_leftovers(self, seconds: float = 0.0) -> None:
        """Remove parts of files that killed processes left.

        Parameters
        ----------
        seconds : float
            Only those that are older; 0 only when nobody writes.
        """
        before = time.time() - seconds
        parts = [*self.path.rglob(f".*{PARTIAL_SUFFIX}"), *self.path.glob(f"{FIRMS}/.*.part")]
        for path in parts:
            with contextlib.suppress(OSError):
                if path.stat().st_mtime > before:
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def _place(self, number: int) -> tuple[int, int]:
        """Return the index of a unit along blocks of points and of replicates."""
        block, place = divmod(number, self.plan.n_point_blocks)
        return place, block

    def _index(self, number: int, variable: OutputVariable) -> tuple[int, ...]:
        return (*self._place(number), *[0] * (len(variable.shape) - 2))

    def _chunks(self, number: int) -> Iterator[tuple[Path, OutputVariable]]:
        for variable in self._variables:
            yield chunk_path(self.path / variable.path, self._index(number, variable)), variable


def _sizes_in(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {entry.name: entry.stat().st_size for entry in entries if entry.name.startswith("c")}


def _unwritable(path: Path, failure: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {failure.strerror or failure}")


def _move(part: Path, target: Path) -> None:
    """Give a store its name; a store of an experiment that is there already stays."""
    try:
        os.rename(part, target)
    except OSError:
        if not os.path.lexists(target):
            raise
