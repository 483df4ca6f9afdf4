"""Copying what was observed of a period into the output arrays (docs/MODEL.md 7.14)."""

from typing import NamedTuple

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel

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

# columns of the start (below 100) and end sums (100 and above) behind the cell variables that are plain sums
_SOURCE = np.array(
    [-1, at.SMALL_FIRMS, 100 + at.E_EXITS, -1, -1, 100 + at.E_INNOVATIONS,
     100 + at.E_SMALL_INNOVATIONS, 100 + at.E_PATENTS, -1, -1, 100 + at.E_RESEARCH, 100 + at.E_OWN_RESEARCH,
     100 + at.E_TAX, 100 + at.E_OVERHEAD, 100 + at.E_TRANSACTION, 100 + at.E_PAYOUT, 100 + at.E_ORGANISATION,
     100 + at.E_TECHNOLOGY, 100 + at.E_SOURCING, 100 + at.E_QUALITY, 100 + at.E_EFFICIENCY_SHARE,
     100 + at.E_PRICE_SHARE, -1]
)  # fmt: skip
FIRMS, SPINOFFS, STARTUPS, SALES, EMPLOYMENT, ORGANISATION, PRODUCTIVITY, REPUTATION = 0, 3, 4, 8, 9, 16, 20, 22


class Records(NamedTuple):
    """Output of one replicate, a row per recorded period; which variables is said by their numbers."""

    cell_variables: np.ndarray  # (nc,) i64 into CELL_VARIABLES
    region_variables: np.ndarray  # (nr,) i64
    sector_variables: np.ndarray  # (ns,) i64
    cells: np.ndarray  # (T, nc, C)
    regions: np.ndarray  # (T, nr, R)
    sectors: np.ndarray  # (T, ns, S)
    sizes: np.ndarray  # (T, 41) i64, or (0, 41)


@kernel
def cell_values(world, variable, out):
    """Values of one cell variable for all cells."""
    totals = world.totals
    S = totals.demand.size
    source = _SOURCE[variable]
    for cell in range(out.size):
        operating = totals.start[at.FIRMS, cell]
        if source >= 100:
            value = totals.end[source - 100, cell]
        elif source >= 0:
            value = totals.start[source, cell]
        elif variable == FIRMS:
            value = float(world.offsets[cell + 1] - world.offsets[cell])
        elif variable == SPINOFFS:
            value = float(totals.children[cell])
        elif variable == STARTUPS:
            value = float(totals.startups[cell])
        elif variable == SALES:
            value = totals.end[at.E_SHARE, cell] * totals.demand[cell % S]
        elif variable == EMPLOYMENT:
            value = totals.end[at.E_SHARE, cell] * totals.labour_per_share[cell]
        else:
            value = world.reputation[cell]
        if ORGANISATION <= variable < PRODUCTIVITY:
            value = value / operating if operating > 0.0 else np.nan
        elif PRODUCTIVITY <= variable < REPUTATION:
            value = value / totals.end[at.E_SHARE, cell] if totals.end[at.E_SHARE, cell] > 0.0 else np.nan
        out[cell] = value


@kernel
def region_values(setting, world, variable, out):
    """Values of one region variable for all regions."""
    totals, regions = world.totals, world.regions
    stocks = (
        regions.workforce, regions.wage, regions.trust, regions.infrastructure, regions.university, regions.services,
        regions.finance, totals.labour_demand, totals.contact, totals.tied,
    )  # fmt: skip
    for r in range(out.size):
        if variable < 10:
            out[r] = stocks[variable][r]
        elif variable == 10:
            out[r] = 3.0 / totals.leaving[r]
        else:
            out[r] = totals.inflow[r] - totals.outgoing[r]


@kernel
def sector_values(world, variable, out):
    """Values of one sector variable for all sectors."""
    totals = world.totals
    S = out.size
    for k in range(S):
        if variable == 0:
            out[k] = world.sectors.market[k]
            continue
        first = 0.0
        second = 0.0
        for cell in range(k, totals.survivors.size, S):
            first += totals.end[at.E_EFFICIENCY, cell]
            second += totals.end[at.E_EFFICIENCY_SQUARED if variable == 2 else at.E_SHARE_SQUARED, cell]
        count = totals.sector_firms[k]
        if variable == 1:
            out[k] = second if count > 0.0 else np.nan
        else:
            mean = first / count if count > 0.0 else np.nan
            out[k] = np.sqrt(max(second / count - mean * mean, 0.0)) if count > 0.0 else np.nan


@kernel
def record_period(setting, world, records, row):
    """Write the chosen variables of the period just finished into row ``row``."""
    for j in range(records.cell_variables.size):
        cell_values(world, records.cell_variables[j], records.cells[row, j])
    for j in range(records.region_variables.size):
        region_values(setting, world, records.region_variables[j], records.regions[row, j])
    for j in range(records.sector_variables.size):
        sector_values(world, records.sector_variables[j], records.sectors[row, j])
    if records.sizes.shape[0] > 0:
        records.sizes[row] = world.totals.sizes
