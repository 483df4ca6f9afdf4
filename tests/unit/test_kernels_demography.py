"""Entry (MODEL 7.11) and the order of the next population: kernels against the twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole.world.policies import pack_policy
from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.entry import draw_poisson
from technopole_kernels.status import Fate
from twinning import OnePeriod, assert_close, assert_states_agree
from worlds import QUICK, economy, mixed, plan

FIRM_ARRAYS = ("identity", "age", *reference.CHANNELS, "research", "custom", "share", "cash", "tie")


@kernel
def call_draw_poisson(means, period, seed, replicate, numbers):
    """Draw a number for every cell."""
    for cell in range(means.size):
        numbers[cell] = draw_poisson(means[cell], cell, period, seed, replicate)


def expected_startups(period):
    """Return the twin's expected numbers."""
    return reference.expected_startups(
        period.pools,
        period.before["workforce"],
        period.before["reputation"],
        period.felt.finance,
        period.policy["entry_support"],
        period.params,
        period.constants,
    )


@given(st.lists(st.sampled_from((0.0, 1e-9, 0.3, 7.0, 15.99, 16.0, 16.01, 250.0)), min_size=1, max_size=30))
@QUICK
def test_poisson_numbers(means):
    means = np.array(means)
    numbers = np.empty(means.size, dtype=np.int64)
    call_draw_poisson(means, np.uint64(3), np.uint64(12), np.uint64(1), numbers)
    assert np.array_equal(numbers, reference.poisson(means, 3, 12, 1))


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.3, 5.0)), st.sampled_from((0.0, 0.9)))
@QUICK
def test_expected_startups(seed, weight, support):
    blueprint = mixed(
        entry__relatedness=weight, entry__reputation=weight, entry__herding=weight, entry__agglomeration=0.6
    )
    supported = np.zeros((1, blueprint.n_regions, blueprint.n_sectors))
    supported[0, 1, 2] = support
    blueprint = replace(blueprint, policy=pack_policy({"entry_support": supported}))
    period = OnePeriod(blueprint, seed)
    assert_close(period.cell(at.C_STARTUP_MEAN), expected_startups(period), "expected start-ups")


def test_founders_follow_growth_with_the_shock():
    """Herding is drawn by the growth of demand, in which the shock to demand counts."""
    growth, shock = np.array([0.02, -0.04, 0.1]), np.array([0.4, 0.0, -0.3])
    content = economy(2, 3, [[9, 4, 7], [3, 8, 5]])
    for sector, own in zip(content["sectors"], growth, strict=True):
        sector["demand_growth"] = own
    means = []
    for herding in (0.0, 5.0):
        # relatedness depends on employment, hence on demand as well
        blueprint = plan(content, {"entry.herding": herding, "entry.relatedness": 0.0})
        blueprint = replace(blueprint, policy=pack_policy({"demand_shock": shock[None]}))
        period = OnePeriod(blueprint, 8)
        assert_close(period.cell(at.C_STARTUP_MEAN), expected_startups(period), "expected start-ups")
        means.append(period.cell(at.C_STARTUP_MEAN))
    drawn = means[1] / means[0]
    grown = (1.0 + growth) * (1.0 + shock) - 1.0
    assert_close(drawn / drawn[0, 0], np.exp(5.0 * (grown - grown[0])) * np.ones((2, 1)), "herding")


def test_no_startups_where_nobody_buys():
    """A sector without a market draws no start-ups, and the others get its part."""
    blueprint = plan(economy(3, 3, 9), {"entry.startups": 0.5}, firms=[[9, 0, 9]] * 3)
    period = OnePeriod(blueprint, 3)
    means = period.cell(at.C_STARTUP_MEAN)
    assert_close(means, expected_startups(period))
    assert np.all(means[:, 1] == 0.0) and np.all(np.delete(means, 1, 1) > 0.0)
    workforce = period.before["workforce"].sum() / period.constants["initial_workforce"]
    assert_close(means.sum(), 0.5 * 54 * workforce)


@pytest.mark.parametrize("sectors", [1, 3])
@pytest.mark.parametrize("workers", [0.1, 1.0 / 3.0, 7.7])
def test_proportional_regions_count_as_specialised(sectors, workers):
    """With the same mix of sectors everywhere the location quotient is 1, whatever the rounding."""
    firms = np.array([[7]] * 3 + [[11]] * 2 + [[0]]) * np.ones(sectors, dtype=int)
    parameters = {
        "entry.relatedness": 3.0,
        "entry.agglomeration": 0.0,
        "entry.finance": 0.0,
        "entry.herding": 0.0,
        "entry.reputation": 0.0,
    }
    blueprint = plan(economy(6, sectors, 1), parameters, firms=firms, employment=workers)
    share = np.full(blueprint.n_firms, 1.0 / firms.sum(axis=0)[0])
    period = OnePeriod(blueprint, 1, share=share, wage=np.ones(6))
    density = reference.related_density(period.pools, period.constants["relatedness"])
    assert np.allclose(density[:5], 1.0) and np.all(density[5] == 0.0)
    means = period.cell(at.C_STARTUP_MEAN)
    assert_close(means[:5] / means[5], np.full((5, sectors), np.exp(3.0)), "effect of density")


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.sampled_from((100.0, 2000.0)),
)
@QUICK
def test_next_population(seed, home, inheritance, decay):
    blueprint = mixed(
        entry__home=home,
        entry__inheritance=inheritance,
        entry__spinoff=0.3,
        entry__startups=0.3,
        exit__closure=0.2,
        spillover__distance_decay=decay,
    )
    period = OnePeriod(blueprint, seed)
    pools, fate = period.pools, period.world.fate[: period.n]
    parents = np.flatnonzero(fate >= Fate.SPAWN)
    new = reference.entrants(
        pools,
        parents,
        period.before["identity"][parents],
        period.new_knowledge[:, parents],
        expected_startups(period),
        period.params,
        period.constants,
        *period.clock,
    )
    survivors = {name: period.new(name) for name in FIRM_ARRAYS if name not in ("identity", "age")}
    survivors["identity"] = period.before["identity"]
    survivors["age"] = period.before["age"] + np.int32(1)
    expected = reference.merge_firms(
        pools, fate != Fate.LEAVE, survivors, new, period.params, period.constants
    )
    names = (*FIRM_ARRAYS, "offsets")
    assert_states_agree(
        {name: period.after[name] for name in names}, {name: expected[name] for name in names}
    )
    assert np.array_equal(period.recorded("spinoffs"), new.spinoffs)
    assert np.array_equal(period.recorded("startups"), new.startups)
    assert parents.size > 0 and new.startups.sum() > 0
    moved = new.cell[: parents.size] != pools.cell[parents]
    assert moved.any() == (home < 1.0)


def test_identities_are_unique():
    period = OnePeriod(mixed(entry__startups=0.9, entry__spinoff=0.9), 2)
    identity = period.after["identity"]
    assert np.unique(identity).size == identity.size > period.n
