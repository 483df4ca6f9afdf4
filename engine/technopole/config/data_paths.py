"""The path of the data in a configuration: from where it counts, and that something is read from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from technopole.errors import ConfigError

UNREAD = {
    "synthetic": "makes its economy up",
    "embedded": "lists regions, sectors and firms itself and reads no other files",
}
"""Kinds of data that have no use for a path, and why."""


def path_in(content: Mapping[str, Any]) -> str:
    """Return ``data.path`` as it stands in a file, empty if there is none."""
    data = content.get("data")
    path = data.get("path") if isinstance(data, Mapping) else None
    return path if isinstance(path, str) else ""


def resolve_path(content: dict[str, Any], folder: Path) -> None:
    """Make ``data.path`` absolute; a relative one counts from the folder of the file."""
    path = path_in(content)
    if path:
        absolute = os.path.join(os.path.abspath(folder), os.path.expanduser(path))
        content["data"] = {**content["data"], "path": os.path.normpath(absolute)}


def refuse_unread_path(kind: str, place: str, path: str, source: str, allowed: str) -> None:
    """Raise if a path of data is given to a configuration that reads no data.

    Parameters
    ----------
    kind : str
        ``data.kind`` of the configuration.
    place, path : str
        Where the path was given, for messages, and the path.
    source : str
        What messages call the configuration.
    allowed : str
        Begin of what is allowed instead.

    Raises
    ------
    ConfigError
        Where the economy is listed or made up.
    """
    if kind in UNREAD:
        raise ConfigError(
            f'{place}: found {path}, but data.kind is "{kind}": {source} {UNREAD[kind]}; allowed: {allowed} or file '
            'of data where data.kind is "folder" or "cbp"'
        )
