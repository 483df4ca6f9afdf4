"""Stage 2: meetings with random partners (docs/MODEL.md 7.2, rule ``broadcast``)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import chain, device, stage
from technopole_kernels._kinds import by_kind, keep_whole, kind_of, whole, whole_float
from technopole_kernels._lanes import fetch, put, spread, width
from technopole_kernels.ahead import STRETCH, fetch_for_learning, is_large
from technopole_kernels.choose import BELOW_ONE, below_one, list_below, natural, pick, pick_row
from technopole_kernels.halves import now
from technopole_kernels.reduce import gather, set_all
from technopole_kernels.rng import MEETING, draw, uniform_of
from technopole_kernels.types import GUIDES, TILE


@chain
def draw_meetings(setting, world, tile):
    """One uniform per firm and channel."""
    begin, end = tile.begin, tile.end
    identity = world.identity[now(world), begin:end]
    buffer = world.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed, kind = setting.seed[0], kind_of(buffer)
    size, large = min(identity.size, TILE), is_large(world)
    for first in range(0, size, STRETCH):
        if large:
            fetch_for_learning(world, end + first)
        for i in range(min(size - first, STRETCH)):  # rows of the buffer are longer: LLVM sees that they do not overlap
            w0, w1, w2, w3 = draw(identity[first + i], period, MEETING, seed, replicate)
            buffer[at.U_ORGANISATION + first + i] = uniform_of(kind, w0)
            buffer[at.U_TECHNOLOGY + first + i] = uniform_of(kind, w1)
            buffer[at.U_SOURCING + first + i] = uniform_of(kind, w2)
            buffer[at.U_QUALITY + first + i] = uniform_of(kind, w3)


@device
def stretch_to_one(part):
    """Factor that stretches [0, part) to [0, 1): products, unlike quotients, come one per cycle."""
    return 1.0 / part if part > 0.0 else 1.0


@device
def stretched(u, stretch):
    """A uniform below the part that `stretch_to_one` stretches, in [0, 1)."""
    v, most = u * stretch, below_one(u)
    return v if v < most else most


@device
def near_draw(v, far, stretch_near):
    """What is left of a draw for those who stay in their region, in [0, 1)."""
    v, most = (v - far) * stretch_near, below_one(v)
    v = v if v < most else most
    return v if v > 0.0 else 0.0


@device
def gap_to(known, own, u, contact):
    """How far a partner is ahead if there is a meeting at all."""
    ahead = known - own
    return ahead if (u < contact) & (ahead > 0.0) else 0.0


@device
def lead(known, own):
    """How far somebody is ahead."""
    ahead = known - own
    return ahead if ahead > 0.0 else 0.0


@device
def pick_supplier(v, cumulative, guide, last):
    """Sector of a supplier and what is left of the draw, in [0, 1)."""
    supplier = natural(guide[natural(v * GUIDES)])
    while cumulative[supplier + 1] <= v and supplier < last:
        supplier = natural(supplier + 1)
    below = cumulative[supplier]
    rest = (v - below) / (cumulative[supplier + 1] - below)
    return supplier, rest if rest < BELOW_ONE else BELOW_ONE


@stage
def spread_fellows(world, tile):
    """Sectors of the tile's firms, where their cells begin and how many firms those have.

    ``put`` writes whole vectors, beyond the end of a segment: the next one follows and is written later, and rows of
    the buffer are longer than a tile.
    """
    segments, offsets, buffer, S = world.segments, world.offsets, world.buffer, world.sectors.shape[1]
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        first = spread(keep_whole(buffer, offsets[cell]), buffer)
        count = spread(keep_whole(buffer, offsets[cell + 1] - offsets[cell]), buffer)
        sector = spread(keep_whole(buffer, cell - tile.region * S), buffer)
        begin, end = segments[at.G_BEGIN, segment] - tile.begin, segments[at.G_BEGIN, segment + 1] - tile.begin
        for i in range(begin, end, width(buffer)):
            put(first, buffer, at.CELL_BEGIN + i)
            put(count, buffer, at.CELL_COUNT + i)
            put(sector, buffer, at.SECTOR + i)


@stage
def meet_in_region(setting, world, tile):
    """Gap to a random firm of the region in organisation."""
    firms = world.firms
    buffer = world.buffer
    begin, end = tile.begin, tile.end
    region = tile.region
    S = world.sectors.shape[1]
    first, last = world.offsets[region * S], world.offsets[(region + 1) * S]
    everyone = firms[at.F_ORGANISATION, first:last]
    own = firms[at.F_ORGANISATION, begin:end]
    contact = world.regions[at.R_CONTACT, region]
    stretch = stretch_to_one(contact)
    count = float(last - first)
    highest = np.int32(last - first - 1)
    partner = world.partner
    for i in range(own.size):
        v = stretched(buffer[at.U_ORGANISATION + i], stretch)
        index = np.int32(v * count)
        partner[i] = index if index < highest else highest
    gather(everyone, partner, buffer[at.GAP_ORGANISATION : at.GAP_ORGANISATION + own.size])
    for i in range(own.size):
        known = buffer[at.GAP_ORGANISATION + i]
        buffer[at.GAP_ORGANISATION + i] = gap_to(known, own[i], buffer[at.U_ORGANISATION + i], contact)


@stage
def meet_in_cell(known, own, u, gap, begin, count, partner, contact, far):
    """Gap to a random firm of the own cell; the firms that ``far`` sends elsewhere get a gap too, to be replaced."""
    stretch, stretch_near = stretch_to_one(contact), stretch_to_one(1.0 - far)
    for i in range(own.size):
        v = near_draw(stretched(u[i], stretch), far, stretch_near)
        index = np.int32(v * whole_float(count[i]))
        last = whole(count[i]) - np.int32(1)
        partner[i] = whole(begin[i]) + (index if index < last else last)
    gather(known, partner, gap)
    for i in range(own.size):
        gap[i] = gap_to(gap[i], own[i], u[i], contact)


@stage
def list_travellers(world, tile, u, contact, far):
    """List those who meet somebody elsewhere in ``partner``, with a number in [0, 1) for each in ``FAR_DRAW``."""
    buffer, partner = world.buffer, world.partner
    stretch, stretch_far = stretch_to_one(contact), stretch_to_one(far)
    bound = contact * far * by_kind(u, 1.0 + 1e-9, 1.0 + 1e-6)  # that nobody who travels exceeds
    candidates = list_below(u, bound, partner)
    count = 0
    for j in range(candidates):
        i = natural(partner[j])
        v = stretched(u[i], stretch)
        partner[natural(count)] = np.int32(i)
        buffer[at.FAR_DRAW + natural(count)] = v
        count += 1 if (v < far) & (u[i] < contact) else 0
    for j in range(count):
        buffer[at.FAR_DRAW + j] = stretched(buffer[at.FAR_DRAW + j], stretch_far)
    return count


@stage
def choose_regions(constants, world, tile, count):
    """Region of each traveller's partner in ``FAR_REGION``, and what is left of the draw in ``FAR_DRAW``."""
    buffer, region = world.buffer, tile.region
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    guide = constants.far_guide[region]
    for j in range(count):
        entry, rest = pick_row(np.float64(buffer[at.FAR_DRAW + j]), constants.far, row, row_end, guide)
        buffer[at.FAR_REGION + j] = float(constants.proximity_region[natural(entry)])
        buffer[at.FAR_DRAW + j] = rest


@device
def note_partner(world, known, j, place, large):
    """Note whom the j-th firm listed in ``partner`` meets; a large world is asked for it."""
    world.keys[j] = place
    if large:
        fetch(known, place)


@stage
def meet_noted(world, known, own, gaps, count):
    """Gaps of the firms listed in ``partner`` to those that were noted."""
    for j in range(count):
        i = natural(world.partner[j])
        gaps[i] = lead(known[natural(world.keys[j])], own[i])


@stage
def meet_elsewhere(setting, world, tile, known, uniforms, gaps):
    """Replace the gaps of those who meet a firm of their sector in another region."""
    constants, far = setting.constants, setting.params[0].learning_far
    buffer, offsets, partner = world.buffer, world.offsets, world.partner
    S = world.sectors.shape[1]
    size = tile.end - tile.begin
    u, gap, own = buffer[uniforms : uniforms + size], buffer[gaps : gaps + size], known[tile.begin : tile.end]
    count = list_travellers(world, tile, u, world.regions[at.R_CONTACT, tile.region], far)
    for j in range(count):
        gap[natural(partner[j])] = 0.0
    if not constants.far[constants.proximity_start[tile.region + 1] - 1] > 0.0:
        return  # there is no other region in reach
    choose_regions(constants, world, tile, count)
    large = is_large(world)
    for j in range(count):
        i = natural(partner[j])
        other = natural(np.int64(buffer[at.FAR_REGION + j]) * S + whole(buffer[at.SECTOR + i]))
        begin = offsets[other]
        firms = offsets[other + 1] - begin
        place = begin + pick(buffer[at.FAR_DRAW + j], firms)
        place = natural(place if firms > 0 else tile.begin + i)
        note_partner(world, known, j, place, large)
    meet_noted(world, known, own, gap, count)


@stage
def meet_in_sector(setting, world, tile, known, uniforms, gaps):
    """Gap to a random firm of the own cell or, with probability ``far``, of the sector in another region."""
    buffer = world.buffer
    size, far = tile.end - tile.begin, setting.params[0].learning_far
    meet_in_cell(
        known, known[tile.begin : tile.end], buffer[uniforms : uniforms + size], buffer[gaps : gaps + size],
        buffer[at.CELL_BEGIN : at.CELL_BEGIN + size], buffer[at.CELL_COUNT : at.CELL_COUNT + size], world.partner,
        world.regions[at.R_CONTACT, tile.region], far,
    )  # fmt: skip
    if far > 0.0:
        meet_elsewhere(setting, world, tile, known, uniforms, gaps)


@stage
def meet_suppliers(setting, world, tile):
    """Gap in sourcing to a random firm of a supplier sector in the region; whoever finds none meets itself."""
    constants, buffer, partner = setting.constants, world.buffer, world.partner
    S, size = world.sectors.shape[1], tile.end - tile.begin
    local = world.offsets[tile.region * S : (tile.region + 1) * S + 1]
    contact, large = world.regions[at.R_CONTACT, tile.region], is_large(world)
    known, own = world.firms[at.F_SOURCING], world.firms[at.F_SOURCING, tile.begin : tile.end]
    uniforms, gaps = (
        buffer[at.U_SOURCING : at.U_SOURCING + size],
        buffer[at.GAP_SOURCING : at.GAP_SOURCING + size],
    )
    set_all(gaps, 0.0)
    stretch = stretch_to_one(contact)
    count = list_below(uniforms, contact, partner)
    for j in range(count):
        i = natural(partner[j])
        sector = natural(whole(buffer[at.SECTOR + i]))
        v, cumulative = stretched(np.float64(uniforms[i]), stretch), constants.suppliers[sector]
        supplier, rest = pick_supplier(v, cumulative, constants.supplier_guide[sector], S - 1)
        begin = local[supplier]
        firms = local[supplier + 1] - begin
        found = (firms > 0) & (cumulative[S] > 0.0)
        place = natural(begin + pick(rest, firms) if found else tile.begin + i)
        note_partner(world, known, j, place, large)
    meet_noted(world, known, own, gaps, count)


@stage
def meet_partners(setting, world, tile):
    """The gaps to the partners of all four channels (rule ``broadcast``)."""
    firms = world.firms
    meet_in_region(setting, world, tile)
    spread_fellows(world, tile)
    meet_in_sector(setting, world, tile, firms[at.F_TECHNOLOGY], at.U_TECHNOLOGY, at.GAP_TECHNOLOGY)
    meet_suppliers(setting, world, tile)
    meet_in_sector(setting, world, tile, firms[at.F_QUALITY], at.U_QUALITY, at.GAP_QUALITY)
