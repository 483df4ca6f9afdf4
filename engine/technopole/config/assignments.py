"""Assignments of the command line, ``--set group.name=value``: read, and refused where two say what a key is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from technopole.config.problems import shortened
from technopole.errors import ConfigError


def parse_set(assignments: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """Return the overrides of the command line.

    Parameters
    ----------
    assignments : iterable of str
        ``group.name=value`` each; the value is a TOML literal, a bare word is text.
    option : str
        That they were given with, for messages.

    Returns
    -------
    dict
        Dotted key → value.

    Raises
    ------
    ConfigError
        If one has no key or no ``=``, its value is broken TOML, or two are of the same key.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for assignment in assignments:
        key, equals, literal = assignment.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            what = shortened(assignment) or repr(assignment)
            wrong.append(f"{option} {what}: found no key and value; allowed: group.name=value")
            continue
        other = overlapping(key, values)
        if other is not None:
            also = "" if other == key else f", as {shortened(other)} too"
            wrong.append(f"{option} {shortened(key)}: given twice{also}; allowed: once")
            continue
        try:
            values[key] = _literal(literal.strip())
        except ValueError as failure:
            wrong.append(
                f"{option} {key}: {shortened(literal.strip())} is not valid TOML: {shortened(str(failure), 200)}"
            )
    if wrong:
        raise ConfigError(wrong)
    return values


def _literal(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError, OverflowError) as failure:
        # quotes and brackets announce TOML; anything else is a bare word
        if text[:1] in ("[", "{", '"', "'"):
            raise ValueError(str(failure)) from None
        return text
    value = parsed["value"]
    plain = isinstance(value, bool | int | float | str | list | dict)
    return value if plain and len(parsed) == 1 else text


def overlapping(key: str, others: Iterable[str]) -> str | None:
    """Return the first of some keys that says what another one says: the same, a table of it, or a part of it.

    Parameters
    ----------
    key : str
        Dotted.
    others : iterable of str
        Dotted.
    """
    for other in others:
        if f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}."):
            return other
    return None


def refuse_both(assigned: Iterable[str], options: Mapping[str, str]) -> None:
    """Raise if an option and ``--set`` say what the same key is.

    Parameters
    ----------
    assigned : iterable of str
        Keys that were given with ``--set``.
    options : mapping of str to str
        Dotted key → option that was given too.

    Raises
    ------
    ConfigError
        One line for each option.
    """
    keys = list(assigned)
    lines = []
    for key, option in options.items():
        other = overlapping(key, keys)
        if other is not None:
            lines.append(f"{option} and --set {other}: both given; allowed: one of them")
    if lines:
        raise ConfigError(lines)
