"""What must hold in any valid economy.

| what must hold | test |
|---|---|
| shares are at least 0 and sum to 1 per sector | test_shares_sum_to_one |
| mobility conserves the workforce | test_mobility_conserves_the_workforce |
| ledgers close | test_ledgers_close |
| charges sum to the cost | test_charges_sum_to_the_cost |
| nobody pays more than alone | test_nobody_pays_more_than_alone |
| learning and spillover never lower knowledge | test_learning_never_lowers_knowledge |
| and never raise the maximum of what is drawn from | test_learning_never_raises_the_maximum, test_reach_of_the_channels |
| relabelling firms, regions, sectors permutes the results; equal regions stay equal | test_symmetry.py |
| a switch at 0 is the mechanism removed, bit for bit | test_switches.py |
| without externalities clusters are like isolated firms | stats/test_null.py |
| the same bits, however computed | test_same_bits.py |
| limiting cases with a known answer | known/test_oracles_*.py |
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from configurations import configurations
from regimes import NO_KNOWLEDGE
from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, Run, economy, mixed, plan

PERIODS = 6
RULES = ("broadcast", "barter", "mean_field")
IMITATION = {
    "upgrading__rate": 0.0,
    "science__rate": 0.0,
    "innovation__rate": 0.0,
    "innovation__rate_high_tech": 0.0,
}


@given(configurations(PERIODS), st.integers(0, 2**32 - 1))
@QUICK
def test_shares_sum_to_one(drawn, seed):
    run = Run(drawn.plan(), seed)
    for _ in range(PERIODS + 1):
        share = run.firm("share")
        assert np.all(share >= 0.0)
        sectors = run.blueprint.n_sectors
        total = np.bincount(run.cell_of_firm() % sectors, weights=share, minlength=sectors)
        occupied = run.counts.sum(axis=0) > 0
        assert_close(total[occupied], np.ones(occupied.sum()), "sum of shares")
        assert np.all(total[~occupied] == 0.0)
        run.advance(1)


@given(configurations(PERIODS), st.integers(0, 2**32 - 1))
@QUICK
def test_mobility_conserves_the_workforce(drawn, seed):
    run = Run(drawn.plan(), seed)
    growth = 1.0 + drawn.parameters["labour.growth"]
    for _ in range(PERIODS):
        before = run.region("workforce").sum()
        run.advance(1, record=True)
        assert_close(run.region("workforce").sum(), before * growth, "workforce")
        assert abs(run.recorded("net_migration")[-1].sum()) <= 1e-12 * before
        assert np.all(run.region("workforce") > 0.0)


@given(configurations(PERIODS), st.integers(0, 2**32 - 1))
@QUICK
def test_ledgers_close(drawn, seed):
    """Sales = wages + materials and overheads + own research + tax + payout + change of cash, in every cell."""
    blueprint = drawn.plan()
    period = OnePeriod(blueprint, seed)
    pools, traits = period.pools, period.constants
    sales = period.recorded("sales")
    wages = period.recorded("employment") * period.before["wage"][:, None]
    # what buys materials, shared facilities and transactions is the part of cost that labour does not get
    inputs = (1.0 - traits["labour_share"]) / (1.0 + traits["markup"]) * sales
    profit = traits["markup"] / (1.0 + traits["markup"]) * sales - period.recorded("own_research")
    change = pools.by_cell(period.new("cash")) - pools.by_cell(period.before["cash"])
    spent = (
        wages + inputs + period.recorded("own_research") + period.recorded("tax") + period.recorded("payout")
    )
    scale = sales.max() + np.abs(period.before["cash"]).sum()
    assert_close(spent + change, sales, "ledger", scale=scale)
    assert_close(change, profit - period.recorded("tax") - period.recorded("payout"), "cash", scale=scale)
    assert np.all(period.recorded("tax") >= 0.0) and np.all(period.recorded("payout") >= 0.0)
    assert np.all(period.recorded("own_research") >= 0.0)


def charges_by_region(rule, need, exponent, seed):
    """Needs, charges and the cost function of every region under a rule, from the overhead of the kernels."""
    blueprint = mixed(
        sharing__rule=rule,
        sharing__need=need,
        sharing__scale_exponent=exponent,
        sharing__cost=0.5,
        sharing__congestion=0.0,
    )
    period = OnePeriod(blueprint, seed)
    pools = period.pools
    needs = pools.planned_sales if need == "sales" else pools.planned_jobs
    charges = period.load("overhead_rate") * pools.planned_sales

    def cost(amount):
        return 0.5 * pools.planned_sales.mean() * (np.asarray(amount) / needs.mean()) ** exponent

    return [
        (needs[pools.region == region], charges[pools.region == region], cost)
        for region in range(pools.regions)
        if np.any(pools.region == region)
    ]


SHARING = (
    st.sampled_from(("proportional", "equal", "serial")),
    st.sampled_from(("employment", "sales")),
    st.sampled_from((0.05, 0.6, 0.88, 1.0)),
    st.integers(0, 2**32 - 1),
)


@given(*SHARING)
@QUICK
def test_charges_sum_to_the_cost(rule, need, exponent, seed):
    for needs, charges, cost in charges_by_region(rule, need, exponent, seed):
        if rule == "equal":
            # those who stay out bear their own cost, the members that of all members
            member = np.isclose(charges, charges[np.argmax(needs)], rtol=1e-12)
            assert_close(charges[~member], cost(needs[~member]), "charges of those who stay out")
            assert_close(charges[member].sum(), cost(needs[member].sum()), "charges of members")
        else:
            assert_close(charges.sum(), cost(needs.sum()), "charges")


@given(*SHARING)
@QUICK
def test_nobody_pays_more_than_alone(rule, need, exponent, seed):
    saved = 0.0
    for needs, charges, cost in charges_by_region(rule, need, exponent, seed):
        assert np.all(charges <= cost(needs) * (1.0 + 1e-12))
        assert np.all(charges >= 0.0)
        saved += (cost(needs) - charges).sum()
    # and sharing pays where cost rises less than in proportion; under equal charges perhaps nobody joins
    if rule != "equal":
        assert (saved > 1e-9) == (exponent < 1.0)


@given(configurations(PERIODS, **IMITATION), st.integers(0, 2**32 - 1))
@QUICK
def test_learning_never_lowers_knowledge(drawn, seed):
    period = OnePeriod(drawn.plan(), seed)
    assert np.all(period.new_knowledge >= period.pools.knowledge)


@given(configurations(PERIODS, **IMITATION), st.integers(0, 2**32 - 1))
@QUICK
def test_learning_never_raises_the_maximum(drawn, seed):
    """No firm gets above the best firm of the world in a channel; one rounding is allowed."""
    period = OnePeriod(drawn.plan(), seed)
    best = period.pools.knowledge.max(axis=1)
    assert np.all(period.new_knowledge.max(axis=1) <= best + 4e-16 * (1.0 + np.abs(best)))


@given(st.sampled_from(RULES), st.integers(0, 2**32 - 1))
@QUICK
def test_reach_of_the_channels(rule, seed):
    """Without the pool and far partners, nobody gets above the best firm of its own circle."""
    blueprint = mixed(
        **IMITATION, learning__rule=rule, spillover__rate=0.0, learning__far=0.0, learning__contact=1.0
    )
    period = OnePeriod(blueprint, seed)
    pools, suppliers = period.pools, np.diff(period.constants["suppliers_cumulative"], axis=1, prepend=0.0)
    old, new = pools.knowledge, period.new_knowledge

    def best(channel, members):
        return np.array([old[channel, members(firm)].max(initial=-np.inf) for firm in range(period.n)])

    circles = {
        0: lambda firm: pools.region == pools.region[firm],
        1: lambda firm: pools.cell == pools.cell[firm],
        2: lambda firm: (
            (pools.region == pools.region[firm]) & (suppliers[pools.sector[firm]][pools.sector] > 0)
        ),
        3: lambda firm: pools.cell == pools.cell[firm],
    }
    if rule == "barter":
        circles = dict.fromkeys(range(4), circles[1])
    for channel, members in circles.items():
        limit = np.maximum(best(channel, members), old[channel])
        assert np.all(new[channel] <= limit + 4e-16 * (1.0 + np.abs(limit)))
        assert np.any(new[channel] > old[channel])


@given(st.integers(0, 2**32 - 1))
@QUICK
def test_barter_gives_nothing_without_return(seed):
    """A firm that is ahead of all others in every channel, or behind, exchanges nothing."""
    still = {key.replace(".", "__"): value for key, value in NO_KNOWLEDGE.items()}
    blueprint = mixed(
        **{**still, **{f"learning__{name}": 0.3 for name in reference.CHANNELS}, "learning__rule": "barter"}
    )
    knowledge = np.random.default_rng(seed).normal(0.0, 1.0, (4, blueprint.n_firms))
    knowledge[:, 3], knowledge[:, 7] = 9.0, -9.0
    period = OnePeriod(blueprint, seed, **dict(zip(reference.CHANNELS, knowledge, strict=True)))
    change = period.new_knowledge - knowledge
    assert np.all(change[:, [3, 7]] == 0.0) and np.any(change > 0.0)
    # as many channels are received in as are given in, in every cell
    gains = np.count_nonzero(change, axis=0)
    pairs = np.bincount(period.pools.cell, weights=gains)
    assert np.all(pairs % 2 == 0)


@pytest.mark.parametrize("exponent", [0.05, 0.88])
def test_larger_regions_share_at_lower_cost(exponent):
    """C3: with proportional charges, overhead falls with the number of firms as theory says."""
    parameters = {"sharing.scale_exponent": exponent, "sharing.congestion": 0.0, "market.demand_growth": 0.0}
    blueprint = plan(economy(2, 1, [[5], [80]]), parameters, employment=20.0)
    run = Run(blueprint).advance(1)
    overhead = run.world.cells[at.C_OVERHEAD]
    assert_close(overhead[1] / overhead[0], 16.0 ** (exponent - 1.0), "relative overhead")
