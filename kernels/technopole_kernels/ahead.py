"""Asking for rows of firms before they are needed: memory answers while something else is computed.

In a world whose rows are not in a cache. A processor finds by itself what follows in a row, but not beyond a page, and
not at random places. For learning it is done where random numbers are drawn (rule ``broadcast``).
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import fetch, width
from technopole_kernels._llvm import WIDTH
from technopole_kernels.halves import later, now

LINE = 64  # bytes of a line of the cache
STRETCH = 64  # firms of whose successors is asked at once
STEPS = 128  # firms ahead of those that are packed
MOST_CACHED = 800_000  # bytes of a row: if there are more, the rows of a world are in memory


@device
def is_large(world):
    """Whether the rows of the firms are in memory rather than in a cache."""
    return world.offsets[world.offsets.size - 1] * world.firms.itemsize > MOST_CACHED


@device
def fetch_row(row, begin, end):
    """Ask for a part of a row."""
    step = LINE // row.itemsize
    for i in range(begin, end, step):
        fetch(row, i)


@device
def fetch_for_learning(world, begin):
    """Ask for the rows that learning reads and writes, of some firms."""
    end = begin + STRETCH
    for row in range(at.F_CUSTOM):
        fetch_row(world.firms[row], begin, end)
        fetch_row(world.next[row], begin, end)
    fetch_row(world.identity[now(world)], begin, end)


@device
def fetch_for_competing(setting, world, begin):
    """Ask for what the rest of the first sweep reads and writes, of some firms."""
    end = begin + STRETCH
    for row in range(at.F_CUSTOM, at.F_ROWS):
        fetch_row(world.firms[row], begin, end)
        fetch_row(world.next[row], begin, end)
    if setting.params[0].sharing_rule != 0:
        fetch_row(world.load[at.OVERHEAD_RATE], begin, end)
    fetch_row(world.load[at.OWN_RESEARCH], begin, end)
    fetch_row(world.fate, begin, end)
    fetch_row(world.tie[at.NOW], begin, end)
    fetch_row(world.tie[at.NEXT], begin, end)


@stage
def fetch_for_settling(setting, world, tile):
    """Ask for what the second sweep reads and writes of as many firms as a tile has, behind it."""
    begin, end = tile.end, tile.end + (tile.end - tile.begin)
    fetch_row(world.firms[at.F_SHARE], begin, end)
    fetch_row(world.firms[at.F_CASH], begin, end)
    fetch_row(world.next[at.F_SHARE], begin, end)
    fetch_row(world.next[at.F_CASH], begin, end)
    if setting.params[0].sharing_rule != 0:
        fetch_row(world.load[at.OVERHEAD_RATE], begin, end)
    fetch_row(world.fate, begin, end)


@device
def fetch_entrant(world, slot, parent):
    """Ask for where an entrant will be written, and for what its parent hands down."""
    fetch(world.identity[now(world)], parent)
    for channel in range(4):
        fetch(world.next[at.F_ORGANISATION + channel], parent)
    for row in range(at.F_ROWS):
        fetch(world.firms[row], slot)
    fetch(world.identity[later(world)], slot)
    fetch(world.tie[at.NOW], slot)


@device
def fetch_survivors(world, begin, target):
    """Ask for what will be packed after a few more steps, and for where it goes."""
    for row in range(at.F_ROWS):
        fetch(world.next[row], begin + STEPS)
        fetch(world.firms[row], target + STEPS)
    for i in range(STEPS, STEPS + width(world.firms), WIDTH):
        fetch(world.identity[now(world)], begin + i)
        fetch(world.identity[later(world)], target + i)
    fetch(world.age[now(world)], begin + STEPS)
    fetch(world.age[later(world)], target + STEPS)
    fetch(world.fate, begin + STEPS)
