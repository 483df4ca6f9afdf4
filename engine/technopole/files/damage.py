"""Stores that cannot be read: which variable, which chunk, and what to do about it.

Arrays are read when they are used, so that damage shows anywhere. It is looked for only then: nothing is slower while
all is well.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.basics.stored_names import JOURNAL, LABELS
from technopole.errors import DataError, TechnopoleError

if TYPE_CHECKING:
    import xarray as xr

ADVICE = (
    "technopole status --verify removes what is damaged, technopole experiment --resume computes it again"
)
COPY = (
    "technopole experiment writes the same file when it begins another store of the same sweep (--out elsewhere): "
    "copy it from there"
)
AGAIN = "restore a copy, or delete it and compute it again with the command that made it"


@contextmanager
def naming_damage(source: object) -> Iterator[None]:
    """Turn errors of damaged files into a message that names the file; all other errors stay as they are.

    Parameters
    ----------
    source : path or xarray.Dataset
        What is read.

    Raises
    ------
    DataError
        If something failed, and a file of the store cannot be read.
    """
    try:
        yield
    except TechnopoleError:
        raise
    except Exception:
        path = _path_of(source)
        found = None if path is None else damage_of(path)
        if found is None:
            raise
        raise DataError(found) from None


def open_store(path: Path) -> xr.Dataset:
    """Open a Zarr store, lazily.

    Parameters
    ----------
    path : Path
        Folder with a ``zarr.json``.

    Returns
    -------
    xarray.Dataset
        Of the root group.

    Raises
    ------
    DataError
        If it is no store that can be read; names the file.
    """
    import xarray as xr

    problem = description_problem(path)
    if problem is not None:
        raise DataError(problem)
    try:
        with naming_damage(path):
            ds: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False)
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise DataError(f"{path}: cannot be read as a store: {failure}") from None
    return ds


def description_problem(path: Path) -> str | None:
    """Return what is wrong with the descriptions of a store and its arrays, or None.

    Parameters
    ----------
    path : Path
        Of the store.
    """
    root = path / "zarr.json"
    problem = _json_problem(root)
    if problem is not None:
        return f"{root}: the description of the store is damaged ({problem}); {_advice(path, None)}"
    for name in _arrays(path):
        file = path / name / "zarr.json"
        problem = _json_problem(file)
        if problem is not None:
            return (
                f"{path}: variable {name}: its description, {name}/zarr.json, is damaged ({problem}); "
                f"{_advice(path, None)}"
            )
    return None


def damage_of(path: Path) -> str | None:
    """Look for the first file of a store that cannot be read.

    Parameters
    ----------
    path : Path
        Of the store; of its arrays only those of the root group are read.

    Returns
    -------
    str or None
        What is damaged and what to do, in one line.
    """
    if not path.is_dir():
        return None
    problem = description_problem(path)
    if problem is not None:
        return problem
    for name in _arrays(path):
        found = _damaged_chunk(path, name)
        if found is not None:
            key, reason = found
            return f"{path}: variable {name}: chunk {key} is damaged ({reason}); {_advice(path, name)}"
    return None


def _path_of(source: object) -> Path | None:
    where = getattr(source, "encoding", {}).get("source", "") or (
        source if isinstance(source, str | Path) else ""
    )
    return Path(where) if str(where) else None


def _damaged_chunk(path: Path, name: str) -> tuple[str, str] | None:
    import zarr

    try:
        array: Any = zarr.open_array(path / name, mode="r", zarr_format=3)
        counts = [-(-length // size) for length, size in zip(array.shape, array.chunks, strict=True)]
    except Exception as failure:
        return "of all kinds", str(failure)
    for index in itertools.product(*(range(count) for count in counts)):
        try:
            array.blocks[index] if index else array[...]
        except Exception as failure:  # decoders raise whatever they like
            return str(array.metadata.encode_chunk_key(index)), str(failure)
    return None


def _json_problem(file: Path) -> str | None:
    """Return what is wrong with a description of a group or an array."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as failure:
        return failure.strerror or str(failure)
    except ValueError as failure:
        return str(failure) if file.stat().st_size else "it is empty"
    if not isinstance(content, dict) or "node_type" not in content:
        return "it does not describe a group or an array"
    return None


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads((path / "zarr.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _arrays(path: Path) -> list[str]:
    """Return the arrays of the root group: those that are named in it, or those that are there."""
    consolidated = _content(path).get("consolidated_metadata")
    try:
        nodes = dict(consolidated["metadata"]) if consolidated else {}
        named = [name for name, node in nodes.items() if "/" not in name and node["node_type"] == "array"]
    except (TypeError, KeyError, ValueError):
        named = []
    return sorted(named) or sorted(file.parent.name for file in path.glob("*/zarr.json") if _is_array(file))


def _is_array(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_bytes()).get("node_type") == "array")
    except (OSError, ValueError, AttributeError):
        return True  # damaged: it is named as such


def _advice(path: Path, variable: str | None) -> str:
    """Say how to get a file back: a chunk of a variable, or a description.

    Units write results, which can be computed again. What is written before the first unit is the same in any store of
    the sweep.
    """
    if not (path / JOURNAL).is_dir():
        return AGAIN
    written_first = variable is None or variable in LABELS or "." in variable
    return COPY if written_first else ADVICE
