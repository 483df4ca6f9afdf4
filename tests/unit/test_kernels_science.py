"""Upgrading and the university pipeline (MODEL 7.3, 7.4): kernels against the twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import reference
from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, mixed

TECHNOLOGY = 1
ONLY = {f"learning__{channel}": 0.0 for channel in ("organisation", "technology", "sourcing", "quality")}
ONLY |= {"spillover__rate": 0.0, "innovation__rate": 0.0, "innovation__rate_high_tech": 0.0}


def absorption_of(period):
    """Absorptive capacity of the operating firms."""
    rho = period.constants["rd_intensity"][period.pools.sector]
    difficulty = period.params["learning.difficulty"]
    return reference.absorptive_capacity(period.before["research"], rho, difficulty)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.1, 0.8)))
@QUICK
def test_upgrading(seed, base):
    period = OnePeriod(mixed(**ONLY, science__rate=0.0, upgrading__rate=0.3, relatedness__base=base), seed)
    old = period.pools.knowledge
    gain = reference.upgrading_gain(
        period.pools, old[TECHNOLOGY], absorption_of(period), period.felt, period.params, period.constants
    )
    expected = old.copy()
    expected[TECHNOLOGY] += gain
    assert_close(period.new_knowledge, expected, "knowledge")
    high_tech = period.constants["high_tech"][period.pools.sector]
    assert np.all(gain[high_tech] == 0.0) and np.any(gain > 0.0)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.05, 3 / 7, 1.0)),
    st.sampled_from((0.0, 0.5, 8.0)),
    st.sampled_from((0.0, 1.0)),
)
@QUICK
def test_pipeline_and_what_is_read_of_it(seed, leaving, speed, feedback):
    blueprint = mixed(
        **ONLY,
        upgrading__rate=0.0,
        science__rate=0.2,
        science__exit_probability=leaving,
        science__tie_speed=speed,
        feedback__ris_to_cluster=feedback,
    )
    period = OnePeriod(blueprint, seed)
    tied = period.pools.count_by_cell(period.before["tie"] > 0).sum(axis=1)
    lab = reference.science(
        period.before["pipeline"], tied, period.pools.region_firms, period.felt.university, period.params
    )
    regions = period.world.regions
    assert_close(regions[at.R_TIED], lab.tied_share, "share of tied firms")
    assert_close(regions[at.R_LEAVING], lab.leaving, "leaving probability")
    assert_close(period.after["pipeline"], lab.pipeline, "pipeline")
    assert_close(period.recorded("research_lag"), 3.0 / lab.leaving, "lag")
    gain = reference.science_gain(
        period.before["tie"], absorption_of(period), lab.outflow[period.pools.region], period.params
    )
    expected = period.pools.knowledge.copy()
    expected[TECHNOLOGY] += gain
    assert_close(period.new_knowledge, expected, "knowledge")
    assert np.any(gain > 0.0) and np.all(gain[period.before["tie"] == 0] == 0.0)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.3, 1.0)), st.sampled_from((0.0, 0.3, 1.0)))
@QUICK
def test_ties(seed, forms, breaks):
    period = OnePeriod(mixed(science__tie_rate=forms, science__tie_break=breaks), seed)
    word = period.words(reference.rng.EVENT)[1]
    services = period.felt.services[period.pools.region]
    expected = reference.new_ties(period.before["tie"], word, services, period.params)
    assert np.array_equal(period.new("tie"), expected)
