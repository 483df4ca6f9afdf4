"""What is known of an array of the store of an experiment, and of all of them together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from technopole.basics.stored_names import JOURNAL

Writer = Literal["template", "unit", "final"]


@dataclass(frozen=True)
class OutputVariable:
    """One array of the store.

    Attributes
    ----------
    name : str
        Name in its group.
    group : str
        Empty: the root of the store.
    dims : tuple of str
        Names of the dimensions.
    shape, chunk : tuple of int
        Sizes of the array and of its chunks.
    dtype : str
        NumPy type; ``str`` for text.
    unit, long_name, cell_methods : str
        Metadata.
    writer : str
        ``template``, ``unit`` or ``final``.
    of : str
        Variable or outcome it is about, and
    part : str
        what of it: empty for the values themselves, ``moments``, or a part in `STATISTICS`.
    """

    name: str
    group: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: str
    unit: str
    long_name: str
    writer: Writer
    of: str = ""
    part: str = ""
    cell_methods: str = ""

    @property
    def path(self) -> str:
        """Name from the root of the store."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def n_chunks(self) -> int:
        """Number of chunks, each of which is a file."""
        return math.prod(-(-size // chunk) for size, chunk in zip(self.shape, self.chunk, strict=True))

    @property
    def n_bytes(self) -> int:
        """Bytes before compression; text counted as 16 bytes each."""
        return math.prod(self.shape) * (16 if self.dtype == "str" else np.dtype(self.dtype).itemsize)


@dataclass(frozen=True)
class Layout:
    """All arrays of a store.

    Attributes
    ----------
    variables : tuple of OutputVariable
        In the order in which they are made.
    tables : int
        Arrays of a table of firms, 0 if there are none.
    units : int
        Units, each of which writes a table of firms if there are any.
    table_bytes : int
        Estimated size of all tables of firms.
    """

    variables: tuple[OutputVariable, ...]
    tables: int = 0
    units: int = 0
    table_bytes: int = 0

    @property
    def files(self) -> int:
        """Files of the finished store: chunks, a ``zarr.json`` for each array and group."""
        groups = {variable.group for variable in self.variables} | {"", JOURNAL}
        count = len(groups) + sum(variable.n_chunks + 1 for variable in self.variables)
        if self.tables:
            # the group of all tables; for each unit a group, and per array one chunk and its metadata
            count += 1 + self.units * (1 + 2 * self.tables)
        return count

    @property
    def bytes(self) -> int:
        """Bytes before compression."""
        return sum(variable.n_bytes for variable in self.variables) + self.table_bytes

    def written_by(self, writer: Writer) -> list[OutputVariable]:
        """Return the arrays of one writer."""
        return [variable for variable in self.variables if variable.writer == writer]
