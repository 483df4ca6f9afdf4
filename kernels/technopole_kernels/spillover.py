"""Spillover pools: knowledge in reach, weighted by proximity and relatedness (docs/MODEL.md 7.1, 7.3; Jaffe 1986)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, put, put_across, spread
from technopole_kernels._mixing import MIXED, SIDE, mix, sectors_at_once
from technopole_kernels.choose import natural
from technopole_kernels.types import CHANNELS, GROUP

ALIKE = 4  # regions whose sectors are mixed together: one sum need not wait for the other
NEAR = 12288  # lines of the second-level cache for sectors of all regions, while those of a few sectors are added up
NOTHING = -1e300  # a pool nobody fills: nothing can be learned from it
# what stands behind the knowledge of a sector: firms; firms and technology if it is high-tech
FIRMS, TEACHERS, TAUGHT = range(CHANNELS, CHANNELS + 3)


@stage
def make_pools(constants, world):
    """Spillover pool of every occupied cell in the four channels; sectors are mixed first, then regions.

    And the technology of high-tech firms that the traditional sectors of a region see.
    """
    mix_all_sectors(constants, world)
    pool_groups(constants, world, 0, constants.group_start.size - 1)


@stage
def mix_all_sectors(constants, world):
    """The first half of it: every region by itself."""
    for r in range(0, world.regions.shape[1], ALIKE):
        mix_sectors(constants, world, r)


@stage
def pool_groups(constants, world, first_group, last_group):
    """The second half: pools of some groups of regions."""
    S = world.sectors.shape[1]
    together = max(NEAR // world.regions.shape[1], sectors_at_once())
    for first in range(0, S, together):
        for group in range(first_group, last_group):
            make_group(constants, world, group, first, min(first + together, S))


@stage
def make_group(constants, world, group, first, last):
    """Pools of a group of regions in some sectors."""
    S, reached = world.sectors.shape[1], world.reached[0]
    wanted = world.counts[at.N_CURSOR, group * S : (group + 1) * S]  # not in use before firms leave
    count = list_sectors(constants, world, group, first, last, wanted)
    for i in range(0, count, sectors_at_once()):
        mix_regions(constants, world, group, wanted[:count], i, reached)
    fill_pools(constants, world, group, wanted[:count], reached)


@device
def pool_of(known, firms):
    """Mean knowledge of the firms in reach."""
    return known / firms if firms > 0.0 else NOTHING


@device
def upgrading_of(high_tech, technology, firms):
    """Mean technology of the high-tech firms in reach, as a traditional sector sees it."""
    return technology / firms if (high_tech == 0.0) & (firms > 0.0) else NOTHING


@stage
def mix_sectors(constants, world, first):
    """Relatedness-weighted sums over the sectors of some regions, of firms and of what they know in four channels."""
    S, last = world.sectors.shape[1], world.regions.shape[1] - 1
    room, step = world.reached[0], SIDE * S  # nothing is summed over regions yet
    own_a, own_b = room[:step], room[step : 2 * step]
    own_c, own_d = room[2 * step : 3 * step], room[3 * step : 4 * step]
    b, c, d = min(first + 1, last), min(first + 2, last), min(first + 3, last)  # the last one again is the same
    base_a = set_beside(constants, world.cells, first * S, own_a)
    base_b = set_beside(constants, world.cells, b * S, own_b)
    base_c = set_beside(constants, world.cells, c * S, own_c)
    base_d = set_beside(constants, world.cells, d * S, own_d)
    mixed = world.mixed
    for k in range(S):
        sum_a, sum_b, sum_c, sum_d = base_a, base_b, base_c, base_d
        for j in range(constants.related_start[k], constants.related_start[k + 1]):
            extra, place = spread(constants.related_extra[j], room), natural(SIDE * constants.related_sector[j])
            sum_a = sum_a + extra * load(own_a, place, SIDE)
            sum_b = sum_b + extra * load(own_b, place, SIDE)
            sum_c = sum_c + extra * load(own_c, place, SIDE)
            sum_d = sum_d + extra * load(own_d, place, SIDE)
        put(sum_a, mixed[first], SIDE * k)
        put(sum_b, mixed[b], SIDE * k)
        put(sum_c, mixed[c], SIDE * k)
        put(sum_d, mixed[d], SIDE * k)
    for r in range(first, d + 1):
        set_upgrading(constants, world, r)


@stage
def mix_beside(constants, own, related):
    """Relatedness-weighted sums over sectors, whose eight numbers stand side by side."""
    base = base_of(constants, own)
    for k in range(own.size // SIDE):
        total = base
        for j in range(constants.related_start[k], constants.related_start[k + 1]):
            extra, place = spread(constants.related_extra[j], own), natural(SIDE * constants.related_sector[j])
            total = total + extra * load(own, place, SIDE)
        put(total, related, SIDE * k)


@device
def base_of(constants, own):
    """What all sectors have in common: the sum over all of them times the relatedness of any two."""
    total = nothing(own)
    for k in range(own.size // SIDE):
        total = total + load(own, SIDE * k, SIDE)
    return spread(constants.related_base, own) * total


@stage
def set_upgrading(constants, world, region):
    """Technology of high-tech firms that the traditional sectors of a region see."""
    S, mixed = world.sectors.shape[1], world.mixed[region]
    upgrading = world.cells[at.C_UPGRADING, region * S : (region + 1) * S]
    for k in range(S):
        technology, firms = mixed[SIDE * k + TAUGHT], mixed[SIDE * k + TEACHERS]
        upgrading[k] = upgrading_of(constants.sectors[at.K_HIGH_TECH, k], technology, firms)


@stage
def set_beside(constants, cells, begin, own):
    """Put the numbers of each sector of a region side by side; returns their sums times what all have in common."""
    S = own.size // SIDE
    firms, technology = cells[at.FIRMS, begin : begin + S], cells[at.TECHNOLOGY, begin : begin + S]
    organisation, sourcing = cells[at.ORGANISATION, begin : begin + S], cells[at.SOURCING, begin : begin + S]
    quality, high_tech = cells[at.QUALITY, begin : begin + S], constants.sectors[at.K_HIGH_TECH]
    for k in range(0, S, SIDE):
        n = S - k
        a, f, high = load(technology, k, n), load(firms, k, n), load(high_tech, k, n)
        put_across(
            load(organisation, k, n), a, load(sourcing, k, n), load(quality, k, n), f, high * f, high * a,
            nothing(own), own, SIDE * k, n,
        )  # fmt: skip
    return base_of(constants, own)


@stage
def list_sectors(constants, world, group, first, last, wanted):
    """List the sectors of a range that any of the regions of a group has firms of; returns their number."""
    S, firms, count = world.sectors.shape[1], world.cells[at.FIRMS], 0
    for k in range(first, last):
        found = 0.0
        for place in range(group * GROUP, (group + 1) * GROUP):
            r = constants.group_member[place]
            found += firms[r * S + k] if r >= 0 else 0.0
        wanted[count] = k
        count += 1 if found > 0.0 else 0
    return count


@stage
def mix_regions(constants, world, group, wanted, first, reached):
    """Proximity-weighted sums of a few sectors over the regions in reach, for the regions of a group at a time.

    A region out of reach adds 0 times a number, which changes nothing.
    """
    mix(
        world.mixed, constants.group_region, constants.group_weight, constants.group_start[group],
        constants.group_start[group + 1], wanted, first, reached,
    )  # fmt: skip


@stage
def fill_pools(constants, world, group, wanted, reached):
    """Pools of the regions of a group in some sectors; those of empty cells mean nothing."""
    cells, S, member = world.cells, world.sectors.shape[1], group * GROUP
    for i in range(wanted.size):
        column = MIXED * GROUP * wanted[i]
        firms = load(reached, column + GROUP * FIRMS, GROUP)
        for channel in range(CHANNELS):
            put(load(reached, column + GROUP * channel, GROUP) / firms, reached, column + GROUP * channel)
    for j in range(GROUP):
        r = constants.group_member[member + j]
        for i in range(wanted.size if r >= 0 else 0):
            column, cell = natural(MIXED * GROUP * wanted[i] + j), natural(r * S + wanted[i])
            for channel in range(CHANNELS):
                cells[at.C_POOL + channel, cell] = reached[column + GROUP * channel]
