"""Stage 2: learning from partners and from the pools (docs/MODEL.md 7.2)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lane_math import load_beside, positive
from technopole_kernels._lanes import load, spread, store, width
from technopole_kernels.reduce import whole_until
from technopole_kernels.science import reading_strength, upgraded, upgrading_strength


@device
def absorptive_capacity(research, difficulty):
    """g = e / (e + beta rho), given beta rho (Cohen and Levinthal 1989)."""
    return research / (research + difficulty)


@device
def learned(x, rate, g, gap, spill, pool):
    """x' = x + rate g gap + sigma g max(pool - x, 0)."""
    return x + rate * g * gap + spill * g * positive(pool - x)


@stage
def learn(setting, world, tile):
    """New knowledge of a tile's firms in the four channels, into the second set.

    From gaps and pools; in technology also from the region's high-tech firms (traditional sectors) and from science
    (tied firms). What holds for a cell stays in registers while its firms are gone through.
    """
    params, cells, segments, S = setting.params[0], world.cells, world.segments, world.sectors.shape[1]
    traits, buffer = setting.constants.sectors, world.buffer
    protects = 0.0 if params.learning_rule == 1 else 1.0  # barter is voluntary: nothing is kept secret
    strength = upgrading_strength(params, world.regions, tile.region)
    reading = reading_strength(params, world.regions, tile.region)
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - tile.region * S
        openness = spread(1.0 - protects * traits[at.K_APPROPRIABILITY, sector], buffer)
        intensity = spread(traits[at.K_RD_INTENSITY, sector], buffer)
        known = (
            spread(cells[at.C_POOL, cell], buffer), spread(cells[at.C_POOL + 1, cell], buffer),
            spread(cells[at.C_POOL + 2, cell], buffer), spread(cells[at.C_POOL + 3, cell], buffer),
            spread(cells[at.C_UPGRADING, cell], buffer),
        )  # fmt: skip
        rates = (
            params.learning_organisation, params.learning_technology * openness,
            params.learning_sourcing, params.learning_quality * openness,
            params.spillover_rate, params.learning_difficulty * intensity, strength, reading,
        )  # fmt: skip
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        last = whole_until(begin, end, width(buffer))
        for i in range(begin, last, width(buffer)):
            learn_some(world, known, rates, i, i - tile.begin, width(buffer))
        learn_some(world, known, rates, last, last - tile.begin, end - last)


@device
def learn_some(world, known, rates, i, j, count):
    """The same for some firms of a cell, at most all lanes."""
    firms, new, buffer = world.firms, world.next, world.buffer
    pool_m, pool_a, pool_c, pool_q, upgrading = known
    rate_m, rate_a, rate_c, rate_q, spill, difficulty, strength, reading = rates
    m, a = load(firms[at.F_ORGANISATION], i, count), load(firms[at.F_TECHNOLOGY], i, count)
    c, q = load(firms[at.F_SOURCING], i, count), load(firms[at.F_QUALITY], i, count)
    g = absorptive_capacity(load(firms[at.F_RESEARCH], i, count), difficulty)
    m = learned(m, rate_m, g, load(buffer, at.GAP_ORGANISATION + j, count), spill, pool_m)
    a = learned(a, rate_a, g, load(buffer, at.GAP_TECHNOLOGY + j, count), spill, pool_a)
    c = learned(c, rate_c, g, load(buffer, at.GAP_SOURCING + j, count), spill, pool_c)
    q = learned(q, rate_q, g, load(buffer, at.GAP_QUALITY + j, count), spill, pool_q)
    a = upgraded(a, g, upgrading, strength, reading, load_beside(world.tie[at.NOW], i, count, buffer))
    store(m, new[at.F_ORGANISATION], i, count)
    store(a, new[at.F_TECHNOLOGY], i, count)
    store(c, new[at.F_SOURCING], i, count)
    store(q, new[at.F_QUALITY], i, count)
