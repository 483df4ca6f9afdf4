"""Measures of the facts on made-up firms whose answer is known: sizes, growth, entry and exit.

Tolerances of random samples are five standard errors of the estimate: a false alarm, were the seeds drawn anew, has a
probability of 6e-7 for each of about twenty comparisons. The seeds are fixed.
"""

import math

import numpy as np
import pytest

from made_up_years import SIGMAS, collect, make_year
from technopole.facts.sizes import Growth, Sizes, gibrat, shape_and_scaling, tail_exponent
from technopole.facts.turnover import Hazards, SpinOffs, Turnover, job_flows, leading

# ---------------------------------------------------------------------------------------------- sizes and growth


def test_tail_of_a_pareto_law():
    random = np.random.default_rng(1)
    size = random.uniform(size=50_000) ** (-1.0 / 1.1)
    for top in (0.1, 0.05):
        error = 1.1 * math.sqrt(2.0 / (top * size.size))
        assert tail_exponent(size, top) == pytest.approx(1.1, abs=SIGMAS * error)
    # ln(rank - 1/2) on a straight line of slope -1 has the exponent 1 exactly
    rank = np.arange(1, 1001) - 0.5
    assert tail_exponent(1.0 / rank, 0.1) == pytest.approx(1.0, abs=1e-12)
    assert math.isnan(tail_exponent(size[:499], 0.1))


def test_firms_below_one_worker_are_no_employers():
    size = np.concatenate([np.full(500, 0.5), 1.0 / (np.arange(1, 1001) - 0.5) * 1e3])
    sizes = Sizes()
    facts = collect(sizes, make_year(employment=size))
    assert facts["tail"] == pytest.approx(1.0, abs=1e-12)
    assert sizes.tables()["size_share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("shape, draw", [(1.0, "laplace"), (2.0, "normal")])
def test_shape_and_scaling_of_growth_rates(shape, draw):
    """Growth with a spread that falls as size to the power -0.2: the mixture alone would look fat-tailed."""
    random = np.random.default_rng(2)
    number = 60_000
    size = np.exp(random.uniform(0.0, 8.0, number))
    growth = getattr(random, draw)(size=number) * 0.3 * size**-0.2
    found = shape_and_scaling(growth, size)
    # standard error of the shape of a Subbotin law, and of the log of a standard deviation
    assert found["subbotin"] == pytest.approx(shape, abs=SIGMAS * shape * math.sqrt(3.0 / number) + 0.02)
    assert found["scaling"] == pytest.approx(-0.2, abs=0.02)
    raw = shape_and_scaling(growth, np.ones(number))
    assert math.isnan(raw["scaling"])  # all of one size: no slope


def test_growth_is_relative_to_year_and_sector():
    random = np.random.default_rng(3)
    number = 12_000
    cell = np.tile([0, 1, 2, 3], number // 4)  # two regions, two sectors
    sector, region = cell % 2, cell // 2
    old = np.exp(random.uniform(0.0, 6.0, number))
    noise = random.laplace(size=number) * 0.1 * old**-0.15
    booms = []
    for boom in (0.0, 0.5):
        new = old * np.exp(noise + boom * sector)
        booms.append(collect(Growth(), make_year(2, 2, {"employment": new}, cell=cell, employment=old)))
    assert booms[0]["subbotin"] == pytest.approx(booms[1]["subbotin"], abs=1e-6)
    new = old * np.exp(noise + 0.5 * region)  # regions that part are part of what is measured
    apart = collect(Growth(), make_year(2, 2, {"employment": new}, cell=cell, employment=old))
    assert abs(apart["scaling"] - booms[0]["scaling"]) > 0.05


def test_gibrat():
    random = np.random.default_rng(4)
    before = np.exp(random.uniform(5.0, 9.0, 20_000))
    noise = random.normal(0.0, 0.2, before.size)
    error = 0.2 / math.sqrt(before.size * np.log(before).var())
    assert gibrat(before, before * np.exp(noise)) == pytest.approx(1.0, abs=SIGMAS * error)
    assert gibrat(before, before**0.9 * np.exp(noise)) == pytest.approx(0.9, abs=SIGMAS * error)
    assert math.isnan(gibrat(before[:1999], before[:1999]))


def test_small_firms_grow_faster():
    old = np.repeat([5.0, 500.0], 3000)
    new = old * np.repeat([1.1, 1.0], 3000)
    facts = collect(Growth(), make_year(after={"employment": new}, employment=old))
    assert facts["small_grow_faster"] == pytest.approx(math.log(1.1), abs=1e-6)


# ---------------------------------------------------------------------------------------------- entry and exit


def test_rates_and_their_correlation():
    """Ten regions of 100 firms; the more leave, the more enter."""
    cell = np.repeat(np.arange(10), 100)
    place = np.tile(np.arange(100), 10)
    stays = place >= cell  # region r loses r firms
    entrants = np.repeat(np.arange(10), np.arange(10))
    after = {
        "cell": np.concatenate([cell[stays], entrants]),
        "age": np.concatenate([np.full(stays.sum(), 10), np.zeros(entrants.size, dtype=int)]),
        "employment": np.full(1000, 10.0),
    }
    turnover = Turnover()
    year = make_year(10, 1, after, cell=cell, stays=stays)
    facts = collect(turnover, *[year] * 10)
    assert facts["entry"] == facts["exit"] == pytest.approx(0.045)
    assert facts["entry_exit_correlation"] == pytest.approx(1.0)
    assert math.isnan(facts["entry_exit_sectors"])  # one sector
    tables = turnover.tables()
    assert tables["entry_by_region"] == pytest.approx(np.arange(10) / 100)
    assert tables["exit_by_year"] == pytest.approx(np.full(10, 0.045))
    assert tables["job_creation"] == pytest.approx(np.full(10, 0.045))


def test_flows_of_jobs():
    year = make_year(
        after={"employment": [15.0, 5.0, 4.0], "cell": [0, 0, 0], "age": [3, 3, 0]},
        employment=[10.0, 10.0, 8.0],
        stays=[True, True, False],
    )
    created, destroyed = job_flows(year)
    assert (created, destroyed) == pytest.approx((9.0 / 26.0, 13.0 / 26.0))


def test_hazards_by_age_and_size():
    age = np.repeat([1, 5, 30], 1000)
    size = np.tile(np.repeat([2.0, 300.0], 500), 3)
    place = np.tile(np.arange(500), 6)
    chance = np.repeat([0.3, 0.2, 0.1], 1000) + np.where(size < 5, 0.1, 0.0)
    facts = collect(Hazards(), make_year(employment=size, age=age, stays=place >= np.rint(500 * chance)))
    assert facts["hazard_falls_early"] == pytest.approx(0.1)
    assert facts["hazard_falls_late"] == pytest.approx(0.1)
    assert facts["hazard_falls_with_size"] == pytest.approx(0.1)
    few = collect(Hazards(), make_year(employment=size[:199], age=age[:199]))
    assert math.isnan(few["hazard_age_1"]) and math.isnan(few["hazard_falls_early"])


def cohort(alive):
    """Years after which so many firms of a cohort of `alive[0]` are left, and a new one is not founded."""
    years = []
    for age, number in enumerate(alive):
        before = alive[age - 1] if age else 0
        stays = np.arange(before) < number
        after = {
            "cell": np.zeros(number, dtype=int),
            "age": np.full(number, age),
            "employment": np.ones(number),
        }
        years.append(
            make_year(
                after=after,
                cell=np.zeros(before, dtype=int),
                stays=stays,
                age=np.full(before, max(age - 1, 0)),
                employment=np.ones(before),
            )
        )
    return years


def test_survival_after_five_years():
    assert collect(Hazards(), *cohort([400, 380, 350, 330, 300, 280]))["survival"] == pytest.approx(0.7)


def test_spin_offs_at_home_and_of_leaders():
    """Two regions of a thousand; 300 of the largest and 300 of the small spawn; their children stand behind."""
    firms, spawn = 4000, 300
    cell = np.repeat([0, 1], firms // 2)
    size = np.where(np.arange(firms) % 10 == 0, 100.0, 1.0)
    largest, small = np.flatnonzero(size > 50)[:spawn], np.flatnonzero(size < 50)[:spawn]
    assert leading(make_year(2, 1, cell=cell, employment=size, parents=largest)).sum() == firms // 10
    parents = np.concatenate([largest, small])  # all but 100 of the largest are in region 0
    children = np.arange(firms, firms + 2 * spawn)
    places = np.concatenate([cell, np.zeros(2 * spawn, dtype=int)])
    after = {
        "cell": places,
        "age": np.concatenate([np.full(firms, 9), np.zeros(2 * spawn, dtype=int)]),
        "employment": np.ones(places.size),
    }
    years = [make_year(2, 1, after, cell=cell, employment=size, parents=parents, children=children)]
    alive = np.ones(places.size, dtype=bool)
    alive[firms : firms + 60] = False  # a fifth of the leaders' children and half of the others' leave
    alive[firms + spawn : firms + spawn + 150] = False
    for age in range(1, 6):
        stays = alive if age == 3 else np.ones(places.size, dtype=bool)
        before = np.where(np.arange(places.size) >= firms, age - 1, 9)
        after = {"cell": places[stays], "age": before[stays] + 1, "employment": np.ones(int(stays.sum()))}
        years.append(
            make_year(2, 1, after, cell=places, age=before, stays=stays, employment=np.ones(places.size))
        )
        places = places[stays]
    facts = collect(SpinOffs(), *years)
    assert facts["spinoffs_of_leaders"] == pytest.approx(0.8 - 0.5)
    at_home = (cell[parents] == 0).mean()
    assert facts["spinoffs_at_home"] == pytest.approx(at_home - 0.5)
