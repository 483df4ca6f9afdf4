"""The two sweeps of a period over the firms of one tile."""

from technopole_kernels._jit import stage
from technopole_kernels.accounts import (
    close_accounts,
    count_fates,
    decide_fates,
    sum_accounts,
)
from technopole_kernels.ahead import fetch_for_settling, is_large
from technopole_kernels.barter import barter
from technopole_kernels.entry import choose_homes
from technopole_kernels.innovation import (
    budget_research,
    draw_events,
    innovate,
)
from technopole_kernels.learning import absorb, learn
from technopole_kernels.market import (
    fill_overhead,
    make_efficiency,
    rate_fitness,
    set_prices,
    set_shares,
    shock_demand,
    sum_market,
)
from technopole_kernels.mean_field import meet_field
from technopole_kernels.meeting import draw_meetings, meet_partners
from technopole_kernels.observe import count_sizes, observe_knowledge
from technopole_kernels.science import change_ties, upgrade_and_read
from technopole_kernels.spread import spread_books, spread_knowledge, spread_market, spread_research


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
    spread_knowledge(setting, world, tile)
    absorb(setting, world, tile)
    learn(setting, world, tile)
    upgrade_and_read(setting, world, tile)
    draw_events(setting, world, tile)
    change_ties(setting, world, tile)
    spread_research(setting, world, tile)
    budget_research(setting, world, tile)
    innovate(setting, world, tile)
    spread_market(setting, world, tile)
    fill_overhead(setting, world, tile)
    make_efficiency(world, tile)
    set_prices(setting, world, tile)
    rate_fitness(setting, world, tile)
    shock_demand(setting, world, tile)
    sum_market(setting, world, tile)
    observe_knowledge(world, tile)


@stage
def settle_and_decide(setting, world, tile):
    """Second sweep: shares, accounts, exits and spin-offs of a tile, and what is observed of it."""
    if is_large(world):
        fetch_for_settling(world, tile)
    spread_books(setting, world, tile)
    set_shares(setting, world, tile)
    close_accounts(setting, world, tile)
    sum_accounts(world, tile)
    decide_fates(setting, world, tile)
    count_fates(world, tile)
    choose_homes(setting, world, tile)
    count_sizes(world, tile)
