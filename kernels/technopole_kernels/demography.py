"""The next population: its size, its entrants and its survivors, in the order of cells (docs/MODEL.md 7.10, 7.11)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels._kinds import keep_whole
from technopole_kernels.ahead import fetch_entrant, is_large
from technopole_kernels.choose import natural
from technopole_kernels.entry import home_of, parent_of
from technopole_kernels.founding import write_entrants
from technopole_kernels.halves import later
from technopole_kernels.packing import pack_cells, scale_cells
from technopole_kernels.reduce import set_all, sum_sectors
from technopole_kernels.tiles import take_tile
from technopole_kernels.types import TILE


@stage
def count_population(world):
    """Survivors and entrants of every cell, and where the cells of the next population begin; returns its size."""
    counts, offsets, listed = world.counts, world.offsets, world.identity[later(world)]
    cells = world.cells.shape[1]
    children, exits, founded = counts[at.N_CHILDREN], world.cells[at.E_EXITS], counts[at.N_FOUNDED]
    set_all(children, 0)
    for cell in range(cells):
        counts[at.N_SURVIVORS, cell] = offsets[cell + 1] - offsets[cell] - np.int64(exits[cell])
    for number in range(world.clock[at.TILES]):
        tile = take_tile(world, number)
        for j in range(tile.begin, tile.begin + world.segments[at.G_PARENTS, tile.first]):
            children[home_of(listed[natural(j)])] += 1
    position = 0
    places = 0
    for cell in range(cells):
        entrants = counts[at.N_CHILDREN, cell] + counts[at.N_STARTUPS, cell]
        world.new_offsets[cell] = position
        counts[at.N_CURSOR, cell] = position + counts[at.N_SURVIVORS, cell]
        position += counts[at.N_SURVIVORS, cell] + entrants
        founded[natural(places)] = cell
        places += 1 if entrants > 0 else 0
    world.new_offsets[cells] = position
    world.economy[at.FOUNDED] = float(places)
    return position


@stage
def place_children(world):
    """Give children their slots behind the survivors of their cells, in order of their parents.

    The slot of the parent stands in ``age`` until the child is written. Start-ups follow behind the children.
    """
    cursor, age, listed = world.counts[at.N_CURSOR], world.age[later(world)], world.identity[later(world)]
    for number in range(world.clock[at.TILES]):
        tile = take_tile(world, number)
        for j in range(tile.begin, tile.begin + world.segments[at.G_PARENTS, tile.first]):
            child = listed[natural(j)]
            place = home_of(child)
            slot = natural(cursor[place])
            age[slot] = np.int32(parent_of(child))
            cursor[place] = slot + 1


@stage
def found_entrants(setting, world, first_cell, last_cell):
    """Write the entrants of some cells, a tile's worth at a time so that what is random is drawn in vectors.

    Their raw shares are added to those of the stayers of their cells.
    """
    counts, buffer, large = world.counts, world.buffer, is_large(world)
    parents = world.age[later(world)]  # of children, until they are written
    count = 0
    for j in range(int(world.economy[at.FOUNDED])):
        cell = natural(counts[at.N_FOUNDED, j])
        if cell < first_cell or cell >= last_cell:
            continue
        begin = world.new_offsets[cell] + counts[at.N_SURVIVORS, cell]
        startups = begin + counts[at.N_CHILDREN, cell]
        for slot in range(begin, world.new_offsets[cell + 1]):
            place, is_child = natural(count), slot < startups
            origin = np.int64(parents[natural(slot)]) if is_child else slot - startups
            buffer[at.SLOT + place] = keep_whole(buffer, slot)
            buffer[at.SITE + place] = 1.0 if is_child else 0.0
            buffer[at.HOME + place] = keep_whole(buffer, cell)
            world.keys[place] = np.uint64(origin)
            if large:
                fetch_entrant(world, slot, natural(origin if is_child else 0))
            count += 1
            if count == TILE:
                write_entrants(setting, world, count)
                count = 0
    write_entrants(setting, world, count)


@stage
def scale_shares(setting, world):
    """Make the shares of every sector sum to one again; entrants get their cash, survivors a scale to be applied."""
    scale_sectors(world)
    endow_entrants(setting, world, 0, world.cells.shape[1])


@stage
def scale_sectors(world):
    """What makes the shares of every sector sum to one again."""
    scale = world.sectors[at.S_SCALE]
    sum_sectors(world.cells[at.E_STAY_SHARE], scale)
    for k in range(scale.size):
        scale[k] = 1.0 / scale[k] if scale[k] > 0.0 else 0.0


@stage
def endow_entrants(setting, world, first_cell, last_cell):
    """Scale the shares of the entrants of some cells as those of their sectors are, and give them their cash."""
    sectors, counts, firms, S = world.sectors, world.counts, world.firms, world.sectors.shape[1]
    for j in range(int(world.economy[at.FOUNDED])):
        cell = natural(counts[at.N_FOUNDED, j])
        if cell < first_cell or cell >= last_cell:
            continue
        scale, demand = sectors[at.S_SCALE, cell % S], sectors[at.S_DEMAND, cell % S]
        for i in range(world.new_offsets[cell] + counts[at.N_SURVIVORS, cell], world.new_offsets[cell + 1]):
            firms[at.F_SHARE, i] = firms[at.F_SHARE, i] * scale
            firms[at.F_CASH, i] = setting.params[0].entry_cash * firms[at.F_SHARE, i] * demand


@stage
def move_survivors(world, first_cell, last_cell):
    """Write the survivors of some cells, packed, into the first set of firms.

    Cells without an entrant between them are packed as one: their survivors follow each other.
    """
    survivors, begin = world.counts[at.N_SURVIVORS], first_cell
    for cell in range(first_cell, last_cell):
        last = world.new_offsets[cell] + survivors[cell]
        if last < world.new_offsets[cell + 1] or cell + 1 == last_cell:
            pack_cells(world, begin, cell, last)
            scale_cells(world, begin, cell)
            begin = cell + 1
