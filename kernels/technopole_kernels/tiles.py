"""Cutting a world into tiles and segments, and adding up what the stages leave in them.

A tile is up to ``TILE`` consecutive firms of one region: the unit of work. A segment is the part of a cell in one tile:
the unit of partial sums. Both follow from the offsets alone, never from the number of threads.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.reduce import sum_lanes
from technopole_kernels.types import TILE


@stage
def cut_tiles(world, regions, sectors):
    """List the tiles and the occupied segments of the world."""
    segments, tiles = world.segments, world.tiles
    offsets = world.offsets
    tile = 0
    segment = 0
    for r in range(regions):
        last = offsets[(r + 1) * sectors]
        begin = offsets[r * sectors]
        cell = r * sectors
        while begin < last:
            end = min(begin + TILE, last)
            tiles[at.T_REGION, tile] = r
            tiles[at.T_BEGIN, tile] = begin
            tiles[at.T_SEGMENT, tile] = segment
            position = begin
            while position < end:
                while offsets[cell + 1] <= position:
                    cell += 1
                segments[at.G_CELL, segment] = cell
                segments[at.G_BEGIN, segment] = position
                segment += 1
                position = min(offsets[cell + 1], end)
            tile += 1
            begin = end
    firms = offsets[regions * sectors]
    tiles[at.T_BEGIN, tile] = firms
    tiles[at.T_SEGMENT, tile] = segment
    segments[at.G_BEGIN, segment] = firms
    world.clock[at.TILES] = tile
    world.clock[at.SEGMENTS] = segment


@stage
def fill_cell(world, row, values, tile):
    """Spread a value per cell over the firms of a tile."""
    segments, tiles = world.segments, world.tiles
    origin = tiles[at.T_BEGIN, tile]
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        value = values[segments[at.G_CELL, segment]]
        first, last = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        piece = world.buffer[row + first - origin : row + last - origin]
        for i in range(piece.size):
            piece[i] = value


@stage
def fill_sector(world, row, values, tile):
    """Spread a value per sector over the firms of a tile."""
    segments, tiles = world.segments, world.tiles
    origin = tiles[at.T_BEGIN, tile]
    base = tiles[at.T_REGION, tile] * world.sectors.shape[1]
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        value = values[segments[at.G_CELL, segment] - base]
        first, last = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        piece = world.buffer[row + first - origin : row + last - origin]
        for i in range(piece.size):
            piece[i] = value


@stage
def sum_segments(world, tile, kind, values, shift):
    """Put the sums of ``values[firm - shift]`` over the tile's segments into their column ``kind``."""
    segments, tiles = world.segments, world.tiles
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        world.segment_sum[segment, kind] = sum_lanes(
            values, segments[at.G_BEGIN, segment] - shift, segments[at.G_BEGIN, segment + 1] - shift
        )


@stage
def collect_cells(world, first, last):
    """Add the segments' columns ``first:last`` into the rows of their cells, in order of position."""
    cells = world.cells
    for kind in range(first, last):
        cells[kind, :] = 0.0
    for segment in range(world.clock[at.SEGMENTS]):
        cell = world.segments[at.G_CELL, segment]
        for kind in range(first, last):
            cells[kind, cell] += world.segment_sum[segment, kind]
