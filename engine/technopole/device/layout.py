"""What a device computes with, and which arrays a world has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from technopole.device.memory import Place, arrange
from technopole_kernels.record import Records
from technopole_kernels.types import Constants, Setting, World

STATE = ("offsets", "firms", "identity", "age", "tie", "regions", "cells", "sectors", "economy")
"""Arrays that the next period depends on; besides these the clock."""
SEEN = (*STATE, "load", "fate", "counts", "sizes")
"""Arrays that are looked at after a period."""
VALUES = ("cells", "regions", "sectors", "sizes")
"""Arrays of `Records` that are written."""
CONTROL = ("clock", "status", "where", "until", "stride")
"""Numbers by which a world is steered: those of all worlds lie side by side, so that one look shows them all."""
WORDS = {"clock": 4, "status": 1, "where": 4, "until": 1, "stride": 1}
LOOKED_AT = 9
"""Words of a world that change: the first three."""
LOOKED_UP = "incoming_"
"""How the names of arrays begin that belong to the constants, though they are a part of `Work`."""


class Program(NamedTuple):
    """What the device computes with."""

    period: tuple[tuple[str, str], ...]
    """Name and items of each launch of a period, in order."""
    count_items: Callable[[str, int, int, int], int]
    """(items, regions, sectors, room) → items of a world at most."""
    new_work: Callable[[Constants, World], Any]
    """What a world with such constants and of such a size is worked on with: zeros, and what is looked up."""


def program() -> Program:
    """Return what the device computes with.

    Returns
    -------
    Program
        Of `technopole_kernels.grid`.
    """
    from technopole_kernels.grid.launches import PERIOD, count_items
    from technopole_kernels.grid.work import new_work

    return Program(tuple((launch.name, launch.items) for launch in PERIOD), count_items, new_work)


class Shape(NamedTuple):
    """Where the arrays of a world lie, and how many bytes they take."""

    room: int
    world: dict[str, Place]
    """Those of `STATE` first."""
    state_bytes: int
    rest_bytes: int
    work: dict[str, Place]
    work_bytes: int

    @property
    def nbytes(self) -> int:
        """All of it."""
        return self.state_bytes + self.rest_bytes + self.work_bytes


def shape_of(world: World, work: Any) -> Shape:
    """Return where the arrays of a world lie.

    Parameters
    ----------
    world : World
        Only the shapes of its arrays count.
    work : Work
        The same.

    Returns
    -------
    Shape
        The same for all worlds with as much room.
    """
    first = {name: getattr(world, name) for name in STATE}
    rest = {name: array for name, array in world._asdict().items() if name not in first and name != "clock"}
    state, state_bytes = arrange(first)
    others, rest_bytes = arrange(rest)
    once = looked_up(work)
    scratch, work_bytes = arrange(
        {name: array for name, array in work._asdict().items() if name not in WORDS and name not in once}
    )
    return Shape(world.firms.shape[1], {**state, **others}, state_bytes, rest_bytes, scratch, work_bytes)


def world_bytes(setting: Setting, template: World, records: Records) -> int:
    """Return what a world takes of the memory of a device.

    Parameters
    ----------
    setting : Setting
    template : World
    records : Records
        Their shapes count.

    Returns
    -------
    int
        Bytes.
    """
    shape = shape_of(template, program().new_work(setting.constants, template))
    structs = 16 * 1024
    return shape.nbytes + sum(array.nbytes for array in records) + structs


def state_bytes(template: World) -> int:
    """Return what the state of a world takes, by which it begins.

    Parameters
    ----------
    template : World
        Its shapes count.

    Returns
    -------
    int
        Bytes.
    """
    return arrange({name: getattr(template, name) for name in STATE})[1]


def looked_up(work: Any) -> tuple[str, ...]:
    """Return the arrays of a `Work` that only depend on the constants and are never written: all worlds share them."""
    return tuple(name for name in work._fields if name.startswith(LOOKED_UP))
