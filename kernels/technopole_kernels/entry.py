"""Stage 11: how many firms are founded, and where (docs/MODEL.md 7.11; Klepper 2007 for spin-offs)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import kind_of
from technopole_kernels._lanes import load, put_across, put_down
from technopole_kernels._llvm import WIDTH
from technopole_kernels.accounts import SPAWN
from technopole_kernels.choose import BELOW_ONE, list_equal, natural, pick_row
from technopole_kernels.halves import later, now
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.reduce import copy_all, set_all
from technopole_kernels.rng import SPINOFF, STARTUP_COUNT, draw, uniform53, uniform_of
from technopole_kernels.spillover import mix_beside

LARGEST_PART = 16.0  # a Poisson mean is drawn in parts of at most this
LARGEST_DRAW = 200
NOBODY = -1e300  # attraction of a cell without a market
TOLERANCE = 1e-12  # of the location quotient, so that proportional cells count as specialised


@device
def specialised(world, cell, region_employment, sector_employment, all_employment):
    """1 where a sector is present and its region is not below the nation's share in it, else 0."""
    employment = world.cells[at.SHARE, cell] * world.cells[at.C_LABOUR, cell]
    expected = region_employment * sector_employment
    enough = employment * all_employment >= (1.0 - TOLERANCE) * expected
    return 1.0 if (world.cells[at.FIRMS, cell] > 0.0) & enough else 0.0


@device
def attraction(setting, world, r, k, present, strong):
    """Attraction of a cell to founders; ``present`` are the flags of its region's sectors, ``strong`` their sum."""
    constants = setting.constants
    related = constants.related_base * strong
    for j in range(constants.related_start[k], constants.related_start[k + 1]):
        related += constants.related_extra[j] * present[constants.related_sector[j]]
    return attraction_beside(setting, world, r, k, related)


@device
def attraction_beside(setting, world, r, k, related):
    """The same, from the flags added up by relatedness."""
    params, cell = setting.params[0], r * world.sectors.shape[1] + k
    value = (
        world.cells[at.C_STARTUP_MEAN, cell]
        + params.entry_finance * world.regions[at.R_INDEX + at.FINANCE, r]
        + params.entry_reputation * world.cells[at.C_REPUTATION, cell]
        + params.entry_relatedness * related / setting.constants.sectors[at.K_RELATED_SUM, k]
        + params.entry_herding * world.sectors[at.S_GROWTH, k]
    )
    return value if world.sectors[at.S_DEMAND, k] > 0.0 else NOBODY


@device
def crowd_value(params, firms):
    """What the firms of a cell add to its attraction."""
    return params.entry_agglomeration * log(params.entry_outside + firms)


@device
def all_startups(setting, workforce):
    """Expected number of start-ups in the economy."""
    constants = setting.constants
    return setting.params[0].entry_startups * constants.initial_firms * workforce / constants.initial_workforce


@device
def startup_mean(setting, world, r, k, number, value, weight):
    """Expected number of start-ups of a cell that has this value of the weight of all cells."""
    support = policy_cell_at(setting.policy.cells[at.P_ENTRY_SUPPORT], world.clock[at.PERIOD], r, k)
    chance = value / weight if weight > 0.0 else 0.0
    return number * chance * (1.0 + support)


@stage
def mean_startups(setting, world):
    """Poisson mean of the start-ups of every cell: a logit over cells times the national number."""
    cells, regions, sectors = world.cells, world.regions, world.sectors
    R, S = regions.shape[1], sectors.shape[1]
    share, labour, value = cells[at.SHARE], cells[at.C_LABOUR], cells[at.C_STARTUP_MEAN]
    all_employment = 0.0
    by_sector = sectors[at.S_EMPLOYMENT]
    set_all(by_sector, 0.0)
    for r in range(R):
        for k in range(S):
            employment = share[r * S + k] * labour[r * S + k]
            by_sector[k] += employment
            all_employment += employment
    weight = 0.0
    for first in range(0, R, WIDTH):
        last = min(first + WIDTH, R)
        relate_strength(setting.constants, world, first, last, all_employment)
        for r in range(first, last):
            weight = rate_cells(setting, world, r, weight)
    workforce = 0.0
    for r in range(R):
        workforce += regions[at.R_WORKFORCE, r]
    number = all_startups(setting, workforce)
    for r in range(R):
        for k in range(S):
            value[r * S + k] = startup_mean(setting, world, r, k, number, value[r * S + k], weight)


@stage
def rate_cells(setting, world, r, weight):
    """Weight of the cells of a region, added to that of those before it; their mean holds the strength around them."""
    S = world.sectors.shape[1]
    firms, value = world.cells[at.FIRMS, r * S : (r + 1) * S], world.cells[at.C_STARTUP_MEAN, r * S : (r + 1) * S]
    related = world.sectors[at.S_PRESENT]
    copy_all(value, related)
    for k in range(S):
        value[k] = crowd_value(setting.params[0], firms[k])
    for k in range(S):
        value[k] = attraction_beside(setting, world, r, k, related[k])
    for k in range(S):
        value[k] = exp(value[k])
    for k in range(S):
        weight += value[k]
    return weight


@stage
def relate_strength(constants, world, first, last, all_employment):
    """Which sectors up to eight regions are specialised in, added up by relatedness, where their means will stand."""
    S, value, room = world.sectors.shape[1], world.cells[at.C_STARTUP_MEAN], world.reached[0]  # not in use any more
    present, beside, related = room[: WIDTH * S], room[WIDTH * S : 2 * WIDTH * S], room[2 * WIDTH * S : 3 * WIDTH * S]
    for r in range(first, last):
        flag_region(world, r, all_employment, present[(r - first) * S : (r - first + 1) * S])
    for k in range(0, S, WIDTH):
        n = S - k
        put_across(
            load(present, k, n), load(present, S + k, n), load(present, 2 * S + k, n), load(present, 3 * S + k, n),
            load(present, 4 * S + k, n), load(present, 5 * S + k, n), load(present, 6 * S + k, n),
            load(present, 7 * S + k, n), beside, WIDTH * k, n,
        )  # fmt: skip
    mix_beside(constants, beside, related)
    for k in range(0, S, WIDTH):
        n = S - k
        put_down(
            load_eight(related, k, n, 0), load_eight(related, k, n, 1), load_eight(related, k, n, 2),
            load_eight(related, k, n, 3), load_eight(related, k, n, 4), load_eight(related, k, n, 5),
            load_eight(related, k, n, 6), load_eight(related, k, n, 7), value, S, first * S + k, n, last - first,
        )  # fmt: skip


@device
def load_eight(values, k, count, j):
    """Eight numbers of a sector; of another where there is none."""
    return load(values, WIDTH * (k + (j if j < count else 0)), WIDTH)


@stage
def flag_region(world, r, all_employment, present):
    """Which sectors a region is specialised in."""
    share, labour, S = world.cells[at.SHARE], world.cells[at.C_LABOUR], present.size
    by_sector, employment = world.sectors[at.S_EMPLOYMENT], 0.0
    for cell in range(r * S, (r + 1) * S):
        employment += share[cell] * labour[cell]
    for k in range(S):
        present[k] = specialised(world, r * S + k, employment, by_sector[k], all_employment)


@stage
def draw_poisson(mean, cell, period, seed, replicate):
    """Poisson number by inversion, in parts small enough for it."""
    if not mean > 0.0:
        return 0
    parts = np.int64(mean / LARGEST_PART)
    parts += 1 if mean > parts * LARGEST_PART else 0
    part = mean / parts
    first = exp(-part)
    number = 0
    for j in range(parts):
        identity = np.uint64(cell) | (np.uint64(j) << np.uint64(32))
        w0, w1, _, _ = draw(identity, period, STARTUP_COUNT, seed, replicate)
        number += invert_poisson(uniform53(w0, w1), part, first)
    return number


@device
def invert_poisson(u, mean, none):
    """Poisson number of a mean, of which none has this probability, that belongs to a uniform."""
    probability = none
    cumulative = none
    k = 0
    while u >= cumulative and k < LARGEST_DRAW:
        k += 1
        probability *= mean / k
        cumulative += probability
    return k


@stage
def draw_startups(setting, world, first_cell, last_cell):
    """Number of start-ups of some cells.

    Whether there are any is found for all of them in vectors. Most have none and need nothing else.
    """
    cells, counts = world.cells, world.counts[at.N_STARTUPS, first_cell:last_cell]
    mean, none = cells[at.C_STARTUP_MEAN, first_cell:last_cell], cells[at.C_NO_STARTUP, first_cell:last_cell]
    first = cells[at.C_STARTUP_DRAW, first_cell:last_cell]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for i in range(mean.size):
        none[i] = exp(-mean[i])
    for i in range(mean.size):
        w0, w1, _, _ = draw(np.uint64(first_cell + i), period, STARTUP_COUNT, seed, replicate)
        first[i] = uniform53(w0, w1)
    for i in range(mean.size):
        startups = 0
        if mean[i] > LARGEST_PART:
            startups = draw_poisson(mean[i], first_cell + i, period, seed, replicate)
        elif first[i] >= none[i]:  # in one part, of which all is known
            startups = invert_poisson(first[i], mean[i], none[i])
        counts[i] = startups


@device
def abroad_draw(u, home):
    """What is left of the draw of a child that leaves its parent's region, in [0, 1)."""
    return min((u - home) / (1.0 - home), BELOW_ONE)


@device
def name_child(parent, cell):
    """A child that has no identity yet, by its parent and the cell it joins."""
    return np.uint64(parent) | (np.uint64(cell) << np.uint64(32))


@device
def parent_of(child):
    """The parent by which a child is named."""
    return natural(child)


@device
def home_of(child):
    """The cell that a child joins."""
    return natural(child >> np.uint64(32))


@stage
def choose_homes(setting, world, tile):
    """The cell of the child of every firm that spawns: its own one, or that of the sector in another region."""
    constants, home = setting.constants, setting.params[0].entry_home
    fate, identity, buffer = world.fate, world.identity[now(world)], world.buffer
    children = world.identity[later(world)]  # nobody has an identity there yet
    partner, keys, segments = world.partner, world.keys, world.segments
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    S = world.sectors.shape[1]
    row, row_end = constants.proximity_start[tile.region], constants.proximity_start[tile.region + 1]
    guide = constants.far_guide[tile.region]
    leaves_home = constants.far[row_end - 1] > 0.0
    kind = kind_of(buffer)
    count = list_equal(fate[tile.begin : tile.end], SPAWN, partner)
    for j in range(count):
        keys[j] = identity[natural(tile.begin + partner[j])]
    for j in range(count):
        _, _, w2, _ = draw(keys[j], period, SPINOFF, seed, replicate)
        buffer[at.SCRATCH + j] = uniform_of(kind, w2)
    j = 0
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        end = segments[at.G_BEGIN, segment + 1] - tile.begin
        while j < count and partner[natural(j)] < end:
            u, place = np.float64(buffer[at.SCRATCH + natural(j)]), cell
            if u >= home and leaves_home:
                entry, _ = pick_row(abroad_draw(u, home), constants.far, row, row_end, guide)
                place = constants.proximity_region[entry] * S + cell - tile.region * S
            parent = natural(tile.begin + partner[natural(j)])
            fate[parent] = np.uint32(SPAWN + np.uint32(place))
            children[natural(tile.begin + j)] = name_child(parent, place)
            j += 1
    segments[at.G_PARENTS, tile.first] = count
