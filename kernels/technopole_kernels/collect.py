"""Adding up what the stages leave in the segments, and putting it into the rows of the cells.

A segment's sums stand side by side, a row of cells holds one sum of all cells: eight sums of eight cells are a square
whose rows become columns in registers. Most cells have one segment or none.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, put_down, spread, total
from technopole_kernels._llvm import WIDTH
from technopole_kernels.accounts import cost_transactions
from technopole_kernels.choose import natural
from technopole_kernels.market import combined
from technopole_kernels.reduce import set_all


@stage
def add_parts(world, begin, end, first, last):
    """Add the parts of a cell that lies in several tiles to its first one, in order of position.

    For the segments ``begin:end``, which are all those of some cells, and the columns ``first:last``.
    """
    segments, sums = world.segments, world.segment_sum
    whole = begin
    for segment in range(begin + 1, end):
        if segments[at.G_CELL, segment] != segments[at.G_CELL, whole]:
            whole = segment
        else:
            for column in range(first, last):
                sums[whole, column] += sums[segment, column]
                sums[segment, column] = 0.0


@device
def columns_of(world, cell, count, j, first):
    """Eight columns of the sums over a cell, the j-th from here on; where there are fewer, of the first one again."""
    part = world.counts[at.N_SEGMENT, cell + (j if j < count else 0)]
    return load(world.segment_sum[natural(part)], first, WIDTH)


@stage
def put_columns(world, cell, count, first, rows):
    """Put some columns of the sums over up to eight cells into their rows; returns the sum of all eight."""
    a, b = columns_of(world, cell, count, 0, first), columns_of(world, cell, count, 1, first)
    c, d = columns_of(world, cell, count, 2, first), columns_of(world, cell, count, 3, first)
    e, f = columns_of(world, cell, count, 4, first), columns_of(world, cell, count, 5, first)
    g, h = columns_of(world, cell, count, 6, first), columns_of(world, cell, count, 7, first)
    put_down(a, b, c, d, e, f, g, h, world.cells[first], world.cells.shape[1], cell, count, rows)
    return total(a + b + c + d + e + f + g + h)


@device
def new_shares_of(world, cell, count, k, j):
    """The sums of a cell that are weighted by the new shares."""
    sectors = world.sectors
    keep, win = spread(sectors[at.S_KEEP, k], sectors), spread(sectors[at.S_WIN, k], sectors)
    moved, winning = columns_of(world, cell, count, j, at.M_ONE), columns_of(world, cell, count, j, at.W_ONE)
    return combined(keep, moved, win, winning)


@stage
def put_new_shares(world, cell, count, k):
    """The same for the sums that are weighted by the new shares."""
    last = k + count - 1
    a, b = new_shares_of(world, cell, count, k, 0), new_shares_of(world, cell, count, min(k + 1, last), 1)
    c = new_shares_of(world, cell, count, min(k + 2, last), 2)
    d = new_shares_of(world, cell, count, min(k + 3, last), 3)
    e = new_shares_of(world, cell, count, min(k + 4, last), 4)
    f = new_shares_of(world, cell, count, min(k + 5, last), 5)
    g = new_shares_of(world, cell, count, min(k + 6, last), 6)
    h = new_shares_of(world, cell, count, min(k + 7, last), 7)
    rows = at.E_TRANSACTION - at.E_SHARE
    put_down(a, b, c, d, e, f, g, h, world.cells[at.E_SHARE], world.cells.shape[1], cell, count, rows)
    return total(a + b + c + d + e + f + g + h)


@device
def segment_from(world, cell):
    """First segment of a cell or, if it is empty, of those behind it."""
    low, high = 0, world.clock[at.SEGMENTS]
    while low < high:
        middle = (low + high) >> 1
        if world.segments[at.G_CELL, middle] < cell:
            low = middle + 1
        else:
            high = middle
    return low


@stage
def collect_start(world, first, last):
    """Firms of the cells of some regions and sums over them at the start of the period."""
    begin, end, fault = first * world.sectors.shape[1], last * world.sectors.shape[1], 0.0
    firms, offsets = world.cells[at.FIRMS, begin:end], world.offsets[begin : end + 1]
    for cell in range(firms.size):
        firms[cell] = float(offsets[cell + 1] - offsets[cell])
    add_parts(world, segment_from(world, begin), segment_from(world, end), at.SHARE, at.SMALL_SALES)
    for cell in range(begin, end, WIDTH):
        fault += 0.0 * put_columns(world, cell, end - cell, at.SHARE, at.SMALL_SALES - at.SHARE)
    note_fault(world, fault)


@device
def note_fault(world, fault):
    """Note that a sum is not finite, whichever thread has found it."""
    if not fault == 0.0:
        world.economy[at.FAULT] = fault


@stage
def collect_end(world, first, last):
    """Sums over the cells of some regions at the end of a period, and their transaction cost.

    What only the market needs stays where it is.
    """
    S, fault, rest = world.sectors.shape[1], 0.0, at.E_INNOVATIONS + WIDTH
    begin, end = segment_from(world, first * S), segment_from(world, last * S)
    add_parts(world, begin, end, at.E_INNOVATIONS, at.M_ONE)
    add_parts(world, begin, end, at.E_SHARE_SQUARED, at.C_SUMS)
    for r in range(first, last):
        for k in range(0, S, WIDTH):
            n, cell = S - k, r * S + k
            fault += 0.0 * put_columns(world, cell, n, at.E_INNOVATIONS, WIDTH)
            fault += 0.0 * put_columns(world, cell, n, rest, at.M_ONE - rest)
            fault += 0.0 * put_columns(world, cell, n, at.E_SHARE_SQUARED, at.E_STAY_SHARE - at.E_SHARE_SQUARED)
            fault += 0.0 * put_new_shares(world, cell, n, k)
        cost_transactions(world.cells, world.regions[at.R_TRANSACTION, r], r * S, (r + 1) * S)
    note_fault(world, fault)
    staying = world.cells[at.E_STAY_SHARE]  # is not finite only if the square of a share is not either
    set_all(staying[first * S : last * S], 0.0)
    for segment in range(begin, end):
        staying[natural(world.segments[at.G_CELL, segment])] += world.segment_sum[segment, at.E_STAY_SHARE]


@stage
def collect_rest(world):
    """Sums that are not needed as rows of cells, for those who look for what is wrong with them."""
    cells, sums = world.cells, world.segment_sum
    for column in range(at.M_ONE, at.E_SHARE_SQUARED):
        set_all(cells[column], 0.0)
        for segment in range(world.clock[at.SEGMENTS]):
            cells[column, natural(world.segments[at.G_CELL, segment])] += sums[segment, column]
