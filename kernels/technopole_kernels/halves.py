"""Which half of identities and ages is the present one.

A period packs the survivors from one half into the other, and nothing is copied only to be complete. A world is at rest
when the first half is the present one: then whoever looks at it need not ask. So it is when `drive` has done whole
periods or the last part, ``REST``, and after `step` and `commit`. Grids of a device always use the first half.
"""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.reduce import copy_all


@device
def now(world):
    """The half that holds identities and ages of the firms."""
    return np.int64(world.economy[at.HALF])


@device
def later(world):
    """The half that takes those of the next period."""
    return 1 - np.int64(world.economy[at.HALF])


@stage
def rest(world):
    """Make the first half the present one."""
    if now(world) != at.NOW:
        firms = world.offsets[world.offsets.size - 1]
        copy_all(world.identity[at.NEXT, :firms], world.identity[at.NOW, :firms])
        copy_all(world.age[at.NEXT, :firms], world.age[at.NOW, :firms])
        world.economy[at.HALF] = float(at.NOW)
