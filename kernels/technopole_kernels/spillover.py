"""Spillover pools: knowledge in reach, weighted by proximity and relatedness (docs/MODEL.md 7.1, 7.3; Jaffe 1986)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
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
                firms = reached[r, k]
                pool = reached[r, (channel + 1) * S + k] / firms if firms > 0.0 else NOTHING
                cells[at.C_POOL + channel, r * S + k] = pool


@stage
def mix_sectors(constants, world, region):
    """Relatedness-weighted sums over the sectors of a region, of its firms and of what they know in four channels."""
    S = world.sectors.shape[1]
    cells, mixed, begin = world.cells, world.mixed[region], region * S
    all_firms = all_a = all_b = all_c = all_d = 0.0
    for cell in range(begin, begin + S):
        all_firms += cells[at.FIRMS, cell]
        all_a += cells[at.ORGANISATION, cell]
        all_b += cells[at.TECHNOLOGY, cell]
        all_c += cells[at.SOURCING, cell]
        all_d += cells[at.QUALITY, cell]
    base = constants.related_base
    for k in range(S):
        firms, a, b, c, d = base * all_firms, base * all_a, base * all_b, base * all_c, base * all_d
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
    cells = world.cells
    R, S = world.regions.shape[1], world.sectors.shape[1]
    firms, technology = cells[at.FIRMS], cells[at.TECHNOLOGY]
    for r in range(R):
        base = r * S
        all_firms = 0.0
        all_technology = 0.0
        for k in range(S):
            if constants.sectors[at.K_HIGH_TECH, k] != 0.0:
                all_firms += firms[base + k]
                all_technology += technology[base + k]
        for k in range(S):
            weight = constants.related_base * all_firms
            total = constants.related_base * all_technology
            for j in range(constants.related_start[k], constants.related_start[k + 1]):
                other = constants.related_sector[j]
                if constants.sectors[at.K_HIGH_TECH, other] != 0.0:
                    weight += constants.related_extra[j] * firms[base + other]
                    total += constants.related_extra[j] * technology[base + other]
            teaches = constants.sectors[at.K_HIGH_TECH, k] == 0.0 and weight > 0.0
            cells[at.C_UPGRADING, base + k] = total / weight if teaches else NOTHING
