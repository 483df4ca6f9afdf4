"""Benchmarks of indicators, of 10 worlds of 383 regions × 86 sectors; 1,000 replicates × 100 years are 100,000."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from technopole import indicators as ti

RANDOM = np.random.default_rng(1)
JOBS = RANDOM.lognormal(3.0, 2.0, (10, 383, 86)) * (RANDOM.random((10, 383, 86)) < 0.5)
TABLE = xr.DataArray(JOBS, dims=("time", "region", "sector"), name="employment")
LEVEL = xr.DataArray(RANDOM.normal(size=JOBS.shape), dims=TABLE.dims)
GROUPS = xr.DataArray(np.arange(86) // 8, dims="sector")
NEAR = xr.DataArray((RANDOM.random((383, 383)) < 0.02) * 1.0, dims=("region", "other_region"))

CALLS = {
    "location_quotient": lambda: ti.location_quotient(TABLE),
    "krugman_specialisation": lambda: ti.krugman_specialisation(TABLE),
    "krugman_dissimilarity": lambda: ti.krugman_dissimilarity(TABLE),
    "structural_similarity": lambda: ti.structural_similarity(TABLE),
    "mean structural_similarity": lambda: ti.structural_similarity(TABLE, mean=True),
    "herfindahl": lambda: ti.herfindahl(TABLE),
    "locational_gini": lambda: ti.locational_gini(TABLE),
    "theil": lambda: ti.theil(TABLE),
    "variety": lambda: ti.variety(TABLE, GROUPS),
    "relatedness_density": lambda: ti.relatedness_density(TABLE),
    "economic_complexity": lambda: ti.economic_complexity(TABLE),
    "morans_i": lambda: ti.morans_i(TABLE.sum("sector"), NEAR),
    "fhk": lambda: ti.fhk(TABLE, LEVEL, firm="region"),
    "entropy_weights": lambda: ti.entropy_weights(TABLE, over=("time", "region"), criterion="sector"),
}


@pytest.mark.parametrize("name", CALLS)
def test_indicator(benchmark, name):
    benchmark.extra_info["worlds"] = 10
    benchmark(CALLS[name])
