"""Options that contradict each other or say nothing: refused with both names, never chosen between."""

import pytest

from conftest import SCENARIOS
from technopole import cli
from technopole.cli import perform as cli_perform
from technopole.cli.commands_claims import ClaimsOptions, _prepared
from technopole.cli.commands_experiment import ExperimentOptions, JobOptions, experiment, jobscript, status
from technopole.cli.commands_output import figures_folder
from technopole.cli.commands_plan import SweepOptions, read_sweep
from technopole.cli.commands_run import RunOptions, run
from technopole.cli.commands_validate import ValidateOptions, validate
from technopole.cli.perform import refuse_unclear
from technopole.config.assignments import parse_set
from technopole.errors import ConfigError, OutputError

TWO_REGIONS = SCENARIOS / "two-regions.toml"
SPILLOVER = SCENARIOS.parent / "sweeps" / "spillover.toml"


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        (("learning.far=0.1", "learning.far=0.2"), "--set learning.far: given twice; allowed: once"),
        (("learning={far=0.1}", "learning.far=0.2"), "--set learning.far: given twice, as learning too"),
        (("learning.far=0.1", "learning={far=0.2}"), "--set learning: given twice, as learning.far too"),
        (("",), "--set '': found no key and value"),
    ],
)
def test_a_key_is_set_once(assignments, words):
    with pytest.raises(ConfigError) as failure:
        parse_set(assignments)
    assert words in str(failure.value)


def test_keys_that_begin_alike_are_different():
    assert parse_set(["learning.far=1", "learning.farther=2"]) == {"learning.far": 1, "learning.farther": 2}


def test_messages_name_the_option():
    with pytest.raises(ConfigError, match="--against a.b: given twice"):
        parse_set(["a.b=1", "a.b=2"], "--against")


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("replicates", 3, "run.replicates"),
        ("seed", 3, "run.seed"),
        ("periods", 3, "time.periods"),
        ("backend", "cpu", "run.backend"),
    ],
)
def test_an_option_and_its_key_are_not_both_given(name, value, key):
    options = RunOptions(TWO_REGIONS, assignments=(f"{key}={value}",), **{name: value})
    with pytest.raises(ConfigError, match=f"--{name} and --set {key}: both given; allowed: one of them"):
        run(options)


@pytest.mark.parametrize("key", ["experiment.replicates", "run.replicates", "experiment"])
def test_nor_in_a_sweep(key):
    value = "{replicates=3}" if key == "experiment" else 3
    with pytest.raises(ConfigError, match=f"--replicates and --set {key}: both given"):
        read_sweep(SweepOptions(SPILLOVER, (f"{key}={value}",), replicates=3))


def test_validate_and_claims_take_replicates_from_set():
    with pytest.raises(ConfigError, match="found 1; allowed: 2 or more"):
        validate(ValidateOptions(TWO_REGIONS, assignments=("run.replicates=1",)))
    with pytest.raises(ConfigError, match="found 1; allowed: 2 or more"):
        _prepared(ClaimsOptions(TWO_REGIONS, assignments=("run.replicates=1",)))


def test_figures_go_to_a_folder(tmp_path):
    with pytest.raises(OutputError, match=r"--figures: found .*x\.zarr, which has the suffix \.zarr"):
        figures_folder(tmp_path / "x.zarr", False, tmp_path / "out.zarr")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "a.toml", "--out", ""], "--out: found an empty text"),
        (["run", "a.toml", "--out="], "--out: found an empty text"),
        (["run", "a.toml", "--set", " "], "--set: found an empty text"),
        (["run", ""], "argument 2: found an empty text"),
        (["run", "a.toml", "--seed", "1", "--seed=2"], "--seed: given twice; allowed: once"),
    ],
)
def test_arguments_that_say_nothing_or_two_things(monkeypatch, capsys, arguments, words):
    codes = []
    monkeypatch.setattr(cli.sys, "argv", ["technopole", *arguments])
    monkeypatch.setattr(cli.os, "_exit", codes.append)
    cli.main()
    assert codes == [2]
    assert f"error: {words}" in capsys.readouterr().err


def test_some_options_are_repeatable():
    refuse_unclear(
        ["compare", "a.zarr", "--against", "a=1", "--against", "b=2", "--outcome", "a", "--outcome", "b"]
    )
    refuse_unclear(["run", "a.toml", "--set", "a.b=", "--set", "a.c=1", "-q"])
    assert "--set" in cli_perform.REPEATABLE


def test_messages_count_in_singular_and_plural(tmp_path, capsys):
    sweep = tmp_path / "one.toml"
    sweep.write_text(
        f'[experiment]\nscenario = "{TWO_REGIONS}"\nreplicates = 1\nperiods = 2\n'
        '[design]\nkind = "grid"\n[design.parameters]\n"learning.far" = [0.1]\n'
    )
    experiment(ExperimentOptions(SweepOptions(sweep), tmp_path / "one.zarr"))
    said = capsys.readouterr().err
    assert "1 point × 1 replicate × 2 periods in 1 unit ·" in said
    assert "\n1 unit in " in said
    jobscript(JobOptions("slurm", SweepOptions(sweep), tmp_path / "one.zarr"))
    assert "1 point, 1 replicate, 1 unit;" in capsys.readouterr().out
    status(tmp_path / "one.zarr", verify=True)
    assert "0 units are damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"time": "04:00"}, "--time: found '04:00'; allowed: HH:MM:SS or D-HH:MM:SS"),
        ({"time": "99:99:99"}, "with minutes and seconds below 60"),
        ({"time": "00:00:00"}, "--time: found 00:00:00; allowed: from 00:02:00 to 366 days"),
        ({"time": "9000-00:00:00"}, "to 366 days"),
        ({"time": ""}, "--time: found ''"),
        ({"tasks": 0}, "--tasks: found 0; allowed: from 1 to 100000"),
        ({"tasks": 10**9}, "--tasks: found 1000000000; allowed: from 1 to 100000"),
        ({"processors": -1}, "--cpus: found -1; allowed: from 1 to 4096"),
        ({"scheduler": "slrm"}, 'did you mean "slurm"'),
    ],
)
def test_jobs_are_possible(given, words):
    options = {"scheduler": "slurm", "sweep": SweepOptions(SPILLOVER), **given}
    with pytest.raises(ConfigError) as failure:
        jobscript(JobOptions(**options))
    assert words in str(failure.value) and len(failure.value.problems) == 1


def test_all_problems_of_a_job_are_said(capsys):
    with pytest.raises(ConfigError) as failure:
        jobscript(JobOptions("slurm", SweepOptions(SPILLOVER), None, 0, 0, "soon"))
    assert len(failure.value.problems) == 3 and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("scheduler", "line"), [("slurm", "--time=2-01:30:00"), ("pbs", "walltime=49:30:00")]
)
def test_limits_with_days_are_written_as_the_scheduler_reads_them(capsys, scheduler, line):
    jobscript(JobOptions(scheduler, SweepOptions(SPILLOVER), time="2-01:30:00"))
    assert line in capsys.readouterr().out


def test_tasks_without_work_are_said(capsys):
    jobscript(JobOptions("slurm", SweepOptions(SPILLOVER), tasks=99_999))
    assert "will have nothing to do" in capsys.readouterr().err
