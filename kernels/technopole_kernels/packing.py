"""Writing the survivors, packed cell by cell (docs/MODEL.md 7.10)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._bits import count_bits, equal_beside, pack
from technopole_kernels._jit import stage
from technopole_kernels._lanes import load, spread, store, width
from technopole_kernels.accounts import LEAVE
from technopole_kernels.ahead import fetch_survivors, is_large
from technopole_kernels.halves import later, now


@stage
def pack_cells(world, first, final, last):
    """Write the survivors of some cells to where the first of them begins, up to ``last``."""
    offsets, firms, following, step = world.offsets, world.firms, world.next, width(world.firms)
    target, end = world.new_offsets[first], offsets[final + 1]
    identity, new_identity = world.identity[now(world)], world.identity[later(world)]
    age, new_age = world.age[now(world)], world.age[later(world)]
    large = is_large(world)
    for begin in range(offsets[first], end, step):
        present, room = min(end - begin, step), last - target
        staying = equal_beside(world.fate, begin, present, LEAVE, firms) ^ ((1 << present) - 1)
        if large:
            fetch_survivors(world, begin, target)
        for row in range(at.F_ROWS):
            pack(following[row], begin, staying, firms[row], target, room, firms)
        pack(identity, begin, staying, new_identity, target, room, firms)
        pack(age, begin, staying, new_age, target, room, firms)
        pack(world.tie[at.NEXT], begin, staying, world.tie[at.NOW], target, room, firms)
        target += count_bits(staying)
    older = new_age[world.new_offsets[first] : last]
    for i in range(older.size):
        older[i] = np.int32(older[i] + np.int32(1))


@stage
def scale_cells(world, first, final):
    """Multiply the shares of the survivors of some cells by the scale of their sectors."""
    share, scale, survivors = world.firms[at.F_SHARE], world.sectors[at.S_SCALE], world.counts[at.N_SURVIVORS]
    k = first % scale.size
    for cell in range(first, final + 1):
        begin, end = world.new_offsets[cell], world.new_offsets[cell] + survivors[cell]
        its_scale = spread(scale[k], share)
        for i in range(begin, end, width(share)):
            store(its_scale * load(share, i, end - i), share, i, end - i)
        k = k + 1 if k + 1 < scale.size else 0
