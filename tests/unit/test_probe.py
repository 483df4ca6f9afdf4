"""Estimates of time, and limits."""

import time

import pytest

from sweeping import plan
from technopole.errors import ConfigError
from technopole.probe import Estimate, estimate, limit_problems, refuse_above_limits


def test_estimate_is_quick_and_adds_up():
    made = plan(experiment={"replicates": 1000})
    begin = time.perf_counter()
    measured = estimate(made, seconds=0.3)
    assert time.perf_counter() - begin < 10.0
    assert measured.points == 3 and measured.periods > 100
    assert 0.0 < measured.replicate_seconds < 0.1
    assert measured.core_seconds == pytest.approx(3000 * measured.replicate_seconds)
    assert measured.core_hours == measured.core_seconds / 3600


def test_burn_in_is_shared_between_points():
    made = plan(experiment={"burn_in": 6, "replicates": 8})
    measured = estimate(made, seconds=0.1)
    separately = made.n_points * made.replicates * measured.replicate_seconds
    assert 0.4 * separately < measured.core_seconds < separately


def test_a_period_that_takes_longer_than_the_probe():
    assert estimate(plan(), seconds=0.0).periods >= 1


def test_limits():
    measured = Estimate(36000.0, 1.0, 10.0, 1, 1)
    assert limit_problems(plan(), measured) == []
    tight = plan(limits={"core_hours": 2, "bytes": 1000, "files": 10})
    found = limit_problems(tight, measured)
    assert len(found) == 3 and len(limit_problems(tight, None)) == 2
    assert found[0] == "sweep: limits.core_hours: about 10 core-hours; allowed: 2"
    with pytest.raises(ConfigError, match="--force") as failure:
        refuse_above_limits(tight, measured)
    assert failure.value.exit_code == 2
