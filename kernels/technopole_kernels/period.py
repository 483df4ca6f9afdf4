"""One period on one page: the stages of docs/MODEL.md in order.

The state is read, and only at the end written: a period that needs more room or meets a number that is not finite
leaves the world as it was.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.accounts import split_overhead
from technopole_kernels.barter import pair_cells
from technopole_kernels.check import find_not_finite
from technopole_kernels.demography import (
    count_population,
    found_entrants,
    move_survivors,
    place_entrants,
    scale_shares,
)
from technopole_kernels.entry import draw_startups, mean_startups
from technopole_kernels.institutions import build_institutions, build_reputation, sum_nation
from technopole_kernels.labour import move_workers, set_wages
from technopole_kernels.market import settle_market
from technopole_kernels.mean_field import make_targets, make_upper_means
from technopole_kernels.prepare import (
    collect_start,
    prepare_cells,
    prepare_demand,
    prepare_regions,
    sum_tile_start,
)
from technopole_kernels.reduce import copy_all, set_all
from technopole_kernels.science import advance_pipeline
from technopole_kernels.sharing import share_costs
from technopole_kernels.spillover import make_pools, make_upgrading
from technopole_kernels.status import Status
from technopole_kernels.sweeps import learn_and_compete, settle_and_decide
from technopole_kernels.tiles import collect_cells, cut_tiles, take_tile

DONE, NEED_CAPACITY, NOT_FINITE = int(Status.DONE), int(Status.NEED_CAPACITY), int(Status.NOT_FINITE)


@stage
def step(setting, world, problem):
    """Advance a world by one period; returns a ``Status``. To be called from compiled code (see drive.py)."""
    params, constants = setting.params[0], setting.constants
    cut_tiles(world, world.regions.shape[1], world.sectors.shape[1])
    tiles = world.clock[at.TILES]

    prepare_demand(setting, world)
    for tile in range(tiles):
        sum_tile_start(setting, world, take_tile(world, tile))
    collect_start(setting, world)
    prepare_regions(setting, world)
    prepare_cells(setting, world)
    make_pools(constants, world)
    make_upgrading(constants, world)
    if params.learning_rule == 1:
        pair_cells(setting, world)
    if params.learning_rule == 2:
        make_upper_means(world)
        make_targets(constants, world)
    if params.sharing_rule != 0:
        share_costs(setting, world)

    for tile in range(tiles):
        learn_and_compete(setting, world, take_tile(world, tile))
    collect_cells(world, at.E_INNOVATIONS, at.E_SHARE_SQUARED)
    settle_market(setting, world)
    set_all(world.sizes, 0)
    for tile in range(tiles):
        settle_and_decide(setting, world, take_tile(world, tile))
    collect_cells(world, at.E_SHARE_SQUARED, at.C_SUMS)
    split_overhead(constants, world)

    advance_pipeline(setting, world)
    set_wages(setting, world)
    move_workers(setting, world)
    sum_nation(world)
    build_institutions(setting, world)
    build_reputation(setting, world)
    mean_startups(setting, world)
    if find_not_finite(world, problem):
        return NOT_FINITE
    draw_startups(setting, world)
    room = count_population(setting, world)
    if room > world.firms.shape[1]:
        problem.where[0] = room
        return NEED_CAPACITY
    place_entrants(setting, world)
    found_entrants(setting, world)
    scale_shares(setting, world)
    move_survivors(world)
    commit(world)
    return DONE


@stage
def commit(world):
    """Make the next state of regions, sectors and cells the current one."""
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
    world.clock[at.PERIOD] += 1
