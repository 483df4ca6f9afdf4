"""Figures: the map, and labels that stand apart from each other."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from made_up_run import fake_run, texts
from technopole.figures.firms import draw_entry_exit
from technopole.figures.labels import _cross, place_labels, spread
from technopole.figures.map import draw_map
from technopole.figures.map_keys import growth_scale
from technopole.figures.places import Places, components, positions
from technopole.figures.words import short, within
from technopole.results.summary import summarise


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
