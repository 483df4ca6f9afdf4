"""Writing the next population: survivors, children, start-ups, in order of cell (docs/MODEL.md 7.10, 7.11)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._bits import at_least, count_bits, equal_beside, lowest_bit, pack
from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import kind_of
from technopole_kernels._lanes import load, spread, store, width
from technopole_kernels._llvm import WIDTH
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.choose import natural
from technopole_kernels.mathx import exp, normal_quantile_core
from technopole_kernels.reduce import set_all, sum_sectors
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, SPINOFF, STARTUP, draw, uniform_open_of


@stage
def count_population(world):
    """Survivors and entrants of every cell, and where the cells of the next population begin; returns its size."""
    counts, offsets, fate = world.counts, world.offsets, world.fate
    cells = world.cells.shape[1]
    children, exits, founded = counts[at.N_CHILDREN], world.cells[at.E_EXITS], counts[at.N_FOUNDED]
    set_all(children, 0)
    for cell in range(cells):
        counts[at.N_SURVIVORS, cell] = offsets[cell + 1] - offsets[cell] - np.int64(exits[cell])
    for cell in range(cells):
        if world.cells[at.E_SPINOFFS, cell] > 0.0:
            for begin in range(offsets[cell], offsets[cell + 1], WIDTH):
                parents = at_least(fate, begin, offsets[cell + 1] - begin, SPAWN)
                while parents != 0:
                    children[natural(fate[begin + lowest_bit(parents)] - SPAWN)] += 1
                    parents &= parents - 1
    position = 0
    listed = 0
    for cell in range(cells):
        entrants = counts[at.N_CHILDREN, cell] + counts[at.N_STARTUPS, cell]
        world.new_offsets[cell] = position
        counts[at.N_CURSOR, cell] = position + counts[at.N_SURVIVORS, cell]
        position += counts[at.N_SURVIVORS, cell] + entrants
        founded[natural(listed)] = cell
        listed += 1 if entrants > 0 else 0
    world.new_offsets[cells] = position
    world.economy[at.FOUNDED] = float(listed)
    return position


@stage
def place_children(world):
    """Give children their slots behind the survivors of their cells, in order of their parents.

    The slot of the parent stands in ``age`` until the child is written. Start-ups follow behind the children.
    """
    counts, offsets, fate = world.counts, world.offsets, world.fate
    cursor, age = counts[at.N_CURSOR], world.age[at.NOW]
    for cell in range(world.cells.shape[1]):
        if world.cells[at.E_SPINOFFS, cell] > 0.0:
            for begin in range(offsets[cell], offsets[cell + 1], WIDTH):
                parents = at_least(fate, begin, offsets[cell + 1] - begin, SPAWN)
                while parents != 0:
                    parent = begin + lowest_bit(parents)
                    place = natural(fate[parent] - SPAWN)
                    slot = natural(cursor[place])
                    age[slot] = np.int32(parent)
                    cursor[place] = slot + 1
                    parents &= parents - 1


@stage
def found_entrants(setting, world, first_cell, last_cell):
    """Write the entrants of some cells, a tile's worth at a time so that what is random is drawn in vectors."""
    counts, partner, age = world.counts, world.partner, world.age[at.NOW]
    count = 0
    for j in range(int(world.economy[at.FOUNDED])):
        cell = natural(counts[at.N_FOUNDED, j])
        if cell < first_cell or cell >= last_cell:
            continue
        begin = world.new_offsets[cell] + counts[at.N_SURVIVORS, cell]
        startups = begin + counts[at.N_CHILDREN, cell]
        for slot in range(begin, world.new_offsets[cell + 1]):
            parent = np.int64(age[natural(slot)]) if slot < startups else np.int64(-1)
            expect_entrant(setting, world, cell, parent, count)
            world.keys[natural(count)] = key_of_entrant(world, cell, parent, slot - startups)
            world.buffer[at.SITE + natural(count)] = 1.0 if parent >= 0 else 0.0
            partner[natural(count)] = slot
            count += 1
            if count == partner.size:
                write_entrants(setting, world, count)
                count = 0
    write_entrants(setting, world, count)


@device
def expected_knowledge(world, cell, sector, local, parent, weight, channel):
    """Knowledge of an entrant before noise: the mean of its cell, or of its sector, and what its parent hands down."""
    known = world.sectors[at.S_NEXT + at.S_KNOWLEDGE + channel, sector]
    if local > 0.0:
        known = world.cells[at.ORGANISATION + channel, cell] / local
    if parent >= 0:
        inherited = world.next[at.F_ORGANISATION + channel, natural(parent)]
        known = weight * inherited + (1.0 - weight) * known
    return known


@device
def expected_share(params, firms):
    """Raw market share of an entrant to a sector with so many firms, before noise."""
    return params.entry_size / max(firms, 1.0)


@device
def key_of_entrant(world, cell, parent, rank):
    """What names an entrant: its parent's identity, or its cell and rank."""
    if parent >= 0:
        return world.identity[at.NEXT, natural(parent)]
    return np.uint64(cell) | (np.uint64(rank) << np.uint64(32))


@device
def expect_entrant(setting, world, cell, parent, place):
    """Knowledge, raw share and research of an entrant before noise, in a place of the buffer."""
    buffer, sector, local = world.buffer, cell % world.sectors.shape[1], world.cells[at.FIRMS, cell]
    weight = setting.params[0].entry_inheritance
    for channel in range(4):
        known = expected_knowledge(world, cell, sector, local, parent, weight, channel)
        buffer[at.BASE_ORGANISATION + channel * at.ROW + natural(place)] = known
    buffer[at.BASE_SHARE + natural(place)] = expected_share(setting.params[0], world.sectors[at.S_FIRMS, sector])
    buffer[at.BASE_RESEARCH + natural(place)] = setting.constants.sectors[at.K_RD_INTENSITY, sector]


@stage
def name_entrants(setting, world, count):
    """Turn what names the entrants in ``keys`` (the parent's identity, or cell and rank) into their identities."""
    keys, buffer = world.keys, world.buffer
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    for j in range(count):
        site = SPINOFF if buffer[at.SITE + j] > 0.0 else STARTUP
        w0, w1, _, _ = draw(keys[j], period, site, seed, replicate)
        keys[j] = w0 | (w1 << np.uint64(32))


@stage
def draw_noise(setting, world, count):
    """Standard normal noise of the entrants whose identities stand in ``keys``: four channels and the customer base."""
    buffer, keys = world.buffer, world.keys
    period, replicate, seed = (
        np.uint64(world.clock[at.PERIOD]),
        np.uint64(world.clock[at.REPLICATE]),
        setting.seed[0],
    )
    kind = kind_of(buffer)
    for j in range(count):
        w0, w1, w2, w3 = draw(keys[j], period, ENTRANT, seed, replicate)
        buffer[at.NOISE_ORGANISATION + j] = uniform_open_of(kind, w0)
        buffer[at.NOISE_TECHNOLOGY + j] = uniform_open_of(kind, w1)
        buffer[at.NOISE_SOURCING + j] = uniform_open_of(kind, w2)
        buffer[at.NOISE_QUALITY + j] = uniform_open_of(kind, w3)
    for j in range(count):
        w0, _, _, _ = draw(keys[j], period, ENTRANT_SIZE, seed, replicate)
        buffer[at.NOISE_STANDING + j] = uniform_open_of(kind, w0)
    noise = buffer[at.NOISE_ORGANISATION : at.NOISE_ORGANISATION + 5 * at.ROW].reshape((5, at.ROW))
    for row in range(5):
        values = noise[row]
        for j in range(count):
            values[j] = normal_quantile_core(values[j])


@stage
def add_noise(setting, world, count):
    """Knowledge and raw share of the entrants in ``partner``, with their noise."""
    params, buffer = setting.params[0], world.buffer
    spread = params.entry_dispersion
    for j in range(count):
        buffer[at.BASE_ORGANISATION + j] += spread * params.initial_sd_organisation * buffer[at.NOISE_ORGANISATION + j]
    for j in range(count):
        buffer[at.BASE_TECHNOLOGY + j] += spread * params.initial_sd_technology * buffer[at.NOISE_TECHNOLOGY + j]
    for j in range(count):
        buffer[at.BASE_SOURCING + j] += spread * params.initial_sd_sourcing * buffer[at.NOISE_SOURCING + j]
    for j in range(count):
        buffer[at.BASE_QUALITY + j] += spread * params.initial_sd_quality * buffer[at.NOISE_QUALITY + j]
    for j in range(count):
        buffer[at.NOISE_STANDING + j] = params.entry_custom_sd * buffer[at.NOISE_STANDING + j]
    for j in range(count):
        buffer[at.BASE_SHARE + j] = buffer[at.BASE_SHARE + j] * exp(buffer[at.NOISE_STANDING + j])


@stage
def write_entrants(setting, world, count):
    """Write the entrants in the slots of ``partner``, with a raw share and no cash yet."""
    firms, buffer, partner = world.firms, world.buffer, world.partner
    name_entrants(setting, world, count)
    draw_noise(setting, world, count)
    add_noise(setting, world, count)
    custom = setting.params[0].entry_custom
    for j in range(count):
        slot = natural(partner[j])
        firms[at.F_ORGANISATION, slot] = buffer[at.BASE_ORGANISATION + j]
        firms[at.F_TECHNOLOGY, slot] = buffer[at.BASE_TECHNOLOGY + j]
        firms[at.F_SOURCING, slot] = buffer[at.BASE_SOURCING + j]
        firms[at.F_QUALITY, slot] = buffer[at.BASE_QUALITY + j]
        firms[at.F_RESEARCH, slot] = buffer[at.BASE_RESEARCH + j]
        firms[at.F_CUSTOM, slot] = custom + buffer[at.NOISE_STANDING + j]
        firms[at.F_SHARE, slot] = buffer[at.BASE_SHARE + j]
        world.identity[at.NOW, slot] = world.keys[j]
        world.age[at.NOW, slot] = np.int32(0)
        world.tie[at.NOW, slot] = np.uint8(0)


@stage
def scale_shares(setting, world):
    """Make the shares of every sector sum to one again; entrants get their cash, survivors a scale to be applied."""
    cells, sectors, counts, firms = world.cells, world.sectors, world.counts, world.firms
    S, founded, staying = sectors.shape[1], counts[at.N_FOUNDED], cells[at.E_STAY_SHARE]
    for j in range(int(world.economy[at.FOUNDED])):
        cell = natural(founded[j])
        for i in range(world.new_offsets[cell] + counts[at.N_SURVIVORS, cell], world.new_offsets[cell + 1]):
            staying[cell] += firms[at.F_SHARE, i]
    sum_sectors(staying, sectors[at.S_SCALE])
    for k in range(S):
        sectors[at.S_SCALE, k] = 1.0 / sectors[at.S_SCALE, k] if sectors[at.S_SCALE, k] > 0.0 else 0.0
    for j in range(int(world.economy[at.FOUNDED])):
        cell = natural(founded[j])
        scale, demand = sectors[at.S_SCALE, cell % S], sectors[at.S_DEMAND, cell % S]
        for i in range(world.new_offsets[cell] + counts[at.N_SURVIVORS, cell], world.new_offsets[cell + 1]):
            firms[at.F_SHARE, i] = firms[at.F_SHARE, i] * scale
            firms[at.F_CASH, i] = setting.params[0].entry_cash * firms[at.F_SHARE, i] * demand


@stage
def move_survivors(world, first_cell, last_cell):
    """Write the survivors of some cells, packed, into the first set of firms.

    Cells without an entrant between them are packed as one: their survivors follow each other.
    """
    survivors, begin = world.counts[at.N_SURVIVORS], first_cell
    for cell in range(first_cell, last_cell):
        last = world.new_offsets[cell] + survivors[cell]
        if last < world.new_offsets[cell + 1] or cell + 1 == last_cell:
            pack_cells(world, begin, cell, last)
            scale_cells(world, begin, cell)
            begin = cell + 1


@stage
def pack_cells(world, first, final, last):
    """Write the survivors of some cells to where the first of them begins, up to ``last``."""
    offsets, firms, following, step = world.offsets, world.firms, world.next, width(world.firms)
    target, end = world.new_offsets[first], offsets[final + 1]
    for begin in range(offsets[first], end, step):
        present, room = min(end - begin, step), last - target
        staying = equal_beside(world.fate, begin, present, LEAVE, firms) ^ ((1 << present) - 1)
        for row in range(at.F_ROWS):
            pack(following[row], begin, staying, firms[row], target, room, firms)
        pack(world.identity[at.NEXT], begin, staying, world.identity[at.NOW], target, room, firms)
        pack(world.age[at.NEXT], begin, staying, world.age[at.NOW], target, room, firms)
        pack(world.tie[at.NEXT], begin, staying, world.tie[at.NOW], target, room, firms)
        target += count_bits(staying)


@stage
def scale_cells(world, first, final):
    """Multiply the shares of the survivors of some cells by the scale of their sectors."""
    share, scale, survivors = world.firms[at.F_SHARE], world.sectors[at.S_SCALE], world.counts[at.N_SURVIVORS]
    k = first % scale.size
    for cell in range(first, final + 1):
        begin, end = world.new_offsets[cell], world.new_offsets[cell] + survivors[cell]
        its_scale = spread(scale[k], share)
        for i in range(begin, end, width(share)):
            store(its_scale * load(share, i, end - i), share, i, end - i)
        k = k + 1 if k + 1 < scale.size else 0
