"""Research budgets and innovation (MODEL 7.5): kernels against the twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from regimes import NO_KNOWLEDGE
from technopole.world.policies import pack_policy
from twinning import OnePeriod, assert_close
from worlds import QUICK, economy, mixed, plan

STILL = {key.replace(".", "__"): value for key, value in NO_KNOWLEDGE.items()}
ACTIVE = {**STILL, "innovation__rate": 0.8, "innovation__rate_high_tech": 1.5}


def research_of(period):
    """Return the twin's research spending."""
    return reference.research_spending(
        period.pools,
        period.before["cash"],
        period.felt,
        period.policy["rd_subsidy"],
        period.params,
        period.constants,
    )


def subsidised(**parameters):
    """Blueprint with a subsidy for one sector in two regions, for ever."""
    blueprint = mixed(**parameters)
    subsidy = np.zeros((1, blueprint.n_regions, blueprint.n_sectors))
    subsidy[0, :2, 1] = 0.5
    return replace(blueprint, policy=pack_policy({"rd_subsidy": subsidy}))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.2)),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.sampled_from((0.0, 15.0, 1e6)),
)
@QUICK
def test_spending(seed, credit, access, size):
    blueprint = subsidised(
        finance__credit=credit, finance__credit_index=0.1, sme__access=access, sme__size=size
    )
    period = OnePeriod(blueprint, seed)
    spending = research_of(period)
    assert_close(period.load("own_research"), spending.own, "own research")
    assert_close(
        period.recorded("research_spending"), period.pools.by_cell(spending.total), "research spending"
    )
    smoothed = reference.smoothed_research(
        period.before["research"],
        spending.total,
        period.pools.planned_sales,
        period.params["innovation.smoothing"],
    )
    assert_close(period.new("research"), smoothed, "smoothed research")
    wanted = period.by_firm(np.tile(period.constants["rd_intensity"], (4, 1))) * period.pools.planned_sales
    # finance must bind for some and not for others
    assert np.any(spending.own < 0.99 * wanted) and np.any(spending.own > 0.99 * wanted)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.2, 1.0)),
    st.sampled_from((0.0, 0.3, 2.0)),
    st.sampled_from((0.5, 5.0, 20.0)),
    st.sampled_from((0.0, 1.5, 40.0)),
)
@QUICK
def test_innovations(seed, elasticity, pooling, shape, small_radical):
    blueprint = mixed(
        **ACTIVE,
        innovation__elasticity=elasticity,
        innovation__step_shape=shape,
        innovation__kind_sourcing=0.5,
        sme__pooling=pooling,
        sme__radical=small_radical,
        sme__size=15.0,
    )
    period = OnePeriod(blueprint, seed)
    chance = reference.innovation_probability(
        period.pools, research_of(period).effective, period.params, period.constants
    )
    drawn = reference.innovate(
        period.pools,
        period.before["identity"],
        period.words(reference.rng.EVENT)[0],
        chance,
        period.params,
        period.constants,
        *period.clock,
    )
    assert_close(period.new_knowledge, period.pools.knowledge + drawn.gain, "knowledge")
    for name, marked in (
        ("innovations", drawn.innovates),
        ("small_innovations", drawn.innovates & period.pools.small),
        ("patents", drawn.patents),
    ):
        assert np.array_equal(period.recorded(name), period.pools.count_by_cell(marked)), name
    assert drawn.innovates.sum() > 5


@pytest.mark.parametrize("kind", ["quality", "technology", "organisation", "sourcing"])
def test_one_kind_only(kind):
    """With the weight of one kind alone, no other channel gains, whatever the weight."""
    weights = {
        f"innovation__kind_{name}": 0.0 for name in ("quality", "technology", "organisation", "sourcing")
    }
    weights[f"innovation__kind_{kind}"] = 0.07
    period = OnePeriod(mixed(**ACTIVE, **weights), 4)
    gained = np.any(period.new_knowledge > period.pools.knowledge, axis=1)
    assert [name for name, gains in zip(reference.CHANNELS, gained, strict=True) if gains] == [kind]


def test_steps_are_as_large_as_the_sector_says():
    """The same draws with other scales: every step is the scale of its own sector times the step at scale 1."""
    scales = np.array([0.3, 1.0, 3.0])
    steps = []
    for chosen in (np.ones(3), scales):
        content = economy(2, 3, 30)
        for sector, scale in zip(content["sectors"], chosen, strict=True):
            sector["innovation_scale"] = scale
        period = OnePeriod(plan(content, {key.replace("__", "."): value for key, value in ACTIVE.items()}), 4)
        steps.append(np.expm1(period.new_knowledge - period.pools.knowledge).sum(axis=0))
    innovates = steps[0] > 0.0
    sector = period.pools.sector[innovates]
    assert np.bincount(sector, minlength=3).min() > 5
    assert_close(steps[1][innovates] / steps[0][innovates], scales[sector], "steps", tolerance=1e-9)


def test_no_research_no_innovation():
    """A firm that can spend nothing does not innovate, even where the hazard does not depend on research."""
    without_pool = {"innovation__elasticity": 0.0, "sme__pooling": 0.0}
    no_credit = {"finance__credit": 0.0, "finance__credit_index": 0.0}
    period = OnePeriod(mixed(**ACTIVE, **without_pool, **no_credit), 6)
    spent = period.load("own_research") > 0.0
    innovates = np.any(period.new_knowledge > period.pools.knowledge, axis=0)
    assert np.any(innovates) and np.any(~spent)
    assert not np.any(innovates & ~spent)
