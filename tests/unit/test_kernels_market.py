"""Prices, fitness, demand shocks and shares (MODEL 7.7, 7.8): kernels against the twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed


class Market:
    """The twin's market for the new knowledge and cost rates that the kernels found."""

    def __init__(self, period):
        pools, params = period.pools, period.params
        knowledge = period.new_knowledge
        transaction = period.world.regions[at.R_TRANSACTION][pools.region]
        cost_rate = transaction + period.load("overhead_rate")
        place = reference.log_agglomeration(pools, period.before["workforce"], params)
        price = reference.log_price(
            pools, knowledge, period.before["wage"], place, cost_rate, params, period.constants
        )
        self.price = price
        self.name = reference.uses_name(pools, knowledge[3], params)
        level = reference.log_fitness(
            pools,
            knowledge[3],
            self.name,
            price,
            period.before["custom"],
            period.before["reputation"],
            params,
        )
        self.fitness, self.level = reference.fitness_in_range(pools, level, period.before["fitness_level"])
        word = period.words(reference.rng.EVENT)[3]
        self.shock = reference.demand_shocks(pools, period.before["share"], word, params)
        self.share = reference.new_shares(
            pools.sector,
            pools.sectors,
            period.before["share"],
            self.fitness,
            self.shock,
            params["market.rule"],
            params["market.choice"],
        )


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(("ces", "replicator")),
    st.sampled_from((0.0, 0.43, 1.0)),
    st.booleans(),
)
@QUICK
def test_shares(seed, rule, choice, standard):
    blueprint = mixed(
        market__rule=rule,
        market__choice=choice,
        market__material_price=1.7,
        reputation__standard=standard,
        reputation__weight=1.0,
    )
    period = OnePeriod(blueprint, seed)
    market = Market(period)
    assert_close(period.new("share"), market.share, "shares")
    assert_close(period.after["fitness_level"], market.level, "fitness level", scale=1.0)
    mean_price = period.pools.by_cell(market.share * market.price) / np.maximum(
        period.pools.by_cell(market.share), 1e-300
    )
    occupied = period.pools.firms > 0
    assert_close(period.recorded("price")[occupied], mean_price[occupied], "price", scale=1.0)
    assert np.isnan(period.recorded("price")[~occupied]).all()
    # the standard makes a difference
    assert standard == (not np.all(market.name))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.22, 3.0)),
    st.sampled_from((0.0, 0.11, 1.0)),
    st.sampled_from((0.0, 0.1, 1.5)),
    st.sampled_from((0.0, 0.013, 1.0)),
)
@QUICK
def test_customers(seed, turbulence, exponent, cap, decay):
    blueprint = mixed(
        market__turbulence=turbulence,
        market__size_exponent=exponent,
        market__shock_cap=cap,
        market__custom_decay=decay,
    )
    period = OnePeriod(blueprint, seed)
    market = Market(period)
    assert_close(period.new("custom"), (1.0 - decay) * period.before["custom"] + market.shock, "custom")
    assert np.abs(market.shock).max() <= cap
    assert np.any(market.shock != 0.0) == (turbulence > 0.0 and cap > 0.0)


def test_fitness_keeps_in_range():
    """However far fitness drifts from its level, shares stay numbers and the level follows."""
    custom = np.where(np.arange(98) % 2, 5000.0, -5000.0)
    period = OnePeriod(mixed(), 2, custom=custom)
    market = Market(period)
    assert_close(period.new("share"), market.share, "shares")
    assert_close(period.after["fitness_level"], market.level, "fitness level")
    assert np.isfinite(period.new("share")).all()
