"""Learning against closed forms, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O1 gap closing | F - a_t = (F - a_0)(1 - l)^t, l = rate (1 - appropriability) g; fixed frontier F | 1e-12 | exact |
| O1 upgrading | the same, l = upgrading.rate RIS g towards the high-tech mean | 1e-12 | exact |
| O2 moving frontier | x = a/F, F' = (1+g)F: x -> l/(l+g); l = .1, g = .02: .8333333 | 1e-12 | exact, any step size |
| O2 in logs | F' = F + ln(1+g): gap -> ln(1+g)/l, before the firm learns | 1e-12 | exact |
| O3 jumps | P(gap of k periods) = p(1-p)^k, E[ln gap] = ln(1+g)(1-p)/p; p = .1, g = .02: .178224 | 4 s.e.; chi-squared 1e-4 | random meetings |
| O4 adoption, one period | E[k'] = k + b k(1-k), b = contact probability | 4 s.e. of the sum | random meetings |
| O4 adoption, logistic | half time ln((1-k0)/k0)/b; k0 = .01, b = .05: 91.90 | 5 % | step of b: 2.5 %, chance: 2.5 % |
| O6 no learning | rates 0: nothing changes, bit for bit | 0 | see also property/test_switches.py |
| O6 barter | knowledge never falls, the best of a channel stays, no trade with one who is behind in all | 0 | Cowan and Jonard (2004) |
| O28 time step | error of O1 against exp(-l t) halves with the step | ratio 2 within 1 % | first-order step |

Not applicable: O4's Bass curve (adoption from outside; learning here needs a partner) and O7 (Wright's law: the model
has no learning by cumulative output). O5 (averaging on a graph) is a case of mobility, for learning is one-sided:
test_oracles_mobility.py.
"""

import numpy as np
import pytest
from scipy import stats

from regimes import FIXED
from twinning import assert_close
from worlds import Run, assert_same_bits, economy, plan, state_arrays

CHANNELS = ("organisation", "technology", "sourcing", "quality")
RATES = {
    "learning.organisation": 0.3,
    "learning.technology": 0.2,
    "learning.sourcing": 0.4,
    "learning.quality": 0.1,
}
# everybody meets somebody in every period, and a firm absorbs half of what it sees
MEETING = {
    **FIXED,
    "learning.contact": 1.0,
    "learning.far": 0.0,
    "learning.difficulty": 1.0,
    "trust.contact": 0.0,
    "services.contact": 0.0,
    "innovation.smoothing": 0.0,
}
SECRECY = 0.25


def leader_and_follower(parameters=None):
    """Two firms of one cell; the follower learns from the leader without chance."""
    tables = economy(1, 1, 2, sector={"appropriability": SECRECY})
    run = Run(plan(tables, {**MEETING, **RATES, **(parameters or {})}, employment=20.0))
    for channel in CHANNELS:
        run.firm(channel)[:] = 1.7, -0.4
    return run


def followers_of_one(firms, rate, contact, rule="broadcast"):
    """Firms of one sector that buy from the only firm of another: their sole partner in sourcing."""
    tables = economy(1, 2, [[firms, 1]], suppliers=[{"sector": "s0", "from": {"s1": 1.0}}])
    parameters = {**MEETING, "learning.rule": rule, "learning.contact": contact}
    blueprint = plan(tables, parameters, firms=[[firms, 1]], employment=20.0)
    # the part of the gap closed by a meeting, once absorption has halved it
    blueprint.params["learning_sourcing"] = 2.0 * rate
    return Run(blueprint, seed=4)


@pytest.mark.parametrize("channel", CHANNELS)
def test_o1_gap_closing(channel):
    run = leader_and_follower()
    rate = (
        0.5 * RATES[f"learning.{channel}"] * (1.0 - SECRECY if channel in ("technology", "quality") else 1.0)
    )
    for time in range(1, 41):
        run.advance(1)
        frontier, follower = run.firm(channel)
        assert frontier == 1.7
        assert_close(frontier - follower, 2.1 * (1.0 - rate) ** time, "gap", scale=1.7)


def test_o1_from_the_only_supplier():
    run = followers_of_one(3, rate=0.2, contact=1.0)
    run.firm("sourcing")[:] = -1.0, 0.5, 3.0, 2.0
    run.advance(25)
    gap = 0.8**25
    # who is ahead of the supplier has nothing to learn
    assert_close(run.firm("sourcing"), [2.0 - 3.0 * gap, 2.0 - 1.5 * gap, 3.0, 2.0])


def test_o1_upgrading():
    """C11: traditional firms close the gap to the mean of the region's high-tech firms."""
    parameters = {**MEETING, "upgrading.rate": 0.4, "feedback.ris_to_cluster": 0.0}
    run = Run(plan(economy(1, 2, 2, high_tech=[False, True]), parameters, employment=20.0))
    run.firm("technology")[:] = 0.2, 5.0, 3.0, 1.0
    run.advance(30)
    average_index = 1.0 - np.exp(-0.7)
    gap = (1.0 - 0.5 * 0.4 * average_index) ** 30
    assert_close(run.firm("technology"), [2.0 - 1.8 * gap, 5.0, 3.0, 1.0])


def test_o2_moving_frontier():
    run = followers_of_one(1, rate=0.1, contact=1.0)
    run.firm("sourcing")[:] = 0.3, 1.0
    relative = 0.3
    for _ in range(400):
        run.advance(1)
        run.firm("sourcing")[1] *= 1.02
        follower, frontier = run.firm("sourcing")
        relative = (relative + 0.1 * (1.0 - relative)) / 1.02
        assert_close(follower / frontier, relative)
    assert_close(follower / frontier, 0.1 / (0.1 + 0.02))
    assert follower / frontier == pytest.approx(0.8333333, abs=1e-7)


def test_o2_moving_frontier_in_logs():
    run = followers_of_one(1, rate=0.1, contact=1.0)
    for _ in range(400):
        run.firm("sourcing")[1] += np.log(1.02)
        gap = run.firm("sourcing")[1] - run.firm("sourcing")[0]
        run.advance(1)
    assert_close(gap, np.log(1.02) / 0.1, tolerance=1e-11)


def test_o3_jumps_to_the_frontier():
    firms, growth, chance = 20_000, np.log(1.02), 0.1
    run = followers_of_one(firms, rate=1.0, contact=chance)
    run.firm("sourcing")[:] = 0.0
    for _ in range(250):
        run.firm("sourcing")[-1] += growth
        run.advance(1)
    gap = run.firm("sourcing")[-1] - run.firm("sourcing")[:-1]
    expected = growth * (1.0 - chance) / chance
    assert expected == pytest.approx(0.178224, abs=1e-6)
    assert abs(gap.mean() - expected) < 4.0 * gap.std() / np.sqrt(firms)
    periods = np.rint(gap / growth).astype(int)
    assert_close(gap, periods * growth, scale=1.0)
    bins = 60
    counts = np.bincount(np.minimum(periods, bins), minlength=bins + 1)
    law = np.append(chance * (1.0 - chance) ** np.arange(bins), (1.0 - chance) ** bins)
    assert stats.chisquare(counts, firms * law).pvalue > 1e-4


@pytest.fixture(scope="module")
def adoption():
    """Share of adopters by period among many firms that meet at random in one region."""
    firms, chance = 100_000, 0.05
    parameters = {**MEETING, "learning.rule": "broadcast", "learning.contact": chance}
    blueprint = plan(economy(1, 1, 1), parameters, firms=[[firms]], employment=20.0)
    blueprint.params["learning_organisation"] = 2.0
    run = Run(blueprint, seed=11)
    run.firm("organisation")[:] = np.arange(firms) % 100 == 0
    shares = [0.01]
    while shares[-1] < 0.9:
        shares.append(run.advance(1).firm("organisation").mean())
    assert set(np.unique(run.firm("organisation"))) == {0.0, 1.0}
    return firms, chance, np.array(shares)


def test_o4_adoption_period_by_period(adoption):
    firms, chance, share = adoption
    hazard = chance * share[:-1]
    surprise = np.diff(share) - hazard * (1.0 - share[:-1])
    variance = hazard * (1.0 - hazard) * (1.0 - share[:-1]) / firms
    assert abs(surprise.sum()) < 4.0 * np.sqrt(variance.sum())
    # and no single period is off
    assert np.abs(surprise / np.sqrt(variance)).max() < 4.5


def test_o4_adoption_is_logistic(adoption):
    _, chance, share = adoption
    half_time = np.log(0.99 / 0.01) / chance
    found = np.interp(0.5, share, np.arange(share.size))
    assert found == pytest.approx(half_time, rel=0.05)
    assert np.log(0.99 / 0.01) / 0.1 == pytest.approx(45.9512, abs=1e-4)


@pytest.mark.parametrize("rule", ["broadcast", "barter", "mean_field"])
def test_o6_without_rates_nothing_is_learned(rule):
    run = Run(plan(economy(2, 2, 20), {**MEETING, "learning.rule": rule}))
    before = state_arrays(run.world)
    after = state_arrays(run.advance(10).world)
    assert_same_bits({name: before[name] for name in CHANNELS}, {name: after[name] for name in CHANNELS})


def test_o6_barter():
    run = Run(plan(economy(1, 1, 60), {**MEETING, **RATES, "learning.rule": "barter"}), seed=3)
    knowledge = np.random.default_rng(1).normal(0.0, 1.0, (4, 60))
    for row, channel in enumerate(CHANNELS):
        run.firm(channel)[:] = knowledge[row]
    best = knowledge.max(axis=1)
    for _ in range(40):
        run.advance(1)
        learned = np.array([run.firm(channel) for channel in CHANNELS])
        assert np.all(learned >= knowledge)
        assert np.array_equal(learned.max(axis=1), best)
        knowledge = learned
    assert np.all(knowledge.mean(axis=1) > 0.3)


def test_o6_barter_needs_something_to_give():
    run = leader_and_follower({"learning.rule": "barter"})
    before = state_arrays(run.world)
    assert_same_bits(
        {name: before[name] for name in CHANNELS},
        {name: state_arrays(run.advance(20).world)[name] for name in CHANNELS},
    )
    # with one channel in which the follower leads, both gain in one
    run.firm("quality")[:] = 0.0, 1.0
    before = {name: run.firm(name).copy() for name in CHANNELS}
    run.advance(1)
    change = np.array([run.firm(name) - before[name] for name in CHANNELS])
    assert np.array_equal(np.count_nonzero(change, axis=0), [1, 1])
    assert_close(change[3, 0], 0.5 * RATES["learning.quality"])
    # the largest lag among equals is that of the first channel
    assert_close(change[0, 1], 0.5 * RATES["learning.organisation"] * 2.1)


def test_o28_error_halves_with_the_time_step():
    errors = []
    for steps in (100, 200, 400):
        run = followers_of_one(1, rate=2.0 / steps, contact=1.0)
        run.firm("sourcing")[:] = 0.0, 1.0
        run.advance(steps)
        errors.append(np.exp(-2.0) - (1.0 - run.firm("sourcing")[0]))
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.01)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.01)
