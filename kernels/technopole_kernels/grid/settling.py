"""Launches between those over the firms and behind them: sums, the market, labour, institutions, reputation."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.grid.common import collect, running, sum_of_sector
from technopole_kernels.grid.work import (
    BEFORE,
    EMPLOYMENT,
    INNOVATIONS,
    MEAN_SUCCESS,
    RESEARCH,
    STAYERS,
    TAX,
    WHOLE,
    WORKFORCE,
)
from technopole_kernels.institutions import build_region, next_reputation, rate_success, set_nation
from technopole_kernels.labour import movers_to, rate_region, set_wage, settle_workforce, sum_attraction
from technopole_kernels.market import combined, settle_sector
from technopole_kernels.prepare import policy_cell_at
from technopole_kernels.science import advance_research


@stage
def collect_first(_setting, world, work, _records, i):
    """Total of a cell and one of the sums of the first two launches over the firms."""
    if running(work):
        C = world.cells.shape[1]
        collect(world, work, at.E_INNOVATIONS + i // C, i % C)


@stage
def market_of_sector(setting, world, work, _records, k):
    """Clear the market of a sector."""
    if not running(work):
        return
    cells, S = world.cells, world.sectors.shape[1]
    moved, fitness = sum_of_sector(cells, at.M_ONE, S, k), sum_of_sector(cells, at.E_FITNESS, S, k)
    settle_sector(setting, world, k, moved, fitness, sum_of_sector(cells, at.W_ONE, S, k))


@stage
def shares_of_cell(_setting, world, work, _records, cell):
    """Sums of a cell weighted by the new shares."""
    if not running(work):
        return
    cells, k = world.cells, cell % world.sectors.shape[1]
    keep, win = world.sectors[at.S_KEEP, k], world.sectors[at.S_WIN, k]
    for j in range(at.E_TRANSACTION - at.E_SHARE):
        cells[at.E_SHARE + j, cell] = combined(keep, cells[at.M_ONE + j, cell], win, cells[at.W_ONE + j, cell])


@stage
def collect_second(_setting, world, work, _records, i):
    """Total of a cell and one of the sums of the third launch over the firms."""
    if running(work):
        C = world.cells.shape[1]
        collect(world, work, at.E_SHARE_SQUARED + i // C, i % C)


@stage
def close_cell(_setting, world, work, _records, cell):
    """Transaction cost and survivors of a cell."""
    if not running(work):
        return
    rate = world.regions[at.R_TRANSACTION, cell // world.sectors.shape[1]]
    world.cells[at.E_TRANSACTION, cell] = rate * world.cells[at.E_LOADED, cell]
    survivors = 0
    for segment in range(work.cell_segment[cell], work.cell_segment[cell + 1]):
        work.segment_counts[BEFORE, segment] = survivors
        survivors += work.segment_counts[STAYERS, segment]
    world.counts[at.N_SURVIVORS, cell] = survivors


@stage
def close_region(setting, world, work, _records, r):
    """Pipeline, wage and attraction of a region."""
    if running(work):
        advance_research(setting, world, r)
        set_wage(setting, world, r)
        rate_region(setting, world, r)


@stage
def leave_region(setting, world, work, _records, r):
    """Who leaves a region, and what they choose from."""
    if running(work):
        work.region_values[WHOLE, r] = sum_attraction(setting.constants, world.regions, r)
        outgoing = setting.params[0].mobility_rate * world.regions[at.R_WORKFORCE, r]
        world.regions[at.R_OUTGOING, r] = outgoing


@stage
def reach_region(setting, world, work, _records, r):
    """Who comes to a region, from the regions in their order."""
    if not running(work):
        return
    regions, constants = world.regions, setting.constants
    inflow = 0.0
    for j in range(work.incoming_start[r], work.incoming_start[r + 1]):
        source = work.incoming_source[j]
        movers, whole = regions[at.R_OUTGOING, source], work.region_values[WHOLE, source]
        proximity = constants.proximity[work.incoming_entry[j]]
        inflow += movers_to(movers, proximity, regions[at.R_ATTRACTION, r], whole)
    regions[at.R_INFLOW, r] = inflow
    settle_workforce(setting.params[0], regions, r)


@stage
def total_of_cells(_setting, world, work, _records, which):
    """Sum of one quantity over all cells, one after the other as the CPU's kernels add them up."""
    if not running(work):
        return
    row = at.E_TAX if which == TAX else (at.E_RESEARCH if which == RESEARCH else at.E_INNOVATIONS)
    values = work.cell_values if which == EMPLOYMENT else world.cells[row]
    total = 0.0
    for cell in range(values.size):
        total += values[cell]
    work.totals[which] = total


@stage
def success_of_region(setting, world, work, _records, r):
    """Appeal of a region to investors, in the place of its attraction."""
    if running(work):
        success = rate_success(setting, world, r, work.totals[INNOVATIONS])
        world.regions[at.R_ATTRACTION, r] = success


@stage
def nation(_setting, world, work, _records, _i):
    """National tax, research and mean success."""
    if not running(work):
        return
    regions = world.regions
    weighted = workforce = 0.0
    for r in range(regions.shape[1]):
        weighted += regions[at.R_WORKFORCE, r] * regions[at.R_ATTRACTION, r]
        workforce += regions[at.R_WORKFORCE, r]
    set_nation(world.economy, work.totals[TAX], work.totals[RESEARCH], workforce)
    work.totals[MEAN_SUCCESS] = weighted / workforce
    work.totals[WORKFORCE] = workforce


@stage
def stocks_of_region(setting, world, work, _records, r):
    """Next period's stocks and trust of a region."""
    if running(work):
        build_region(setting, world, r, world.regions[at.R_ATTRACTION, r], work.totals[MEAN_SUCCESS])


@stage
def close_sector(_setting, world, work, _records, k):
    """Quality and share of a sector, for the names of its places, and its employment."""
    if not running(work):
        return
    cells, sectors, S = world.cells, world.sectors, world.sectors.shape[1]
    sectors[at.S_WORK, k] = sum_of_sector(cells, at.E_QUALITY_SHARE, S, k)
    sectors[at.S_WORK + 1, k] = sum_of_sector(cells, at.E_SHARE, S, k)
    employment = 0.0
    for cell in range(k, cells.shape[1], S):
        employment += work.cell_values[cell]
    sectors[at.S_EMPLOYMENT, k] = employment


@stage
def name_of_cell(setting, world, work, _records, cell):
    """Next period's reputation of a cell."""
    if not running(work):
        return
    cells, sectors, S = world.cells, world.sectors, world.sectors.shape[1]
    r, k = cell // S, cell % S
    quality, share = sectors[at.S_WORK, k], sectors[at.S_WORK + 1, k]
    marketing = policy_cell_at(setting.policy.cells[at.P_REPUTATION], world.clock[at.PERIOD], r, k)
    cells[at.C_NEXT_REPUTATION, cell] = next_reputation(
        cells[at.C_REPUTATION, cell], cells[at.E_NAME_QUALITY, cell], cells[at.E_NAME_SHARE, cell],
        quality / share if share > 0.0 else 0.0, marketing, setting.params[0].reputation_rate,
    )  # fmt: skip
