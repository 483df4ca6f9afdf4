"""What the threads of a device need beside the world: statuses, sums of lanes, numbers of segments, lists.

Shapes use R regions, S sectors, C = R*S cells, N firm slots, G segments (the room for them).
"""

from typing import NamedTuple

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._llvm import WIDTH

LANES = WIDTH  # threads of a segment: the lanes of the sums in reduce.py
COPIES = 64  # of the size classes, so that threads seldom count in the same place at the same time
RUNNING, FINISHED = 0, 100  # Work.status, beside the numbers of Status

# Work.region_counts
TILES, SEGMENTS, POPULATION = range(3)
COUNTS = 3
# Work.segment_counts
STAYERS, BEFORE = range(2)  # of the segment; stayers of its cell in the segments before it
SEGMENT_ROWS = 2
# Work.innovated
INNOVATED, BY_SMALL, PATENTED = 1, 2, 4
# Work.region_values
STRONG, WHOLE = range(2)  # sectors the region is specialised in; attraction of the regions in reach
REGION_ROWS = 2
# Work.totals: sums over all cells
TAX, RESEARCH, INNOVATIONS, EMPLOYMENT, MEAN_CELL, MEAN_SUCCESS, STARTUPS, WEIGHT, WORKFORCE = range(9)
SUMMED = 4  # the first of them, each by a thread of its own
TOTALS = 9

INNOVATING = 8  # there is a thread for innovators for so many firms: seldom more than one innovator for each


class Work(NamedTuple):
    """Room to work of one world on a device."""

    status: np.ndarray  # (1,) i64: RUNNING, FINISHED, or a Status that stopped the world before a period
    until: np.ndarray  # (1,) i64: number of periods done at the end
    stride: np.ndarray  # (1,) i64: every so many periods one is recorded
    where: np.ndarray  # (4,) i64: as Problem.where
    bad: np.ndarray  # (1,) i64: 1 if a number of the period is not finite
    incoming_start: np.ndarray  # (R+1,) i64, rows of the sparse proximity by target
    incoming_source: np.ndarray  # (nnz,) i64, regions ascending
    incoming_entry: np.ndarray  # (nnz,) i64 into Constants.proximity
    region_counts: np.ndarray  # (COUNTS, R) i64: numbers, then the sums of those before
    region_values: np.ndarray  # (REGION_ROWS, R)
    cell_segment: np.ndarray  # (C+1,) i64, first segment of every cell
    cell_values: np.ndarray  # (C,) employment; then whether a region is specialised; then share
    totals: np.ndarray  # (TOTALS,)
    lane_sums: np.ndarray  # (C_SUMS, LANES*G) what each lane of a segment has added up
    segment_counts: np.ndarray  # (SEGMENT_ROWS, G) i64
    part_stayers: np.ndarray  # (LANES*G,) i64, of the parts of a segment
    segment: np.ndarray  # (N,) i32, segment of a firm
    shock: np.ndarray  # (N,) u32, random word of the shock to a firm's demand
    innovated: np.ndarray  # (N,) u8, what a firm has done: INNOVATED, and with it BY_SMALL and PATENTED
    innovators: np.ndarray  # (N,) i32, in any order
    listed: np.ndarray  # (1,) i64, number of innovators
    place: np.ndarray  # (N,) i32, rank among the stayers of the segment; -1 for those who leave
    sizes: np.ndarray  # (COPIES, SIZE_CLASSES) i64


def new_work(constants, world):
    """Return what a world with such constants and of such a size needs, as arrays of zeros (NumPy)."""
    regions, cells, room = world.regions.shape[1], world.cells.shape[1], world.firms.shape[1]
    segments = world.segments.shape[1] - 1
    start, source, entry = _by_target(constants.proximity_start, constants.proximity_region)

    def integers(*shape):
        return np.zeros(shape, dtype=np.int64)

    return Work(
        status=integers(1),
        until=integers(1),
        stride=np.ones(1, dtype=np.int64),
        where=integers(4),
        bad=integers(1),
        incoming_start=start,
        incoming_source=source,
        incoming_entry=entry,
        region_counts=integers(COUNTS, regions),
        region_values=np.zeros((REGION_ROWS, regions)),
        cell_segment=integers(cells + 1),
        cell_values=np.zeros(cells),
        totals=np.zeros(TOTALS),
        lane_sums=np.zeros((at.C_SUMS, LANES * segments)),
        segment_counts=integers(SEGMENT_ROWS, segments),
        part_stayers=integers(LANES * segments),
        segment=np.zeros(room, dtype=np.int32),
        shock=np.zeros(room, dtype=np.uint32),
        innovated=np.zeros(room, dtype=np.uint8),
        innovators=np.zeros(room, dtype=np.int32),
        listed=integers(1),
        place=np.zeros(room, dtype=np.int32),
        sizes=integers(COPIES, at.SIZE_CLASSES),
    )


def _by_target(row_start, column):
    """Rows of a sparse matrix turned into columns: where they start, their rows (ascending) and their entries."""
    rows = np.repeat(np.arange(row_start.size - 1), np.diff(row_start))
    entry = np.argsort(column, kind="stable").astype(np.int64)
    start = np.searchsorted(column[entry], np.arange(row_start.size)).astype(np.int64)
    return start, rows[entry].astype(np.int64), entry
