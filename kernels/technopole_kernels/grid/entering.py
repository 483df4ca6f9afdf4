"""Launches that find where firms are founded, and whether all numbers of the period are finite."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.check import find_not_finite
from technopole_kernels.entry import (
    LARGEST_PART,
    all_startups,
    attraction,
    crowd_value,
    draw_poisson,
    specialised,
    startup_mean,
)
from technopole_kernels.grid.common import running
from technopole_kernels.grid.work import EMPLOYMENT, STARTUPS, STRONG, WEIGHT, WORKFORCE
from technopole_kernels.mathx import exp
from technopole_kernels.rng import STARTUP_COUNT, draw, uniform53
from technopole_kernels.status import Status

NOT_FINITE = int(Status.NOT_FINITE)


@stage
def strength_of_region(setting, world, work, _records, r):
    """The sectors that a region is specialised in, and what the firms of its cells add to their attraction."""
    if not running(work):
        return
    cells, S = world.cells, world.sectors.shape[1]
    employment = 0.0
    for cell in range(r * S, (r + 1) * S):
        employment += cells[at.SHARE, cell] * cells[at.C_LABOUR, cell]
    strong = 0.0
    for k in range(S):
        cell = r * S + k
        by_sector = world.sectors[at.S_EMPLOYMENT, k]
        present = specialised(world, cell, employment, by_sector, work.totals[EMPLOYMENT])
        work.cell_values[cell] = present
        strong += present
        cells[at.C_STARTUP_MEAN, cell] = crowd_value(setting.params[0], cells[at.FIRMS, cell])
    work.region_values[STRONG, r] = strong


@stage
def attraction_of_cell(setting, world, work, _records, cell):
    """Attraction of a cell to founders."""
    if not running(work):
        return
    S = world.sectors.shape[1]
    r, k = cell // S, cell % S
    present = work.cell_values[r * S : (r + 1) * S]
    value = attraction(setting, world, r, k, present, work.region_values[STRONG, r])
    world.cells[at.C_STARTUP_MEAN, cell] = exp(value)


@stage
def weight_of_cells(setting, world, work, _records, _i):
    """Attraction of all cells, one after the other as the CPU's kernels add it up."""
    if not running(work):
        return
    values = world.cells[at.C_STARTUP_MEAN]
    weight = 0.0
    for cell in range(values.size):
        weight += values[cell]
    work.totals[WEIGHT] = weight
    work.totals[STARTUPS] = all_startups(setting, work.totals[WORKFORCE])


@stage
def startups_of_cell(setting, world, work, _records, cell):
    """Expected start-ups of a cell; whether its numbers are finite."""
    if not running(work):
        return
    cells, S = world.cells, world.sectors.shape[1]
    number, weight = work.totals[STARTUPS], work.totals[WEIGHT]
    mean = startup_mean(setting, world, cell // S, cell % S, number, cells[at.C_STARTUP_MEAN, cell], weight)
    cells[at.C_STARTUP_MEAN, cell] = mean
    finite = np.isfinite(mean)
    for row in range(at.C_CHECKED):
        finite = finite & np.isfinite(cells[row, cell])
    if not finite:
        work.bad[0] = 1  # whoever else writes it writes the same


@stage
def check_region(_setting, world, work, _records, r):
    """Whether the next state of a region is finite."""
    if not running(work):
        return
    finite = True
    for row in range(at.R_NEXT):
        finite = finite & np.isfinite(world.regions[at.R_NEXT + row, r])
    if not finite:
        work.bad[0] = 1


@stage
def verdict(_setting, world, work, _records, _i):
    """Stop a world whose numbers are not all finite."""
    if running(work) and work.bad[0] != 0 and find_not_finite(world, work):
        work.status[0] = NOT_FINITE


@stage
def draw_of_cell(setting, world, work, _records, cell):
    """Number of start-ups of a cell."""
    if not running(work):
        return
    mean = world.cells[at.C_STARTUP_MEAN, cell]
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    w0, w1, _, _ = draw(np.uint64(cell), period, STARTUP_COUNT, seed, replicate)
    some = uniform53(w0, w1) >= exp(-mean) or mean > LARGEST_PART
    world.counts[at.N_STARTUPS, cell] = draw_poisson(mean, cell, period, seed, replicate) if some else 0
