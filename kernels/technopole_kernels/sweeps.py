"""The two sweeps of a period over the firms of one tile."""

from technopole_kernels._jit import stage
from technopole_kernels.accounts import count_fates, decide_fates, settle_firms
from technopole_kernels.ahead import fetch_for_settling, is_large
from technopole_kernels.barter import barter
from technopole_kernels.entry import choose_homes
from technopole_kernels.innovation import budget_research, draw_events, innovate
from technopole_kernels.learning import learn
from technopole_kernels.market import rate_firms, shock_demand, sum_market
from technopole_kernels.mean_field import meet_field
from technopole_kernels.meeting import draw_meetings, meet_partners
from technopole_kernels.observe import count_sizes
from technopole_kernels.science import change_ties


@stage
def learn_and_compete(setting, world, tile):
    """First sweep: new knowledge, research, innovation, prices and fitness of a tile."""
    if setting.params[0].learning_rule == 0:
        draw_meetings(setting, world, tile)
        meet_partners(setting, world, tile)
    elif setting.params[0].learning_rule == 1:
        barter(world, tile)
    else:
        meet_field(setting, world, tile)
    learn(setting, world, tile)
    draw_events(setting, world, tile)
    change_ties(setting, world, tile)
    budget_research(setting, world, tile)
    innovate(setting, world, tile)
    rate_firms(setting, world, tile)
    shock_demand(setting, world, tile)
    sum_market(setting, world, tile)


@stage
def settle_and_decide(setting, world, tile):
    """Second sweep: shares, accounts, exits and spin-offs of a tile, and what is observed of it."""
    if is_large(world):
        fetch_for_settling(setting, world, tile)
    settle_firms(setting, world, tile)
    decide_fates(setting, world, tile)
    count_fates(world, tile)
    choose_homes(setting, world, tile)
    count_sizes(world, tile)
