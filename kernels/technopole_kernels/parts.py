"""The parts of a period, each made of stages of docs/MODEL.md; period.py puts them in order."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.barter import pair_cells
from technopole_kernels.check import find_not_finite, has_fault
from technopole_kernels.collect import add_parts, collect_end, collect_rest, collect_start
from technopole_kernels.demography import count_population, place_children
from technopole_kernels.entry import draw_startups, mean_startups
from technopole_kernels.halves import rest
from technopole_kernels.institutions import build_institutions, build_reputation, sum_nation
from technopole_kernels.labour import move_workers, set_wages
from technopole_kernels.market import settle_market
from technopole_kernels.mean_field import make_targets, make_upper_means
from technopole_kernels.prepare import (
    prepare_cells,
    prepare_demand,
    prepare_regions,
    sum_start,
    sum_tile_start,
)
from technopole_kernels.reduce import copy_all, set_all
from technopole_kernels.science import advance_pipeline
from technopole_kernels.sharing import share_costs
from technopole_kernels.spillover import mix_all_sectors, pool_groups
from technopole_kernels.status import Status
from technopole_kernels.sweeps import learn_and_compete, settle_and_decide
from technopole_kernels.tiles import cut_tiles, take_tile

DONE, NEED_CAPACITY, NOT_FINITE = int(Status.DONE), int(Status.NEED_CAPACITY), int(Status.NOT_FINITE)


@stage
def open_period(setting, world):
    """Cut the world into tiles and find the demand of the period; returns the number of tiles."""
    cut_tiles(world, world.regions.shape[1], world.sectors.shape[1])
    prepare_demand(setting, world)
    set_all(world.sizes, 0)
    world.economy[at.FAULT] = 0.0
    return world.clock[at.TILES]


@stage
def sum_tiles(setting, world, first, last):
    """Sums at the start of the period, by segment."""
    for tile in range(first, last):
        sum_tile_start(setting, world, take_tile(world, tile))


@stage
def prepare(setting, world):
    """What firms find in their regions, cells and sectors: indices, costs, pools, partners."""
    collect_start(world, 0, world.regions.shape[1])
    prepare_without_pools(setting, world)
    pool_in_groups(setting, world, 0, setting.constants.group_start.size - 1)


@stage
def prepare_without_pools(setting, world):
    """The same up to the sums over regions in reach, when those over the firms of a cell are known."""
    params, constants = setting.params[0], setting.constants
    sum_start(setting, world)
    prepare_regions(setting, world)
    prepare_cells(setting, world)
    mix_all_sectors(constants, world)
    if params.learning_rule == 1:
        pair_cells(setting, world)
    if params.learning_rule == 2:
        make_upper_means(world)
        make_targets(constants, world)
    if params.sharing_rule != 0:
        share_costs(setting, world)


@stage
def pool_in_groups(setting, world, first, last):
    """Spillover pools of some groups of regions."""
    pool_groups(setting.constants, world, first, last)


@stage
def learn_and_compete_in_tiles(setting, world, first, last):
    """First sweep over the firms."""
    for tile in range(first, last):
        learn_and_compete(setting, world, take_tile(world, tile))


@stage
def settle(setting, world):
    """Clear the markets."""
    add_parts(world, 0, world.clock[at.SEGMENTS], at.M_ONE, at.E_SHARE_SQUARED)
    settle_market(setting, world)


@stage
def settle_and_decide_in_tiles(setting, world, first, last):
    """Second sweep over the firms."""
    for tile in range(first, last):
        settle_and_decide(setting, world, take_tile(world, tile))


@stage
def close(setting, world, problem):
    """Regions, institutions and the number of entrants; returns a ``Status``. Nothing of the state is written yet."""
    collect_end(world, 0, world.regions.shape[1])
    status = close_regions(setting, world, problem)
    if status == DONE:
        draw_startups(setting, world, 0, world.cells.shape[1])
        status = place_entrants(world, problem)
    return status


@stage
def close_regions(setting, world, problem):
    """The same up to the expected numbers of start-ups, when it is known of all cells what their firms did."""
    advance_pipeline(setting, world)
    set_wages(setting, world)
    move_workers(setting, world)
    sum_nation(world)
    build_institutions(setting, world)
    build_reputation(setting, world)
    mean_startups(setting, world)
    if has_fault(world):
        collect_rest(world)
        if find_not_finite(world, problem):
            return NOT_FINITE
    return DONE


@stage
def place_entrants(world, problem):
    """The rest of it: who will stand where."""
    room = count_population(world)
    if room > world.firms.shape[1]:
        problem.where[0] = room
        return NEED_CAPACITY
    place_children(world)
    return DONE


@stage
def commit(world):
    """Make the next state the current one, for those who look at it."""
    go_on(world)
    rest(world)


@stage
def go_on(world):
    """Make the next state the current one, before ``rest``."""
    cells, sectors, economy = world.cells, world.sectors, world.economy
    regions = world.regions
    if world.clock[at.PERIOD] == 0:
        economy[at.NORM_TAX] = economy[at.NATIONAL_TAX]
        economy[at.NORM_RESEARCH] = economy[at.NATIONAL_RESEARCH]
    for row in range(at.R_NEXT):
        copy_all(regions[at.R_NEXT + row], regions[row])
    for row in range(at.S_NEXT):
        copy_all(sectors[at.S_NEXT + row], sectors[row])
    copy_all(cells[at.C_NEXT_REPUTATION], cells[at.C_REPUTATION])
    copy_all(world.new_offsets, world.offsets)
    economy[at.HALF] = 1.0 - economy[at.HALF]
    world.clock[at.PERIOD] += 1
