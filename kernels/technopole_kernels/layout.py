"""Where things stand in the flat buffers: rows of sums, rows of the tile buffer, scalars.

All tile buffers live in one flat array with constant row offsets: LLVM then knows that two rows never overlap and
vectorises loops with many of them without run-time checks.
"""

from technopole_kernels.types import TILE

# sums over the firms of a cell at the start of the period
(FIRMS, SHARE, ORGANISATION, TECHNOLOGY, SOURCING, QUALITY, TIED, SMALL_FIRMS, SMALL_SHARE, SMALL_SALES) = range(10)
START = 10

# sums over the operating firms of a cell at the end of the period
# the first sweep makes these
(E_WIN, E_FITNESS, E_WIN_FITNESS, E_INNOVATIONS, E_SMALL_INNOVATIONS, E_PATENTS, E_RESEARCH) = range(7)
END_FIRST_SWEEP = 7
# and the second these
(E_SHARE, E_SHARE_SQUARED, E_QUALITY_SHARE, E_NAME_SHARE, E_NAME_QUALITY) = range(7, 12)
(E_ORGANISATION, E_TECHNOLOGY, E_SOURCING, E_QUALITY) = range(12, 16)
(E_EFFICIENCY, E_EFFICIENCY_SQUARED, E_EFFICIENCY_SHARE, E_PRICE_SHARE) = range(16, 20)
(E_OWN_RESEARCH, E_TAX, E_OVERHEAD, E_TRANSACTION, E_PAYOUT, E_CASH) = range(20, 26)
(E_EXITS, E_SPINOFFS, E_STAY_SHARE) = range(26, 29)
END = 29

# scalars of the period
(ALL_FIRMS, MEAN_NEED, MEAN_SALES, MEAN_WORKFORCE, MEAN_WAGE, NATIONAL_TAX, NATIONAL_RESEARCH, ENTRANTS) = range(8)

# the institutions' order in Totals.index
INFRASTRUCTURE, UNIVERSITY, SERVICES, FINANCE = range(4)

# the clock
PERIOD, REPLICATE, TILES, SEGMENTS = range(4)

SIZE_CLASSES = 41


def _rows(count: int) -> tuple[int, ...]:
    return tuple(i * TILE for i in range(count))


# per-firm rows of the tile buffer (each a multiple of TILE, to be used as ``buffer[ROW + i]``)
(
    U_ORGANISATION,
    U_TECHNOLOGY,
    U_SOURCING,
    U_QUALITY,
    GAP_ORGANISATION,
    GAP_TECHNOLOGY,
    GAP_SOURCING,
    GAP_QUALITY,
    POOL_ORGANISATION,
    POOL_TECHNOLOGY,
    POOL_SOURCING,
    POOL_QUALITY,
    RATE_ORGANISATION,
    RATE_TECHNOLOGY,
    RATE_SOURCING,
    RATE_QUALITY,
    DIFFICULTY,
    ABSORPTION,
    UPGRADING,
    U_INNOVATE,
    U_TIE,
    U_DEMAND,
    SALES,
    SMALL,
    CHANCE,
    RESEARCH,
    DEMAND,
    LABOUR,
    INTENSITY,
    SUBSIDY,
    POOLED,
    RATE_INNOVATION,
    MEAN_RESEARCH,
    COUNT,
    LABOUR_SHARE,
    PRICE,
    EFFICIENCY,
    NAME,
    STANDARD,
    LEVEL,
    FITNESS,
    WIN,
    KEEP,
    CREDIT,
    COST_SHARE,
    MINIMUM,
    TAX,
    OVERHEAD,
    TRANSACTION,
    PAYOUT,
    SCRATCH,
) = _rows(51)
BUFFER_ROWS = 51
