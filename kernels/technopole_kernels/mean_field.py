"""Learning without chance: the partner is the mean of the better firms (docs/MODEL.md 7.2, rule ``mean_field``)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage

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
            cells[at.C_UPPER + 1, cell] = upper_mean(
                firms[at.F_TECHNOLOGY, offsets[cell] : offsets[cell + 1]]
            )
            cells[at.C_UPPER + 2, cell] = upper_mean(firms[at.F_SOURCING, offsets[cell] : offsets[cell + 1]])
            cells[at.C_UPPER + 3, cell] = upper_mean(firms[at.F_QUALITY, offsets[cell] : offsets[cell + 1]])


@stage
def make_targets(constants, world):
    """What a cell sees of other regions (technology, quality) and of its suppliers (sourcing)."""
    cells = world.cells
    offsets = world.offsets
    R, S = world.regions.shape[1], world.sectors.shape[1]
    for r in range(R):
        begin, end = constants.proximity_start[r], constants.proximity_start[r + 1]
        for k in range(S):
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


@stage
def _gap_to_field(own, gap, contact, near, near_target, far_weight, far_target):
    for i in range(own.size):
        close = near_target - own[i]
        distant = far_target - own[i]
        close = close if close > 0.0 else 0.0
        distant = distant if distant > 0.0 else 0.0
        gap[i] = contact * (near * close + far_weight * distant)


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
