"""Benchmarks of kernels, period and run: ``python -m pytest bench --benchmark-only``. Compilation is not timed."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import technopole as tp
from economy import Runner, make_config
from technopole_kernels.mathx import exp_core, log_core, normal_quantile_core
from technopole_kernels.rng import EVENT, draw, uniform

ELEMENTS = 2048


@numba.njit(error_model="numpy")
def _exponentials(x, out):
    for i in range(x.size):
        out[i] = exp_core(x[i])


@numba.njit(error_model="numpy")
def _logarithms(x, out):
    for i in range(x.size):
        out[i] = log_core(x[i])


@numba.njit(error_model="numpy")
def _quantiles(x, out):
    for i in range(x.size):
        out[i] = normal_quantile_core(x[i])


@numba.njit(error_model="numpy")
def _uniforms(x, out):
    for i in range(x.size):
        w0, _, _, _ = draw(np.uint64(i), np.uint64(3), EVENT, np.uint64(1), np.uint64(2))
        out[i] = uniform(w0)


@pytest.mark.parametrize(
    "loop", [_exponentials, _logarithms, _quantiles, _uniforms], ids=lambda f: f.py_func.__name__
)
def test_elementary_loop(benchmark, loop):
    """2,048 elements of the functions that most of the arithmetic consists of."""
    x, out = np.linspace(0.1, 0.9, ELEMENTS), np.zeros(ELEMENTS)
    loop(x, out)
    benchmark.group = "2,048 elements"
    benchmark(loop, x, out)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("shape", [(48, 6, 20_000), (51, 20, 78_000), (200, 40, 20_000)], ids=str)
def test_forty_periods(benchmark, shape):
    """Forty periods of one world, recording on; the last shape has two to three firms in a cell."""
    runner = Runner(make_config(*shape))
    benchmark.group = "40 periods"
    benchmark.extra_info["firm_periods"] = runner.run(0)
    benchmark.pedantic(runner.run, args=(0,), rounds=5, warmup_rounds=1)
    benchmark.extra_info["ns_per_firm_period"] = (
        benchmark.stats.stats.median / benchmark.extra_info["firm_periods"] * 1e9
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_ensemble(benchmark, threads):
    """Eight replicates of forty periods with the results as a labelled dataset."""
    config = make_config()
    tp.run(config, replicates=1, periods=1)
    benchmark.group = "8 replicates x 40 periods"
    result = benchmark.pedantic(
        tp.run, args=(config,), kwargs={"replicates": 8, "threads": threads, "periods": 40}, rounds=3
    )
    assert result.sizes["replicate"] == 8
