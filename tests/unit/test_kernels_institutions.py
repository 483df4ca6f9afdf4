"""Institutions, trust and reputation (MODEL 7.13): kernels against the twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole.schema import STOCKS
from technopole.world.policies import pack_policy
from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed


def supported(**parameters):
    """Blueprint with a policy for every stock and for reputation."""
    blueprint = mixed(**parameters)
    rng = np.random.default_rng(3)
    policy = {name: rng.uniform(-2.0, 2.0, (1, blueprint.n_regions)) for name in STOCKS}
    policy["reputation"] = rng.normal(0.0, 0.3, (1, blueprint.n_regions, blueprint.n_sectors))
    return replace(blueprint, policy=pack_policy(policy))


def assert_stocks_agree(period):
    """Compare norms and stocks after the period with the twin's; returns the norms."""
    before = period.before
    tax, research, innovations = (
        period.recorded(name).sum(axis=1) for name in ("tax", "research_spending", "innovations")
    )
    norms = reference.institution_norms(
        before["norms"], before["period"], tax, research, before["workforce"], before["wage"]
    )
    assert_close(period.after["norms"], norms, "norms")
    name = reference.region.regional_reputation(period.pools.cell_jobs, before["reputation"])
    expected = reference.institutions(
        {stock: before[stock] for stock in STOCKS},
        period.policy,
        norms,
        before["workforce"],
        before["wage"],
        period.pools.region_firms,
        tax,
        research,
        innovations,
        name,
        period.params,
    )
    for stock in STOCKS:
        assert_close(period.after[stock], expected[stock], stock, scale=0.1)
    return norms


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.sampled_from((0.0, 0.15, 1.0)),
    st.sampled_from((0.1, 0.5, 2.0)),
    st.sampled_from((0.0, 1.0, 5.0)),
    # with few innovators one region may be far above the others: its rate is capped
    st.sampled_from((0.0, 0.02, 0.3)),
    st.booleans(),
)
@QUICK
def test_stocks(seed, feedback, scale, exponent, response, innovation, first):
    blueprint = supported(
        feedback__cluster_to_ris=feedback,
        institutions__scale=scale,
        institutions__university_exponent=exponent,
        institutions__services_exponent=exponent,
        finance__response=response,
        institutions__depreciation=0.4,
        innovation__rate=innovation,
        innovation__rate_high_tech=innovation,
    )
    period = OnePeriod(blueprint, seed, **({"period": 0} if first else {}))
    assert_stocks_agree(period)


@pytest.mark.parametrize("first", [True, False])
def test_infrastructure_without_taxes(first):
    """Where nobody ever paid taxes their norm is 0: infrastructure is as well supported as on average."""
    blueprint = supported(
        accounts__tax=0.0,
        feedback__cluster_to_ris=0.8,
        institutions__scale=1.0,
        institutions__depreciation=0.4,
    )
    period = OnePeriod(blueprint, 5, period=0 if first else 7, norms=np.array([0.0, 0.03]))
    norms = assert_stocks_agree(period)
    assert norms[0] == 0.0 and norms[1] > 0.0
    supply = 1.0 + period.policy["infrastructure"]
    by_hand = np.maximum(0.0, 0.6 * period.before["infrastructure"] + 0.4 * supply)
    assert_close(period.after["infrastructure"], by_hand, "infrastructure")
    # what else the region has still follows its cluster
    assert np.ptp(period.after["university"] - 0.6 * period.before["university"]) > 0.01


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.06, 1.0)), st.sampled_from((0.0, 0.03, 1.0)))
@QUICK
def test_trust(seed, rise, decay):
    period = OnePeriod(mixed(trust__rise=rise, trust__decay=decay), seed)
    contact = period.world.regions[at.R_CONTACT]
    expected = reference.new_trust(period.before["trust"], contact, period.pools.region_firms, period.params)
    assert_close(period.after["trust"], expected, "trust")
    assert np.all((expected >= 0.0) & (expected <= 1.0))


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from((0.0, 0.1, 1.0)))
@QUICK
def test_reputation(seed, standard, rate):
    period = OnePeriod(supported(reputation__standard=standard, reputation__rate=rate), seed)
    quality = period.new_knowledge[3]
    expected = reference.new_reputation(
        period.pools,
        period.before["reputation"],
        period.new("share"),
        quality,
        reference.uses_name(period.pools, quality, period.params),
        period.policy["reputation"],
        period.params,
    )
    assert_close(period.after["reputation"], expected, "reputation", scale=0.01)
