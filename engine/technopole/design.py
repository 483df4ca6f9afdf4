"""From the design of a sweep to its points: ids that stay when a design grows, values, order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.config import Config
from technopole.config_checks import check_parameters
from technopole.config_problems import Problems
from technopole.sweep import Design, Sweep, hash_of
from technopole.sweep_models import SAMPLED
from technopole.sweep_values import VARIED, column

PROBLEMS_SHOWN = 20
"""Points named one by one that are no valid model."""


@dataclass(frozen=True)
class Points:
    """The points of a design.

    Attributes
    ----------
    kind : str
        Kind of the design.
    ids : ndarray of int64, shape (n,)
        Identities. Appending values to a grid, or points to zip, list, file, sobol, random and saltelli,
        keeps those of the points that were there; lhs and morris with another number are other points.
    values : dict of str to ndarray, shape (n,)
        By key: float64, int64, bool, or Python strings.
    sample : ndarray of float64, shape (n, d), or None
        The same in the unit cube, before distributions; only of designs that are drawn.
    problem : dict or None
        `num_vars`, `names`, `bounds` as SALib takes them; only of designs that are drawn.
    """

    kind: str
    ids: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    sample: NDArray[np.float64] | None = field(default=None, repr=False)
    problem: dict[str, Any] | None = None

    def __len__(self) -> int:
        """Return the number of points."""
        return int(self.ids.size)

    def changes(self, point: int) -> dict[str, Any]:
        """Return what one point changes.

        Parameters
        ----------
        point : int
            Index, not id.

        Returns
        -------
        dict
            Dotted key → bool, int, float or str.
        """
        return {key: _plain(values[point]) for key, values in self.values.items()}

    def digest(self) -> str:
        """Return a hash of ids and values, in 64 hexadecimal digits."""
        columns = {key: [_exact(value) for value in values.tolist()] for key, values in self.values.items()}
        return hash_of([self.kind, self.ids.tolist(), list(columns), columns])

    def select(self, wanted: Mapping[str, Any]) -> NDArray[np.int64]:
        """Return the indices of the points with some values.

        Parameters
        ----------
        wanted : mapping
            Dotted key → value.

        Returns
        -------
        ndarray of int64
            Ascending.
        """
        chosen = np.ones(len(self), dtype=bool)
        for key, value in wanted.items():
            chosen &= np.asarray(self.values[key] == value, dtype=bool)
        return np.flatnonzero(chosen)


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
        from technopole.design_sampling import sampled

        points = sampled(design)
    elif design.kind == "grid":
        points = _grid(design)
    else:
        values = {spread.key: column(VARIED[spread.key], list(spread.values)) for spread in design.spreads}
        points = Points(design.kind, np.arange(design.number, dtype=np.int64), values)
    problems = Problems(sweep.source)
    _check_models(sweep.config, points, problems)
    for name, values in sweep.contrasts.items():
        found = points.select(values).size
        if found != 1:
            problems.add(f"contrasts.{name}", f"selects {found} points; allowed: values that select one")
    problems.raise_if_any()
    return points


def _grid(design: Design) -> Points:
    """Return all combinations, the last parameter changing fastest."""
    lengths = [len(spread.values) for spread in design.spreads]
    places = np.indices(lengths).reshape(len(lengths), -1)
    values = {
        spread.key: column(VARIED[spread.key], list(spread.values))[place]
        for spread, place in zip(design.spreads, places, strict=True)
    }
    return Points("grid", grid_ids(lengths), values)


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
    # Python numbers: large grids of many parameters must not wrap around
    return np.array(
        [_shell_number(place, dims) for place in itertools.product(*map(range, lengths))], dtype=np.int64
    )


def _shell_number(place: tuple[int, ...], dims: int) -> int:
    largest = max(place)
    before = largest**dims
    # points of the shell that come earlier: those of the cube that do, less those of the inner cube
    rank_outer = rank_inner = 0
    inside = True
    for axis, value in enumerate(place):
        rest = dims - axis - 1
        rank_outer += value * (largest + 1) ** rest
        if inside:
            rank_inner += min(value, largest) * largest**rest
            inside = value < largest
    return before + rank_outer - rank_inner


def _check_models(config: Config, points: Points, problems: Problems) -> None:
    """Check the conditions between parameters at each point; bounds have been checked."""
    shaping = [
        key for key in points.values if key.partition(".")[0] in ("learning", "spillover", "innovation")
    ]
    if not shaping:
        return
    for point, changes in enumerate(_rows(points, shaping)):
        found = Problems(f"{problems.source}: point {int(points.ids[point])}")
        varied = varied_config(config, changes)
        sections = {name: getattr(varied, name) for name in ("learning", "spillover", "innovation")}
        check_parameters(sections, found)
        problems.lines.extend(found.lines)
        if len(problems.lines) > PROBLEMS_SHOWN:
            problems.lines.append(f"{problems.source}: … and perhaps more points")
            return


def _rows(points: Points, keys: list[str]) -> Iterator[dict[str, Any]]:
    columns = [points.values[key].tolist() for key in keys]
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
    sections = {group: getattr(config, group).model_copy(update=update) for group, update in groups.items()}
    return config.model_copy(update=sections)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _exact(value: Any) -> Any:
    """Return a number by its bits, so that a hash of it does not depend on how it is printed."""
    return value.hex() if isinstance(value, float) and math.isfinite(value) else value
