"""Sensitivity indices against published functions."""

import numpy as np
import pytest

from technopole.statistics.sensitivity_indices import _morris, _sobol, morris_indices, sobol_indices

SALib = pytest.importorskip("SALib")
from SALib.analyze import morris as salib_morris  # noqa: E402
from SALib.analyze import sobol as salib_sobol  # noqa: E402
from SALib.sample import morris as morris_sample  # noqa: E402
from SALib.sample import sobol as sobol_sample  # noqa: E402

UNIT = {"num_vars": 3, "names": list("abc"), "bounds": [[0.0, 1.0]] * 3}


def ishigami(unit, a=7.0, b=0.1):
    """Ishigami and Homma (1990)."""
    x = np.pi * (2.0 * unit - 1.0)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices(a=7.0, b=0.1):
    """Closed forms, Saltelli et al. (2000)."""
    first = 0.5 * (1.0 + b * np.pi**4 / 5.0) ** 2
    second = a**2 / 8.0
    pair = b**2 * np.pi**8 * 8.0 / 225.0
    total = first + second + pair
    return (
        np.array([first, second, 0.0]) / total,
        np.array([first + pair, second, pair]) / total,
        pair / total,
    )


@pytest.mark.parametrize("second_order", [False, True])
def test_ishigami(second_order):
    sample = sobol_sample.sample(UNIT, 2048, calc_second_order=second_order, seed=3)
    found = sobol_indices(ishigami(sample)[:, None], 3, second_order)
    s1, st, pair = ishigami_indices()
    assert s1 == pytest.approx([0.3139, 0.4424, 0.0], abs=1e-4)  # as published
    assert found["S1"].value == pytest.approx(s1, abs=0.02)
    assert found["ST"].value == pytest.approx(st, abs=0.02)
    # the intervals are wider than the errors: a Sobol sequence is more even than the bootstrap assumes
    assert (np.abs(found["S1"].value - s1) <= found["S1"].half_width).all()
    assert (np.abs(found["ST"].value - st) <= found["ST"].half_width).all()
    assert np.isnan(found["ST"].noise).all()  # one replicate says nothing of chance
    assert ("S2" in found) == second_order
    if second_order:
        s2 = found["S2"].value
        assert s2[0, 2] == s2[2, 0] == pytest.approx(pair, abs=0.05)
        assert s2[0, 1] == pytest.approx(0.0, abs=0.05)
        assert np.isnan(np.diag(s2)).all()


@pytest.mark.parametrize("second_order", [False, True])
def test_the_estimator_of_the_jackknife_is_that_of_salib(second_order):
    sample = sobol_sample.sample(UNIT, 64, calc_second_order=second_order, seed=4)
    y = ishigami(sample)
    expected = salib_sobol.analyze(UNIT, y, calc_second_order=second_order, seed=1)
    found = _sobol(np.stack([y, 3.0 * y + 5.0], axis=1), 3, second_order)
    for name, parts in found.items():
        upper = np.triu_indices(3, 1) if name == "S2" else slice(None)
        for column in range(2):
            assert parts[..., column][upper] == pytest.approx(np.asarray(expected[name])[upper], rel=1e-9)


def morris_function(unit):
    """Test function of Morris (1991), section 4, with its random coefficients at their expectation 0."""
    x = 2.0 * (unit - 0.5)
    for i in (2, 4, 6):
        x[:, i] = 2.0 * (1.1 * unit[:, i] / (unit[:, i] + 0.1) - 0.5)
    y = 20.0 * x[:, :10].sum(axis=1)
    for i in range(6):
        for j in range(i + 1, 6):
            y += -15.0 * x[:, i] * x[:, j]
    for i in range(5):
        for j in range(i + 1, 5):
            for k in range(j + 1, 5):
                y += -10.0 * x[:, i] * x[:, j] * x[:, k]
    return y + 5.0 * x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3]


@pytest.fixture(scope="module")
def morris_design():
    problem = {"num_vars": 20, "names": [f"x{i}" for i in range(20)], "bounds": [[0.0, 1.0]] * 20}
    return problem, morris_sample.sample(problem, 100, num_levels=4, seed=5)


def test_morris_function(morris_design):
    """As Morris (1991) found: x1-x7 matter and are curved or interact, x8-x10 are linear, the rest is nothing."""
    problem, sample = morris_design
    found = morris_indices(morris_function(sample)[:, None], sample, 4)
    mu, star, sigma = (found[name].value for name in ("mu", "mu_star", "sigma"))
    assert mu[7:10] == pytest.approx([40.0] * 3)
    assert sigma[:7].min() > 15.0
    assert sigma[7:] == pytest.approx(0.0, abs=1e-9)
    assert star[10:] == pytest.approx(0.0, abs=1e-9)
    assert star[:10].min() > 35.0
    assert found["mu"].half_width[:7].min() > 0.0


def test_elementary_effects_are_those_of_salib(morris_design):
    problem, sample = morris_design
    y = morris_function(sample)
    expected = salib_morris.analyze(problem, sample, y, num_levels=4, seed=1)
    found = _morris(np.stack([y, -2.0 * y], axis=1), sample)
    for name, factor in (("mu", -2.0), ("mu_star", 2.0), ("sigma", 2.0)):
        assert found[name][:, 0] == pytest.approx(np.asarray(expected[name], float), rel=1e-9, abs=1e-9)
        assert found[name][:, 1] == pytest.approx(factor * found[name][:, 0], abs=1e-9)


def test_chance_within_the_model_is_found_and_its_bias_with_it():
    """Independent noise adds noise variance/replicates to the numerator of ST and to the denominator."""
    sample = sobol_sample.sample(UNIT, 1024, calc_second_order=False, seed=6)
    exact = ishigami(sample)
    replicates, sd = 8, 4.0
    values = exact[:, None] + sd * np.random.default_rng(7).normal(size=(len(exact), replicates))
    found = sobol_indices(values, 3, False)
    variance, error = np.var(exact), sd**2 / replicates
    _, st, _ = ishigami_indices()
    inflated = (st * variance + error) / (variance + error)
    assert found["ST"].value == pytest.approx(inflated, abs=0.04)
    corrected = found["ST"].value - found["ST"].bias
    assert np.abs(corrected - st).max() < 0.03
    assert (found["ST"].value - st)[2] > 0.05  # what would have been believed of the third one


def test_the_noise_of_the_jackknife_is_the_spread_over_repetitions():
    sample = sobol_sample.sample(UNIT, 64, calc_second_order=False, seed=8)
    exact, random = ishigami(sample), np.random.default_rng(9)
    runs = []
    for _ in range(60):
        values = exact[:, None] + 2.0 * random.normal(size=(len(exact), 16))
        runs.append([(index.value, index.noise) for index in sobol_indices(values, 3, False).values()])
    values, noise = np.moveaxis(np.array(runs), 2, 0)
    ratio = np.sqrt((noise**2).mean(axis=0)) / values.std(axis=0, ddof=1)
    assert ratio == pytest.approx(np.ones_like(ratio), abs=0.35)


def test_what_all_points_share_is_no_noise():
    """Common random numbers that only shift all points alike leave the indices as they are."""
    sample = sobol_sample.sample(UNIT, 64, calc_second_order=False, seed=8)
    shift = 5.0 * np.random.default_rng(1).normal(size=16)
    found = sobol_indices(ishigami(sample)[:, None] + shift, 3, False)
    assert found["ST"].noise == pytest.approx(0.0, abs=1e-9)


def test_missing_replicates_and_many_replicates():
    sample = sobol_sample.sample(UNIT, 16, calc_second_order=False, seed=8)
    values = ishigami(sample)[:, None] + np.random.default_rng(1).normal(size=(len(sample), 100))
    values[3, :98] = np.nan
    found = sobol_indices(values, 3, False)
    assert np.isfinite(found["ST"].noise).all()
    values[3, 98] = np.nan
    assert np.isnan(sobol_indices(values, 3, False)["ST"].noise).all()


def test_an_outcome_without_variation_has_no_indices():
    sample = sobol_sample.sample(UNIT, 16, calc_second_order=True, seed=8)
    found = sobol_indices(np.ones((len(sample), 3)), 3, True)
    assert all(np.isnan(part).all() for index in found.values() for part in index)
    assert found["S2"].value.shape == (3, 3)
