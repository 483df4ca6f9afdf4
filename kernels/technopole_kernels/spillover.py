"""Spillover pools: knowledge in reach, weighted by proximity and relatedness (docs/MODEL.md 7.1, 7.3; Jaffe 1986)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel

NOTHING = -1e300  # a pool nobody fills: nothing can be learned from it


@kernel
def mix_sectors(constants, totals, region, kind, source):
    """Relatedness-weighted sums over the sectors of a region: ``mixed[region, kind, :] = phi @ source``."""
    S = totals.demand.size
    mixed = totals.mixed[region, kind]
    total = 0.0
    for k in range(S):
        total += source[region * S + k]
    for k in range(S):
        value = constants.related_base * total
        for j in range(constants.related_start[k], constants.related_start[k + 1]):
            value += constants.related_extra[j] * source[region * S + constants.related_sector[j]]
        mixed[k] = value


@kernel
def make_pools(constants, totals):
    """Spillover pool of every cell in the four channels; sectors are mixed first, then regions."""
    R, S = totals.contact.size, totals.demand.size
    for r in range(R):
        mix_sectors(constants, totals, r, 0, totals.start[at.FIRMS])
        for channel in range(4):
            mix_sectors(constants, totals, r, channel + 1, totals.start[at.ORGANISATION + channel])
    reach = totals.mixed.reshape((R, 5 * S))
    for r in range(R):
        _mix_regions(constants, totals, reach, r)


@kernel
def _mix_regions(constants, totals, reach, region):
    S = totals.demand.size
    total = totals.reached
    total[:] = 0.0
    for j in range(constants.proximity_start[region], constants.proximity_start[region + 1]):
        weight = constants.proximity[j]
        row = reach[constants.proximity_region[j]]
        for i in range(total.size):
            total[i] += weight * row[i]
    for channel in range(4):
        for k in range(S):
            firms = total[k]
            pool = total[(channel + 1) * S + k] / firms if firms > 0.0 else NOTHING
            totals.pool[channel, region * S + k] = pool


@kernel
def make_upgrading(constants, totals):
    """Relatedness-weighted mean technology of a region's high-tech firms, as the traditional sectors see it."""
    R, S = totals.contact.size, totals.demand.size
    firms, technology = totals.start[at.FIRMS], totals.start[at.TECHNOLOGY]
    for r in range(R):
        base = r * S
        all_firms = 0.0
        all_technology = 0.0
        for k in range(S):
            if constants.high_tech[k] != 0:
                all_firms += firms[base + k]
                all_technology += technology[base + k]
        for k in range(S):
            weight = constants.related_base * all_firms
            total = constants.related_base * all_technology
            for j in range(constants.related_start[k], constants.related_start[k + 1]):
                other = constants.related_sector[j]
                if constants.high_tech[other] != 0:
                    weight += constants.related_extra[j] * firms[base + other]
                    total += constants.related_extra[j] * technology[base + other]
            teaches = constants.high_tech[k] == 0 and weight > 0.0
            totals.upgrading[base + k] = total / weight if teaches else NOTHING
