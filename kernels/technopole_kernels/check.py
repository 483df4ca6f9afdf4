"""Looking for numbers that are not finite before a period is made final."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel


@kernel
def find_not_finite(world, problem):
    """Whether a total of the period is not finite; ``problem.where`` then holds period, region, sector and variable.

    The variable is a column of the sums of the second sweep, or ``END`` for a region's wage and ``END + 1`` for its
    workforce.
    """
    totals = world.totals
    S = totals.demand.size
    for kind in range(at.END):
        row = totals.end[kind]
        for cell in range(row.size):
            if not np.isfinite(row[cell]):
                _report(world, problem, cell // S, cell % S, kind)
                return True
    for r in range(totals.contact.size):
        if not np.isfinite(totals.next_regions.wage[r]):
            _report(world, problem, r, -1, at.END)
            return True
        if not np.isfinite(totals.next_regions.workforce[r]):
            _report(world, problem, r, -1, at.END + 1)
            return True
    for cell in range(totals.startup_mean.size):
        if not np.isfinite(totals.startup_mean[cell]):
            _report(world, problem, cell // S, cell % S, at.END + 2)
            return True
    return False


@kernel
def _report(world, problem, region, sector, variable):
    problem.where[0] = world.clock[at.PERIOD]
    problem.where[1] = region
    problem.where[2] = sector
    problem.where[3] = variable
