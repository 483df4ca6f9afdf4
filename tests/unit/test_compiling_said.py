"""All commands that compile say the same about it: why people wait, and whether kernels can be kept."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ROOT
from technopole.cli import app
from technopole.errors import TechnopoleError
from technopole.startup import warmup

SWEEP = ROOT / "configs" / "sweeps" / "feedback.toml"
TWO_REGIONS = ROOT / "configs" / "scenarios" / "two-regions.toml"
COMMANDS = {
    "run": ["run", TWO_REGIONS],
    "claims": ["claims", TWO_REGIONS],
    "validate": ["validate", TWO_REGIONS],
    "plan": ["plan", SWEEP],
    "experiment": ["experiment", SWEEP],
    "bench": ["bench", TWO_REGIONS],
    "warmup": ["warmup"],
}


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Runs a command that finds no compiled kernels, up to where they are; returns what it says."""
    monkeypatch.chdir(tmp_path)

    def compile_kernels(precision="float64"):
        raise TechnopoleError(f"compilation of {precision} begins")

    monkeypatch.setattr(warmup, "compile_in_background", compile_kernels)

    def run(place, *arguments, compiled=()):
        monkeypatch.setattr(warmup, "cache_directory", lambda: place)
        monkeypatch.setattr(warmup, "has_compiled_code", lambda precision="float64": precision in compiled)
        done = CliRunner().invoke(app, [str(one) for one in arguments])
        assert done.exit_code == 1, done.output
        return done.stderr.splitlines()

    return run


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "warmup"])
def test_that_kernels_cannot_be_kept_is_said(said, command):
    lines = said(None, *COMMANDS[command])
    assert lines[-3].startswith("compiling the kernels for this processor (about ")
    assert lines[-3].endswith(" s, at every start) …")
    assert lines[-2].startswith("note: compiled kernels cannot be kept, as no folder can be written")
    assert lines[-1].endswith("compilation of float64 begins")


@pytest.mark.parametrize("command", COMMANDS)
def test_that_kernels_are_compiled_once_is_said(said, command, monkeypatch):
    monkeypatch.delenv("TECHNOPOLE_CACHE", raising=False)
    lines = said(Path("/home/one/.cache"), *COMMANDS[command])
    assert lines[-2].endswith(" s, once) …") and not any("note: " in line for line in lines)


def test_warmup_does_not_compile_what_cannot_be_kept(said):
    (line,) = said(None, "warmup")
    assert (
        "kernels cannot be kept, so nothing was compiled: no folder can be written; set TECHNOPOLE_CACHE"
        in line
    )


@pytest.mark.parametrize("command", ["run", "claims", "validate", "bench"])
def test_the_precision_of_the_configuration_counts(said, command):
    lines = said(Path("/a"), *COMMANDS[command], "--set", "run.precision=float32", compiled={"float64"})
    assert lines[-1].endswith("compilation of float32 begins")
    assert any(line.startswith("compiling the kernels") for line in lines)


def test_a_quiet_experiment_says_nothing(said):
    (line,) = said(None, *COMMANDS["experiment"], "--quiet")
    assert line.endswith("compilation of float64 begins")
