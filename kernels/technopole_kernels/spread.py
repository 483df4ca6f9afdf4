"""Spreading what is known of cells and sectors over the firms of a tile, many rows of the buffer in one pass.

``put`` writes eight values at a time (sixteen of float32), up to the last but one behind the end of a segment: the next
segment follows and is written later, and rows of the buffer are longer than a tile.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels._kinds import keep_whole
from technopole_kernels._lanes import put, spread, width
from technopole_kernels.prepare import policy_cell_at

ALWAYS = -1e300  # a quality standard everybody meets


@stage
def spread_fellows(world, tile):
    """Sectors of the tile's firms, where their cells begin and how many firms those have."""
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
def spread_knowledge(setting, world, tile):
    """What learning, upgrading and absorption need to know."""
    cells, segments, buffer, traits = world.cells, world.segments, world.buffer, setting.constants.sectors
    S = world.sectors.shape[1]
    protects = 0.0 if setting.params[0].learning_rule == 1 else 1.0  # barter is voluntary: nothing is kept secret
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - tile.region * S
        organisation, technology = spread(cells[at.C_POOL, cell], buffer), spread(cells[at.C_POOL + 1, cell], buffer)
        sourcing, quality = spread(cells[at.C_POOL + 2, cell], buffer), spread(cells[at.C_POOL + 3, cell], buffer)
        openness = spread(1.0 - protects * traits[at.K_APPROPRIABILITY, sector], buffer)
        intensity = spread(traits[at.K_RD_INTENSITY, sector], buffer)
        upgrading = spread(cells[at.C_UPGRADING, cell], buffer)
        begin, end = segments[at.G_BEGIN, segment] - tile.begin, segments[at.G_BEGIN, segment + 1] - tile.begin
        for i in range(begin, end, width(buffer)):
            put(organisation, buffer, at.POOL_ORGANISATION + i)
            put(technology, buffer, at.POOL_TECHNOLOGY + i)
            put(sourcing, buffer, at.POOL_SOURCING + i)
            put(quality, buffer, at.POOL_QUALITY + i)
            put(openness, buffer, at.OPENNESS + i)
            put(intensity, buffer, at.INTENSITY + i)
            put(upgrading, buffer, at.UPGRADING + i)


@stage
def spread_research(setting, world, tile):
    """What the research stage needs to know; ``MEAN_RESEARCH`` measures the research of a firm."""
    cells, sectors, segments = world.cells, world.sectors, world.segments
    buffer, traits = world.buffer, setting.constants.sectors
    S = sectors.shape[1]
    period, region = world.clock[at.PERIOD], tile.region
    pooling = setting.params[0].sme_pooling * world.regions[at.R_INDEX + at.UNIVERSITY, region]
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - region * S
        spending = traits[at.K_RD_INTENSITY, sector]
        demand, labour = spread(sectors[at.S_DEMAND, sector], buffer), spread(cells[at.C_LABOUR, cell], buffer)
        rate, count = spread(traits[at.K_INNOVATION_RATE, sector], buffer), spread(sectors[at.S_FIRMS, sector], buffer)
        subsidy = spread(1.0 + policy_cell_at(setting.policy.cells[at.P_RD_SUBSIDY], period, region, sector), buffer)
        pooled = spread(pooling * spending * cells[at.SMALL_SALES, cell], buffer)
        mean = spread(spending * sectors[at.S_DEMAND, sector] / sectors[at.S_FIRMS, sector], buffer)
        begin, end = segments[at.G_BEGIN, segment] - tile.begin, segments[at.G_BEGIN, segment + 1] - tile.begin
        for i in range(begin, end, width(buffer)):
            put(demand, buffer, at.DEMAND + i)
            put(labour, buffer, at.LABOUR + i)
            put(rate, buffer, at.RATE_INNOVATION + i)
            put(count, buffer, at.COUNT + i)
            put(subsidy, buffer, at.SUBSIDY + i)
            put(pooled, buffer, at.POOLED + i)
            put(mean, buffer, at.MEAN_RESEARCH + i)


@stage
def spread_market(setting, world, tile):
    """What price and fitness need to know."""
    cells, sectors, segments = world.cells, world.sectors, world.segments
    params, buffer, traits = setting.params[0], world.buffer, setting.constants.sectors
    S = sectors.shape[1]
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - tile.region * S
        labour = spread(traits[at.K_LABOUR_SHARE, sector], buffer)
        price, efficiency = spread(cells[at.C_PRICE_LEVEL, cell], buffer), spread(cells[at.C_EFFICIENCY, cell], buffer)
        name, level = spread(cells[at.C_REPUTATION, cell], buffer), spread(sectors[at.S_FITNESS_LEVEL, sector], buffer)
        known = sectors[at.S_NEXT + at.S_KNOWLEDGE + 3, sector] - params.reputation_tolerance
        standard = spread(known if params.reputation_standard == 1 else ALWAYS, buffer)
        begin, end = segments[at.G_BEGIN, segment] - tile.begin, segments[at.G_BEGIN, segment + 1] - tile.begin
        for i in range(begin, end, width(buffer)):
            put(labour, buffer, at.LABOUR_SHARE + i)
            put(price, buffer, at.PRICE + i)
            put(efficiency, buffer, at.EFFICIENCY + i)
            put(name, buffer, at.NAME + i)
            put(level, buffer, at.LEVEL + i)
            put(standard, buffer, at.STANDARD + i)


@stage
def spread_books(setting, world, tile):
    """What shares, accounts and exit need to know."""
    cells, sectors, segments = world.cells, world.sectors, world.segments
    buffer, traits = world.buffer, setting.constants.sectors
    S = sectors.shape[1]
    for segment in range(tile.first, tile.last):
        cell = segments[at.G_CELL, segment]
        sector = cell - tile.region * S
        keep, win = spread(sectors[at.S_KEEP, sector], buffer), spread(sectors[at.S_WIN, sector], buffer)
        demand, cost = spread(sectors[at.S_DEMAND, sector], buffer), spread(traits[at.K_COST_SHARE, sector], buffer)
        labour, count = spread(cells[at.C_LABOUR, cell], buffer), spread(sectors[at.S_FIRMS, sector], buffer)
        minimum = spread(setting.params[0].exit_minimum * traits[at.K_REFERENCE_SIZE, sector], buffer)
        begin, end = segments[at.G_BEGIN, segment] - tile.begin, segments[at.G_BEGIN, segment + 1] - tile.begin
        for i in range(begin, end, width(buffer)):
            put(keep, buffer, at.KEEP + i)
            put(win, buffer, at.WIN + i)
            put(demand, buffer, at.DEMAND + i)
            put(cost, buffer, at.COST_SHARE + i)
            put(labour, buffer, at.LABOUR + i)
            put(count, buffer, at.COUNT + i)
            put(minimum, buffer, at.MINIMUM + i)
