"""A switch at 0 is the mechanism removed, bit for bit.

If a mechanism is removed, nothing of it can matter: a run with its switch at 0 must be the same to the last bit
whatever its other parameters are. And with the switch on the same parameters must matter, or the test says nothing.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import parameters
from technopole.config.config import Config
from technopole.schema import PARAMETERS
from technopole.world.policies import DIMS, pack_policy
from technopole_kernels import layout
from twinning import OnePeriod
from worlds import QUICK, Run, assert_same_bits, mixed, plan, state_arrays

PERIODS = 6
CHANNELS = ("organisation", "technology", "sourcing", "quality")


@dataclass(frozen=True)
class Switch:
    """A mechanism that can be removed.

    Parameters
    ----------
    off : dict
        The switches at 0; and what else must be off because it uses the same parameters.
    idle : tuple of str
        Parameters that must not matter then.
    own : tuple of str
        State of the mechanism itself, which lives on but is seen by nobody.
    """

    off: dict
    idle: tuple[str, ...]
    own: tuple[str, ...] = field(default=())


def zero(*keys):
    """Those keys at 0."""
    return dict.fromkeys(keys, 0.0)


NO_LEARNING = zero(*(f"learning.{channel}" for channel in CHANNELS))
NO_RELATED = zero("spillover.rate", "upgrading.rate", "entry.relatedness")
NO_NAME = zero("reputation.weight", "entry.reputation", "mobility.reputation", "feedback.cluster_to_ris")

SWITCHES = {
    "learning": Switch(NO_LEARNING, ("learning.rule", "learning.far", "learning.appropriability")),
    "contact": Switch(
        zero("learning.contact"),
        ("learning.rule", "learning.far", *NO_LEARNING, "trust.contact", "services.contact", "trust.rise"),
    ),
    "spillover": Switch(NO_RELATED, ("relatedness.base", "relatedness.group")),
    "distance": Switch(
        {**zero("spillover.rate", "learning.far", "mobility.rate"), "entry.home": 1.0},
        ("spillover.distance_decay", "spillover.cutoff"),
    ),
    "reach": Switch(zero("spillover.distance_decay"), ("spillover.cutoff",)),
    "absorption": Switch(
        {**NO_LEARNING, **zero("spillover.rate", "upgrading.rate", "science.rate")}, ("learning.difficulty",)
    ),
    "trust": Switch(
        zero("trust.contact", "transaction.trust", "mobility.trust"),
        ("trust.level", "trust.rise", "trust.decay"),
        own=("trust",),
    ),
    "science": Switch(
        zero("science.rate"),
        ("science.exit_probability", "science.tie_speed", "science.tie_rate", "science.tie_break"),
        own=("tie", "pipeline"),
    ),
    "innovation": Switch(
        zero("innovation.rate", "innovation.rate_high_tech"),
        (
            *(f"innovation.kind_{channel}" for channel in CHANNELS),
            "innovation.elasticity",
            "innovation.step_shape",
            "innovation.radical",
            "innovation.radical_size",
            "innovation.scale",
            "innovation.patented",
            "sme.radical",
            "sme.pooling",
        ),
    ),
    "small firms": Switch(zero("sme.size"), ("sme.access", "sme.pooling", "sme.radical")),
    "sharing": Switch(zero("sharing.cost"), ("sharing.rule", "sharing.need", "sharing.scale_exponent")),
    "congestion": Switch(zero("sharing.congestion", "mobility.congestion"), ("sharing.congestion_exponent",)),
    "transaction": Switch(zero("transaction.cost"), ("transaction.trust", "transaction.services")),
    "reputation": Switch(
        NO_NAME,
        ("reputation.standard", "reputation.tolerance", "reputation.rate"),
        own=("reputation",),
    ),
    "mobility": Switch(
        zero("mobility.rate"),
        tuple(
            f"mobility.{name}"
            for name in ("size", "wage", "trust", "reputation", "infrastructure", "congestion")
        ),
    ),
    "cluster to system": Switch(
        zero("feedback.cluster_to_ris"),
        (
            "institutions.scale",
            "institutions.university_exponent",
            "institutions.services_exponent",
            "finance.response",
        ),
    ),
    "system to cluster": Switch(
        zero("feedback.ris_to_cluster"),
        (
            "institutions.depreciation",
            "institutions.scale",
            "institutions.university_exponent",
            "institutions.services_exponent",
            "finance.response",
            "feedback.cluster_to_ris",
        ),
        own=("infrastructure", "university", "services", "finance"),
    ),
    "turbulence": Switch(zero("market.turbulence"), ("market.size_exponent", "market.shock_cap")),
    "wages": Switch(zero("labour.wage_response"), ("labour.wage_cap",)),
    "start-ups": Switch(
        zero("entry.startups"),
        tuple(
            f"entry.{name}"
            for name in ("agglomeration", "outside", "finance", "reputation", "relatedness", "herding")
        ),
    ),
    "spin-offs": Switch(zero("entry.spinoff"), ("entry.home", "entry.inheritance")),
    "entry": Switch(
        zero("entry.startups", "entry.spinoff"),
        tuple(f"entry.{name}" for name in ("dispersion", "custom", "custom_sd", "size", "cash")),
    ),
}


# all mechanisms strong enough to be seen in a small economy within a few periods
ALIVE = {
    "innovation.rate": 0.5,
    "innovation.rate_high_tech": 0.5,
    "innovation.radical": 0.2,
    "entry.startups": 0.2,
    "entry.spinoff": 0.2,
    "entry.home": 0.5,
    "learning.far": 0.3,
    "spillover.distance_decay": 150.0,
    "sme.size": 20.0,
    "finance.credit": 0.01,
    "finance.credit_index": 0.01,
    "initial.cash": 0.0,
    "accounts.payout": 0.9,
    "science.tie_rate": 0.3,
    "labour.wage_cap": 0.02,
    "market.shock_cap": 0.3,
    "reputation.tolerance": 0.05,
}


def outcome(chosen, seed):
    """State and records after some periods."""
    run = Run(plan(mixed().config, chosen), seed).advance(PERIODS, record=True)
    seen = {name: getattr(run.records, name) for name in ("cells", "sizes")}
    # few start-ups are drawn: their expected number shows small effects
    return state_arrays(run.world), seen | {"startups": run.world.cells[layout.C_STARTUP_MEAN]}


@pytest.mark.parametrize("name", SWITCHES)
@given(st.data())
@settings(QUICK, max_examples=6)
def test_nothing_of_a_removed_mechanism_matters(name, data):
    switch = SWITCHES[name]
    arbitrary = data.draw(parameters(switch.idle))
    seed = data.draw(st.integers(0, 2**32 - 1))
    state, _ = outcome(switch.off, seed)
    changed, _ = outcome({**arbitrary, **switch.off}, seed)
    assert_same_bits(state, changed, ignore=switch.own)


@pytest.mark.parametrize("name", SWITCHES)
def test_the_switch_matters(name):
    switch = SWITCHES[name]
    state, _ = outcome(ALIVE, 5)
    removed, _ = outcome({**ALIVE, **switch.off}, 5)
    with pytest.raises(AssertionError):
        assert_same_bits(state, removed, ignore=switch.own)


@pytest.mark.parametrize("key", sorted({key for switch in SWITCHES.values() for key in switch.idle}))
def test_its_parameters_matter_when_it_is_on(key):
    entry = PARAMETERS[key]
    if entry.choices is not None:
        other = next(choice for choice in entry.choices if choice != entry.default)
    elif entry.dtype == "bool":
        other = not entry.default
    else:
        low, high = entry.search_range
        other = low + 0.3 * (high - low) if entry.default > 0.5 * (low + high) else low + 0.7 * (high - low)
    state, seen = outcome(ALIVE, 5)
    changed, seen_then = outcome({**ALIVE, key: other}, 5)
    with pytest.raises(AssertionError):
        assert_same_bits({**state, **seen}, {**changed, **seen_then})


@pytest.mark.parametrize("rule", ["broadcast", "mean_field"])
def test_regions_without_reach_are_as_regions_far_away(rule):
    """At a decay of 0 nobody learns, moves or founds beyond the own region, whatever lies next to it."""
    config = mixed().config
    content = config.to_dict()
    for region in content["regions"]:
        region["x"] *= 1e6
    alive = {**ALIVE, "learning.rule": rule, "mobility.rate": 0.2}
    none, _ = outcome({**alive, "spillover.distance_decay": 0.0}, 5)
    away = plan(Config.from_dict(content), alive)
    assert_same_bits(none, state_arrays(Run(away, 5).advance(PERIODS).world))


@pytest.mark.parametrize("channel", range(4), ids=CHANNELS)
@pytest.mark.parametrize("rule", ["broadcast", "mean_field"])
def test_one_channel_of_learning_removed(channel, rule):
    """At rate 0 a channel stays as without learning; the other channels do not notice."""
    still = {**zero("spillover.rate", "upgrading.rate", "science.rate"), "learning.rule": rule}
    still |= zero("innovation.rate", "innovation.rate_high_tech")
    learned = OnePeriod(plan(mixed().config, still), 3)
    removed = OnePeriod(plan(mixed().config, {**still, f"learning.{CHANNELS[channel]}": 0.0}), 3)
    others = [other for other in range(4) if other != channel]
    assert np.array_equal(removed.new_knowledge[channel], removed.pools.knowledge[channel])
    assert not np.array_equal(learned.new_knowledge[channel], learned.pools.knowledge[channel])
    assert np.array_equal(removed.new_knowledge[others], learned.new_knowledge[others])


@pytest.mark.parametrize("instrument", DIMS)
def test_a_policy_of_zero_is_no_policy(instrument):
    blueprint = mixed()
    lengths = {"time": 4, "region": blueprint.n_regions, "sector": blueprint.n_sectors}
    nothing = np.zeros([lengths[dim] for dim in DIMS[instrument]])
    none, zeros, some = (
        state_arrays(Run(replace(blueprint, policy=pack_policy(policy)), 4).advance(PERIODS).world)
        for policy in ({}, {instrument: nothing}, {instrument: nothing + 0.3})
    )
    assert_same_bits(none, zeros)
    with pytest.raises(AssertionError):
        assert_same_bits(none, some)
