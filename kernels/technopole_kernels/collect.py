"""Adding up what the stages leave in the segments, and putting it into the rows of the cells.

A segment's sums stand side by side, a row of cells holds one sum of all cells: eight sums of eight cells are a square
whose rows become columns in registers. Most cells have one segment or none.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, put_down, spread, total
from technopole_kernels._llvm import WIDTH
from technopole_kernels.accounts import cost_transactions
from technopole_kernels.choose import natural
from technopole_kernels.market import combined
from technopole_kernels.reduce import set_all


@stage
def add_parts(world, first, last):
    """Add the parts of a cell that lies in several tiles to its first one, in order of position."""
    segments, sums = world.segments, world.segment_sum
    whole = 0
    for segment in range(1, world.clock[at.SEGMENTS]):
        if segments[at.G_CELL, segment] != segments[at.G_CELL, whole]:
            whole = segment
        else:
            for column in range(first, last):
                sums[whole, column] += sums[segment, column]
                sums[segment, column] = 0.0


@device
def parts_of(place, cell, count):
    """Rows of the sums over eight cells; where there are fewer, that of the first one again."""
    return (
        natural(place[cell]), natural(place[cell + (1 if count > 1 else 0)]),
        natural(place[cell + (2 if count > 2 else 0)]), natural(place[cell + (3 if count > 3 else 0)]),
        natural(place[cell + (4 if count > 4 else 0)]), natural(place[cell + (5 if count > 5 else 0)]),
        natural(place[cell + (6 if count > 6 else 0)]), natural(place[cell + (7 if count > 7 else 0)]),
    )  # fmt: skip


@device
def put_columns(sums, parts, first, cells, cell, count, rows):
    """Put some columns of the sums over up to eight cells into their rows; returns the sum of all eight."""
    a, b, c, d, e, f, g, h = parts
    a, b = load(sums[a], first, WIDTH), load(sums[b], first, WIDTH)
    c, d = load(sums[c], first, WIDTH), load(sums[d], first, WIDTH)
    e, f = load(sums[e], first, WIDTH), load(sums[f], first, WIDTH)
    g, h = load(sums[g], first, WIDTH), load(sums[h], first, WIDTH)
    put_down(a, b, c, d, e, f, g, h, cells[first], cells.shape[1], cell, count, rows)
    return a + b + c + d + e + f + g + h


@device
def new_shares_of(sums, part, sectors, k):
    """The sums of a cell that are weighted by the new shares."""
    keep, win = spread(sectors[at.S_KEEP, k], sums), spread(sectors[at.S_WIN, k], sums)
    return combined(keep, load(sums[part], at.M_ONE, WIDTH), win, load(sums[part], at.W_ONE, WIDTH))


@stage
def count_firms(world):
    """Firms of every cell."""
    firms, offsets = world.cells[at.FIRMS], world.offsets
    for cell in range(firms.size):
        firms[cell] = float(offsets[cell + 1] - offsets[cell])


@stage
def collect_start(world):
    """Firms of the cells and sums over them at the start of the period."""
    count_firms(world)
    cells, sums, place = world.cells, world.segment_sum, world.counts[at.N_SEGMENT]
    add_parts(world, at.SHARE, at.SMALL_SALES)
    fault, zero = nothing(sums), spread(0.0, sums)
    for cell in range(0, place.size, WIDTH):
        n = place.size - cell
        parts = parts_of(place, cell, n)
        fault = fault + zero * put_columns(sums, parts, at.SHARE, cells, cell, n, at.SMALL_SALES - at.SHARE)
    world.economy[at.FAULT] = total(fault)


@stage
def collect_end(world):
    """Sums over the cells at its end, and their transaction cost. What only the market needs stays where it is."""
    cells, sums, place = world.cells, world.segment_sum, world.counts[at.N_SEGMENT]
    S, sectors = world.sectors.shape[1], world.sectors
    add_parts(world, at.E_INNOVATIONS, at.M_ONE)
    add_parts(world, at.E_SHARE_SQUARED, at.C_SUMS)
    fault, zero = nothing(sums), spread(0.0, sums)
    for r in range(world.regions.shape[1]):
        begin = r * S
        for k in range(0, S, WIDTH):
            n, cell = S - k, begin + k
            parts = parts_of(place, cell, n)
            fault = fault + zero * put_columns(sums, parts, at.E_INNOVATIONS, cells, cell, n, WIDTH)
            rest = at.E_INNOVATIONS + WIDTH
            fault = fault + zero * put_columns(sums, parts, rest, cells, cell, n, at.M_ONE - rest)
            rest = at.E_SHARE_SQUARED
            fault = fault + zero * put_columns(sums, parts, rest, cells, cell, n, at.E_STAY_SHARE - rest)
            fault = fault + zero * put_new_shares(sums, parts, sectors, cells, cell, k, n)
        cost_transactions(cells, world.regions[at.R_TRANSACTION, r], begin, begin + S)
    world.economy[at.FAULT] += total(fault)
    staying = cells[at.E_STAY_SHARE]  # is not finite only if the square of a share is not either
    set_all(staying, 0.0)
    for segment in range(world.clock[at.SEGMENTS]):
        staying[natural(world.segments[at.G_CELL, segment])] += sums[segment, at.E_STAY_SHARE]


@device
def put_new_shares(sums, parts, sectors, cells, cell, k, count):
    """The sums of up to eight cells that are weighted by the new shares; returns the sum of all."""
    a, b, c, d, e, f, g, h = parts
    last = k + count - 1
    a, b = new_shares_of(sums, a, sectors, k), new_shares_of(sums, b, sectors, min(k + 1, last))
    c, d = new_shares_of(sums, c, sectors, min(k + 2, last)), new_shares_of(sums, d, sectors, min(k + 3, last))
    e, f = new_shares_of(sums, e, sectors, min(k + 4, last)), new_shares_of(sums, f, sectors, min(k + 5, last))
    g, h = new_shares_of(sums, g, sectors, min(k + 6, last)), new_shares_of(sums, h, sectors, min(k + 7, last))
    rows = at.E_TRANSACTION - at.E_SHARE
    put_down(a, b, c, d, e, f, g, h, cells[at.E_SHARE], cells.shape[1], cell, count, rows)
    return a + b + c + d + e + f + g + h


@stage
def collect_rest(world):
    """Sums that are not needed as rows of cells, for those who look for what is wrong with them."""
    cells, sums, place = world.cells, world.segment_sum, world.counts[at.N_SEGMENT]
    for column in range(at.M_ONE, at.E_SHARE_SQUARED):
        for cell in range(place.size):
            cells[column, cell] = sums[natural(place[cell]), column]
