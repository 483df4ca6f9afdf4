"""Copying what was observed of a period into the output arrays (docs/MODEL.md 7.14)."""

from typing import NamedTuple

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.reduce import copy_all, sum_sectors

CELL_VARIABLES = (
    "firms", "small_firms", "exits", "spinoffs", "startups", "innovations", "small_innovations", "patents",
    "sales", "employment", "research_spending", "own_research", "tax", "overhead", "transaction_cost", "payout",
    "organisation", "technology", "sourcing", "quality", "productivity", "price", "reputation",
)  # fmt: skip
REGION_VARIABLES = (
    "workforce", "wage", "trust", "infrastructure", "university", "services", "finance", "labour_demand",
    "contact", "tied_share", "research_lag", "net_migration",
)  # fmt: skip
SECTOR_VARIABLES = ("market", "concentration", "productivity_sd")

# the rows of World.cells behind the cell variables that are plain sums
SOURCE = np.array(
    [-1, at.SMALL_FIRMS, at.E_EXITS, -1, -1, at.E_INNOVATIONS, at.E_SMALL_INNOVATIONS, at.E_PATENTS, -1, -1,
     at.E_RESEARCH, at.E_OWN_RESEARCH, at.E_TAX, at.E_OVERHEAD, at.E_TRANSACTION, at.E_PAYOUT, at.E_ORGANISATION,
     at.E_TECHNOLOGY, at.E_SOURCING, at.E_QUALITY, at.E_EFFICIENCY_SHARE, at.E_PRICE_SHARE, at.C_REPUTATION]
)  # fmt: skip
FIRMS, SPINOFFS, STARTUPS, SALES, EMPLOYMENT, ORGANISATION, PRODUCTIVITY, REPUTATION = (
    0,
    3,
    4,
    8,
    9,
    16,
    20,
    22,
)

_REGION_SOURCE = np.array(
    [at.R_WORKFORCE, at.R_WAGE, at.R_TRUST, at.R_INFRASTRUCTURE, at.R_UNIVERSITY, at.R_SERVICES, at.R_FINANCE,
     at.R_LABOUR_DEMAND, at.R_CONTACT, at.R_TIED, -1, -1]
)  # fmt: skip
RESEARCH_LAG = 10


class Records(NamedTuple):
    """Output of one replicate, a row per recorded period; which variables is said by their numbers."""

    cell_variables: np.ndarray  # (nc,) i64 into CELL_VARIABLES
    region_variables: np.ndarray  # (nr,) i64
    sector_variables: np.ndarray  # (ns,) i64
    cells: np.ndarray  # (T, nc, C)
    regions: np.ndarray  # (T, nr, R)
    sectors: np.ndarray  # (T, ns, S)
    sizes: np.ndarray  # (T, 41) i64, or (0, 41)


@stage
def cell_values(world, variable, out):
    """Values of one cell variable for all cells."""
    source = SOURCE[variable]
    if source >= 0 and not ORGANISATION <= variable < REPUTATION:
        copy_all(world.cells[source], out)
        return
    for cell in range(out.size):
        out[cell] = cell_value(world, variable, source, cell)


@device
def cell_value(world, variable, source, cell):
    """Value of a cell variable that has this row as its source, or none (-1)."""
    cells, sectors, counts = world.cells, world.sectors, world.counts
    operating = cells[at.FIRMS, cell]
    if source >= 0:
        value = cells[source, cell]
    elif variable == FIRMS:
        value = float(world.offsets[cell + 1] - world.offsets[cell])
    elif variable == SPINOFFS:
        value = float(counts[at.N_CHILDREN, cell])
    elif variable == STARTUPS:
        value = float(counts[at.N_STARTUPS, cell])
    elif variable == SALES:
        value = cells[at.E_SHARE, cell] * sectors[at.S_DEMAND, cell % sectors.shape[1]]
    else:
        value = cells[at.E_SHARE, cell] * cells[at.C_LABOUR, cell]
    if ORGANISATION <= variable < PRODUCTIVITY:
        value = value / operating if operating > 0.0 else np.nan
    elif PRODUCTIVITY <= variable < REPUTATION:
        value = value / cells[at.E_SHARE, cell] if cells[at.E_SHARE, cell] > 0.0 else np.nan
    return value


@stage
def region_values(world, variable, out):
    """Values of one region variable for all regions."""
    for r in range(out.size):
        out[r] = region_value(world, variable, r)


@device
def region_value(world, variable, r):
    """Value of a region variable."""
    regions, row = world.regions, _REGION_SOURCE[variable]
    if row >= 0:
        return regions[row, r]
    if variable == RESEARCH_LAG:
        return 3.0 / regions[at.R_LEAVING, r]
    return regions[at.R_INFLOW, r] - regions[at.R_OUTGOING, r]


@stage
def sector_values(world, variable, out):
    """Values of one sector variable for all sectors."""
    cells, sectors = world.cells, world.sectors
    if variable == 0:
        copy_all(sectors[at.S_MARKET], out)
        return
    if variable == 1:
        sum_sectors(cells[at.E_SHARE_SQUARED], out)
        return
    sums = sectors[at.S_WORK]
    sum_sectors(cells[at.E_EFFICIENCY], sums)
    sum_sectors(cells[at.E_EFFICIENCY_SQUARED], out)
    for k in range(out.size):
        out[k] = standard_deviation(sums[k], out[k], sectors[at.S_FIRMS, k])


@device
def standard_deviation(total, squares, count):
    """Standard deviation of so many values from their sum and that of their squares."""
    mean = total / count if count > 0.0 else np.nan
    return np.sqrt(max(squares / count - mean * mean, 0.0)) if count > 0.0 else np.nan


@stage
def record_period(world, records, row):
    """Write the chosen variables of the period just finished into row ``row``."""
    for j in range(records.cell_variables.size):
        cell_values(world, records.cell_variables[j], records.cells[row, j])
    for j in range(records.region_variables.size):
        region_values(world, records.region_variables[j], records.regions[row, j])
    for j in range(records.sector_variables.size):
        sector_values(world, records.sector_variables[j], records.sectors[row, j])
    if records.sizes.shape[0] > 0:
        copy_all(world.sizes, records.sizes[row])
