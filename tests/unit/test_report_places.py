"""Words and numbers on the maps and in the headings of a report."""

import numpy as np
import pytest

from technopole.figures.places import Places
from technopole.reports import map as report_map
from technopole.reports import places as report_places
from technopole.reports.parts import decimals_for

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")


def test_small_numbers_are_no_rows_of_zeros():
    assert decimals_for(-1e-13, 3e-13, 1e-13) == "1.00 × 10^−13"
    assert decimals_for(0.62, 0.66, 0.641) == "0.641"


def labelled(points, size, values, names):
    from bokeh.models import Label

    where = Places(np.array(points, dtype=float), 1.0, True)
    page = report_map.map_model(where, np.array(size, dtype=float), np.array(values), names, "%", 2, True)
    return {label.text: label for label in page.select(Label) if label.name == "place"}


def test_places_that_the_heading_names_are_labelled_on_the_map():
    names = ["Beijing (Zhongguancun)", "Shenzhen", "Foshan (Shunde)", "Yunfu"]
    points = [(116.3, 40.0), (114.1, 22.5), (113.3, 22.8), (112.0, 22.9)]
    labels = labelled(points, [4e4, 9e4, 4.5e4, 3e3], [1.2, 1.1, 0.9, 1.0], names)
    assert set(labels) == {"Beijing", "Shenzhen", "Foshan", "Yunfu"}
    offsets = [(label.x_offset, label.y_offset) for label in labels.values()]
    assert len(set(offsets)) > 1  # not all below their marks


def test_extremes_among_many_places_are_labelled():
    draws = np.random.default_rng(1)
    size = np.linspace(100.0, 1.0, 40)
    values = draws.normal(1.0, 0.1, 40)
    values[38], values[39] = 0.0, 2.0
    labels = labelled(draws.uniform(0.0, 10.0, (40, 2)), size, values, [f"P{index}" for index in range(40)])
    assert {"P38", "P39"} <= set(labels) and len(labels) < 20


def test_headings_have_no_brackets_in_brackets():
    measure = report_places.MEASURES[0]
    heading = measure.finding(np.array([0.9, 1.4]), ["Foshan (Shunde)", "Yunfu"])
    assert "(Foshan, Shunde)" in heading and "))" not in heading
