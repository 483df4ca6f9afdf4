"""What holds for every economy: ranges, identities, no matter how units are called or measured."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from technopole import indicators as ti

CLOSE = dict(rtol=1e-9, atol=1e-11)
QUICK = settings(max_examples=8)  # passes with 150 as well, which takes half a minute

# cells are empty, missing, or of sizes that differ by orders of magnitude
cell = st.one_of(st.just(0.0), st.just(np.nan), st.floats(1e-3, 1e6))
amount = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
level = st.floats(-3, 3, width=16)


@st.composite
def economies(draw, cells=cell):
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    values = draw(arrays(float, shape, elements=cells))
    names = {"region": [f"r{r}" for r in range(shape[0])], "sector": [f"k{k}" for k in range(shape[1])]}
    return xr.DataArray(values, dims=("region", "sector"), coords=names, name="employment")


@st.composite
def populations(draw):
    count = draw(st.integers(1, 8))
    values = draw(arrays(float, count, elements=cell))
    weights = draw(arrays(float, count, elements=amount))
    groups = draw(arrays(int, count, elements=st.integers(0, 2)))
    return tuple(xr.DataArray(array, dims="region") for array in (values, weights, groups))


@st.composite
def panels(draw):
    shape = draw(st.integers(2, 4)), draw(st.integers(1, 6))
    share = draw(arrays(float, shape, elements=cell))
    productivity = draw(arrays(float, shape, elements=st.one_of(st.just(np.nan), level)))
    return tuple(xr.DataArray(array, dims=("time", "firm")) for array in (share, productivity))


def within(values, low, high, slack=1e-9):
    values = np.asarray(values)
    values = values[~np.isnan(values)]
    assert ((values >= low - slack) & (values <= high + slack)).all(), values


def shuffled(array, dim, seed=3):
    return array.isel({dim: np.random.default_rng(seed).permutation(array.sizes[dim])})


TABLES = {
    "location_quotient": (ti.location_quotient, 0, np.inf),
    "krugman_specialisation": (ti.krugman_specialisation, 0, 2),
    "krugman_dissimilarity": (ti.krugman_dissimilarity, 0, 2),
    "structural_similarity": (ti.structural_similarity, 0, 1),
    "mean dissimilarity": (lambda table: ti.krugman_dissimilarity(table, mean=True), 0, 2),
    "mean similarity": (lambda table: ti.structural_similarity(table, mean=True), 0, 1),
    "herfindahl": (ti.herfindahl, 0, 1),
    "normalised herfindahl": (lambda table: ti.herfindahl(table, form="normalised"), 0, 1),
    "equivalent number": (lambda table: ti.herfindahl(table, form="equivalent"), 1, 5),
    "hachman": (ti.hachman, 0, 1),
    "locational_gini": (ti.locational_gini, 0, 0.5),
    "gini of quotients": (lambda table: ti.locational_gini(table, form="quotients"), 0, 1),
    "relatedness": (ti.relatedness, 0, 1),
    "association": (lambda table: ti.relatedness(table, form="association"), 0, np.inf),
    "relatedness_density": (ti.relatedness_density, 0, 1),
}


@pytest.mark.parametrize("name", TABLES)
@QUICK
@given(economies())
def test_indices_of_tables_stay_in_range_and_know_no_names_and_units(name, table):
    function, low, high = TABLES[name]
    found = function(table)
    within(found, low, high)
    assert np.isinf(found).sum() == 0
    assert_allclose(function(3.7 * table), found, **CLOSE)
    for dim in ("region", "sector"):
        again = function(shuffled(table, dim))
        other = {f"other_{dim}": found[f"other_{dim}"]} if f"other_{dim}" in found.dims else {}
        own = {dim: found[dim]} if dim in found.dims else {}
        assert_allclose(again.sel(own | other), found, **CLOSE)


@QUICK
@given(economies())
def test_quotients_average_to_one(table):
    employment = table.fillna(0.0)
    share = employment.sum("region") / employment.sum()
    mean = (ti.location_quotient(table) * share).sum("sector")
    assert_allclose(mean[employment.sum("sector") > 0], 1.0, rtol=1e-9)


@QUICK
@given(economies(cells=st.floats(0.1, 1e3)))
def test_means_over_pairs_are_the_means_of_pairs(table):
    pairs = np.triu_indices(table.sizes["region"], 1)
    for function in (ti.krugman_dissimilarity, ti.structural_similarity):
        every = function(table).values[pairs]
        expected = every.mean() if len(every) else np.nan
        assert_allclose(function(table, mean=True), expected, rtol=1e-9, atol=1e-12)


# -------------------------------------------------------------------------------------------------- inequality


@QUICK
@given(populations())
def test_inequality_stays_in_range_and_knows_no_names_and_units(population):
    values, weights, _ = population
    indices = {
        "gini": (ti.gini, 0, 1),
        "T": (ti.theil, 0, np.inf),
        "L": (lambda *a, **k: ti.theil(*a, form="L", **k), 0, np.inf),
        "atkinson": (ti.atkinson, 0, 1),
        "atkinson 1": (lambda *a, **k: ti.atkinson(*a, aversion=1.0, **k), 0, 1),
    }
    order = np.random.default_rng(1).permutation(values.size)
    for function, low, high in indices.values():
        for weight in (None, weights):
            found = function(values, weights=weight)
            within(found, low, high)
            mixed = weight if weight is None else weight[order]
            assert_allclose(function(values[order], weights=mixed), found, **CLOSE)
            assert_allclose(function(0.3 * values, weights=weight), found, rtol=1e-9, atol=1e-10)
    # who counts twice is there twice
    twice = xr.concat([values, values], "region")
    assert_allclose(ti.theil(twice), ti.theil(values), **CLOSE)
    assert_allclose(ti.gini(twice), ti.gini(values, weights=xr.full_like(values, 2.0)), **CLOSE)


@QUICK
@given(populations(), st.sampled_from(("T", "L")))
def test_theil_is_the_sum_of_its_parts(population, form):
    values, weights, groups = population
    for weight in (None, weights):
        parts = ti.theil_decomposition(values, groups, weights=weight, form=form)
        assert_allclose(parts.total, ti.theil(values, weights=weight, form=form), rtol=1e-12, atol=1e-12)
        assert_allclose(parts.between + parts.within, parts.total, rtol=1e-12, atol=1e-12)
        within((parts.between, parts.within), 0, np.inf)


@QUICK
@given(populations(), populations())
def test_hoover_is_a_distance(first, second):
    count = min(first[0].size, second[0].size)
    a, b = first[0][:count], second[0][:count]
    found = ti.hoover(a, b)
    within(found, 0, 1)
    assert_allclose(found, ti.hoover(2.0 * b, a), **CLOSE)


# ------------------------------------------------------------------------------------------------- decompositions


@QUICK
@given(panels())
def test_growth_of_productivity_is_the_sum_of_its_parts(panel):
    share, productivity = panel
    z = ti.olley_pakes(share, productivity)
    assert_allclose(z["mean"] + z.covariance, z.aggregate, **CLOSE)
    for decompose in (ti.fhk, ti.griliches_regev, ti.melitz_polanec):
        found = decompose(share, productivity)
        assert_allclose(found.total, z.aggregate.diff("time"), **CLOSE)
        parts = sum(found[name] for name in found.data_vars if name != "total")
        told = ~np.isnan(parts)
        assert_allclose(parts[told], found.total[told], **CLOSE)
        if decompose is not ti.melitz_polanec:
            assert_allclose(parts, found.total, **CLOSE)
        # neither the unit of shares nor the level of logarithms matters
        again = decompose(7.0 * share, productivity + 5.0)
        for name in found.data_vars:
            assert_allclose(again[name], found[name], rtol=1e-9, atol=1e-9)


@QUICK
@given(economies(), st.integers(0, 9))
def test_shift_share_adds_up(start, seed):
    random = np.random.default_rng(seed)
    end = start.copy(data=np.where(random.random(start.shape) < 0.2, 5.0, 1.3 * start.values))
    end = end.where(start.sum("region") > 0.0)  # what grows from nothing is regional
    found = ti.shift_share(start, end)
    change = (end.fillna(0.0) - start.fillna(0.0)) + 0.0 * found.total
    assert_allclose(found.national + found.industry + found.regional, change, rtol=1e-9, atol=1e-9)
    if float(start.sum()):
        assert_allclose(found.national.sum(), change.sum(), rtol=1e-9, atol=1e-6)
        assert_allclose(found.industry.sum(), 0.0, atol=1e-9 * float(start.sum()))


@QUICK
@given(economies())
def test_variety_adds_up(table):
    groups = xr.DataArray(np.arange(table.sizes["sector"]) % 2, dims="sector")
    found = ti.variety(table, groups)
    assert_allclose(found.unrelated + found.related, found.total, rtol=1e-12, atol=1e-12)
    within((found.unrelated, found.related), 0, np.log2(5))
    alone = ti.variety(table, table.sector)
    assert_allclose(alone.related, 0.0 * alone.total, atol=1e-12)


# ---------------------------------------------------------------------------------- complexity, space, coupling


@QUICK
@given(economies())
def test_complexity_of_a_region_is_the_mean_of_its_sectors(table):
    found = ti.economic_complexity(table)
    there = (ti.location_quotient(table) >= 1.0 - 1e-12).astype(float)
    mean = (there * found.pci.fillna(0.0)).sum("sector") / there.sum("sector")
    told = found.eci.notnull()
    assert_allclose(found.eci[told], mean[told], rtol=1e-7, atol=1e-7)
    if told.any():
        assert_allclose((found.eci.mean(), found.eci.std()), (0.0, 1.0), atol=1e-7)
        assert (found.eci * (found.diversity - found.diversity.mean())).sum() > -1e-7
        again = ti.economic_complexity(shuffled(table, "region"))
        if abs(float((found.eci * found.diversity).sum())) > 1e-6:
            assert_allclose(again.eci.sel(region=found.region), found.eci, rtol=1e-6, atol=1e-6)


@QUICK
@given(arrays(float, 6, elements=st.one_of(st.just(np.nan), level)), st.integers(0, 99))
def test_local_moran_adds_up_and_knows_no_units(values, seed):
    random = np.random.default_rng(seed)
    weights = xr.DataArray(random.random((6, 6)), dims=("region", "other_region"))
    series = xr.DataArray(values, dims="region")
    found = ti.morans_i(series, weights)
    here = ~np.isnan(values)
    total = weights.values[np.ix_(here, here)].sum()
    if not np.isnan(found.morans_i):
        assert_allclose(found.local.sum() / total, found.morans_i, rtol=1e-8, atol=1e-10)
        assert_allclose(ti.morans_i(2.0 * series + 1.0, weights).morans_i, found.morans_i, rtol=1e-6)


@QUICK
@given(arrays(float, (3, 4), elements=st.floats(0, 1)))
def test_coordination_stays_in_range(levels):
    systems = [xr.DataArray(row, dims="region") for row in levels]
    for count in (2, 3):
        found = ti.coupling_coordination(*systems[:count])
        for name in found.data_vars:
            within(found[name], 0, 10 if "grade" in name else 1, slack=0)
        turned = ti.coupling_coordination(*systems[:count][::-1])
        for name in ("coupling", "coordination", "modified_coupling", "modified_coordination"):
            assert_allclose(turned[name], found[name], **CLOSE)
    equal = ti.coupling_coordination(systems[0], systems[0])
    positive = systems[0] > 0
    assert_allclose(equal.coupling[positive], 1.0)
    assert_allclose(equal.coordination, np.sqrt(systems[0]), atol=1e-12)


@QUICK
@given(arrays(float, (5, 3), elements=st.one_of(st.just(np.nan), st.floats(-100, 100, width=16))))
def test_entropy_weights_are_weights_and_know_no_units(values):
    table = xr.DataArray(values, dims=("region", "criterion"))
    found = ti.entropy_weights(table)
    within(found.entropy, 0, 1)
    if found.weight.notnull().all():
        assert_allclose(found.weight.sum(), 1.0)
        within(found.weight, 0, 1)
        assert_allclose(ti.entropy_weights(4.0 * table - 8.0).weight, found.weight, rtol=1e-6, atol=1e-6)
        within(ti.composite_index(table, found), 0, 1)
        within(ti.composite_index(10.0 * table, found), 0, 1)


# ------------------------------------------------------------------------------------------ plants, sizes, growth


@QUICK
@given(arrays(float, 7, elements=amount), st.integers(0, 99))
def test_ellison_glaeser_knows_no_order_and_units(sizes, seed):
    random = np.random.default_rng(seed)
    where, total = random.choice(list("abcd"), 7), random.random(4)
    plants = xr.DataArray(sizes, dims="plant")
    labels = xr.DataArray(where, dims="plant")
    totals = xr.DataArray(total, dims="region", coords={"region": list("abcd")})
    found = ti.ellison_glaeser(plants, labels, totals)
    within(found.herfindahl, 0, 1)
    order = random.permutation(7)
    again = ti.ellison_glaeser(2.0 * plants[order], labels[order], 3.0 * totals[::-1])
    for name in found.data_vars:
        assert_allclose(again[name], found[name], rtol=1e-7, atol=1e-9)


@QUICK
@given(st.integers(0, 99))
def test_laws_of_size_and_growth_know_no_units(seed):
    random = np.random.default_rng(seed)
    sizes = xr.DataArray(random.pareto(1.1, 200) + 1.0, dims="firm")
    for form in ("rank", "likelihood"):
        found, again = (ti.size_tail_exponent(values, form=form) for values in (sizes, 9.0 * sizes))
        assert_allclose(again.exponent, found.exponent, rtol=1e-9)
        assert_allclose(again.threshold, 9.0 * found.threshold)
    growth = xr.DataArray(random.laplace(size=200), dims="firm")
    found, again = ti.subbotin_fit(growth), ti.subbotin_fit(0.01 * growth + 0.02)
    assert_allclose(again["shape"], found["shape"], rtol=1e-9)
    assert_allclose(again.scale, 0.01 * found.scale, rtol=1e-9)
