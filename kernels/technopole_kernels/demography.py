"""Writing the next population: survivors, children, start-ups, in order of cell (docs/MODEL.md 7.10, 7.11)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.entry import place_child
from technopole_kernels.mathx import exp, normal_quantile_core
from technopole_kernels.reduce import set_all
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, STARTUP, draw, uniform_open


@stage
def count_population(setting, world):
    """Survivors and entrants of every cell, and where the cells of the next population begin; returns its size."""
    counts = world.counts
    offsets = world.offsets
    cells = world.cells.shape[1]
    set_all(counts[at.N_CHILDREN], 0)
    for cell in range(cells):
        exits = np.int64(world.cells[at.E_EXITS, cell])
        counts[at.N_SURVIVORS, cell] = offsets[cell + 1] - offsets[cell] - exits
        if world.cells[at.E_SPINOFFS, cell] > 0.0:
            for i in range(offsets[cell], offsets[cell + 1]):
                if world.fate[i] == SPAWN:
                    _, place = place_child(setting, world, world.identity[at.NOW, i], cell)
                    counts[at.N_CHILDREN, place] += 1
    position = 0
    for cell in range(cells):
        world.new_offsets[cell] = position
        counts[at.N_CURSOR, cell] = position + counts[at.N_SURVIVORS, cell]
        position += counts[at.N_SURVIVORS, cell] + counts[at.N_CHILDREN, cell] + counts[at.N_STARTUPS, cell]
    world.new_offsets[cells] = position
    return position


@stage
def place_entrants(setting, world):
    """Give children and start-ups their slots behind the survivors of their cells: identity, and as age the parent.

    The parent is the slot of the incumbent, or -1; it stands in ``age`` until the entrant is written.
    """
    counts, offsets, identity, age = world.counts, world.offsets, world.identity, world.age
    period, replicate, seed = (
        np.uint64(world.clock[at.PERIOD]),
        np.uint64(world.clock[at.REPLICATE]),
        setting.seed[0],
    )
    for cell in range(world.cells.shape[1]):
        if world.cells[at.E_SPINOFFS, cell] > 0.0:
            for i in range(offsets[cell], offsets[cell + 1]):
                if world.fate[i] == SPAWN:
                    child, place = place_child(setting, world, identity[at.NEXT, i], cell)
                    slot = counts[at.N_CURSOR, place]
                    identity[at.NOW, slot] = child
                    age[at.NOW, slot] = np.int32(i)
                    counts[at.N_CURSOR, place] = slot + 1
    for cell in range(world.cells.shape[1]):
        for j in range(counts[at.N_STARTUPS, cell]):
            counter = np.uint64(cell) | (np.uint64(j) << np.uint64(32))
            w0, w1, _, _ = draw(counter, period, STARTUP, seed, replicate)
            slot = counts[at.N_CURSOR, cell] + j
            identity[at.NOW, slot] = w0 | (w1 << np.uint64(32))
            age[at.NOW, slot] = np.int32(-1)


@stage
def found_entrants(setting, world):
    """Write all entrants, a tile's worth at a time so that their noise is drawn in vectors."""
    counts, partner = world.counts, world.partner
    count = 0
    for cell in range(world.cells.shape[1]):
        begin = world.new_offsets[cell] + counts[at.N_SURVIVORS, cell]
        for slot in range(begin, world.new_offsets[cell + 1]):
            partner[count] = slot
            world.buffer[at.ENTRANT_CELL + count] = float(cell)
            count += 1
            if count == partner.size:
                draw_noise(setting, world, count)
                write_entrants(setting, world, count)
                count = 0
    draw_noise(setting, world, count)
    write_entrants(setting, world, count)


@stage
def draw_noise(setting, world, count):
    """Standard normal noise of the entrants in ``partner``: four channels and the customer base."""
    buffer, partner, keys = world.buffer, world.partner, world.keys
    period, replicate, seed = (
        np.uint64(world.clock[at.PERIOD]),
        np.uint64(world.clock[at.REPLICATE]),
        setting.seed[0],
    )
    for j in range(count):
        keys[j] = world.identity[at.NOW, partner[j]]
    for j in range(count):
        w0, w1, w2, w3 = draw(keys[j], period, ENTRANT, seed, replicate)
        buffer[at.NOISE_ORGANISATION + j] = uniform_open(w0)
        buffer[at.NOISE_TECHNOLOGY + j] = uniform_open(w1)
        buffer[at.NOISE_SOURCING + j] = uniform_open(w2)
        buffer[at.NOISE_QUALITY + j] = uniform_open(w3)
    for j in range(count):
        w0, _, _, _ = draw(keys[j], period, ENTRANT_SIZE, seed, replicate)
        buffer[at.NOISE_CUSTOM + j] = uniform_open(w0)
    noise = buffer[at.NOISE_ORGANISATION : at.NOISE_ORGANISATION + 5 * at.ROW].reshape((5, at.ROW))
    for row in range(5):
        values = noise[row]
        for j in range(count):
            values[j] = normal_quantile_core(values[j])


@stage
def write_entrants(setting, world, count):
    """Write the entrants in ``partner``: knowledge from parent and place, a small raw share, no cash yet."""
    params, cells, sectors, firms = setting.params[0], world.cells, world.sectors, world.firms
    buffer, partner, old = world.buffer, world.partner, world.next
    S = sectors.shape[1]
    weight = params.entry_inheritance
    spread = (
        params.entry_dispersion * params.initial_sd_organisation,
        params.entry_dispersion * params.initial_sd_technology,
        params.entry_dispersion * params.initial_sd_sourcing,
        params.entry_dispersion * params.initial_sd_quality,
    )
    for j in range(count):
        slot = partner[j]
        cell = np.int64(buffer[at.ENTRANT_CELL + j])
        sector = cell % S
        parent = world.age[at.NOW, slot]
        local = cells[at.FIRMS, cell]
        for channel in range(4):
            known = sectors[at.S_NEXT + at.S_KNOWLEDGE + channel, sector]
            if local > 0.0:
                known = cells[at.ORGANISATION + channel, cell] / local
            if parent >= 0:
                known = weight * old[at.F_ORGANISATION + channel, parent] + (1.0 - weight) * known
            noise = buffer[at.NOISE_ORGANISATION + channel * at.ROW + j]
            firms[at.F_ORGANISATION + channel, slot] = known + spread[channel] * noise
        standing = params.entry_custom_sd * buffer[at.NOISE_CUSTOM + j]
        firms[at.F_CUSTOM, slot] = params.entry_custom + standing
        firms[at.F_SHARE, slot] = params.entry_size / max(sectors[at.S_FIRMS, sector], 1.0) * exp(standing)
        firms[at.F_RESEARCH, slot] = setting.constants.sectors[at.K_RD_INTENSITY, sector]
        world.age[at.NOW, slot] = np.int32(0)
        world.tie[at.NOW, slot] = np.uint8(0)


@stage
def scale_shares(setting, world):
    """Make the shares of every sector sum to one again; entrants get their cash, survivors a scale to be applied."""
    cells, sectors, counts, firms = world.cells, world.sectors, world.counts, world.firms
    S = sectors.shape[1]
    set_all(sectors[at.S_SCALE], 0.0)
    for cell in range(cells.shape[1]):
        total = cells[at.E_STAY_SHARE, cell]
        for i in range(world.new_offsets[cell] + counts[at.N_SURVIVORS, cell], world.new_offsets[cell + 1]):
            total += firms[at.F_SHARE, i]
        sectors[at.S_SCALE, cell % S] += total
    for k in range(S):
        sectors[at.S_SCALE, k] = 1.0 / sectors[at.S_SCALE, k] if sectors[at.S_SCALE, k] > 0.0 else 0.0
    for cell in range(cells.shape[1]):
        scale, demand = sectors[at.S_SCALE, cell % S], sectors[at.S_DEMAND, cell % S]
        for i in range(world.new_offsets[cell] + counts[at.N_SURVIVORS, cell], world.new_offsets[cell + 1]):
            firms[at.F_SHARE, i] = firms[at.F_SHARE, i] * scale
            firms[at.F_CASH, i] = setting.params[0].entry_cash * firms[at.F_SHARE, i] * demand


@stage
def _move(old, new, chosen):
    for j in range(chosen.size):
        new[j] = old[chosen[j]]


@stage
def move_survivors(world):
    """Write the survivors, packed, into the first set of firms."""
    offsets, partner = world.offsets, world.partner
    old, new = world.next, world.firms
    S = world.sectors.shape[1]
    for cell in range(world.cells.shape[1]):
        begin, end = offsets[cell], offsets[cell + 1]
        target = world.new_offsets[cell]
        scale = world.sectors[at.S_SCALE, cell % S]
        while begin < end:
            stop = min(begin + partner.size, end)
            count = 0
            for i in range(begin, stop):
                partner[count] = i
                count += 0 if world.fate[i] == LEAVE else 1
            chosen = partner[:count]
            last = target + count
            _move(world.identity[at.NEXT], world.identity[at.NOW, target:last], chosen)
            _move(world.age[at.NEXT], world.age[at.NOW, target:last], chosen)
            _move(world.tie[at.NEXT], world.tie[at.NOW, target:last], chosen)
            for row in range(at.F_ROWS):
                _move(old[row], new[row, target:last], chosen)
            share = new[at.F_SHARE, target:last]
            for j in range(count):
                share[j] = share[j] * scale
            target = last
            begin = stop
