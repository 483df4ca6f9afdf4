"""Indicators: what is refused, and in which words."""

import re

import numpy as np
import pytest
import xarray as xr

from technopole import indicators as ti


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
