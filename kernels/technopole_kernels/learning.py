"""Stage 2: meetings with random partners and spillover from the pools (docs/MODEL.md 7.2)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.rng import MEETING, draw, uniform
from technopole_kernels.tiles import fill_cell, fill_sector


BELOW_ONE = 1.0 - 2.0**-53


@device
def pick(v, count):
    """Index of one of ``count`` firms from a uniform ``v`` in [0, 1)."""
    index = np.int64(v * count)
    last = np.int64(count) - 1
    return index if index < last else last


@device
def pick_row(v, cumulative, begin, end):
    """First entry of ``cumulative[begin:end]`` above ``v`` (the last one if none) and the remainder in [0, 1)."""
    low, high = begin, end - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] > v:
            high = middle
        else:
            low = middle + 1
    below = cumulative[low - 1] if low > begin else 0.0
    rest = (v - below) / (cumulative[low] - below)
    return low, min(rest, BELOW_ONE)


@kernel
def draw_meetings(setting, world, tile):
    """One uniform per firm and channel."""
    begin, end = world.work.tile_begin[tile], world.work.tile_begin[tile + 1]
    identity = world.firms.identity[begin:end]
    buffer = world.work.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for i in range(identity.size):
        w0, w1, w2, w3 = draw(identity[i], period, MEETING, seed, replicate)
        buffer[at.U_ORGANISATION + i] = uniform(w0)
        buffer[at.U_TECHNOLOGY + i] = uniform(w1)
        buffer[at.U_SOURCING + i] = uniform(w2)
        buffer[at.U_QUALITY + i] = uniform(w3)


@kernel
def meet_in_region(setting, world, tile):
    """Gap to a random firm of the region in organisation."""
    work, buffer = world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    region = work.tile_region[tile]
    S = world.totals.demand.size
    first, last = world.offsets[region * S], world.offsets[(region + 1) * S]
    everyone = world.firms.organisation[first:last]
    own = world.firms.organisation[begin:end]
    contact = world.totals.contact[region]
    stretch = contact if contact > 0.0 else 1.0
    count = float(last - first)
    highest = np.int32(last - first - 1)
    partner = work.partner
    for i in range(own.size):
        v = min(buffer[at.U_ORGANISATION + i] / stretch, BELOW_ONE)
        index = np.int32(v * count)
        partner[i] = index if index < highest else highest
    for i in range(own.size):
        gap = everyone[partner[i]] - own[i]
        meets = buffer[at.U_ORGANISATION + i] < contact
        buffer[at.GAP_ORGANISATION + i] = gap if meets and gap > 0.0 else 0.0


@kernel
def meet_in_sector(setting, world, tile, known, uniforms, gaps):
    """Gap to a random firm of the own cell or, with probability ``far``, of the sector in another region."""
    params, constants = setting.params, setting.constants
    work, buffer, offsets = world.work, world.work.buffer, world.offsets
    region = work.tile_region[tile]
    S = world.totals.demand.size
    contact = world.totals.contact[region]
    stretch = contact if contact > 0.0 else 1.0
    far = params.learning_far
    near = 1.0 - far if far < 1.0 else 1.0
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    neighbours = constants.far[row_end - 1] > 0.0
    origin = work.tile_begin[tile]
    partner = work.partner
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        cell = work.segment_cell[segment]
        begin, end = work.segment_begin[segment], work.segment_begin[segment + 1]
        fellows = known[offsets[cell] : offsets[cell + 1]]
        own = known[begin:end]
        count = float(fellows.size)
        highest = np.int32(fellows.size - 1)
        u = buffer[uniforms + begin - origin : uniforms + end - origin]
        gap = buffer[gaps + begin - origin : gaps + end - origin]
        for i in range(own.size):
            v = min(u[i] / stretch, BELOW_ONE)
            v = max(min((v - far) / near, BELOW_ONE), 0.0)
            index = np.int32(v * count)
            partner[i] = index if index < highest else highest
        for i in range(own.size):
            ahead = fellows[partner[i]] - own[i]
            gap[i] = ahead if u[i] < contact and ahead > 0.0 else 0.0
        if far > 0.0:
            sector = cell - region * S
            for i in range(own.size):
                v = min(u[i] / stretch, BELOW_ONE)
                if u[i] < contact and v < far:
                    ahead = 0.0
                    if neighbours:
                        entry, rest = pick_row(min(v / far, BELOW_ONE), constants.far, row, row_end)
                        other = constants.proximity_region[entry] * S + sector
                        if offsets[other + 1] > offsets[other]:
                            index = offsets[other] + pick(rest, offsets[other + 1] - offsets[other])
                            ahead = known[index] - own[i]
                    gap[i] = ahead if ahead > 0.0 else 0.0


@kernel
def meet_suppliers(setting, world, tile):
    """Gap in sourcing to a random firm of a supplier sector in the region."""
    constants, work, buffer, offsets = setting.constants, world.work, world.work.buffer, world.offsets
    region = work.tile_region[tile]
    S = world.totals.demand.size
    contact = world.totals.contact[region]
    known = world.firms.sourcing
    origin = work.tile_begin[tile]
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        row = constants.suppliers[work.segment_cell[segment] - region * S]
        begin, end = work.segment_begin[segment], work.segment_begin[segment + 1]
        has_suppliers = row[S - 1] > 0.0
        for i in range(begin, end):
            u = buffer[at.U_SOURCING + i - origin]
            ahead = 0.0
            if u < contact and has_suppliers:
                sector, rest = pick_row(min(u / contact, BELOW_ONE), row, 0, S)
                first, last = offsets[region * S + sector], offsets[region * S + sector + 1]
                if last > first:
                    ahead = known[first + pick(rest, last - first)] - known[i]
            buffer[at.GAP_SOURCING + i - origin] = ahead if ahead > 0.0 else 0.0


@kernel
def meet_partners(setting, world, tile):
    """The gaps to the partners of all four channels (rule ``broadcast``)."""
    meet_in_region(setting, world, tile)
    meet_in_sector(setting, world, tile, world.firms.technology, at.U_TECHNOLOGY, at.GAP_TECHNOLOGY)
    meet_suppliers(setting, world, tile)
    meet_in_sector(setting, world, tile, world.firms.quality, at.U_QUALITY, at.GAP_QUALITY)


@kernel
def absorb(setting, world, tile):
    """Absorptive capacity g = e / (e + difficulty * rho) (Cohen and Levinthal 1989)."""
    work, buffer = world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    research = world.firms.research[begin:end]
    difficulty = setting.params.learning_difficulty
    fill_sector(buffer, at.INTENSITY, setting.constants.rd_intensity, work, tile, world.totals.demand.size)
    for i in range(research.size):
        e = research[i]
        buffer[at.ABSORPTION + i] = e / (e + difficulty * buffer[at.INTENSITY + i])


@kernel
def learn_channel(rates, gaps, pools, spill, old, new, buffer):
    """x' = x + rate g gap + sigma g max(pool - x, 0); ``rates`` is a row holding the rate of each firm."""
    for i in range(old.size):
        x = old[i]
        g = buffer[at.ABSORPTION + i]
        reach = buffer[pools + i] - x
        reach = reach if reach > 0.0 else 0.0
        new[i] = x + buffer[rates + i] * g * buffer[gaps + i] + spill * g * reach


@kernel
def fill_rates(setting, world, tile):
    """Learning rates of the four channels; what is learned within a sector can be appropriated."""
    params, work, buffer = setting.params, world.work, world.work.buffer
    S = world.totals.demand.size
    size = work.tile_begin[tile + 1] - work.tile_begin[tile]
    fill_sector(buffer, at.RATE_TECHNOLOGY, setting.constants.appropriability, work, tile, S)
    protects = 0.0 if params.learning_rule == 1 else 1.0  # barter is voluntary: nothing is kept secret
    for i in range(size):
        open_share = 1.0 - protects * buffer[at.RATE_TECHNOLOGY + i]
        buffer[at.RATE_TECHNOLOGY + i] = params.learning_technology * open_share
        buffer[at.RATE_QUALITY + i] = params.learning_quality * open_share
        buffer[at.RATE_ORGANISATION + i] = params.learning_organisation
        buffer[at.RATE_SOURCING + i] = params.learning_sourcing


@kernel
def learn(setting, world, tile):
    """New knowledge in the four channels from the gaps and the pools, into the second set of firms."""
    params, work, buffer = setting.params, world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    firms, new = world.firms, world.next
    pool = world.totals.pool
    fill_rates(setting, world, tile)
    fill_cell(buffer, at.POOL_ORGANISATION, pool[0], work, tile)
    fill_cell(buffer, at.POOL_TECHNOLOGY, pool[1], work, tile)
    fill_cell(buffer, at.POOL_SOURCING, pool[2], work, tile)
    fill_cell(buffer, at.POOL_QUALITY, pool[3], work, tile)
    spill = params.spillover_rate
    learn_channel(
        at.RATE_ORGANISATION, at.GAP_ORGANISATION, at.POOL_ORGANISATION, spill,
        firms.organisation[begin:end], new.organisation[begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_TECHNOLOGY, at.GAP_TECHNOLOGY, at.POOL_TECHNOLOGY, spill,
        firms.technology[begin:end], new.technology[begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_SOURCING, at.GAP_SOURCING, at.POOL_SOURCING, spill,
        firms.sourcing[begin:end], new.sourcing[begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_QUALITY, at.GAP_QUALITY, at.POOL_QUALITY, spill,
        firms.quality[begin:end], new.quality[begin:end], buffer,
    )  # fmt: skip
