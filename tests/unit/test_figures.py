"""Figures: the numbers behind them, the files made, and what happens when something is missing.

| case | formula | tolerance, reason |
|---|---|---|
| similarity by hand | cosine of (1, 0) and (1, 1) is 1/sqrt(2) | 1e-14: rounding |
| Krugman index by hand | (20, 10, 70, 0, 0) and (0, 0, 0, 60, 40) share nothing: 2 | 1e-14: rounding |
| tail of an exact Pareto histogram | firms of at least x: N x^-a | 2e-3: the 1/2 in rank - 1/2 |
| quantiles of Student's t | printed tables | 5e-4: expansion in 1/freedom |
"""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("matplotlib")

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import imread

from technopole.cli.commands_run import print_results
from technopole.errors import ConfigError, OutputError, TechnopoleError
from technopole.figures.draw import FIGURES, draw, footnote
from technopole.figures.firms import _entry_exit_texts, _knowledge_texts, draw_entry_exit, draw_knowledge
from technopole.figures.labels import _cross, place_labels, spread
from technopole.figures.map import draw_map
from technopole.figures.map_keys import growth_scale
from technopole.figures.places import Places, components, positions
from technopole.figures.sizes import draw_firm_sizes
from technopole.figures.structure import _similarity_title, draw_sectors, draw_similarity
from technopole.figures.words import short, within
from technopole.results.arrays import CannotDraw, period_years
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

CELL = ("replicate", "time", "region", "sector")
EDGES = np.array([0.0, *(step * 2.0**power for power in range(20) for step in (1.0, 1.5))])
ALL = list(FIGURES)


def pareto_counts(exponent: float, firms: float) -> np.ndarray:
    """Exact expected counts per bin of firms whose sizes exceed x with probability x^-exponent."""
    above = firms * np.maximum(EDGES, 1.0) ** -exponent
    return above - np.append(above[1:], 0.0)


def fake_run(replicates: int = 3, periods: int = 12, regions: int = 14, sectors: int = 12) -> xr.Dataset:
    """Make up the result of a run: invented places, growth, and firms with a Pareto tail of exponent 1.1."""
    random = np.random.default_rng(5)
    shape = (replicates, periods, regions, sectors)
    year = np.arange(1, periods + 1)[None, :, None, None]
    high = np.arange(sectors) < sectors // 3
    pace = 0.01 + 0.01 * high + random.normal(0.0, 0.004, shape[2:])
    firms = random.integers(5, 200, shape[2:]) + random.integers(0, 4, shape)
    turnover = random.uniform(0.06, 0.14, regions)[:, None]
    noise = random.normal(0.0, 0.02, shape)
    data = {
        "employment": 12.0 * firms * np.exp(pace * year + noise),
        "firms": firms,
        "exits": random.binomial(firms, turnover),
        "spinoffs": random.binomial(firms, 0.1 * turnover),
        "startups": random.binomial(firms, 0.9 * turnover),
        "productivity": pace * year + noise,
    }
    for channel, rate in (
        ("organisation", 0.008),
        ("technology", 0.012),
        ("sourcing", 0.004),
        ("quality", 0.02),
    ):
        data[channel] = rate * year + 0.2 * high + noise
    counts = random.poisson(pareto_counts(1.1, 5000.0), (replicates, periods, len(EDGES)))
    return xr.Dataset(
        {name: (CELL, values) for name, values in data.items()}
        | {"size_distribution": (("replicate", "time", "size_class"), counts)},
        coords={
            "replicate": np.arange(replicates),
            "time": np.arange(1, periods + 1),
            "region": [f"r{index}" for index in range(regions)],
            "sector": [f"s{index}" for index in range(sectors)],
            "region_name": ("region", [f"Province {index}, $ Land" for index in range(regions)]),
            "latitude": ("region", random.uniform(-8.0, 4.0, regions)),
            "longitude": ("region", random.uniform(11.0, 32.0, regions)),
            "sector_name": ("sector", [f"Trade number {index}" for index in range(sectors)]),
            "high_tech": ("sector", high),
            "size_class": EDGES,
        },
        attrs={
            "title": "Invented",
            "seed": 7,
            "technopole_version": "0.0",
            "config": "[time]\nperiod_years = 2.0\n",
        },
    )


def only(ds: xr.Dataset, kept: xr.DataArray) -> xr.Dataset:
    """Leave only these regions' values, NaN elsewhere."""
    return ds.assign({name: ds[name].where(kept) for name in ds if ds[name].dims == CELL})


def texts(figure: Figure) -> str:
    """All texts of the page itself (title, subtitle, note) on one line, ordinary spaces only."""
    return " ".join(text.get_text() for text in figure.texts).replace("\u00a0", " ")


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


def test_far_regions_are_cut_off_the_map() -> None:
    grid = np.array([(x, y) for x in range(8) for y in range(5)], dtype=float)
    assert len(components(Places(grid, 1.0, False))) == 1
    far = np.vstack([grid, [[-30.0, 20.0], [-30.5, 20.0], [25.0, -22.0]]])
    main, *others = components(Places(far, 1.0, False))
    assert main.tolist() == list(range(40))
    assert [group.tolist() for group in others] == [[40, 41], [42]]


def test_map_is_not_cut_at_the_date_line() -> None:
    ds = fake_run(regions=3).assign_coords(longitude=("region", [178.0, -179.0, -175.0]))
    assert np.ptp(positions(ds).points[:, 0]) == pytest.approx(7.0)
    plane = ds.drop_vars(["longitude", "latitude"]).assign_coords(
        x=("region", [1.0, 2.0, 9.0]), y=("region", [0.0] * 3)
    )
    assert positions(plane).points[:, 0].tolist() == [1.0, 2.0, 9.0] and positions(plane).squeeze == 1.0
    assert "3 regions" in texts(draw_map(plane, ""))


def test_labels_stand_apart() -> None:
    assert np.diff(np.sort(spread(np.array([0.5, 0.5, 0.51, 0.9]), 0.1, 0.0, 1.0))).min() >= 0.1 - 1e-12
    figure = Figure(figsize=(8, 5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    points = np.random.default_rng(2).uniform(0.3, 0.6, (12, 2))
    place_labels(axes, points, np.full(12, 6.0), [f"Region number {index}" for index in range(10)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 10
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_all_figures_are_made_and_not_blank(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    drawn = draw(fake_run(), tmp_path / "new" / "folder")
    assert [path.name for path in drawn] == [f"{name}.png" for name in ALL] and not drawn.skipped
    assert dict(matplotlib.rcParams) == before
    for path in drawn:
        pixels = imread(path)[..., :3]
        assert pixels.shape[1] == 1200
        ink = (pixels < 0.9).any(axis=2)
        assert 0.01 < ink.mean() < 0.9, path.name
        assert ink[: ink.shape[0] // 8].any() and ink[-60:].any(), "title and note"
        assert not ink[:, [0, 1, -2, -1]].any(), "nothing is cut off at the sides"


@pytest.mark.parametrize(
    ("change", "skipped"),
    [
        (lambda ds: ds.isel(replicate=0), set()),
        (lambda ds: ds.isel(replicate=[0], time=[-1]), set()),
        (lambda ds: ds.isel(region=[0]), {"map", "similarity"}),
        (lambda ds: ds.isel(sector=[0]), {"sectors", "similarity"}),
        (lambda ds: ds.drop_vars(["latitude", "longitude", "high_tech"]), {"map"}),
        (lambda ds: ds.drop_vars(["exits", "quality", "technology"]), {"entry_exit"}),
        (lambda ds: ds[["size_distribution"]], set(ALL) - {"firm_sizes"}),
        (lambda ds: only(ds, ds.region != "r3"), set()),
        (lambda ds: only(ds, ds.region == "nowhere"), set(ALL) - {"firm_sizes"}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_drawn_is_skipped_with_a_reason(change, skipped: set[str], tmp_path: Path) -> None:
    drawn = draw(change(fake_run(periods=4)), tmp_path)
    assert set(drawn.skipped) == skipped
    assert (
        {path.stem for path in drawn.paths}
        == set(ALL) - skipped
        == {path.stem for path in tmp_path.iterdir()}
    )
    assert all(drawn.skipped.values()) and len(drawn) == len(drawn.paths)


def test_titles_state_the_numbers() -> None:
    ds = fake_run()
    employment = ds.employment.values
    cosine = structural_similarity(employment).mean(axis=0)
    assert f"similarity from {cosine[0]:.3f} to {cosine[-1]:.3f}" in texts(draw_similarity(ds, "a note"))
    high = employment[..., :4].sum(axis=(2, 3)) / employment.sum(axis=(2, 3))
    start, end = 100.0 * high.mean(axis=0)[[0, -1]]
    assert f"rise from {start:.1f} % to {end:.1f} % of employment in 22 years" in texts(draw_sectors(ds, ""))
    assert "Knowledge grows most in quality: +0.2" in texts(draw_knowledge(ds, ""))
    assert "falls with slope −1." in texts(draw_firm_sizes(ds, ""))
    assert "Productivity grows by" in texts(draw_map(ds, "")) and "a note" in texts(draw_map(ds, "a note"))


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


def test_few_replicates_have_no_bands() -> None:
    for replicates, bands in ((3, 0), (4, 2)):
        figure = draw_entry_exit(fake_run(replicates=replicates), "")
        assert len([c for c in figure.axes[0].collections if isinstance(c, PolyCollection)]) == bands
        assert ("bands: 95" in texts(figure)) == (bands > 0)


def test_few_years_are_marked_by_whole_numbers() -> None:
    figure = draw_entry_exit(fake_run(periods=3).assign_attrs(config=""), "")
    figure.canvas.draw()
    assert all(float(t.get_text()).is_integer() for t in figure.axes[0].get_xticklabels() if t.get_text())


def test_entry_and_exit_are_shares_of_the_firms_at_the_start_of_the_period() -> None:
    ds = fake_run(replicates=1, periods=3, regions=4, sectors=2)
    ds["firms"], ds["exits"] = xr.full_like(ds.firms, 92), xr.full_like(ds.exits, 20)
    ds["startups"], ds["spinoffs"] = xr.full_like(ds.startups, 10), xr.full_like(ds.spinoffs, 2)
    assert "6.0 % of firms enter and 10.0 % leave per year" in texts(
        draw_entry_exit(ds, "")
    )  # periods of 2 years
    with pytest.raises(CannotDraw, match="'startups' is not in the dataset"):
        draw_entry_exit(ds.drop_vars("startups"), "")


def test_entry_and_exit_of_the_title_are_those_of_the_table() -> None:
    ds = fake_run(periods=30)
    ds["exits"] = ds.exits.where(
        ds.time > 1, 3 * ds.exits
    )  # what happens at the start is not part of the mean
    rates = {row.name: row.mean for row in summarise(ds)}
    told = texts(draw_entry_exit(ds, ""))
    assert f"{rates['entry']:.1f} % of firms enter and {rates['exit']:.1f} % leave" in told
    assert "mean of years 42 to 60" in told  # the last ten periods of two years


@pytest.mark.parametrize(
    ("related", "words"),
    [
        (0.95, "go closely together"),
        (0.66, "two go together (r"),
        (0.36, "loosely"),
        (0.1, "hardly"),
        (-0.5, "against"),
    ],
)
def test_correlation_in_words(related: float, words: str) -> None:
    assert words in _entry_exit_texts([10.0, 9.0], np.array([1.0, 2.0]), related, 3)[0]


def test_region_far_out_does_not_squash_the_others() -> None:
    ds = fake_run(regions=100, periods=3)
    ds["exits"] = ds.exits.where(ds.region != "r7", ds.firms)
    right = draw_entry_exit(ds, "").axes[1]
    assert right.get_ylim()[1] < 20.0
    assert any("1 region beyond the frame" in text.get_text() for text in right.texts)


def test_label_at_a_strange_mark_gets_a_line_and_lines_do_not_cross() -> None:
    figure = Figure(figsize=(8, 5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, 8), ylim=(0, 5))
    ring = 0.32 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]])
    place_labels(axes, np.array([[4.0, 2.5], *(ring + [4.0, 2.5])]), np.full(9, 8.0), ["The middle", "East"])
    assert len(axes.lines) >= 1
    assert _cross(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert not _cross(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 1.0], [3.0, 0.0]]))
    lines = [line.get_xydata() for line in axes.lines]
    assert not any(_cross(one, other) for one, other in combinations(lines, 2))


def test_growth_of_the_map_is_that_of_the_table_and_its_scale_that_of_the_title() -> None:
    ds = fake_run()
    ds["sales"] = ds.employment * np.exp(ds.productivity)
    growth = {row.name: row.mean for row in summarise(ds)}["growth of productivity"]
    page = draw_map(ds, "")
    found = re.search(r"grows by (\S+) % a year, from (\S+) % .* to (\S+) % .*sales-weighted", texts(page))
    assert found is not None and float(found[1]) == pytest.approx(growth, abs=0.0051)
    scale = page.axes[-1].get_xlim()
    assert scale == pytest.approx((float(found[2]), float(found[3])), abs=0.0051)


def test_map_of_many_regions_speaks_of_most_of_them() -> None:
    page = draw_map(fake_run(regions=100), "")
    found = re.search(r"in 90 % of the regions between (\S+) and (\S+) %", texts(page))
    assert found is not None
    assert page.axes[-1].get_xlim() == pytest.approx((float(found[1]), float(found[2])), abs=0.0051)


def test_scale_does_not_magnify_what_hardly_differs() -> None:
    norm, _ = growth_scale(np.array([0.88, 0.92]))
    assert (norm.vmin, norm.vmax) == pytest.approx((0.8, 1.0))
    norm, _ = growth_scale(np.array([1.0, 1.0]))
    assert (norm.vmin, norm.vmax) == pytest.approx((0.9, 1.1))


def test_boxes_of_the_map_hold_their_names() -> None:
    ds = fake_run()
    far = np.array([150.0, -150.0])
    ds["longitude"][:2] = far
    names = ds.region_name.values.astype(object)
    names[:2] = "Somewhere very far away from here"
    ds = ds.assign_coords(region_name=("region", names.astype(str)))
    page = draw_map(ds, "")
    boxes = [axes for axes in page.axes if any(text.get_text().startswith("Some") for text in axes.texts)]
    boxes = [axes for axes in boxes if axes is not page.axes[0]]
    assert len(boxes) == 2
    for axes in boxes:
        frame, text = axes.get_window_extent(), axes.texts[0].get_window_extent()
        assert frame.x0 <= text.x0 and text.x1 <= frame.x1


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


def test_cut_axes_say_so() -> None:
    assert all("not start at 0" in axes.get_xlabel() for axes in draw_similarity(fake_run(), "").axes)


def test_names_of_sectors_are_not_cut_where_there_is_room() -> None:
    ds = fake_run(regions=3)
    name = "Professional, scientific and technical services"
    ds = ds.assign_coords(sector_name=("sector", [name, *ds.sector_name.values[1:]]))
    figure = draw_sectors(ds, "")
    label = next(text for text in figure.axes[0].texts if name in text.get_text())
    assert label.get_window_extent().x1 <= 1190


@pytest.mark.parametrize(
    ("change", "spread", "replicates", "words"),
    [
        (0.1, 0.0, 4, "grow more alike"),
        (-0.1, 0.05, 2, "grow apart"),
        (-0.1, 0.5, 4, "show no clear change"),
        (0.001, 0.01, 4, "hardly change"),
    ],
)
def test_verdict_on_similarity(change: float, spread: float, replicates: int, words: str) -> None:
    cosine = np.full((replicates, 2), 0.5)
    cosine[:, 1] += change + spread * np.linspace(-1.0, 1.0, replicates)
    assert words in _similarity_title(cosine, cosine, np.array([1.0, 2.0]), False)


def test_footnote_and_years() -> None:
    ds = fake_run()
    assert footnote(ds) == "Invented  ·  3 replicates  ·  seed 7  ·  technopole 0.0"
    assert period_years(ds) == 2.0
    assert period_years(xr.Dataset()) == period_years(ds.assign_attrs(config="not = [toml")) == 1.0


def test_missing_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TechnopoleError, match=r"pip install matplotlib .*technopole\[plot\]"):
        draw(fake_run(periods=2), tmp_path)


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        draw(fake_run(periods=2), tmp_path / "taken")


def test_import_leaves_matplotlib_alone_and_drawing_leaves_pyplot_alone(tmp_path: Path) -> None:
    code = (
        "import sys, technopole.figures.draw as f; assert 'matplotlib' not in sys.modules; import xarray as xr;"
        f"f.draw(xr.Dataset(), {str(tmp_path)!r}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_key_results_are_those_of_a_dataset():
    with pytest.raises(ConfigError, match="summarise: found a int; allowed: a Dataset"):
        summarise(3)


def test_regions_that_the_title_names_are_labelled() -> None:
    ds = fake_run(regions=30)
    names = np.array([f"Place {index} (Province)" for index in range(30)])
    ds = ds.assign_coords(region_name=("region", names))
    small, fast = 7, 8
    ds["employment"][:, :, [small, fast]] = 1.0
    ds["productivity"][:, :, small] = 0.0
    ds["productivity"][:, :, fast] = 0.2 * ds["time"]
    page = draw_map(ds, "")
    labels = [text.get_text() for text in page.axes[0].texts]
    title = re.sub(r"\s+", " ", texts(page))
    for region in (small, fast):
        assert f"(Place {region}, Province)" in title
        assert f"Place {region} (Province)" in labels
    assert "))" not in title


def test_names_fit_labels_and_brackets() -> None:
    assert short("Beijing (Zhongguancun)") == "Beijing"
    assert short("Foshan (Shunde)") == "Foshan (Shunde)"
    assert within("Foshan (Shunde)") == "Foshan, Shunde"
    assert within("Beijing (Zhongguancun)", 10) == "Beijing"
    assert within("Yunfu") == "Yunfu"


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


def test_a_lead_that_stays_is_said_once():
    knowledge = {"technology": np.array([[0.0, 0.1], [0.0, 0.1]])}
    for last, words in ((0.201, "stays at 0.20"), (0.25, "widens from 0.20 to 0.25")):
        lead = np.array([[0.2, last], [0.2, last]])
        assert _knowledge_texts(knowledge, lead, np.array([1.0, 9.0]))[0].endswith(words)
