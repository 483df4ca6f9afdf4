"""What the threads of several launches have in common.

A launch calls ``thread(setting, world, work, records, i)`` for every item i of every world, in any order. No thread
reads what another one of the same launch writes, so the results have the same bits in every order; several may count in
one place (`count_up`), write the same there, or take numbers (`take_number`) where it does not matter who gets which. A
thread adds up what a lane of the CPU's kernels adds up, in the same order: the sums have the same bits there and here.
"""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device
from technopole_kernels.choose import natural
from technopole_kernels.grid.work import LANES, RUNNING


@device
def running(work):
    """Whether the world takes part in the period."""
    return work.status[0] == RUNNING


@device
def segment_of_firm(world, work, firm):
    """Segment of a firm; -1 if there are fewer firms."""
    return natural(work.segment[firm]) if firm < world.offsets[world.offsets.size - 1] else np.int64(-1)


@device
def spot_of(world, segment):
    """(cell, region, sector) of a segment.

    Numbers of 32 bits without a sign are divided at once. Divisions that may be longer take a branch each, and a thread
    waits for memory in front of every branch: so this is done once for a firm.
    """
    cell, sectors = natural(world.segments[at.G_CELL, segment]), natural(world.sectors.shape[1])
    return cell, cell // sectors, cell % sectors


@device
def segment_of_lane(world, i):
    """Segment of a thread, one of its ``LANES``; -1 if there are fewer segments."""
    segment = i // LANES
    return segment if segment < world.clock[at.SEGMENTS] else -1


@device
def column_of(i, columns):
    """(column, lane) of a thread where each lane has a thread for every column: those of a segment lie side by side."""
    together = LANES * columns
    return i % together // LANES, i // together * LANES + i % LANES


@device
def segment_range(world, segment, i):
    """First firm of a thread and the end of its segment: it takes every firm ``LANES`` apart."""
    segments = world.segments
    return segments[at.G_BEGIN, segment] + i % LANES, segments[at.G_BEGIN, segment + 1]


@device
def sum_row(world, values, sums, lane):
    """Sum of the values of the firms of a lane."""
    first, end = segment_range(world, lane // LANES, lane)
    total = 0.0
    for firm in range(first, end, LANES):
        total += values[firm]
    sums[lane] = total


@device
def total_of(lane_sums, column, segment):
    """Sum of the lanes of a segment, in the order of ``_lanes.total``."""
    x, i = lane_sums[column], segment * LANES
    even = (x[i] + x[i + 4]) + (x[i + 2] + x[i + 6])
    return even + ((x[i + 1] + x[i + 5]) + (x[i + 3] + x[i + 7]))


@device
def collect(world, work, column, cell):
    """Put the sum of a column over the segments of a cell where the CPU's kernels have it."""
    total = 0.0
    for segment in range(work.cell_segment[cell], work.cell_segment[cell + 1]):
        total += total_of(work.lane_sums, column, segment)
    world.cells[column, cell] = total


@device
def sum_of_sector(cells, row, sectors, k):
    """Sum of a row of cells over the regions, in their order."""
    total = 0.0
    for cell in range(k, cells.shape[1], sectors):
        total += cells[row, cell]
    return total
