"""Indicators as functions of labelled arrays: dimensions, labels, lazy data, what is refused; ds.tp."""

import re
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

import technopole as tp
from technopole import indicators as ti

WORLDS, YEARS, REGIONS, SECTORS = 3, 4, 6, 5
DIMS = ("replicate", "time", "region", "sector")


def coordinates(*dims):
    names = {"region": list("fedcba"), "sector": [f"k{k}" for k in range(SECTORS)], "time": range(2001, 2005)}
    return {dim: list(names[dim]) for dim in dims if dim in names}


@pytest.fixture(scope="module")
def economy():
    """Variables as a run has them, with empty cells."""
    random = np.random.default_rng(8)
    shape = WORLDS, YEARS, REGIONS, SECTORS
    workers = np.where(random.random(shape) < 0.8, random.lognormal(3, 1, shape), 0.0)
    variables = {
        "employment": (DIMS, workers, {"long_name": "employment", "units": "worker"}),
        "sales": (DIMS, 2.0 * workers * random.lognormal(0, 0.2, shape), {"units": "money"}),
        "productivity": (DIMS, np.where(workers > 0, random.normal(size=shape), np.nan), {"units": "1"}),
        "wage": (DIMS[:3], random.lognormal(size=shape[:3]), {"long_name": "wage"}),
        "trust": (DIMS[:3], random.random(shape[:3]), {"long_name": "trust"}),
        "finance": (DIMS[:3], random.random(shape[:3]), {"long_name": "finance"}),
        "workforce": (DIMS[:3], workers.sum(axis=3), {"units": "worker"}),
        "concentration": (("replicate", "time", "sector"), random.random((WORLDS, YEARS, SECTORS)) / 2),
        "group": ("sector", list("xxyyz")),
        "country": ("region", list("ppqqqp")),
    }
    ds = xr.Dataset(variables, coordinates(*DIMS))
    return ds.assign_coords(x=("region", np.arange(6.0)), y=("region", np.zeros(6)))


def plants(ds):
    """The sectors of the first region as plants in regions."""
    sizes = ds.employment.isel(region=0, drop=True).rename(sector="plant").drop_vars("plant")
    where = xr.DataArray(list("abacc"), dims="plant")
    return sizes, where, ds.workforce


CALLS = {
    "location_quotient": lambda ds: ti.location_quotient(ds.employment),
    "krugman_specialisation": lambda ds: ti.krugman_specialisation(ds.employment),
    "krugman_dissimilarity": lambda ds: ti.krugman_dissimilarity(ds.employment),
    "mean dissimilarity": lambda ds: ti.krugman_dissimilarity(ds.employment, mean=True),
    "structural_similarity": lambda ds: ti.structural_similarity(ds.employment),
    "mean similarity": lambda ds: ti.structural_similarity(ds.employment, mean=True),
    "hachman": lambda ds: ti.hachman(ds.employment),
    "cluster_index": lambda ds: ti.cluster_index(ds.workforce, ds.wage, ds.trust, ds.x + 1.0),
    "herfindahl": lambda ds: ti.herfindahl(ds.employment),
    "hoover": lambda ds: ti.hoover(ds.employment, ds.workforce),
    "locational_gini": lambda ds: ti.locational_gini(ds.employment),
    "gini": lambda ds: ti.gini(ds.wage, weights=ds.workforce),
    "theil": lambda ds: ti.theil(ds.wage, weights=ds.workforce),
    "theil_decomposition": lambda ds: ti.theil_decomposition(ds.wage, ds.country, weights=ds.workforce),
    "atkinson": lambda ds: ti.atkinson(ds.wage),
    "ellison_glaeser": lambda ds: ti.ellison_glaeser(*plants(ds)),
    "ellison_glaeser_table": lambda ds: ti.ellison_glaeser_table(ds.employment, ds.concentration),
    "variety": lambda ds: ti.variety(ds.employment, ds.group),
    "shift_share": lambda ds: ti.shift_share(
        ds.employment.isel(time=0, drop=True), ds.employment.isel(time=-1, drop=True)
    ),
    "relatedness": lambda ds: ti.relatedness(ds.employment),
    "relatedness_density": lambda ds: ti.relatedness_density(ds.employment),
    "economic_complexity": lambda ds: ti.economic_complexity(ds.employment),
    "reflections": lambda ds: ti.reflections(ds.employment, order=2),
    "morans_i": lambda ds: ti.morans_i(ds.wage, ds.tp.weights(neighbours=2), permutations=9),
    "sigma_convergence": lambda ds: ti.sigma_convergence(ds.wage),
    "beta_convergence": lambda ds: ti.beta_convergence(ds.wage, ds.wage**0.9, years=10),
    "olley_pakes": lambda ds: ti.olley_pakes(ds.sales, ds.productivity, firm="sector"),
    "fhk": lambda ds: ti.fhk(ds.sales, ds.productivity, firm="sector"),
    "griliches_regev": lambda ds: ti.griliches_regev(ds.sales, ds.productivity, firm="sector"),
    "melitz_polanec": lambda ds: ti.melitz_polanec(ds.sales, ds.productivity, firm="sector"),
    "coupling_coordination": lambda ds: ti.coupling_coordination(ds.trust, ds.finance),
    "entropy_weights": lambda ds: ti.entropy_weights(ds.employment, criterion="sector"),
    "composite_index": lambda ds: ti.composite_index(
        ds.employment,
        ti.entropy_weights(ds.employment, over=DIMS[:3], criterion="sector"),
        criterion="sector",
    ),
    "size_tail_exponent": lambda ds: ti.size_tail_exponent(ds.employment, firm="region", tail=1.0),
    "size_tail_exponent_binned": lambda ds: ti.size_tail_exponent_binned(
        (1000.0 * ds.employment).assign_coords(sector=[1.0, 2.0, 4.0, 8.0, 16.0]), size_class="sector"
    ),
    "gibrat_slope": lambda ds: ti.gibrat_slope(ds.employment, firm="region"),
    "subbotin_fit": lambda ds: ti.subbotin_fit(ds.productivity, firm="region"),
}


def as_dataset(found):
    return found if isinstance(found, xr.Dataset) else found.to_dataset(name=found.name)


def test_every_public_function_is_called_here():
    called = {name.replace("mean similarity", "").replace("mean dissimilarity", "") for name in CALLS}
    assert called | {"GRADES", "distance_weights"} >= set(ti.__all__)
    assert sorted(ti.__all__) == ti.__all__


@pytest.mark.parametrize("name", CALLS)
def test_results_have_labels_units_and_all_other_dimensions(economy, name):
    found = as_dataset(CALLS[name](economy))
    for variable in found.data_vars.values():
        assert variable.attrs["long_name"] and variable.attrs["units"]
        for dim in set(variable.dims) & {"region", "time"}:
            assert dim in found.coords
        if variable.name != "cost":  # is said, not computed
            assert variable.dims[0] == "replicate"


@pytest.mark.parametrize("name", CALLS)
def test_all_worlds_at_once_are_the_worlds_one_by_one(economy, name):
    if name == "composite_index":
        pytest.skip("its weights are those of the whole ensemble")
    together = CALLS[name](economy)
    alone = CALLS[name](economy.isel(replicate=[1]))
    xr.testing.assert_allclose(alone, together.isel(replicate=[1]), rtol=1e-10)


@pytest.mark.parametrize("chunks", [{"replicate": 1, "time": 3}, {"region": 4, "sector": 2}])
@pytest.mark.parametrize("name", CALLS)
def test_lazy_data_stay_lazy_and_give_the_same(economy, name, chunks):
    dask = pytest.importorskip("dask")
    lazy = economy.chunk(chunks)
    for labels in ("group", "country"):
        lazy[labels] = economy[labels]
    lazy = lazy.assign_coords(x=economy.x, y=economy.y)

    def refuse(*arguments, **named):
        raise AssertionError("the data were loaded")

    with dask.config.set(scheduler=refuse):
        found = CALLS[name](lazy)
    result = as_dataset(found)
    assert all(variable.chunks for variable in result.data_vars.values() if variable.name != "cost")
    with dask.config.set(scheduler="synchronous"):
        xr.testing.assert_allclose(found.compute(), CALLS[name](economy), rtol=1e-10)


def test_order_of_dimensions_does_not_matter(economy):
    turned = economy.transpose("sector", "time", "region", "replicate")
    for name in ("krugman_dissimilarity", "locational_gini", "economic_complexity", "fhk", "hoover"):
        one, two = as_dataset(CALLS[name](economy)), as_dataset(CALLS[name](turned))
        for variable in one.data_vars.values():
            xr.testing.assert_allclose(variable, two[variable.name].transpose(*variable.dims))


def test_dimensions_may_have_any_names(economy):
    renamed = economy.employment.rename(region="province", sector="industry")
    found = ti.krugman_dissimilarity(renamed, region="province", sector="industry", other="partner")
    assert found.dims == ("replicate", "time", "province", "partner")
    assert list(found.partner.values) == list(found.province.values)
    assert_allclose(found, ti.krugman_dissimilarity(economy.employment))


def test_names_of_regions_stay(economy):
    ds = economy.assign_coords(region_name=("region", [name.upper() for name in "fedcba"]))
    found = ti.krugman_specialisation(ds.employment)
    assert list(found.region_name.values) == list("FEDCBA") and "sector" not in found.coords
    assert found.attrs == {
        "long_name": "Krugman specialisation of employment against the other regions",
        "units": "1",
    }


def test_units_are_those_of_what_is_split(economy):
    assert ti.shift_share(economy.employment, economy.employment).national.attrs["units"] == "worker"
    assert ti.variety(economy.employment, economy.group).related.attrs["units"] == "bit"
    assert ti.size_tail_exponent(economy.employment, firm="region").threshold.attrs["units"] == "worker"


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


@pytest.mark.parametrize(
    "where, totals, problem",
    [
        (["b", "z"], ["a", "b"], "lacks regions of plants: z"),
        (["b", None], ["a", "b"], "lacks the label of 1 of 2 entries"),
        (["b", "a"], ["a", "a"], "has labels twice along 'region': a"),
        (["b", "a"], None, "needs labels along 'region'"),
    ],
)
def test_plants_without_a_region_are_refused(where, totals, problem):
    sizes = xr.DataArray([1.0, 2.0], dims="plant", name="size")
    labels = xr.DataArray(np.array(where, dtype=object), dims="plant")
    sizes_of_regions = xr.DataArray([1.0, 2.0], dims="region", coords={"region": totals} if totals else {})
    with pytest.raises(ValueError, match=re.escape(problem)):
        ti.ellison_glaeser(sizes, labels, sizes_of_regions)


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


# ------------------------------------------------------------------------------------------------- what is refused

TABLE = xr.DataArray([[1.0, 2], [3, 4]], dims=("region", "sector"), name="employment")
SERIES = TABLE[:, 0].rename("income")
BAD = -TABLE


@pytest.mark.parametrize(
    "call, problem",
    [
        (
            lambda: ti.location_quotient(TABLE.rename(sector="industry")),
            "has no dimension 'sector'; its dimensions",
        ),
        (
            lambda: ti.location_quotient(BAD),
            "'employment' holds 4 negative or infinite values of 4 (such as -1)",
        ),
        (lambda: ti.location_quotient(TABLE[:, :0]), "'employment' is empty along 'sector'"),
        (lambda: ti.location_quotient(TABLE, region="sector"), "the dimensions must differ"),
        (lambda: ti.krugman_specialisation(TABLE, reference="others"), "allowed: 'rest', 'all'"),
        (lambda: ti.structural_similarity(TABLE, other="sector"), "already has a dimension 'sector'"),
        (lambda: ti.herfindahl(TABLE, form="inverse"), "form is 'inverse'"),
        (lambda: ti.hoover(SERIES, SERIES[:1]), "has 1 entries along 'region', 'income' has 2"),
        (lambda: ti.atkinson(SERIES, aversion=-1), "aversion is -1"),
        (lambda: ti.theil(-SERIES), "negative"),
        (lambda: ti.sigma_convergence(0 * SERIES), "must be finite and above 0"),
        (lambda: ti.locational_gini(SERIES, reference=0 * SERIES), "is above 0 where"),
        (lambda: ti.coupling_coordination(SERIES), "two systems or more; got 1"),
        (lambda: ti.coupling_coordination(SERIES, SERIES), "'income' holds 3; levels of systems must be"),
        (lambda: ti.coupling_coordination(SERIES / 9, SERIES / 9, weights=[1]), "needed: 2 numbers"),
        (lambda: ti.entropy_weights(TABLE, criterion="sector", costs=["x"]), "costs are unknown"),
        (lambda: ti.composite_index(TABLE, xr.Dataset(), criterion="sector"), "the weights lack weight, low"),
        (lambda: ti.fhk(TABLE, TABLE, time="region", firm="sector", lag=2), "lag is 2"),
        (lambda: ti.reflections(TABLE, order=-1), "order is -1"),
        (lambda: ti.size_tail_exponent(SERIES, firm="region", tail=2.0), "tail is 2.0"),
        (lambda: ti.size_tail_exponent(SERIES, firm="region", tail=0.1, minimum=1.0), "not both"),
        (lambda: ti.size_tail_exponent_binned(SERIES, size_class="region"), "needs the lower edges"),
        (lambda: ti.beta_convergence(SERIES, SERIES, years=0), "years are 0"),
        (lambda: ti.morans_i(SERIES, 0 * TABLE, other="sector"), "not all 0"),
        (lambda: ti.distance_weights(SERIES, SERIES), "either neighbours or reach"),
        (lambda: ti.distance_weights(SERIES, SERIES, neighbours=2), "must be 1 to 1"),
        (lambda: ti.subbotin_fit(SERIES / 0.0, firm="region"), "holds infinite values"),
        (lambda: ti.ellison_glaeser_table(TABLE, 9 * TABLE[0]), "it must be between 0 and 1"),
        (lambda: ti.variety(TABLE, TABLE), "must be labels along 'sector' only"),
    ],
)
def test_messages_say_what_was_found_and_what_is_allowed(call, problem):
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=re.escape(problem)):
        call()


def test_what_is_not_labelled_is_refused():
    with pytest.raises(TypeError, match="is a ndarray; indicators need an xarray.DataArray"):
        ti.gini(np.ones(3))


def test_labels_that_differ_are_named():
    one = SERIES.assign_coords(region=["a", "b"])
    two = SERIES.assign_coords(region=["b", "c"])
    with pytest.raises(
        ValueError, match="along 'region' differ; not in 'the other income': a; only in 'the other income': c"
    ):
        ti.hoover(one, two)


def test_negative_values_of_lazy_data_are_refused_when_they_are_computed():
    pytest.importorskip("dask")
    found = ti.location_quotient(BAD.chunk(region=1))
    with pytest.raises(ValueError, match="'employment' holds 4 negative"):
        found.compute(scheduler="synchronous")


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


def test_what_is_no_real_number_is_refused():
    values = xr.DataArray([1.0, 2.0, 3.0], dims="region")
    for wrong in (values + 1j, values.astype(str), values.astype(str).astype(object)):
        with pytest.raises(TypeError, match="indicators need real numbers"):
            ti.theil(wrong)
        with pytest.raises(TypeError, match="^weights, .*indicators need real numbers"):
            ti.gini(values, weights=wrong)
    assert float(ti.gini(values.astype(object))) == float(ti.gini(values))


def test_messages_tell_two_arrays_apart():
    values = xr.DataArray([1.0, 2.0, 3.0], dims="region")
    with pytest.raises(ValueError, match="'weights' has 2 entries along 'region', 'values' has 3"):
        ti.theil(values, weights=values[:2])
    with pytest.raises(ValueError, match="'the other values' has 2 entries"):
        ti.beta_convergence(values, values[:2], years=1.0)
