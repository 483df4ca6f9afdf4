"""Designs whose points are listed, in the sweep or in a CSV file, and names of points."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from technopole.config.config import Config
from technopole.config.problems import Problems, found
from technopole.data.table_files import where_not_utf8
from technopole.schema.entries import Parameter
from technopole.sweeps.points import NAME
from technopole.sweeps.spreads import Spread
from technopole.sweeps.values import POLICY, checked_value, flattened, known_key, value_of

LONGEST = 80
"""Characters of the name of a point: longer ones fit into no figure."""


def check_names(names: Sequence[Any], number: int, place: str, problems: Problems) -> None:
    """Check the names of the points of a design.

    Parameters
    ----------
    names : sequence
        Of all points, or none.
    number : int
        Of points.
    place : str
        Where they stand, for messages.
    problems : Problems
        Gets what is wrong.
    """
    if names and len(names) != number:
        problems.add(place, f"found {len(names)} names for {number} points; allowed: one for each")
    seen = set()
    for name in names:
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST or not name.isprintable():
            what = "a point without a name" if name is None else f"found {found(name)}"
            problems.add(
                place,
                f"{what}; allowed: a name for each point, or none; at most {LONGEST} characters in a line",
            )
        elif name in seen:
            problems.add(place, f"found the name {name!r} twice; allowed: each once")
        seen.add(name)


def listed(
    kind: str, given: Mapping[str, Any], config: Config | None, folder: Path, problems: Problems
) -> tuple[list[Spread], tuple[Any, ...]]:
    """Return the points of a list or file as columns, and their names.

    Parameters
    ----------
    kind : str
        ``list`` or ``file``.
    given : mapping
        ``[design]`` as it stands in the file.
    config : Config or None
        The scenario, which has the values that points leave out; None if it has problems of its own.
    folder : Path
        A relative ``file`` counts from it.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    spreads : list of Spread
        One per key.
    names : tuple
        As they were given, None where a point has none; empty if no point has one.
    """
    if kind == "file":
        return _from_file(given.get("file"), folder, problems)
    points = given.get("points", ({},))
    tables = isinstance(points, tuple) and all(isinstance(row, Mapping) for row in points)
    if not tables or not points:
        what = "found none" if tables else f"found {found(points)}"
        problems.add("design.points", f"{what}; allowed: tables of dotted keys, [[design.points]]")
        return [], ()
    names = tuple(row.get(NAME) for row in points)
    rows = [{key: value for key, value in flattened(row).items() if key != NAME} for row in points]
    keys = {key: known_key(key, f"design.points[{i}]", problems) for i, row in enumerate(rows) for key in row}
    spreads = []
    for key, entry in keys.items():
        if entry is None:
            continue
        base = None
        if config is not None and any(key not in row for row in rows):
            if key.startswith(POLICY) and not any(f"{POLICY}{p.instrument}" == key for p in config.policies):
                spreads.append(Spread(key))  # reported below
                continue
            base = value_of(config, key)
        values = tuple(
            checked_value(entry, row[key], f"design.points[{i}].{key}", problems) if key in row else base
            for i, row in enumerate(rows)
        )
        spreads.append(Spread(key, values))
    if not any(rows) and len(rows) > 1:
        problems.add("design.points", f"found {len(rows)} points without a value; allowed: one, or values")
    return spreads, names if any(name is not None for name in names) else ()


def _from_file(name: Any, folder: Path, problems: Problems) -> tuple[list[Spread], tuple[Any, ...]]:
    if not isinstance(name, str) or not name:
        problems.add(
            "design.file", f"{'missing' if name is None else f'found {found(name)}'}; allowed: a CSV file"
        )
        return [], ()
    path = folder / os.path.expanduser(name)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except UnicodeDecodeError as failure:
        problems.add("design.file", f"{path}: {where_not_utf8(path, _opened) or failure}")
        return [], ()
    except (OSError, ValueError, csv.Error) as failure:
        problems.add(
            "design.file", f"{path}: cannot be read: {getattr(failure, 'strerror', None) or failure}"
        )
        return [], ()
    if len(rows) < 2:
        problems.add(
            "design.file", f"{path}: found no points; allowed: a line of keys, then a line per point"
        )
        return [], ()
    header = [cell.strip() for cell in rows[0]]
    columns: dict[str, list[Any]] = {key: [] for key in header}
    if len(columns) < len(header):
        problems.add("design.file", f"{path}: a key occurs twice in the first line; allowed: each once")
        return [], ()
    names: list[str] = []
    entries = {key: known_key(key, f"design.file: {path}", problems) for key in header if key != NAME}
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            text = f"{path}: line {line} has {len(row)} values; allowed: {len(header)}, as in the first line"
            problems.add("design.file", text)
            continue
        for key, cell in zip(header, row, strict=True):
            entry = entries.get(key)
            if key == NAME:
                names.append(cell.strip())
            elif entry is not None:
                place = f"design.file: {path}, line {line}"
                columns[key].append(checked_value(entry, _cell(entry, cell.strip()), place, problems))
    columns.pop(NAME, None)
    return [Spread(key, tuple(values)) for key, values in columns.items()], tuple(names)


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _cell(entry: Parameter, text: str) -> Any:
    """Return what a cell of a CSV file says; text if it is no value of the parameter."""
    if entry.dtype == "bool":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    if entry.dtype in ("float", "int"):
        try:
            return int(text) if entry.dtype == "int" else float(text)
        except ValueError:
            return text
    return text
