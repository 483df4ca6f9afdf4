"""Collects what is wrong with a configuration and says it for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from technopole.basics.python_values import shape_of
from technopole.errors import ConfigError
from technopole.schema import ENTRIES, GROUPS, suggestion
from technopole.schema.entries import Parameter, plain_number

ModelT = TypeVar("ModelT", bound=BaseModel)

SUGGESTIONS = 50
"""Hints are given for so many problems; looking for near words takes time."""

_EXPECTED = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text in valid Unicode",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "text without control characters",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_LIMITS = {
    "greater_than": ("gt", "above {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "below {}"),
    "less_than_equal": ("le", "at most {}"),
    "string_too_long": ("max_length", "text of at most {} characters"),
    "too_short": ("min_length", "at least {} values"),
    "too_long": ("max_length", "at most {} values"),
}


class Problems:
    """The problems found so far.

    Parameters
    ----------
    source : str
        File, or what else the configuration came from.
    overridden : mapping of str to str, optional
        Dotted keys set from outside the file → what messages call their origin.
    """

    def __init__(self, source: str, overridden: Mapping[str, str] | None = None) -> None:
        self.source = source
        self.overridden = dict(overridden or {})
        self.lines: list[str] = []

    def add(self, key: str, text: str) -> None:
        """Add a problem.

        Parameters
        ----------
        key : str
            Dotted key, or name of a list and number of its table.
        text : str
            What was found and what is allowed.
        """
        outside = (
            origin
            for o, origin in self.overridden.items()
            if key == o or key.startswith((f"{o}.", f"{o} no. "))
        )
        source = next(outside, self.source)
        self.lines.append(_one_line(f"{source}: {shortened(key, 200)}: {text}"))

    def unknown(self, key: str, known: Iterable[str]) -> None:
        """Add an unknown key, with the nearest of those known in its place or elsewhere.

        Parameters
        ----------
        key : str
            Dotted key.
        known : iterable of str
            Names allowed in its place.
        """
        self.add(key, f"unknown key{self.hint(key, known)}")

    def hint(self, key: str, known: Iterable[str]) -> str:
        """Return a did-you-mean for the last part of a key.

        Parameters
        ----------
        key : str
            Dotted key.
        known : iterable of str
            Names allowed in its place.

        Returns
        -------
        str
            Empty if nothing is near.
        """
        name = key.rpartition(".")[2]
        elsewhere = [entry.key for entry in ENTRIES.values() if entry.name == name and entry.key != key]
        return self.near(name, known) or (f'; did you mean "{elsewhere[0]}"?' if elsewhere else "")

    def near(self, word: Any, known: Iterable[str]) -> str:
        """Return a did-you-mean for a value.

        Parameters
        ----------
        word : object
            What was found.
        known : iterable of str
            What is allowed.

        Returns
        -------
        str
            Empty if nothing is near.
        """
        return suggestion(word, known) if isinstance(word, str) and len(self.lines) < SUGGESTIONS else ""

    def raise_if_any(self) -> None:
        """Raise what was collected.

        Raises
        ------
        ConfigError
            With one line per problem.
        """
        if self.lines:
            raise ConfigError(self.lines)


def found(value: Any) -> str:
    """Return a value in words, short enough for a message.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        One line.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"text {shortened(repr(value))}"
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping | BaseModel):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    shape = shape_of(value)
    if shape is not None:
        return f"an array of shape {shape}"
    return f"a value of type {type(value).__name__}"


def shortened(text: str, length: int = 60) -> str:
    """Return a text cut to a length.

    Parameters
    ----------
    text : str
        Anything.
    length : int
        Characters kept.

    Returns
    -------
    str
        Ends in an ellipsis if cut.
    """
    return text if len(text) <= length else f"{text[:length]}…"


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _where(key: str, path: tuple[int | str, ...]) -> str:
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{shortened(str(part))}"
    return key


def _report_entry(problems: Problems, entry: Parameter, where: str, error: Mapping[str, Any]) -> None:
    value = error["input"]
    hint = problems.near(value, entry.choices or ()) if error["type"] == "literal_error" else ""
    allowed = entry.allowed
    if entry.dtype == "names":
        allowed = "names of recorded variables (technopole schema --variables lists them)"
    if entry.key == "time.periods" and isinstance(value, int) and value < 1:
        hint = "; a run needs at least 1 period"
    problems.add(where, f"found {found(value)}; allowed: {allowed}{hint}")


def _report_field(problems: Problems, model: type[BaseModel], where: str, error: Mapping[str, Any]) -> None:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        problems.unknown(where, [f.alias or name for name, f in model.model_fields.items()])
    elif kind == "missing":
        problems.add(where, "missing; it is needed")
    elif kind == "literal_error":
        near = problems.near(value, context["expected"].split("'")[1::2])
        problems.add(where, f"found {found(value)}; allowed: {context['expected']}{near}")
    elif kind in _LIMITS:
        name, words = _LIMITS[kind]
        limit = plain_number(context[name])
        per_class = kind in ("too_short", "too_long") and where.endswith(
            (".size_classes", ".mean_employment")
        )
        allowed = f"{limit} values, one per size class" if per_class else words.format(limit)
        allowed = allowed.removesuffix("s") if limit == "1" and allowed.endswith("values") else allowed
        problems.add(where, f"found {found(value)}; allowed: {allowed}")
    else:
        problems.add(where, f"found {found(value)}; allowed: {_EXPECTED.get(kind, error['msg'])}")


def _only_seems_short(error: Mapping[str, Any]) -> bool:
    """Tell whether a list is long enough and only its valid values are too few."""
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def validated(model: type[ModelT], value: Any, key: str, problems: Problems) -> ModelT | None:
    """Return a section or table as its model.

    Parameters
    ----------
    model : type of BaseModel
        Model of the section or table.
    value : object
        What the configuration holds.
    key : str
        Its place, for messages.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    BaseModel or None
        None if anything is wrong.
    """
    if isinstance(value, model):
        return value
    if not isinstance(value, dict):
        short = " or [from, to, distance]" if "distance" in model.model_fields else ""
        problems.add(key, f"found {found(value)}; allowed: a table{short}")
        return None
    try:
        return model.model_validate(value)
    except ValidationError as failure:
        entries = GROUPS.get(key, {})
        for error in failure.errors(include_url=False):
            # follows from another error of the same table or list
            if error["type"] == "default_factory_not_called" or _only_seems_short(error):
                continue
            entry = entries.get(str(error["loc"][0])) if error["loc"] else None
            if entry is not None:
                _report_entry(problems, entry, _where(key, error["loc"]), error)
            else:
                _report_field(problems, model, _where(key, error["loc"]), error)
    return None
