"""Model and NumPy twin agree over 30 periods: numbers to 1e-12 relative, counts and identities exactly."""

import itertools

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from strategies import economies, parameters
from technopole.schema import INSTRUMENTS, PARAMETERS
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
RULES = {key: PARAMETERS[key].choices for key in ("learning.rule", "sharing.rule", "sharing.need", "market.rule")}

# what a policy can sensibly be; all at once over 30 periods must leave an economy
STRENGTH = {
    "rd_subsidy": (-0.5, 1.0),
    "reputation": (-0.3, 0.3),
    "entry_support": (-1.0, 2.0),
    "infrastructure": (-0.5, 2.0),
    "university": (-0.5, 2.0),
    "services": (-0.5, 2.0),
    "finance": (-0.5, 2.0),
    "wage_shock": (-0.05, 0.05),
    "demand_shock": (-0.2, 0.2),
}


@st.composite
def policies(draw, regions, sectors):
    """Policies of any instrument, for some places and some time, perhaps beyond the end of the run."""
    chosen = []
    for name in draw(st.lists(st.sampled_from(sorted(STRENGTH)), max_size=4)):
        policy = {"instrument": name, "value": draw(st.floats(*STRENGTH[name]))}
        policy["start"] = draw(st.integers(0, PERIODS // 2))
        if draw(st.booleans()):
            policy["end"] = policy["start"] + draw(st.integers(1, PERIODS))
        for dim, ids in (("region", regions), ("sector", sectors)):
            if dim in INSTRUMENTS[name].dims and draw(st.booleans()):
                policy[f"{dim}s"] = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        chosen.append(policy)
    return chosen


@st.composite
def configurations(draw):
    """Content of a configuration and the firms by cell, with empty cells, regions and sectors among them."""
    content = draw(economies())
    spread = draw(st.sampled_from([1.0, 0.1, 0.02]))
    for region in content["regions"]:
        region["lat"], region["lon"] = spread * region["lat"], spread * region["lon"]
    shape = (len(content["regions"]), len(content["sectors"]))
    firms = np.array([cell["firms"] for cell in content["cells"]]).reshape(shape)
    if shape[0] > 1 and draw(st.booleans()):
        firms[draw(st.integers(1, shape[0] - 1))] = 0
    if shape[1] > 1 and draw(st.booleans()):
        firms[:, draw(st.integers(1, shape[1] - 1))] = 0
    for cell in content["cells"]:
        cell["firms"] = max(cell["firms"], 1)
    ids = [[entry["id"] for entry in content[name]] for name in ("regions", "sectors")]
    content["policies"] = draw(policies(*ids))
    workers = draw(st.sampled_from(["equal", "skewed"]))
    number = int(firms.sum())
    if workers == "equal":
        employment = np.full(number, 12.0)
    else:
        # a run of the generator is shorter to draw than all firms
        employment = 1.0 + np.random.default_rng(draw(st.integers(0, 99))).lognormal(2.0, 1.3, number)
    return content, draw(parameters()), firms, employment


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


@given(configurations(), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@QUICK
def test_random_configurations(configuration, seed, replicate):
    content, chosen, firms, employment = configuration
    chosen = {**chosen, "time.periods": PERIODS}
    run_both(plan(content, chosen, firms=firms, employment=employment), seed, replicate)


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
