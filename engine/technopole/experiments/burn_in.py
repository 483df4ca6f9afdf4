"""Burn-in: the first periods of a replicate, run once and branched to all points of a sweep."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.simulation.advance import advance
from technopole.world.build import Blueprint, enlarge_world
from technopole.world.recording import Recording
from technopole.world.state import copy_state, load_state
from technopole_kernels import layout
from technopole_kernels.types import World


class Branch(NamedTuple):
    """The state of a replicate at the end of its burn-in; plain arrays, never written."""

    replicate: int
    state: dict[str, NDArray[Any]]

    @property
    def n_firms(self) -> int:
        """Number of firms."""
        return int(self.state["offsets"][-1])


def run_burn_in(
    base: Blueprint, world: World, replicate: int, periods: int, stop: NDArray[np.int64]
) -> tuple[World, Branch | None]:
    """Run the first periods of a replicate.

    Parameters
    ----------
    base : Blueprint
        The scenario as it is before the points' values take effect; the seed is that of its configuration.
    world : World
        With room for the initial firms; overwritten.
    replicate : int
        Number of the replicate.
    periods : int
        Length of the burn-in.
    stop : ndarray of int64, shape (1,)
        Not 0: stop before the next period.

    Returns
    -------
    world : World
        The same or the enlarged one, for further use.
    branch : Branch or None
        None if it was stopped.

    Raises
    ------
    NotFiniteError, TechnopoleError
        As `technopole.simulation.advance.advance`.
    """
    setting = base.setting(int(base.config.run.seed))
    base.start(setting, world, replicate)
    nothing = Recording((), 1, 0, base.n_regions, base.n_sectors).records(0)
    # a stride beyond the end: no period of the burn-in is recorded
    world, finished = advance(base, setting, world, nothing, periods, periods + 1, stop)
    return world, Branch(replicate, copy_state(world)) if finished else None


def start_from(branch: Branch, blueprint: Blueprint, world: World) -> World:
    """Put a world at the end of a burn-in, from where a point goes on.

    What follows is the same to the last bit as if the world had run through the burn-in itself and the values
    of the point had been switched on then.

    Parameters
    ----------
    branch : Branch
        What `run_burn_in` returned.
    blueprint : Blueprint
        That of the point, of the same economy.
    world : World
        Overwritten.

    Returns
    -------
    World
        The same, or a larger one if it had no room.
    """
    if branch.n_firms > world.firms.shape[1]:
        world = enlarge_world(world, max(branch.n_firms, blueprint.capacity))
    load_state(world, branch.state)
    world.clock[layout.REPLICATE] = branch.replicate
    return world
