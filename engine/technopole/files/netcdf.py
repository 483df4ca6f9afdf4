"""Writing a netCDF file so that a full disk is an error like any other.

The HDF5 library does not survive a write that fails: closing the file afterwards ends the process. So it writes to a
Python object that keeps the first failure for later and accepts everything from then on; the file is worthless and
deleted by whoever asked for it. A signal that Python turned into an exception in the middle of such a write would be
a failure as well. Therefore another thread writes, as signals come to the main one.
"""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr
    from _typeshed import ReadableBuffer, WriteableBuffer


def write_netcdf(ds: xr.Dataset, path: Path) -> None:
    """Write a dataset to a new file of netCDF 4.

    Parameters
    ----------
    ds : xarray.Dataset
        Any.
    path : Path
        Must not be there.

    Raises
    ------
    OSError
        If there is no room, or another reason not to write; what is there of the file is of no use.
    KeyboardInterrupt
        As any other exception raised on the calling thread meanwhile, after the other thread has ended.
    """
    with open(path, "x+b", buffering=0) as raw, ThreadPoolExecutor(1, "technopole-netcdf") as pool:
        file = ForgivingFile(raw)
        writing = pool.submit(ds.to_netcdf, file, engine="h5netcdf")
        try:
            writing.result()
        except Exception:  # the library noticed
            if file.failure is None:
                raise
        finally:
            file.give_up()
        if file.failure is not None:
            raise file.failure


class ForgivingFile(io.RawIOBase):
    """A file whose writing never fails: what went wrong is told afterwards.

    Parameters
    ----------
    raw : io.FileIO
        Where to write, and read again; nobody else moves in it.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._place = self._size = 0
        self._given_up = False
        self.failure: OSError | None = None
        """The first one."""

    def give_up(self) -> None:
        """Leave the file alone from now on, but pretend to go on."""
        self._given_up = True

    def readable(self) -> bool:
        """Return True: the library reads parts again."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, as in any file."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read; what was not written is zero."""
        view = memoryview(buffer).cast("B")
        found = 0 if self._given_up else os.preadv(self._raw.fileno(), [view], self._place)
        view[found:] = bytes(len(view) - found)
        self._place += len(view)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Make the file as long as told, if that is possible."""
        self._size = self._place if size is None else size
        if not self._given_up:
            try:
                self._raw.truncate(self._size)
            except OSError as failure:
                self._fail(failure)
        return self._size

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all, or go on as if it was written."""
        rest = memoryview(data).cast("B")
        end = self._place + len(rest)
        try:
            while rest and not self._given_up:
                rest = rest[os.pwrite(self._raw.fileno(), rest, end - len(rest)) :]
        except OSError as failure:
            self._fail(failure)
        written, self._place = end - self._place, end
        self._size = max(self._size, end)
        return written

    def _fail(self, failure: OSError) -> None:
        self.failure = failure
        self.give_up()
