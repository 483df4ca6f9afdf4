"""Figures of a validation: where the points stand, what is drawn."""

import numpy as np
import pytest
import xarray as xr

from technopole.figures.validation import FILES, draw_validation, measured, normalised

pytest.importorskip("matplotlib")


def make_result(groups=("model", "model", "model", "data")):
    number = len(groups)
    estimate = np.array([1.0, 0.2, 9.0, 0.5])[:number]
    known = np.arange(number) != 1
    row = xr.Dataset(
        {
            "estimate": ("fact", np.where(known, estimate, np.nan)),
            "low": ("fact", np.where(known, estimate - 0.1, np.nan)),
            "high": ("fact", np.where(known, estimate + 0.1, np.nan)),
            "range_low": ("fact", np.zeros(number)),
            "range_high": ("fact", np.full(number, 2.0)),
            "passed": ("fact", known & (estimate < 2.0)),
            "straddles": ("fact", np.zeros(number, dtype=bool)),
            "replicates_used": ("fact", 8 * known),
        },
        {
            "fact": [f"fact{j}" for j in range(number)],
            "title": ("fact", [f"title {j} " + "which is long " * (5 * j) for j in range(number)]),
            "group": ("fact", list(groups)),
            "sign": ("fact", np.arange(number) == 0),
            "size_class": [1.0, 10.0],
            "growth": np.linspace(-1.0, 1.0, 5),
            "age": [0, 1, 2],
        },
        {"title": "t", "replicates": 8, "measured": "m", "seed": 1, "technopole_version": "0"},
    )
    row["size_share"] = ("size_class", [1.0, 0.0])  # an empty class does not disturb the logarithmic axis
    row["growth_density"] = ("growth", [0.0, 0.5, 1.0, 0.5, 0.0])
    for name in ("hazard_by_age", "hazard_by_age_low", "hazard_by_age_high"):
        row[name] = ("age", [0.2, 0.1, np.nan])
    return row


def test_points_in_widths_of_the_range():
    result = make_result()
    assert normalised(result.isel(fact=3)) == pytest.approx((0.25, 0.2, 0.3))
    assert normalised(result.isel(fact=0)) == pytest.approx((0.5, 0.45, 0.55))  # only the sign: in the middle
    below = result.isel(fact=0).assign(estimate=-1.0, low=-1.5, high=0.5)
    assert normalised(below) == pytest.approx((-0.5, -0.75, 0.25))
    negative = below.assign(range_low=-1.0, range_high=0.0)
    assert normalised(negative) == pytest.approx((0.5, 0.25, 1.25))


def test_what_was_not_measured_is_not_drawn(tmp_path):
    result = make_result()
    assert measured(result, "model").tolist() == [0, 2] and measured(result, "data").tolist() == [3]
    paths = draw_validation(result, tmp_path / "new")
    assert [path.name for path in paths] == list(FILES.values())
    assert all(path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size > 10_000 for path in paths)


def test_without_series_there_is_one_figure(tmp_path):
    paths = draw_validation(make_result(("model",)), tmp_path)
    assert [path.name for path in paths] == ["validation.png"]
