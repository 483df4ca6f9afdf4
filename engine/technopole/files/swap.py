"""Putting finished results into their place, so that neither they nor what was there before are lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from technopole.errors import OutputError
from technopole.files.chunks import sync_folder

_THREADS = 8
"""Files of a store reach the disk so many at a time: one by one takes a wait for each of them."""
_PART = ".part-"


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give the block a temporary sibling to write, which takes the place of a path when it is on the disk.

    Where a folder replaces another one, there is nothing at the path for a moment (`swap`). A process killed before its
    end leaves a folder ``.NAME.part-…`` beside the path, and ``.NAME.old-…`` with what was there if it was killed in
    that very moment.

    Parameters
    ----------
    target : Path
        File or folder; missing folders above it are made.

    Yields
    ------
    Path
        Where the block writes a file or folder; of the same name, in a folder of its own.

    Raises
    ------
    OutputError
        If it cannot be written, in the block or after it; what was at the path stays.
    """
    try:
        with (
            parents_of(target),
            tempfile.TemporaryDirectory(
                dir=target.parent, prefix=f".{target.name}{_PART}", ignore_cleanup_errors=True
            ) as folder,
        ):
            unfinished = Path(folder) / target.name
            yield unfinished
            sync(unfinished)
            swap(unfinished, target, target.with_name(Path(folder).name.replace(_PART, ".old-")))
    except OSError as failure:
        raise OutputError(f"{target}: cannot be written: {failure.strerror or failure}") from failure


def sync(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk.

    Parameters
    ----------
    path : Path
        Of either.

    Raises
    ------
    OSError
        If it cannot get there.
    """
    if not path.is_dir():
        _sync_file(path)
        return
    folders, files = [], []
    for place, _, names in os.walk(path):
        folders.append(Path(place))
        files += [Path(place, name) for name in names]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(_sync_file, files):
            pass
        for _ in pool.map(sync_names, folders):
            pass


def sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, if its file system can tell.

    Parameters
    ----------
    folder : Path
        Any.
    """
    with contextlib.suppress(OSError):
        sync_folder(folder)


def _sync_file(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def parents_of(target: Path) -> Iterator[None]:
    """Make the folders above a path; at the end of the block the path and they are known to the disk.

    Parameters
    ----------
    target : Path
        Made in the block.
    """
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    yield
    for folder in (target.parent, *(folder.parent for folder in made)):
        sync_names(folder)


def swap(new: Path, target: Path, old: Path) -> None:
    """Put a file or folder in the place of another one, which stays or comes back if that fails.

    A file takes the place of another one in one step. A folder cannot: between two steps nothing is there, and a
    process that is killed just then leaves the new one and the old one, both whole, under the names they have here.

    Parameters
    ----------
    new : Path
        On the disk already, as `sync` does it.
    target : Path
        Its place.
    old : Path
        Where a folder that is there goes meanwhile, in the same folder as `target`; gone at the end.

    Raises
    ------
    OSError
        If that is not possible.
    """
    if not target.is_dir():
        os.replace(new, target)
        return
    try:
        os.rename(target, old)
        os.rename(new, target)
        sync_names(target.parent)  # before the old one goes
    finally:
        # looked up, as an interrupt may come between any two steps
        if not os.path.lexists(target):
            os.rename(old, target)
    if old.is_symlink():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)
