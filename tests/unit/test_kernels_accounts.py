"""Accounts and exit (MODEL 7.9, 7.10): kernels against the twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole_kernels import layout as at
from technopole_kernels.status import Fate
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed


def books_of(period):
    """Return the twin's books for the new shares, research and cost rates that the kernels found."""
    pools, constants = period.pools, period.constants
    return reference.accounts(
        period.new("share") * pools.demand[pools.sector],
        period.load("own_research"),
        period.before["cash"],
        period.load("overhead_rate"),
        period.world.regions[at.R_TRANSACTION][pools.region],
        constants["labour_share"][pools.sector],
        constants["markup"][pools.sector],
        period.params,
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.2, 1.0)), st.sampled_from((0.0, 0.3, 1.0)))
@QUICK
def test_books(seed, tax, payout):
    period = OnePeriod(mixed(accounts__tax=tax, accounts__payout=payout), seed)
    books = books_of(period)
    # cash is what is left of much larger flows
    assert_close(period.new("cash"), books.cash, "cash", scale=books.sales.max() * 1e-3)
    for name, values in (
        ("sales", books.sales),
        ("own_research", books.own_research),
        ("overhead", books.overhead),
        ("transaction_cost", books.transaction),
        ("tax", books.tax),
        ("payout", books.payout),
    ):
        table = period.pools.by_cell(values)
        assert_close(period.recorded(name), table, name, scale=books.sales.max() * 1e-3)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.3, 0.9)),
    st.sampled_from((0.0, 0.1, 0.9)),
    st.sampled_from((0.0, 0.2)),
)
@QUICK
def test_who_leaves_and_who_spawns(seed, closure, minimum, credit):
    blueprint = mixed(
        exit__closure=closure,
        exit__minimum=minimum,
        finance__credit=credit,
        entry__spinoff=0.3,
        sme__size=15.0,
    )
    period = OnePeriod(blueprint, seed)
    pools, share = period.pools, period.new("share")
    u = reference.uniform(period.words(reference.rng.EVENT)[2])
    sales = share * pools.demand[pools.sector]
    jobs = share * period.by_firm(pools.jobs_per_share)
    line = reference.credit_line(sales, pools.small, period.felt.finance[pools.region], period.params)
    reference_size = period.constants["reference_size"][pools.sector]
    leaves = reference.leaving_firms(u, jobs, period.new("cash"), line, reference_size, period.params)
    spawns = reference.spawning_firms(u, ~leaves, share, pools.sector_firms[pools.sector], period.params)
    fate = period.world.fate[: period.n]
    assert np.array_equal(fate == Fate.LEAVE, leaves)
    assert np.array_equal(fate >= Fate.SPAWN, spawns)
    assert np.array_equal(period.recorded("exits"), pools.count_by_cell(leaves))
    if closure < 0.9:
        assert 0 < leaves.sum() < period.n and spawns.sum() > 0


def test_without_facilities_and_congestion_there_is_no_overhead():
    period = OnePeriod(mixed(sharing__cost=0.0, sharing__congestion=0.0), 3)
    assert np.all(period.recorded("overhead") == 0.0) and np.any(period.recorded("transaction_cost") > 0.0)
