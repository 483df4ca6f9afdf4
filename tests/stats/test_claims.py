"""The claims on the default scenario: verdicts of docs/CLAIMS.md that are far from the edge, and false alarms.

The effects tested are further than ten standard errors from 0, so that other seeds would give the same verdicts.
"""

import numpy as np
import pytest

import technopole as tp
from technopole.claim_tests.statistics import NO_EFFECT, interval, verdict
from technopole.config.default_scenario import default_scenario

pytestmark = [pytest.mark.stats, pytest.mark.slow]

EXPECTED = {
    "C1": "supported",
    "C1.spread_technology": "supported",
    "C2": "supported",
    "C3": "supported",
    "C4": "supported",
    "C5": "supported",
    "C7": "supported",
    "C8": "supported",
    "C11": "supported",
}


def test_false_alarms_are_one_in_twenty():
    """Where nothing has an effect, 5 % of the verdicts say something (4 s.e.: false alarm rate 6e-5)."""
    tables, replicates = 20_000, 16
    effects = np.random.default_rng(5).normal(size=(replicates, tables))
    _, low, high = interval(effects)
    alarms = np.mean([verdict(*ends, 1) != NO_EFFECT for ends in zip(low, high, strict=True)])
    assert abs(alarms - 0.05) < 4.0 * np.sqrt(0.05 * 0.95 / tables)


@pytest.fixture(scope="module")
def results():
    claims = sorted({row.partition(".")[0] for row in EXPECTED})
    return tp.claims(default_scenario(), replicates=8, seed=201, only=[*claims, "feedback", "impulse"])


@pytest.mark.parametrize("row", EXPECTED)
def test_verdict(results, row):
    one = results.sel(claim=row)
    error = float(one["effect"].std(ddof=1)) / np.sqrt(8)
    print(f"{row}: {float(one['estimate']):.4g}, {abs(float(one['estimate'])) / error:.1f} standard errors")
    assert one["verdict"].item() == EXPECTED[row]


def test_the_two_directions_need_each_other(results):
    """Productivity grows faster with both directions than the sum of what each does alone."""
    synergy = results.sel(response="productivity growth", part="synergy")
    assert float(synergy["feedback_low"]) > 0.0


@pytest.mark.parametrize(("shock", "other"), [("cluster", "RIS"), ("RIS", "cluster")])
def test_each_side_answers_to_a_push_of_the_other(results, shock, other):
    assert float(results["impulse_low"].sel(shock=shock, response_of=other, horizon=10)) > 0.0
