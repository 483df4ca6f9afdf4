"""Measures of the facts on made-up firms whose answer is known: regions, and the statistics they use.

Tolerances as in `test_facts_measures`.
"""

import math

import numpy as np
import pytest

from made_up_years import SIGMAS, make_year
from technopole.facts.regions import (
    convergence,
    geographic_concentration,
    relatedness_effects,
    variety_effect,
)
from technopole.facts.statistics import correlation, slope, staying_in_fifths


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
