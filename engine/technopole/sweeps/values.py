"""Parameters that a sweep may vary, and checks of the values it gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.config.problems import Problems, found
from technopole.schema import ENTRIES, GROUPS, INSTRUMENTS, PARAMETERS, SECTOR_DEFAULTS, suggestion
from technopole.schema.entries import Parameter

DATA_KEYS = ("data.scale", "data.specialisation", "data.seed", "data.university_exponent")
"""Settings that a point may change: they leave regions and sectors as they are."""
POLICY = "policies."
"""What the keys of policies begin with: ``policies.rd_subsidy`` is the value of the policy of that instrument."""
VARIED: dict[str, Parameter] = {
    **PARAMETERS,
    **{key: ENTRIES[key] for key in DATA_KEYS},
    **{
        f"{POLICY}{name}": Parameter(
            f"{POLICY}{name}", 0.0, row.unit, row.low, row.high, doc=f"Policy {name}: {row.doc}", kernel=False
        )
        for name, row in INSTRUMENTS.items()
    },
}
"""Keys that a point may change."""

TABLE_KEYS = frozenset(
    {*(key for pair in SECTOR_DEFAULTS.values() for key in pair), "relatedness.base", "relatedness.group"}
    | set(DATA_KEYS)
)
"""Keys that shape the tables an economy starts from."""
GEOGRAPHY_KEYS = frozenset({"spillover.distance_decay", "spillover.cutoff"})
"""Keys that shape the prepared constants and not the tables."""


def value_of(config: Config, key: str) -> Any:
    """Return what a configuration says of a key that a point may change; of a policy there must be one."""
    group, _, name = key.partition(".")
    if key.startswith(POLICY):
        return next(policy.value for policy in config.policies if policy.instrument == name)
    return getattr(getattr(config, group), name)


def starts_only(key: str) -> bool:
    """Tell whether a key shapes the state at the start and nothing after it."""
    return key.startswith("initial.") or key in DATA_KEYS


def flattened(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table by dotted keys, whether they were written quoted or as tables inside tables.

    Parameters
    ----------
    table : mapping
        ``{"a.b": x}`` or ``{"a": {"b": x}}`` with a section ``a`` of the configuration.

    Returns
    -------
    dict
        ``{"a.b": x}``.
    """
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if (key in GROUPS or f"{key}." == POLICY) and isinstance(value, Mapping):
            flat.update({f"{key}.{name}": item for name, item in value.items()})
        else:
            flat[key] = value
    return flat


def known_key(key: str, place: str, problems: Problems) -> Parameter | None:
    """Return the parameter of a key of a design.

    Parameters
    ----------
    key : str
        Dotted key.
    place : str
        Where it stands, for messages.
    problems : Problems
        Gets what is wrong with it.

    Returns
    -------
    Parameter or None
        None if a point may not change it.
    """
    if key in VARIED:
        return VARIED[key]
    if key in ENTRIES:
        groups = ", ".join(dict.fromkeys(other.partition(".")[0] for other in VARIED))
        problems.add(
            place,
            f"{key} is the same at all points: {_place(key)}; allowed here: the parameters of {groups} (of data only "
            f"{', '.join(DATA_KEYS)}), which technopole describe lists",
        )
        return None
    name = key.rpartition(".")[2]
    elsewhere = [other for other in VARIED if other.rpartition(".")[2] == name]
    hint = suggestion(key, VARIED) or (f'; did you mean "{elsewhere[0]}"?' if elsewhere else "")
    of_group = [other for other in VARIED if other.startswith(f"{key}.")]
    if of_group:
        hint = f"; allowed: {', '.join(of_group)}"
    problems.add(place, f'"{key}" is no parameter{hint or "; technopole describe lists all parameters"}')
    return None


def _place(key: str) -> str:
    """Say where a sweep gives a setting its value."""
    if key in ("run.replicates", "run.seed", "run.backend", "time.periods"):
        return f"[experiment] {key.partition('.')[2]} = … sets it"
    if key.partition(".")[0] in ("run", "output"):
        return "the scenario sets it" if key.startswith("run.") else "[output] of the sweep sets it"
    return "[set] sets it"


def checked_value(entry: Parameter, value: Any, place: str, problems: Problems) -> Any:
    """Return a value in the type of its parameter.

    Parameters
    ----------
    entry : Parameter
        Row of the schema.
    value : object
        What the sweep holds.
    place : str
        Where it stands, for messages.
    problems : Problems
        Gets what is wrong with it.

    Returns
    -------
    bool, int, float or str
        None if it is not allowed.
    """
    if entry.dtype in ("float", "int") and not isinstance(value, bool):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if _is_finite(value) and (whole or entry.dtype == "float"):
            if within(entry, value):
                return float(value) if entry.dtype == "float" else int(value)
    elif entry.dtype == "bool" and isinstance(value, bool):
        return value
    elif entry.choices is not None and entry.dtype == "choice" and value in entry.choices:
        return value
    hint = problems.near(value, entry.choices or ())
    problems.add(place, f"found {found(value)}; allowed for {entry.key}: {entry.allowed}{hint}")
    return None


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def within(entry: Parameter, value: float) -> bool:
    """Tell whether a number is between the bounds of its parameter."""
    if entry.low is None or entry.high is None:
        return True
    return bool(entry.low <= value <= entry.high and not (entry.low_open and value == entry.low))


def column(entry: Parameter, values: list[Any]) -> NDArray[Any]:
    """Return values of a parameter as an array.

    Parameters
    ----------
    entry : Parameter
        Row of the schema.
    values : list
        Checked.

    Returns
    -------
    ndarray, shape (n,)
        float64, int64 or bool; of Python strings for words.
    """
    if entry.dtype in ("float", "int", "bool"):
        kinds = {"float": np.float64, "int": np.int64, "bool": np.bool_}
        return np.array(values, dtype=kinds[entry.dtype])
    words = np.empty(len(values), dtype=object)
    words[:] = values
    return words
