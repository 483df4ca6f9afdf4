"""Cutting a world into tiles and segments, and adding up what the stages leave in them.

A tile is up to ``TILE`` consecutive firms of one region: the unit of work. A segment is the part of a cell in one tile:
the unit of partial sums. Both follow from the offsets alone, never from the number of threads.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import spread, store, width
from technopole_kernels.choose import natural
from technopole_kernels.reduce import set_all, sum_lanes
from technopole_kernels.types import TILE, Tile

TOGETHER = 8  # rows of cells written side by side


@device
def cut_region(world, r, sectors, tile, segment):
    """List the tiles and the occupied segments of a region from these numbers on; returns the next numbers."""
    segments, tiles = world.segments, world.tiles
    offsets = world.offsets
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
    return tile, segment


@stage
def cut_tiles(world, regions, sectors):
    """List the tiles and the occupied segments of the world."""
    tile = 0
    segment = 0
    for r in range(regions):
        tile, segment = cut_region(world, r, sectors, tile, segment)
    end_tiles(world, tile, segment)


@device
def end_tiles(world, tile, segment):
    """Close the lists of tiles and segments, of which there are so many."""
    tiles, segments = world.tiles, world.segments
    firms = world.offsets[world.offsets.size - 1]
    tiles[at.T_BEGIN, tile] = firms
    tiles[at.T_SEGMENT, tile] = segment
    segments[at.G_BEGIN, segment] = firms
    world.clock[at.TILES] = tile
    world.clock[at.SEGMENTS] = segment


@device
def take_tile(world, number):
    """The tile of a number."""
    tiles = world.tiles
    begin, first = tiles[at.T_BEGIN, number], tiles[at.T_SEGMENT, number]
    region = tiles[at.T_REGION, number]
    return Tile(region, begin, tiles[at.T_BEGIN, number + 1], first, tiles[at.T_SEGMENT, number + 1])


@device
def fill(values, shift, segments, segment, value):
    """Set ``values[firm + shift]`` of the firms of a segment to a value."""
    lanes, begin, end = spread(value, values), segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
    for i in range(begin, end, width(values)):
        store(lanes, values, i + shift, end - i)


@stage
def fill_cell(buffer, row, values, segments, tile):
    """Spread a value per cell over the firms of a tile."""
    for segment in range(tile.first, tile.last):
        fill(buffer, row - tile.begin, segments, segment, values[segments[at.G_CELL, segment]])


@stage
def sum_segments(segment_sum, segments, tile, column, values, shift):
    """Put the sums of ``values[firm - shift]`` over the tile's segments into their column."""
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment] - shift, segments[at.G_BEGIN, segment + 1] - shift
        segment_sum[segment, column] = sum_lanes(values, begin, end)


@stage
def collect_cells(world, first, last):
    """Add the segments' columns ``first:last`` into the rows of their cells, in order of position."""
    for kind in range(first, last, TOGETHER):
        collect_some(world, kind, min(kind + TOGETHER, last))


@stage
def collect_some(world, first, last):
    """The same for a few columns: the memory of so many rows is fetched ahead."""
    cells = world.cells
    for kind in range(first, last):
        set_all(cells[kind], 0.0)
    for segment in range(world.clock[at.SEGMENTS]):
        cell = natural(world.segments[at.G_CELL, segment])
        for kind in range(first, last):
            cells[natural(kind), cell] += world.segment_sum[natural(segment), natural(kind)]
