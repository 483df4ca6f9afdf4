"""Cutting a world into tiles and segments, and adding up what the stages leave in them.

A tile is up to ``TILE`` consecutive firms of one region: the unit of work. A segment is the part of a cell in one tile:
the unit of partial sums. Both follow from the offsets alone, never from the number of threads.
"""

from technopole_kernels._jit import kernel
from technopole_kernels.layout import SEGMENTS, TILES
from technopole_kernels.reduce import sum_lanes
from technopole_kernels.types import TILE


@kernel
def cut_tiles(world, regions, sectors):
    """List the tiles and the occupied segments of the world."""
    offsets, work = world.offsets, world.work
    tile = 0
    segment = 0
    for r in range(regions):
        last = offsets[(r + 1) * sectors]
        begin = offsets[r * sectors]
        cell = r * sectors
        while begin < last:
            end = min(begin + TILE, last)
            work.tile_region[tile] = r
            work.tile_begin[tile] = begin
            work.tile_segment[tile] = segment
            position = begin
            while position < end:
                while offsets[cell + 1] <= position:
                    cell += 1
                work.segment_cell[segment] = cell
                work.segment_begin[segment] = position
                segment += 1
                position = min(offsets[cell + 1], end)
            tile += 1
            begin = end
    firms = offsets[regions * sectors]
    work.tile_begin[tile] = firms
    work.tile_segment[tile] = segment
    work.segment_begin[segment] = firms
    world.clock[TILES] = tile
    world.clock[SEGMENTS] = segment


@kernel
def fill_cell(buffer, row, values, work, tile):
    """Spread a value per cell over the firms of a tile."""
    origin = work.tile_begin[tile]
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        value = values[work.segment_cell[segment]]
        piece = buffer[row + work.segment_begin[segment] - origin : row + work.segment_begin[segment + 1] - origin]
        for i in range(piece.size):
            piece[i] = value


@kernel
def fill_sector(buffer, row, values, work, tile, sectors):
    """Spread a value per sector over the firms of a tile."""
    origin = work.tile_begin[tile]
    base = work.tile_region[tile] * sectors
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        value = values[work.segment_cell[segment] - base]
        piece = buffer[row + work.segment_begin[segment] - origin : row + work.segment_begin[segment + 1] - origin]
        for i in range(piece.size):
            piece[i] = value


@kernel
def sum_segments(work, tile, kind, values, shift):
    """Put the sums of ``values[firm - shift]`` over the tile's segments into their column ``kind``."""
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        work.segment_sum[segment, kind] = sum_lanes(
            values, work.segment_begin[segment] - shift, work.segment_begin[segment + 1] - shift
        )


@kernel
def collect_cells(world, sums, first, last):
    """Add the segments' columns ``first:last`` into their cells, in order of position."""
    work = world.work
    for kind in range(first, last):
        sums[kind, :] = 0.0
    for segment in range(world.clock[SEGMENTS]):
        cell = work.segment_cell[segment]
        for kind in range(first, last):
            sums[kind, cell] += work.segment_sum[segment, kind]
