"""Measures of the facts on made-up firms whose answer is known: productivity and innovation.

Tolerances as in `test_facts_measures`.
"""

import math

import numpy as np
import pytest

from made_up_years import SIGMAS, collect, make_year
from technopole.facts.innovation import Innovations, Innovators, SmallFirms, rank_correlation, two_slopes
from technopole.facts.productivity import (
    Decomposition,
    Economy,
    Productivity,
    agglomeration,
    gap_90_10,
)

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
