"""From a TOML file and overrides to plain dictionaries, before any check of their content."""

from __future__ import annotations

import difflib
import json
import numbers
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from technopole.basics.python_values import row_given, truth_given
from technopole.config.problems import found, shortened
from technopole.errors import ConfigError

MAX_BYTES = 16 * 2**20
"""Larger files are data, not configuration."""
MAX_DEPTH = 8
"""Tables inside tables; what a configuration needs is half of it."""

_COMMA = re.compile(r"=\s*[+-]?\d+,\d*[,} ]?$")
_PLACE = re.compile(
    r"^(?P<text>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.S
)


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a TOML file.

    Parameters
    ----------
    path : path
        File, UTF-8, at most 16 MiB.

    Returns
    -------
    dict
        As `tomllib` gives it.

    Raises
    ------
    ConfigError
        If the file is missing, unreadable, too large, no text, or no TOML; with file, line and column.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{name}: no such file{_similar_file(Path(name))}") from None
    except IsADirectoryError:
        raise ConfigError(f"{name}: is a folder; a configuration file (.toml) is needed") from None
    # a null character in the path is a ValueError
    except (OSError, ValueError) as failure:
        raise ConfigError(f"{name!r}: cannot be read: {failure}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"{name}: larger than {MAX_BYTES >> 20} MiB; put tables of data into a folder ([data] kind)"
        )
    return parse_toml(content, name)


def parse_toml(content: bytes, source: str) -> dict[str, Any]:
    """Return the content of TOML text.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without byte-order mark.
    source : str
        Name of the file, for messages.

    Returns
    -------
    dict
        As `tomllib` gives it.

    Raises
    ------
    ConfigError
        If it is no text or no TOML.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        byte = f"byte {failure.start} is 0x{content[failure.start]:02x}"
        raise ConfigError(f"{source}: line {line}: not a text file in UTF-8 ({byte})") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise ConfigError(_syntax(source, text, str(failure))) from None
    except RecursionError:
        raise ConfigError(f"{source}: lists or tables are nested too deeply") from None
    # numbers and dates that have the form of TOML and no value
    except (ValueError, OverflowError) as failure:
        raise ConfigError(f"{source}: a value cannot be read: {shortened(str(failure), 200)}") from None


def _syntax(source: str, text: str, message: str) -> str:
    place = _PLACE.match(message)
    if place is None:
        return f"{source}: not valid TOML: {shortened(message, 200)}"
    line = int(place["line"] or text.count("\n") + 1)
    column = int(place["column"] or len(text) - (text.rfind("\n") + 1) + 1)
    before = "".join(text.split("\n")[line - 1 : line])[:column]
    hint = "; decimals have a point, as in 0.3" if _COMMA.search(before) else ""
    return f"{source}: line {line}, column {column}: not valid TOML: {shortened(place['text'], 200)}{hint}"


def _similar_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix == ".toml"]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def normalised(value: Any, where: str = "", depth: int = 0) -> Any:
    """Return a copy made of dict, tuple, str, bool, int and float where that loses nothing.

    Parameters
    ----------
    value : object
        Anything; NumPy scalars become Python numbers; lists, arrays of one dimension, Series and Index of pandas
        tuples. Other objects stay, for the checks to refuse.
    where : str
        Its place, for messages.
    depth : int
        Tables and lists around it.

    Returns
    -------
    object
        The copy.

    Raises
    ------
    ConfigError
        If a key is no text or the nesting is deeper than `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise ConfigError(f"{shortened(where)}: lists or tables are nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where or 'configuration'}: found the key {found(key)}; allowed: text")
        return {key: normalised(item, f"{where}.{key}".lstrip("."), depth + 1) for key, item in value.items()}
    row = value if isinstance(value, list | tuple) else row_given(value)
    if row is not None:
        return tuple(normalised(item, where, depth + 1) for item in row)
    truth = truth_given(value)
    return _scalar(value) if truth is None else truth


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    try:
        return float(value) if isinstance(value, numbers.Real) else value
    except OverflowError:
        return value


def refuse_keys(changes: Any, origins: Mapping[str, str], other: str, lists: Collection[str]) -> None:
    """Raise if keys of overrides are no dotted keys, or lead into a list of tables.

    Parameters
    ----------
    changes : mapping
        Dotted key → value.
    origins : mapping of str to str
        Dotted key → what messages call its origin, where that is known.
    other : str
        The same for all other keys.
    lists : collection of str
        Names of the lists of tables.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    example = '{"learning.technology": 0.2}'
    if not isinstance(changes, Mapping):
        raise ConfigError(
            f"{other}: found {found(changes)}; allowed: a mapping of dotted keys, such as {example}"
        )
    wrong = []
    for key in changes:
        origin = origins.get(key, other)
        if not isinstance(key, str) or not all(key.split(".")):
            wrong.append(f"{origin}: found the key {found(key)}; allowed: group.name, such as {example}")
            continue
        name, dot, rest = key.partition(".")
        if dot and name in lists:
            table = f'{{"instrument": {json.dumps(rest)}, "value": …}}' if name == "policies" else "{…}, …"
            wrong.append(
                f"{origin}: {shortened(key, 200)}: {name} is a list of tables; allowed: the whole list, such as "
                f'{{"{name}": [{table}]}}'
            )
    if wrong:
        raise ConfigError(wrong)


def origins_of(
    base: Mapping[str, Any], changes: Mapping[str, Any], origins: Mapping[str, str], other: str
) -> dict[str, str]:
    """Return where the keys come from that a configuration owes to overrides.

    Parameters
    ----------
    base : mapping
        Sections, before the overrides.
    changes : mapping
        Dotted key → value.
    origins : mapping of str to str
        Dotted key → what messages call its origin, where that is known.
    other : str
        The same for all other keys.

    Returns
    -------
    dict
        Dotted key → origin: the keys of `changes`, and the sections around them that `base` does not have.
    """
    result: dict[str, str] = {}
    for key in changes:
        origin = origins.get(key, other)
        place: Any = base
        parts = key.split(".")
        for depth, part in enumerate(parts[:-1], 1):
            place = place.get(part) if isinstance(place, Mapping) else None
            if place is None:
                result[".".join(parts[:depth])] = origin
                break
        result[key] = origin
    return result


def overlaid(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with values set by dotted keys.

    Parameters
    ----------
    base : mapping
        Sections.
    changes : mapping
        Dotted key → value. A table changes only the keys it holds; a list replaces the list.

    Returns
    -------
    dict
        New sections; `base` stays as it is.

    Raises
    ------
    ConfigError
        If a key leads into something that is no table.
    """
    result = dict(base)
    wrong = []
    for key, value in changes.items():
        parts = key.split(".")
        place = result
        for part in parts[:-1]:
            inner = place.get(part, {})
            if not isinstance(inner, Mapping):
                wrong.append(
                    f"override: {key}: {part} is {found(inner)}; allowed: keys of the form group.name"
                )
                break
            place[part] = dict(inner)
            place = place[part]
        else:
            old = place.get(parts[-1])
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            place[parts[-1]] = {**old, **value} if both else value  # type: ignore[dict-item]
    if wrong:
        raise ConfigError(wrong)
    return result
