"""Cutting a world into tiles and segments, and adding up what the stages leave in them.

A tile is up to ``TILE`` consecutive firms of one region: the unit of work. A segment is the part of a cell in one tile:
the unit of partial sums. Both follow from the offsets alone, never from the number of threads.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, put_down, spread, store, width
from technopole_kernels._llvm import WIDTH
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
    set_all(place, world.segment_sum.shape[0] - 2)
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
def collect_cells(world, first, last):
    """Put the segments' columns ``first:last`` into the rows of their cells: the sums over a cell, 0 if it is empty."""
    add_parts(world, first, last)
    for kind in range(first, last, WIDTH):
        collect_some(world, kind, min(kind + WIDTH, last))


@stage
def add_parts(world, first, last):
    """Add the parts of a cell that lies in several tiles to its first one, in order of position."""
    segments, sums, count = world.segments, world.segment_sum, world.clock[at.SEGMENTS]
    whole = 0
    for segment in range(1, count):
        if segments[at.G_CELL, segment] != segments[at.G_CELL, whole]:
            whole = segment
        else:
            for kind in range(first, last):
                sums[whole, kind] += sums[segment, kind]


@stage
def collect_some(world, first, last):
    """Put up to eight columns into the rows of eight cells at a time: rows and columns of a square."""
    sums, cells, place = world.segment_sum, world.cells, world.counts[at.N_SEGMENT]
    count = last - first
    for cell in range(0, place.size, WIDTH):
        n = place.size - cell
        a, b = part_of(sums, place, cell, n, 0, first), part_of(sums, place, cell, n, 1, first)
        c, d = part_of(sums, place, cell, n, 2, first), part_of(sums, place, cell, n, 3, first)
        e, f = part_of(sums, place, cell, n, 4, first), part_of(sums, place, cell, n, 5, first)
        g, h = part_of(sums, place, cell, n, 6, first), part_of(sums, place, cell, n, 7, first)
        put_down(a, b, c, d, e, f, g, h, cells[first], cells.shape[1], cell, n, count)


@device
def part_of(sums, place, cell, count, j, column):
    """Eight columns of the sums over a cell, the j-th from here on; of the last one if there are no more."""
    row = sums[natural(place[cell + (j if j < count else 0)])]
    return load(row, column, WIDTH)
