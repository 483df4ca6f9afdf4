"""What an entrant is: a child of its parent or a start-up, with its noise (docs/MODEL.md 7.11)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._kinds import kind_of, whole
from technopole_kernels.choose import list_below, natural
from technopole_kernels.halves import later, now
from technopole_kernels.mathx import exp, is_central, normal_quantile_centre, normal_quantile_tail
from technopole_kernels.rng import ENTRANT, ENTRANT_SIZE, SPINOFF, STARTUP, draw, uniform_open_of


@stage
def expect_entrants(setting, world, count):
    """Knowledge, raw share and research of the entrants before noise, by their cells.

    ``keys``, which hold their parents or their ranks among the start-ups of their cells, become what names them.
    """
    buffer, first = world.buffer, 0
    while first < count:
        cell, last = whole(buffer[at.HOME + first]), first
        while last < count and whole(buffer[at.HOME + last]) == cell:
            last += 1
        expect_to_join(setting, world, natural(cell), first, last)
        first = last


@stage
def expect_to_join(setting, world, cell, first, last):
    """The same for those of them that join a cell: children come first."""
    buffer, keys, identity = world.buffer, world.keys, world.identity[now(world)]
    sector, local = cell % world.sectors.shape[1], world.cells[at.FIRMS, cell]
    share = expected_share(setting.params[0], world.sectors[at.S_FIRMS, sector])
    research = setting.constants.sectors[at.K_RD_INTENSITY, sector]
    organisation, technology = mean_known(world, cell, sector, local, 0), mean_known(world, cell, sector, local, 1)
    sourcing, quality = mean_known(world, cell, sector, local, 2), mean_known(world, cell, sector, local, 3)
    for j in range(first, last):
        buffer[at.BASE_ORGANISATION + j] = organisation
        buffer[at.BASE_TECHNOLOGY + j] = technology
        buffer[at.BASE_SOURCING + j] = sourcing
        buffer[at.BASE_QUALITY + j] = quality
        buffer[at.BASE_SHARE + j] = share
        buffer[at.BASE_RESEARCH + j] = research
    weight, child = setting.params[0].entry_inheritance, first
    while child < last and buffer[at.SITE + child] > 0.0:
        parent = np.int64(keys[child])
        for channel in range(4):
            known = expected_knowledge(world, cell, sector, local, parent, weight, channel)
            buffer[at.BASE_ORGANISATION + channel * at.ROW + child] = known
        keys[child] = identity[natural(parent)]
        child += 1
    for j in range(child, last):
        keys[j] = name_of_startup(cell, keys[j])


@device
def mean_known(world, cell, sector, local, channel):
    """Knowledge in a cell with so many firms; without any, in its sector."""
    known = world.sectors[at.S_NEXT + at.S_KNOWLEDGE + channel, sector]
    return world.cells[at.ORGANISATION + channel, cell] / local if local > 0.0 else known


@device
def expected_knowledge(world, cell, sector, local, parent, weight, channel):
    """Knowledge of an entrant before noise: the mean of its cell, or of its sector, and what its parent hands down."""
    known = mean_known(world, cell, sector, local, channel)
    if parent >= 0:
        inherited = world.next[at.F_ORGANISATION + channel, natural(parent)]
        known = weight * inherited + (1.0 - weight) * known
    return known


@device
def name_of_startup(cell, rank):
    """What names a start-up: its cell and its rank."""
    return np.uint64(cell) | (np.uint64(rank) << np.uint64(32))


@device
def expected_share(params, firms):
    """Raw market share of an entrant to a sector with so many firms, before noise."""
    return params.entry_size / max(firms, 1.0)


@device
def key_of_entrant(identity, cell, parent, rank):
    """What names an entrant: its parent's identity, or its cell and rank."""
    if parent >= 0:
        return identity[natural(parent)]
    return name_of_startup(cell, rank)


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
    for row in range(at.NOISE_ORGANISATION, at.NOISE_STANDING + at.ROW, at.ROW):
        make_normal(buffer[row : row + count], buffer[at.TAIL : at.TAIL + count], world.partner)


@stage
def make_normal(values, tail, places):
    """Turn uniforms into standard normal numbers: all as if they were in the centre, then again those in a tail."""
    for j in range(values.size):
        tail[j] = 0.0 if is_central(values[j]) else -1.0
    tails = list_below(tail, 0.0, places)
    for j in range(tails):
        tail[j] = values[natural(places[j])]
    for j in range(values.size):
        values[j] = normal_quantile_centre(values[j])
    for j in range(tails):
        tail[j] = normal_quantile_tail(tail[j])
    for j in range(tails):
        values[natural(places[j])] = tail[j]


@stage
def add_noise(setting, world, count):
    """Knowledge and raw share of the entrants, with their noise."""
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
    """Write the listed entrants in their slots, with a raw share and no cash yet, and add up the shares of cells."""
    firms, buffer = world.firms, world.buffer
    expect_entrants(setting, world, count)
    name_entrants(setting, world, count)
    draw_noise(setting, world, count)
    add_noise(setting, world, count)
    custom, following = setting.params[0].entry_custom, later(world)
    for j in range(count):
        slot = natural(whole(buffer[at.SLOT + j]))
        firms[at.F_ORGANISATION, slot] = buffer[at.BASE_ORGANISATION + j]
        firms[at.F_TECHNOLOGY, slot] = buffer[at.BASE_TECHNOLOGY + j]
        firms[at.F_SOURCING, slot] = buffer[at.BASE_SOURCING + j]
        firms[at.F_QUALITY, slot] = buffer[at.BASE_QUALITY + j]
        firms[at.F_RESEARCH, slot] = buffer[at.BASE_RESEARCH + j]
        firms[at.F_CUSTOM, slot] = custom + buffer[at.NOISE_STANDING + j]
        firms[at.F_SHARE, slot] = buffer[at.BASE_SHARE + j]
        world.identity[following, slot] = world.keys[j]
        world.age[following, slot] = np.int32(0)
        world.tie[at.NOW, slot] = np.uint8(0)
        world.cells[at.E_STAY_SHARE, natural(whole(buffer[at.HOME + j]))] += np.float64(buffer[at.BASE_SHARE + j])
