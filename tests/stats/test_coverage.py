"""Intervals hold what they promise, as often as they promise.

Each test repeats an experiment many times, counts how often the interval holds the known truth, and compares the count
with the binomial distribution at the level 1e-4, two-sided where the coverage is exact and one-sided where it is a lower
bound. There are 26 such comparisons: were the seeds drawn anew, one of them would raise a false alarm with a probability
below 2.6e-3. As the seeds are fixed, a failure is a change of the statistics.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from technopole.schema.levels import reduce_to_level
from technopole.simulation.simulation import run
from technopole.statistics.contrasts import paired
from technopole.statistics.moments import block_moments, statistics
from technopole.statistics.quantiles import interval_ranks, quantiles
from technopole.statistics.stopping import decide

pytestmark = pytest.mark.stats

EXPERIMENTS = 20_000
LEVEL = 1e-4


def covers_exactly(inside, probability):
    return stats.binomtest(int(inside.sum()), inside.size, probability).pvalue > LEVEL


def covers_at_least(inside, probability):
    return stats.binomtest(int(inside.sum()), inside.size, probability, alternative="less").pvalue > LEVEL


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 5, 16])
def test_mean_of_normal_values(n, confidence):
    values = np.random.default_rng(n).normal(size=(n, EXPERIMENTS))
    found = statistics(*block_moments(values), confidence=confidence)
    assert covers_exactly((found.low <= 0.0) & (0.0 <= found.high), confidence)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("n", [20, 100])
def test_quantiles_of_any_distribution(n, probability):
    values = np.random.default_rng(n).lognormal(size=(n, EXPERIMENTS))
    truth = float(np.exp(stats.norm.ppf(probability)))
    found = quantiles(values, [probability])
    low, high = np.nan_to_num(found.low[0], nan=0.0), np.nan_to_num(found.high[0], nan=np.inf)
    # exactly the binomial probability that the truth lies between the two order statistics
    below, ranks = stats.binom(n, probability), interval_ranks(n, [probability], 0.95)
    last = n if ranks.high[0] < 0 else ranks.high[0]
    exact = below.cdf(last) - below.cdf(ranks.low[0])
    assert exact >= 0.95
    assert covers_exactly((low <= truth) & (truth <= high), exact)


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.95])
def test_paired_differences(correlation):
    random = np.random.default_rng(7)
    first, other = random.normal(size=(2, 10, EXPERIMENTS))
    second = correlation * first + np.sqrt(1.0 - correlation**2) * other
    found = paired(first + 0.3, second)
    assert covers_exactly((found.low <= 0.3) & (0.3 <= found.high), 0.95)
    assert np.median(found.variance_reduction) == pytest.approx(1.0 / (1.0 - correlation), rel=0.1)


@dataclass(frozen=True)
class Rule:
    half_width: float
    minimum: int = 16
    maximum: int = 512
    round: int = 16
    confidence: float = 0.95


@pytest.mark.parametrize("half_width", [0.6, 0.3, 0.15])
def test_stopping_rule(half_width):
    """The wanted width covers as promised, in spite of the looks; the shorter interval at the stop nearly so."""
    values = np.random.default_rng(12).normal(size=(10_000, 512))
    found = decide(values, Rule(half_width))
    assert found.stopped.all()
    used = np.arange(512)[:, None] < found.replicates
    mean = statistics(*block_moments(np.where(used, values.T, np.nan))).mean
    assert covers_at_least(np.abs(mean) <= np.where(found.reached, half_width, found.half_width), 0.95)
    assert covers_at_least(np.abs(mean) <= found.half_width, 0.94)


def test_productivity_of_a_small_economy(two_regions):
    """Sixteen replicates of a model with sixty firms: near enough to normal for Student's interval."""
    results = run(two_regions, replicates=16 * 500, periods=20, seed=5)
    last = {name: results[name].values[:, -1:] for name in ("productivity", "sales")}
    outcomes = reduce_to_level("productivity", last, "economy")[:, 0]
    truth = outcomes.mean()  # of 8000 replicates: its own error is a twentieth of the half-width
    blocks = outcomes.reshape(500, 16).T
    found = statistics(*block_moments(blocks))
    inside = (found.low <= truth) & (truth <= found.high)
    assert covers_at_least(inside, 0.94)
    assert covers_at_least(~inside, 0.04)
