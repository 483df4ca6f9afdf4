"""Learning without chance: the partner is the mean of the better firms (docs/MODEL.md 7.2, rule ``mean_field``)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel

TOLERANCE = 1e-12  # a firm this close below the mean counts as above: equals are their own upper mean


@kernel
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


@kernel
def make_upper_means(world):
    """Upper means of every cell in technology, sourcing and quality, of every region in organisation."""
    totals, offsets, firms = world.totals, world.offsets, world.firms
    R, S = totals.contact.size, totals.demand.size
    for r in range(R):
        totals.upper_region[r] = upper_mean(firms.organisation[offsets[r * S] : offsets[(r + 1) * S]])
        for cell in range(r * S, (r + 1) * S):
            totals.upper[1, cell] = upper_mean(firms.technology[offsets[cell] : offsets[cell + 1]])
            totals.upper[2, cell] = upper_mean(firms.sourcing[offsets[cell] : offsets[cell + 1]])
            totals.upper[3, cell] = upper_mean(firms.quality[offsets[cell] : offsets[cell + 1]])


@kernel
def make_targets(constants, world):
    """What a cell sees of other regions (technology, quality) and of its suppliers (sourcing): weight and target."""
    totals, offsets = world.totals, world.offsets
    R, S = totals.contact.size, totals.demand.size
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
                    technology += p * totals.upper[1, other]
                    quality += p * totals.upper[3, other]
            found = weight if weight > 0.0 else 1.0
            totals.mean_field[0, r * S + k] = weight
            totals.mean_field[1, r * S + k] = technology / found
            totals.mean_field[2, r * S + k] = quality / found
            weight = 0.0
            sourcing = 0.0
            for j in range(S):
                p = constants.suppliers[k, j] - (constants.suppliers[k, j - 1] if j > 0 else 0.0)
                other = r * S + j
                if p > 0.0 and offsets[other + 1] > offsets[other]:
                    weight += p
                    sourcing += p * totals.upper[2, other]
            totals.supplier_field[0, r * S + k] = weight
            totals.supplier_field[1, r * S + k] = sourcing / weight if weight > 0.0 else 0.0


@kernel
def _gap_to_field(own, gap, contact, near, near_target, far_weight, far_target):
    for i in range(own.size):
        close = near_target - own[i]
        distant = far_target - own[i]
        close = close if close > 0.0 else 0.0
        distant = distant if distant > 0.0 else 0.0
        gap[i] = contact * (near * close + far_weight * distant)


@kernel
def meet_field(setting, world, tile):
    """The gaps to the mean of the better firms of all four channels."""
    work, buffer, totals, firms = world.work, world.work.buffer, world.totals, world.firms
    region = work.tile_region[tile]
    contact, far = totals.contact[region], setting.params.learning_far
    origin = work.tile_begin[tile]
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        cell = work.segment_cell[segment]
        begin, end = work.segment_begin[segment], work.segment_begin[segment + 1]
        shift, size = begin - origin, end - begin
        weight = totals.mean_field[0, cell]
        _gap_to_field(
            firms.organisation[begin:end], buffer[at.GAP_ORGANISATION + shift : at.GAP_ORGANISATION + shift + size],
            contact, 1.0, totals.upper_region[region], 0.0, 0.0,
        )  # fmt: skip
        _gap_to_field(
            firms.technology[begin:end], buffer[at.GAP_TECHNOLOGY + shift : at.GAP_TECHNOLOGY + shift + size],
            contact, 1.0 - far, totals.upper[1, cell], far * weight, totals.mean_field[1, cell],
        )  # fmt: skip
        _gap_to_field(
            firms.sourcing[begin:end], buffer[at.GAP_SOURCING + shift : at.GAP_SOURCING + shift + size],
            contact, totals.supplier_field[0, cell], totals.supplier_field[1, cell], 0.0, 0.0,
        )  # fmt: skip
        _gap_to_field(
            firms.quality[begin:end], buffer[at.GAP_QUALITY + shift : at.GAP_QUALITY + shift + size],
            contact, 1.0 - far, totals.upper[3, cell], far * weight, totals.mean_field[2, cell],
        )  # fmt: skip
