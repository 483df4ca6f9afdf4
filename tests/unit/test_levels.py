"""Levels: a coarser value is what one would compute from the firms of the larger place."""

import numpy as np
import pytest

from technopole.schema import CHANNELS, RECORDS
from technopole.schema.levels import (
    LEVELS,
    RULES,
    cell_method,
    kept_dims,
    needed,
    ordered_sum,
    reduce_to_level,
)

R, S = 4, 3


@pytest.fixture(scope="module")
def firms():
    """Firms with a place, sales, workers and knowledge; one region and one sector are empty."""
    random = np.random.default_rng(5)
    n = 200
    return {
        "region": random.integers(0, R - 1, n),
        "sector": random.integers(0, S - 1, n),
        "sales": random.lognormal(size=n),
        "employment": random.lognormal(size=n),
        "efficiency": random.normal(size=n),
        **{channel: random.normal(size=n) for channel in CHANNELS},
    }


@pytest.fixture(scope="module")
def recorded(firms):
    """What would be recorded of these firms, with leading axes of length 1: replicate and time."""
    cell = firms["region"] * S + firms["sector"]

    def total(values, by=cell, shape=(R, S)):
        return np.bincount(by, values, int(np.prod(shape))).reshape(1, 1, *shape)

    with np.errstate(invalid="ignore"):
        count = total(np.ones(len(cell)))
        arrays = {channel: total(firms[channel]) / count for channel in CHANNELS}
        arrays["productivity"] = total(firms["efficiency"] * firms["sales"]) / total(firms["sales"])
        sector = firms["sector"]
        each = total(np.ones(len(cell)), sector, (S,))
        mean = total(firms["efficiency"], sector, (S,)) / each
        squares = total(firms["efficiency"] ** 2, sector, (S,)) / each
        arrays["productivity_sd"] = np.sqrt(squares - mean**2)
    random = np.random.default_rng(6)
    for name in ("exits", "spinoffs", "startups"):
        arrays[name] = random.integers(0, 5, (1, 1, R, S))
    arrays["firms"] = count.astype(np.int64) + arrays["spinoffs"] + arrays["startups"] - arrays["exits"]
    arrays["sales"], arrays["employment"] = total(firms["sales"]), total(firms["employment"])
    arrays["workforce"] = random.random((1, 1, R))
    arrays["wage"] = random.random((1, 1, R))
    arrays["tied_share"] = random.random((1, 1, R))
    return arrays


def places(firms, level):
    """Each firm's place at a level, and the shape of the places."""
    return {
        "economy": (np.zeros_like(firms["region"]), ()),
        "region": (firms["region"], (R,)),
        "sector": (firms["sector"], (S,)),
        "cell": (firms["region"] * S + firms["sector"], (R, S)),
    }[level]


def of_firms(values, weights, place, shape):
    size = int(np.prod(shape))
    with np.errstate(invalid="ignore"):
        return (np.bincount(place, values * weights, size) / np.bincount(place, weights, size)).reshape(shape)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_knowledge_is_the_mean_over_the_firms(firms, recorded, channel, level):
    expected = of_firms(firms[channel], np.ones(len(firms["region"])), *places(firms, level))
    np.testing.assert_allclose(reduce_to_level(channel, recorded, level)[0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_productivity_is_the_mean_weighted_by_sales(firms, recorded, level):
    expected = of_firms(firms["efficiency"], firms["sales"], *places(firms, level))
    np.testing.assert_allclose(reduce_to_level("productivity", recorded, level)[0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_sales_add_up(firms, recorded, level):
    place, shape = places(firms, level)
    expected = np.bincount(place, firms["sales"], int(np.prod(shape))).reshape(shape)
    np.testing.assert_allclose(reduce_to_level("sales", recorded, level)[0, 0], expected, rtol=1e-12)


def test_the_spread_of_productivity_is_pooled_within_sectors(firms, recorded):
    place, shape = places(firms, "sector")
    within = firms["efficiency"] - of_firms(firms["efficiency"], np.ones(len(place)), place, shape)[place]
    found = reduce_to_level("productivity_sd", recorded, "economy")[0, 0]
    assert found == pytest.approx(np.sqrt(np.mean(within**2)), rel=1e-12)


def test_regions_are_weighted_by_their_people_or_their_firms(recorded):
    people = recorded["workforce"][0, 0]
    operating = (recorded["firms"] - recorded["spinoffs"] - recorded["startups"] + recorded["exits"])[
        0, 0
    ].sum(-1)
    wage = reduce_to_level("wage", recorded, "economy")[0, 0]
    tied = reduce_to_level("tied_share", recorded, "economy")[0, 0]
    assert wage == pytest.approx(np.average(recorded["wage"][0, 0], weights=people), rel=1e-12)
    assert tied == pytest.approx(np.average(recorded["tied_share"][0, 0], weights=operating), rel=1e-12)


def test_a_place_without_weight_does_not_count_and_one_without_firms_has_no_mean(recorded):
    assert np.isnan(reduce_to_level("productivity", recorded, "region")[0, 0, R - 1])
    assert reduce_to_level("sales", recorded, "region")[0, 0, R - 1] == 0.0
    assert np.isfinite(reduce_to_level("productivity", recorded, "economy")).all()


def test_a_missing_value_of_a_place_that_counts_is_not_hidden(recorded):
    broken = {**recorded, "wage": recorded["wage"].copy()}
    broken["wage"][..., 0] = np.nan
    assert np.isnan(reduce_to_level("wage", broken, "economy")).all()


def test_every_recorded_variable_has_a_rule_and_known_weights():
    assert set(RULES) == set(RECORDS)
    for name, rule in RULES.items():
        for weight in (*rule.plus, *rule.minus):
            assert RULES[weight].kind == "sum", name
            # a weight can be added up to the variable, never split
            assert set(RECORDS[name].dims) <= set(RECORDS[weight].dims), name


def test_what_can_be_negative_or_is_a_ratio_is_no_sum_unless_it_flows():
    sums = {name for name, rule in RULES.items() if rule.kind == "sum"}
    assert {name for name in sums if RECORDS[name].unit not in ("1", "money", "worker")} == set()
    assert {name for name in sums if RECORDS[name].unit == "1" and RECORDS[name].dtype != "i8"} == set()


def test_dimensions_and_needs():
    assert kept_dims("sales", "region") == ("region",)
    assert kept_dims("workforce", "sector") == ()
    assert kept_dims("concentration", "cell") == ("sector",)
    assert kept_dims("size_distribution", "economy") == ("size_class",)
    assert needed(["wage"], "region") == ("wage",)
    assert needed(["wage"], "sector") == ("workforce", "wage")
    assert needed(["contact"], "economy") == ("firms", "exits", "spinoffs", "startups", "contact")
    assert cell_method("sales", "economy") == "region: sector: sum"
    assert cell_method("price", "sector") == "region: mean (weighted by sales)"
    assert cell_method("price", "cell") == ""


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 64, 1000])
def test_ordered_sum(length):
    values = np.random.default_rng(length).normal(size=(3, length))
    np.testing.assert_allclose(ordered_sum(values, 1), values.sum(axis=1), rtol=1e-12, atol=1e-13)
    assert ordered_sum(values, 0).shape == (length,)


def test_levels_of_a_run(two_regions):
    from technopole.simulation.simulation import run

    ds = run(two_regions, replicates=2, periods=5)
    results = {name: ds[name].values for name in ds.data_vars}
    np.testing.assert_allclose(reduce_to_level("sales", results, "sector"), results["market"], rtol=1e-12)
    moved = reduce_to_level("net_migration", results, "economy")
    assert np.abs(moved).max() < 1e-9 * results["workforce"].sum(axis=-1).max()
    # the firms of the size distribution are the operating ones
    operating = sum(
        sign * reduce_to_level(name, results, "economy")
        for name, sign in (("firms", 1), ("exits", 1), ("spinoffs", -1), ("startups", -1))
    )
    np.testing.assert_array_equal(results["size_distribution"].sum(axis=-1), operating)
