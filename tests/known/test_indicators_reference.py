"""Indicators against published examples and cases worked out by hand."""

import math

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from technopole import indicators as ti

ROWS = ((100, 0, 0, 0, 0), (0, 15, 5, 70, 10), (0, 20, 10, 20, 50), (0, 25, 30, 5, 40), (0, 40, 55, 5, 0))
NETWORK = ((1, 1, 1, 1), (0, 1, 0, 0), (0, 0, 1, 1), (0, 0, 0, 1))


def series(values, dim="region", labels=None):
    coords = {} if labels is None else {dim: labels}
    return xr.DataArray(np.asarray(values, dtype=float), dims=dim, coords=coords)


def table(rows):
    rows = np.asarray(rows, dtype=float)
    coords = {
        "region": [f"R{i}" for i in range(len(rows))],
        "sector": [f"S{k}" for k in range(rows.shape[1])],
    }
    return xr.DataArray(rows, dims=("region", "sector"), coords=coords)


# ------------------------------------------------------------------------------- structures of regions (EconGeo)


def test_location_quotient_of_the_econgeo_table():
    expected = (
        (5, 0, 0, 0, 0),
        (0, 0.75, 0.25, 3.5, 0.5),
        (0, 1, 0.5, 1, 2.5),
        (0, 1.25, 1.5, 0.25, 2),
        (0, 2, 2.75, 0.25, 0),
    )
    assert_allclose(ti.location_quotient(table(ROWS)), expected, rtol=1e-14)


def test_location_quotient_of_the_reat_example():
    here, region, sector, everything = 1714, 79006, 879213, 15593224
    rest = region - here, sector - here, everything - region - sector + here
    assert_allclose(
        ti.location_quotient(table(((here, rest[0]), (rest[1], rest[2]))))[0, 0], 0.3847623, atol=5e-8
    )


def test_krugman_index_of_the_econgeo_table():
    assert_allclose(ti.krugman_specialisation(table(ROWS), reference="all"), (1.6, 1, 0.6, 0.7, 1.1))
    # against the other four the first region has nothing in common
    assert_allclose(ti.krugman_specialisation(table(ROWS)), (2, 1.25, 0.75, 0.875, 1.375))


def test_krugman_dissimilarity_of_the_reat_example():
    pairs = ti.krugman_dissimilarity(table(((20, 10, 70, 0, 0), (0, 0, 0, 60, 40))))
    assert_allclose(pairs, ((0, 2), (2, 0)), atol=1e-15)


def test_herfindahl_and_hachman_of_the_econgeo_table():
    assert_allclose(ti.herfindahl(table(ROWS)), (1, 0.525, 0.34, 0.315, 0.465))
    assert_allclose(ti.hachman(table(ROWS)), (0.2, 0.3809524, 0.5882353, 0.6349206, 0.4301075), atol=5e-8)


def test_herfindahl_of_the_reat_example():
    shares = series((20, 50, 20, 10), "sector")
    assert_allclose(ti.herfindahl(shares), 0.34)
    assert_allclose(ti.herfindahl(shares, form="normalised"), 0.12)
    assert_allclose(ti.herfindahl(shares, form="equivalent"), 2.941176, atol=5e-7)


def test_locational_gini_of_the_econgeo_table():
    assert_allclose(ti.locational_gini(table(ROWS)), (0.4, 0.18, 0.27, 0.31, 0.28))


@pytest.mark.parametrize(
    "values, reference, expected",
    [
        ((500, 500, 1000, 7000, 1000), (20000, 15000, 20000, 40000, 5000), 0.4068966),
        ((700, 600, 500, 10000, 40000), (30000, 15000, 10000, 60000, 50000), 0.6222222),
    ],
)
def test_locational_gini_of_the_reat_examples(values, reference, expected):
    found = ti.locational_gini(series(values), reference=series(reference), form="quotients")
    assert_allclose(found, expected, atol=5e-8)


def test_cluster_index_of_the_reat_example():
    # the second region is the rest of the economy
    firms, workers = (35, 53 - 35), (1743, 5740 - 1743)
    people, area = (488, 4621 - 488), (50, 576 - 50)
    found = ti.cluster_index(*map(series, (workers, firms, people, area)))
    assert_allclose(found[0], 21.87491, atol=5e-6)


def test_structural_similarity_by_hand():
    pairs = ti.structural_similarity(table(((1, 0), (1, 1), (0, 0))))
    assert_allclose(pairs, ((1, 0.5**0.5, np.nan), (0.5**0.5, 1, np.nan), (np.nan,) * 3))


# -------------------------------------------------------------------------------------------------- inequality


@pytest.mark.parametrize(
    "values, expected",
    [
        ((0, 10, 10, 30, 50), 0.48),
        ((0, 0, 0, 0, 1), 0.8),
        ((0, 0, 0, 1, 1), 0.6),
        ((7, 7, 7, 7, 7), 0.0),
    ],
)
def test_gini_of_the_econgeo_examples(values, expected):
    assert_allclose(ti.gini(series(values)), expected, atol=1e-15)


@pytest.mark.parametrize(
    "amounts, gini, hoover",
    [
        ((0, 10, 10, 30, 50), 0.31, 0.25),
        ((10, 15, 20, 25, 30), 0.0, 0.0),
        ((0, 0, 0, 0, 1), 0.70, 0.70),
        ((0, 0, 0, 1, 1), 0.475, 0.45),
    ],
)
def test_hoover_and_hoover_gini_of_the_econgeo_examples(amounts, gini, hoover):
    people = series((10, 15, 20, 25, 30))
    assert_allclose(ti.gini(series(amounts) / people, weights=people), gini, atol=1e-15)
    assert_allclose(ti.hoover(series(amounts), people), hoover, atol=1e-15)


def test_theil_and_mean_log_deviation_of_the_reat_example():
    values = series((10, 10, 10, 20, 50))
    assert_allclose(ti.theil(values), 0.2502012, atol=5e-8)
    assert_allclose(ti.theil(values, form="L"), 0.2326302, atol=5e-8)  # what REAT calls Theil


def test_theil_decomposition_of_the_pysal_example():
    groups = xr.DataArray([0, 0, 0, 1, 1, 1], dims="region")
    parts = ti.theil_decomposition(series((0, 0, 0, 10, 10, 10)), groups)
    assert_allclose((parts.total, parts.between, parts.within), (math.log(2), math.log(2), 0.0), atol=1e-15)
    assert_allclose(parts.group_index, (np.nan, 0.0))


def test_atkinson_of_the_pysal_example():
    values = series((10, 20, 30, 40, 50))
    assert_allclose(ti.atkinson(values, aversion=0.5), 0.06315, atol=1e-4)
    assert_allclose(ti.atkinson(values, aversion=1.0), 0.1316096, atol=5e-8)
    assert_allclose(30 * (1 - ti.atkinson(values, aversion=1.0)), 26.0517108, atol=5e-8)


# -------------------------------------------------------------------------------------------- Ellison and Glaeser


def dartboard(draws, seed, advantage=0.0):
    """Plants that choose regions at random, or with this probability all the same one."""
    random = np.random.default_rng(seed)
    x, z = np.array((0.5, 0.3, 0.2)), np.array((0.4, 0.3, 0.2, 0.1))
    place = random.choice(3, p=x, size=(draws, 4))
    common = random.choice(3, p=x, size=(draws, 1))
    return x, z, np.where(random.random((draws, 4)) < advantage, common, place)


def test_ellison_glaeser_by_hand():
    plants = series((40, 30, 20, 10), "plant")
    regions = xr.DataArray(["b", "a", "a", "c"], dims="plant")
    totals = series((0.2, 0.5, 0.3), labels=["c", "a", "b"])
    found = ti.ellison_glaeser(plants, regions, totals)
    raw, free, herfindahl = 0.0**2 + 0.1**2 + 0.1**2, 1 - 0.38, 0.3
    assert_allclose(found.raw_concentration, raw)
    assert_allclose(found.herfindahl, herfindahl)
    assert_allclose(found.expected_concentration, 0.186)
    assert_allclose(found.gamma, (raw - free * herfindahl) / (free * (1 - herfindahl)))


def test_ellison_glaeser_of_plants_on_a_dartboard():
    x, z, place = dartboard(20_000, seed=1)
    labels = np.array(["a", "b", "c"])
    totals = series(x, labels=labels)
    # one industry after the other along one dimension of plants would need one label each: compute G directly
    share = np.stack([(z * (place == region)).sum(axis=1) for region in range(3)], axis=1)
    raw = ((share - x) ** 2).sum(axis=1)
    found = ti.ellison_glaeser(series(z, "plant"), xr.DataArray(labels[place[0]], dims="plant"), totals)
    assert_allclose(found.raw_concentration, raw[0])
    assert_allclose(raw.mean(), found.expected_concentration, atol=4 * raw.std() / 20_000**0.5)
    error = (((raw - raw.mean()) ** 2).std()) / 20_000**0.5
    assert_allclose(raw.var(), found.variance, atol=4 * error)
    gamma = (raw - 0.186) / (0.62 * 0.7)
    assert abs(gamma.mean()) < 4 * gamma.std() / 20_000**0.5


def test_ellison_glaeser_of_a_table_is_that_of_plants():
    plants = series((40, 30, 20, 10, 50, 50), "plant")
    regions = xr.DataArray(["b", "a", "a", "c", "c", "a"], dims="plant")
    first = ti.ellison_glaeser(plants[:4], regions[:4], series((80, 40, 60), labels=list("abc")))
    cells = xr.DataArray([[50.0, 50], [40, 0], [10, 50]], dims=("region", "sector"))
    cells = cells.assign_coords(region=list("abc"))
    cells[0, 1] = 30.0  # totals of the regions are then those given above
    found = ti.ellison_glaeser_table(cells, series((0.3, 0.5), "sector"))
    for name in ("gamma", "raw_concentration", "expected_concentration", "herfindahl"):
        assert_allclose(found[name][0], first[name])


# ---------------------------------------------------------------------------- variety, relatedness, complexity


def test_variety_by_hand():
    groups = xr.DataArray(list("aaabb"), dims="sector")
    found = ti.variety(series((0.2, 0.1, 0.1, 0.3, 0.3), "sector"), groups)
    assert_allclose((found.unrelated, found.related, found.total), (0.9709506, 1.2, 2.1709506), atol=5e-8)


def test_relatedness_and_density_of_a_small_network():
    third = 1 / 3
    proximity = (
        (1, 0.5, 0.5, third),
        (0.5, 1, 0.5, third),
        (0.5, 0.5, 1, 2 * third),
        (third, third, 2 * third, 1),
    )
    density = (
        (1, 1, 1, 1),
        (0.2142857, 0.4285714, 0.1875, 0.1428571),
        (0.3571429, 0.3571429, 0.625, 0.7142857),
        (0.1428571, 0.1428571, 0.25, 0.4285714),
    )
    found = ti.relatedness(table(NETWORK), presence="positive")
    assert found.dims == ("sector", "other_sector")
    assert_allclose(found, proximity)
    assert_allclose(ti.relatedness_density(table(NETWORK), presence="positive"), density, atol=5e-8)
    assert_allclose(ti.relatedness_density(table(NETWORK), found, presence="positive"), density, atol=5e-8)


def test_association_by_hand():
    found = ti.relatedness(table(NETWORK), presence="positive", form="association")
    together = np.array(((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 2), (1, 1, 2, 0)), dtype=float)
    number = together.sum(axis=1)
    assert_allclose(found, together * number.sum() / np.outer(number, number))


def test_reflections_and_complexity_of_a_small_network():
    def reflected(order):
        found = ti.reflections(table(NETWORK), order=order, presence="positive")
        return found.regions.values, found.sectors.values

    assert_allclose(reflected(0), ((4, 1, 2, 1), (1, 2, 2, 3)))
    assert_allclose(reflected(1), ((2, 2, 2.5, 3), (4, 2.5, 3, 7 / 3)))
    assert_allclose(reflected(2)[0], (2.958333, 2.5, 2.666667, 2.333333), atol=5e-7)
    found = ti.economic_complexity(table(NETWORK), presence="positive")
    assert_allclose(found.eigenvalue, 0.5421337, atol=5e-8)
    # the sign means little here: the correlation with diversity is weak
    expected = np.array((-0.0754, -1.6029, 0.7478, 0.9305))
    assert_allclose(np.abs(found.eci), np.abs(expected), atol=5e-5)
    assert abs(np.sign(found.eci * expected).sum()) == 4


# --------------------------------------------------------------------------------------------- space, convergence


def test_morans_i_of_four_regions_on_a_line():
    line = xr.DataArray(np.eye(4, k=1) + np.eye(4, k=-1), dims=("region", "other_region"))
    values = series((1, 2, 3, 4))
    found = ti.morans_i(values, line)
    assert_allclose((found.morans_i, found.expected), (1 / 3, -1 / 3))
    assert_allclose(found.local.sum() / 6, 1 / 3)
    assert_allclose(ti.morans_i(values, line, row_standardised=True).morans_i, 0.4)


def test_beta_convergence_finds_the_speed_it_was_made_with():
    start, speed, years = series((1.0, 2.0, 3.0, 8.0)), 0.02, 25.0
    logs = np.log(start)
    end = np.exp(1.3 + logs * np.exp(-speed * years))
    found = ti.beta_convergence(start, end, years=years)
    assert_allclose(found.beta, speed)
    assert_allclose(found.half_life, math.log(2) / speed)
    assert_allclose(found.r_squared, 1.0)
    assert_allclose(found.standard_error, 0.0, atol=1e-12)
    sigma = ti.sigma_convergence(end) / ti.sigma_convergence(start)
    assert_allclose(sigma, np.exp(-speed * years))


# ---------------------------------------------------------------------------------------------- productivity, growth

SHARES = ((0.5, 0.3, 0.2, 0.0), (0.4, 0.4, 0.0, 0.2))
LEVELS = ((1.0, 2.0, 3.0, np.nan), (1.5, 2.0, np.nan, 4.0))


def panel():
    return tuple(xr.DataArray(np.array(rows), dims=("time", "firm")) for rows in (SHARES, LEVELS))


def parts(found):
    return [found[name].item() for name in found.data_vars]


def test_olley_pakes_by_hand():
    found = ti.olley_pakes(series((0.5, 0.3, 0.2), "firm"), series((1, 2, 3), "firm"))
    assert_allclose(parts(found), (1.7, 2.0, -0.3))


def test_fhk_by_hand():
    # Z: 1.7 to 2.2; within 0.4 · 0.5 counts as 0.5 · 0.5 within and −0.1 · 0.5 cross
    assert_allclose(parts(ti.fhk(*panel())), (0.25, 0.1, -0.05, 0.46, -0.26, 0.5))


def test_griliches_regev_by_hand():
    # mean level 1.95; survivors at means 1.25 and 2
    assert_allclose(parts(ti.griliches_regev(*panel())), (0.225, 0.075, 0.41, -0.21, 0.5))


def test_melitz_polanec_by_hand():
    start, end = (0.5 * 1 + 0.3 * 2) / 0.8, (0.4 * 1.5 + 0.4 * 2) / 0.8
    expected = (0.25, end - start - 0.25, 0.2 * (4 - end), 0.2 * (start - 3), 0.5)
    assert_allclose(parts(ti.melitz_polanec(*panel())), expected)


def test_shift_share_by_hand():
    found = ti.shift_share(table(((10, 20), (30, 40))), table(((20, 20), (30, 50))))
    assert_allclose(found.national, ((2, 4), (6, 8)))
    assert_allclose(found.industry, ((0.5, -2 / 3), (1.5, -4 / 3)))
    assert_allclose(found.regional, ((7.5, -10 / 3), (-7.5, 10 / 3)))
    assert_allclose(found.total, ((10, 0), (0, 10)))


# ---------------------------------------------------------------------------------------------- coupling coordination


def test_coupling_of_two_systems():
    found = ti.coupling_coordination(xr.DataArray(0.6), xr.DataArray(0.4))
    expected = (0.979796, 0.5, 0.699927, 0.730297, 0.604275)
    assert_allclose(parts(found)[:5], expected, atol=5e-7)
    assert (found.grade, found.modified_grade) == (7, 7)


def test_coupling_is_that_of_a_published_table():
    # Wang et al. (2021), table 8: Beijing and Zhangjiakou 2008, old and modified coupling of two systems.
    # The table does not give the levels; both couplings depend on ratio q and difference d of them.
    for old, new in ((0.9989, 0.9404), (0.6871, 0.3278)):
        root = (1 - (1 - old**2) ** 0.5) / old  # √q
        low = np.linspace(0, 1, 200_001)[1:]
        systems = xr.DataArray(low * root**2, dims="case"), xr.DataArray(low, dims="case")
        found = ti.coupling_coordination(*systems)
        assert_allclose(found.coupling, old, atol=1e-9)
        assert np.abs(found.modified_coupling - new).min() < 1e-4


def test_coupling_of_three_systems_by_hand():
    found = ti.coupling_coordination(*map(xr.DataArray, (0.2, 0.4, 0.8)), weights=(1, 1, 2))
    mean = 1.4 / 3
    coupling, development = (0.064 / mean**3) ** (1 / 3), 0.55
    modified = math.sqrt((1 - (0.2 + 0.6 + 0.4) / 3) * math.sqrt(0.25 * 0.5))
    assert_allclose(parts(found)[:2], (coupling, development))
    assert_allclose(found.coordination, math.sqrt(coupling * development))
    assert_allclose(found.modified_coupling, modified)


@pytest.mark.parametrize(
    "level, grade", [(0.0, 1), (0.05, 1), (0.1, 2), (0.3, 4), (0.6, 7), (0.7, 8), (0.9, 10), (1.0, 10)]
)
def test_grades_begin_at_their_lower_ends(level, grade):
    square = xr.DataArray(level**2)  # equal levels: the coordination is their root
    found = ti.coupling_coordination(square, square)
    assert found.grade == grade and len(ti.GRADES) == 10


def test_entropy_weights_by_hand():
    rows = ((1, 10, 5), (2, 20, 5), (3, 30, 6), (4, 10, 9))
    values = xr.DataArray(np.array(rows), dims=("region", "criterion"))
    found = ti.entropy_weights(values)
    assert_allclose(found.entropy, (0.729574, 0.459148, 0.360964), atol=5e-7)
    assert_allclose(found.weight, (0.186460, 0.372921, 0.440619), atol=5e-7)
    scores = ti.composite_index(values, found)
    assert_allclose(scores, (0, 0.248614, 0.607382, 0.627079), atol=5e-7)
    # frozen: other values are measured by the same rod, and cut at its ends
    assert_allclose(ti.composite_index(values + 100, found), 1.0)
    assert_allclose(ti.composite_index(values[2:], found), scores[2:])


# ---------------------------------------------------------------------------------------------- sizes and growth rates


def test_tail_exponent_of_exact_quantiles():
    rank = np.arange(1, 1001)
    sizes = series(((rank - 0.5) / 1000) ** (-1 / 1.059), "firm")
    found = ti.size_tail_exponent(sizes)
    assert_allclose(found.exponent, 1.059)
    assert_allclose(found.standard_error, 1.059 * math.sqrt(2 / 100))
    assert_allclose((found["count"], found.threshold), (100, sizes[99]))


def test_tail_exponent_by_likelihood():
    sizes = series((1, 2, 4, 8, 0.5), "firm")
    found = ti.size_tail_exponent(sizes, minimum=1.0, form="likelihood")
    assert_allclose(found.exponent, 4 / (6 * math.log(2)))
    assert_allclose(found.standard_error, found.exponent / 2)


def test_tail_exponent_of_binned_sizes():
    edges = 2.0 ** np.arange(12)
    reached = 100_000 * edges**-1.1
    counts = xr.DataArray(
        reached - np.append(reached[1:], 0.0), dims="size_class", coords={"size_class": edges}
    )
    assert_allclose(ti.size_tail_exponent_binned(counts), 1.1, rtol=2e-2)


def test_gibrat_slope_of_exact_growth():
    sizes = np.array((1.0, 3.0, 10.0, 40.0, np.nan, 5.0))
    after = np.where(np.arange(6) < 5, 2.0 * sizes**0.9, 0.0)
    found = ti.gibrat_slope(xr.DataArray(np.stack((sizes, after)), dims=("time", "firm")))
    assert_allclose(found.slope, 0.9)
    assert_allclose(found.intercept, math.log(2.0))
    assert found["count"] == 4


@pytest.mark.parametrize("shape", [0.5, 1.0, 1.5, 2.0, 4.0])
def test_subbotin_fit_of_exact_quantiles(shape):
    stats = pytest.importorskip("scipy.stats")
    probability = (np.arange(20_000) + 0.5) / 20_000
    scale = 0.03
    law = stats.gennorm(shape, scale=scale * shape ** (1 / shape))
    found = ti.subbotin_fit(series(law.ppf(probability), "firm"))
    assert_allclose(found["shape"], shape, rtol=5e-3)
    assert_allclose(found.scale, scale, rtol=5e-3)
    assert_allclose(found.location, 0.0, atol=1e-12)


def test_subbotin_scale_follows_from_its_shape():
    values = series((-3, -1, 0, 1, 3, 2, -2, 7, -7), "firm")
    found = ti.subbotin_fit(values)
    shape = found["shape"].item()
    others = np.delete(values, 2)  # 0, the median itself, is left out
    assert_allclose(found.scale, np.mean(np.abs(others) ** shape) ** (1 / shape))
