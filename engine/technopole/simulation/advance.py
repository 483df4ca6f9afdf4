"""Moving a world forward, on the processor or on a device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from technopole.device.world import advance_on_device
from technopole.errors import NotFiniteError
from technopole.world.build import Blueprint, new_problem
from technopole.world.crew import Crew
from technopole.world.problems import not_finite, with_room
from technopole_kernels.record import Records
from technopole_kernels.status import Status
from technopole_kernels.types import Setting, World

_ALONE = Crew(1)
"""For callers without threads to share the work; made once, as small worlds are advanced very often."""


def advance(
    blueprint: Blueprint,
    setting: Setting,
    world: World,
    records: Records,
    until: int,
    stride: int,
    stop: NDArray[np.int64],
    crew: Crew | None = None,
    enlarged: Callable[[World], object] | None = None,
) -> tuple[World, bool]:
    """Advance a world, enlarging it as needed.

    Parameters
    ----------
    blueprint : Blueprint
        What the world was made from; its configuration says on which backend.
    setting : Setting
        What the kernels read.
    world : World
        Changed in place.
    records : Records
        Where recorded periods go.
    until : int
        Number of periods done at the end.
    stride : int
        Every so many periods one is recorded.
    stop : ndarray of int64, shape (1,)
        Not 0: stop before the next period.
    crew : Crew, optional
        Threads that share the work; the calling one if absent. They have nothing to do if a device computes.
    enlarged : callable, optional
        Gets a world that takes the place of the one before, also where a later period fails.

    Returns
    -------
    world : World
        The same, or the enlarged one; region, sector and cell arrays are always the same.
    finished : bool
        Whether `until` was reached.

    Raises
    ------
    NotFiniteError
        If a number became infinite or not a number; the world is as it was before that period.
    TechnopoleError
        If there is no room for another firm and ``capacity.fixed`` or the memory forbids more.
    ConfigError
        If there is no device.
    """
    if blueprint.config.run.backend != "cpu":
        return advance_on_device(blueprint, setting, world, records, until, stride, stop, enlarged)
    problem = new_problem()
    crew = crew or _ALONE
    while True:
        status = crew.advance(setting, world, problem, records, until, stride, stop)
        if status in (Status.DONE, Status.STOPPED):
            return world, status == Status.DONE
        if status == Status.NOT_FINITE:
            raise NotFiniteError(not_finite(blueprint, world, problem))
        world = with_room(blueprint, world, problem)
        if enlarged is not None:
            enlarged(world)
