"""The configuration as text: TOML, the commented file of defaults, rows of a table for people."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from technopole.schema import ENTRIES, GROUPS, PARAMETERS
from technopole.schema.entries import Parameter

WIDTH = 110

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

TITLES = {
    "scenario": "What this file describes",
    "time": "Time",
    "run": "Replicates, seed, threads, backend, precision",
    "data": "Where the economy comes from",
    "synthetic": 'A made-up economy of any size, for data.kind = "synthetic"',
    "output": "What is recorded",
    "capacity": "Room for firms",
    "learning": "Learning from other firms (C1, C2)",
    "spillover": "Spillover of knowledge over space (C2)",
    "relatedness": "Relatedness of sectors",
    "trust": "Trust (C2, C10)",
    "services": "Business services (C2)",
    "upgrading": "Upgrading of traditional sectors by high technology (C11)",
    "science": "Ties with universities (C5)",
    "innovation": "Research and innovation (C7)",
    "finance": "Finance (C12)",
    "sme": "Small firms (C7, C12)",
    "sharing": "Shared facilities (C3, C4)",
    "agglomeration": "Agglomeration economies (C4)",
    "transaction": "Transaction cost (C8)",
    "market": "Market",
    "reputation": "Reputation of the place (C9)",
    "accounts": "Accounts",
    "exit": "Exit",
    "entry": "Entry (C6)",
    "labour": "Labour market",
    "mobility": "Mobility of workers (C10)",
    "institutions": "Institutions",
    "feedback": "The two directions between cluster and institutions",
    "initial": "State at the start",
}

EXAMPLE: dict[str, list[dict[str, Any]]] = {
    "regions": [
        {"id": "north", "name": "North", "lat": 52.0, "lon": 5.0, "population": 3_000_000},
        {"id": "east", "name": "East", "lat": 50.0, "lon": 9.0, "population": 2_000_000},
        {"id": "south", "name": "South", "lat": 47.0, "lon": 6.0, "population": 1_500_000},
        {"id": "west", "name": "West", "lat": 49.0, "lon": 2.0, "population": 4_000_000},
    ],
    "sectors": [
        {
            "id": "software",
            "name": "Software",
            "high_tech": True,
            "group": "information",
            "establishments": 20_000,
            "size_classes": [0.60, 0.16, 0.11, 0.08, 0.03, 0.015, 0.003, 0.0015, 0.0005],
        },
        {
            "id": "machinery",
            "name": "Machinery",
            "group": "metal",
            "establishments": 30_000,
            "size_classes": [0.35, 0.20, 0.18, 0.15, 0.07, 0.035, 0.01, 0.004, 0.001],
        },
        {
            "id": "metals",
            "name": "Metal products",
            "group": "metal",
            "establishments": 40_000,
            "size_classes": [0.38, 0.21, 0.19, 0.14, 0.05, 0.025, 0.004, 0.0008, 0.0002],
        },
    ],
}
"""A small made-up economy, so that the file of defaults can be run."""


def to_toml(content: Mapping[str, Any]) -> str:
    """Return a configuration as TOML.

    Parameters
    ----------
    content : mapping
        Sections (tables of values) and lists of tables.

    Returns
    -------
    str
        Reads back as the same content.
    """
    parts = []
    for name, section in content.items():
        if isinstance(section, Mapping):
            parts.append("\n".join([f"[{name}]", *_assignments(section)]))
    for name, tables in content.items():
        if not isinstance(tables, Mapping):
            parts.extend("\n".join([f"[[{name}]]", *_assignments(table)]) for table in tables)
    return "\n\n".join(parts) + "\n"


def _assignments(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(name)} = {literal(value)}" for name, value in table.items())


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else literal(name)


def literal(value: Any) -> str:
    """Return a value as a TOML literal.

    Parameters
    ----------
    value : bool, int, float, str, list or mapping
        Finite numbers only.

    Returns
    -------
    str
        One line.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON escapes all that TOML asks for except DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_assignments(value)) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return repr(value)


def base_toml() -> str:
    """Return the file of all defaults, made from the schema.

    Returns
    -------
    str
        Content of ``configs/base.toml``.
    """
    lines = [
        "# All parameters with their defaults. Made from the schema: change defaults there, not here.",
        "# A scenario holds only what differs. Beside each: [unit] range; source; claim of the essay.",
    ]
    for group, entries in GROUPS.items():
        lines += ["", f"# {TITLES[group]}", f"[{group}]"]
        for name, entry in entries.items():
            lines += _documented(name, entry)
    lines += [
        "",
        "# A small made-up economy, so that this file runs; it is no default. Scenarios bring their own.",
    ]
    return "\n".join(lines) + "\n\n" + to_toml(EXAMPLE)


def _documented(name: str, entry: Parameter) -> list[str]:
    """Return the meaning as comment, the assignment, and beside it what is known about its values."""
    comment = textwrap.wrap(entry.doc, WIDTH, initial_indent="# ", subsequent_indent="# ")
    assignment = f"{name} = {literal(entry.default)}"
    facts = _facts(entry)
    if len(assignment) > WIDTH:
        words = textwrap.wrap(literal(entry.default)[1:-1], WIDTH - 4, break_on_hyphens=False)
        return [*comment, f"{name} = [", *(f"    {row}" for row in words), "]"]
    if not facts:
        return [*comment, assignment]
    if len(assignment) + len(facts) + 4 > WIDTH:
        return [*comment, f"# {facts}", assignment]
    return [*comment, f"{assignment}  # {facts}"]


def _facts(entry: Parameter) -> str:
    if entry.dtype in ("str", "names"):
        return ""
    facts = [f"[{entry.unit}] {entry.interval}" if entry.interval else entry.allowed]
    facts += [entry.source] if entry.key in PARAMETERS else []
    facts += [entry.claim] if entry.claim else []
    return "; ".join(facts)


class Described(NamedTuple):
    """One row of the table that describes a configuration."""

    key: str
    value: str
    unit: str
    range: str
    source: str
    doc: str


def describe_rows(config: BaseModel) -> list[Described]:
    """Return every key of a configuration with what is known about it.

    Parameters
    ----------
    config : Config
        Valid configuration.

    Returns
    -------
    list of Described
        In the order of the file: key, value, unit, range, source, doc.
    """
    rows = []
    for key, entry in ENTRIES.items():
        value = getattr(getattr(config, entry.group), entry.name)
        allowed = (
            f"{len(entry.choices or ())} names" if entry.dtype == "names" else entry.interval or entry.allowed
        )
        rows.append(Described(key, literal(value), entry.unit, allowed, entry.source, entry.doc))
    return rows
