"""Indicators of the results of runs: names of variables, ds.tp, and results larger than memory."""

import subprocess
import sys

import pytest
import xarray as xr

import technopole as tp
from made_up_economy import made_up_economy
from technopole import indicators as ti


@pytest.fixture(scope="module")
def economy():
    return made_up_economy()


# ---------------------------------------------------------------------------------------------------------- ds.tp


def test_names_of_variables_stand_for_arrays(economy):
    xr.testing.assert_identical(economy.tp.location_quotient(), ti.location_quotient(economy.employment))
    xr.testing.assert_identical(
        economy.tp.theil("wage", weights="workforce"), ti.theil(economy.wage, weights=economy.workforce)
    )
    xr.testing.assert_identical(
        economy.tp.coupling_coordination("trust", "finance"),
        ti.coupling_coordination(economy.trust, economy.finance),
    )
    xr.testing.assert_identical(
        economy.tp.gini(values="wage", region="region"), ti.gini(economy.wage, region="region")
    )
    assert economy.tp.theil.__doc__ == ti.theil.__doc__
    assert {"theil", "indicators", "weights"} <= set(dir(economy.tp))


def test_unknown_names_are_answered_with_the_known_ones(economy):
    with pytest.raises(ValueError, match="has no variable 'wages'; it has employment, sales"):
        economy.tp.gini("wages")
    with pytest.raises(AttributeError, match="ds.tp has no 'ginni'"):
        _ = economy.tp.ginni
    with pytest.raises(ValueError, match="has no variable to compute indicators from"):
        xr.Dataset({"a": 1.0}).tp.indicators()
    with pytest.raises(ValueError, match="has no positions"):
        xr.Dataset({"a": 1.0}).tp.weights(neighbours=1)


@pytest.mark.parametrize("chunks", [{"replicate": 1, "time": 3}, {"region": 4, "sector": 2}])
def test_main_indicators_of_lazy_data_are_the_same(economy, chunks):
    dask = pytest.importorskip("dask")
    found = economy.chunk(chunks).tp.indicators()
    assert all(variable.chunks for variable in found.data_vars.values())
    with dask.config.set(scheduler="synchronous"):
        xr.testing.assert_allclose(found.compute(), economy.tp.indicators(), rtol=1e-10)


def test_main_indicators_of_a_run(two_regions):
    ds = tp.run(two_regions, replicates=2, periods=4)
    found = ds.tp.indicators()
    assert {"structural_similarity", "ellison_glaeser", "theil", "selection"} <= set(found.data_vars)
    assert found.structural_similarity.dims == ("replicate", "time")
    assert all({"long_name", "units"} <= set(variable.attrs) for variable in found.data_vars.values())
    xr.testing.assert_identical(
        found.structural_similarity, ti.structural_similarity(ds.employment, mean=True)
    )
    few = ds[["wage"]].tp.indicators()
    assert list(few.data_vars) == ["sigma_convergence"]


# --------------------------------------------------------------------------------------------------- large results

LARGE = """
import resource, sys
import dask, dask.array, numpy as np, xarray as xr
from technopole import indicators as ti

def world(block_info=None):
    shape = block_info[None]["chunk-shape"]
    return np.random.default_rng(block_info[None]["chunk-location"][0]).random(shape)

chunks = (1,) * 40, (100,), (383,), (86,)  # 1.05 GB each, a replicate of 26 MB at a time
dims = ("replicate", "time", "region", "sector")
names = ("employment", "sales", "productivity")
ds = xr.Dataset({name: (dims, dask.array.map_blocks(world, chunks=chunks, dtype=float)) for name in names})
jobs = ds.employment
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with dask.config.set(scheduler="synchronous"):
    ti.entropy_weights(jobs, over=dims[:3], criterion="sector").compute()
    ds.tp.indicators().compute()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured in the units of Linux")
def test_large_results_are_never_in_memory_as_a_whole(environment):
    pytest.importorskip("dask")
    done = subprocess.run([sys.executable, "-c", LARGE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 700.0  # MB
