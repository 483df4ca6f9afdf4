"""Models in files: written whole or not at all, and refused where they are not what they should be."""

from __future__ import annotations

import json
import os
import tomllib
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import path_given, yes_or_no
from technopole.config.config import Config
from technopole.errors import OutputError, StateError
from technopole.files.swap import replacing
from technopole.model.shocks import Shock
from technopole.model.snapshot import Snapshot
from technopole.schema import INSTRUMENTS, RECORDS, STATE
from technopole.schema.precision import precision_of, state_dtype
from technopole.version import __version__
from technopole.world.policies import DIMS

KIND = "technopole model"
FORMAT = 1
"""Of the files written; others are refused."""
_END = 22
"""Bytes of the record at the end of a zip archive."""
_SHOWN = "a file written by Model.save"


class Stored(NamedTuple):
    """What a file holds."""

    config: Config
    snapshot: Snapshot
    policies: dict[str, NDArray[np.float64]]
    shocks: list[Shock]


def write_model(path: str | os.PathLike[str], stored: Stored, overwrite: bool) -> Path:
    """Write a model: to a temporary sibling, which then takes the place of the path.

    Parameters
    ----------
    path : path
        Any name; missing folders are made.
    stored : Stored
        What is written.
    overwrite : bool
        Replace a saved model that is there.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    OutputError
        If something is there, or the path cannot be written.
    """
    target = path_given("path", path, "the path of the file to write")
    overwrite = yes_or_no("overwrite", overwrite)
    if os.path.lexists(target):
        if not _is_model(target):
            raise OutputError(f"{target}: is there and is not {_SHOWN}; choose another path")
        if not overwrite:
            raise OutputError(f"{target}: is there already; overwrite=True replaces it")
    with replacing(target) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **_arrays(stored))
    return target


def _arrays(stored: Stored) -> dict[str, Any]:
    snapshot = stored.snapshot
    header = {
        "kind": KIND,
        "format": FORMAT,
        "version": __version__,
        "digest": snapshot.digest,
        "seed": snapshot.seed,
        "replicate": snapshot.replicate,
        "config": stored.config.to_toml(),
        "shocks": [shock.__dict__ for shock in stored.shocks],
    }
    arrays: dict[str, Any] = {"header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)}
    arrays |= {f"state.{name}": values for name, values in snapshot.state.items()}
    arrays |= {f"record.{name}": values for name, values in snapshot.records.items()}
    return arrays | {f"policy.{name}": values for name, values in stored.policies.items()}


def _is_model(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return "header.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _refuse_more(source: Path) -> None:
    """Raise if something stands before or after the archive, which `zipfile` would pass over."""
    with source.open("rb") as file:
        begin = file.read(4)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END))
        end = file.read()
    if begin != b"PK\3\4" or not end.startswith(b"PK\5\6"):
        raise zipfile.BadZipFile("it does not begin and end as it was written")


def read_model(path: str | os.PathLike[str]) -> Stored:
    """Read a saved model.

    Parameters
    ----------
    path : path
        Written by `write_model`.

    Returns
    -------
    Stored

    Raises
    ------
    StateError
        If there is no such file, it is something else, damaged, or of another format.
    """
    source = path_given("path", path, "the path of a file written by Model.save")
    try:
        _refuse_more(source)
        with zipfile.ZipFile(source) as test:
            damaged = test.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} has other contents than when it was written")
        with np.load(source, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop("header").tobytes())
    except FileNotFoundError:
        raise StateError(f"{source}: there is no such file; allowed: {_SHOWN}") from None
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as failure:
        raise StateError(f"{source}: is not {_SHOWN}, or is damaged or not complete: {failure}") from None
    if not isinstance(header, dict) or header.get("kind") != KIND:
        raise StateError(f"{source}: is not {_SHOWN}")
    if header.get("format") != FORMAT:
        raise StateError(
            f"{source}: has the format {header.get('format')!r} of technopole {header.get('version')}; this is "
            f"technopole {__version__}, which reads format {FORMAT}"
        )
    return _stored(source, header, arrays)


def _stored(source: Path, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Stored:
    parts: dict[str, dict[str, NDArray[Any]]] = {"state": {}, "record": {}, "policy": {}}
    for name, values in arrays.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = values
    known: dict[str, Iterable[str]] = {"state": STATE, "record": RECORDS, "policy": INSTRUMENTS}
    complete = all(set(parts[part]) == set(rows) for part, rows in known.items() if part != "record")
    complete = complete and set(parts["record"]) in (set(), set(RECORDS)) and set(parts) == set(known)
    precision = precision_of(parts["state"]["share"]) if complete else "float64"
    types = complete and all(
        parts["state"][name].dtype == state_dtype(name, precision)
        and parts["state"][name].ndim == len(row.dims)
        for name, row in STATE.items()
    )
    if not types:
        raise StateError(
            f"{source}: does not hold the variables of this version; it was written by technopole "
            f"{header.get('version')}, this is {__version__}"
        )
    try:
        config = Config.from_dict(tomllib.loads(header["config"]), f"configuration in {source}")
        snapshot = Snapshot(
            header["digest"], header["seed"], header["replicate"], parts["state"], parts["record"]
        )
        shocks = [Shock(**{**shock, "periods": tuple(shock["periods"])}) for shock in header["shocks"]]
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as failure:
        raise StateError(f"{source}: is not {_SHOWN}: {failure}") from None
    _refuse_policies(source, parts["policy"], snapshot.state["reputation"].shape)
    return Stored(config, snapshot, parts["policy"], shocks)


def _refuse_policies(source: Path, policies: dict[str, NDArray[Any]], shape: tuple[int, ...]) -> None:
    """Raise if the array of a policy does not fit the regions and sectors of the state."""
    sizes = dict(zip(("region", "sector"), shape, strict=True))
    for name, values in policies.items():
        places = [sizes[dim] for dim in DIMS[name][1:]]
        fits = values.dtype == np.float64 and values.ndim == len(places) + 1 and values.shape[0] > 0
        fits = fits and all(size in (1, most) for size, most in zip(values.shape[1:], places, strict=True))
        if not fits or not np.isfinite(values).all():
            raise StateError(
                f"{source}: is damaged: policy {name}: found {values.dtype} of the shape {values.shape}; allowed: "
                f"finite numbers for any number of periods and {places}"
            )
