"""Signals that stop a command: the first one in order, the same one twice at once no harder, a later one at once."""

import signal

import pytest

from technopole import signals


@pytest.fixture
def ended(monkeypatch):
    codes = []
    monkeypatch.setattr(signals.os, "_exit", codes.append)
    return codes


@pytest.mark.parametrize("repeated", signals.SIGNALS)
def test_a_repeat_at_once_is_the_same_wish(ended, repeated):
    with signals.stopping_on_signals() as received:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(repeated)
    assert received == ["SIGTERM"] and ended == []


def test_a_later_one_ends_the_process(ended, monkeypatch):
    with signals.stopping_on_signals():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        now = signals.time.monotonic()
        monkeypatch.setattr(signals.time, "monotonic", lambda: now + 1.1)
        signal.raise_signal(signal.SIGINT)
    assert ended == [75]
