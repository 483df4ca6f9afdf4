"""A switch at 0 and what its mechanism reads: it may be anything, nothing of one period moves by a bit.

`test_switches` varies the other parameters of a mechanism. Some mechanisms have none: here the state or the parameter
that they read is changed. With the switch on the same change must be felt, or the test says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from technopole.schema import CHANNELS
from technopole_kernels import layout as at
from twinning import OnePeriod
from worlds import assert_same_bits, mixed, plan

HERE = 0
"""The region that looks at the others."""


@dataclass(frozen=True)
class Unread:
    """A mechanism that reads something.

    Parameters
    ----------
    switch : dict
        The switch, and a value at which it is on; it is off at 0.
    look : callable
        What the mechanism would move, by name, from a period.
    change : callable
        Changed parts of the state, from a period and a source of chance.
    others : dict
        Parameters that close the other ways from what is changed to what is looked at.
    read : dict
        Changed parameters.
    """

    switch: dict
    look: Callable
    change: Callable = lambda period, rng: {}
    others: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)


def redrawn(name, low=0.1, high=2.5):
    """Change of a region's or cell's variable: other values."""
    return lambda period, rng: {name: rng.uniform(low, high, period.before[name].shape)}


def other_technology(period, rng):
    """Firms of high-tech sectors know something else."""
    high_tech = period.constants["high_tech"][period.pools.sector]
    return {"technology": period.before["technology"] + high_tech * rng.uniform(0.5, 1.0, period.n)}


def other_knowledge_elsewhere(period, rng):
    """Firms of all regions but one know something else."""
    away = period.pools.region != HERE
    return {name: period.before[name] + away * rng.uniform(0.5, 1.0, period.n) for name in CHANNELS}


def other_shares(period, rng):
    """Firms change places in the market, so that every cell has another size."""
    return {"share": period.before["share"] * rng.lognormal(0.0, 1.0, period.n)}


def a_larger_region(period, rng):
    """All firms of a region grow alike: its mix of sectors stays; doubling is exact."""
    return {"share": period.before["share"] * np.where(period.pools.region == HERE, 2.0, 1.0)}


def traditional_technology(period):
    """New technology of firms of traditional sectors."""
    return {"technology": period.new("technology")[~period.constants["high_tech"][period.pools.sector]]}


def knowledge_here(period):
    """New knowledge of the firms of one region, all channels."""
    return {"knowledge": period.new_knowledge[:, period.pools.region == HERE]}


def efficiency(period):
    """Effect of the place on productivity, by cell."""
    return {"efficiency": period.cell(at.C_EFFICIENCY)}


def startups(period):
    """Expected start-ups by cell."""
    return {"startups": period.cell(at.C_STARTUP_MEAN)}


def innovation(period):
    """New knowledge, and innovations by cell."""
    names = ("innovations", "small_innovations", "patents")
    return {"knowledge": period.new_knowledge} | {name: period.recorded(name) for name in names}


def research(period):
    """Research that firms can pay, and how many leave for want of cash."""
    return {"research": period.load("own_research"), "exits": period.recorded("exits")}


def contact(period):
    """Contact probability by region, and what is learnt."""
    return {"contact": period.recorded("contact"), "knowledge": period.new_knowledge}


def workers(period):
    """Workers by region after mobility."""
    return {"workforce": period.after["workforce"]}


PLACE = dict.fromkeys(
    ("agglomeration.localisation", "agglomeration.urbanisation", "agglomeration.diversity"), 0.0
)
NO_SCHOOL = {"science.rate": 0.0, "upgrading.rate": 0.0}

MECHANISMS = {
    "upgrading": Unread(
        {"upgrading.rate": 0.3},
        traditional_technology,
        other_technology,
        {**{f"learning.{channel}": 0.0 for channel in CHANNELS}, "spillover.rate": 0.0},
    ),
    "localisation": Unread(
        {"agglomeration.localisation": 0.1}, efficiency, a_larger_region, {"agglomeration.urbanisation": 0.1}
    ),
    "urbanisation": Unread({"agglomeration.urbanisation": 0.1}, efficiency, redrawn("workforce", 50, 900)),
    "diversity": Unread(
        {"agglomeration.diversity": 0.1}, efficiency, other_shares, {"agglomeration.localisation": 0.0}
    ),
    "any agglomeration": Unread(
        {key: 0.1 for key in PLACE},
        efficiency,
        lambda period, rng: other_shares(period, rng) | redrawn("workforce", 50, 900)(period, rng),
    ),
    "herding": Unread(
        {"entry.herding": 5.0},
        startups,
        others={"entry.relatedness": 0.0},
        read={"market.demand_growth": 0.2, "market.demand_growth_high_tech": -0.1},
    ),
    "relatedness": Unread({"entry.relatedness": 3.0}, startups, other_shares),
    "pooling": Unread(
        {"sme.pooling": 5.0},
        innovation,
        redrawn("university"),
        {**NO_SCHOOL, "innovation.rate": 1.0, "innovation.elasticity": 1.0, "sme.size": 30.0},
    ),
    "credit": Unread({"finance.credit_index": 0.5}, research, redrawn("finance"), {"sme.access": 1.0}),
    "trust of movers": Unread(
        {"mobility.trust": 2.0},
        workers,
        redrawn("trust", 0.05, 0.95),
        {"trust.contact": 0.0, "transaction.trust": 0.0},
    ),
    "reputation of movers": Unread(
        {"mobility.reputation": 2.0}, workers, redrawn("reputation", -0.5, 0.5), {"reputation.weight": 0.0}
    ),
    "services of meetings": Unread(
        {"services.contact": 2.0}, contact, redrawn("services"), {"upgrading.rate": 0.0}
    ),
    "far partners": Unread(
        {"learning.far": 0.5}, knowledge_here, other_knowledge_elsewhere, {"spillover.rate": 0.0}
    ),
    "far partners of the mean field": Unread(
        {"learning.far": 0.5},
        knowledge_here,
        other_knowledge_elsewhere,
        {"spillover.rate": 0.0, "learning.rule": "mean_field"},
    ),
}


def before_and_after(mechanism, switch, seed):
    """What is seen of one period, as it is and after the change."""
    chosen = {**mechanism.others, **switch}
    plain = OnePeriod(plan(mixed().config, chosen), seed)
    change = mechanism.change(plain, np.random.default_rng(seed + 1))
    changed = OnePeriod(plan(mixed().config, {**chosen, **mechanism.read}), seed, **change)
    return mechanism.look(plain), mechanism.look(changed)


@pytest.mark.parametrize("name", MECHANISMS)
@pytest.mark.parametrize("seed", [2, 13])
def test_what_a_removed_mechanism_reads_is_not_felt(name, seed):
    mechanism = MECHANISMS[name]
    assert_same_bits(*before_and_after(mechanism, dict.fromkeys(mechanism.switch, 0.0), seed))


@pytest.mark.parametrize("name", MECHANISMS)
def test_it_is_felt_with_the_mechanism(name):
    mechanism = MECHANISMS[name]
    seen, changed = before_and_after(mechanism, mechanism.switch, 2)
    with pytest.raises(AssertionError):
        assert_same_bits(seen, changed)
