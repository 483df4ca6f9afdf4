"""Arrays in the memory of a device: where they lie, and the structs by which compiled code finds them."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 256
"""Bytes; what the allocators of GPUs keep, so that neighbouring threads read whole lines of memory."""

ADDRESS_WORD = 4
"""Of the struct of an array."""


class Place(NamedTuple):
    """An array in a block of memory."""

    offset: int
    """Bytes from the beginning of the block."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Bytes without what fills up to the next array."""
        return math.prod(self.shape) * self.dtype.itemsize


def aligned(nbytes: int) -> int:
    """Return a number of bytes, filled up to where the next array may begin.

    Parameters
    ----------
    nbytes : int
        0 or more.

    Returns
    -------
    int
        A multiple of `ALIGNMENT`.
    """
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def arrange(arrays: dict[str, NDArray[Any]]) -> tuple[dict[str, Place], int]:
    """Find places for some arrays in one block.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Only their shapes and types count.

    Returns
    -------
    places : dict of str to Place
        One after the other.
    nbytes : int
        Of the block.
    """
    places, end = {}, 0
    for name, array in arrays.items():
        places[name] = Place(end, array.shape, array.dtype)
        end += aligned(places[name].nbytes)
    return places, end


def arrays_in(values: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays of a named tuple, those of named tuples in it at their place.

    Parameters
    ----------
    values : named tuple
        Of arrays, floats and named tuples.

    Yields
    ------
    ndarray
        In the order of the fields.
    """
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, tuple):
            yield from arrays_in(value)


def describe(values: Any, addresses: Sequence[int]) -> bytes:
    """Return the struct that compiled code reads a named tuple of arrays from.

    It is the data model of numba: an array is seven words or more (two that are not used, number and size of the items,
    address, shape, strides in bytes), a float is itself, a named tuple its fields one after the other.

    Parameters
    ----------
    values : named tuple
        Of arrays, floats and named tuples; only shapes and types of the arrays count.
    addresses : sequence of int
        Of all its arrays, C-contiguous, in the order of `arrays_in`.

    Returns
    -------
    bytes
        Nothing in it but numbers of 8 bytes.
    """
    left = iter(addresses)
    described = b"".join(_words(values, left))
    if next(left, None) is not None:
        raise ValueError("more addresses than arrays")
    return described


def describe_each(
    values: Any, addresses: Sequence[int], steps: Sequence[int], count: int
) -> NDArray[np.int64]:
    """Return the structs of several named tuples of the same shapes, whose arrays lie at equal distances.

    Parameters
    ----------
    values : named tuple
        Of arrays.
    addresses : sequence of int
        Of the arrays of the first.
    steps : sequence of int
        Bytes from an array of one to that of the next.
    count : int
        How many.

    Returns
    -------
    ndarray of int64, shape (count, words)
        As `describe` returns them, one after the other.
    """
    first = np.frombuffer(describe(values, addresses), dtype=np.int64)
    table = np.tile(first, (count, 1))
    word = 0
    for array, step in zip(values, steps, strict=True):
        table[:, word + ADDRESS_WORD] += step * np.arange(count)
        word += 5 + 2 * array.ndim
    return table


def _words(values: Any, addresses: Iterator[int]) -> Iterator[bytes]:
    for value in values:
        if isinstance(value, np.ndarray):
            yield _array(value, next(addresses))
        elif isinstance(value, tuple):
            yield from _words(value, addresses)
        elif isinstance(value, float):
            yield struct.pack("=d", value)
        else:
            raise TypeError(f"a {type(value).__name__} has no place in a struct of arrays")


def _array(array: NDArray[Any], address: int) -> bytes:
    strides, step = [], array.itemsize
    for size in reversed(array.shape):
        strides.append(step)
        step *= size
    words = (0, 0, array.size, array.itemsize, address, *array.shape, *reversed(strides))
    return struct.pack(f"={len(words)}q", *words)
