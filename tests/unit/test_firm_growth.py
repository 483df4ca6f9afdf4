"""How large tables of firms are said to become, and how large they are."""

import json

import numpy as np
import pytest

import technopole as tp
from sweeping import content, plan
from technopole.cli.commands_plan import SweepOptions
from technopole.cli.commands_plan import plan as print_it
from technopole.config.write import to_toml
from technopole.errors import ConfigError
from technopole.experiments.firm_growth import FirmCount, firms_expected, ratio_of, stored_bytes, workforce
from technopole.experiments.probe import estimate, limit_problems

OUTPUT = {"level": "firm", "variables": ["technology", "tie"], "stride": 4}
EXPERIMENT = {"periods": 60, "replicates": 4}


def growing(**sections):
    return plan(**{"output": OUTPUT, "experiment": EXPERIMENT, **sections})


@pytest.mark.parametrize("growth", [0.0, 0.01, 0.07, -0.05])
@pytest.mark.parametrize("burn_in", [0, 7])
def test_expected_firms_grow_with_the_workforce(growth, burn_in):
    made = growing(set={"labour.growth": growth}, experiment={**EXPERIMENT, "burn_in": burn_in})
    times = made.sweep.times
    assert firms_expected(made) == pytest.approx(60 * np.mean((1.0 + max(growth, 0.0)) ** times), rel=1e-12)
    assert workforce(growth, times)[-1] == pytest.approx((1.0 + max(growth, 0.0)) ** 60)


def test_expected_firms_of_points_that_grow_differently():
    design = {"kind": "grid", "parameters": {"labour.growth": [0.0, 0.03, -0.5]}}
    times = growing().sweep.times
    assert firms_expected(growing(design=design)) == pytest.approx(20 * (2 + np.mean(1.03**times)))


def test_growth_without_end_is_a_number():
    endless = growing(set={"labour.growth": 0.5}, experiment={"periods": 100_000})
    (line,) = limit_problems(endless, None)
    assert (
        "limits.bytes" in line
        and "tables of firms growing as the workforce, which technopole plan measures" in line
    )


def test_a_fixed_capacity_is_not_passed():
    fixed = {"capacity.fixed": True, "capacity.slack": 0.0, "labour.growth": 0.2}
    assert firms_expected(growing(set=fixed)) < 100


def test_counts_of_a_trial_that_did_not_come_to_the_end():
    count = FirmCount(np.array([10.0, 20.0, 40.0, 80.0]), first_row=1)
    assert count.means == (0.0, 0.0) and np.isnan(ratio_of([count.means]))
    count.add(np.array([10.0, 20.0, 60.0]))
    count.add(np.array([12.0, 40.0]))
    # 11, 30, 60, and then half as many again as expected
    assert count.means == pytest.approx(((30 + 60 + 120) / 3, 140 / 3))
    assert ratio_of([count.means, (0.0, 0.0), (10.0, 10.0)]) == pytest.approx((70 + 10) / (140 / 3 + 10))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"set": {"entry.startups": 0.4}},
        {"set": {"entry.startups": 0.0}},
        {"set": {"labour.growth": 0.06}},
        {"design": {"kind": "grid", "parameters": {"entry.startups": [0.0, 0.05, 0.5]}}},
        {"experiment": {**EXPERIMENT, "burn_in": 20}},
    ],
)
def test_the_measured_size_is_about_that_of_the_store(tmp_path, changes):
    made = growing(**changes)
    tp.experiment(made.sweep, tmp_path / "a.zarr", workers=1)
    rows = tp.open_firms(tmp_path / "a.zarr")["technology"].size
    expected = firms_expected(made) * made.sweep.times.size * made.n_points * made.replicates
    ratio = estimate(made, seconds=0.3).firms
    assert ratio * expected == pytest.approx(rows, rel=0.15)
    tables = made.layout.table_bytes
    assert stored_bytes(made, ratio) == pytest.approx(made.bytes + (ratio - 1) * tables, abs=1)
    assert stored_bytes(made) == made.bytes


def test_limits_go_by_what_was_measured():
    made = growing(set={"entry.startups": 0.4}, limits={"bytes": 1.3 * growing().bytes})
    assert limit_problems(made, None) == []
    (line,) = limit_problems(made, estimate(made, seconds=0.2))
    assert "limits.bytes" in line


def test_plan_says_what_the_size_goes_by(tmp_path, capsys):
    file = tmp_path / "sweep.toml"
    file.write_text(to_toml(content(output=OUTPUT)), encoding="utf-8")
    print_it(SweepOptions(file))
    assert "tables of firms as measured, later periods growing as the workforce" in capsys.readouterr().out
    print_it(SweepOptions(file), as_json=True)
    assert json.loads(capsys.readouterr().out)["bytes"] > 0
    grown = {"set": {"entry.startups": 1.0}, "limits": {"bytes": 2.0 * plan(output=OUTPUT).bytes}}
    file.write_text(to_toml(content(output=OUTPUT, **grown)), encoding="utf-8")
    with pytest.raises(ConfigError, match="limits.bytes"):
        print_it(SweepOptions(file))


def test_plan_measures_before_it_refuses(tmp_path, capsys):
    ending = {"labour.growth": 0.1, "entry.startups": 0.0}
    limit = {"bytes": 0.3 * growing(set=ending).bytes}
    made = growing(set=ending, limits=limit)
    assert limit_problems(made, None) != []
    file = tmp_path / "sweep.toml"
    file.write_text(
        to_toml(content(output=OUTPUT, experiment=EXPERIMENT, set=ending, limits=limit)), encoding="utf-8"
    )
    print_it(SweepOptions(file))
    assert "tables of firms as measured" in capsys.readouterr().out


def test_nothing_is_counted_where_no_tables_are_stored():
    made = plan()
    measured = estimate(made, seconds=0.1)
    assert np.isnan(measured.firms) and stored_bytes(made, measured.firms) == made.bytes
