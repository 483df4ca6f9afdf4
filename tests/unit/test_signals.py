"""Signals that stop a command: the first one in order, the same one twice at once no harder, a later one at once."""

import signal
from pathlib import Path

import pytest
import typer

from technopole.basics import signals
from technopole.cli import commands_experiment
from technopole.cli.commands_plan import SweepOptions
from technopole.cli.perform import perform
from technopole.errors import Abandoned, Interrupted


@pytest.fixture
def ended(monkeypatch):
    codes = []
    monkeypatch.setattr(signals.os, "_exit", codes.append)
    return codes


@pytest.mark.parametrize("repeated", signals.SIGNALS)
def test_a_repeat_at_once_is_the_same_wish(ended, repeated):
    with signals.stopping_on_signals(1) as received:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(repeated)
    assert received == ["SIGTERM"] and ended == []


@pytest.mark.parametrize("code", [1, 75])
def test_a_later_one_ends_the_process(ended, monkeypatch, code):
    with signals.stopping_on_signals(code):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        now = signals.time.monotonic()
        monkeypatch.setattr(signals.time, "monotonic", lambda: now + 1.1)
        signal.raise_signal(signal.SIGINT)
    assert ended == [code]


def interrupted(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize(("resumable", "code"), [(False, 1), (True, 75)])
def test_75_is_for_what_can_be_resumed(capsys, resumable, code):
    with pytest.raises(typer.Exit) as end:
        perform(interrupted, resumable)
    assert end.value.exit_code == code
    assert capsys.readouterr().err == "stopped by Ctrl-C: nothing was written\n"


@pytest.mark.parametrize(
    ("options", "kind"), [({}, Abandoned), ({"resume": True}, Interrupted), ({"shard": "0/2"}, Interrupted)]
)
def test_an_experiment_can_be_resumed_once_there_is_a_store(monkeypatch, options, kind):
    monkeypatch.setattr(commands_experiment, "_plan", interrupted)
    with pytest.raises(kind, match="nothing was computed"):
        commands_experiment.experiment(
            commands_experiment.ExperimentOptions(SweepOptions(Path("sweep.toml")), **options)
        )
    assert kind.exit_code == (1 if kind is Abandoned else 75)
