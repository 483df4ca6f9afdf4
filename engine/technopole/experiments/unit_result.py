"""What a unit of an experiment adds to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.experiments.plan import Plan, Unit
from technopole.experiments.store_layout import STATUS
from technopole.experiments.store_variables import OutputVariable

DONE, FAILED = 1, 2
"""In the array ``replicate_status``."""


@dataclass
class UnitResult:
    """What a unit adds to the store.

    Attributes
    ----------
    unit : Unit
        Which one.
    arrays : dict of str to ndarray
        Path of each array that units write → its part, (point, replicate or block, ...).
    firms : dict of str to ndarray or None
        Table of firms, if one is wanted.
    errors : list of (int, int, str)
        Id of the point, replicate, message, of each replicate that failed.
    seconds : float
        Spent on it.
    """

    unit: Unit
    arrays: dict[str, NDArray[Any]]
    firms: dict[str, NDArray[Any]] | None = None
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    seconds: float = 0.0

    @classmethod
    def empty(cls, plan: Plan, unit: Unit) -> UnitResult:
        """Return a result with room for all that a unit writes.

        Parameters
        ----------
        plan : Plan
            Any.
        unit : Unit
            Of the plan.
        """
        room = {
            variable.path: np.zeros(unit_shape(unit, variable), dtype=variable.dtype)
            for variable in plan.layout.written_by("unit")
        }
        return cls(unit, room)

    @property
    def failed(self) -> int:
        """Replicates that failed."""
        return int((self.arrays[STATUS] == FAILED).sum())

    @property
    def done(self) -> int:
        """Replicates that did not."""
        return int((self.arrays[STATUS] == DONE).sum())


def unit_shape(unit: Unit, variable: OutputVariable) -> tuple[int, ...]:
    """Return the shape of the part of an array that a unit writes.

    Parameters
    ----------
    unit : Unit
        Which one.
    variable : OutputVariable
        Written by units.

    Returns
    -------
    tuple of int
        At the ends of the array smaller than a chunk.
    """
    along = 1 if variable.group else len(unit.replicates)
    return (len(unit.points), along, *variable.shape[2:])
