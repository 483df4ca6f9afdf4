"""Wages and mobility (MODEL 7.12): kernels against the twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole.world.policies import pack_policy
from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.3, 5.0)),
    st.sampled_from((0.0, 0.01, 1.0)),
    st.sampled_from((0.0, -0.3)),
)
@QUICK
def test_wages(seed, response, cap, shock):
    blueprint = mixed(labour__wage_response=response, labour__wage_cap=cap)
    shocks = np.array([[0.0, shock, 0.0, 2.0 * shock]])
    period = OnePeriod(replace(blueprint, policy=pack_policy({"wage_shock": shocks})), seed)
    pools = period.pools
    demand = (pools.jobs_per_share * pools.by_cell(period.new("share"))).sum(axis=1)
    assert_close(period.recorded("labour_demand"), demand, "labour demand")
    expected = reference.new_wages(
        period.before["wage"], demand, period.before["workforce"], shocks[0], period.params
    )
    assert_close(period.after["wage"], expected, "wages")


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.02, 1.0)),
    st.sampled_from((0.0, 1.0, 2.0)),
    st.sampled_from((50.0, 500.0, 1e5)),
)
@QUICK
def test_mobility(seed, rate, weight, decay):
    blueprint = mixed(
        mobility__rate=rate,
        mobility__size=weight,
        mobility__wage=2.0 * weight,
        mobility__trust=weight,
        mobility__reputation=weight,
        mobility__infrastructure=weight,
        mobility__congestion=0.3 * weight,
        spillover__distance_decay=decay,
    )
    period = OnePeriod(blueprint, seed)
    attraction = reference.log_attraction(
        period.before["workforce"],
        period.after["wage"],
        period.before["trust"],
        reference.region.regional_reputation(period.pools.cell_jobs, period.before["reputation"]),
        period.felt.infrastructure,
        period.felt.crowding,
        period.params,
    )
    settled, net = reference.mobility(
        period.before["workforce"], attraction, period.constants["proximity"], rate
    )
    grown = settled * (1.0 + period.params["labour.growth"])
    assert_close(period.after["workforce"], grown, "workforce")
    scale = period.before["workforce"].max()
    assert_close(period.recorded("net_migration"), net, "net migration", scale=scale)
    assert (np.abs(net).max() > 1e-6 * scale) == (rate > 0.0)


@pytest.mark.parametrize("decay", [1.0, 0.0])
def test_far_regions_exchange_nobody(decay):
    period = OnePeriod(mixed(mobility__rate=1.0, spillover__distance_decay=decay), 1)
    assert np.array_equal(period.world.regions[at.R_INFLOW], period.before["workforce"])
