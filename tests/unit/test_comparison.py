"""From a store to contrasts and tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from technopole.cli.commands_compare import print_comparison, variance_line
from technopole.errors import ConfigError, DataError
from technopole.experiments.comparison import compare
from technopole.statistics.contrasts import paired
from technopole.sweeps.design import make_points
from technopole.sweeps.sweep import Sweep

SCENARIO = Path(__file__).resolve().parents[2] / "configs" / "scenarios" / "two-regions.toml"
SWITCHES = ("feedback.cluster_to_ris", "feedback.ris_to_cluster")


def make_store(parameters=None, contrasts=None, replicates=30):
    """Dataset like that of a store: both switches add 1, together 3; most of the chance is shared."""
    parameters = parameters or {key: [0.0, 1.0] for key in SWITCHES}
    content = {
        "experiment": {"scenario": str(SCENARIO), "replicates": replicates},
        "design": {"kind": "grid", "parameters": parameters},
        "outcomes": {"growth": {"variable": "sales", "over": "growth"}, "size": {"variable": "firms"}},
        "contrasts": contrasts or {},
    }
    sweep = Sweep.from_dict(content)
    points = make_points(sweep)
    random = np.random.default_rng(3)
    first, *rest = points.values.values()
    value = first + (rest[0] + first * rest[0] if rest else 0.0)
    shared = random.normal(size=replicates)
    data = {
        name: (
            ("point", "replicate"),
            value[:, None] + shared + 0.1 * random.normal(size=(len(points), replicates)),
        )
        for name in ("growth", "size")
    }
    labels = {"point": points.ids, **{key: ("point", values) for key, values in points.values.items()}}
    return xr.Dataset(data, labels, {"sweep": json.dumps(sweep.to_dict())})


@pytest.fixture(scope="module")
def factorial():
    contrasts = {"factorial": True, "both_off": dict.fromkeys(SWITCHES, 0.0)}
    ds = make_store(contrasts=contrasts)
    return ds, compare(ds, half_width=0.05)


def test_effects_of_a_factorial(factorial):
    _, found = factorial
    assert found["effect_of"].values.tolist() == [*SWITCHES, " × ".join(SWITCHES)]
    growth = found.sel(outcome="growth")
    # both switches: 1 alone, 2 beside the other; the interaction is 1
    assert growth["effect"].values == pytest.approx([1.5, 1.5, 1.0], abs=0.1)
    assert (growth["effect_low"] < [1.5, 1.5, 1.0]).all()
    assert (growth["effect_high"] > [1.5, 1.5, 1.0]).all()
    # variance 1.01 of each point, 0.01 of what is not shared
    assert growth["effect_variance_reduction"].values == pytest.approx([101.0] * 3, rel=0.6)


def test_differences_to_a_baseline(factorial):
    ds, found = factorial
    growth = found.sel(outcome="growth").isel(contrast=0)
    assert growth["contrast"].item() == "both_off"
    baseline = int(growth["baseline"])
    assert ds["feedback.cluster_to_ris"].sel(point=baseline) == 0.0
    values = ds["growth"].values
    row = np.flatnonzero(ds["point"].values == baseline)[0]
    for j in range(4):
        expected = paired(values[j], values[row])
        assert float(growth["difference"][j]) == float(expected.difference)
        assert float(growth["difference_low"][j]) == float(expected.low)
    assert np.nanmin(growth["difference_correlation"]) > 0.95


def test_replicates_needed(factorial):
    _, found = factorial
    needed = found["difference_needed"].sel(outcome="growth").values.ravel()
    # sd 0.14: t·0.14/√n ≤ 0.05 at about 33
    assert all(15 <= n <= 60 for n in np.sort(needed)[1:])
    assert needed.min() == 2  # the baseline itself


def test_variance_split(factorial):
    _, found = factorial
    growth = found.sel(outcome="growth")
    # points at 0, 1, 1, 3
    assert float(growth["between"]) == pytest.approx(np.var([0, 1, 1, 3], ddof=1), rel=0.1)
    assert float(growth["noise"]) < 0.01
    assert 0.4 < float(growth["share_between"]) < 0.8


def test_a_baseline_chosen_by_hand_and_an_unfinished_store():
    ds = make_store({"learning.technology": [0.0, 0.1, 0.2]})
    ds["growth"][2] = np.nan
    ds["growth"][1, 20:] = np.nan
    found = compare(ds, "growth", {"learning.technology": 0.1}).sel(outcome="growth")
    assert found["difference_n"].values.tolist() == [[20, 20, 0]]
    assert np.isnan(found["difference"].values[0, 2])
    with pytest.raises(ConfigError, match="learning.technology = 0.3 selects 0 points"):
        compare(ds, baseline={"learning.technology": 0.3})
    with pytest.raises(
        ConfigError, match="spillover.rate is the same at all points; allowed: learning.technology"
    ):
        compare(ds, baseline={"spillover.rate": 0.3})


def test_tables(factorial, capsys):
    _, found = factorial
    print_comparison(found)
    printed = capsys.readouterr().out
    assert "variance of single replicates: " in printed
    assert "effects of the factors" in printed
    assert "less point 0 (both_off)" in printed
    assert "replicates needed" in printed
    plain = compare(make_store({"learning.technology": [0.0, 0.1]}))
    print_comparison(plain)
    assert "--against KEY=VALUE" in capsys.readouterr().out
    many = make_store({"learning.technology": [0.01 * i for i in range(30)]})
    print_comparison(compare(many, "size", {"learning.technology": 0.0}))
    assert "9 points nearer to it not shown" in capsys.readouterr().out


def test_no_share_of_chance_is_more_than_all():
    split = xr.Dataset({"share_between": 0.0, "noise": 538.8})
    assert variance_line(split).endswith(
        "0.0 % between points, 100.0 % chance; of the means of the points: all chance"
    )
    assert variance_line(split.assign(noise=0.076)).endswith("means of the points: 7.6 % chance")


def test_command(technopole, tmp_path):
    make_store(contrasts={"factorial": True}).to_zarr(tmp_path / "s.zarr", zarr_format=3, consolidated=False)
    done = technopole(
        "compare", "s.zarr", "--against", f"{SWITCHES[0]}=0", "--against", f"{SWITCHES[1]}=1", "--out", "c.nc"
    )
    assert (done.returncode, done.stderr) == (0, "comparison: c.nc\n")
    assert "less point 1 (chosen)" in done.stdout
    wrong = technopole("compare", "s.zarr", "--half-width", "0")
    assert (wrong.returncode, wrong.stderr) == (2, "error: --half-width: found 0; allowed: above 0\n")
    twice = technopole("compare", "s.zarr", "--outcome", "size", "--outcome", "size")
    assert (twice.returncode, twice.stderr) == (2, 'error: outcome: found "size" twice; allowed: each once\n')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": ["size", "size"]}, 'outcome: found "size" twice; allowed: each once'),
        ({"outcome": []}, "outcome: found none; allowed: at least one out of growth, size, or None for all"),
        ({"outcome": 3}, "outcome: found 3; allowed: names out of growth, size"),
        ({"outcome": ["size", None]}, "outcome: found a list with None"),
        ({"baseline": []}, "baseline: found a list; allowed: a mapping of dotted keys, such as"),
        (
            {"baseline": pd.Series({SWITCHES[0]: 1.0})},
            r"found a Series; allowed: a mapping of dotted keys \(dict",
        ),
        ({"baseline": {"feedback.ris_to_clustr": 1}}, 'did you mean "feedback.ris_to_cluster"'),
        (
            {"baseline": {SWITCHES[0]: [1.0, 0.0]}},
            f"baseline: {SWITCHES[0]}: found a list; allowed: one value",
        ),
    ],
)
def test_choices_of_another_kind_are_refused(factorial, options, message):
    with pytest.raises(ConfigError, match=message):
        compare(factorial[0], **options)


@pytest.mark.parametrize("chosen", [pd.Index(["size"]), pd.Series(["size"]), (name for name in ["size"])])
def test_outcomes_may_come_in_anything_that_holds_names(factorial, chosen):
    assert compare(factorial[0], chosen)["outcome"].values.tolist() == ["size"]


def test_parts_of_a_store_that_cannot_be_compared(factorial):
    ds = factorial[0]
    with pytest.raises(DataError, match="outcome size has no dimension point any more"):
        compare(ds.isel(point=0), "size")
    with pytest.raises(DataError, match="outcome size is not in this part"):
        compare(ds[["growth"]], "size")
    with pytest.raises(ConfigError, match="store: found None; allowed: the path of a store"):
        compare(None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 2}, "confidence: found 2; allowed: above 0, below 1"),
        ({"confidence": "high"}, "confidence: found 'high'"),
        ({"half_width": -1}, "half_width: found -1; allowed: a finite number above 0"),
        ({"half_width": np.nan}, "half_width: found nan"),
    ],
)
def test_numbers_out_of_range_are_refused(factorial, options, message):
    with pytest.raises(ConfigError, match=message):
        compare(factorial[0], **options)
