"""The journals of an experiment: which units are done, one line each, written when their results are on the disk.

Every process appends to a file of its own, so that nothing needs a lock between processes. A line is the commit
of a unit: it is written, and reaches the disk, after the files of the unit. A line that was torn by a crash has a
wrong checksum and does not count; its unit is computed again.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from technopole.basics.stored_names import JOURNAL
from technopole.files.chunks import sync_folder

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Entry:
    """One line: a unit is done.

    Attributes
    ----------
    unit : int
        Its number.
    plan : str
        Hash of the plan.
    done, failed : int
        Replicates, counted over all points of the unit.
    sizes, sums : tuple of int
        Bytes and CRC-32 of each file of the unit, in the order of the arrays in the layout of the store.
    errors : tuple of (int, int, str)
        Id of the point, replicate, message, of each replicate that failed.
    seconds : float
        Spent on computing.
    time : float
        Of the commit, seconds since 1970.
    host : str
        Name of the machine.
    table : tuple of (int, int)
        Bytes and CRC-32 of each file of the table of firms, in the order of `firm_output.table_names`; empty where
        there is none, and in lines of earlier versions.
    """

    unit: int
    plan: str
    done: int
    failed: int
    sizes: tuple[int, ...]
    sums: tuple[int, ...]
    errors: tuple[tuple[int, int, str], ...] = ()
    seconds: float = 0.0
    time: float = 0.0
    host: str = ""
    table: tuple[tuple[int, int], ...] = ()

    def line(self) -> bytes:
        """Return the line with its checksum."""
        content = asdict(self)
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
        return b"%08x %b\n" % (zlib.crc32(text), text)


class Journal:
    """What one process appends; the file is made with the first line. May be used by several threads.

    Parameters
    ----------
    store : path
        Root of the store.
    """

    def __init__(self, store: Path) -> None:
        host = socket.gethostname().partition(".")[0]
        name = f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}{SUFFIX}"
        self._path = store / JOURNAL / name
        self._host = host
        self._torn = False
        self._lock = threading.Lock()

    def append(self, entry: Entry) -> None:
        """Write a line and wait until it is on the disk.

        Parameters
        ----------
        entry : Entry
            Its time and host are filled in here.

        Raises
        ------
        OSError
            If that is not possible; the unit then does not count as done.
        """
        content = asdict(entry) | {"time": round(time.time(), 3), "host": self._host}
        line = Entry(**content).line()
        with self._lock:
            new = not self._path.exists()
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                # whatever a failed attempt has left is ended first, so that this line can be read
                whole = b"\n" + line if self._torn else line
                self._torn = True
                if os.write(handle, whole) < len(whole):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(handle)
                self._torn = False
            finally:
                os.close(handle)
            if new:
                sync_folder(self._path.parent)


def read_journals(store: Path, plan: str) -> dict[int, Entry]:
    """Return the units that are done.

    Parameters
    ----------
    store : Path
        Root of the store.
    plan : str
        Hash of the plan; lines of other plans do not count.

    Returns
    -------
    dict of int to Entry
        The last line of each unit, in the order of their numbers, whatever the names of the journals are.
    """
    found: dict[int, Entry] = {}
    for path in sorted((store / JOURNAL).glob(f"*{SUFFIX}")):
        for entry in _entries(path.read_bytes().split(b"\n")):
            known = found.get(entry.unit)
            if entry.plan == plan and (known is None or entry.time >= known.time):
                found[entry.unit] = entry
    return dict(sorted(found.items()))


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        checksum, _, text = line.partition(b" ")
        if not text or b"%08x" % zlib.crc32(text) != checksum:
            continue
        content: dict[str, Any] = json.loads(text)
        content["sizes"], content["sums"] = tuple(content["sizes"]), tuple(content["sums"])
        content["errors"] = tuple((int(p), int(r), str(words)) for p, r, words in content["errors"])
        content["table"] = tuple((int(size), int(total)) for size, total in content.get("table", ()))
        yield Entry(**content)
