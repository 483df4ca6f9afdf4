"""The plan in the store of an experiment: read back, and compared with another one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.basics.stored_names import JOURNAL
from technopole.data.tables import Labels
from technopole.errors import DataError
from technopole.experiments.plan import Plan
from technopole.experiments.store_template import FORMAT
from technopole.files.damage import description_problem, naming_damage
from technopole.files.kinds import NAMES, kind_of_attributes
from technopole.sweeps.points import Points
from technopole.version import __version__

if TYPE_CHECKING:
    from technopole.sweeps.sweep import Sweep

SHOWN = 12
"""Differences between plans that a message shows."""


def read_attributes(path: Path) -> dict[str, Any]:
    """Return the attributes of the store of an experiment.

    Parameters
    ----------
    path : Path
        Of the store.

    Returns
    -------
    dict
        Name → value.

    Raises
    ------
    DataError
        If there is no such store.
    """
    try:
        attributes = dict(json.loads((path / "zarr.json").read_bytes())["attributes"])
    except (OSError, ValueError, KeyError, TypeError):
        if (path / JOURNAL).is_dir() and (problem := description_problem(path)) is not None:
            raise DataError(problem) from None
        what = "found something else" if os.path.lexists(path) else "there is nothing"
        raise DataError(f"{path}: {what}; allowed: a store made by technopole experiment") from None
    if "plan_digest" not in attributes or attributes.get("format") != FORMAT:
        allowed = f"a store made by technopole experiment {__version__}"
        if "plan_digest" in attributes:
            raise DataError(f"{path}: found another format of store; allowed: {allowed}")
        found = NAMES[kind_of_attributes(attributes)]
        raise DataError(f"{path}: found {found}; allowed: {allowed} (xarray.open_zarr opens any result)")
    return attributes


def stored_plan(path: Path, attributes: dict[str, Any]) -> Plan:
    """Return the plan of a store from the store alone: no data are read.

    Parameters
    ----------
    path : Path
        Of the store.
    attributes : dict
        Of its root.

    Returns
    -------
    Plan
        That it was made for.
    """
    from technopole.sweeps.sweep import Sweep

    sweep = Sweep.from_dict(json.loads(attributes["sweep"]), folder=path.parent, source=f"{path}: sweep")
    points = _stored_points(path, sweep)
    sizes = json.loads(attributes["plan_sizes"])
    return Plan(
        sweep,
        points,
        tuple(sizes["regions"]),
        tuple(sizes["sectors"]),
        int(sizes["n_firms"]),
        str(sizes["tables_digest"]),
        int(sizes["point_block"]),
        int(sizes["replicate_block"]),
        _labels(json.loads(attributes["plan_labels"]), sizes),
    )


def _stored_points(path: Path, sweep: Sweep) -> Points:
    import zarr

    with naming_damage(path):
        root: Any = zarr.open_group(path, mode="r", use_consolidated=False)
        values = {key: np.asarray(root[key][...]) for key in sweep.design.keys}
        return Points(sweep.design.kind, np.asarray(root["point"][...]), values, names=sweep.design.names)


def _labels(content: dict[str, Any], sizes: dict[str, Any]) -> Labels:
    return Labels(
        region_ids=list(sizes["regions"]),
        region_names=list(content["region_names"]),
        positions=np.array(content["positions"], dtype=np.float64).reshape(-1, 2),
        metric=str(content["metric"]),
        sector_ids=list(sizes["sectors"]),
        sector_names=list(content["sector_names"]),
        high_tech=np.array(content["high_tech"], dtype=bool),
    )


def other_plan(path: Path, stored: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say in which keys two plans differ.

    Parameters
    ----------
    path : Path
        Of the store.
    stored, wanted : dict
        `Plan.identity` of the plan that the store was made for, and of that which it is wanted for.

    Returns
    -------
    list of str
        One line for each key, and what to do.
    """
    words = {"points": "points of the design", "tables": "data", "kernels": "sources of the kernels"}
    lines = []
    for key, old, new in _differences(stored, wanted):
        name = key.removeprefix("sweep.")
        if name in words:
            lines.append(f"{path}: {words[name]}: not those that the store was made with")
        else:
            lines.append(f"{path}: {name}: the store was made with {old}; now {new}")
    more = [f"… and {len(lines) - SHOWN} more differences"] if len(lines) > SHOWN else []
    last = "another plan needs another store: --out elsewhere, or --overwrite, which drops the results that are there"
    return [*lines[:SHOWN], *more, last]


def _differences(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            below = f"{key}.{name}" if key else str(name)
            yield from _differences(old.get(name), new.get(name), below)
    elif old != new:
        yield key, _short(old), _short(new)


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
