"""The stopping rule by rounds."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from technopole.statistics.stopping import decide, looks


@dataclass(frozen=True)
class Rule:
    half_width: float
    minimum: int = 16
    maximum: int = 100
    round: int = 16
    confidence: float = 0.95


def half_width(values):
    return stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def test_looks():
    assert looks(Rule(1.0)) == (16, 32, 48, 64, 80, 96, 100)
    assert looks(Rule(1.0, minimum=8, maximum=8)) == (8,)
    assert looks(Rule(1.0, minimum=4, maximum=12, round=4)) == (4, 8, 12)


def test_stops_at_the_second_look_in_a_row_that_is_short_enough():
    values = np.random.default_rng(0).normal(size=(200, 100))
    rule = Rule(0.3)
    found = decide(values, rule)
    for point, row in enumerate(values):
        short = [half_width(row[:n]) <= 0.3 for n in looks(rule)]
        first = next((k for k in range(1, len(short)) if short[k - 1] and short[k]), None)
        n = 100 if first is None else looks(rule)[first]
        assert found.replicates[point] == n
        assert found.reached[point] == (first is not None)
        assert found.half_width[point] == pytest.approx(half_width(row[:n]))
    assert found.stopped.all()
    assert len(set(found.replicates.tolist())) > 2


def test_goes_on_before_enough_looks():
    constant = np.zeros((1, 100))
    assert not decide(constant[:, :15], Rule(0.1)).stopped.any()
    assert not decide(constant[:, :16], Rule(0.1)).stopped.any()
    assert decide(constant[:, :32], Rule(0.1)).stopped.all()


def test_the_maximum_stops_without_reaching():
    found = decide(np.random.default_rng(1).normal(size=(3, 100)), Rule(1e-6))
    assert found.stopped.all()
    assert not found.reached.any()
    assert (found.replicates == 100).all()


def test_failed_replicates_do_not_count():
    values = np.random.default_rng(2).normal(size=(1, 100))
    values[0, ::2] = np.nan
    found = decide(values, Rule(1e-6))
    assert found.half_width[0] == pytest.approx(half_width(values[0, 1::2]))
    assert not decide(np.full((1, 64), np.nan), Rule(1e9)).stopped.any()


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1.0), st.integers(0, 120))
def test_a_decision_stands(seed, target, more):
    """What was decided after some replicates is not changed by later ones, nor by what a stopped point has."""
    values = np.random.default_rng(seed).normal(size=(4, 100))
    rule = Rule(target)
    early, late = decide(values[:, :more], rule), decide(values, rule)
    stopped = early.stopped
    for before, after in zip(early, late, strict=True):
        assert np.array_equal(before[stopped], after[stopped])
    emptied = values.copy()
    for point in np.flatnonzero(stopped):
        emptied[point, early.replicates[point] :] = np.nan
    for part, same in zip(late, decide(emptied, rule), strict=True):
        assert np.array_equal(part, same)
