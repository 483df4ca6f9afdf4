"""Figures: the numbers behind them.

| case | formula | tolerance, reason |
|---|---|---|
| similarity by hand | cosine of (1, 0) and (1, 1) is 1/sqrt(2) | 1e-14: rounding |
| Krugman index by hand | (20, 10, 70, 0, 0) and (0, 0, 0, 60, 40) share nothing: 2 | 1e-14: rounding |
| tail of an exact Pareto histogram | firms of at least x: N x^-a | 2e-3: the 1/2 in rank - 1/2 |
| quantiles of Student's t | printed tables | 5e-4: expansion in 1/freedom |
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("matplotlib")


from made_up_run import CELL, EDGES, fake_run, pareto_counts, texts
from technopole.cli.commands_run import print_results
from technopole.errors import ConfigError
from technopole.figures.firms import draw_entry_exit
from technopole.figures.sizes import draw_firm_sizes
from technopole.figures.structure import draw_similarity
from technopole.figures.words import number, signed
from technopole.results.arrays import CannotDraw
from technopole.results.numbers import (
    fit_tail,
    krugman_index,
    mean_interval,
    reaching,
    structural_similarity,
    student_975,
    tail_range,
    weighted_mean,
    yearly_growth,
)
from technopole.results.summary import summarise


def test_similarity_and_krugman_by_hand() -> None:
    pair = np.array([[1.0, 0.0], [5.0, 5.0]])
    assert structural_similarity(pair) == pytest.approx(1.0 / np.sqrt(2.0), rel=1e-14)
    assert krugman_index(pair) == pytest.approx(1.0, rel=1e-14)
    disjoint = np.array([[20.0, 10.0, 70.0, 0.0, 0.0], [0.0, 0.0, 0.0, 60.0, 40.0]])
    assert krugman_index(disjoint) == pytest.approx(2.0, rel=1e-14)
    assert structural_similarity(disjoint) == pytest.approx(0.0, abs=1e-14)
    same = np.array([[1.0, 3.0], [2.0, 6.0], [10.0, 30.0]])
    assert structural_similarity(same) == pytest.approx(1.0, rel=1e-14)
    assert krugman_index(same) == pytest.approx(0.0, abs=1e-14)
    assert np.isnan(structural_similarity(pair[:1])) and np.isnan(krugman_index(pair[:1]))


def test_similarity_and_krugman_equal_the_loop_over_pairs() -> None:
    employment = np.random.default_rng(1).random((2, 3, 9, 6))
    employment[0, 1, 4] = 0.0
    cosine, krugman = structural_similarity(employment), krugman_index(employment)
    for place in np.ndindex(2, 3):
        shares = [row / row.sum() for row in employment[place] if row.sum() > 0.0]
        pairs = list(combinations(shares, 2))
        expected = np.mean([a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in pairs])
        assert cosine[place] == pytest.approx(expected, rel=1e-13)
        assert krugman[place] == pytest.approx(np.mean([np.abs(a - b).sum() for a, b in pairs]), rel=1e-13)


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.06, 1.6])
def test_slope_of_an_exact_pareto_histogram(exponent: float) -> None:
    counts = pareto_counts(exponent, 1e6)
    inside = tail_range(counts[None], EDGES)
    above = reaching(counts)
    assert above[inside].max() <= 0.1 * 1e6 and above[inside].min() >= 10.0
    fit = fit_tail(counts, EDGES, inside)
    assert fit.slope == pytest.approx(-exponent, abs=2e-3)
    assert np.exp(fit.intercept) == pytest.approx(1e6, rel=1e-2)


def test_no_fit_without_a_tail() -> None:
    counts = np.zeros(len(EDGES))
    counts[3] = 50.0
    assert np.isnan(fit_tail(counts, EDGES, tail_range(counts[None], EDGES)).slope)


def test_interval_is_that_of_student() -> None:
    table = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 7: 2.3646, 30: 2.0423, 1000: 1.9623}
    assert student_975(np.array(list(table))) == pytest.approx(np.array(list(table.values())), rel=5e-4)
    values = np.array([[1.0, 5.0, np.nan], [3.0, np.nan, np.nan], [5.0, np.nan, np.nan]])
    mean, half = mean_interval(values)
    assert mean[:2].tolist() == [3.0, 5.0] and np.isnan(mean[2])
    assert half[0] == pytest.approx(4.302653 * 2.0 / np.sqrt(3.0)) and np.isnan(half[1:]).all()


def test_growth_per_year_skips_missing_ends() -> None:
    when = np.array([1.0, 2.0, 3.0, 4.0])
    level = np.log(1.1) * when[None, :, None] * np.ones((1, 4, 3))
    level[0, 0, 1] = level[0, 3, 1] = np.nan
    level[0, 1:, 2] = np.nan
    growth = yearly_growth(level, when)
    assert growth[0, :2] == pytest.approx([0.1, 0.1]) and np.isnan(growth[0, 2])


def test_weighted_mean_leaves_out_missing_cells() -> None:
    values, weights = np.array([[1.0, np.nan, 4.0]]), np.array([[1.0, 5.0, 2.0]])
    assert weighted_mean(values, weights, axis=1) == pytest.approx([3.0])
    assert np.isnan(weighted_mean(values, 0.0 * weights, axis=1)).all()


def test_bend_of_the_tail_is_told_and_the_slope_is_that_of_the_table() -> None:
    ds = fake_run()
    straight = texts(draw_firm_sizes(ds, ""))
    assert "falls with slope −1." in straight and "bends" not in straight
    above = 50_000.0 * np.maximum(EDGES, 1.0) ** -0.9 * np.exp(-EDGES / 400.0)
    counts = np.round(above - np.append(above[1:], 0.0))
    ds["size_distribution"] = xr.zeros_like(ds.size_distribution) + counts
    bent = texts(draw_firm_sizes(ds, ""))
    exponent = next(row.mean for row in summarise(ds) if row.name == "exponent of the tail of firm sizes")
    assert "bends: slope" in bent and f"−{exponent:.2f} in all" in bent
    share = 100.0 * (above[above <= 0.1 * above[0]] / above[0])[0]
    assert f"largest {share:.0f} %" in bent


def test_entry_and_exit_are_shares_of_the_firms_at_the_start_of_the_period() -> None:
    ds = fake_run(replicates=1, periods=3, regions=4, sectors=2)
    ds["firms"], ds["exits"] = xr.full_like(ds.firms, 92), xr.full_like(ds.exits, 20)
    ds["startups"], ds["spinoffs"] = xr.full_like(ds.startups, 10), xr.full_like(ds.spinoffs, 2)
    assert "6.0 % of firms enter and 10.0 % leave per year" in texts(
        draw_entry_exit(ds, "")
    )  # periods of 2 years
    with pytest.raises(CannotDraw, match="'startups' is not in the dataset"):
        draw_entry_exit(ds.drop_vars("startups"), "")


def test_entrants_into_an_economy_without_firms_have_no_rate() -> None:
    ds = fake_run(replicates=4, periods=6, regions=4, sectors=2)
    empty = (ds.time == 3) & (ds.replicate < 2)
    # nobody operates, three come: events over no firm are no rate, and the axes end somewhere
    for name, count in (("firms", 3), ("exits", 0), ("startups", 3), ("spinoffs", 0)):
        ds[name] = xr.where(empty, count, ds[name]).transpose(*CELL)
    left = draw_entry_exit(ds, "").axes[0]
    assert left.get_ylim()[1] < 30.0 and all(np.isfinite(line.get_ydata()).all() for line in left.lines[:2])


def test_what_is_not_there_at_the_end_is_a_dash_in_titles() -> None:
    ds = fake_run(replicates=2, periods=12, regions=4, sectors=2)
    last = ds.time > 2
    for name in ("employment", "firms", "exits", "startups", "spinoffs"):
        ds[name] = xr.where(last, 0, ds[name]).transpose(*CELL)
    assert "– % of firms enter and – % leave" in texts(draw_entry_exit(ds, ""))
    told = texts(draw_similarity(ds, ""))
    assert "cannot be compared: similarity from 0." in told and "to –, Krugman index from" in told
    assert number(float("nan")) == signed(float("inf")) == "–"


def test_entry_and_exit_of_the_title_are_those_of_the_table() -> None:
    ds = fake_run(periods=30)
    ds["exits"] = ds.exits.where(
        ds.time > 1, 3 * ds.exits
    )  # what happens at the start is not part of the mean
    rates = {row.name: row.mean for row in summarise(ds)}
    told = texts(draw_entry_exit(ds, ""))
    assert f"{rates['entry']:.1f} % of firms enter and {rates['exit']:.1f} % leave" in told
    assert "mean of years 42 to 60" in told  # the last ten periods of two years


def test_few_firms_per_cell_are_a_caveat_in_figure_and_table(capsys) -> None:
    ds = fake_run()
    assert "Caution" not in texts(draw_similarity(ds, ""))
    print_results(ds)
    assert "single firms" not in capsys.readouterr().out
    ds["firms"] = xr.full_like(ds.firms, 2)
    told = texts(draw_similarity(ds, ""))
    assert "Caution: with 2.0 firms per region and sector on average" in told and "Samples of regions" in told
    print_results(ds)
    assert "Similarity and Krugman index: with 2.0 firms per region and sector" in capsys.readouterr().out


def test_key_results_are_those_of_a_dataset():
    with pytest.raises(ConfigError, match="summarise: found a int; allowed: a Dataset"):
        summarise(3)


@pytest.mark.parametrize(
    ("replicates", "labels"),
    [(5, {"first year, median", "last year, median"}), (1, {"first year", "last year"})],
)
def test_firm_sizes_compare_like_with_like(replicates: int, labels: set[str]) -> None:
    ds = fake_run(replicates=replicates)
    counts = ds["size_distribution"]
    counts[0, 0, 3:] = 0  # one world begins with small firms only, which moves the mean and not the median
    page = draw_firm_sizes(ds, "")
    lines = {str(line.get_label()): line for line in page.axes[0].lines}
    assert labels <= set(lines)
    if replicates > 1:
        share = (
            np.cumsum(counts.values[:, 0, ::-1], axis=1)[:, ::-1] / counts.values[:, 0].sum(axis=1)[:, None]
        )
        x, y = (np.asarray(values) for values in lines["first year, median"].get_data())
        assert y == pytest.approx(np.median(share, axis=0)[np.isin(EDGES, x)])
