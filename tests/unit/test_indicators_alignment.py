"""Indicators where arrays meet by label, and where something is empty or missing."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from made_up_economy import made_up_economy
from technopole import indicators as ti


@pytest.fixture(scope="module")
def economy():
    return made_up_economy()


# ------------------------------------------------------------------------------------------------------ alignment


def test_arrays_meet_by_label_and_never_by_order(economy):
    mixed = economy.isel(region=[3, 1, 0, 5, 4, 2])
    pairs = {
        "hoover": lambda a, b: ti.hoover(a.employment, b.workforce),
        "gini": lambda a, b: ti.gini(a.wage, weights=b.workforce),
        "theil": lambda a, b: ti.theil_decomposition(a.wage, b.country, weights=b.workforce),
        "locational_gini": lambda a, b: ti.locational_gini(a.employment, reference=b.workforce),
        "morans_i": lambda a, b: ti.morans_i(a.wage, b.tp.weights(neighbours=2)),
        "beta": lambda a, b: ti.beta_convergence(a.wage, b.wage**0.9, years=2),
        "shift_share": lambda a, b: ti.shift_share(a.employment, 2 * b.employment),
        "coupling": lambda a, b: ti.coupling_coordination(a.trust, b.finance),
        "fhk": lambda a, b: ti.fhk(a.wage, b.trust, firm="region"),
    }
    for function in pairs.values():
        xr.testing.assert_allclose(function(economy, mixed), function(economy, economy), rtol=1e-10)


def test_density_takes_relatedness_by_label(economy):
    table = economy.employment.isel(replicate=0, time=0)
    near = ti.relatedness(table)
    mixed = near.isel(sector=[2, 0, 1, 4, 3], other_sector=[4, 3, 2, 0, 1])
    assert_allclose(ti.relatedness_density(table, mixed), ti.relatedness_density(table))


def test_plants_find_their_region_by_label():
    sizes = xr.DataArray([10.0, 20.0, 30.0], dims="plant")
    where = xr.DataArray(["b", "c", "b"], dims="plant")
    totals = xr.DataArray([5.0, 3.0, 2.0], dims="region", coords={"region": ["a", "b", "c"]})
    first = ti.ellison_glaeser(sizes, where, totals)
    xr.testing.assert_allclose(first, ti.ellison_glaeser(sizes, where, totals[::-1]))
    assert_allclose(first.raw_concentration, 0.5**2 + (2 / 3 - 0.3) ** 2 + (1 / 3 - 0.2) ** 2)


# -------------------------------------------------------------------------------------------------- empty, missing


def test_empty_regions_and_sectors_have_defined_results():
    table = xr.DataArray([[1.0, 2, 0], [0, 0, 0], [3, np.nan, 0]], dims=("region", "sector"))
    nan = np.nan
    assert_allclose(ti.location_quotient(table), ((0.5, 2, 0), (0, 0, 0), (1.5, 0, 0)))
    assert_allclose(ti.krugman_specialisation(table), (4 / 3, nan, 4 / 3))
    assert_allclose(ti.krugman_dissimilarity(table, mean=True), 4 / 3)
    assert_allclose(ti.herfindahl(table), (5 / 9, nan, 1))
    assert_allclose(ti.herfindahl(table, form="normalised"), (1 / 3, nan, 1))  # NaN is not a third sector
    assert_allclose(np.isnan(ti.locational_gini(table)), (False, False, True))
    assert_allclose(ti.variety(table, xr.DataArray([0, 0, 1], dims="sector")).unrelated, (0, nan, 0))
    assert np.isnan(ti.relatedness_density(table).sel(sector=2)).all()
    alone = table[:1]
    assert np.isnan(ti.krugman_specialisation(alone)).all()
    assert np.isnan(ti.structural_similarity(alone, mean=True))
    assert_allclose(ti.krugman_specialisation(alone, reference="all"), 0)
    assert np.isnan(ti.shift_share(0 * table, table).regional).all()


def test_nothing_to_compare_is_nan():
    nothing, one, equal = (xr.DataArray(v, dims="region") for v in ([np.nan] * 4, [3.0], [0.1] * 4))
    for function in (ti.gini, ti.theil, ti.atkinson, ti.sigma_convergence):
        assert np.isnan(function(nothing))
        assert_allclose(function(equal), 0.0, atol=1e-15)
    assert np.isnan(ti.gini(0.0 * equal)) and np.isnan(ti.theil(0.0 * equal))
    assert np.isnan(ti.sigma_convergence(one))
    assert np.isinf(ti.theil(xr.DataArray([0.0, 1.0], dims="region"), form="L"))
    assert ti.atkinson(xr.DataArray([0.0, 1.0], dims="region"), aversion=1.5) == 1.0
    weights = xr.DataArray(np.ones((4, 4)), dims=("region", "other_region"))
    assert np.isnan(ti.morans_i(equal, weights).morans_i)
    assert np.isnan(ti.beta_convergence(equal, 2 * equal, years=1).beta)
    assert np.isnan(ti.size_tail_exponent(equal, firm="region", tail=1.0, form="likelihood").exponent)
    assert np.isnan(ti.subbotin_fit(equal, firm="region")["shape"])
    assert ti.subbotin_fit(nothing, firm="region")["count"] == 0


def test_one_plant_has_no_index_and_splitting_changes_nothing_else():
    totals = xr.DataArray([1.0, 1.0], dims="region", coords={"region": ["a", "b"]})
    one = ti.ellison_glaeser(
        xr.DataArray([5.0, 0.0], dims="plant"), xr.DataArray(["a", "b"], dims="plant"), totals
    )
    assert np.isnan(one.gamma) and one.herfindahl == 1.0 and one.raw_concentration == 0.5


def test_networks_in_parts_have_no_complexity():
    apart = xr.DataArray([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]], dims=("region", "sector"))
    found = ti.economic_complexity(apart, presence="positive")
    assert_allclose(found.eigenvalue, 1.0)
    assert np.isnan(found.eci).all() and np.isnan(found.pci).all()
    same = ti.economic_complexity(xr.ones_like(apart), presence="positive")
    assert np.isnan(same.eci).all() and same.eigenvalue == 0.0


def test_missing_regions_of_moran_are_left_out_with_their_weights():
    random = np.random.default_rng(2)
    table = random.random((6, 6))
    values = np.array([[1.0, 4, 2, np.nan, 3, 9], [1, 5, 2, 8, 1, 9], [np.nan, 1, np.nan, np.nan, np.nan, 2]])
    weights = xr.DataArray(table, dims=("region", "other_region"))
    found = ti.morans_i(xr.DataArray(values, dims=("time", "region")), weights, row_standardised=True)
    use = np.flatnonzero(~np.isnan(values[0]))
    part = ti.morans_i(
        xr.DataArray(values[0, use], dims="region"),
        xr.DataArray(table[np.ix_(use, use)], dims=("region", "other_region")),
        row_standardised=True,
    )
    assert_allclose(found.morans_i[0], part.morans_i)
    assert_allclose(found.local[0, use], part.local)
    assert np.isnan(found.local[0, 3]) and np.isnan(found.morans_i[2]) and not np.isnan(found.morans_i[1])


def test_coupling_without_levels_is_undefined_but_its_coordination_zero():
    level = xr.DataArray([0.0, 0.5, np.nan], dims="region")
    found = ti.coupling_coordination(level, 0.0 * level)
    assert_allclose(found.coupling, (np.nan, 0, np.nan))
    assert_allclose(found.coordination, (0, 0, np.nan))
    assert list(found.grade.values) == [1, 1, 0]
    assert found.grade.attrs["flag_meanings"].split()[0] == "extreme_imbalance"


def test_constant_criteria_have_no_weight_and_costs_are_turned_round():
    names = {"criterion": ["gain", "same", "cost"]}
    table = xr.DataArray([[1.0, 5, 9], [2, 5, 3], [4, 5, 6]], dims=("region", "criterion"), coords=names)
    found = ti.entropy_weights(table, costs=["cost"])
    assert found.weight.sel(criterion="same") == 0 and found.entropy.sel(criterion="same") == 1
    # turned round, 9, 3, 6 is 0, 1, 1/2
    assert_allclose(
        found.entropy.sel(criterion="cost"), -(2 / 3 * np.log(2 / 3) + np.log(1 / 3) / 3) / np.log(3)
    )
    scores = ti.composite_index(table, found)
    weight = found.weight.values
    assert_allclose(scores, weight[0] * np.array((0, 1 / 3, 1)) + weight[2] * np.array((0, 1, 0.5)))
    assert np.isnan(ti.entropy_weights(table.sel(criterion=["same"])).weight).all()
    assert_allclose(ti.composite_index(table.isel(criterion=[2, 0, 1]), found), scores)
    gap = table.where(table.criterion != "same")
    assert_allclose(ti.composite_index(gap, found), scores)  # what has no weight may be missing


def test_weights_from_positions():
    places = xr.Dataset(coords={"latitude": ("region", [0.0, 0.0, 0.0, 0.0], {"units": "degrees_north"})})
    places = places.assign_coords(longitude=("region", [0.0, 90.0, 100.0, -90.0]))
    assert_allclose(places.tp.weights(neighbours=1).argmax("other_region"), (1, 2, 1, 0))
    quarter = np.pi / 2 * 6371.0088
    assert_allclose(places.tp.weights(reach=1000.0)[0, 1], np.exp(-quarter / 1000.0))
