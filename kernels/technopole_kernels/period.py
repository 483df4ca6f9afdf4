"""One period on one page.

The state is read, and only at the end written: a period that needs more room or meets a number that is not finite
leaves the world as it was. The stages of docs/MODEL.md stand in parts.py (regions, sectors, institutions, entry) and
sweeps.py (what firms do), in the order of this page.
"""

from technopole_kernels._jit import stage
from technopole_kernels.demography import found_entrants, move_survivors, scale_shares
from technopole_kernels.halves import rest
from technopole_kernels.parts import (
    DONE,
    close,
    go_on,
    learn_and_compete_in_tiles,
    open_period,
    prepare,
    settle,
    settle_and_decide_in_tiles,
    sum_tiles,
)


@stage
def step(setting, world, problem):
    """Advance a world by one period; returns a ``Status``. To be called from compiled code that looks at the world."""
    status = pass_period(setting, world, problem)
    rest(world)
    return status


@stage
def pass_period(setting, world, problem):
    """The same for those who do not look at it before they call ``rest`` (see drive.py).

    What takes time works on a range of tiles, cells …: here all of them, elsewhere those of one thread.
    """
    tiles, cells = open_period(setting, world), world.cells.shape[1]
    sum_tiles(setting, world, 0, tiles)
    prepare(setting, world)
    learn_and_compete_in_tiles(setting, world, 0, tiles)
    settle(setting, world)
    settle_and_decide_in_tiles(setting, world, 0, tiles)
    status = close(setting, world, problem)
    if status == DONE:
        found_entrants(setting, world, 0, cells)
        scale_shares(setting, world)
        move_survivors(world, 0, cells)
        go_on(world)
    return status
