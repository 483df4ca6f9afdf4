"""One period of the model in the order of section 3 of docs/MODEL.md."""

import numpy as np

from . import rng
from .costs import log_agglomeration, overhead_rates, transaction_rate
from .demography import entrants, expected_startups, leaving_firms, merge_firms, spawning_firms
from .learning import absorptive_capacity, contact_probability, learning
from .market import (
    accounts,
    demand_shocks,
    fitness_in_range,
    labour_productivity,
    log_fitness,
    log_price,
    new_shares,
    uses_name,
)
from .observe import cell_observations, counts, sector_deviation, size_distribution
from .pools import felt_institutions, take_pools
from .region import (
    institution_norms,
    institutions,
    log_attraction,
    mobility,
    new_reputation,
    new_trust,
    new_wages,
    regional_reputation,
)
from .research import (
    credit_line,
    innovate,
    innovation_probability,
    new_ties,
    research_spending,
    science,
    science_gain,
    smoothed_research,
    tied_firms,
    upgrading_gain,
)
from .tables import CHANNELS, QUALITY, TECHNOLOGY, policy_of_period, ratio, sum_by

STOCKS = ("infrastructure", "university", "services", "finance")


def step(state, params, constants, policy, seed, replicate):
    """Advance a world by one period.

    Parameters
    ----------
    state : dict
        The world at the start of the period; it is not modified.
    params : dict
        Parameters by dotted key, such as ``params["learning.technology"]``.
    constants : dict
        Sector arrays and tables of the world.
    policy : dict
        Policies over time, region and sector; may be empty.
    seed, replicate : int
        Key of the random numbers.

    Returns
    -------
    new_state : dict
    record : dict
        The variables of section 7.14.
    """
    period = int(state["period"])
    clock = (period, seed, replicate)
    acts = policy_of_period(policy, period, len(state["workforce"]), len(state["market"]))
    workforce, wage, trust = state["workforce"], state["wage"], state["trust"]

    # 0 and 1: demand, institutions, pools
    pools = take_pools(state, params, constants, acts["demand_shock"])
    felt = felt_institutions(state, params)
    cell, region, sector = pools.cell, pools.region, pools.sector
    firm = {
        name: state[name][: cell.size]
        for name in ("identity", "age", "research", "custom", "share", "cash", "tie")
    }
    events = rng.draw(firm["identity"], period, rng.EVENT, seed, replicate)

    # 2 to 5: knowledge
    absorption = absorptive_capacity(
        firm["research"], constants["rd_intensity"][sector], params["learning.difficulty"]
    )
    contact = contact_probability(trust, felt.services, params)
    knowledge = learning(pools, firm["identity"], absorption, contact, params, constants, *clock)
    knowledge[TECHNOLOGY] += upgrading_gain(pools, knowledge[TECHNOLOGY], absorption, felt, params, constants)
    lab = science(
        state["pipeline"], tied_firms(pools, firm["tie"]), pools.region_firms, felt.university, params
    )
    knowledge[TECHNOLOGY] += science_gain(firm["tie"], absorption, lab.outflow[region], params)
    tie = new_ties(firm["tie"], events[1], felt.services[region], params)
    spending = research_spending(pools, firm["cash"], felt, acts["rd_subsidy"], params, constants)
    chance = innovation_probability(pools, spending.effective, params, constants)
    innovation = innovate(pools, firm["identity"], events[0], chance, params, constants, *clock)
    knowledge += innovation.gain
    research = smoothed_research(
        firm["research"], spending.total, pools.planned_sales, params["innovation.smoothing"]
    )

    # 6 to 9: costs, market, accounts
    overhead = overhead_rates(pools, felt.crowding, params)
    transaction = transaction_rate(trust, felt.services, params)[region]
    place = log_agglomeration(pools, workforce, params)
    price = log_price(pools, knowledge, wage, place, transaction + overhead, params, constants)
    quality = knowledge[QUALITY]
    name = uses_name(pools, quality, params)
    level = log_fitness(pools, quality, name, price, firm["custom"], state["reputation"], params)
    fitness, fitness_level = fitness_in_range(pools, level, state["fitness_level"])
    shock = demand_shocks(pools, firm["share"], events[3], params)
    share = new_shares(
        sector, pools.sectors, firm["share"], fitness, shock, params["market.rule"], params["market.choice"]
    )
    custom = (1.0 - params["market.custom_decay"]) * firm["custom"] + shock
    labour_share = constants["labour_share"][sector]
    sales, jobs = share * pools.demand[sector], share * pools.jobs_per_share.ravel()[cell]
    books = accounts(
        sales,
        spending.own,
        firm["cash"],
        overhead,
        transaction,
        labour_share,
        constants["markup"][sector],
        params,
    )

    # 10 and 11: exit and entry
    u_closure = rng.uniform(events[2])
    credit = credit_line(sales, pools.small, felt.finance[region], params)
    leaves = leaving_firms(u_closure, jobs, books.cash, credit, constants["reference_size"][sector], params)
    stays = ~leaves
    parents = np.flatnonzero(spawning_firms(u_closure, stays, share, pools.sector_firms[sector], params))
    expected = expected_startups(
        pools, workforce, state["reputation"], felt.finance, acts["entry_support"], params, constants
    )
    new = entrants(
        pools, parents, firm["identity"][parents], knowledge[:, parents], expected, params, constants, *clock
    )
    survivors = {
        "identity": firm["identity"],
        "age": firm["age"] + np.int32(1),
        **dict(zip(CHANNELS, knowledge, strict=True)),
        "research": research,
        "custom": custom,
        "share": share,
        "cash": books.cash,
        "tie": tie,
    }
    population = merge_firms(pools, stays, survivors, new, params, constants)

    # 12 and 13: labour, mobility, institutions
    labour_demand = (pools.jobs_per_share * pools.by_cell(share)).sum(axis=1)
    new_wage = new_wages(wage, labour_demand, workforce, acts["wage_shock"], params)
    name_of_region = regional_reputation(pools.cell_jobs, state["reputation"])
    attraction = log_attraction(
        workforce, new_wage, trust, name_of_region, felt.infrastructure, felt.crowding, params
    )
    settled, net_migration = mobility(workforce, attraction, constants["proximity"], params["mobility.rate"])
    tax = sum_by(region, books.tax, pools.regions)
    funded = sum_by(region, spending.total, pools.regions)
    norms = institution_norms(state["norms"], period, tax, funded, workforce, wage)
    numbers = counts(
        pools, np.diff(population["offsets"]).reshape(pools.firms.shape), leaves, new, innovation
    )
    stocks = institutions(
        {stock: state[stock] for stock in STOCKS},
        acts,
        norms,
        workforce,
        wage,
        pools.region_firms,
        tax,
        funded,
        numbers["innovations"].sum(axis=1),
        name_of_region,
        params,
    )
    new_state = {
        **population,
        **stocks,
        "workforce": settled * (1.0 + params["labour.growth"]),
        "wage": new_wage,
        "trust": new_trust(trust, contact, pools.region_firms, params),
        "pipeline": lab.pipeline,
        "reputation": new_reputation(
            pools, state["reputation"], share, quality, name, acts["reputation"], params
        ),
        "market": pools.demand,
        "fitness_level": fitness_level,
        "knowledge": pools.sector_knowledge.T.copy(),
        "norms": norms,
        "period": period + 1,
    }

    # 14: the record
    productivity = labour_productivity(knowledge, labour_share) + place.ravel()[cell]
    record = {
        **numbers,
        **cell_observations(pools, knowledge, share, jobs, books, spending, productivity, price),
        **{
            key: new_state[key].copy()
            for key in ("reputation", "workforce", "wage", "trust", *STOCKS, "market")
        },
        "labour_demand": labour_demand,
        "contact": contact,
        "tied_share": lab.tied_share,
        "research_lag": ratio(3.0, lab.leaving, otherwise=np.inf),
        "net_migration": net_migration,
        "concentration": sum_by(sector, share**2, pools.sectors),
        "productivity_sd": sector_deviation(sector, pools.sectors, productivity),
        "size_distribution": size_distribution(jobs),
    }
    return new_state, record
