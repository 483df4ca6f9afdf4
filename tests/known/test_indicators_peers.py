"""Indicators against well-kept libraries, to 1e-10; those that are not installed are skipped."""

import warnings

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from technopole import indicators as ti

RANDOM = np.random.default_rng(20)
INCOMES = RANDOM.lognormal(size=40)
GROUPS = RANDOM.integers(0, 5, 40)
TABLE = np.where(RANDOM.random((30, 12)) < 0.75, RANDOM.lognormal(sigma=1.5, size=(30, 12)), 0.0)
EXACT = dict(rtol=1e-10, atol=1e-10)


def needed(name):
    """Import a library, whatever warnings it has about others; skip without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, exc_type=ImportError)


def over(values, dim="region"):
    return xr.DataArray(values, dims=dim)


def cells():
    return xr.DataArray(TABLE, dims=("region", "sector"))


# ------------------------------------------------------------------------------------------------- scipy, numpy


def test_structures_are_those_of_scipy():
    distance = pytest.importorskip("scipy.spatial.distance")
    share = TABLE / TABLE.sum(axis=1, keepdims=True)
    assert_allclose(
        ti.krugman_dissimilarity(cells()), distance.cdist(share, share, "cityblock"), rtol=1e-10, atol=1e-12
    )
    cosine = 1.0 - distance.cdist(share, share, "cosine")
    assert_allclose(ti.structural_similarity(cells()), cosine, **EXACT)
    pairs = np.triu_indices(30, 1)
    assert_allclose(ti.structural_similarity(cells(), mean=True), cosine[pairs].mean(), **EXACT)


def test_variety_and_theil_are_entropies_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    groups = over(np.arange(12) % 3, "sector")
    found = ti.variety(cells(), groups)
    assert_allclose(found.total, stats.entropy(TABLE, base=2, axis=1), **EXACT)
    joined = np.stack([TABLE[:, k::3].sum(axis=1) for k in range(3)], axis=1)
    assert_allclose(found.unrelated, stats.entropy(joined, base=2, axis=1), **EXACT)
    equal = np.ones(40)
    assert_allclose(ti.theil(over(INCOMES)), stats.entropy(INCOMES, equal), **EXACT)
    assert_allclose(ti.theil(over(INCOMES), form="L"), stats.entropy(equal, INCOMES), **EXACT)


def test_regressions_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    later = INCOMES**0.8 * RANDOM.lognormal(sigma=0.2, size=40)
    fit = stats.linregress(np.log(INCOMES), np.log(later / INCOMES) / 10)
    found = ti.beta_convergence(over(INCOMES), over(later), years=10)
    assert_allclose(found.slope, fit.slope, **EXACT)
    assert_allclose(found.intercept, fit.intercept, **EXACT)
    assert_allclose(found.standard_error, fit.stderr, **EXACT)
    assert_allclose(found.r_squared, fit.rvalue**2, **EXACT)


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0, 5.0])
def test_subbotin_fit_is_the_highest_likelihood_of_scipy(shape):
    stats, optimize = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.optimize")
    special = pytest.importorskip("scipy.special")
    values = stats.gennorm(shape).rvs(size=400, random_state=4) * 0.02 + 0.01
    found = ti.subbotin_fit(over(values, "firm"))
    b, a, m = (float(found[name]) for name in ("shape", "scale", "location"))
    assert m == np.median(values)
    law = stats.gennorm(b, loc=m, scale=a * b ** (1 / b))
    assert_allclose(found.log_likelihood, law.logpdf(values).sum(), rtol=1e-10)

    gaps = np.abs(values - m)

    def score(b):
        powers = gaps**b
        logs = (powers * np.log(gaps)).sum() / powers.sum()
        return np.log(powers.mean()) + np.log(b) + special.digamma(1 + 1 / b) - b * logs

    assert_allclose(b, optimize.brentq(score, 0.2, 20, xtol=1e-14, rtol=1e-14), rtol=1e-10)
    # and the likelihood is lower all around
    for other in (0.99 * b, 1.01 * b):
        scale = (other * (gaps**other).mean()) ** (1 / other)
        assert stats.gennorm(other, loc=m, scale=scale).logpdf(values).sum() < found.log_likelihood


def test_standard_error_of_the_subbotin_shape_is_the_spread_of_fits():
    stats = pytest.importorskip("scipy.stats")
    samples = stats.gennorm(1.2).rvs(size=(400, 1000), random_state=5)
    found = ti.subbotin_fit(xr.DataArray(samples, dims=("sample", "firm")), location="zero")
    assert_allclose(found["shape"].std(), found.standard_error.mean(), rtol=4 / 800**0.5)
    assert_allclose(found["shape"].mean(), 1.2, atol=0.02)


# -------------------------------------------------------------------------------------------------------- PySAL


def test_inequality_is_that_of_pysal():
    inequality = needed("inequality")
    assert_allclose(ti.gini(over(INCOMES)), inequality.gini.Gini(INCOMES).g, **EXACT)
    assert_allclose(ti.theil(over(INCOMES)), inequality.theil.Theil(INCOMES).T, **EXACT)
    peer = inequality.theil.TheilD(INCOMES, GROUPS)
    found = ti.theil_decomposition(over(INCOMES), over(GROUPS))
    for mine, theirs in ((found.total, peer.T), (found.between, peer.bg), (found.within, peer.wg)):
        assert_allclose(mine, np.asarray(theirs).item(), **EXACT)
    for aversion in (0.3, 0.5, 1.0, 2.0):
        peer = inequality.atkinson.Atkinson(INCOMES, aversion)
        assert_allclose(ti.atkinson(over(INCOMES), aversion=aversion), peer.A, **EXACT)


@pytest.fixture(scope="module")
def lattice():
    """Weights of a 5 × 8 lattice, for PySAL and as a labelled array."""
    libpysal = needed("libpysal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = libpysal.weights.lat2W(5, 8)
    return weights, xr.DataArray(weights.full()[0], dims=("region", "other_region"))


@pytest.mark.parametrize("transformation, rows", [("b", False), ("r", True)])
def test_moran_is_that_of_pysal(lattice, transformation, rows):
    esda = needed("esda")
    weights, table = lattice
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = esda.Moran(INCOMES, weights, transformation=transformation, permutations=0)
        local = esda.Moran_Local(INCOMES, weights, transformation=transformation, permutations=0)
    found = ti.morans_i(over(INCOMES), table, row_standardised=rows)
    pairs = ("morans_i", "I"), ("expected", "EI"), ("variance", "VI_norm"), ("z", "z_norm"), ("p", "p_norm")
    for mine, theirs in pairs:
        assert_allclose(found[mine], getattr(peer, theirs), **EXACT)
    # PySAL divides by the variance with n − 1
    assert_allclose(found.local * 39 / 40, local.Is, **EXACT)


def test_permutations_say_what_those_of_pysal_say(lattice):
    esda = needed("esda")
    weights, table = lattice
    trend = np.repeat(np.arange(5.0), 8) + 4 * INCOMES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(0)
        peer = esda.Moran(trend, weights, transformation="r", permutations=999)
    found = ti.morans_i(over(trend), table, row_standardised=True, permutations=999)
    assert_allclose(found.p_permutation, peer.p_sim, atol=4 * (0.25 / 999) ** 0.5)


@pytest.mark.parametrize(
    "folder, table, column, moran, count, p",
    [
        ("stl", "stl_hom.txt", "HR8893", 0.244, 78, 0.000271),
        ("sids2", "sids2.dbf", "SIDR74", 0.248, 100, 0.000115833),
    ],
)
def test_moran_of_published_examples(folder, table, column, moran, count, p):
    libpysal = needed("libpysal")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            files = [libpysal.io.open(libpysal.examples.get_path(name)) for name in (f"{folder}.gal", table)]
            weights, values = files[0].read(), np.array(files[1].by_col(column), dtype=float)
            for file in files:
                file.close()
            full = weights.full()[0]
    except (KeyError, OSError, TypeError) as problem:
        pytest.skip(f"the example data of libpysal are not there: {problem}")
    neighbours = xr.DataArray(full, dims=("region", "other_region"))
    found = ti.morans_i(over(values), neighbours, row_standardised=True)
    assert_allclose(found.morans_i, moran, atol=5e-4)
    assert_allclose(found.expected, -1 / (count - 1))
    assert_allclose(found.p, p, atol=5e-7)


# ------------------------------------------------------------------------------------------- economic complexity


def complexity_by_ecomplexity():
    pandas, peer = pytest.importorskip("pandas"), needed("ecomplexity")
    rows = [(0, f"r{r:02}", f"k{k:02}", TABLE[r, k]) for r in range(30) for k in range(12)]
    frame = pandas.DataFrame(rows, columns=["year", "region", "sector", "value"])
    names = {"time": "year", "loc": "region", "prod": "sector", "val": "value"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return frame, names, peer


def test_complexity_is_that_of_ecomplexity(capsys):
    frame, names, peer = complexity_by_ecomplexity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peer.ecomplexity(frame, names)
    theirs = theirs.set_index(["region", "sector"]).to_xarray()
    assert_allclose(ti.location_quotient(cells()), theirs.rca, **EXACT)
    found = ti.economic_complexity(cells())
    for mine, name, dim in (("eci", "eci", "sector"), ("pci", "pci", "region")):
        assert_allclose(found[mine], theirs[name].mean(dim), **EXACT)
    assert_allclose(found.diversity, theirs.diversity.mean("sector"))
    assert_allclose(found.ubiquity, theirs.ubiquity.mean("region"))
    assert_allclose(ti.relatedness_density(cells()), theirs.density, **EXACT)


def test_proximity_is_that_of_ecomplexity():
    frame, names, peer = complexity_by_ecomplexity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peer.proximity(frame, names)
    theirs = theirs.set_index(["sector_1", "sector_2"]).proximity.to_xarray()
    mine = ti.relatedness(cells()).values
    assert_allclose(np.where(np.eye(12) == 1, 0, mine), np.where(np.eye(12) == 1, 0, theirs), **EXACT)


def test_reflections_are_those_of_economic_complexity():
    pandas, peer = pytest.importorskip("pandas"), needed("economic_complexity")
    frame = pandas.DataFrame(
        TABLE, index=[f"r{r:02}" for r in range(30)], columns=[f"k{k:02}" for k in range(12)]
    )
    quotient = peer.rca(frame)
    assert_allclose(ti.location_quotient(cells()), quotient, **EXACT)
    # 20 rounds there are 18 for regions and 19 for sectors, standardised with n − 1
    for theirs, order, name in zip(peer.complexity(quotient), (18, 19), ("regions", "sectors"), strict=True):
        mine = ti.reflections(cells(), order=order)[name]
        assert_allclose((mine - mine.mean()) / mine.std(ddof=1), theirs, rtol=1e-8, atol=1e-8)
