"""Estimates of time, and limits."""

import json
import time

import pytest

from sweeping import content, plan
from technopole.cli.commands_plan import SweepOptions
from technopole.cli.commands_plan import plan as print_it
from technopole.config.write import to_toml
from technopole.errors import ConfigError
from technopole.experiments.points import PointWorlds
from technopole.experiments.probe import Estimate, estimate, limit_problems, refuse_above_limits


def test_estimate_is_quick_and_adds_up():
    made = plan(experiment={"replicates": 1000})
    begin = time.perf_counter()
    measured = estimate(made, seconds=0.3)
    assert time.perf_counter() - begin < 10.0
    assert measured.points == 3 and measured.periods > 100
    assert 0.0 < measured.replicate_seconds < 0.1
    assert measured.core_seconds == pytest.approx(3000 * measured.replicate_seconds)
    assert measured.core_hours == measured.core_seconds / 3600


def test_burn_in_is_shared_between_points():
    made = plan(experiment={"burn_in": 6, "replicates": 8})
    measured = estimate(made, seconds=0.1)
    separately = made.n_points * made.replicates * measured.replicate_seconds
    assert 0.4 * separately < measured.core_seconds < separately


def test_a_period_that_takes_longer_than_the_probe():
    assert estimate(plan(), seconds=0.0).periods >= 1


def failing(monkeypatch, *points):
    """Let the blueprint of some points fail, as that of an economy that cannot start does."""
    usual = PointWorlds.blueprint

    def blueprint(self, point):
        if point in points:
            raise ConfigError(f"no economy for {point}")
        return usual(self, point)

    monkeypatch.setattr(PointWorlds, "blueprint", blueprint)


def test_points_that_cannot_be_run_are_left_out_of_the_estimate(monkeypatch):
    failing(monkeypatch, 0, 2)
    measured = estimate(plan(), seconds=0.05)
    assert measured.known and measured.points == 1 and measured.core_seconds > 0.0
    assert measured.failed == {0: "no economy for 0", 2: "no economy for 2"}
    assert refuse_above_limits(plan(), measured) is None


def test_replicates_that_fail_are_named_and_the_others_measured():
    made = plan(
        design={"kind": "grid", "parameters": {"entry.startups": [0.078, 0.2]}},
        set={"capacity.fixed": True, "capacity.slack": 0.0},
    )
    measured = estimate(made, seconds=0.2)
    assert measured.points == 2 and measured.core_seconds > 0.0
    assert measured.failed and all("room" in text for text in measured.failed.values())


def test_plan_tells_what_is_known_and_warns_of_points_that_fail(monkeypatch, tmp_path, capsys):
    failing(monkeypatch, 0, 1, 2)
    file = tmp_path / "sweep.toml"
    file.write_text(to_toml(content()), encoding="utf-8")
    print_it(SweepOptions(file))
    shown = capsys.readouterr()
    rows = [line.split() for line in shown.out.splitlines()]
    assert ["points", "3", "grid"] in rows and "not known" in shown.out and "nan" not in shown.out
    assert "warning: point 1: a trial failed: no economy for 1\n" in shown.err
    assert "goes on without replicates that fail, and ends with exit code 3" in shown.err
    print_it(SweepOptions(file), as_json=True)
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["points"] == 3 and "core_hours" not in numbers
    assert numbers["failed_points"]["2"] == "no economy for 2"


def test_limits():
    measured = Estimate(36000.0, 1.0, 10.0, 1, 1)
    assert limit_problems(plan(), measured) == []
    tight = plan(limits={"core_hours": 2, "bytes": 1000, "files": 10})
    found = limit_problems(tight, measured)
    assert len(found) == 3 and len(limit_problems(tight, None)) == 2
    assert found[0] == "sweep: limits.core_hours: about 10 core-hours; allowed: 2"
    with pytest.raises(ConfigError, match="--force") as failure:
        refuse_above_limits(tight, measured)
    assert failure.value.exit_code == 2
