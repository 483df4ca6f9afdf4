"""Indicators as functions of labelled arrays: dimensions, labels, units, lazy data."""

import pytest
import xarray as xr
from numpy.testing import assert_allclose

from made_up_economy import DIMS, made_up_economy
from technopole import indicators as ti


@pytest.fixture(scope="module")
def economy():
    return made_up_economy()


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
