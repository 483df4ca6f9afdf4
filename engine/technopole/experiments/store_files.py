"""The files of the store of an experiment: which there should be, and whether they are what was committed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from technopole.experiments.plan import Plan
from technopole.experiments.store_variables import OutputVariable
from technopole.files.chunks import SEPARATOR, chunk_path
from technopole.files.firm_output import NO_FILE, group_of, is_missing, table_names
from technopole.files.journal import Entry

Sums = Mapping[str, list[tuple[int, int]]]
"""Array of a statistic → size and CRC-32 of each of its chunks."""


class Committed(NamedTuple):
    """A file with what is known of it; None: not known (of stores made by earlier versions)."""

    path: Path
    size: int | None
    checksum: int | None


@dataclass
class Damage:
    """Files that are not what was committed.

    Attributes
    ----------
    units : dict of int to list of Path
        Number of a unit → its damaged or missing files.
    statistics : list of Path
        The same of statistics.
    """

    units: dict[int, list[Path]] = field(default_factory=dict)
    statistics: list[Path] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        """All of them."""
        return [*(path for paths in self.units.values() for path in paths), *self.statistics]


class StoreFiles:
    """The files of one store.

    Parameters
    ----------
    root : Path
        Of the store.
    plan : Plan
        Of the store.
    """

    def __init__(self, root: Path, plan: Plan) -> None:
        self._root, self._plan = root, plan
        self.by_units = plan.layout.written_by("unit")
        self._names = table_names(plan.sweep.firm_variables)

    def index(self, number: int, variable: OutputVariable) -> tuple[int, ...]:
        """Return the index of the chunk of an array that a unit writes."""
        return (*self._place(number), *[0] * (len(variable.shape) - 2))

    def chunks(self, number: int) -> Iterator[Path]:
        """Return the chunks of a unit, in the order of the arrays."""
        for variable in self.by_units:
            yield chunk_path(self._root / variable.path, self.index(number, variable))

    def of_unit(self, number: int, entry: Entry) -> Iterator[Committed]:
        """Return the files of a unit with what its line in the journal says of them."""
        yield from map(Committed, self.chunks(number), entry.sizes, entry.sums)
        yield from self._table(number, entry)

    def of_statistics(self, sums: Sums | None) -> Iterator[Committed]:
        """Return the files of the statistics.

        Parameters
        ----------
        sums : mapping or None
            What was noted when they were written; None: nothing.
        """
        for variable in self._plan.layout.written_by("final"):
            known = None if sums is None else sums.get(variable.path)
            for number in range(variable.n_chunks):
                path = chunk_path(self._root / variable.path, (number, *[0] * (len(variable.shape) - 1)))
                size, checksum = known[number] if known else (None, None)
                yield Committed(path, size, checksum)

    def intact(self, done: Mapping[int, Entry]) -> dict[int, Entry]:
        """Return those units whose files are there with the size they were written with."""
        # one look into each folder, however many units there are
        sizes = [_sizes_in(self._root / variable.path) for variable in self.by_units]
        return {
            number: entry
            for number, entry in done.items()
            if number < self._plan.n_units and self._is_intact(number, entry, sizes)
        }

    def damage(self, done: Mapping[int, Entry], sums: Sums | None, statistics: bool) -> Damage:
        """Read all files that were committed and compare them.

        Parameters
        ----------
        done : mapping of int to Entry
            Units that are done.
        sums : mapping or None
            As for `of_statistics`.
        statistics : bool
            Those are written too.

        Returns
        -------
        Damage
            What is not as it was, or is not there.
        """
        found = Damage()
        for number, entry in sorted(done.items()):
            if number < self._plan.n_units:
                wrong = [file.path for file in self.of_unit(number, entry) if not _is_right(file)]
                if wrong:
                    found.units[number] = wrong
        if statistics:
            found.statistics = [file.path for file in self.of_statistics(sums) if not _is_right(file)]
        return found

    def _is_intact(self, number: int, entry: Entry, sizes: list[dict[str, int]]) -> bool:
        place = self._place(number)
        for variable, there, size in zip(self.by_units, sizes, entry.sizes, strict=True):
            name = SEPARATOR.join(["c", *map(str, place), *["0"] * (len(variable.shape) - 2)])
            if there.get(name) != size:
                return False
        return all(is_there(file) for file in self._table(number, entry))

    def _table(self, number: int, entry: Entry) -> Iterator[Committed]:
        folder = group_of(self._root, number)
        known = entry.table or [(None, None)] * len(self._names)
        for name, (size, checksum) in zip(self._names, known, strict=True):
            if size is None and not is_missing(folder, name):
                continue
            if (size, checksum) != NO_FILE:
                yield Committed(folder / name, size, checksum)

    def _place(self, number: int) -> tuple[int, int]:
        """Return the index of a unit along blocks of points and of replicates."""
        block, place = divmod(number, self._plan.n_point_blocks)
        return place, block


def is_there(file: Committed) -> bool:
    """Tell whether a file is there with its size; nothing is read."""
    try:
        size = os.stat(file.path).st_size
    except OSError:
        return False
    return size == file.size if file.size is not None else True


def _is_right(file: Committed) -> bool:
    if file.checksum is None:
        return is_there(file)
    try:
        return zlib.crc32(file.path.read_bytes()) == file.checksum
    except OSError:
        return False


def _sizes_in(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.name.startswith("c")}
    except OSError:
        return {}  # no file of it is there
