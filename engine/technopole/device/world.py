"""One world on a device for some periods: it comes from the host and goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.device.batch import Batch
from technopole.device.layout import VALUES
from technopole.device.shared import SharedDevice, using
from technopole.errors import NotFiniteError
from technopole.world.build import Blueprint, new_problem
from technopole.world.problems import not_finite, with_room
from technopole_kernels import layout
from technopole_kernels.record import Records
from technopole_kernels.status import Status
from technopole_kernels.types import Problem, Setting, World

Enlarged = Callable[[World], object]


def advance_on_device(
    blueprint: Blueprint,
    setting: Setting,
    world: World,
    records: Records,
    until: int,
    stride: int,
    stop: NDArray[np.int64],
    enlarged: Enlarged | None = None,
) -> tuple[World, bool]:
    """Advance a world on the device of this process, enlarging it as needed.

    The bits are those of `technopole.simulation.advance.advance` on the processor.

    Parameters
    ----------
    blueprint, setting, world, records, until, stride, stop, enlarged
        As for `technopole.simulation.advance.advance`; the flag is read at every look.

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
    if int(world.clock[layout.PERIOD]) >= until:
        return world, True
    if stop[0] != 0:
        return world, False
    with using(blueprint.config.run.backend) as shared:
        batch = _batch(shared, setting, world, records)
        try:
            return _advance(batch, blueprint, world, records, until, stride, stop, enlarged)
        except BaseException:
            if shared.kept is batch and batch.status[0] == 0:  # left in the middle of something
                shared.forget()
            raise


def _batch(shared: SharedDevice, setting: Setting, world: World, records: Records) -> Batch:
    """Return memory for a world: that of the last one, if it has the same shapes and constants."""
    kept: Batch | None = shared.kept
    if kept is not None and kept.fits(setting, world, records):
        kept.set_setting(setting)
        return kept
    shared.forget()
    shared.kept = batch = Batch(shared.device, setting, world, records, 1)
    return batch


def _advance(
    batch: Batch,
    blueprint: Blueprint,
    world: World,
    records: Records,
    until: int,
    stride: int,
    stop: NDArray[np.int64],
    enlarged: Enlarged | None,
) -> tuple[World, bool]:
    begun = int(world.clock[layout.PERIOD])
    batch.put(0, world)
    batch.status[0], batch.until[0], batch.stride[0] = 0, until, stride
    batch.send_control()
    while True:
        while batch.running[0] and stop[0] == 0:
            batch.go()
        batch.fetch(0, world)
        period = int(world.clock[layout.PERIOD])
        batch.fetch_records(0, _one(records), begun // stride, period // stride)
        begun = period
        if not batch.stuck[0]:
            return world, period >= until
        problem = problem_of(batch, 0)
        if batch.status[0] == Status.NOT_FINITE:
            raise NotFiniteError(not_finite(blueprint, world, problem))
        world = with_room(blueprint, world, problem)
        if enlarged is not None:
            enlarged(world)
        batch.put(0, world)
        batch.status[0] = 0
        batch.send_control()


def problem_of(batch: Batch, slot: int) -> Problem:
    """Return what went wrong in a world of a batch.

    Parameters
    ----------
    batch : Batch
        After a look.
    slot : int
        Which world.

    Returns
    -------
    Problem
        As the kernels of the processor leave it.
    """
    problem = new_problem()
    problem.where[:] = batch.where[slot]
    return problem


def _one(records: Records) -> Records:
    values: dict[str, Any] = {name: getattr(records, name)[None] for name in VALUES}
    return records._replace(**values)
