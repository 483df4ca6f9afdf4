"""Launches that write the next population: ranks of stayers, room, children, entrants, survivors."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._atomic import take_number
from technopole_kernels._jit import device, stage
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.choose import natural
from technopole_kernels.founding import expected_knowledge, expected_share, key_of_entrant
from technopole_kernels.grid.common import running, segment_of_firm, segment_of_lane, spot_of
from technopole_kernels.grid.work import BEFORE, LANES, POPULATION, STAYERS
from technopole_kernels.mathx import exp, normal_quantile_core
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, SPINOFF, STARTUP, draw, uniform_open
from technopole_kernels.status import Status

NEED_CAPACITY = int(Status.NEED_CAPACITY)


@device
def part_of(world, segment, i):
    """First firm of the part of a segment that is a thread's, and its end: consecutive firms."""
    begin, end = world.segments[at.G_BEGIN, segment], world.segments[at.G_BEGIN, segment + 1]
    each = (end - begin + LANES - 1) // LANES
    first = min(begin + i % LANES * each, end)
    return first, min(first + each, end)


@stage
def count_stayers(_setting, world, work, _records, i):
    """Stayers of a part of a segment."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = part_of(world, segment, i)
    stayers = 0
    for firm in range(first, end):
        stayers += 0 if world.fate[firm] == LEAVE else 1
    work.part_stayers[i] = stayers


@stage
def rank_stayers(_setting, world, work, _records, i):
    """Rank the stayers of a part of a segment within it; the last part knows how many there are."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = part_of(world, segment, i)
    stayers = 0
    for before in range(segment * LANES, i):
        stayers += work.part_stayers[before]
    for firm in range(first, end):
        leaves = world.fate[firm] == LEAVE
        work.place[firm] = np.int32(-1) if leaves else np.int32(stayers)
        stayers += 0 if leaves else 1
    if i % LANES == LANES - 1:
        work.segment_counts[STAYERS, segment] = stayers


@stage
def count_population(_setting, world, work, _records, r):
    """Next population of a region."""
    if not running(work):
        return
    counts, S = world.counts, world.sectors.shape[1]
    population = 0
    for cell in range(r * S, (r + 1) * S):
        population += counts[at.N_SURVIVORS, cell] + counts[at.N_CHILDREN, cell] + counts[at.N_STARTUPS, cell]
    work.region_counts[POPULATION, r] = population


@stage
def find_room(_setting, world, work, _records, _i):
    """Where the regions of the next population begin; stop a world without room for it."""
    if not running(work):
        return
    counts = work.region_counts[POPULATION]
    position = 0
    for r in range(counts.size):
        population = counts[r]
        counts[r] = position
        position += population
    world.new_offsets[world.cells.shape[1]] = position
    if position > world.firms.shape[1]:
        work.where[0] = position
        work.status[0] = NEED_CAPACITY


@stage
def place_cells(_setting, world, work, _records, r):
    """Where the cells of a region begin, and the slots of their children."""
    if not running(work):
        return
    counts, S = world.counts, world.sectors.shape[1]
    position = work.region_counts[POPULATION, r]
    for cell in range(r * S, (r + 1) * S):
        world.new_offsets[cell] = position
        counts[at.N_CURSOR, cell] = position + counts[at.N_SURVIVORS, cell]
        position += counts[at.N_SURVIVORS, cell] + counts[at.N_CHILDREN, cell] + counts[at.N_STARTUPS, cell]


@stage
def place_children(_setting, world, work, _records, firm):
    """Give the child of a firm one of the slots for children in the cell it joins; the parent stands in ``age``."""
    if firm >= world.offsets[world.offsets.size - 1] or not running(work):
        return
    fate = world.fate[firm]
    if fate >= SPAWN:
        world.age[at.NOW, take_number(world.counts[at.N_CURSOR], np.int64(fate - SPAWN))] = np.int32(firm)


@stage
def order_children(_setting, world, work, _records, cell):
    """Put the children of a cell in order of their parents, whoever came first."""
    if not running(work):
        return
    begin, end, _ = entrants_of(world, cell)
    age = world.age[at.NOW]
    for i in range(begin + 1, end):
        parent, slot = age[i], i
        while slot > begin and age[slot - 1] > parent:
            age[slot] = age[slot - 1]
            slot -= 1
        age[slot] = parent


@device
def entrants_of(world, cell):
    """Slots of the entrants of a cell: the first, that of the first start-up, the end."""
    begin = world.new_offsets[cell] + world.counts[at.N_SURVIVORS, cell]
    return begin, begin + world.counts[at.N_CHILDREN, cell], world.new_offsets[cell + 1]


@stage
def found(setting, world, work, _records, i):
    """Write every eighth entrant of a cell, with a raw share and no cash yet."""
    if not running(work):
        return
    cell = natural(i // LANES)
    begin, startups, end = entrants_of(world, cell)
    k = cell % natural(world.sectors.shape[1])
    for slot in range(begin + i % LANES, end, LANES):
        parent = np.int64(world.age[at.NOW, slot]) if slot < startups else np.int64(-1)
        found_one(setting, world, cell, k, parent, slot, slot - startups)


@device
def found_one(setting, world, cell, k, parent, slot, rank):
    """Write one entrant to a cell of sector k."""
    params, firms = setting.params[0], world.firms
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed, site = setting.seed[0], SPINOFF if parent >= 0 else STARTUP
    w0, w1, _, _ = draw(key_of_entrant(world.identity[at.NEXT], cell, parent, rank), period, site, seed, replicate)
    identity = w0 | (w1 << np.uint64(32))
    w0, w1, w2, w3 = draw(identity, period, ENTRANT, seed, replicate)
    v0, _, _, _ = draw(identity, period, ENTRANT_SIZE, seed, replicate)
    organisation = entrant_knowledge(params, world, cell, k, parent, 0, params.initial_sd_organisation, w0)
    technology = entrant_knowledge(params, world, cell, k, parent, 1, params.initial_sd_technology, w1)
    sourcing = entrant_knowledge(params, world, cell, k, parent, 2, params.initial_sd_sourcing, w2)
    quality = entrant_knowledge(params, world, cell, k, parent, 3, params.initial_sd_quality, w3)
    standing = params.entry_custom_sd * normal_quantile_core(uniform_open(v0))
    firms[at.F_ORGANISATION, slot] = organisation
    firms[at.F_TECHNOLOGY, slot] = technology
    firms[at.F_SOURCING, slot] = sourcing
    firms[at.F_QUALITY, slot] = quality
    firms[at.F_RESEARCH, slot] = setting.constants.sectors[at.K_RD_INTENSITY, k]
    firms[at.F_CUSTOM, slot] = params.entry_custom + standing
    firms[at.F_SHARE, slot] = expected_share(params, world.sectors[at.S_FIRMS, k]) * exp(standing)
    world.identity[at.NOW, slot] = identity
    world.age[at.NOW, slot] = np.int32(0)
    world.tie[at.NOW, slot] = np.uint8(0)


@device
def entrant_knowledge(params, world, cell, k, parent, channel, deviation, word):
    """Knowledge of an entrant in a channel."""
    local = world.cells[at.FIRMS, cell]
    known = expected_knowledge(world, cell, k, local, parent, params.entry_inheritance, channel)
    return known + params.entry_dispersion * deviation * normal_quantile_core(uniform_open(word))


@stage
def share_of_cell(_setting, world, work, _records, cell):
    """Raw share of the next population of a cell."""
    if not running(work):
        return
    begin, _, end = entrants_of(world, cell)
    total = world.cells[at.E_STAY_SHARE, cell]
    for slot in range(begin, end):
        total += world.firms[at.F_SHARE, slot]
    work.cell_values[cell] = total


@stage
def scale_of_sector(_setting, world, work, _records, k):
    """What makes the shares of a sector sum to one again."""
    if not running(work):
        return
    total = 0.0
    for cell in range(k, world.cells.shape[1], world.sectors.shape[1]):
        total += work.cell_values[cell]
    world.sectors[at.S_SCALE, k] = 1.0 / total if total > 0.0 else 0.0


@stage
def endow(setting, world, work, _records, i):
    """Share and cash of every eighth entrant of a cell."""
    if not running(work):
        return
    cell, firms = i // LANES, world.firms
    k = cell % world.sectors.shape[1]
    scale, demand = world.sectors[at.S_SCALE, k], world.sectors[at.S_DEMAND, k]
    begin, _, end = entrants_of(world, cell)
    for slot in range(begin + i % LANES, end, LANES):
        share = firms[at.F_SHARE, slot] * scale
        firms[at.F_SHARE, slot] = share
        firms[at.F_CASH, slot] = setting.params[0].entry_cash * share * demand


@stage
def move(_setting, world, work, _records, firm):
    """Write a stayer behind the stayers of its cell that come before it, into the first set of firms."""
    segment = segment_of_firm(world, work, firm)
    if segment < 0 or not running(work) or work.place[firm] < 0:
        return
    (cell, _, k), firms, new = spot_of(world, segment), world.firms, world.next
    slot = world.new_offsets[cell] + work.segment_counts[BEFORE, segment] + work.place[firm]
    scale = world.sectors[at.S_SCALE, k]
    organisation, technology = new[at.F_ORGANISATION, firm], new[at.F_TECHNOLOGY, firm]
    sourcing, quality = new[at.F_SOURCING, firm], new[at.F_QUALITY, firm]
    research, custom = new[at.F_RESEARCH, firm], new[at.F_CUSTOM, firm]
    share, cash = new[at.F_SHARE, firm] * scale, new[at.F_CASH, firm]
    identity, age, tie = world.identity[at.NEXT, firm], world.age[at.NEXT, firm], world.tie[at.NEXT, firm]
    firms[at.F_ORGANISATION, slot] = organisation
    firms[at.F_TECHNOLOGY, slot] = technology
    firms[at.F_SOURCING, slot] = sourcing
    firms[at.F_QUALITY, slot] = quality
    firms[at.F_RESEARCH, slot] = research
    firms[at.F_CUSTOM, slot] = custom
    firms[at.F_SHARE, slot] = share
    firms[at.F_CASH, slot] = cash
    world.identity[at.NOW, slot] = identity
    world.age[at.NOW, slot] = age
    world.tie[at.NOW, slot] = tie
