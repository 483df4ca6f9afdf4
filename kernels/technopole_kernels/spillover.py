"""Spillover pools: knowledge in reach, weighted by proximity and relatedness (docs/MODEL.md 7.1, 7.3; Jaffe 1986)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._mixing import columns_at_once, mix
from technopole_kernels.types import GROUP

NOTHING = -1e300  # a pool nobody fills: nothing can be learned from it


@stage
def make_pools(constants, world):
    """Spillover pool of every cell in the four channels; sectors are mixed first, then regions."""
    cells = world.cells
    R, S = world.regions.shape[1], world.sectors.shape[1]
    for r in range(R):
        mix_sectors(constants, world, r)
    mixed, reached = world.mixed, world.reached
    for first in range(0, 5 * S, columns_at_once()):  # so many columns of all regions stay in the cache
        mix_regions(constants, mixed, reached, first)
    for r in range(R):
        for channel in range(4):
            for k in range(S):
                cells[at.C_POOL + channel, r * S + k] = pool_of(reached[r, (channel + 1) * S + k], reached[r, k])


@device
def pool_of(known, firms):
    """Mean knowledge of the firms in reach."""
    return known / firms if firms > 0.0 else NOTHING


@stage
def mix_sectors(constants, world, region):
    """Relatedness-weighted sums over the sectors of a region, of its firms and of what they know in four channels."""
    S = world.sectors.shape[1]
    base = sum_region(constants, world, region)
    for k in range(S):
        mix_sector(constants, world, region, k, base)


@device
def sum_region(constants, world, region):
    """Firms of a region and what they know in four channels, times the relatedness of any two sectors."""
    cells, S, base = world.cells, world.sectors.shape[1], constants.related_base
    firms = a = b = c = d = 0.0
    for cell in range(region * S, (region + 1) * S):
        firms += cells[at.FIRMS, cell]
        a += cells[at.ORGANISATION, cell]
        b += cells[at.TECHNOLOGY, cell]
        c += cells[at.SOURCING, cell]
        d += cells[at.QUALITY, cell]
    return base * firms, base * a, base * b, base * c, base * d


@device
def mix_sector(constants, world, region, k, base):
    """Add what the related sectors add to the sums of `sum_region`, for one sector."""
    S = world.sectors.shape[1]
    cells, mixed, begin = world.cells, world.mixed[region], region * S
    firms, a, b, c, d = base
    for j in range(constants.related_start[k], constants.related_start[k + 1]):
        extra, cell = constants.related_extra[j], begin + constants.related_sector[j]
        firms += extra * cells[at.FIRMS, cell]
        a += extra * cells[at.ORGANISATION, cell]
        b += extra * cells[at.TECHNOLOGY, cell]
        c += extra * cells[at.SOURCING, cell]
        d += extra * cells[at.QUALITY, cell]
    mixed[k] = firms
    mixed[S + k] = a
    mixed[2 * S + k] = b
    mixed[3 * S + k] = c
    mixed[4 * S + k] = d


@stage
def mix_regions(constants, mixed, reached, first):
    """Proximity-weighted sums of some columns over the regions in reach, for the four regions of a group at a time.

    A region out of reach adds 0 times a number, which changes nothing.
    """
    start = constants.group_start
    for group in range(start.size - 1):
        mix(
            mixed, constants.group_region, constants.group_weight, start[group], start[group + 1], first,
            reached, group * GROUP,
        )  # fmt: skip


@stage
def make_upgrading(constants, world):
    """Relatedness-weighted mean technology of a region's high-tech firms, as the traditional sectors see it."""
    S = world.sectors.shape[1]
    for r in range(world.regions.shape[1]):
        teachers = sum_high_tech(constants, world, r)
        for k in range(S):
            world.cells[at.C_UPGRADING, r * S + k] = upgrading_of(constants, world, r, k, teachers)


@device
def sum_high_tech(constants, world, region):
    """High-tech firms of a region and their technology, times the relatedness of any two sectors."""
    cells, S = world.cells, world.sectors.shape[1]
    firms = 0.0
    technology = 0.0
    for k in range(S):
        if constants.sectors[at.K_HIGH_TECH, k] != 0.0:
            firms += cells[at.FIRMS, region * S + k]
            technology += cells[at.TECHNOLOGY, region * S + k]
    return constants.related_base * firms, constants.related_base * technology


@device
def upgrading_of(constants, world, region, k, teachers):
    """Technology that the firms of a traditional sector catch up with, from the sums of `sum_high_tech`."""
    cells, base = world.cells, region * world.sectors.shape[1]
    weight, total = teachers
    for j in range(constants.related_start[k], constants.related_start[k + 1]):
        other = constants.related_sector[j]
        if constants.sectors[at.K_HIGH_TECH, other] != 0.0:
            weight += constants.related_extra[j] * cells[at.FIRMS, base + other]
            total += constants.related_extra[j] * cells[at.TECHNOLOGY, base + other]
    teaches = constants.sectors[at.K_HIGH_TECH, k] == 0.0 and weight > 0.0
    return total / weight if teaches else NOTHING
