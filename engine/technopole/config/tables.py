"""Reads the lists of tables of a configuration, one table at a time, so that each is judged by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from technopole.config.models import TABLE_MODELS, Section
from technopole.config.problems import Problems, found, validated

_DISTANCE = ("from", "to", "distance")
_NAMED_BY = {
    "regions": ("id",),
    "sectors": ("id",),
    "cells": ("region", "sector"),
    "suppliers": ("sector",),
    "distances": ("from", "to"),
    "policies": ("instrument",),
}


class Row(NamedTuple):
    """One table of a list: how messages call it, and its model if it is valid."""

    place: str
    model: Any


def read_tables(name: str, value: Any, problems: Problems) -> list[Row]:
    """Return the tables of a list such as ``[[regions]]``.

    Parameters
    ----------
    name : str
        Name of the list.
    value : object
        What the configuration holds under that name.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    list of Row
        In the order of the file; the model of an invalid one is None.
    """
    if not isinstance(value, tuple):
        problems.add(name, f"found {found(value)}; allowed: tables, each headed [[{name}]]")
        return []
    rows = []
    for number, item in enumerate(value, 1):
        # distances may be written short: [from, to, distance]
        if name == "distances" and isinstance(item, tuple) and len(item) == 3:
            item = dict(zip(_DISTANCE, item, strict=True))
        place = _place(name, number, item)
        rows.append(Row(place, validated(TABLE_MODELS[name], item, place, problems)))
    return rows


def _place(name: str, number: int, item: Any) -> str:
    if isinstance(item, Section):
        item = item.model_dump(by_alias=True)
    words = []
    if isinstance(item, dict):
        words = [item[key] for key in _NAMED_BY[name] if isinstance(item.get(key), str)]
    label = f" ({', '.join(word[:40] for word in words)})" if words else ""
    return f"{name} no. {number}{label}"


class Economy(NamedTuple):
    """The lists of tables of a configuration."""

    regions: list[Row]
    sectors: list[Row]
    cells: list[Row]
    suppliers: list[Row]
    distances: list[Row]
    policies: list[Row]
