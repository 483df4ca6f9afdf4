"""A world followed firm by firm: nobody is lost, children are found, innovators are those the model counts."""

import numpy as np
import pytest

from reference.rng import EVENT, SPINOFF, draw, join_words, uniform
from technopole.facts.draws import first_uniform, philox
from technopole.facts.panel import LONG_AGO, Stopped, walk
from technopole.model.model import Model
from worlds import economy, plan

BUSY = {
    "innovation.rate": 0.3,
    "entry.spinoff": 0.08,
    "entry.startups": 0.1,
    "capacity.slack": 2.0,
}
SUBSIDY = {"instrument": "rd_subsidy", "value": 2.0, "regions": ["r1"], "start": 2, "end": 5}


@pytest.fixture(scope="module")
def blueprint():
    return plan(economy(4, 3, 60, policies=[SUBSIDY]), BUSY)


def copies(blueprint, periods=8, first=0, replicate=3):
    """Years with arrays of their own."""
    setting, found = blueprint.setting(11), []
    for year in walk(blueprint, setting, replicate, periods, first):
        for name, value in vars(year).items():
            if isinstance(value, np.ndarray):
                setattr(year, name, value.copy())
        found.append(year)
    return found


def test_philox_is_that_of_the_model():
    random = np.random.default_rng(1)
    identity = random.integers(0, 2**63, 500).astype(np.uint64)
    w0, *_ = draw(identity, 17, EVENT, 5, 9)
    assert (first_uniform(identity, 17, EVENT, 5, 9) == uniform(w0)).all()
    # Random123's known answer for counters and key of all ones
    ones = np.full(1, 0xFFFFFFFF, dtype=np.uint64)
    words = [int(word[0]) for word in philox(ones, ones, ones, ones, 0xFFFFFFFF, 0xFFFFFFFF)]
    assert words == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def test_who_stays_is_there_the_next_year(blueprint):
    years = copies(blueprint)
    assert len(years) == 8 and sum(year.children.size for year in years) > 50
    for before, after in zip(years[:-1], years[1:], strict=True):
        assert (after.cell == before.next_cell).all()
        assert after.employment == pytest.approx(before.next_employment, rel=1e-12)
        stayed = before.next_identity[after.stays]
        assert (after.next_identity[~after.is_new] == stayed).all()
        assert (after.next_age[~after.is_new] == after.age[after.stays] + 1).all()
        assert (after.old_efficiency == before.efficiency).all()
    assert np.isnan(years[0].old_efficiency).all()


def test_children_are_those_of_their_parents(blueprint):
    years = copies(blueprint)
    for before, year in zip(years[:-1], years[1:], strict=True):
        parent = before.next_identity[year.parents]
        w0, w1, *_ = draw(parent, year.period, SPINOFF, 11, 3)
        assert (year.next_identity[year.children] == join_words(w0, w1)).all()
        assert year.is_new[year.children].all()
        assert (year.next_cell[year.children] % 3 == year.cell[year.parents] % 3).all()


def test_innovators_and_entrants_are_as_many_as_the_model_counts(blueprint):
    """Also with a subsidy that begins and ends: it decides who innovates."""
    model = Model(blueprint.config, seed=11, replicate=3)
    years = copies(blueprint)
    for year in years:
        model.step()
        assert (year.by_cell(year.cell[year.innovates]) == model.record("innovations")).all()
        entrants = year.by_cell(year.next_cell[year.is_new])
        assert (entrants == model.record("startups") + model.record("spinoffs")).all()
        assert (year.by_cell(year.cell[~year.stays]) == model.record("exits")).all()
        assert year.research == pytest.approx(model.record("research_spending").sum(axis=1), rel=1e-12)
        assert year.lag == pytest.approx(model.record("research_lag"), rel=1e-12)
        assert (year.university == model["university"]).all()
    assert sum(year.innovates.sum() for year in years) > 200


def test_years_since_the_last_innovation(blueprint):
    years = copies(blueprint)
    for before, year in zip(years[:-1], years[1:], strict=True):
        survivors = year.since[~year.is_new]
        innovated = year.innovates[year.stays]
        assert (survivors[innovated] == 0).all()
        assert (survivors[~innovated] == before.since[year.stays][~innovated] + 1).all()
        assert (year.since[year.is_new] == LONG_AGO).all()


def test_late_years_are_those_of_the_whole_walk(blueprint):
    early, late = copies(blueprint), copies(blueprint, first=5)
    assert [year.period for year in late] == [5, 6, 7]
    for a, b in zip(early[5:], late, strict=True):
        assert (a.next_identity == b.next_identity).all() and (a.efficiency == b.efficiency).all()
        assert ((a.since < 3) == (b.since < 3)).all()


def test_stop_flag_ends_a_walk(blueprint):
    stop = np.zeros(1, dtype=np.int64)
    years = walk(blueprint, blueprint.setting(1), 0, 5, stop=stop)
    next(years)
    stop[0] = 1
    with pytest.raises(Stopped):
        next(years)
