"""Cost sharing, agglomeration and transaction cost (MODEL 7.6): kernels against the twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.sharing import facility_cost, share_equally, share_serially
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed

RULES = ("proportional", "equal", "serial")


@kernel
def call_sharing(equal, needs, charges, scale, exponent):
    """Charge ascending needs by the equal or the serial rule."""
    if equal:
        share_equally(needs, charges, scale, exponent)
    else:
        share_serially(needs, charges, scale, exponent)


@kernel
def call_facility_cost(need, scale, exponent):
    """Return the cost of a need."""
    return facility_cost(need, scale, exponent)


@given(
    st.sampled_from(("equal", "serial")),
    st.integers(1, 40),
    st.sampled_from((0.0, 0.3, 0.88, 1.0)),
    st.integers(0, 2**32 - 1),
)
@QUICK
def test_charges(rule, count, exponent, seed):
    rng = np.random.default_rng(seed)
    # sizes differ by orders of magnitude, so that the small leave the equal rule; some are equal
    needs = np.sort(np.repeat(rng.lognormal(0.0, 2.0, count), rng.integers(1, 3, count)))
    charges = np.empty(needs.size)
    call_sharing(rule == "equal", needs, charges, 0.7, exponent)
    assert_close(charges, reference.charges(needs, rule, 0.7, exponent, 1.0, 1.0), rule)


@pytest.mark.parametrize("need", [0.0, 1.0, 17.3])
def test_facility_cost(need):
    assert_close(call_facility_cost(need, 0.4, 0.6), reference.shared_cost(need, 0.4, 0.6, 1.0, 1.0))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(RULES),
    st.sampled_from(("employment", "sales")),
    st.sampled_from((0.05, 0.5, 0.88, 1.0)),
)
@QUICK
def test_overhead_rates(seed, rule, need, exponent):
    blueprint = mixed(
        sharing__rule=rule, sharing__need=need, sharing__scale_exponent=exponent, sharing__cost=0.3
    )
    period = OnePeriod(blueprint, seed)
    expected = reference.overhead_rates(period.pools, period.felt.crowding, period.params)
    assert_close(period.load("overhead_rate"), expected, "overhead rates")


@given(st.integers(0, 2**32 - 1))
@QUICK
def test_agglomeration(seed):
    blueprint = mixed(
        agglomeration__localisation=0.3, agglomeration__urbanisation=0.2, agglomeration__diversity=0.1
    )
    period = OnePeriod(blueprint, seed)
    expected = reference.log_agglomeration(period.pools, period.before["workforce"], period.params)
    occupied = period.pools.firms > 0
    # the sum of three terms of different sign
    assert_close(period.cell(at.C_EFFICIENCY)[occupied], expected[occupied], "ln A", scale=0.1)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.6, 3.0)), st.sampled_from((0.0, 0.6, 3.0)))
@QUICK
def test_transaction_cost(seed, trust, services):
    period = OnePeriod(mixed(transaction__trust=trust, transaction__services=services), seed)
    expected = reference.transaction_rate(period.before["trust"], period.felt.services, period.params)
    assert_close(period.world.regions[at.R_TRANSACTION], expected, "transaction cost")
