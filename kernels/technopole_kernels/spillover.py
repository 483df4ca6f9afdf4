"""Spillover pools: knowledge in reach, weighted by proximity and relatedness (docs/MODEL.md 7.1, 7.3; Jaffe 1986)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.reduce import set_all

NOTHING = -1e300  # a pool nobody fills: nothing can be learned from it


@stage
def mix_sectors(constants, world, region, kind, source):
    """Relatedness-weighted sums over the sectors of a region: ``mixed[region, kind, :] = phi @ source``."""
    S = world.sectors.shape[1]
    mixed = world.mixed[region, kind]
    total = 0.0
    for k in range(S):
        total += source[region * S + k]
    for k in range(S):
        value = constants.related_base * total
        for j in range(constants.related_start[k], constants.related_start[k + 1]):
            value += constants.related_extra[j] * source[region * S + constants.related_sector[j]]
        mixed[k] = value


@stage
def make_pools(constants, world):
    """Spillover pool of every cell in the four channels; sectors are mixed first, then regions."""
    cells = world.cells
    R, S = world.regions.shape[1], world.sectors.shape[1]
    for r in range(R):
        mix_sectors(constants, world, r, 0, cells[at.FIRMS])
        for channel in range(4):
            mix_sectors(constants, world, r, channel + 1, cells[at.ORGANISATION + channel])
    reach = world.mixed.reshape((R, 5 * S))
    for r in range(R):
        _mix_regions(constants, world, reach, r)


@stage
def _mix_regions(constants, world, reach, region):
    S = world.sectors.shape[1]
    total = world.reached
    set_all(total, 0.0)
    for j in range(constants.proximity_start[region], constants.proximity_start[region + 1]):
        weight = constants.proximity[j]
        row = reach[constants.proximity_region[j]]
        for i in range(total.size):
            total[i] += weight * row[i]
    for channel in range(4):
        for k in range(S):
            firms = total[k]
            pool = total[(channel + 1) * S + k] / firms if firms > 0.0 else NOTHING
            world.cells[at.C_POOL + channel, region * S + k] = pool


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
