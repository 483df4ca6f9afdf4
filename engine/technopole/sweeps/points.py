"""The points of a design: ids that stay when it grows, and the values of its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import plain
from technopole.sweeps.sweep import hash_of

NAME = "name"
"""What selects a point by its name, where values select it by what it changes."""


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
    names : tuple of str
        Names of the points, all different; empty if they have none.
    """

    kind: str
    ids: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    sample: NDArray[np.float64] | None = field(default=None, repr=False)
    problem: dict[str, Any] | None = None
    names: tuple[str, ...] = ()

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
        return {key: plain(values[point]) for key, values in self.values.items()}

    def digest(self) -> str:
        """Return a hash of ids and values, in 64 hexadecimal digits."""
        columns = {key: [_exact(value) for value in values.tolist()] for key, values in self.values.items()}
        return hash_of([self.kind, self.ids.tolist(), list(columns), columns])

    def select(self, wanted: Mapping[str, Any]) -> NDArray[np.int64]:
        """Return the indices of the points with some values.

        Parameters
        ----------
        wanted : mapping
            Dotted key → value; `NAME` → name of the point.

        Returns
        -------
        ndarray of int64
            Ascending.
        """
        chosen = np.ones(len(self), dtype=bool)
        for key, value in wanted.items():
            values = np.array(self.names, dtype=object) if key == NAME else self.values[key]
            chosen &= np.asarray(values == value, dtype=bool)
        return np.flatnonzero(chosen)


def _exact(value: Any) -> Any:
    """Return a number by its bits, so that a hash of it does not depend on how it is printed."""
    return value.hex() if isinstance(value, float) and math.isfinite(value) else value
