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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.stored_names import FIRMS, JOURNAL
from technopole.errors import ConfigError, DataError, OutputError
from technopole.experiments.plan import Plan
from technopole.experiments.store_arrays import StoredArray
from technopole.experiments.store_files import Damage, StoreFiles, Sums, is_there
from technopole.experiments.store_plans import other_plan, read_attributes, stored_plan
from technopole.experiments.store_template import fill_value, place_store
from technopole.experiments.store_variables import OutputVariable
from technopole.files.chunks import Chunk, encode_chunk, sync_folder, write_chunks, write_synced
from technopole.files.journal import SUFFIX, Entry, Journal, read_journals
from technopole.files.leftovers import leftovers_in, remove_leftovers, unfinished
from technopole.files.write import refuse_folder

if TYPE_CHECKING:
    from technopole.experiments.unit_result import UnitResult

SUMS = "statistics_files"
"""Attribute of the root: sizes and checksums of the files of the statistics."""


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
        self.files = StoreFiles(path, plan)
        self._mark: tuple[int, ...] = ()

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
        if overwrite and os.path.lexists(target):
            cls.open(target, plan=None)  # nothing but an experiment is removed
        try:
            place_store(target, plan, overwrite)
        except OSError as failure:
            raise _unwritable(target, failure) from failure
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
        return self.files.intact(self.done_units())

    def missing_statistics(self) -> list[Path]:
        """Return the files of statistics that were written and are not there with their size; nothing is read."""
        attributes = self.attributes
        if not attributes["complete"]:
            return []
        files = self.files.of_statistics(_sums_in(attributes))
        return [file.path for file in files if not is_there(file)]

    def damage(self) -> Damage:
        """Read the files of all units that are done, and the statistics of a complete store; compare checksums."""
        attributes = self.attributes
        return self.files.damage(self.done_units(), _sums_in(attributes), bool(attributes["complete"]))

    def remove(self, damage: Damage) -> None:
        """Remove damaged files, so that they are computed again and nobody reads them.

        Parameters
        ----------
        damage : Damage
            Of this store.

        Raises
        ------
        OutputError
            If one cannot be removed.
        """
        try:
            for path in damage.paths:
                path.unlink(missing_ok=True)
        except OSError as failure:
            raise OutputError(
                f"{path}: is damaged and cannot be removed: {failure.strerror or failure}"
            ) from failure

    def check_plan(self) -> None:
        """Raise if the store at the path is not that of this plan any more.

        Raises
        ------
        ConfigError
            If it was removed, or replaced by that of another plan.
        """
        mark: tuple[int, ...] = ()
        with contextlib.suppress(OSError):  # reading the attributes then says what is wrong
            # opened and not just looked at, so that a file system of a network does not answer from memory
            with open(self.path / "zarr.json", "rb") as file:
                found = os.fstat(file.fileno())
            mark = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        if mark and mark == self._mark:
            return
        try:
            digest = read_attributes(self.path)["plan_digest"]
        except DataError as failure:
            raise ConfigError(f"the store was removed or replaced meanwhile: {failure}") from None
        if digest != self.digest:
            raise ConfigError(
                f"the store at {self.path} now belongs to another plan, of a run that replaced it; nothing more is "
                "written to it: this run needs another place (--out)"
            )
        self._mark = mark

    def write_unit(self, result: UnitResult) -> Entry:
        """Write what a unit computed, then commit it; that the store is still that of the plan is seen to before.

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
        ConfigError
            If the store at the path is now that of another plan, or gone: nothing is written.
        """
        number = result.unit.number
        try:
            self.check_plan()
            entry = self._write_files(result)
            self.check_plan()
            self._journal.append(entry)
        except (OSError, OutputError) as failure:
            self._check_unit(number)  # where the store is another one, that is the reason
            if isinstance(failure, OSError):
                raise _unwritable(self.path, failure) from failure
            raise
        except ConfigError as failure:
            raise _lost(number, failure) from failure
        return entry

    def _write_files(self, result: UnitResult) -> Entry:
        """Write the files of a unit; return the line that commits them."""
        from technopole.files.firm_output import write_firms

        number = result.unit.number
        chunks = [
            encode_chunk(
                self.path / variable.path,
                self.files.index(number, variable),
                result.arrays[variable.path],
                variable.chunk,
                fill_value(variable),
            )
            for variable in self.files.by_units
        ]
        table: tuple[tuple[int, int], ...] = ()
        if result.firms is not None:
            table = write_firms(self.path, number, result.firms, self.check_plan)
        write_chunks(chunks, self.check_plan)
        for variable in self.files.by_units:
            sync_folder(self.path / variable.path)
        return Entry(
            number,
            self.digest,
            result.done,
            result.failed,
            tuple(len(chunk.content) for chunk in chunks),
            tuple(chunk.checksum for chunk in chunks),
            tuple(result.errors),
            round(result.seconds, 4),
            table=table,
        )

    def _check_unit(self, number: int) -> None:
        try:
            self.check_plan()
        except ConfigError as failure:
            raise _lost(number, failure) from failure

    def write_final(self, variable: OutputVariable, index: int, values: NDArray[Any]) -> Chunk:
        """Write one chunk of a statistic.

        Parameters
        ----------
        variable : OutputVariable
            Written at the end; cut along points only.
        index : int
            Of the chunk along points.
        values : ndarray
            All of it.

        Returns
        -------
        Chunk
            The file.

        Raises
        ------
        OutputError
            If it cannot be written.
        ConfigError
            If the store is now that of another plan.
        """
        folder = self.path / variable.path
        whole = (index, *[0] * (len(variable.shape) - 1))
        content = np.asarray(values, dtype=variable.dtype)
        chunk = encode_chunk(folder, whole, content, variable.chunk, fill_value(variable))
        try:
            write_chunks([chunk], self.check_plan)
        except OSError as failure:
            self.check_plan()
            raise _unwritable(self.path, failure) from failure
        return chunk

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
        ConfigError
            If the store is now that of another plan.
        """
        self.check_plan()
        path = self.path / "zarr.json"
        content = json.loads(path.read_bytes())
        content["attributes"] |= changes
        part = unfinished(path)
        try:
            write_synced(part, json.dumps(content, indent=2, ensure_ascii=False).encode())
            os.replace(part, path)
            sync_folder(self.path)
        except OSError as failure:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise _unwritable(self.path, failure) from failure

    def array(self, path: str) -> StoredArray:
        """Return an array that units write, for reading.

        Parameters
        ----------
        path : str
            From the root.
        """
        (variable,) = (variable for variable in self.files.by_units if variable.path == path)
        return StoredArray(self.path, variable, self.files, self.plan.n_units)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the root as they are now."""
        return read_attributes(self.path)

    def processes(self) -> int:
        """Return how many processes have written a journal."""
        return sum(1 for _ in (self.path / JOURNAL).glob(f"*{SUFFIX}"))

    def remove_leftovers(self) -> None:
        """Remove parts of files that killed processes left; those that are being written stay."""
        variables = [variable for variable in self.plan.layout.variables if variable.writer != "template"]
        remove_leftovers(
            leftovers_in(
                [self.path, self.path / FIRMS, *(self.path / variable.path for variable in variables)]
            )
        )


def _sums_in(attributes: dict[str, Any]) -> Sums | None:
    """Return what was noted of the statistics; None in stores of earlier versions."""
    text = attributes.get(SUMS)
    return None if text is None else json.loads(text)


def _unwritable(path: Path, failure: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {failure.strerror or failure}")


def _lost(number: int, failure: ConfigError) -> ConfigError:
    return ConfigError(f"unit {number}: {failure}")
