"""The default scenario has the facts of docs/VALIDATION.md, and its mechanisms have the expected signs.

A fact holds if its mean over ten replicates of a seed that the calibration did not use lies within its range. There is no
chance in it: the seed is fixed, and a failure is a change of the model. Were the seed drawn anew, facts near an end of
their range (`CLOSE`) could fall to either side: those are held to their mean over a hundred replicates
(docs/VALIDATION.md), which lies within the range.
"""

import re

import numpy as np
import pytest

import technopole as tp
from conftest import SCENARIOS
from technopole.config.config import Config
from technopole.facts.table import facts_of
from technopole.model.model import Model

pytestmark = [pytest.mark.stats, pytest.mark.slow]

SCENARIO = SCENARIOS / "us-states.toml"
SEED = 201  # the parameters were calibrated with seeds 1 to 10 and 101 to 110
SEEDS = range(SEED, SEED + 3)
REPLICATES = 10
MISSES = {
    "tail_5": "the scenario starts from establishments, whose tail is steeper (1.34) than that of enterprises",
    "persistence": "knowledge is kept, and nothing is measured with error",
    "university": "regions with much university research have much of everything else that helps",
    "mobility": "one firm in a hundred is simulated: jobs of small states jump",
}
CLOSE = {"related_entry", "related_exit", "beta"}
"""1.6, 1.8 and 1.0 standard errors of ten replicates from an end of the range.

Ten replicates of another seed lie outside once in 17, 30 and 6 times. Of the others that hold, all but one are at least
2.8 from an end that can be passed (once in 400). The one is the largest concentration: one replicate in fifty is far
above the range, so that another seed may fail for that.
"""
VALIDATION = SCENARIOS.parents[1] / "docs" / "VALIDATION.md"
CHANNELS = ("organisation", "technology", "sourcing", "quality")
SWITCHES = {
    "learning": {f"learning.{channel}": 0.0 for channel in CHANNELS},
    "spillover": {"spillover.rate": 0.0},
    "upgrading": {"upgrading.rate": 0.0},
    "science": {"science.rate": 0.0},
    "feedback": {"feedback.cluster_to_ris": 0.0, "feedback.ris_to_cluster": 0.0},
}


@pytest.fixture(scope="module")
def measured():
    return tp.validate(SCENARIO, replicates=REPLICATES, seed=SEED)


def expected(fact):
    """Mark the facts that the model does not reach: they stand in docs/VALIDATION.md as misses."""
    return pytest.param(fact, marks=pytest.mark.xfail(reason=MISSES[fact])) if fact in MISSES else fact


@pytest.mark.parametrize("fact", [expected(fact) for fact in facts_of("us-states") if fact not in CLOSE])
def test_fact_holds(measured, fact):
    one = measured.sel(fact=fact)
    assert int(one["replicates_used"]) == REPLICATES
    words = f"{one['title'].item()}: {float(one['estimate']):.4f}, {one['source'].item()}"
    assert one["passed"].item(), words


def documented(title):
    """Mean of a fact over a hundred replicates, from its table."""
    row = next(line for line in VALIDATION.read_text("utf-8").splitlines() if line.startswith(f"| {title} |"))
    return float(re.match(r"−?[\d.]+", row.split(" | ")[3])[0].replace("−", "-"))


@pytest.mark.parametrize("fact", sorted(CLOSE))
def test_fact_near_an_end_of_its_range(measured, fact):
    """Within 4 standard errors of the mean over a hundred replicates, which holds (false alarm rate 6e-5 each)."""
    one = measured.sel(fact=fact)
    values = one["value"].values
    assert int(one["replicates_used"]) == REPLICATES
    long_run = documented(one["title"].item())
    assert float(one["range_low"]) < long_run < float(one["range_high"])
    error = values.std(ddof=1) * np.sqrt(1.0 / REPLICATES + 1.0 / 100.0)
    assert abs(values.mean() - long_run) < 4.0 * error, f"{values.mean():.4f}, {long_run} in the long run"


def test_nine_of_ten_facts_of_the_design_hold(measured):
    design = measured["passed"].values[measured["origin"].values == "design"]
    assert design.mean() >= 0.9


def progress(changes, seed):
    """Growth of productivity per year over 60 years, national mean weighted by sales."""
    model = Model(Config.from_toml(SCENARIO).replace({"capacity.slack": 1.0, **changes}), seed=seed)
    levels = []
    for years in (1, 59):
        model.step(years)
        sales = model.record("sales")
        levels.append(np.nansum(model.record("productivity") * sales) / sales.sum())
    return (levels[1] - levels[0]) / 59


@pytest.fixture(scope="module")
def baseline():
    return np.array([progress({}, seed) for seed in SEEDS])


@pytest.mark.parametrize("mechanism", SWITCHES)
def test_switching_a_mechanism_off_slows_progress(baseline, mechanism):
    """Paired runs with common random numbers: the loss exceeds two standard errors."""
    loss = 1.0 - np.array([progress(SWITCHES[mechanism], seed) for seed in SEEDS]) / baseline
    print(f"{mechanism}: {100 * loss.mean():.2f} % ± {100 * loss.std(ddof=1) / np.sqrt(loss.size):.2f}")
    assert loss.mean() > 2.0 * loss.std(ddof=1) / np.sqrt(loss.size)


@pytest.mark.parametrize("scenario", ["two-regions", "china-clusters"])
def test_small_scenarios_live_on(scenario):
    config = Config.from_toml(SCENARIO.with_name(f"{scenario}.toml"))
    for seed in SEEDS:
        model = Model(config, seed=seed)
        initial = model.n_firms
        model.step(60)
        firms = np.diff(model["offsets"]).reshape(len(model.region_ids), len(model.sector_ids))
        assert 0.5 * initial < model.n_firms < 4.0 * initial
        assert (firms.sum(axis=0) > 0).all() and (firms.sum(axis=1) > 0).all()
        assert np.isfinite(model["wage"]).all()
