"""What kind of result lies at a path, told from its attributes alone, so that no command replaces another one's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OTHER = ""
"""Arrays that no command made, such as results that somebody has worked on."""
NO_RESULT = "no result"
"""Whatever is neither a Zarr store nor an HDF5 file."""
NAMES = {
    "run": "the results of a run",
    "experiment": "the store of an experiment",
    "claims": "the results of technopole claims",
    "validation": "the results of technopole validate",
    "sensitivity": "the results of technopole sensitivity",
    "comparison": "the results of technopole compare",
    OTHER: "no result of technopole",
    NO_RESULT: "not a result of technopole",
}
"""Kind → words for people."""
_MARKED = ("claims", "validation", "sensitivity", "comparison")
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def kind_of_attributes(attributes: Mapping[str, Any]) -> str:
    """Return the kind of a dataset.

    Parameters
    ----------
    attributes : mapping
        Of the dataset.

    Returns
    -------
    str
        One of `NAMES`; `OTHER` if no command made it.
    """
    marked = attributes.get("kind")
    if marked in _MARKED:
        return str(marked)
    if "sweep" in attributes:
        return "experiment"
    return "run" if "config" in attributes else OTHER


def kind_at(path: Path) -> str:
    """Return the kind of what is at a path.

    Parameters
    ----------
    path : Path
        Ends with ``.zarr`` or ``.nc``.

    Returns
    -------
    str
        One of `NAMES`.
    """
    try:
        attributes = _store_attributes(path) if path.suffix == ".zarr" else _file_attributes(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return NO_RESULT
    return kind_of_attributes(attributes)


def _store_attributes(path: Path) -> Mapping[str, Any]:
    content = json.loads((path / "zarr.json").read_bytes())
    if content["zarr_format"] != 3 or content["node_type"] != "group":
        raise ValueError("no group of Zarr")
    return dict(content.get("attributes", {}))


def _file_attributes(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        if file.read(len(_HDF5_MAGIC)) != _HDF5_MAGIC:
            raise ValueError("no HDF5")
    from h5netcdf import File

    with File(path, "r") as content:
        return {name: content.attrs[name] for name in ("kind", "sweep", "config") if name in content.attrs}
