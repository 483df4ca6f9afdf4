"""Cutting a world into tiles and segments.

A tile is up to ``TILE`` consecutive firms of one region: the unit of work. A segment is the part of a cell in one tile:
the unit of partial sums. Both follow from the offsets alone, never from the number of threads.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.choose import natural
from technopole_kernels.reduce import set_all
from technopole_kernels.types import TILE, Tile


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
    place = world.counts[at.N_SEGMENT]
    set_all(place, world.segment_sum.shape[0] - 2)  # where nothing is ever written
    for part in range(segment - 1, -1, -1):
        place[natural(world.segments[at.G_CELL, part])] = part


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
