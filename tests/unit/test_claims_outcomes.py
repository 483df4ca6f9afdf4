"""What the claims measure and conclude, on data made by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from technopole.claim_tests.design import CLAIMS, FEEDBACK, MECHANISMS, PARTS, ROWS, SWITCHES, select
from technopole.claim_tests.map import parse_over
from technopole.claim_tests.outcomes import (
    LONGEST_HALF_LIFE,
    alone_cost,
    excess_contribution,
    half_life,
    mean_lag,
    sector_growth,
    slope,
    spread_within,
)
from technopole.claim_tests.statistics import (
    CONTRADICTED,
    NO_EFFECT,
    NOT_MEASURED,
    SUPPORTED,
    factorial_parts,
    interval,
    shapley,
    share_with_sign,
    verdict,
)
from technopole.errors import ConfigError
from technopole.schema import PARAMETERS

# ------------------------------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(
    ("low", "high", "sign", "expected"),
    [
        (0.1, 0.2, 1, SUPPORTED),
        (0.1, 0.2, -1, CONTRADICTED),
        (-0.2, -0.1, -1, SUPPORTED),
        (-0.2, -0.1, 1, CONTRADICTED),
        (-0.1, 0.2, 1, NO_EFFECT),
        (0.0, 0.2, 1, NO_EFFECT),
        (0.0, 0.0, -1, NO_EFFECT),
        (np.nan, np.nan, 1, NOT_MEASURED),
        (-np.inf, np.inf, 1, NOT_MEASURED),
    ],
)
def test_verdict(low, high, sign, expected):
    assert verdict(low, high, sign) == expected


def test_interval_is_students():
    values = np.array([[1.0], [2.0], [3.0], [6.0], [np.nan]])
    mean, low, high = interval(values)
    half = 3.1824463 * np.std([1, 2, 3, 6], ddof=1) / 2.0  # t with 3 degrees of freedom
    assert mean[0] == pytest.approx(3.0) and high[0] - low[0] == pytest.approx(2.0 * half, rel=1e-3)
    one_only = interval(np.array([[1.0], [np.nan]]))
    assert one_only[0][0] == 1.0 and np.isnan(one_only[1][0])


def test_share_with_sign_leaves_out_what_is_missing_and_counts_zero_for_neither():
    effect = np.array([[1.0, -1.0, 0.0, np.nan], [-1.0, -2.0, -3.0, np.nan], [np.nan] * 4])
    assert share_with_sign(effect, np.array([1, -1, 1]))[:2] == pytest.approx([1 / 3, 1.0])
    assert np.isnan(share_with_sign(effect, np.array([1, -1, 1]))[2])


# ------------------------------------------------------------------------------------------------- the outcomes


def test_slope_within_groups():
    x = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0, np.nan])
    group = np.array([0, 0, 0, 1, 1, 1, 1])
    y = 2.0 * x + np.where(group == 1, -100.0, 5.0)
    assert slope(x, y, group) == pytest.approx(2.0)
    assert slope(x, y) < 0.0  # between the groups it goes down
    assert np.isnan(slope(np.ones(5), np.arange(5.0)))
    assert np.isnan(slope(np.arange(2.0), np.arange(2.0)))


def test_spread_within_does_not_see_differences_between_groups():
    values, group = np.array([1.0, 3.0, 101.0, 103.0]), np.array([0, 0, 2, 2])
    assert spread_within(values, group) == pytest.approx(1.0)


@pytest.mark.parametrize("life", [2.0, 10.0, 60.0])
def test_half_life_of_exponential_decay(life):
    gap = 0.1 * 0.5 ** (np.arange(21) / life)
    assert half_life(gap) == pytest.approx(life)


def test_half_life_of_what_does_not_close():
    assert half_life(np.full(21, 0.1)) == LONGEST_HALF_LIFE
    assert half_life(np.linspace(0.1, 0.2, 21)) == LONGEST_HALF_LIFE
    assert np.isnan(half_life(np.zeros(21)))


def test_half_life_ends_where_noise_begins():
    gap = 0.1 * 0.5 ** np.arange(21)
    gap[4:] = 1e-3 * (-1.0) ** np.arange(17)
    assert half_life(gap) == pytest.approx(1.0)
    assert half_life(np.array([1.0, -0.5, 0.3])) < 1.0  # gone at once


def test_mean_lag_is_that_of_a_pipeline_of_three_stages():
    """O20: what enters a chain of three stages, each left with probability p, comes out after 3/p on average."""
    p, stage, response = 3 / 7, np.array([1.0, 0.0, 0.0]), [0.0]
    for _ in range(400):
        out = p * stage
        stage = stage - out + np.array([0.0, out[0], out[1]])
        response.append(response[-1] + out[2])
    assert mean_lag(np.array(response)) == pytest.approx(7.0)


def test_mean_lag_does_not_see_what_comes_after_the_peak():
    assert mean_lag(np.array([0.0, 1.0, 2.0, 1.0, 0.0])) == pytest.approx(1.5)
    assert np.isnan(mean_lag(np.zeros(5))) and np.isnan(mean_lag(np.array([0.0, -1.0, -2.0])))
    assert np.isnan(mean_lag(np.array([0.0, np.nan])))


def test_growth_of_sectors_with_weights_of_both_ends():
    sales = np.array([[[1.0, 3.0], [1.0, 0.0]], [[2.0, 4.0], [2.0, 0.0]]])
    level = np.array([[[0.0, 1.0], [1.0, np.nan]], [[1.0, 1.5], [2.0, np.nan]]])
    weight, growth = sector_growth(sales, level)
    assert weight == pytest.approx([(2 / 5 + 4 / 8) / 2, (3 / 5 + 4 / 8) / 2])
    assert growth == pytest.approx([1.0, 0.5])


def test_sectors_that_vanish_have_no_weight():
    sales = np.array([[[1.0, 3.0]], [[2.0, 0.0]]])
    level = np.array([[[0.0, 1.0]], [[1.0, np.nan]]])
    weight, growth = sector_growth(sales, level)
    assert weight.tolist() == [1.0, 0.0] and growth.tolist() == [1.0, 0.0]


def firms_at_both_ends(rng, n=200, stay=150, entrants=60):
    origin = np.concatenate([np.sort(rng.choice(n, stay, replace=False)), np.full(entrants, -1)])
    sector = rng.integers(0, 3, n)
    after = np.concatenate([sector[origin[:stay]], rng.integers(0, 3, entrants)])
    shares = [rng.random(count) for count in (n, stay + entrants)]
    for share, where in zip(shares, (sector, after), strict=True):
        share /= np.bincount(where, share)[where]
    return origin, (sector, after), tuple(shares)


def test_parts_bring_their_share_of_sales_if_all_grow_alike():
    """Whoever is small at first and grows, and whoever enters or leaves, brings nothing beyond its size."""
    rng = np.random.default_rng(1)
    origin, sector, share = firms_at_both_ends(rng)
    level = (np.array([0.3, 0.1, 0.7])[sector[0]], np.array([0.3, 0.1, 0.7])[sector[1]] + 0.2)
    part = np.concatenate([share[0] < 0.01, share[1] < 0.01])
    contribution, size = excess_contribution(part, origin, sector, share, level)
    assert 0.0 < size < 1.0 and contribution == pytest.approx(size)


def test_contributions_of_a_part_and_of_the_rest_are_all_of_growth():
    rng = np.random.default_rng(2)
    origin, sector, share = firms_at_both_ends(rng)
    level = rng.normal(size=200), rng.normal(1.0, 1.0, origin.size)
    part = rng.random(200 + origin.size) < 0.4
    one, first = excess_contribution(part, origin, sector, share, level)
    other, second = excess_contribution(~part, origin, sector, share, level)
    assert one + other == pytest.approx(1.0) and first + second == pytest.approx(1.0)


def test_contribution_by_hand():
    """Two firms stay; the small one alone becomes better; no growth: nothing is said."""
    origin, sector = np.array([0, 1]), (np.zeros(2, int), np.zeros(2, int))
    share = (np.array([0.25, 0.75]), np.array([0.25, 0.75]))
    part = np.array([True, False, False, False])
    better = (np.zeros(2), np.array([1.0, 0.0]))
    assert excess_contribution(part, origin, sector, share, better) == pytest.approx((1.0, 0.25))
    assert np.isnan(excess_contribution(part, origin, sector, share, (np.zeros(2), np.zeros(2)))[0])


def test_cost_alone():
    """Twice the need costs 2^κ times as much; at κ = 1 the rate is the same for all."""
    need, sales = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    assert alone_cost(need, sales, 0.08, 1.0) == pytest.approx([0.08] * 3)
    charges = alone_cost(need, sales, 0.08, 0.5) * sales
    assert charges[1] / charges[0] == pytest.approx(2**0.5)
    assert charges[1] == pytest.approx(0.08 * 20.0)  # the mean firm


# --------------------------------------------------------------------------------- Shapley values, 2×2 experiment


def subsets(count):
    return [s for size in range(count + 1) for s in itertools.combinations(range(count), size)]


def test_shapley_values_sum_to_the_whole_and_symmetric_ones_are_equal():
    rng = np.random.default_rng(3)
    values = {s: rng.random(7) for s in subsets(4)}
    found = shapley(values, 4)
    assert found.shape == (4, 7)
    assert found.sum(axis=0) == pytest.approx(values[(0, 1, 2, 3)] - values[()])
    symmetric = {s: float(len(s)) ** 2 for s in subsets(4)}
    assert shapley(symmetric, 4) == pytest.approx([4.0] * 4)


def test_shapley_value_of_who_adds_nothing_is_0_and_additive_games_are_their_own_values():
    worth = np.array([1.0, -2.0, 0.0, 5.0])
    assert shapley({s: worth[list(s)].sum() for s in subsets(4)}, 4) == pytest.approx(worth)


def test_shapley_value_is_the_mean_over_orders():
    rng = np.random.default_rng(4)
    values = {s: rng.random() for s in subsets(3)}
    mean = np.zeros(3)
    for order in itertools.permutations(range(3)):
        for place, i in enumerate(order):
            before = tuple(sorted(order[:place]))
            mean[i] += (values[tuple(sorted((*before, i)))] - values[before]) / 6.0
    assert shapley(values, 3) == pytest.approx(mean)


def test_parts_of_the_2x2_experiment():
    assert factorial_parts(1.0, 3.0, 4.0, 6.0) == pytest.approx([2.0, 3.0, 0.0])  # additive
    assert factorial_parts(1.0, 1.0, 1.0, 2.0) == pytest.approx([0.5, 0.5, 1.0])  # only together


# ------------------------------------------------------------------------------------------------- the design


def test_rows_belong_to_the_claims_of_the_model():
    assert CLAIMS == tuple(f"C{number}" for number in range(1, 13))
    assert len({row.id for row in ROWS}) == len(ROWS)
    order = [row.claim for row in ROWS]
    assert list(dict.fromkeys(order)) == list(CLAIMS) and order == sorted(order, key=CLAIMS.index)
    first = [next(row for row in ROWS if row.claim == claim) for claim in CLAIMS]
    assert all(row.primary for row in first)
    assert {row.sign for row in ROWS} == {1, -1}


def test_switches_are_parameters_of_the_kernels():
    for arm in (*SWITCHES.values(), *FEEDBACK.values(), *MECHANISMS.values()):
        for key, value in arm.items():
            entry = PARAMETERS[key]
            assert entry.kernel and entry.low <= value <= entry.high
            assert value == (
                1.0 if key in ("sharing.scale_exponent", "sme.radical") else 0.0
            )  # at which it does nothing


def test_the_document_shows_every_row_and_part():
    text = (Path(__file__).parents[2] / "docs" / "CLAIMS.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert (f"**{row.id}** {row.title}" if row.primary else f"{row.id} {row.title}") in text
    for name in (*PARTS, *MECHANISMS):
        assert name in text


def test_selection():
    everything = select(None)
    assert everything.rows == ROWS and everything.parts == set(PARTS)
    some = select("C1, c5,⇄")
    assert {row.claim for row in some.rows} == {"C1", "C5"} and some.parts == {"feedback"}
    assert some.arms == ("no_learning", "no_science")
    assert select(["coupling"]).rows == ()
    for wrong, words in (("C13", "there are C1, C2"), ("copling", 'mean "coupling"'), ("", "none given")):
        with pytest.raises(ConfigError, match=words):
            select(wrong)


def test_values_of_a_map():
    assert parse_over("learning.contact=0:1:5").values == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert parse_over("learning.far = 0.1:0.1:1").values == (0.1,)
    for wrong, words in (
        ("learning.contact", "allowed: PARAM=a:b:n"),
        ("learning.contact=0:1", "allowed: PARAM=a:b:n"),
        ("learning.contact=0:1:0", "n from 1"),
        ("learning.contact=0:1:2:3", "allowed: PARAM=a:b:n"),
        ("learning.contact=0:2:3", "found 2.0; allowed"),
        ("learning.kontact=0:1:3", 'did you mean "learning.contact"'),
        ("time.periods=1:9:3", "is the same at all points"),
        ("learning.rule=0:1:2", "is no number"),
        ("policies.university=0:1:2", "is a policy"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse_over(wrong)
