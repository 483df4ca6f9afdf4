"""Demand, institution indices and pools of knowledge (MODEL 7.0, 7.1): kernels against the twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from technopole_kernels import layout as at
from twinning import OnePeriod, assert_close
from worlds import QUICK, economy, mixed, plan

FEEDBACKS = (0.0, 0.4, 1.0)


@given(st.integers(0, 2**32 - 1), st.sampled_from(FEEDBACKS))
@QUICK
def test_indices_and_crowding(seed, feedback):
    period = OnePeriod(mixed(feedback__ris_to_cluster=feedback, sharing__congestion_exponent=0.8), seed)
    regions = period.world.regions
    for row, name in enumerate(("infrastructure", "university", "services", "finance")):
        assert_close(regions[at.R_INDEX + row], getattr(period.felt, name), name)
    assert_close(regions[at.R_CROWD], period.felt.crowding, "crowding")


def test_crowding_without_infrastructure_is_finite():
    blueprint = mixed(sharing__congestion_exponent=1.0)
    period = OnePeriod(blueprint, 1, infrastructure=np.array([0.0, 1e-9, 1.0, 2.0]))
    relative = period.before["workforce"] / period.before["workforce"].mean()
    # the least that crowding sees is a millionth of the average
    assert_close(period.world.regions[at.R_CROWD], relative / [1e-6, 1e-6, 1.0, 2.0])
    assert_close(period.felt.crowding, period.world.regions[at.R_CROWD])


@given(st.integers(0, 2**32 - 1))
@QUICK
def test_cells_and_sectors(seed):
    period = OnePeriod(mixed(sme__size=15.0), seed)
    pools, sectors = period.pools, period.world.sectors
    assert_close(sectors[at.S_DEMAND], pools.demand, "demand")
    assert_close(sectors[at.S_GROWTH], pools.demand_growth, "growth")
    assert_close(period.cell(at.C_LABOUR), pools.jobs_per_share, "jobs per share")
    assert np.array_equal(period.cell(at.FIRMS), pools.firms)
    assert np.array_equal(period.cell(at.SMALL_FIRMS), pools.count_by_cell(pools.small))
    assert_close(period.cell(at.SMALL_SALES), pools.small_sales, "mean sales of small firms")
    assert_close(period.after["knowledge"], pools.sector_knowledge.T, "knowledge of sectors")


@given(st.integers(0, 2**32 - 1), st.sampled_from((20.0, 150.0, 3000.0)), st.sampled_from((0.0, 0.1, 0.9)))
@QUICK
def test_spillover_pools(seed, decay, base):
    period = OnePeriod(mixed(spillover__distance_decay=decay, relatedness__base=base), seed)
    expected = period.pools.spillover
    found = np.array([period.cell(at.C_POOL + channel) for channel in range(4)])
    occupied = period.pools.firms > 0  # nobody asks for the others
    assert_close(found[:, occupied], expected[:, occupied], "pools")


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (8, 9), (17, 3), (21, 12)])
@pytest.mark.parametrize("decay", [20.0, 3000.0])
def test_pools_of_other_shapes(shape, decay):
    firms = np.random.default_rng(1).integers(0, 3, shape)
    firms[0, 0] = 1
    content = economy(*shape, firms, spacing=60.0)
    blueprint = plan({**content, "spillover": {"distance_decay": decay}}, firms=firms)
    period = OnePeriod(blueprint, 5)
    expected, occupied = period.pools.spillover, firms > 0
    found = np.array([period.cell(at.C_POOL + channel) for channel in range(4)])
    assert_close(found[:, occupied], expected[:, occupied], "pools")


@pytest.mark.parametrize("sector", [0, 1, 2])
def test_a_sector_without_firms_keeps_its_knowledge(sector):
    firms = np.full((2, 3), 4)
    firms[:, sector] = 0
    content = mixed().config.to_dict()
    content = {**content, "regions": content["regions"][:2], "cells": content["cells"][:6]}
    period = OnePeriod(plan(content, firms=firms), 8)
    kept = period.before["knowledge"][sector]
    assert np.array_equal(period.after["knowledge"][sector], kept)
    assert not np.array_equal(np.delete(period.after["knowledge"], sector, 0)[0], kept)
