"""Names of what is not finished yet, and the removal of what killed processes left under such names.

The name says which process writes: what is left of one that is dead goes at once, that of another machine when it is
old, and what is being written stays.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import socket
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

OLD_SECONDS = 600.0
"""What has not changed for so long is that of a process that was killed, on whatever machine."""
PARTIAL_SUFFIX = ".partial"
REPLACED_SUFFIX = ".replaced"

_UNFINISHED = re.compile(
    r"\..+\.((?P<place>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{12}|[0-9a-f]{32})\.(part|partial|replaced)"
)
"""The second form, without a process, is that of earlier versions."""


def unfinished(path: Path, suffix: str = PARTIAL_SUFFIX) -> Path:
    """Return a name beside a path for what is not finished yet, or is on its way out.

    Parameters
    ----------
    path : Path
        Where it belongs.
    suffix : str
        `PARTIAL_SUFFIX` or `REPLACED_SUFFIX`.

    Returns
    -------
    Path
        Another one at each call.
    """
    return path.with_name(f".{path.name}.{_place()}-{os.getpid()}-{uuid.uuid4().hex[:12]}{suffix}")


def leftovers_beside(path: Path) -> Iterator[Path]:
    """Return what unfinished names there are beside a path for that path."""
    yield from (found for found in _unfinished_in(path.parent) if found.name.startswith(f".{path.name}."))


def leftovers_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Return what unfinished names there are in some folders, not below them."""
    for folder in folders:
        yield from _unfinished_in(folder)


def remove_leftovers(paths: Iterable[Path]) -> None:
    """Remove files and folders that nobody writes any more; those that cannot be removed stay.

    Parameters
    ----------
    paths : iterable of Path
        Unfinished names.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            if not _is_left(path):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _unfinished_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in entries if _UNFINISHED.fullmatch(entry.name)]
    except OSError:
        return []


def _is_left(path: Path) -> bool:
    match = _UNFINISHED.fullmatch(path.name)
    if match is not None and match["place"] == _place():
        return not _is_alive(int(match["process"]))
    changed = [path.stat().st_mtime]
    if path.is_dir():
        changed += [inside.stat().st_mtime for inside in path.iterdir()]
    return time.time() - max(changed) > OLD_SECONDS


@functools.cache
def _place() -> str:
    """Return a word for where numbers of processes mean the same: a machine, or a container on it."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{zlib.crc32(f'{socket.gethostname()} {space}'.encode()):08x}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there and belongs to somebody else
    try:
        state = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")  # killed, and not yet waited for by who started it
