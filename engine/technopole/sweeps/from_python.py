"""Sweeps made in Python: paths and whole floats are taken for what they mean; a file keeps the types of TOML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, get_args

from technopole.basics.given import whole_as_int
from technopole.config.problems import found
from technopole.errors import ConfigError
from technopole.schema import ENTRIES, GROUPS
from technopole.sweeps.models import SECTIONS, Design, Experiment, OutcomeTable, Output, Stop

PATHS = ("experiment.scenario", "design.file", "set.data.path")
"""Keys of a sweep that are paths."""


def _is_whole(annotation: Any) -> bool:
    return annotation is int or any(_is_whole(part) for part in get_args(annotation))


def _whole_fields(section: type[Any]) -> set[str]:
    return {name for name, field in section.model_fields.items() if _is_whole(field.annotation)}


WHOLE = frozenset(
    {
        *(
            f"{key}.{name}"
            for key, section in (
                ("experiment", Experiment),
                ("design", Design),
                ("output", Output),
                ("stop", Stop),
            )
            for name in _whole_fields(section)
        ),
        "design.points",
        *(f"set.{entry.key}" for entry in ENTRIES.values() if entry.dtype == "int"),
    }
)
"""Keys of a sweep that are whole numbers; those of outcomes have names in them."""
_WHOLE_OF_OUTCOMES = frozenset(_whole_fields(OutcomeTable))


def from_python(value: Any, key: str = "") -> Any:
    """Return the content of a sweep, or one value of it, with paths as text and whole floats as whole numbers.

    Parameters
    ----------
    value : object
        Anything; what is neither stays, for the checks to refuse.
    key : str
        Its dotted key; none for the whole content.

    Returns
    -------
    object
        The same, or a copy.
    """
    if isinstance(value, Mapping):
        if not _leads_on(key):
            return value
        return {name: from_python(item, f"{key}.{name}".lstrip(".")) for name, item in value.items()}
    if key in PATHS and isinstance(value, os.PathLike) and isinstance(os.fspath(value), str):
        return os.fspath(value)
    return whole_as_int(value) if key in WHOLE or _is_whole_of_outcome(key) else value


def _leads_on(key: str) -> bool:
    """Tell whether a table may hold such keys; values of a design and whole configurations do not."""
    section, _, rest = key.partition(".")
    return (
        section in ("", "experiment", "output", "stop", "outcomes")
        or key == "design"
        or (section == "set" and (not rest or rest in GROUPS))
    )


def _is_whole_of_outcome(key: str) -> bool:
    section, _, rest = key.partition(".")
    return section == "outcomes" and rest.rpartition(".")[2] in _WHOLE_OF_OUTCOMES


def overrides_from_python(overrides: Any) -> Any:
    """Return overrides with paths and whole floats as in the content of a sweep."""
    if not isinstance(overrides, Mapping):
        return overrides
    return {
        key: from_python(value, key if str(key).partition(".")[0] in SECTIONS else f"set.{key}")
        for key, value in overrides.items()
    }


def checked_overrides(overrides: Any, source: str) -> Mapping[str, Any]:
    """Return overrides, none if they are None; raise if they are of another kind."""
    if overrides is None:
        return {}
    example = '{"experiment.replicates": 64}'
    if not isinstance(overrides, Mapping):
        raise ConfigError(
            f"{source} (override): found {found(overrides)}; allowed: a mapping of dotted keys, such as {example}"
        )
    for key in overrides:
        if not isinstance(key, str):
            raise ConfigError(
                f"{source} (override): found the key {key!r:.60}; allowed: dotted keys, such as {example}"
            )
    return overrides
