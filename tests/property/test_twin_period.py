"""Model and NumPy twin agree over 30 periods: numbers to 1e-12 relative, counts and identities exactly."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from seeded import SWITCHES, seeded_configuration
from technopole.schema import CHANNELS, PARAMETERS
from twinning import (
    assert_records_agree,
    assert_states_agree,
    error,
    twin_constants,
    twin_parameters,
    twin_policy,
    twin_record,
    twin_start,
    twin_state,
)
from worlds import QUICK, Run, economy, plan

PERIODS = 30
RULES = {
    key: PARAMETERS[key].choices for key in ("learning.rule", "sharing.rule", "sharing.need", "market.rule")
}


def run_both(blueprint, seed, replicate):
    """Run model and twin side by side and compare every record and the last state."""
    run = Run(blueprint, seed, replicate, capacity=blueprint.n_firms + 3).advance(PERIODS, record=True)
    state = twin_start(blueprint, seed, replicate)
    inputs = twin_parameters(blueprint), twin_constants(blueprint), twin_policy(blueprint)
    for period in range(PERIODS):
        state, record = reference.step(state, *inputs, seed, replicate)
        assert_records_agree(twin_record(run, period), record)
    assert_states_agree(twin_state(run.world), state)
    return run


@given(st.integers(0, 2**32 - 1))
@settings(QUICK, max_examples=60)
def test_random_configurations(example):
    configuration, seed, replicate = seeded_configuration(example, PERIODS)
    run_both(configuration.plan(), seed, replicate)


@pytest.mark.parametrize(
    "zero",
    [
        {"learning.rule": "broadcast", **{f"initial.sd_{channel}": 0.0 for channel in CHANNELS}},
        {"learning.rule": "mean_field", **{f"initial.sd_{channel}": 0.0 for channel in CHANNELS}},
        {"market.markup": 0.0},
    ],
    ids=["broadcast among equals", "mean field among equals", "no markup"],
)
def test_firms_that_know_the_same_or_earn_nothing(zero):
    """Zeros that the random configurations leave out, where no decision hangs on the last bit (see seeded.py)."""
    for example in range(8):
        configuration, seed, replicate = seeded_configuration(example, PERIODS)
        configuration.parameters.update(zero)
        run_both(configuration.plan(), seed, replicate)


def test_random_configurations_are_rich():
    """The examples mean something only if they differ, have firms that meet, and reach every rule."""
    drawn = [seeded_configuration(example, PERIODS)[0] for example in range(60)]
    assert len({repr(sorted(one.parameters.items())) for one in drawn}) >= 50
    rich = [min(one.firms.shape) >= 2 and one.firms.sum() >= 20 for one in drawn]
    assert sum(rich) >= 30
    for key, choices in RULES.items():
        chosen = [one.parameters.get(key, PARAMETERS[key].default) for one in drawn]
        assert {choice for choice, is_rich in zip(chosen, rich, strict=True) if is_rich} == set(choices), key
    for key in SWITCHES:
        assert any(one.parameters.get(key) == 0.0 for one in drawn), key


def test_an_example_is_the_same_again():
    one, other = seeded_configuration(7), seeded_configuration(7)
    assert repr(one) == repr(other)


@pytest.mark.parametrize("rules", list(itertools.product(*RULES.values())), ids="-".join)
def test_every_combination_of_rules(rules):
    content = economy(3, 3, [[30, 5, 0], [1, 12, 8], [40, 0, 2]], spacing=150.0)
    content["suppliers"] = [{"sector": "s0", "from": {"s1": 0.6, "s2": 0.4}}]
    firms = [[30, 5, 0], [1, 12, 8], [40, 0, 2]]
    employment = 1.0 + np.random.default_rng(5).lognormal(2.0, 1.3, np.sum(firms))
    blueprint = plan(content, dict(zip(RULES, rules, strict=True)), firms=firms, employment=employment)
    run = run_both(blueprint, 11, 3)
    # the comparison means something only if firms came and left and the arrays grew
    assert run.recorded("exits").sum() > 0
    assert run.recorded("startups").sum() > 0
    assert run.recorded("spinoffs").sum() > 0
    assert run.recorded("innovations").sum() > 0


def test_several_tiles_per_region():
    """Regions of more firms than a tile: partial sums and partners across tiles."""
    run_both(plan(economy(2, 2, [[1500, 900], [40, 1100]], spacing=200.0)), 3, 1)


def test_the_world_is_enlarged_on_the_way():
    run = run_both(plan(economy(2, 2, 40), {"entry.startups": 0.5}), 2, 0)
    assert run.enlarged > 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("technology", lambda values: values * (1.0 + 1e-11)),
        ("share", lambda values: values[::-1]),
        ("identity", lambda values: values ^ np.uint64(1)),
    ],
)
def test_the_comparison_notices(name, change):
    """A twin that were wrong by 1e-11, or in one bit of an identity, would be found."""
    blueprint = plan(economy())
    state = twin_state(Run(blueprint).advance(1).world)
    assert error(state[name], state[name]) == 0.0
    assert error(change(state[name]), state[name]) > 1e-12
    with pytest.raises(AssertionError, match=name):
        assert_states_agree({**state, name: change(state[name])}, state)
