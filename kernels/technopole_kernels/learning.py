"""Stage 2: meetings with random partners and spillover from the pools (docs/MODEL.md 7.2)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
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


@stage
def draw_meetings(setting, world, tile):
    """One uniform per firm and channel."""
    tiles = world.tiles
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    identity = world.identity[at.NOW, begin:end]
    buffer = world.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for i in range(identity.size):
        w0, w1, w2, w3 = draw(identity[i], period, MEETING, seed, replicate)
        buffer[at.U_ORGANISATION + i] = uniform(w0)
        buffer[at.U_TECHNOLOGY + i] = uniform(w1)
        buffer[at.U_SOURCING + i] = uniform(w2)
        buffer[at.U_QUALITY + i] = uniform(w3)


@stage
def meet_in_region(setting, world, tile):
    """Gap to a random firm of the region in organisation."""
    tiles, firms = world.tiles, world.firms
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    region = tiles[at.T_REGION, tile]
    S = world.sectors.shape[1]
    first, last = world.offsets[region * S], world.offsets[(region + 1) * S]
    everyone = firms[at.F_ORGANISATION, first:last]
    own = firms[at.F_ORGANISATION, begin:end]
    contact = world.regions[at.R_CONTACT, region]
    stretch = contact if contact > 0.0 else 1.0
    count = float(last - first)
    highest = np.int32(last - first - 1)
    partner = world.partner
    for i in range(own.size):
        v = min(buffer[at.U_ORGANISATION + i] / stretch, BELOW_ONE)
        index = np.int32(v * count)
        partner[i] = index if index < highest else highest
    for i in range(own.size):
        gap = everyone[partner[i]] - own[i]
        meets = buffer[at.U_ORGANISATION + i] < contact
        buffer[at.GAP_ORGANISATION + i] = gap if meets and gap > 0.0 else 0.0


@stage
def meet_in_sector(setting, world, tile, known, uniforms, gaps):
    """Gap to a random firm of the own cell or, with probability ``far``, of the sector in another region."""
    segments, tiles = world.segments, world.tiles
    params, constants = setting.params[0], setting.constants
    buffer, offsets = world.buffer, world.offsets
    region = tiles[at.T_REGION, tile]
    S = world.sectors.shape[1]
    contact = world.regions[at.R_CONTACT, region]
    stretch = contact if contact > 0.0 else 1.0
    far = params.learning_far
    near = 1.0 - far if far < 1.0 else 1.0
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    neighbours = constants.far[row_end - 1] > 0.0
    origin = tiles[at.T_BEGIN, tile]
    partner = world.partner
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        cell = segments[at.G_CELL, segment]
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
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


@stage
def meet_suppliers(setting, world, tile):
    """Gap in sourcing to a random firm of a supplier sector in the region."""
    segments, tiles = world.segments, world.tiles
    constants, buffer, offsets = setting.constants, world.buffer, world.offsets
    region = tiles[at.T_REGION, tile]
    S = world.sectors.shape[1]
    contact = world.regions[at.R_CONTACT, region]
    known = world.firms[at.F_SOURCING]
    origin = tiles[at.T_BEGIN, tile]
    for segment in range(tiles[at.T_SEGMENT, tile], tiles[at.T_SEGMENT, tile + 1]):
        row = constants.suppliers[segments[at.G_CELL, segment] - region * S]
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
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


@stage
def meet_partners(setting, world, tile):
    """The gaps to the partners of all four channels (rule ``broadcast``)."""
    firms = world.firms
    meet_in_region(setting, world, tile)
    meet_in_sector(setting, world, tile, firms[at.F_TECHNOLOGY], at.U_TECHNOLOGY, at.GAP_TECHNOLOGY)
    meet_suppliers(setting, world, tile)
    meet_in_sector(setting, world, tile, firms[at.F_QUALITY], at.U_QUALITY, at.GAP_QUALITY)


@stage
def absorb(setting, world, tile):
    """Absorptive capacity g = e / (e + difficulty * rho) (Cohen and Levinthal 1989)."""
    tiles = world.tiles
    buffer = world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    research = world.firms[at.F_RESEARCH, begin:end]
    difficulty = setting.params[0].learning_difficulty
    fill_sector(world, at.INTENSITY, setting.constants.sectors[at.K_RD_INTENSITY], tile)
    for i in range(research.size):
        e = research[i]
        buffer[at.ABSORPTION + i] = e / (e + difficulty * buffer[at.INTENSITY + i])


@stage
def learn_channel(rates, gaps, pools, spill, old, new, buffer):
    """x' = x + rate g gap + sigma g max(pool - x, 0); ``rates`` is a row holding the rate of each firm."""
    for i in range(old.size):
        x = old[i]
        g = buffer[at.ABSORPTION + i]
        reach = buffer[pools + i] - x
        reach = reach if reach > 0.0 else 0.0
        new[i] = x + buffer[rates + i] * g * buffer[gaps + i] + spill * g * reach


@stage
def fill_rates(setting, world, tile):
    """Learning rates of the four channels; what is learned within a sector can be appropriated."""
    tiles = world.tiles
    params, buffer = setting.params[0], world.buffer
    size = tiles[at.T_BEGIN, tile + 1] - tiles[at.T_BEGIN, tile]
    fill_sector(world, at.RATE_TECHNOLOGY, setting.constants.sectors[at.K_APPROPRIABILITY], tile)
    technology, quality = params.learning_technology, params.learning_quality
    organisation, sourcing = params.learning_organisation, params.learning_sourcing
    protects = 0.0 if params.learning_rule == 1 else 1.0  # barter is voluntary: nothing is kept secret
    for i in range(size):
        open_share = 1.0 - protects * buffer[at.RATE_TECHNOLOGY + i]
        buffer[at.RATE_TECHNOLOGY + i] = technology * open_share
        buffer[at.RATE_QUALITY + i] = quality * open_share
        buffer[at.RATE_ORGANISATION + i] = organisation
        buffer[at.RATE_SOURCING + i] = sourcing


@stage
def learn(setting, world, tile):
    """New knowledge in the four channels from the gaps and the pools, into the second set of firms."""
    cells, tiles, firms, new = world.cells, world.tiles, world.firms, world.next
    params, buffer = setting.params[0], world.buffer
    begin, end = tiles[at.T_BEGIN, tile], tiles[at.T_BEGIN, tile + 1]
    fill_rates(setting, world, tile)
    fill_cell(world, at.POOL_ORGANISATION, cells[at.C_POOL], tile)
    fill_cell(world, at.POOL_TECHNOLOGY, cells[at.C_POOL + 1], tile)
    fill_cell(world, at.POOL_SOURCING, cells[at.C_POOL + 2], tile)
    fill_cell(world, at.POOL_QUALITY, cells[at.C_POOL + 3], tile)
    spill = params.spillover_rate
    learn_channel(
        at.RATE_ORGANISATION, at.GAP_ORGANISATION, at.POOL_ORGANISATION, spill,
        firms[at.F_ORGANISATION, begin:end], new[at.F_ORGANISATION, begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_TECHNOLOGY, at.GAP_TECHNOLOGY, at.POOL_TECHNOLOGY, spill,
        firms[at.F_TECHNOLOGY, begin:end], new[at.F_TECHNOLOGY, begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_SOURCING, at.GAP_SOURCING, at.POOL_SOURCING, spill,
        firms[at.F_SOURCING, begin:end], new[at.F_SOURCING, begin:end], buffer,
    )  # fmt: skip
    learn_channel(
        at.RATE_QUALITY, at.GAP_QUALITY, at.POOL_QUALITY, spill,
        firms[at.F_QUALITY, begin:end], new[at.F_QUALITY, begin:end], buffer,
    )  # fmt: skip
