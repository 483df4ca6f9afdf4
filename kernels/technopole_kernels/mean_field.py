"""Learning without chance: the partner is the mean of the better firms (docs/MODEL.md 7.2, rule ``mean_field``)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage

TOLERANCE = 1e-12  # a firm this close below the mean counts as above: equals are their own upper mean


@stage
def upper_mean(values):
    """Mean of those values that are not below the plain mean."""
    if values.size == 0:
        return 0.0
    total = 0.0
    for i in range(values.size):
        total += values[i]
    mean = total / values.size
    threshold = mean - TOLERANCE * (1.0 + abs(mean))
    total = 0.0
    count = 0
    for i in range(values.size):
        if values[i] >= threshold:
            total += values[i]
            count += 1
    return total / count


@stage
def make_upper_means(world):
    """Upper means of every cell in technology, sourcing and quality, of every region in organisation."""
    cells, regions, firms = world.cells, world.regions, world.firms
    offsets = world.offsets
    R, S = regions.shape[1], world.sectors.shape[1]
    for r in range(R):
        regions[at.R_UPPER, r] = upper_mean(firms[at.F_ORGANISATION, offsets[r * S] : offsets[(r + 1) * S]])
        for cell in range(r * S, (r + 1) * S):
            for channel in range(1, 4):
                known = firms[at.F_ORGANISATION + channel, offsets[cell] : offsets[cell + 1]]
                cells[at.C_UPPER + channel, cell] = upper_mean(known)


@stage
def make_targets(constants, world):
    """What a cell sees of other regions (technology, quality) and of its suppliers (sourcing)."""
    S = world.sectors.shape[1]
    for r in range(world.regions.shape[1]):
        for k in range(S):
            look_abroad(constants, world, r, k)
            look_at_suppliers(constants, world, r, k)


@device
def look_abroad(constants, world, r, k):
    """What a cell sees of its sector in other regions."""
    cells, offsets, S = world.cells, world.offsets, world.sectors.shape[1]
    begin, end = constants.proximity_start[r], constants.proximity_start[r + 1]
    weight = 0.0
    technology = 0.0
    quality = 0.0
    for j in range(begin, end):
        p = constants.far[j] - (constants.far[j - 1] if j > begin else 0.0)
        other = constants.proximity_region[j] * S + k
        if p > 0.0 and offsets[other + 1] > offsets[other]:
            weight += p
            technology += p * cells[at.C_UPPER + 1, other]
            quality += p * cells[at.C_UPPER + 3, other]
    found = weight if weight > 0.0 else 1.0
    cells[at.C_FIELD + 0, r * S + k] = weight
    cells[at.C_FIELD + 1, r * S + k] = technology / found
    cells[at.C_FIELD + 2, r * S + k] = quality / found


@device
def look_at_suppliers(constants, world, r, k):
    """What a cell sees of its suppliers in the region."""
    cells, offsets, S = world.cells, world.offsets, world.sectors.shape[1]
    weight = 0.0
    sourcing = 0.0
    for j in range(S):
        p = constants.suppliers[k, j + 1] - constants.suppliers[k, j]
        other = r * S + j
        if p > 0.0 and offsets[other + 1] > offsets[other]:
            weight += p
            sourcing += p * cells[at.C_UPPER + 2, other]
    cells[at.C_SUPPLIERS + 0, r * S + k] = weight
    cells[at.C_SUPPLIERS + 1, r * S + k] = sourcing / weight if weight > 0.0 else 0.0


@device
def gap_to_field(own, contact, near, near_target, far_weight, far_target):
    """Gap of a firm to what it sees near and far."""
    close = near_target - own
    distant = far_target - own
    close = close if close > 0.0 else 0.0
    distant = distant if distant > 0.0 else 0.0
    return contact * (near * close + far_weight * distant)


@stage
def _gap_to_field(own, gap, contact, near, near_target, far_weight, far_target):
    for i in range(own.size):
        gap[i] = gap_to_field(own[i], contact, near, near_target, far_weight, far_target)


@stage
def meet_field(setting, world, tile):
    """The gaps to the mean of the better firms of all four channels."""
    cells, regions, segments, firms = world.cells, world.regions, world.segments, world.firms
    buffer = world.buffer
    region = tile.region
    contact, far = regions[at.R_CONTACT, region], setting.params[0].learning_far
    origin = tile.begin
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        shift, size = begin - origin, end - begin
        weight = cells[at.C_FIELD + 0, cell]
        _gap_to_field(
            firms[at.F_ORGANISATION, begin:end],
            buffer[at.GAP_ORGANISATION + shift : at.GAP_ORGANISATION + shift + size],
            contact, 1.0, regions[at.R_UPPER, region], 0.0, 0.0,
        )  # fmt: skip
        _gap_to_field(
            firms[at.F_TECHNOLOGY, begin:end], buffer[at.GAP_TECHNOLOGY + shift : at.GAP_TECHNOLOGY + shift + size],
            contact, 1.0 - far, cells[at.C_UPPER + 1, cell], far * weight, cells[at.C_FIELD + 1, cell],
        )  # fmt: skip
        _gap_to_field(
            firms[at.F_SOURCING, begin:end], buffer[at.GAP_SOURCING + shift : at.GAP_SOURCING + shift + size],
            contact, cells[at.C_SUPPLIERS + 0, cell], cells[at.C_SUPPLIERS + 1, cell], 0.0, 0.0,
        )  # fmt: skip
        _gap_to_field(
            firms[at.F_QUALITY, begin:end], buffer[at.GAP_QUALITY + shift : at.GAP_QUALITY + shift + size],
            contact, 1.0 - far, cells[at.C_UPPER + 3, cell], far * weight, cells[at.C_FIELD + 2, cell],
        )  # fmt: skip
