"""Launches that begin a period: which worlds take part, and their segments."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.grid.common import running, segment_of_lane, segment_range
from technopole_kernels.grid.work import FINISHED, LANES, RUNNING, SEGMENTS, TILES
from technopole_kernels.tiles import cut_region, end_tiles
from technopole_kernels.types import TILE


@stage
def begin(_setting, world, work, _records, _i):
    """Whether there is a period to do."""
    if work.status[0] == RUNNING and world.clock[at.PERIOD] >= work.until[0]:
        work.status[0] = FINISHED
    work.bad[0] = 0
    work.listed[0] = 0


@stage
def count_tiles(_setting, world, work, _records, r):
    """Tiles and segments of a region."""
    if not running(work):
        return
    offsets, S = world.offsets, world.sectors.shape[1]
    first, last = offsets[r * S], offsets[(r + 1) * S]
    segments = 0
    for cell in range(r * S, (r + 1) * S):
        if offsets[cell + 1] > offsets[cell]:
            segments += (offsets[cell + 1] - 1 - first) // TILE - (offsets[cell] - first) // TILE + 1
    work.region_counts[TILES, r] = (last - first + TILE - 1) // TILE
    work.region_counts[SEGMENTS, r] = segments


@stage
def number_tiles(_setting, world, work, _records, _i):
    """Numbers of the first tile and segment of every region."""
    if not running(work):
        return
    counts = work.region_counts
    tiles = 0
    segments = 0
    for r in range(counts.shape[1]):
        of_region = counts[TILES, r]
        counts[TILES, r] = tiles
        tiles += of_region
        of_region = counts[SEGMENTS, r]
        counts[SEGMENTS, r] = segments
        segments += of_region
    end_tiles(world, tiles, segments)
    work.cell_segment[world.cells.shape[1]] = segments


@stage
def cut(_setting, world, work, _records, r):
    """List the segments of a region, and the first one of each of its cells."""
    if not running(work):
        return
    S, segments = world.sectors.shape[1], world.segments
    segment = work.region_counts[SEGMENTS, r]
    _, end = cut_region(world, r, S, work.region_counts[TILES, r], segment)
    for cell in range(r * S, (r + 1) * S):
        work.cell_segment[cell] = segment
        while segment < end and segments[at.G_CELL, segment] == cell:
            segment += 1


@stage
def assign_firms(_setting, world, work, _records, i):
    """Tell the firms of a lane of a segment which one it is."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    for firm in range(first, end, LANES):
        work.segment[firm] = np.int32(segment)
