"""Learning from partners and pools (MODEL 7.2): kernels against the twin, under the three rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole.data.geography import guide
from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.choose import pick_row
from technopole_kernels.mean_field import upper_mean
from technopole_kernels.types import GUIDES
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed

ONLY_LEARNING = {"upgrading__rate": 0.0, "science__rate": 0.0, "innovation__rate": 0.0}
ONLY_LEARNING["innovation__rate_high_tech"] = 0.0
RULES = ("broadcast", "barter", "mean_field")


@kernel
def call_pick_row(v, cumulative, row_guide, columns, rests):
    """Pick a column for every value."""
    for i in range(v.size):
        columns[i], rests[i] = pick_row(v[i], cumulative, 0, cumulative.size, row_guide)


@kernel
def call_upper_mean(values):
    """Return the upper mean of some values."""
    return upper_mean(values)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(RULES),
    st.sampled_from((0.0, 0.3, 1.0)),
    st.sampled_from((0.0, 0.09, 1.0)),
)
@QUICK
def test_knowledge_after_learning(seed, rule, contact, far):
    blueprint = mixed(
        **ONLY_LEARNING,
        learning__rule=rule,
        learning__contact=contact,
        learning__far=far,
        learning__difficulty=0.7,
    )
    period = OnePeriod(blueprint, seed)
    rho = period.constants["rd_intensity"][period.pools.sector]
    absorption = reference.absorptive_capacity(period.before["research"], rho, 0.7)
    chance = reference.contact_probability(period.before["trust"], period.felt.services, period.params)
    assert_close(period.world.regions[at.R_CONTACT], chance, "contact probability")
    expected = reference.learning(
        period.pools,
        period.before["identity"],
        absorption,
        chance,
        period.params,
        period.constants,
        *period.clock,
    )
    assert_close(period.new_knowledge, expected, "knowledge")
    learned = np.count_nonzero(expected > period.pools.knowledge)
    assert learned > 0


@pytest.mark.parametrize("rule", RULES)
def test_rules_teach_different_things(rule):
    """The three rules are told apart, or the comparison above would show nothing."""
    one, *others = (
        OnePeriod(mixed(**ONLY_LEARNING, learning__rule=name), 5).new_knowledge
        for name in (rule, *(name for name in RULES if name != rule))
    )
    assert not any(np.allclose(one, other) for other in others)


@given(
    st.lists(st.sampled_from((0.0, 0.0, 0.1, 1.0, 3.0)), min_size=1, max_size=9).filter(any),
    st.integers(0, 2**32 - 1),
)
@QUICK
def test_pick_row(chances, seed):
    cumulative = np.cumsum(chances) / np.sum(chances)
    cumulative[np.flatnonzero(chances)[-1] :] = 1.0
    edges = np.concatenate([cumulative, np.nextafter(cumulative, 0.0)])
    v = np.concatenate([np.random.default_rng(seed).random(200), edges[edges < 1.0], [0.0, 1.0 - 2.0**-53]])
    columns, rests = np.empty(v.size, dtype=np.int64), np.empty(v.size)
    call_pick_row(v, cumulative, guide(cumulative, GUIDES), columns, rests)
    expected, remainder = reference.pick_row(v, cumulative[None, :], np.zeros(v.size, dtype=np.int64))
    assert np.array_equal(columns, expected)
    assert_close(rests, remainder, "remainder")
    assert np.all((rests >= 0.0) & (rests < 1.0))
    assert np.all(np.array(chances)[columns] > 0.0)


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
@QUICK
def test_upper_mean(count, seed):
    values = np.random.default_rng(seed).normal(0.3, 1.0, count)
    assert_close(call_upper_mean(values), reference.upper_mean(values))
    assert call_upper_mean(values) >= values.mean() - 1e-15


def test_upper_mean_of_equals_is_theirs():
    for value in (0.1, 1.0 / 3.0, -7.3):
        assert call_upper_mean(np.full(7, value)) == pytest.approx(value, rel=1e-15)
