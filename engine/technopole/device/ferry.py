"""Copies of large arrays to and from a GPU, faster than the driver copies what the system may move elsewhere.

The GPU itself fetches from memory that the system has promised to leave where it is. There are two pieces of it: while
the GPU works on one, threads of the host fill or empty the other.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.machine import available_processors
from technopole.errors import TechnopoleError

PIECE = 1 << 25
"""Bytes of a piece."""
LEAST = 1 << 23
"""Bytes of an array that is worth it."""
MOST_THREADS = 8


class Ferry:
    """Copies by way of two pieces of memory, which are taken when they are first asked for (`usable`).

    Parameters
    ----------
    call : callable
        (name, arguments...) → what a function of the driver returns; raises if it fails.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._pieces: list[int] = []
        self._streams: list[Any] = []
        self._threads = min(available_processors().number, MOST_THREADS)
        self._refused = False

    def usable(self) -> bool:
        """Return whether there are pieces of memory; some systems limit how much may be kept in its place.

        Returns
        -------
        bool
            If not, the driver must copy in its own way.
        """
        try:
            while len(self._pieces) < 2 and not self._refused:
                self._pieces.append(int(self._call("cuMemAllocHost", PIECE)))
            while len(self._streams) < 2 and not self._refused:
                self._streams.append(self._call("cuStreamCreate", 0))
        except TechnopoleError:
            self._refused = True
            self.close()
        return not self._refused

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy a contiguous array to the GPU.

        Parameters
        ----------
        address : int
            Where it begins there.
        array : ndarray
            What is copied.
        """
        self._call("cuCtxSynchronize")  # launches are in another stream
        with ThreadPoolExecutor(self._threads) as pool:
            for number, (begin, nbytes) in enumerate(_pieces(array.nbytes)):
                piece, stream = self._pieces[number % 2], self._streams[number % 2]
                self._call("cuStreamSynchronize", stream)
                _copy(pool, self._threads, piece, array.ctypes.data + begin, nbytes)
                self._call("cuMemcpyHtoDAsync", address + begin, piece, nbytes, stream)
        self._wait()

    def download(self, array: NDArray[Any], address: int) -> None:
        """Fill a contiguous array from the GPU.

        Parameters
        ----------
        array : ndarray
            What is filled.
        address : int
            Where it begins there.
        """
        self._call("cuCtxSynchronize")
        pieces = list(_pieces(array.nbytes))

        def fetch(number: int) -> None:
            if number < len(pieces):
                (begin, nbytes), which = pieces[number], number % 2
                arguments = self._pieces[which], address + begin, nbytes, self._streams[which]
                self._call("cuMemcpyDtoHAsync", *arguments)

        fetch(0)
        with ThreadPoolExecutor(self._threads) as pool:
            for number, (begin, nbytes) in enumerate(pieces):
                fetch(number + 1)
                self._call("cuStreamSynchronize", self._streams[number % 2])
                _copy(pool, self._threads, array.ctypes.data + begin, self._pieces[number % 2], nbytes)

    def close(self) -> None:
        """Give the memory back."""
        for stream in self._streams:
            self._call("cuStreamDestroy", stream)
        for piece in self._pieces:
            self._call("cuMemFreeHost", piece)
        self._streams, self._pieces = [], []

    def _wait(self) -> None:
        for stream in self._streams:
            self._call("cuStreamSynchronize", stream)


def _pieces(nbytes: int) -> Iterator[tuple[int, int]]:
    """Yield begin and length of the pieces of an array."""
    for begin in range(0, nbytes, PIECE):
        yield begin, min(PIECE, nbytes - begin)


def _copy(pool: ThreadPoolExecutor, threads: int, to: int, begin: int, nbytes: int) -> None:
    """Copy within the memory of the host."""
    bounds = np.linspace(0, nbytes, threads + 1).astype(np.int64).tolist()
    parts = [(to + low, begin + low, high - low) for low, high in zip(bounds, bounds[1:], strict=False)]
    list(pool.map(lambda part: ctypes.memmove(*part), parts))
