"""Claims whose measures are slopes, structures and shares: value and verdict on panels whose answer is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from technopole.claim_tests.design import select
from technopole.claim_tests.interventions import gap_outcomes
from technopole.claim_tests.measure import ESTABLISHED, LAST, MEASURES, Sight, innovation_rate
from technopole.claim_tests.outcomes import LONGEST_HALF_LIFE
from technopole.claim_tests.results import claim_statistics, paired_values
from technopole.claim_tests.statistics import CONTRADICTED, NO_EFFECT, SUPPORTED
from technopole.claim_tests.world import Firms
from technopole.config.config import Config
from technopole.world.build import make_blueprint
from worlds import economy

PERIODS, REGIONS, SECTORS = LAST + 4, 3, 2
YEARS = 2.0
SME_SIZE = 40.0
QUALITY, PRICE = 1.5, 2.1
"""Weights in demand."""


@pytest.fixture(scope="module")
def blueprint():
    weights = {"market": {"quality_weight": QUALITY, "price_weight": PRICE}, "sme": {"size": SME_SIZE}}
    time = {"time": {"period_years": YEARS, "periods": PERIODS}}
    return make_blueprint(Config.from_dict({**economy(REGIONS, SECTORS, 5), **weights, **time}))


class Panel:
    """What is recorded, by name, where a `Bench` has it: every period, region and sector."""

    shape = (REGIONS, SECTORS)

    def __init__(self, **values):
        self._values = values

    def cells(self, name):
        return np.broadcast_to(self._values[name], (PERIODS, REGIONS, SECTORS))

    def regions(self, name):
        return np.broadcast_to(self._values[name], (PERIODS, REGIONS))


def some_firms(n, **given):
    """Firms with nothing special but what is given."""
    values = {name: np.zeros(n) for name in Firms._fields} | {"knowledge": np.zeros((4, n))}
    values |= {name: np.zeros(n, np.int64) for name in ("cell", "sector", "age")}
    return Firms(**(values | given))


def judged(claim, on, off):
    """Estimate and verdict of each row of a claim, from its panels with the mechanism and without it."""
    selection = select(claim)
    found = {
        replicate: [
            {
                side: {row.id: MEASURES[row.id](sight) for row in selection.rows}
                for side, sight in zip(("on", "off"), sights, strict=True)
            }
        ]
        for replicate, sights in enumerate(zip(on, off, strict=True))
    }
    pairs = paired_values(SimpleNamespace(selection=selection, replicates=len(on)), found)
    statistics = claim_statistics(selection.rows, *pairs)
    return {
        row.id: (float(statistics["estimate"][place]), str(statistics["verdict"][place]))
        for place, row in enumerate(selection.rows)
    }


# -------------------------------------------------------------------------------------------------- C6: structures


def structures(blueprint, a, b):
    """Two regions with a : b and b : a workers in two sectors over the last periods on average, and an empty one."""
    employment = np.zeros((PERIODS, REGIONS, SECTORS))
    employment[:-LAST] = 7.0  # all alike, before it counts
    mean = np.array([[a, b], [5.0 * b, 5.0 * a], [0.0, 0.0]])
    wave = np.where(np.arange(LAST) % 2, 0.4, -0.4)[:, None, None]
    employment[-LAST:] = mean + wave * np.array([[1.0, -1.0], [2.0, 1.0], [0.0, 0.0]])
    return Sight(Panel(employment=employment), blueprint, some_firms(0), {})


def test_similarity_and_krugman_index_of_mirrored_structures(blueprint):
    """cos = 2ab/(a² + b²); the Krugman index is 2 |a − b|/(a + b)."""
    sight = structures(blueprint, 3.0, 1.0)
    assert MEASURES["C6"](sight) == pytest.approx(0.6)
    assert MEASURES["C6.herding"](sight) == pytest.approx(0.6)
    assert MEASURES["C6.krugman"](sight) == pytest.approx(1.0)


def test_where_structures_differ_more_with_relatedness_c6_is_supported(blueprint):
    wide = [structures(blueprint, 3.0 + step, 1.0) for step in (-0.01, 0.0, 0.01)]
    narrow = [structures(blueprint, 2.0, 1.0)] * 3
    found = judged("C6", wide, narrow)
    assert found["C6"][0] == pytest.approx(0.6 - 0.8, abs=1e-4)
    assert found["C6.krugman"][0] == pytest.approx(1.0 - 2.0 / 3.0, abs=1e-4)
    verdicts = {row: words for row, (_, words) in found.items()}
    # herding should make regions alike: with it they are less so here
    assert verdicts == {"C6": SUPPORTED, "C6.krugman": SUPPORTED, "C6.herding": CONTRADICTED}
    turned = {row: words for row, (_, words) in judged("C6", narrow, wide).items()}
    assert turned == {"C6": CONTRADICTED, "C6.krugman": CONTRADICTED, "C6.herding": SUPPORTED}


# ------------------------------------------------------------------------------------------ rates and times in years


def test_innovation_rate_is_per_firm_at_the_start_of_a_period_and_per_year(blueprint):
    """Firms double each period: 3 innovations by each that is there at its start are 300 a period, 150 a year."""
    after = 2.0 ** np.arange(1, PERIODS + 1)
    before = np.append(1.0, after[:-1])
    spread = np.full((1, REGIONS, SECTORS), 1.0 / (REGIONS * SECTORS))
    panel = Panel(firms=after[:, None, None] * spread, innovations=3.0 * before[:, None, None] * spread)
    assert innovation_rate(Sight(panel, blueprint, some_firms(0), {})) == pytest.approx(300.0 / YEARS)


@pytest.mark.parametrize("years", [0.25, 1.0, 5.0])
def test_longest_half_life_is_a_hundred_years_whatever_a_period_is(years):
    control = SimpleNamespace(gap=lambda: np.zeros(9))
    never = SimpleNamespace(gap=lambda: np.full(9, 0.1))
    assert gap_outcomes(control, never, years) == (pytest.approx(LONGEST_HALF_LIFE), 1.0)
    halves = SimpleNamespace(gap=lambda: 0.1 * 0.5 ** (np.arange(9) / 3.0))
    assert gap_outcomes(control, halves, years)[0] == pytest.approx(3.0 * years)


# ------------------------------------------------------------------------------------------- C9: the name of a place


def sellers(blueprint, premium, seed, noise=0.0):
    """Firms of 10 years or more sell ω_q q − ω_p p + premium · reputation; younger ones sell whatever they do."""
    rng = np.random.default_rng(seed)
    n = 240
    cell = np.sort(rng.integers(0, REGIONS * SECTORS, n))
    sector = cell % SECTORS
    age = rng.choice([0, ESTABLISHED - 1, ESTABLISHED], n, p=(0.1, 0.2, 0.7))
    reputation = np.linspace(-0.5, 0.5, REGIONS * SECTORS).reshape(REGIONS, SECTORS)
    knowledge = rng.normal(0.0, 0.4, (4, n))
    price = rng.normal(0.0, 0.3, n)
    standing = QUALITY * knowledge[3] - PRICE * price + premium * reputation.ravel()[cell]
    standing += np.array([0.0, -3.0])[sector] + noise * rng.normal(size=n)
    standing[age < ESTABLISHED] += 5.0 * reputation.ravel()[cell[age < ESTABLISHED]]
    share = np.exp(standing) / np.bincount(sector)[sector]
    price[age == 0] = np.nan
    firms = some_firms(n, cell=cell, sector=sector, age=age, knowledge=knowledge, price=price, share=share)
    recorded = np.zeros((PERIODS, REGIONS, SECTORS))
    recorded[-1] = reputation
    return Sight(Panel(reputation=recorded, sales=1.0), blueprint, firms, {})


@pytest.mark.parametrize("premium", [0.3, 0.0, -0.2])
def test_premium_of_a_name_at_given_price_and_quality(blueprint, premium):
    assert MEASURES["C9"](sellers(blueprint, premium, 1)) == pytest.approx(premium, abs=1e-12)


@pytest.mark.parametrize(("with_name", "words"), [(0.3, SUPPORTED), (0.1, NO_EFFECT), (-0.1, CONTRADICTED)])
def test_verdict_on_the_name(blueprint, with_name, words):
    """Without the mechanism the slope is 0.1: reputation follows quality, and much goes with it."""
    on = [sellers(blueprint, with_name + step, 2) for step in (-0.01, 0.0, 0.01)]
    off = [sellers(blueprint, 0.1, 2)] * 3
    effect, verdict = judged("C9", on, off)["C9"]
    assert effect == pytest.approx(with_name - 0.1, abs=1e-12) and verdict == words


# ---------------------------------------------------------------------------------------------- C10: who moves in


def movers(blueprint, by_trust, by_name):
    """Net inflow per year of 0.01 · (1 + by_trust · trust + by_name · reputation) of the workers.

    Trust and reputation are unlike over the regions, so that neither slope sees the other.
    """
    wave = np.where(np.arange(PERIODS) % 2, 0.1, -0.1)[:, None]
    trust = np.array([0.2, 0.5, 0.8]) + wave
    name = np.array([0.1, -0.2, 0.1])
    # of the two sectors one has all the sales: the name of the other does not count
    reputation = np.stack([name, np.array([9.0, 5.0, -7.0])], axis=1)
    sales = np.array([3.0, 0.0])
    workforce = np.array([100.0, 50.0, 200.0]) * np.linspace(1.0, 1.3, PERIODS)[:, None]
    rate = 0.01 * (1.0 + by_trust * np.array([0.2, 0.5, 0.8]) + by_name * name)
    panel = Panel(
        workforce=workforce,
        net_migration=workforce * rate * YEARS,
        trust=trust,
        reputation=reputation,
        sales=sales,
    )
    return Sight(panel, blueprint, some_firms(0), {})


def test_inflow_by_trust_and_by_reputation(blueprint):
    sight = movers(blueprint, 3.0, 2.0)
    assert MEASURES["C10"](sight) == pytest.approx(0.3)  # % a year per 0.1 of trust
    assert MEASURES["C10.reputation"](sight) == pytest.approx(0.2)


def test_verdict_on_social_capital(blueprint):
    on = [movers(blueprint, 3.0 + step, -2.0 - step) for step in (-0.1, 0.0, 0.1)]
    off = [movers(blueprint, 1.0, 1.0)] * 3
    found = judged("C10", on, off)
    assert found["C10"] == (pytest.approx(0.2), SUPPORTED)
    assert found["C10.reputation"] == (pytest.approx(-0.3), CONTRADICTED)
    assert judged("C10", on, on)["C10"] == (0.0, NO_EFFECT)


# ------------------------------------------------------------------------------------------------- C12: small firms


def small_and_large(blueprint, left, innovations):
    """Of eight small firms and four large ones so many small ones and one large one are left after five years.

    Entrants, and a small firm that became large, make no difference. Of 20 innovations of the last periods so many
    are those of small firms; before, all were.
    """
    employment = np.concatenate([np.full(8, SME_SIZE - 0.5), np.full(4, SME_SIZE)])
    origin = np.concatenate([np.arange(left), [-1, -1], [9]])
    now = some_firms(origin.size, employment=np.full(origin.size, 2.0 * SME_SIZE))
    made = np.zeros((PERIODS, REGIONS, SECTORS))
    made[:-LAST], made[-1, 0, 1], made[-LAST, 2, 0] = 50.0, 15.0, 5.0
    small = np.where(np.arange(PERIODS)[:, None, None] < PERIODS - LAST, made, 0.0)
    small[-1, 0, 1] = innovations
    panel = Panel(innovations=made, small_innovations=small)
    return Sight(panel, blueprint, now, {"survival": (some_firms(12, employment=employment), origin)})


def test_survival_and_innovation_of_small_firms(blueprint):
    sight = small_and_large(blueprint, 6, 4)
    assert MEASURES["C12"](sight) == pytest.approx(6 / 8)
    assert MEASURES["C12.innovation"](sight) == pytest.approx(4 / 20)


def test_verdict_on_small_firms_in_percentage_points(blueprint):
    on = [small_and_large(blueprint, left, made) for left, made in ((7, 3), (8, 4), (7, 3), (8, 4))]
    off = [small_and_large(blueprint, 5, 8)] * 4
    found = judged("C12", on, off)
    assert found["C12"] == (pytest.approx(100.0 * (7.5 - 5) / 8), SUPPORTED)
    assert found["C12.innovation"] == (pytest.approx(100.0 * (3.5 - 8) / 20), CONTRADICTED)
    assert judged("C12", off, off)["C12.innovation"] == (0.0, NO_EFFECT)


def test_no_small_firms_say_nothing(blueprint):
    sight = small_and_large(blueprint, 6, 4)
    large = some_firms(2, employment=np.full(2, 2.0 * SME_SIZE))
    alone = sight._replace(cohorts={"survival": (large, np.array([0, 1]))})
    assert np.isnan(MEASURES["C12"](alone))
