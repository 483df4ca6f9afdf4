"""Looking at what a host has changed before a period begins: finite, within bounds, shares that add up to one."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._held import hold
from technopole_kernels._jit import kernel, stage
from technopole_kernels._kinds import by_kind

FINE, OUTSIDE, SHARES = 0, 11, 12  # none but the first is a Status: what is told apart cannot be taken for another
TOLERANCE, TOLERANCE_SINGLE = 1e-9, 1e-5  # of the sum of the shares of a sector
# rows of the limits: of the firms; their age and tie; of the regions; reputation; of the sectors; norms
L_FIRMS = 0
L_AGE, L_TIE = at.F_ROWS, at.F_ROWS + 1
L_REGIONS = L_TIE + 1
L_REPUTATION = L_REGIONS + at.R_NEXT
L_SECTORS = L_REPUTATION + 1
L_NORMS = L_SECTORS + at.S_NEXT
L_ROWS = L_NORMS + 2


@kernel
def check_state(world, problem, limits, firms):
    """Whether the state is one that a period can begin with; ``firms`` is 0 to leave the firms out.

    ``limits`` holds the least and greatest value of each row. ``problem.where`` then holds the row and the place in it,
    or the sector.
    """
    its = hold(world)
    return find_outside(its, problem, limits, firms)


@stage
def find_outside(world, problem, limits, firms):
    """First value that is outside of its limits, or sector whose shares do not add up."""
    for row in range(at.R_NEXT):
        if outside(world.regions[row], limits, L_REGIONS + row, problem):
            return OUTSIDE
    if outside(world.cells[at.C_REPUTATION], limits, L_REPUTATION, problem):
        return OUTSIDE
    for row in range(at.S_NEXT):
        if outside(world.sectors[row], limits, L_SECTORS + row, problem):
            return OUTSIDE
    if outside(world.economy[at.NORM_TAX : at.NORM_RESEARCH + 1], limits, L_NORMS, problem):
        return OUTSIDE
    if firms == 0:
        return FINE
    living = world.offsets[world.offsets.size - 1]
    for row in range(at.F_ROWS):
        if outside(world.firms[row, :living], limits, L_FIRMS + row, problem):
            return OUTSIDE
    if outside(world.age[at.NOW, :living], limits, L_AGE, problem):
        return OUTSIDE
    if outside(world.tie[at.NOW, :living], limits, L_TIE, problem):
        return OUTSIDE
    return check_shares(world, problem)


@stage
def outside(values, limits, row, problem):
    """Whether a value is outside of the limits of its row, or not a number."""
    low, high = limits[row, 0], limits[row, 1]
    wrong = 0
    for i in range(values.size):
        value = np.float64(values[i])  # the largest limits are no float32
        wrong += 0 if (value >= low) & (value <= high) else 1
    if wrong == 0:
        return False
    for i in range(values.size):
        if not (low <= np.float64(values[i]) <= high):
            problem.where[0] = row
            problem.where[1] = i
            return True
    return False


@stage
def check_shares(world, problem):
    """Whether the shares of each sector that has firms add up to one."""
    S = world.sectors.shape[1]
    tolerance = by_kind(world.firms, TOLERANCE, TOLERANCE_SINGLE)
    for k in range(S):
        total = 0.0
        count = 0
        for cell in range(k, world.cells.shape[1], S):
            count += world.offsets[cell + 1] - world.offsets[cell]
            for i in range(world.offsets[cell], world.offsets[cell + 1]):
                total += world.firms[at.F_SHARE, i]
        if count > 0 and not (abs(total - 1.0) <= tolerance):
            problem.where[0] = k
            return SHARES
    return FINE
