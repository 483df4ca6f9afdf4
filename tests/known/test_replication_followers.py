"""EURACE's skills and Nelson and Phelps (1966): closing a gap, by stages of technopole's learning and by its engine."""

import numpy as np
import pytest

import eurace_skills
import nelson_phelps
from followers import follow


@pytest.mark.parametrize("module", [eurace_skills, nelson_phelps], ids=lambda module: module.__name__)
def test_every_published_number_is_met(module):
    rows, _ = module.compare()
    assert len(rows) >= 9
    assert [row.what for row in rows if not row.within] == []


@pytest.mark.parametrize(("general", "months"), eurace_skills.HALF_LIVES.items())
def test_a_gap_halves_in_the_time_of_the_general_skill(general, months):
    gap = 3.0 - eurace_skills.skills(3 * months, 3.0)[:, general - 1]
    np.testing.assert_allclose(gap[::months], 2.0 * 0.5 ** np.arange(4), rtol=1e-13)


def test_skills_never_fall():
    technology = np.where(np.arange(100) < 50, 2.0, 0.5)
    skills = eurace_skills.skills(100, technology)
    assert np.all(np.diff(skills, axis=0)[:50] > 0.0)
    assert np.all(np.diff(skills, axis=0)[50:] == 0.0)


@pytest.mark.parametrize("growth", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("speed", [0.02, 0.5])
def test_ratio_in_every_period(speed, growth):
    """O2: x' = [x + l (1 - x)]/(1 + g)."""
    path = nelson_phelps.ratio_path([speed], growth, 60, start=0.4)[:, 0]
    expected = (path[:-1] + speed * (1.0 - path[:-1])) / (1.0 + growth)
    np.testing.assert_allclose(path[1:], expected, rtol=1e-13)


def test_education_is_worth_more_where_technology_moves():
    pace = [nelson_phelps.elasticity(0.1, growth) for growth in (0.005, 0.02, 0.08)]
    assert pace[0] < pace[1] < pace[2]
    np.testing.assert_allclose(pace, [g / (0.1 + g) for g in (0.005, 0.02, 0.08)], atol=1e-6)


def test_nobody_is_refused():
    with pytest.raises(ValueError, match="found none; allowed: one for each follower"):
        follow([], 0.0, [1.0])
