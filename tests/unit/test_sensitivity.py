"""From a store to indices, table and figure: an experiment whose outcomes are known functions of its parameters."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from technopole.cli.commands_sensitivity import print_sensitivity, sensitivity_rows
from technopole.errors import ConfigError
from technopole.experiments.sensitivity import ranking, sensitivity
from technopole.figures.sensitivity import draw_sensitivity
from technopole.sweeps.design import make_points
from technopole.sweeps.sweep import Sweep

SCENARIO = Path(__file__).resolve().parents[2] / "configs" / "scenarios" / "two-regions.toml"
PARAMETERS = {
    "learning.technology": {"low": 0.0, "high": 0.4},
    "spillover.rate": {"low": 0.0, "high": 0.1},
    "sharing.rule": {"values": ["proportional", "equal", "serial"]},
}
OUTCOMES = {"growth": {"variable": "productivity", "over": "growth"}, "size": {"variable": "firms"}}
PYRAMID = {"equal": 0.0, "proportional": 1.0, "serial": 2.0}


def make_store(kind="saltelli", replicates=4, noise=0.0, **design):
    """Dataset like that of a store; outcomes: growth = 10·learning + spillover, size = spillover·rule."""
    content = {
        "experiment": {"scenario": str(SCENARIO), "replicates": replicates, "title": "known functions"},
        "design": {"kind": kind, "parameters": PARAMETERS, **design},
        "outcomes": OUTCOMES,
    }
    sweep = Sweep.from_dict(content, source="test.toml")
    points = make_points(sweep)
    learning, spillover, rule = (points.values[key] for key in PARAMETERS)
    rule = np.array([PYRAMID[word] for word in rule])
    chance = noise * np.random.default_rng(0).normal(size=(len(points), replicates))
    data = {"growth": 10.0 * learning + spillover, "size": 10.0 * spillover * rule}
    return xr.Dataset(
        {
            **{name: (("point", "replicate"), values[:, None] + chance) for name, values in data.items()},
            "replicate_status": (("point", "replicate"), np.ones(chance.shape, dtype=np.int8)),
        },
        {"point": points.ids, **{key: ("point", values) for key, values in points.values.items()}},
        {"sweep": json.dumps(sweep.to_dict()), "technopole_version": "1.2.3"},
    )


@pytest.fixture(scope="module")
def sobol():
    return sensitivity(make_store(points=512, second_order=True))


def test_sobol_indices_of_known_functions(sobol):
    assert sobol["S1"].dims == ("outcome", "parameter")
    # additive: the ranges are 4 and 0.1, the variance goes with their squares
    share = 16.0 / 16.01
    growth = sobol.sel(outcome="growth")
    assert growth["S1"].values == pytest.approx([share, 1 - share, 0.0], abs=0.01)
    assert growth["ST"].values == pytest.approx([share, 1 - share, 0.0], abs=0.01)
    # a product of independent factors: V = m1²v2 + m2²v1 + v1v2
    m1, v1, m2, v2 = 0.5, 1 / 12, 1.0, 2 / 3
    total = m1**2 * v2 + m2**2 * v1 + v1 * v2
    size = sobol.sel(outcome="size")
    exact = np.array([0.0, m2**2 * v1 / total, m1**2 * v2 / total])
    assert (np.abs(size["S1"].values - exact) <= size["S1_half_width"].values).all()
    assert size["S2"].sel(parameter="spillover.rate", other_parameter="sharing.rule") == pytest.approx(
        v1 * v2 / total, abs=0.05
    )
    assert ranking(sobol, "size").tolist() == [2, 1, 0]
    # without chance there is neither noise nor bias
    assert float(abs(size["ST_noise"]).max()) < 1e-12
    assert float(sobol["noise_share"].max()) < 1e-12
    assert sobol.attrs["points"] == 512 * 8


def test_morris_indices_of_known_functions():
    found = sensitivity(make_store("morris", points=20, levels=4), "growth")
    assert found["outcome"].values.tolist() == ["growth"]
    one = found.sel(outcome="growth")
    # linear: the effect of a whole range, and no spread
    assert one["mu"].values == pytest.approx([4.0, 0.1, 0.0])
    assert one["mu_star"].values == pytest.approx([4.0, 0.1, 0.0])
    assert one["sigma"].values == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert one["mu_star_half_width"].values == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_chance_is_reported():
    found = sensitivity(make_store(points=128, noise=0.5, replicates=8), ["growth"]).sel(outcome="growth")
    assert (found["ST_noise"] > 0.0).all()
    assert found["ST"].values[2] == pytest.approx(float(found["ST_bias"].values[2]), rel=0.5)
    assert float(found["noise_share"]) == pytest.approx((0.25 / 8) / (16 / 12 + 0.25 / 8), rel=0.3)


def test_table(sobol, capsys):
    headings, rows = sensitivity_rows(sobol, "size")
    assert headings == ("parameter", "total", "±", "chance", "alone", "±", "chance")
    assert [row[0] for row in rows] == ["sharing.rule", "spillover.rate", "learning.technology"]
    print_sensitivity(sobol)
    printed = capsys.readouterr().out
    assert "growth: log productivity, weighted by sales, growth per period" in printed
    assert "spillover.rate and sharing.rule together: 0.1" in printed
    assert "more replicates" not in printed
    assert "4 replicates of each point; mean over points" in printed
    noisy = sensitivity(make_store("morris", points=4, noise=3.0), "size")
    print_sensitivity(noisy)
    printed = capsys.readouterr().out
    assert "μ*" in printed
    assert "more replicates make these indices better than more points" in printed
    print_sensitivity(sensitivity(make_store(points=8), "size"))
    assert "the intervals are wide: a larger design.points" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["saltelli", "morris"])
def test_figure(kind, tmp_path):
    paths = draw_sensitivity(sensitivity(make_store(kind, points=8, noise=0.1)), tmp_path / "figures")
    assert [path.name for path in paths] == ["sensitivity_growth.png", "sensitivity_size.png"]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000


def test_an_outcome_that_is_the_same_everywhere(tmp_path, capsys):
    ds = make_store(points=8)
    ds["size"] = ds["size"] * 0.0 + 60.0
    found = sensitivity(ds, "size")
    assert np.isnan(found["ST"]).all()
    print_sensitivity(found)
    assert "–" in capsys.readouterr().out
    draw_sensitivity(found, tmp_path)


def test_points_without_a_value_are_refused():
    ds = make_store(points=8)
    ds["growth"][3] = np.nan
    with pytest.raises(
        ConfigError, match=r"growth of every point; 1 of 40 points have none \(point 3\).*died out"
    ):
        sensitivity(ds)
    ds["replicate_status"][3] = 2
    with pytest.raises(ConfigError, match="replicates failed; technopole status"):
        sensitivity(ds)
    ds["replicate_status"][3] = 0
    with pytest.raises(ConfigError, match="not computed yet; technopole experiment --resume"):
        sensitivity(ds)
    # a few missing replicates do no harm
    ds = make_store(points=8)
    ds["growth"][3, :2] = np.nan
    found = sensitivity(ds, "growth")
    assert (found["replicates_least"].item(), found["replicates_most"].item()) == (2, 4)


def test_other_designs_outcomes_and_folders_are_refused(tmp_path):
    with pytest.raises(ConfigError, match='found "lhs"; sensitivity indices need one of saltelli, morris'):
        sensitivity(make_store("lhs", points=8))
    drawn = make_store("lhs", points=2)
    with pytest.raises(ConfigError, match="found listed points; sensitivity indices need one of"):
        sensitivity(make_store("zip", parameters={key: drawn[key].values.tolist() for key in PARAMETERS}))
    with pytest.raises(ConfigError, match='no outcome "grwth"; did you mean "growth"'):
        sensitivity(make_store(points=8), "grwth")
    with pytest.raises(ConfigError, match="there is nothing; allowed: a store"):
        sensitivity(tmp_path / "absent.zarr")
    with pytest.raises(ConfigError, match="found no store; allowed: a store"):
        sensitivity(tmp_path)
    with pytest.raises(ConfigError, match="holds no sweep"):
        sensitivity(xr.Dataset())


def test_values_that_the_sampler_does_not_draw_are_refused():
    ds = make_store(points=8)
    ds["spillover.rate"] = ds["spillover.rate"] + 0.01
    with pytest.raises(ConfigError, match=r"spillover.rate: the values in the store are not those"):
        sensitivity(ds)


def test_command(technopole, tmp_path):
    make_store(points=16, noise=0.1).to_zarr(tmp_path / "known.zarr", zarr_format=3, consolidated=False)
    done = technopole("sensitivity", "known.zarr", "--outcome", "growth", "--out", "indices.nc")
    assert (done.returncode, done.stderr.splitlines()) == (
        0,
        ["indices: indices.nc", "figures: known-figures: sensitivity_growth.png"],
    )
    assert "learning.technology" in done.stdout
    with xr.open_dataset(tmp_path / "indices.nc") as written:
        assert written["ST"].shape == (1, 3)
    again = technopole("sensitivity", "known.zarr", "--outcome", "growth")
    assert again.returncode == 2
    assert again.stderr == (
        "error: known-figures/sensitivity_growth.png: is there already; --overwrite replaces it\n"
    )
    wrong = technopole("sensitivity", "known.zarr", "--confidence", "95", "--no-figures")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "error: --confidence: found 95; allowed: above 0, below 1\n",
    )
