"""Writing chunks of a Zarr store of format 3, each a whole file that reaches the disk before it gets its name.

A chunk is encoded here as its array says (``bytes``, little-endian, then ``zstd``) and never read before it is
written, so that one which was torn by a crash cannot spoil what replaces it.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.files.leftovers import unfinished

LEVEL = 1
"""Of the compressor: results are mostly digits of chance, which a higher one shortens little."""
SEPARATOR = "."


class Chunk(NamedTuple):
    """An encoded chunk: its file and content."""

    path: Path
    content: bytes

    @property
    def checksum(self) -> int:
        """CRC-32 of the content."""
        return zlib.crc32(self.content)


def chunk_path(array: Path, index: tuple[int, ...]) -> Path:
    """Return the file of a chunk.

    Parameters
    ----------
    array : Path
        Folder of the array.
    index : tuple of int
        Of the chunk along each dimension.

    Returns
    -------
    Path
        All chunks of an array are in one folder.
    """
    return array / SEPARATOR.join(["c", *map(str, index)])


def encode_chunk(
    array: Path, index: tuple[int, ...], values: NDArray[Any], shape: tuple[int, ...], fill: Any
) -> Chunk:
    """Encode a chunk.

    Parameters
    ----------
    array : Path
        Folder of the array.
    index : tuple of int
        Of the chunk.
    values : ndarray
        What is in it; smaller than the chunk at the ends of the array.
    shape : tuple of int
        Of the chunk.
    fill : scalar
        Stands beyond the end.

    Returns
    -------
    Chunk
        The same bytes for the same values.
    """
    from numcodecs.zstd import Zstd

    whole = values
    if values.shape != shape:
        whole = np.full(shape, fill, dtype=values.dtype)
        whole[tuple(slice(size) for size in values.shape)] = values
    little = np.ascontiguousarray(whole, dtype=whole.dtype.newbyteorder("<"))
    return Chunk(chunk_path(array, index), bytes(Zstd(level=LEVEL).encode(little)))


def write_chunks(chunks: list[Chunk], check: Callable[[], object] = lambda: None) -> None:
    """Write chunks so that each file holds all of its chunk or what it held before.

    Parameters
    ----------
    chunks : list of Chunk
        They are on the disk when this returns; their folders are not waited for.
    check : callable, optional
        Called when all is written and nothing has its name yet; what it raises leaves everything as it was.

    Raises
    ------
    OSError
        If one cannot be written; no part of one is left behind.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        for chunk in chunks:
            part = unfinished(chunk.path)
            parts.append((part, chunk.path))
            write_synced(part, chunk.content)
        check()
        while parts:
            os.replace(*parts[-1])
            parts.pop()
    finally:
        for part, _ in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk.

    Parameters
    ----------
    path : Path
        Must not be there.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with open(path, "xb", buffering=0) as file:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Parameters
    ----------
    folder : Path
        Any.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
