"""The world of a model in memory at a fixed address: quick to step from Python, and open to compiled hosts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model.checks import LARGEST, allowed, bounds_of
from technopole.schema import STATE
from technopole.world.build import Blueprint, new_problem
from technopole.world.state import shares_tolerance
from technopole_kernels import layout
from technopole_kernels._trampoline import entries
from technopole_kernels.drive import WHOLE, drive
from technopole_kernels.host_check import (
    L_FIRMS,
    L_REGIONS,
    L_REPUTATION,
    L_ROWS,
    L_SECTORS,
    OUTSIDE,
    check_state,
)
from technopole_kernels.record import Records
from technopole_kernels.types import Setting, World

_ROWS: tuple[tuple[str, int], ...] = (
    *((name, 1) for name in ("organisation", "technology", "sourcing", "quality", "research", "custom")),
    *((name, 1) for name in ("share", "cash", "age", "tie", "workforce", "wage", "trust")),
    *((name, 1) for name in ("infrastructure", "university", "services", "finance")),
    *(
        ("pipeline", 3),
        ("reputation", 1),
        ("market", 1),
        ("fitness_level", 1),
        ("knowledge", 4),
        ("norms", 2),
    ),
)
"""State variables and their numbers of rows, in the order of the limits of `technopole_kernels.host_check`."""
VARIABLE_OF_ROW = tuple(name for name, rows in _ROWS for _ in range(rows))
NOWHERE = -1
"""In ``Problem.where`` of a model with which nothing has gone wrong."""


def limits_of(world: World) -> NDArray[np.float64]:
    """Return the lowest and the highest value of every state variable that a host may set.

    Parameters
    ----------
    world : World
        How much the shares may miss the sum of one follows from it.

    Returns
    -------
    ndarray, shape (rows, 2)
        In the order of `VARIABLE_OF_ROW`.
    """
    limits = np.array([bounds_of(STATE[name]) for name in VARIABLE_OF_ROW])
    assert limits.shape == (L_ROWS, 2)
    limits[VARIABLE_OF_ROW.index("share"), 1] += shares_tolerance(world)
    limits[VARIABLE_OF_ROW.index("age"), 1] = LARGEST  # it is counted on from what was set
    return limits


class Handle:
    """Block of memory that stands for a world, its setting and its records.

    Parameters
    ----------
    setting : Setting
        What the kernels read.
    world : World
        What they change.
    records : Records
        Where the last period goes.

    Attributes
    ----------
    address : int
        Of the block; the same for the life of the model.
    problem : Problem
        What went wrong.
    """

    def __init__(self, setting: Setting, world: World, records: Records) -> None:
        self.problem = new_problem()
        self.problem.where[:] = NOWHERE
        self._values: dict[str, Any] = {
            "setting": setting,
            "world": world,
            "problem": self.problem,
            "records": records,
            "stop": np.zeros(1, dtype=np.int64),
            "limits": limits_of(world),
        }
        # with nothing to do: so that they are compiled
        drive(setting, world, self.problem, records, 0, 1, self._values["stop"], WHOLE, 0, 0)
        check_state(world, self.problem, self._values["limits"], 0)
        made = entries(self._values, drive, check_state)
        self.layout = made.layout
        self._memory: NDArray[np.int64] = made.new_block(self._values)
        self.address = int(self._memory.ctypes.data)

    def bind(self, name: str, value: Setting | World) -> None:
        """Put another setting or an enlarged world into the block."""
        self._values[name] = value  # kept: the block itself holds no references
        self.layout.write(self._memory, name, value)


def refusal(blueprint: Blueprint, world: World, found: int, where: NDArray[np.int64]) -> StateError:
    """Say what a host has left that the model cannot go on with.

    Parameters
    ----------
    blueprint : Blueprint
        Names of regions and sectors.
    world : World
        As the host left it.
    found : int
        What `technopole_kernels.host_check.check_state` returned.
    where : ndarray
        Its ``problem.where``.

    Returns
    -------
    StateError
        To be raised.
    """
    tables, sectors = blueprint.tables, blueprint.n_sectors
    place = [
        f"replicate {int(world.clock[layout.REPLICATE])}",
        f"period {int(world.clock[layout.PERIOD]) + 1}",
    ]
    row, index = int(where[0]), int(where[1])
    if found != OUTSIDE:
        ends = zip(world.offsets[row:-1:sectors], world.offsets[row + 1 :: sectors], strict=True)
        total = sum(world.firms[layout.F_SHARE, first:last].sum(dtype=np.float64) for first, last in ends)
        return StateError(
            f"{', '.join([*place, f'sector {tables.sector_ids[row]}'])}: the market shares add up to "
            f"{total:.12g} when the period begins; allowed: 1 in each sector (model.set scales shares with "
            "renormalise=True)"
        )
    name = VARIABLE_OF_ROW[row]
    entry = STATE[name]
    value, cell = _value(world, row, index)
    if row < L_REGIONS or row == L_REPUTATION:
        place += [
            f"region {tables.region_ids[cell // sectors]}",
            f"sector {tables.sector_ids[cell % sectors]}",
        ]
    elif row < L_REPUTATION:
        place.append(f"region {tables.region_ids[index]}")
    elif row < L_SECTORS + layout.S_NEXT:
        place.append(f"sector {tables.sector_ids[index]}")
    return StateError(
        f"{', '.join(place)}: {name} is {value:g} when the period begins; allowed: {allowed(entry)}; it was set from "
        "outside"
    )


def _value(world: World, row: int, index: int) -> tuple[float, int]:
    """Return the value at a row of the limits, and the cell it belongs to."""
    if row < L_REGIONS:
        cell = int(np.searchsorted(world.offsets, index, side="right")) - 1
        if row < L_FIRMS + layout.F_ROWS:
            return float(world.firms[row, index]), cell
        array = world.age if row == layout.F_ROWS else world.tie
        return float(array[layout.NOW, index]), cell
    if row < L_REPUTATION:
        return float(world.regions[row - L_REGIONS, index]), 0
    if row == L_REPUTATION:
        return float(world.cells[layout.C_REPUTATION, index]), index
    if row < L_SECTORS + layout.S_NEXT:
        return float(world.sectors[row - L_SECTORS, index]), 0
    return float(world.economy[layout.NORM_TAX + index]), 0
