"""One period on one page: the stages of docs/MODEL.md in order.

The state is read, and only at the end written: a period that needs more room or meets a number that is not finite
leaves the world as it was.
"""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.barter import pair_cells
from technopole_kernels.check import find_not_finite
from technopole_kernels.demography import count_population, found_entrants, move_survivors, scale_shares
from technopole_kernels.entry import draw_startups, mean_startups
from technopole_kernels.institutions import build_institutions, build_reputation, sum_nation
from technopole_kernels.labour import move_workers, set_wages
from technopole_kernels.market import settle_market
from technopole_kernels.mean_field import make_targets, make_upper_means
from technopole_kernels.prepare import collect_start, prepare_cells, prepare_demand, prepare_regions, sum_tile_start
from technopole_kernels.science import advance_pipeline
from technopole_kernels.sharing import share_costs
from technopole_kernels.spillover import make_pools, make_upgrading
from technopole_kernels.status import Status
from technopole_kernels.sweeps import learn_and_compete, settle_and_decide
from technopole_kernels.tiles import collect_cells, cut_tiles

DONE, NEED_CAPACITY, NOT_FINITE = int(Status.DONE), int(Status.NEED_CAPACITY), int(Status.NOT_FINITE)


@kernel
def step(setting, world, problem):
    """Advance a world by one period; returns a ``Status``."""
    params, constants, totals = setting.params, setting.constants, world.totals
    cut_tiles(world, totals.contact.size, totals.demand.size)
    tiles = world.clock[at.TILES]

    prepare_demand(setting, world)
    for tile in range(tiles):
        sum_tile_start(setting, world, tile)
    collect_start(setting, world)
    prepare_regions(setting, world)
    prepare_cells(setting, world)
    make_pools(constants, totals)
    make_upgrading(constants, totals)
    if params.learning_rule == 1:
        pair_cells(setting, world)
    if params.learning_rule == 2:
        make_upper_means(world)
        make_targets(constants, world)
    if params.sharing_rule != 0:
        share_costs(setting, world)

    for tile in range(tiles):
        learn_and_compete(setting, world, tile)
    collect_cells(world, totals.end, 0, at.END_FIRST_SWEEP)
    settle_market(setting, world)
    totals.sizes[:] = 0
    for tile in range(tiles):
        settle_and_decide(setting, world, tile)
    collect_cells(world, totals.end, at.END_FIRST_SWEEP, at.END)

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
    if room > world.firms.share.size:
        problem.where[0] = room
        return NEED_CAPACITY
    found_entrants(setting, world)
    scale_shares(setting, world)
    move_survivors(world)
    commit(world)
    return DONE


@kernel
def commit(world):
    """Make the next state of regions, sectors and cells the current one."""
    totals, regions, following = world.totals, world.regions, world.totals.next_regions
    if world.clock[at.PERIOD] == 0:
        world.norms[0] = totals.economy[at.NATIONAL_TAX]
        world.norms[1] = totals.economy[at.NATIONAL_RESEARCH]
    regions.workforce[:] = following.workforce
    regions.wage[:] = following.wage
    regions.trust[:] = following.trust
    regions.infrastructure[:] = following.infrastructure
    regions.university[:] = following.university
    regions.services[:] = following.services
    regions.finance[:] = following.finance
    regions.pipeline[:] = following.pipeline
    world.reputation[:] = totals.next_reputation
    world.sectors.market[:] = totals.next_sectors.market
    world.sectors.fitness_level[:] = totals.next_sectors.fitness_level
    world.sectors.knowledge[:] = totals.next_sectors.knowledge
    world.offsets[:] = totals.new_offsets
    world.clock[at.PERIOD] += 1
