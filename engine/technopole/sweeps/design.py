"""From the design of a sweep to its points: ids that stay when a design grows, values, order."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.config.checks import check_parameters
from technopole.config.config import Config
from technopole.config.problems import Problems
from technopole.schema import CHANNELS
from technopole.sweeps.models import SAMPLED
from technopole.sweeps.points import Points
from technopole.sweeps.sampling import sampled
from technopole.sweeps.spreads import Design
from technopole.sweeps.sweep import Sweep
from technopole.sweeps.values import POLICY, VARIED, column

__all__ = ["Points", "grid_ids", "make_points", "varied_config"]

_HASHED = 1 << 62
"""Ids from here on are hashes of the place in the grid, as its number does not fit into 64 bits."""
PROBLEMS_SHOWN = 20
"""Points named one by one that are no valid model."""


def make_points(sweep: Sweep) -> Points:
    """Return the points of a sweep.

    Parameters
    ----------
    sweep : Sweep
        Checked.

    Returns
    -------
    Points
        Deterministic.

    Raises
    ------
    ConfigError
        If the values of a point are no valid model together, or a contrast selects no or several points;
        with one line for each.
    """
    design = sweep.design
    if design.kind in SAMPLED:
        points = sampled(design)
    elif design.kind == "grid":
        points = _grid(design)
    else:
        values = {spread.key: column(VARIED[spread.key], list(spread.values)) for spread in design.spreads}
        points = Points(design.kind, np.arange(design.number, dtype=np.int64), values, names=design.names)
    problems = Problems(sweep.source)
    _check_models(sweep.config, points, problems)
    for name, selection in sweep.contrasts.items():
        found = points.select(selection).size
        if found != 1:
            problems.add(f"contrasts.{name}", f"selects {found} points; allowed: values that select one")
    problems.raise_if_any()
    return points


def _grid(design: Design) -> Points:
    """Return all combinations, the last parameter changing fastest."""
    lengths = [len(spread.values) for spread in design.spreads]
    places = _places(lengths)
    values = {
        spread.key: column(VARIED[spread.key], list(spread.values))[place]
        for spread, place in zip(design.spreads, places, strict=True)
    }
    return Points("grid", grid_ids(lengths), values)


def _places(lengths: list[int]) -> NDArray[np.int64]:
    """Return the place of each point of a grid along each dimension, of which NumPy itself takes 64 at most."""
    number = np.arange(math.prod(lengths), dtype=np.int64)
    strides = [math.prod(lengths[axis + 1 :]) for axis in range(len(lengths))]
    return np.array([number // stride % length for stride, length in zip(strides, lengths, strict=True)])


def grid_ids(lengths: list[int]) -> NDArray[np.int64]:
    """Return ids of the points of a grid that do not depend on how many values its parameters have.

    They number the points of an unbounded grid shell by shell, first those with the largest place 0, then 1
    and so on, within a shell in the order of the grid (Rosenberg and Strong 1972).

    Parameters
    ----------
    lengths : list of int
        Number of values of each parameter.

    Returns
    -------
    ndarray of int64, shape (product of lengths,)
        In the order of the grid.
    """
    dims = len(lengths)
    if max(lengths) ** dims < _HASHED:
        return _shell_numbers(_places(lengths))
    # Python numbers: large grids of many parameters must not wrap around
    return np.array(
        [_shell_number(place, dims) for place in itertools.product(*map(range, lengths))], dtype=np.int64
    )


def _shell_numbers(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what `_shell_number` does for many places whose numbers fit into 64 bits; shape (dims, n)."""
    dims, largest = len(places), places.max(axis=0)
    ranks = np.zeros_like(largest)
    inside = np.ones(largest.shape, dtype=bool)
    for axis, value in enumerate(places):
        rest = dims - axis - 1
        ranks += value * (largest + 1) ** rest
        ranks -= np.where(inside, value * largest**rest, 0)
        inside &= value < largest
    return np.asarray(largest**dims + ranks)


def _shell_number(place: tuple[int, ...], dims: int) -> int:
    largest = max(place)
    before: int = largest**dims
    # points of the shell that come earlier: those of the cube that do, less those of the inner cube
    rank_outer = rank_inner = 0
    inside = True
    for axis, value in enumerate(place):
        rest = dims - axis - 1
        rank_outer += value * (largest + 1) ** rest
        if inside:
            rank_inner += min(value, largest) * largest**rest
            inside = value < largest
    number = before + rank_outer - rank_inner
    if number < _HASHED:
        return number
    # only many parameters of which one has many values come here
    digest = hashlib.sha256(repr(place).encode()).digest()
    return _HASHED | int.from_bytes(digest[:8], "big") >> 2


def _check_models(config: Config, points: Points, problems: Problems) -> None:
    """Check the conditions between parameters at each point; bounds have been checked."""
    shaping = [
        key for key in points.values if key.partition(".")[0] in ("learning", "spillover", "innovation")
    ]
    if not shaping:
        return
    suspects = _suspects(config, points)
    for point, changes in zip(suspects.tolist(), _rows(points, shaping, suspects), strict=True):
        found = Problems(f"{problems.source}: point {int(points.ids[point])}")
        varied = varied_config(config, changes)
        sections = {name: getattr(varied, name) for name in ("learning", "spillover", "innovation")}
        check_parameters(sections, found)
        problems.lines.extend(found.lines)
        if len(problems.lines) > PROBLEMS_SHOWN:
            problems.lines.append(f"{problems.source}: … and perhaps more points")
            return


def _suspects(config: Config, points: Points) -> NDArray[np.int64]:
    """Return the indices of the points at which `check_parameters` finds something.

    It takes 15 µs for one point: too long for each of some millions.
    """

    def column(group: str, name: str) -> Any:
        key = f"{group}.{name}"
        return points.values[key] if key in points.values else getattr(getattr(config, group), name)

    wrong = np.zeros(len(points), dtype=bool)
    for channel in CHANNELS:
        wrong |= column("learning", channel) + column("spillover", "rate") > 1
    kinds = sum(column("innovation", f"kind_{channel}") for channel in CHANNELS)
    return np.flatnonzero(wrong | ~(np.asarray(kinds) > 0))


def _rows(points: Points, keys: list[str], wanted: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    columns = [points.values[key][wanted].tolist() for key in keys]
    return (dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True))


def varied_config(config: Config, changes: Mapping[str, Any]) -> Config:
    """Return a configuration with some values changed that are known to be valid.

    Much quicker than `Config.replace`, which checks everything again.

    Parameters
    ----------
    config : Config
        Base.
    changes : mapping
        Dotted key → value in the type of its parameter.

    Returns
    -------
    Config
        All other sections are those of the base.
    """
    groups: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        group, _, name = key.partition(".")
        groups.setdefault(group, {})[name] = value
    policies = groups.pop(POLICY.rstrip("."), {})
    sections: dict[str, Any] = {
        group: getattr(config, group).model_copy(update=update) for group, update in groups.items()
    }
    if policies:
        sections["policies"] = tuple(
            policy.model_copy(update={"value": policies[policy.instrument]})
            if policy.instrument in policies
            else policy
            for policy in config.policies
        )
    return config.model_copy(update=sections)
