"""Launches before firms act: demand, sums at the start, means of the economy, what a region and its cells offer."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.grid.common import (
    collect,
    column_of,
    running,
    segment_of_lane,
    segment_range,
    sum_row,
)
from technopole_kernels.grid.work import LANES, MEAN_CELL
from technopole_kernels.mathx import log
from technopole_kernels.prepare import (
    labour_per_share,
    log_cell_size,
    mean_small_sales,
    need_per_share,
    prepare_cells_of,
    prepare_region,
    set_demand,
    set_economy,
    set_knowledge,
    share_of,
    small_firm,
)
from technopole_kernels.types import CHANNELS


@stage
def demand_of_sector(setting, world, work, _records, k):
    """Market size of a sector, and what its cells will ask for."""
    if not running(work):
        return
    set_demand(setting, world, k)
    world.sectors[at.S_WORK, k] = log(1.0 + setting.constants.sectors[at.K_MARKUP, k])


@stage
def labour_of_cell(setting, world, work, _records, cell):
    """Employment per unit of market share of a cell; no children are counted yet."""
    if not running(work):
        return
    world.counts[at.N_CHILDREN, cell] = 0
    traits, S = setting.constants.sectors, world.sectors.shape[1]
    r, k = cell // S, cell % S
    world.cells[at.C_LABOUR, cell] = labour_per_share(
        world.sectors[at.S_DEMAND, k], traits[at.K_LABOUR_SHARE, k], traits[at.K_MARKUP, k],
        world.regions[at.R_WAGE, r],
    )  # fmt: skip


@stage
def sum_start(setting, world, work, _records, i):
    """Numbers and shares of the firms of a lane, and of the small ones, as the period starts."""
    segment = segment_of_lane(world, i)
    if segment < 0 or not running(work):
        return
    first, end = segment_range(world, segment, i)
    shares, tie, size = world.firms[at.F_SHARE], world.tie[at.NOW], setting.params[0].sme_size
    labour = world.cells[at.C_LABOUR, world.segments[at.G_CELL, segment]]
    share = small_share = 0.0
    count = small = tied = 0
    for firm in range(first, end, LANES):
        is_small = small_firm(shares[firm], labour, size)
        count += 1
        share += shares[firm]
        tied += np.int64(tie[firm])
        small += 1 if is_small > 0.0 else 0
        small_share += shares[firm] * is_small
    sums = work.lane_sums
    sums[at.FIRMS, i] = float(count)
    sums[at.SHARE, i] = share
    sums[at.TIED, i] = float(tied)
    sums[at.SMALL_FIRMS, i] = float(small)
    sums[at.SMALL_SHARE, i] = small_share


@stage
def sum_start_knowledge(_setting, world, work, _records, i):
    """Knowledge of the firms of a lane in one channel, as the period starts."""
    channel, lane = column_of(i, CHANNELS)
    if segment_of_lane(world, lane) >= 0 and running(work):
        sum_row(world, world.firms[at.F_ORGANISATION + channel], work.lane_sums[at.ORGANISATION + channel], lane)


@stage
def collect_start(_setting, world, work, _records, i):
    """Total of a cell and one of the sums at the start."""
    if running(work):
        C = world.cells.shape[1]
        collect(world, work, at.FIRMS + i // C, i % C)


@stage
def start_of_region(setting, world, work, _records, r):
    """Firms, ties and needs of a region, the mean sales of its small firms, and the employment of its cells."""
    if not running(work):
        return
    cells, regions, sectors, S = world.cells, world.regions, world.sectors, world.sectors.shape[1]
    firms = tied = need = 0.0
    for k in range(S):
        cell, demand = r * S + k, sectors[at.S_DEMAND, k]
        firms += cells[at.FIRMS, cell]
        tied += cells[at.TIED, cell]
        need += cells[at.SHARE, cell] * need_per_share(setting.params[0], demand, cells[at.C_LABOUR, cell])
        cells[at.SMALL_SALES, cell] = mean_small_sales(cells, demand, cell)
        work.cell_values[cell] = cells[at.SHARE, cell] * cells[at.C_LABOUR, cell]
    regions[at.R_FIRMS, r] = firms
    regions[at.R_NEED, r] = need
    regions[at.R_TIED, r] = share_of(tied, firms)


@stage
def start_of_sector(_setting, world, work, _records, k):
    """Firms of a sector and what they know."""
    if not running(work):
        return
    cells, sectors, S = world.cells, world.sectors, world.sectors.shape[1]
    firms = organisation = technology = sourcing = quality = 0.0
    for cell in range(k, cells.shape[1], S):
        firms += cells[at.FIRMS, cell]
        organisation += cells[at.ORGANISATION, cell]
        technology += cells[at.TECHNOLOGY, cell]
        sourcing += cells[at.SOURCING, cell]
        quality += cells[at.QUALITY, cell]
    sectors[at.S_FIRMS, k] = firms
    set_knowledge(sectors, 0, k, organisation)
    set_knowledge(sectors, 1, k, technology)
    set_knowledge(sectors, 2, k, sourcing)
    set_knowledge(sectors, 3, k, quality)


@stage
def start_of_economy(_setting, world, work, _records, _i):
    """Means over the economy."""
    if not running(work):
        return
    cells, regions, sectors = world.cells, world.regions, world.sectors
    firms = sales = need = workforce = payroll = 0.0
    for k in range(sectors.shape[1]):
        firms += sectors[at.S_FIRMS, k]
        if sectors[at.S_FIRMS, k] > 0.0:
            sales += sectors[at.S_DEMAND, k]
    for r in range(regions.shape[1]):
        need += regions[at.R_NEED, r]
        workforce += regions[at.R_WORKFORCE, r]
        payroll += regions[at.R_WORKFORCE, r] * regions[at.R_WAGE, r]
    set_economy(world, firms, sales, need, workforce, payroll)
    occupied = 0
    employment = 0.0
    for cell in range(cells.shape[1]):
        is_occupied, there = cells[at.FIRMS, cell] > 0.0, work.cell_values[cell]
        occupied += 1 if is_occupied else 0
        employment += there if is_occupied else 0.0  # no branch: values are fetched ahead
    work.totals[MEAN_CELL] = employment / occupied if occupied > 0 else 1.0


@stage
def size_of_cell(_setting, world, work, _records, cell):
    """Size of a cell, for its efficiency."""
    if running(work):
        world.cells[at.C_EFFICIENCY, cell] = log_cell_size(world.cells, cell, work.totals[MEAN_CELL])


@stage
def offer_of_region(setting, world, work, _records, r):
    """What the firms of a region and of its cells find there."""
    if running(work):
        prepare_region(setting, world, r)
        prepare_cells_of(setting, world, r)
