"""Pages made from the program itself: interface of Python, commands, parameters, variables."""

from __future__ import annotations

import api
from typer.testing import CliRunner

from technopole.cli import app
from technopole.config.write import TITLES, literal
from technopole.schema import GROUPS, INSTRUMENTS, PARAMETERS, RECORDS, STATE
from technopole.schema.entries import Instrument, Parameter, Variable

WIDTH = 110


def pages() -> dict[str, str]:
    """Return path → text of all pages that are made from the program."""
    return {
        "reference/commands.md": commands(),
        "reference/configuration.md": configuration(),
        "reference/variables.md": variables(),
    } | api.pages()


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table, without the columns in which there is nothing; a bar inside of a cell is escaped."""
    used = [number for number in range(len(head)) if any(row[number] for row in rows)]
    lines = [head, tuple("---" for _ in head), *rows]
    cells = ([line[number].replace("|", "\\|").replace("\n", " ") for number in used] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def commands() -> str:
    """Return the page of the command line: what ``--help`` prints."""
    parts = ["# Commands", "What `--help` says of each command.", _help()]
    parts += [f"## technopole {name}\n\n{_help(name)}" for name in _command_names()]
    return "\n\n".join(parts) + "\n"


def _command_names() -> list[str]:
    return [
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    ]


def _help(*command: str) -> str:
    said = CliRunner().invoke(app, [*command, "--help"], prog_name="technopole", terminal_width=WIDTH)
    return f"~~~~text\n{said.output.strip()}\n~~~~"


def configuration() -> str:
    """Return the page of all keys of the configuration, from the schema."""
    parts = [
        "# Configuration: all keys",
        "A configuration is a TOML file; a scenario holds only what differs from these defaults. `technopole "
        "describe FILE` prints this table with the values of a file, `technopole schema` a JSON Schema for editors. "
        "A claim (C1 … C12) names what the parameter switches or shapes.",
    ]
    for group, entries in GROUPS.items():
        head = ("key", "default", "unit", "range", "meaning", "source", "claim")
        parts += [
            f"## {group}: {TITLES[group]}",
            table(head, [_parameter(entry) for entry in entries.values()]),
        ]
    parts += [
        "## policies: instruments and shocks",
        "Of `[[policies]]` and `Model.set_policy`; all are 0 if nothing is said.",
        table(
            ("instrument", "may differ between", "unit", "range", "meaning"),
            [_instrument(row) for row in INSTRUMENTS.values()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _parameter(entry: Parameter) -> tuple[str, ...]:
    long = entry.dtype == "names"
    default = "see `configs/base.toml`" if long else f"`{literal(entry.default)}`"
    allowed = "names of recorded variables" if long else entry.interval or entry.allowed
    source = entry.source if entry.key in PARAMETERS else ""
    return f"`{entry.key}`", default, entry.unit, allowed, entry.doc, source, entry.claim


def _instrument(row: Instrument) -> tuple[str, ...]:
    return f"`{row.name}`", ", ".join(row.dims), row.unit, f"{row.low:g} to {row.high:g}", row.doc


def variables() -> str:
    """Return the page of all variables, from the schema."""
    head = ("name", "meaning", "dimensions", "unit", "type", "range")
    return (
        "\n\n".join(
            [
                "# Variables",
                "`technopole schema --variables` prints this table.",
                "## Recorded after each period",
                "`output.variables` chooses from these; `ds[name]`, `Model.record(name)`.",
                table(head, [_variable(row) for row in RECORDS.values()]),
                "## State of a world",
                "`Model[name]`: arrays of one world, without replicate and time.",
                table(head, [_variable(row) for row in STATE.values()]),
            ]
        )
        + "\n"
    )


def _variable(row: Variable) -> tuple[str, ...]:
    ends = ["" if end is None else f"{end:g}" for end in (row.low, row.high)]
    bounds = f"{ends[0]} …  {ends[1]}".strip() if any(ends) else ""
    return f"`{row.name}`", row.long_name, ", ".join(row.dims), row.unit, row.dtype, bounds
