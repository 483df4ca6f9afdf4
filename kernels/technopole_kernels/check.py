"""Looking for numbers that are not finite before a period is made final."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels._lanes import load, nothing, spread, total, width

REGION = 1000  # and the row of the region's state
STARTUP_MEAN = 2000


@stage
def has_fault(world):
    """Whether any total of the period may be not finite: those of the cells were looked at when they were collected."""
    cells, regions = world.cells, world.regions
    sound = world.economy[at.FAULT] == 0.0 and all_finite(cells[at.SMALL_SALES])
    sound = sound and all_finite(cells[at.E_TRANSACTION]) and all_finite(cells[at.C_STARTUP_MEAN])
    for row in range(at.R_NEXT):
        sound = sound and all_finite(regions[at.R_NEXT + row])
    return not sound


@stage
def find_not_finite(world, problem):
    """Whether a total of the period is not finite; ``problem.where`` then holds period, region, sector and variable.

    The variable is a row of ``World.cells``, REGION and a row of the regions' state, or STARTUP_MEAN.
    """
    cells, regions = world.cells, world.regions
    S = world.sectors.shape[1]
    for row in range(at.C_CHECKED):
        if not all_finite(cells[row]):
            for cell in range(cells.shape[1]):
                if not np.isfinite(cells[row, cell]):
                    _report(world, problem, cell // S, cell % S, row)
                    return True
    for row in range(at.R_NEXT):
        for r in range(regions.shape[1]):
            if not np.isfinite(regions[at.R_NEXT + row, r]):
                _report(world, problem, r, -1, REGION + row)
                return True
    for cell in range(cells.shape[1]):
        if not np.isfinite(cells[at.C_STARTUP_MEAN, cell]):
            _report(world, problem, cell // S, cell % S, STARTUP_MEAN)
            return True
    return False


@stage
def all_finite(values):
    """Whether all values of a row are finite: 0 times anything else is not a number."""
    zero = spread(0.0, values)
    lanes = nothing(values)
    for i in range(0, values.size, width(values)):
        lanes = lanes + zero * load(values, i, values.size - i)
    return total(lanes) == 0.0


@stage
def _report(world, problem, region, sector, variable):
    problem.where[0] = world.clock[at.PERIOD]
    problem.where[1] = region
    problem.where[2] = sector
    problem.where[3] = variable
