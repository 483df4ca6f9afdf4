"""Writing the next population: survivors, children of incumbents, start-ups, in order of cell (docs/MODEL.md 7.10, 7.11)."""


import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.entry import place_child
from technopole_kernels.mathx import exp, normal_quantile
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, STARTUP, draw, uniform_open


@stage
def count_population(setting, world):
    """Survivors and entrants of every cell, and where the cells of the next population begin; returns its size."""
    counts = world.counts
    offsets = world.offsets
    cells = world.cells.shape[1]
    counts[at.N_CHILDREN, :] = 0
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


@device
def noise(word, spread):
    """Normal noise with a standard deviation."""
    return spread * normal_quantile(uniform_open(word))


@stage
def found(setting, world, slot, identity, cell, parent, weight):
    """Write an entrant: knowledge from its parent (weight) and its place, a small raw share, no cash yet."""
    cells, sectors, firms, new = world.cells, world.sectors, world.firms, world.next
    params = setting.params[0]
    S = sectors.shape[1]
    sector = cell % S
    period, replicate, seed = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE]), setting.seed[0]
    w0, w1, w2, w3 = draw(identity, period, ENTRANT, seed, replicate)
    v0, _, _, _ = draw(identity, period, ENTRANT_SIZE, seed, replicate)
    known = at.S_NEXT + at.S_KNOWLEDGE
    organisation, technology = sectors[known, sector], sectors[known + 1, sector]
    sourcing, quality = sectors[known + 2, sector], sectors[known + 3, sector]
    local = cells[at.FIRMS, cell]
    if local > 0.0:
        organisation = cells[at.ORGANISATION, cell] / local
        technology = cells[at.TECHNOLOGY, cell] / local
        sourcing = cells[at.SOURCING, cell] / local
        quality = cells[at.QUALITY, cell] / local
    if weight > 0.0:
        organisation = weight * new[at.F_ORGANISATION, parent] + (1.0 - weight) * organisation
        technology = weight * new[at.F_TECHNOLOGY, parent] + (1.0 - weight) * technology
        sourcing = weight * new[at.F_SOURCING, parent] + (1.0 - weight) * sourcing
        quality = weight * new[at.F_QUALITY, parent] + (1.0 - weight) * quality
    spread = params.entry_dispersion
    firms[at.F_ORGANISATION, slot] = organisation + noise(w0, spread * params.initial_sd_organisation)
    firms[at.F_TECHNOLOGY, slot] = technology + noise(w1, spread * params.initial_sd_technology)
    firms[at.F_SOURCING, slot] = sourcing + noise(w2, spread * params.initial_sd_sourcing)
    firms[at.F_QUALITY, slot] = quality + noise(w3, spread * params.initial_sd_quality)
    standing = noise(v0, params.entry_custom_sd)
    firms[at.F_CUSTOM, slot] = params.entry_custom + standing
    firms[at.F_SHARE, slot] = params.entry_size / max(sectors[at.S_FIRMS, sector], 1.0) * exp(standing)
    world.identity[at.NOW, slot] = identity
    world.age[at.NOW, slot] = np.int32(0)
    firms[at.F_RESEARCH, slot] = setting.constants.sectors[at.K_RD_INTENSITY, sector]
    world.tie[at.NOW, slot] = np.uint8(0)


@stage
def found_entrants(setting, world):
    """Write children and start-ups behind the places of the survivors of their cells."""
    cells, counts = world.cells, world.counts
    offsets = world.offsets
    period, replicate, seed = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE]), setting.seed[0]
    weight = setting.params[0].entry_inheritance
    for cell in range(cells.shape[1]):
        if cells[at.E_SPINOFFS, cell] > 0.0:
            for i in range(offsets[cell], offsets[cell + 1]):
                if world.fate[i] == SPAWN:
                    identity, place = place_child(setting, world, world.identity[at.NEXT, i], cell)
                    found(setting, world, counts[at.N_CURSOR, place], identity, place, i, weight)
                    counts[at.N_CURSOR, place] += 1
    for cell in range(cells.shape[1]):
        for j in range(counts[at.N_STARTUPS, cell]):
            counter = np.uint64(cell) | (np.uint64(j) << np.uint64(32))
            w0, w1, _, _ = draw(counter, period, STARTUP, seed, replicate)
            identity = w0 | (w1 << np.uint64(32))
            found(setting, world, counts[at.N_CURSOR, cell], identity, cell, 0, 0.0)
            counts[at.N_CURSOR, cell] += 1


@stage
def scale_shares(setting, world):
    """Make the shares of every sector sum to one again; entrants get their cash. ``sectors[at.S_SCALE]`` is for the survivors."""
    cells, sectors, counts, firms = world.cells, world.sectors, world.counts, world.firms
    S = sectors.shape[1]
    sectors[at.S_SCALE, :] = 0.0
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
