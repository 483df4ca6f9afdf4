"""How many worlds a device holds at a time, and with how much room."""

from __future__ import annotations

import numpy as np

from technopole.basics.machine import readable_bytes
from technopole.device.layout import world_bytes
from technopole.device.memory import ALIGNMENT
from technopole.errors import TechnopoleError
from technopole.world.build import MOST_ROOM, Blueprint
from technopole_kernels.record import Records
from technopole_kernels.types import Setting, World

SHARE_OF_MEMORY = 0.9
"""Of what is free on the device; the rest is for worlds that are enlarged."""


def device_room(blueprint: Blueprint) -> int:
    """Return the firm slots of a world on a device.

    To enlarge one takes a way to the host and back: so it gets at once what it will about need.

    Parameters
    ----------
    blueprint : Blueprint
        What it is made from.

    Returns
    -------
    int
        Capacity.
    """
    return min(max(blueprint.capacity, blueprint.final_capacity), MOST_ROOM * blueprint.capacity)


def worlds_that_fit(
    blueprint: Blueprint, setting: Setting, template: World, records: Records, free: int
) -> int:
    """Return how many worlds a device holds at a time.

    Parameters
    ----------
    blueprint : Blueprint
        For the message.
    setting : Setting
        Is there once.
    template : World
    records : Records
        Their shapes count.
    free : int
        Bytes.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    TechnopoleError
        If there is no room for one.
    """
    once = sum(array.nbytes + ALIGNMENT for array in setting.constants if isinstance(array, np.ndarray))
    once += sum(array.nbytes + ALIGNMENT for array in setting.policy)
    one = world_bytes(setting, template, records)
    count = int((SHARE_OF_MEMORY * free - once) // one)
    if count < 1:
        raise TechnopoleError(
            f"one world of {blueprint.n_firms:,} firms takes {readable_bytes(one + once)} of the memory of the "
            f"device and {readable_bytes(free)} are free; a smaller data.scale, a larger output.stride or "
            'run.backend = "cpu" need less'
        )
    return count
