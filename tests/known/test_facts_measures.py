"""Measures of the facts on made-up firms whose answer is known.

Tolerances of random samples are five standard errors of the estimate: a false alarm, were the seeds drawn anew, has a
probability of 6e-7 for each of about twenty comparisons. The seeds are fixed.
"""

import math

import numpy as np
import pytest

from technopole.facts.innovation import Innovations, Innovators, SmallFirms, rank_correlation, two_slopes
from technopole.facts.panel import Year
from technopole.facts.productivity import (
    Decomposition,
    Economy,
    Productivity,
    agglomeration,
    gap_90_10,
)
from technopole.facts.regions import (
    convergence,
    geographic_concentration,
    relatedness_effects,
    variety_effect,
)
from technopole.facts.sizes import Growth, Sizes, gibrat, shape_and_scaling, tail_exponent
from technopole.facts.statistics import correlation, slope, staying_in_fifths
from technopole.facts.turnover import Hazards, SpinOffs, Turnover, job_flows, leading

SIGMAS = 5.0


def make_year(regions=1, sectors=1, after=None, **before):
    """Year of firms that all stay as they are unless something else is said.

    ``before`` are arrays over the operating firms, ``after`` over those at the end.
    """
    cell = np.asarray(before.pop("cell", np.zeros(len(before.get("employment", [1.0])), dtype=int)))
    n = cell.size
    stays = np.asarray(before.pop("stays", np.ones(n, dtype=bool)))
    employment = np.asarray(before.pop("employment", np.full(n, 10.0)), dtype=float)
    age = np.asarray(before.pop("age", np.full(n, 9)))
    after = after or {}
    next_cell = np.asarray(after.get("cell", cell[stays]))
    m = next_cell.size
    values = {
        "period": 0,
        "regions": regions,
        "sectors": sectors,
        "cell": cell,
        "age": age,
        "employment": employment,
        "old_efficiency": np.asarray(before.pop("old_efficiency", np.zeros(n))),
        "stays": stays,
        "innovates": np.asarray(before.pop("innovates", np.zeros(n, dtype=bool))),
        "parents": np.asarray(before.pop("parents", np.zeros(0, dtype=int))),
        "children": np.asarray(before.pop("children", np.zeros(0, dtype=int))),
        "next_identity": np.asarray(after.get("identity", np.arange(m))).astype(np.uint64),
        "next_cell": next_cell,
        "next_age": np.asarray(after.get("age", age[stays] + 1)),
        "next_employment": np.asarray(after.get("employment", employment[stays]), dtype=float),
        "since": np.asarray(after.get("since", np.full(m, 100))),
        "efficiency": np.asarray(after.get("efficiency", np.zeros(m)), dtype=float),
        "quality": np.zeros(m),
        "share": np.asarray(after.get("share", np.full(m, 1.0 / m)), dtype=float),
        "sales": np.asarray(after.get("sales", np.ones(m)), dtype=float),
        "wage": np.ones(regions),
        "workforce": np.full(regions, 100.0),
        "university": np.ones(regions),
        "research": np.ones(regions),
        "lag": np.full(regions, 7.0),
    }
    values["is_new"] = np.asarray(after.get("is_new", values["next_age"] == 0))
    assert not before, before
    return Year(**values)


def collect(collector, *years):
    for year in years:
        collector.add(year)
    return collector.facts()


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


# ---------------------------------------------------------------------------------------------- productivity


def test_gap_between_deciles():
    levels = np.linspace(0.0, 1.0, 101)
    efficiency = np.concatenate([levels, 5.0 + 2.0 * np.repeat(levels, 3)])
    sector = np.repeat([0, 1], [101, 303])
    assert gap_90_10(efficiency, sector) == pytest.approx((0.8 * 101 + 1.6 * 303) / 404, abs=0.01)
    assert math.isnan(gap_90_10(levels, np.zeros(101, dtype=int)))


def test_agglomeration_elasticity():
    """Productivity is 0.04 ln of the region's jobs plus a sector effect."""
    regions = 12
    firms = np.arange(10, 10 + regions)
    cell = np.repeat(np.arange(2 * regions), np.repeat(firms, 2))
    region, sector = cell // 2, cell % 2
    size = 1.0 + region**2
    jobs = np.bincount(region, size)
    efficiency = 0.04 * np.log(jobs[region]) + 3.0 * sector
    year = make_year(regions, 2, {"efficiency": efficiency}, cell=cell, employment=size)
    assert agglomeration(year) == pytest.approx(0.04, rel=1e-9)
    few = make_year(9, 2, cell=cell[cell < 18], employment=size[cell < 18])
    assert math.isnan(agglomeration(few))


def test_persistence_of_productivity():
    random = np.random.default_rng(5)
    number = 40_000
    before = random.normal(size=number)
    after = 0.7 * before + random.normal(0.0, 0.5, number) + 0.3  # everybody gains
    year = make_year(after={"efficiency": after}, employment=np.ones(number), old_efficiency=before)
    error = 0.5 / math.sqrt(number)
    assert collect(Productivity(), year)["persistence"] == pytest.approx(0.7, abs=SIGMAS * error)


def test_decomposition_of_growth():
    """Survivors gain 0.1 each; a fifth of the market goes from firms at 0 to entrants at 0.5."""
    survivors, others = 800, 200
    start = {
        "identity": np.arange(1000),
        "cell": np.zeros(1000, dtype=int),
        "employment": np.ones(1000),
        "age": np.full(1000, 5),
    }
    end = {
        **start,
        "identity": np.concatenate([np.arange(survivors), np.arange(5000, 5000 + others)]),
        "efficiency": np.repeat([0.1, 0.5], [survivors, others]),
    }
    idle = make_year(employment=np.ones(1000))
    years = [make_year(after=start, employment=np.ones(1000)), *[idle] * 9]
    years += [make_year(after=end, employment=np.ones(1000))]
    facts = collect(Decomposition(), *years)
    assert facts["fhk_within"] == pytest.approx(0.08 / 0.18)
    assert facts["fhk_entry"] == pytest.approx(0.10 / 0.18)


def test_economy():
    start = make_year(
        employment=np.ones(400),
        stays=np.arange(400) >= 40,
        after={"cell": np.zeros(360, dtype=int), "age": np.full(360, 2), "employment": np.ones(360)},
    )
    years = [
        make_year(after={"efficiency": np.full(400, level)}, employment=np.full(400, 0.25))
        for level in (0.0, 0.02, 0.04)
    ]
    facts = collect(Economy(start), *years)
    assert facts["first_exits"] == pytest.approx(0.1)
    assert facts["progress"] == pytest.approx(0.02)
    assert facts["employment_rate"] == pytest.approx(1.0)
    assert facts["firms_per_worker"] == pytest.approx(1.0)
    assert math.isnan(facts["concentration"])  # no sector of a thousand


# ---------------------------------------------------------------------------------------------- innovation


class Sectors:
    sector_ids = ("21", "51")
    region_ids = ("a", "b")
    high_tech = (False, True)


def test_innovators_by_kind():
    """Of 400 firms of mining a tenth, of 400 high-tech ones four tenths innovated within three years."""
    cell = np.repeat([0, 1], 400)
    place = np.tile(np.arange(400), 2)
    since = np.where(place < np.where(cell == 0, 40, 160), 2, 3)
    year = make_year(2, 2, {"since": since}, cell=cell, employment=np.full(800, 2.0))
    facts = collect(Innovators(Sectors()), *[year] * 3)  # asked once
    assert facts["innovators"] == facts["innovators_small"] == pytest.approx(0.25)
    assert facts["innovators_mining"] == pytest.approx(0.1)
    assert facts["innovators_high_tech"] == pytest.approx(0.4)
    assert facts["innovators_high_tech_ratio"] == pytest.approx(1.6)
    assert math.isnan(facts["innovators_largest"]) and math.isnan(facts["innovators_rising"])
    assert all(math.isnan(value) for value in collect(Innovators(Sectors()), year).values())  # never asked


def test_rank_correlation():
    assert rank_correlation(np.array([0.1, 0.2, 0.4, 0.3])) == pytest.approx(0.8)
    assert rank_correlation(np.arange(9.0)) == pytest.approx(1.0)


def test_innovations_over_regions():
    """Innovations as jobs to the power 1.5: firms of one worker, whose numbers are squares."""
    root = np.arange(2, 26)
    jobs, innovations = root**2, root**3
    cell = np.repeat(np.arange(root.size), innovations)
    first = np.concatenate([np.arange(number) for number in innovations])
    size = np.where(first < 1, jobs[cell] - (innovations[cell] - 1) * 1e-9, 1e-9)
    year = make_year(root.size, 1, cell=cell, employment=size, innovates=np.ones(cell.size, dtype=bool))
    facts = collect(Innovations(0.5), year)
    assert facts["innovation_elasticity"] == pytest.approx(1.5, rel=1e-6)
    assert facts["innovation_gini_excess"] > 0.05
    assert facts["lag"] == 7.0


def test_two_slopes():
    random = np.random.default_rng(6)
    a, b = random.normal(size=(2, 30))
    assert two_slopes(1.0 + 0.7 * a + 0.2 * b, a, b) == pytest.approx((0.7, 0.2))
    assert math.isnan(two_slopes(a[:3], a[:3], b[:3])[0])


def test_small_and_medium_firms():
    size = np.concatenate([np.full(300, 10.0), np.full(100, 2000.0)])
    facts = collect(SmallFirms(), make_year(employment=size, innovates=size < 100.0))
    assert facts["sme_firms"] == pytest.approx(0.75)
    assert facts["sme_jobs"] == pytest.approx(3000.0 / 203_000.0)
    assert facts["sme_innovations"] == 1.0


# ---------------------------------------------------------------------------------------------- regions


def test_geographic_concentration():
    """Sector 0 draws its places by the size of regions, sector 1 has half of its firms in one."""
    random = np.random.default_rng(7)
    regions, firms = 20, 8000
    weight = np.arange(1, regions + 1) / np.arange(1, regions + 1).sum()
    even = random.choice(regions, firms, p=weight)
    apart = np.where(random.uniform(size=400) < 0.5, 3, random.choice(regions, 400, p=weight))
    cell = np.sort(np.concatenate([2 * even, 2 * apart + 1]))
    gamma = geographic_concentration(make_year(regions, 2, cell=cell, employment=np.ones(cell.size)))
    assert abs(gamma[0]) < 1e-3 and gamma[1] == pytest.approx(0.25, abs=0.07)


RELATED = np.where(np.arange(12)[:, None] // 4 == np.arange(12) // 4, 0.5, 0.1)


def effects_of(make, times=20):
    """Means and standard errors of the effects of relatedness over made-up tables (T, R, S)."""
    found = [relatedness_effects(make(), RELATED) for _ in range(times)]
    values = np.array([[one["related_entry"], one["related_exit"]] for one in found])
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(times)


def test_relatedness_has_no_effect_by_chance():
    """Regions and sectors of very different size, of which few firms are drawn: some regions are diverse.

    Without shuffling the effects would be 0.020 and -0.059 on these tables.
    """
    random = np.random.default_rng(8)
    size = random.lognormal(0.0, 1.5, (60, 1)) * random.lognormal(0.0, 1.5, 12)

    def drawn():
        level = 0.5 * size * np.exp(random.normal(0.0, 0.5, (60, 12)))
        return random.poisson(level, (21, 60, 12)).astype(float) + 1e-9

    mean, error = effects_of(drawn)
    assert (np.abs(mean) < SIGMAS * error).all()
    assert (error < [0.004, 0.01]).all()


def test_relatedness_that_draws_sectors_is_found():
    """Every sector moves towards the mean of its related ones."""
    random = np.random.default_rng(9)
    base = random.lognormal(0.0, 1.0, (40, 1)) * random.lognormal(0.0, 1.0, 12)

    def drawn():
        level = [random.normal(0.0, 0.5, (40, 12))]
        for _ in range(20):
            group = level[-1].reshape(40, 3, 4).mean(axis=2).repeat(4, axis=1)
            level.append(0.6 * level[-1] + 0.38 * group + random.normal(0.0, 0.4, (40, 12)))
        return base * np.exp(np.array(level))

    mean, error = effects_of(drawn)
    assert mean[0] > SIGMAS * error[0] and mean[1] < -SIGMAS * error[1]


def test_variety_effect():
    """Jobs grow by 0.01 a year and standard deviation of related variety."""
    random = np.random.default_rng(9)
    groups = [name for name in "abcd" for _ in range(2)]
    start = random.lognormal(0.0, 1.0, (30, 8))
    share = start / start.sum(axis=1, keepdims=True)
    pair = share.reshape(30, 4, 2)
    within = pair / pair.sum(axis=2, keepdims=True)
    related = -(pair * np.log2(within)).sum(axis=(1, 2))
    growth = 0.01 * (related - related.mean()) / related.std()
    jobs = start * np.exp(growth[:, None] * np.arange(11)[:, None, None])
    assert variety_effect(jobs, groups) == pytest.approx(0.01, rel=1e-9)


def test_convergence():
    """Gaps close at 3 % a year: (1 - e^-0.03) of the rest."""
    start = np.linspace(-1.0, 1.0, 30)
    income = np.exp(start * np.exp(-0.03 * np.arange(31))[:, None] + 0.02 * np.arange(31)[:, None])
    facts = convergence(income)
    assert facts["beta"] == pytest.approx(0.03, rel=1e-9)
    assert facts["mobility"] == 1.0
    assert math.isnan(convergence(income[:, :9])["beta"])


def test_staying_in_fifths():
    random = np.random.default_rng(10)
    assert staying_in_fifths(random.uniform(size=(400, 50))) == pytest.approx(0.2, abs=0.015)
    swapped = np.array([np.arange(50.0), np.roll(np.arange(50.0), 10)])
    assert staying_in_fifths(swapped) == 0.0
    assert math.isnan(staying_in_fifths(np.ones((10, 24))))


def test_slope_and_correlation():
    x = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0])
    y = np.array([0.0, 2.0, 4.0, -5.0, -3.0, -1.0])
    assert slope(x, y, np.repeat([0, 1], 3)) == pytest.approx(2.0)
    assert slope(x, y) == pytest.approx(np.polyfit(x, y, 1)[0])
    assert correlation(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    weights = np.array([1, 2, 3, 1, 2, 3])
    many = np.repeat(x, weights), np.repeat(y, weights)
    assert correlation(x, y, weights) == pytest.approx(np.corrcoef(*many)[0, 1])
    assert math.isnan(correlation(x, np.ones(6))) and math.isnan(slope(np.ones(6), y))
