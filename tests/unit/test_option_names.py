"""Messages of the command line name what was typed, not what it is called inside or from Python."""

import pytest

import technopole as tp
from sweeping import TWO_REGIONS, content
from technopole.cli import app
from technopole.config.write import to_toml
from technopole.sweeps.sweep import Sweep


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sweep, its store, and a sweep whose scenario is not there."""
    path = tmp_path_factory.mktemp("options")
    (path / "sweep.toml").write_text(to_toml(content()), encoding="utf-8")
    nowhere = content(experiment={"scenario": "nowhere.toml"})
    (path / "lost.toml").write_text(to_toml(nowhere), encoding="utf-8")
    tp.experiment(Sweep.from_dict(content()), to=path / "store.zarr", workers=1)
    return path


def refused(capsys, *arguments):
    """Call the command; returns its code and the first line of its errors."""
    with pytest.raises(SystemExit) as end:
        app([str(word) for word in arguments], prog_name="technopole")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    return end.value.code, lines[0].removeprefix("error: ")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("claims", TWO_REGIONS, "--claims", "C99"), '--claims: "C99" is unknown; did you mean "C9"?'),
        (("claims", TWO_REGIONS, "--claims", ","), "--claims: none given"),
        (("claims", TWO_REGIONS, "--over", "learning.far=1"), '--over: found "learning.far=1"'),
        (("claims", TWO_REGIONS, "--over", "a.b=0:1:2"), '--over: parameter: "a.b" is no parameter'),
        (("claims", TWO_REGIONS, "--attribution-replicates", 99), "--attribution-replicates: found 99"),
        (("claims", TWO_REGIONS, "--periods", 1), "--periods: found 1; the claims need at least 2"),
        (("claims", TWO_REGIONS, "--set", "time.periods=1"), "time.periods: found 1; the claims need"),
        (("validate", TWO_REGIONS, "--periods", 3), "--periods: found 3; allowed: 12 or more"),
        (("validate", TWO_REGIONS, "--set", "time.periods=3"), "time.periods: found 3; allowed: 12"),
    ],
)
def test_of_claims_and_validate(capsys, command, words):
    code, line = refused(capsys, *command)
    assert code == 2 and line.startswith(words)


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ("learning.technology=0.7", "--against: learning.technology = 0.7 selects 0 points"),
        (
            "learning.far=0.7",
            "--against: learning.far is the same at all points; allowed: learning.technology",
        ),
        ("learning.far", "--against learning.far: found no key and value"),
    ],
)
def test_of_compare(capsys, folder, against, words):
    code, line = refused(capsys, "compare", folder / "store.zarr", "--against", against)
    assert code == 2 and line.startswith(words)
    if "=" in against:
        key, value = against.split("=")
        with pytest.raises(tp.DataError, match=f"^baseline: {key}"):
            tp.compare(folder / "store.zarr", baseline={key: float(value)})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--replicates", 0), "--replicates: experiment.replicates: found 0; allowed: at least 1"),
        (("--set", "experiment.periods=0"), "--set (override): experiment.periods: found 0"),
        (("--set", "learning.far=7"), "--set (override): learning.far: found 7; allowed: a number from 0"),
        (("--set", "experiment.scenario=no.toml"), "--set (override): experiment.scenario: "),
    ],
)
def test_of_sweeps(capsys, folder, more, words):
    code, line = refused(capsys, "plan", folder / "sweep.toml", *more)
    assert code == 2 and line.startswith(words)


def test_missing_scenario_of_a_sweep_is_told_with_the_sweep_and_its_key(capsys, folder, monkeypatch):
    monkeypatch.chdir(folder)
    sweep = folder / "lost.toml"
    code, line = refused(capsys, "plan", sweep)
    assert code == 2 and line.startswith(
        f"{sweep}: experiment.scenario: {folder / 'nowhere.toml'}: no such file"
    )
    code, line = refused(capsys, "plan", folder / "sweep.toml", "--set", f"experiment.scenario={folder}")
    assert line.startswith(f"--set (override): experiment.scenario: {folder}: is a folder")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "store.zarr: is there already; --resume goes on with it, --overwrite replaces it"),
        (("--resume", "--overwrite"), "--resume and --overwrite: one goes on with a store"),
        (("--shard", "0/2", "--overwrite"), "--shard and --overwrite: each shard would"),
    ],
)
def test_arguments_of_python_are_not_named(capsys, folder, monkeypatch, more, words):
    monkeypatch.chdir(folder)
    code, line = refused(capsys, "experiment", "sweep.toml", "--out", "store.zarr", *more)
    assert code == 2 and line.startswith(words)
