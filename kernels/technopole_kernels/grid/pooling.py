"""Launches before firms learn: spillover pools, upgrading, partners and means of the better firms, shared costs."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._mixing import MIXED, SIDE
from technopole_kernels.barter import NOBODY, place_of, rank_key
from technopole_kernels.choose import natural
from technopole_kernels.grid.common import running
from technopole_kernels.mean_field import look_abroad, look_at_suppliers, upper_mean
from technopole_kernels.rng import BARTER, MEETING, draw, uniform
from technopole_kernels.sharing import charge_region, list_needs
from technopole_kernels.sorting import sort
from technopole_kernels.spillover import FIRMS, pool_of, upgrading_of
from technopole_kernels.types import CHANNELS, GROUP


@device
def related_sum(constants, values, k):
    """Relatedness-weighted sum of a region's values by sector, as one of the sectors sees it."""
    total = 0.0
    for other in range(values.size):
        total += values[other]
    total = constants.related_base * total
    for j in range(constants.related_start[k], constants.related_start[k + 1]):
        total += constants.related_extra[j] * values[constants.related_sector[j]]
    return total


@device
def related_high_tech(constants, values, k):
    """The same of the high-tech sectors."""
    total = 0.0
    for other in range(values.size):
        total += values[other] if constants.sectors[at.K_HIGH_TECH, other] != 0.0 else 0.0
    total = constants.related_base * total
    for j in range(constants.related_start[k], constants.related_start[k + 1]):
        other = constants.related_sector[j]
        if constants.sectors[at.K_HIGH_TECH, other] != 0.0:
            total += constants.related_extra[j] * values[other]
    return total


@stage
def mix_of_cell(setting, world, work, _records, cell):
    """Knowledge of a region's sectors as one of them can use it."""
    if running(work):
        S, constants = natural(world.sectors.shape[1]), setting.constants
        r, k = natural(cell) // S, natural(cell) % S
        for channel in range(CHANNELS):
            known = world.cells[at.ORGANISATION + channel, r * S : (r + 1) * S]
            world.mixed[r, SIDE * k + channel] = related_sum(constants, known, k)
        world.mixed[r, SIDE * k + FIRMS] = related_sum(constants, world.cells[at.FIRMS, r * S : (r + 1) * S], k)


@stage
def mix_of_region(setting, world, work, _records, i):
    """The same, of all regions in reach of one: a column of a region."""
    if not running(work):
        return
    constants, columns = setting.constants, MIXED * world.sectors.shape[1]
    r, column = i // columns, i % columns
    place = SIDE * (column // MIXED) + column % MIXED
    total = 0.0
    for j in range(constants.proximity_start[r], constants.proximity_start[r + 1]):
        total += constants.proximity[j] * world.mixed[constants.proximity_region[j], place]
    world.reached[r // GROUP, GROUP * column + r % GROUP] = total


@stage
def pools_of_cell(setting, world, work, _records, cell):
    """Spillover pools of a cell, and the technology it catches up with."""
    if not running(work):
        return
    S, constants = world.sectors.shape[1], setting.constants
    r, k = cell // S, cell % S
    reached, column = world.reached[r // GROUP], MIXED * k
    firms = reached[GROUP * (column + FIRMS) + r % GROUP]
    for channel in range(CHANNELS):
        world.cells[at.C_POOL + channel, cell] = pool_of(reached[GROUP * (column + channel) + r % GROUP], firms)
    technology = related_high_tech(constants, world.cells[at.TECHNOLOGY, r * S : (r + 1) * S], k)
    teachers = related_high_tech(constants, world.cells[at.FIRMS, r * S : (r + 1) * S], k)
    world.cells[at.C_UPGRADING, cell] = upgrading_of(constants.sectors[at.K_HIGH_TECH, k], technology, teachers)


@stage
def pair_in_cell(setting, world, work, _records, cell):
    """Pairs of the firms of a cell (rule ``barter``), as ``pair_cells`` makes them."""
    if not running(work) or setting.params[0].learning_rule != 1:
        return
    identity, fate = world.identity[at.NOW], world.fate
    begin, end = world.offsets[cell], world.offsets[cell + 1]
    ranked = world.identity[at.NEXT, begin:end]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed, contact = setting.seed[0], world.regions[at.R_CONTACT, cell // world.sectors.shape[1]]
    for i in range(begin, end):
        w0, _, _, _ = draw(identity[i], period, BARTER, seed, replicate)
        ranked[i - begin] = rank_key(w0, i - begin)
        fate[i] = NOBODY
    sort(ranked)
    for j in range((end - begin) // 2):
        first, second = place_of(ranked[2 * j]), place_of(ranked[2 * j + 1])
        w0, _, _, _ = draw(identity[begin + first], period, MEETING, seed, replicate)
        if uniform(w0) < contact:
            fate[begin + first] = np.uint32(second)
            fate[begin + second] = np.uint32(first)


@stage
def better_of_region(setting, world, work, _records, r):
    """Mean of the better firms of a region in organisation (rule ``mean_field``)."""
    if running(work) and setting.params[0].learning_rule == 2:
        S, known = world.sectors.shape[1], world.firms[at.F_ORGANISATION]
        mean = upper_mean(known[world.offsets[r * S] : world.offsets[(r + 1) * S]])
        world.regions[at.R_UPPER, r] = mean


@stage
def better_of_cell(setting, world, work, _records, i):
    """Mean of the better firms of a cell in another channel (rule ``mean_field``)."""
    if running(work) and setting.params[0].learning_rule == 2:
        C = world.cells.shape[1]
        channel, cell = 1 + i // C, i % C
        known = world.firms[at.F_ORGANISATION + channel]
        mean = upper_mean(known[world.offsets[cell] : world.offsets[cell + 1]])
        world.cells[at.C_UPPER + channel, cell] = mean


@stage
def field_of_cell(setting, world, work, _records, cell):
    """What a cell sees of the better firms elsewhere (rule ``mean_field``)."""
    if running(work) and setting.params[0].learning_rule == 2:
        S = world.sectors.shape[1]
        look_abroad(setting.constants, world, cell // S, cell % S)
        look_at_suppliers(setting.constants, world, cell // S, cell % S)


@stage
def charges_of_region(setting, world, work, _records, r):
    """Overhead of the firms of a region under the rules that need them in order of size."""
    if not running(work) or setting.params[0].sharing_rule == 0:
        return
    offsets, new, S = world.offsets, world.next, world.sectors.shape[1]
    begin, end = offsets[r * S], offsets[(r + 1) * S]
    needs, charges = new[at.F_SHARE, begin:end], new[at.F_CASH, begin:end]
    list_needs(setting, world, r, needs)
    sort(needs)
    charge_region(setting, world, r, needs, charges)
