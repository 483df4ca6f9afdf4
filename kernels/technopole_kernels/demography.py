"""Writing the next population: survivors, children of incumbents, start-ups, in order of cell (docs/MODEL.md 7.10, 7.11)."""

import math

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.accounts import LEAVE, SPAWN
from technopole_kernels.entry import place_child
from technopole_kernels.mathx import exp, normal_quantile
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, STARTUP, draw, uniform_open


@kernel
def count_population(setting, world):
    """Survivors and entrants of every cell, and where the cells of the next population begin; returns its size."""
    totals, offsets, work = world.totals, world.offsets, world.work
    cells = totals.survivors.size
    totals.children[:] = 0
    for cell in range(cells):
        exits = np.int64(totals.end[at.E_EXITS, cell])
        totals.survivors[cell] = offsets[cell + 1] - offsets[cell] - exits
        if totals.end[at.E_SPINOFFS, cell] > 0.0:
            for i in range(offsets[cell], offsets[cell + 1]):
                if work.fate[i] == SPAWN:
                    _, place = place_child(setting, world, world.firms.identity[i], cell)
                    totals.children[place] += 1
    position = 0
    for cell in range(cells):
        totals.new_offsets[cell] = position
        totals.cursor[cell] = position + totals.survivors[cell]
        position += totals.survivors[cell] + totals.children[cell] + totals.startups[cell]
    totals.new_offsets[cells] = position
    return position


@device
def noise(word, spread):
    """Normal noise with a standard deviation."""
    return spread * normal_quantile(uniform_open(word))


@kernel
def found(setting, world, slot, identity, cell, parent, weight):
    """Write an entrant: knowledge from its parent (weight) and its place, a small raw share, no cash yet."""
    params, totals, firms, parents = setting.params, world.totals, world.firms, world.next
    S = totals.demand.size
    sector = cell % S
    period, replicate, seed = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE]), setting.seed[0]
    w0, w1, w2, w3 = draw(identity, period, ENTRANT, seed, replicate)
    v0, _, _, _ = draw(identity, period, ENTRANT_SIZE, seed, replicate)
    known = totals.next_sectors.knowledge[sector]
    organisation, technology, sourcing, quality = known[0], known[1], known[2], known[3]
    local = totals.start[at.FIRMS, cell]
    if local > 0.0:
        organisation = totals.start[at.ORGANISATION, cell] / local
        technology = totals.start[at.TECHNOLOGY, cell] / local
        sourcing = totals.start[at.SOURCING, cell] / local
        quality = totals.start[at.QUALITY, cell] / local
    if weight > 0.0:
        organisation = weight * parents.organisation[parent] + (1.0 - weight) * organisation
        technology = weight * parents.technology[parent] + (1.0 - weight) * technology
        sourcing = weight * parents.sourcing[parent] + (1.0 - weight) * sourcing
        quality = weight * parents.quality[parent] + (1.0 - weight) * quality
    spread = params.entry_dispersion
    firms.organisation[slot] = organisation + noise(w0, spread * params.initial_sd_organisation)
    firms.technology[slot] = technology + noise(w1, spread * params.initial_sd_technology)
    firms.sourcing[slot] = sourcing + noise(w2, spread * params.initial_sd_sourcing)
    firms.quality[slot] = quality + noise(w3, spread * params.initial_sd_quality)
    standing = noise(v0, params.entry_custom_sd)
    firms.custom[slot] = params.entry_custom + standing
    firms.share[slot] = params.entry_size / max(totals.sector_firms[sector], 1.0) * exp(standing)
    firms.identity[slot] = identity
    firms.age[slot] = np.int32(0)
    firms.research[slot] = setting.constants.rd_intensity[sector]
    firms.tie[slot] = np.uint8(0)


@kernel
def found_entrants(setting, world):
    """Write children and start-ups behind the places of the survivors of their cells."""
    totals, offsets, work = world.totals, world.offsets, world.work
    period, replicate, seed = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE]), setting.seed[0]
    weight = setting.params.entry_inheritance
    for cell in range(totals.survivors.size):
        if totals.end[at.E_SPINOFFS, cell] > 0.0:
            for i in range(offsets[cell], offsets[cell + 1]):
                if work.fate[i] == SPAWN:
                    identity, place = place_child(setting, world, world.next.identity[i], cell)
                    found(setting, world, totals.cursor[place], identity, place, i, weight)
                    totals.cursor[place] += 1
    for cell in range(totals.survivors.size):
        for j in range(totals.startups[cell]):
            counter = np.uint64(cell) | (np.uint64(j) << np.uint64(32))
            w0, w1, _, _ = draw(counter, period, STARTUP, seed, replicate)
            identity = w0 | (w1 << np.uint64(32))
            found(setting, world, totals.cursor[cell], identity, cell, 0, 0.0)
            totals.cursor[cell] += 1


@kernel
def scale_shares(setting, world):
    """Make the shares of every sector sum to one again; entrants get their cash. ``totals.scale`` is for the survivors."""
    totals, firms = world.totals, world.firms
    S = totals.demand.size
    totals.scale[:] = 0.0
    for cell in range(totals.survivors.size):
        total = totals.end[at.E_STAY_SHARE, cell]
        for i in range(totals.new_offsets[cell] + totals.survivors[cell], totals.new_offsets[cell + 1]):
            total += firms.share[i]
        totals.scale[cell % S] += total
    for k in range(S):
        totals.scale[k] = 1.0 / totals.scale[k] if totals.scale[k] > 0.0 else 0.0
    for cell in range(totals.survivors.size):
        scale, demand = totals.scale[cell % S], totals.demand[cell % S]
        for i in range(totals.new_offsets[cell] + totals.survivors[cell], totals.new_offsets[cell + 1]):
            firms.share[i] = firms.share[i] * scale
            firms.cash[i] = setting.params.entry_cash * firms.share[i] * demand


@kernel
def _move(old, new, chosen):
    for j in range(chosen.size):
        new[j] = old[chosen[j]]


@kernel
def move_survivors(world):
    """Write the survivors, packed, into the first set of firms."""
    totals, offsets, work = world.totals, world.offsets, world.work
    old, new = world.next, world.firms
    S = totals.demand.size
    for cell in range(totals.survivors.size):
        begin, end = offsets[cell], offsets[cell + 1]
        target = totals.new_offsets[cell]
        scale = totals.scale[cell % S]
        while begin < end:
            stop = min(begin + work.partner.size, end)
            count = 0
            for i in range(begin, stop):
                work.partner[count] = i
                count += 0 if work.fate[i] == LEAVE else 1
            chosen = work.partner[:count]
            last = target + count
            _move(old.identity, new.identity[target:last], chosen)
            _move(old.age, new.age[target:last], chosen)
            _move(old.organisation, new.organisation[target:last], chosen)
            _move(old.technology, new.technology[target:last], chosen)
            _move(old.sourcing, new.sourcing[target:last], chosen)
            _move(old.quality, new.quality[target:last], chosen)
            _move(old.research, new.research[target:last], chosen)
            _move(old.custom, new.custom[target:last], chosen)
            _move(old.cash, new.cash[target:last], chosen)
            _move(old.tie, new.tie[target:last], chosen)
            share = new.share[target:last]
            for j in range(count):
                share[j] = old.share[chosen[j]] * scale
            target = last
            begin = stop
