"""What a design says: which values each parameter takes, and how points are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spread:
    """The values of one parameter of a design.

    Attributes
    ----------
    key : str
        Parameter.
    values : tuple
        The values themselves; empty where there is a range.
    low, high : float
        Bounds of a range.
    dist : str
        ``uniform``, ``loguniform``, ``normal``, ``integer``, ``choice``.
    mean, sd : float
        Of the normal distribution before it is cut at the bounds.
    """

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 1.0
    dist: str = "choice"
    mean: float = 0.0
    sd: float = 1.0


@dataclass(frozen=True)
class Design:
    """How the points are made.

    Attributes
    ----------
    kind : str
        grid, zip, list, lhs, sobol, random, saltelli, morris, file.
    spreads : tuple of Spread
        One per parameter, in the order of the file; those of ``list`` and ``file`` hold one value per point.
    number : int
        lhs, sobol, random: points; saltelli: base samples; morris: trajectories; otherwise points.
    seed : int
        Of the sampling.
    second_order : bool
        saltelli: also the points for indices of second order.
    levels : int
        morris: levels of each parameter.
    names : tuple of str
        zip, list, file: names of the points, all different; empty if they have none.
    """

    kind: str
    spreads: tuple[Spread, ...]
    number: int
    seed: int = 0
    second_order: bool = False
    levels: int = 4
    names: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Parameters that differ between points."""
        return tuple(spread.key for spread in self.spreads)
