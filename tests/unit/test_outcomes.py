"""Outcomes: scalars of each replicate, and what is said of one that cannot be."""

import numpy as np
import pytest

from technopole.schema.indices import INDICES
from technopole.schema.outcomes import (
    DEFAULT_OUTCOMES,
    Outcome,
    compute_outcomes,
    needed_by_outcomes,
    outcome_problems,
)

TIMES = np.arange(1, 9)
REGIONS, SECTORS = ("north", "south"), ("food", "tools", "toys")


@pytest.fixture
def recorded():
    random = np.random.default_rng(2)
    shape = (3, len(TIMES), 2, 3)
    counts = {name: random.poisson(3.0, shape) for name in ("exits", "spinoffs", "startups", "innovations")}
    return {
        **counts,
        "firms": counts["spinoffs"] + counts["startups"] + random.poisson(9.0, shape),
        "sales": random.lognormal(size=shape),
        "employment": random.lognormal(size=shape),
        "productivity": random.normal(size=shape),
        "wage": random.lognormal(size=shape[:3]),
        "workforce": random.lognormal(size=shape[:3]),
    }


def value(recorded, *arguments, times=TIMES, **keys):
    outcome = Outcome("x", *arguments, **keys)
    assert outcome_problems(outcome, times, REGIONS, SECTORS) == []
    return compute_outcomes([outcome], recorded, times, REGIONS, SECTORS)["x"]


def test_last_mean_sum_growth(recorded):
    sales = recorded["sales"].sum(axis=(2, 3))
    np.testing.assert_allclose(value(recorded, "sales"), sales[:, -1])
    np.testing.assert_allclose(value(recorded, "sales", "mean", 3), sales[:, -3:].mean(axis=1))
    np.testing.assert_allclose(value(recorded, "sales", "sum", 8), sales.sum(axis=1))
    growth = np.log(sales[:, -1] / sales[:, -6]) / 5
    np.testing.assert_allclose(value(recorded, "sales", "growth", 5), growth, rtol=1e-12)


def test_the_growth_of_a_logarithm_is_its_change(recorded):
    level = np.average(recorded["productivity"], axis=(2, 3), weights=recorded["sales"])
    np.testing.assert_allclose(
        value(recorded, "productivity", "growth", 7), (level[:, -1] - level[:, 0]) / 7, rtol=1e-12
    )


def test_places(recorded):
    sales = recorded["sales"]
    np.testing.assert_allclose(value(recorded, "sales", region="south"), sales[:, -1, 1].sum(axis=-1))
    np.testing.assert_allclose(value(recorded, "sales", sector="toys"), sales[:, -1, :, 2].sum(axis=-1))
    np.testing.assert_array_equal(
        value(recorded, "sales", region="north", sector="tools"), sales[:, -1, 0, 1]
    )
    np.testing.assert_array_equal(value(recorded, "wage", region="south"), recorded["wage"][:, -1, 1])
    rate = recorded["innovations"] / (
        recorded["firms"] - recorded["spinoffs"] - recorded["startups"] + recorded["exits"]
    )
    np.testing.assert_allclose(
        value(recorded, "innovation_rate", region="south", sector="food"), rate[:, -1, 1, 0]
    )


def test_indices(recorded):
    workers = recorded["employment"][:, -1]
    share = workers.sum(axis=2) / workers.sum(axis=(1, 2))[:, None]
    np.testing.assert_allclose(value(recorded, "geographic_concentration"), (share**2).sum(axis=1))
    structure = workers / workers.sum(axis=2, keepdims=True)
    whole = workers.sum(axis=1) / workers.sum(axis=(1, 2))[:, None]
    krugman = (np.abs(structure - whole[:, None]).sum(axis=2) * share).sum(axis=1)
    np.testing.assert_allclose(value(recorded, "specialisation"), krugman)
    totals = {name: array.sum(axis=(2, 3)) for name, array in recorded.items() if array.ndim == 4}
    operating = totals["firms"] - totals["spinoffs"] - totals["startups"] + totals["exits"]
    entry = ((totals["spinoffs"] + totals["startups"]) / operating)[:, -4:].mean(axis=1)
    np.testing.assert_allclose(value(recorded, "entry_rate", "mean", 4), entry)


def test_extremes_of_the_indices():
    workers = np.zeros((3, 1, 2, 2))
    workers[0, 0] = [[4.0, 0.0], [0.0, 4.0]]  # each region has its own sector: 2·(1 − 1/2)
    workers[1, 0] = [[1.0, 2.0], [3.0, 6.0]]  # the same structure everywhere
    times = np.array([5])
    found = {
        name: compute_outcomes([Outcome("x", name)], {"employment": workers}, times)["x"]
        for name in ("specialisation", "geographic_concentration")
    }
    assert found["specialisation"][:2] == pytest.approx([1.0, 0.0], abs=1e-15)
    assert found["geographic_concentration"][:2] == pytest.approx([0.5, 1 / 16 + 9 / 16])
    # an economy without workers has neither
    assert np.isnan([found["specialisation"][2], found["geographic_concentration"][2]]).all()


def test_an_economy_that_died_has_no_growth(recorded):
    dead = {**recorded, "sales": recorded["sales"].copy()}
    dead["sales"][1, -1] = 0.0
    assert np.isnan(value(dead, "sales", "growth", 5)).tolist() == [False, True, False]


def test_every_stride_th_period(recorded):
    times = np.arange(5, 41, 5)
    sales = recorded["sales"].sum(axis=(2, 3))
    np.testing.assert_allclose(
        value(recorded, "sales", "growth", 20, times=times),
        np.log(sales[:, -1] / sales[:, -5]) / 20,
        rtol=1e-12,
    )
    np.testing.assert_allclose(value(recorded, "sales", "mean", 12, times=times), sales[:, -3:].mean(axis=1))


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome("x", "produktivity"), 'variable: found "produktivity"*did you mean "productivity"?'),
        (Outcome("x", "size_distribution"), "*one number"),
        (Outcome("x", "sales", "growht"), 'over: found "growht"; allowed: last, mean, sum, growth'),
        (Outcome("x", "net_migration", "growth", 5), "over: net_migration can be negative*"),
        (
            Outcome("x", "sales", "growth", 8),
            "periods: found 8; recorded are periods 1 to 8; allowed: 1 to 7",
        ),
        (Outcome("x", "sales", "mean", 0), "periods: found 0*allowed: 1 to 8"),
        (Outcome("x", "sales", region="nroth"), 'region: found "nroth"; did you mean "north"?'),
        (Outcome("x", "wage", sector="toys"), 'sector: found "toys"; wage has no value for one sector'),
        (
            Outcome("x", "specialisation", region="north"),
            "region: *specialisation has no value for one region",
        ),
    ],
)
def test_what_is_wrong_is_said(outcome, words):
    (problem,) = outcome_problems(outcome, TIMES, REGIONS, SECTORS)
    first, *rest = words.split("*")
    assert problem.startswith(first)
    assert all(word in problem for word in rest)


def test_strides_are_looked_at():
    times = np.arange(5, 41, 5)
    (problem,) = outcome_problems(Outcome("x", "sales", "growth", 7), times)
    assert problem == (
        "periods: found 7; recorded are periods 5 to 40; allowed: 5 to 35, a multiple of the stride 5"
    )
    (problem,) = outcome_problems(Outcome("x", "sales", "sum", 10), times)
    assert "one in 5 is recorded" in problem
    (problem,) = outcome_problems(Outcome("x", "sales", "growth", 1), np.array([5]))
    assert "two recorded periods" in problem


def test_needs_are_enough(recorded):
    for outcome in DEFAULT_OUTCOMES:
        names = needed_by_outcomes([outcome])
        short = Outcome(outcome.name, outcome.variable, outcome.over, 5)
        compute_outcomes([short], {name: recorded[name] for name in names}, TIMES)
    assert needed_by_outcomes([Outcome("x", "wage", region="north")]) == ("wage",)


def test_units_and_names():
    assert Outcome("x", "wage").unit == "money worker-1"
    assert Outcome("x", "wage", "growth").unit == "period-1"
    assert (
        Outcome("x", "wage", "mean", 5, region="north").long_name == "wage, north, mean of the last 5 periods"
    )
    assert all(index.long_name and index.needs for index in INDICES.values())
