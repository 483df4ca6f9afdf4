"""Launches that make the next state the current one, and record what was observed."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.grid.common import running, sum_of_sector
from technopole_kernels.record import SOURCE, cell_value, region_value, standard_deviation


@stage
def commit_cell(_setting, world, work, _records, cell):
    """Reputation of a cell and where its firms begin."""
    if running(work):
        world.cells[at.C_REPUTATION, cell] = world.cells[at.C_NEXT_REPUTATION, cell]
        world.offsets[cell] = world.new_offsets[cell]


@stage
def commit_region(_setting, world, work, _records, r):
    """State of a region."""
    if running(work):
        for row in range(at.R_NEXT):
            world.regions[row, r] = world.regions[at.R_NEXT + row, r]


@stage
def commit_sector(_setting, world, work, _records, k):
    """State of a sector."""
    if running(work):
        for row in range(at.S_NEXT):
            world.sectors[row, k] = world.sectors[at.S_NEXT + row, k]


@stage
def count_sizes(_setting, world, work, _records, size_class):
    """Number of firms of a size; the counters begin anew."""
    if not running(work):
        return
    firms = 0
    for copy in range(work.sizes.shape[0]):
        firms += work.sizes[copy, size_class]
    for copy in range(work.sizes.shape[0]):
        work.sizes[copy, size_class] = 0
    world.sizes[size_class] = firms


@stage
def commit(_setting, world, work, _records, _i):
    """Norms of the first period, the end of the last cell and the clock."""
    if not running(work):
        return
    economy = world.economy
    if world.clock[at.PERIOD] == 0:
        economy[at.NORM_TAX] = economy[at.NATIONAL_TAX]
        economy[at.NORM_RESEARCH] = economy[at.NATIONAL_RESEARCH]
    world.offsets[world.cells.shape[1]] = world.new_offsets[world.cells.shape[1]]
    world.clock[at.PERIOD] += 1


@device
def row_of(world, work):
    """Row of the records for the period just finished; -1 if it is not its turn."""
    period, stride = world.clock[at.PERIOD], work.stride[0]
    return period // stride - 1 if running(work) and period % stride == 0 else -1


@stage
def record_cell(_setting, world, work, records, cell):
    """Recorded variables of a cell."""
    row = row_of(world, work)
    if row >= 0:
        for j in range(records.cell_variables.size):
            variable = records.cell_variables[j]
            records.cells[row, j, cell] = cell_value(world, variable, SOURCE[variable], cell)


@stage
def record_region(_setting, world, work, records, r):
    """Recorded variables of a region."""
    row = row_of(world, work)
    if row >= 0:
        for j in range(records.region_variables.size):
            records.regions[row, j, r] = region_value(world, records.region_variables[j], r)


@stage
def record_sector(_setting, world, work, records, k):
    """Recorded variables of a sector."""
    row = row_of(world, work)
    if row < 0:
        return
    cells, S = world.cells, world.sectors.shape[1]
    for j in range(records.sector_variables.size):
        variable = records.sector_variables[j]
        if variable == 0:
            value = world.sectors[at.S_MARKET, k]
        elif variable == 1:
            value = sum_of_sector(cells, at.E_SHARE_SQUARED, S, k)
        else:
            total, squares = (
                sum_of_sector(cells, at.E_EFFICIENCY, S, k), sum_of_sector(cells, at.E_EFFICIENCY_SQUARED, S, k)
            )  # fmt: skip
            value = standard_deviation(total, squares, world.sectors[at.S_FIRMS, k])
        records.sectors[row, j, k] = value


@stage
def record_sizes(_setting, world, work, records, size_class):
    """Firms of a size, if they are recorded."""
    row = row_of(world, work)
    if row >= 0 and records.sizes.shape[0] > 0:
        records.sizes[row, size_class] = world.sizes[size_class]
