"""Names of the rows of the arrays in types.py.

All tile buffers live in one flat array with constant row offsets: LLVM then knows that two rows never overlap and
vectorises loops with many of them without run-time checks.
"""

from technopole_kernels.types import TILE

# World.clock
PERIOD, REPLICATE, TILES, SEGMENTS = range(4)

# World.firms and World.next: log points, but research (share of sales), share (1) and cash (money)
(F_ORGANISATION, F_TECHNOLOGY, F_SOURCING, F_QUALITY, F_RESEARCH, F_CUSTOM, F_SHARE, F_CASH) = range(8)
F_ROWS = 8

# World.cells: sums over the firms at the start of the period; SMALL_SALES is a mean, made from the others
(FIRMS, SHARE, ORGANISATION, TECHNOLOGY, SOURCING, QUALITY, SMALL_FIRMS, SMALL_SHARE, TIED, SMALL_SALES) = (
    range(10)
)
# sums over the operating firms, made by the first sweep; M... are weighted by s exp(shock), W... by what wins customers
# (the fitness, or s exp(shock) f for the replicator), for the new shares are a combination of both
(E_INNOVATIONS, E_SMALL_INNOVATIONS, E_PATENTS, E_RESEARCH, E_OWN_RESEARCH) = range(10, 15)
(E_ORGANISATION, E_TECHNOLOGY, E_SOURCING, E_QUALITY, E_EFFICIENCY, E_EFFICIENCY_SQUARED) = range(15, 21)
(M_ONE, M_QUALITY, M_NAME, M_NAME_QUALITY, M_EFFICIENCY, M_PRICE) = range(21, 27)
(W_ONE, W_QUALITY, W_NAME, W_NAME_QUALITY, W_EFFICIENCY, W_PRICE, E_FITNESS) = range(27, 34)
# and by the second
(E_SHARE_SQUARED, E_TAX, E_LOADED, E_OVERHEAD, E_PAYOUT, E_CASH) = range(34, 40)
(E_EXITS, E_STAY_SHARE) = range(40, 42)
C_SUMS = 42
SUM_COLUMNS = 48  # of World.segment_sum: so many lines of the cache
# made from M... and W... when the shares are known: sums weighted by the new share
(E_SHARE, E_QUALITY_SHARE, E_NAME_SHARE, E_NAME_QUALITY, E_EFFICIENCY_SHARE, E_PRICE_SHARE) = range(42, 48)
E_TRANSACTION = 48  # money
C_CHECKED = 49  # what must be finite
# state and other values of a cell
(C_REPUTATION, C_NEXT_REPUTATION) = range(49, 51)  # log points
C_LABOUR = 51  # workers per unit of market share
C_POOL = 52  # spillover pools of the four channels, log points; of occupied cells
C_UPGRADING = 56  # technology to catch up with, log points
C_PRICE_LEVEL = 57  # ln p of a firm without knowledge; with overhead if the sharing is proportional
C_EFFICIENCY = 58  # ln A
C_OVERHEAD = 59  # overhead rate under proportional sharing
C_STARTUP_MEAN = 60  # Poisson mean
C_UPPER = 61  # upper means of the four channels (mean_field only)
C_FIELD = 65  # weight of other regions, their technology, their quality (mean_field only)
C_SUPPLIERS = 68  # weight of the suppliers present, their sourcing (mean_field only)
C_NO_STARTUP, C_STARTUP_DRAW = 70, 71  # probability of no start-up, and what is drawn to compare with it
C_ROWS = 72

# World.counts
# children by the cell they join; next slot of an entrant; row of World.segment_sum; a list of cells with entrants
N_SURVIVORS, N_CHILDREN, N_STARTUPS, N_CURSOR, N_SEGMENT, N_FOUNDED = range(6)
N_ROWS = 6

# World.regions: the state, then (from R_NEXT) what it becomes, then values of the period
(R_WORKFORCE, R_WAGE, R_TRUST, R_INFRASTRUCTURE, R_UNIVERSITY, R_SERVICES, R_FINANCE) = range(7)
R_PIPELINE = 7  # three stages
R_NEXT = 10
R_CONTACT = 20  # kappa
R_INDEX = 21  # four indices as firms see them: INFRASTRUCTURE, UNIVERSITY, SERVICES, FINANCE
INFRASTRUCTURE, UNIVERSITY, SERVICES, FINANCE = range(4)
(R_CROWD, R_TRANSACTION, R_LEAVING, R_OUTFLOW, R_TIED, R_FIRMS, R_NEED, R_REPUTATION) = range(25, 33)
(R_LABOUR_DEMAND, R_ATTRACTION, R_INFLOW, R_OUTGOING, R_UPPER) = range(33, 38)
R_ROWS = 38

# World.sectors: the state, then (from S_NEXT) what it becomes, then values of the period
S_MARKET, S_FITNESS_LEVEL = range(2)
S_KNOWLEDGE = 2  # four channels
S_NEXT = 6
(S_DEMAND, S_GROWTH, S_FIRMS, S_SCALE, S_KEEP, S_WIN, S_EMPLOYMENT, S_PRESENT) = range(12, 20)
S_WORK = 20  # three rows of what a stage adds up or looks up
S_ROWS = 23

# World.economy
(ALL_FIRMS, MEAN_NEED, MEAN_SALES, MEAN_WORKFORCE, MEAN_WAGE, NATIONAL_TAX, NATIONAL_RESEARCH) = range(7)
NORM_TAX, NORM_RESEARCH = 7, 8  # state: tax and R&D per worker in national wages, period 0
FAULT = 9  # not a number, if any sum over a cell is not finite, else 0
FOUNDED = 10  # cells with entrants, listed in N_FOUNDED
HALF = 11  # of World.identity and World.age that is the present one; NOW when a world is at rest
ECONOMY = 12

# World.tiles and World.segments; segments are parts of a cell in a tile
T_REGION, T_BEGIN, T_SEGMENT = range(3)
T_ROWS = 3
G_CELL, G_BEGIN = range(2)
G_PARENTS = 2  # by the first segment of a tile: so many that spawn are listed where it begins, in later identities
G_ROWS = 3

# World.load; under proportional sharing the overhead rate is that of the cell, C_OVERHEAD. Own research is kept for
# those who look at it: the second sweep makes it again sooner than it would be read.
OVERHEAD_RATE, OWN_RESEARCH = range(2)
NOW, NEXT = range(2)  # World.tie; the halves of World.identity and World.age at rest (see halves.py)

# Constants.sectors
(K_HIGH_TECH, K_LABOUR_SHARE, K_MARKUP, K_RD_INTENSITY, K_INNOVATION_RATE, K_INNOVATION_SCALE) = range(6)
(K_APPROPRIABILITY, K_DEMAND_GROWTH, K_REFERENCE_SIZE, K_RELATED_SUM) = range(6, 10)
K_COST_SHARE = 10  # of production in sales: 1 / (1 + markup)
K_ROWS = 11

# Policy
P_RD_SUBSIDY, P_REPUTATION, P_ENTRY_SUPPORT = range(3)
P_INFRASTRUCTURE, P_UNIVERSITY, P_SERVICES, P_FINANCE, P_WAGE_SHOCK = range(5)
P_DEMAND_SHOCK = 0

SIZE_CLASSES = 41


# Rows are a little longer than a tile: at a power of two all of them would compete for the same lines of the cache.
ROW = TILE + 72


def _rows(count: int) -> tuple[int, ...]:
    return tuple(i * ROW for i in range(count))


# Per-firm rows of the tile buffer, each a multiple of ROW, to be used as ``buffer[ROW + i]``. A tile, the next one and
# the buffer should fit into the second-level cache: what is needed one after the other has the same rows.

# until the firms have learned
(
    U_ORGANISATION,
    U_TECHNOLOGY,
    U_SOURCING,
    U_QUALITY,
    GAP_ORGANISATION,
    GAP_TECHNOLOGY,
    GAP_SOURCING,
    GAP_QUALITY,
    CELL_BEGIN,
    CELL_COUNT,
    SECTOR,
    FAR_DRAW,
    FAR_REGION,
) = _rows(13)

# while innovators are listed
(I_RELATIVE, I_RATE, I_CHANCE, I_SMALL, I_SCALE, I_GAIN, I_RADICAL, I_KIND, I_PATENT) = _rows(9)

# from the events to the demand shocks
(U_INNOVATE, U_TIE, U_DEMAND, RATE_INNOVATION, SIZE, SMALL, RESEARCH, CHANCE, SCRATCH) = _rows(18)[9:]
BUFFER_ROWS = 18

# prices and fitness
(EFFICIENCY, PRICE, NAME_USERS, FITNESS, WIN) = _rows(5)

# second sweep
(FAILED, SPAWNING, EMPLOYMENT) = _rows(3)

# rows of the same buffer while entrants are written
(NOISE_ORGANISATION, NOISE_TECHNOLOGY, NOISE_SOURCING, NOISE_QUALITY, NOISE_STANDING) = _rows(5)
(BASE_ORGANISATION, BASE_TECHNOLOGY, BASE_SOURCING, BASE_QUALITY, BASE_SHARE, BASE_RESEARCH) = (
    (5 + i) * ROW for i in range(6)
)  # without noise
SITE = 11 * ROW  # 1 for a spin-off, 0 for a start-up
SLOT = 12 * ROW  # where it is written, a whole number
TAIL = 13 * ROW  # numbers in a tail of the normal distribution
HOME = 14 * ROW  # the cell an entrant joins, a whole number
