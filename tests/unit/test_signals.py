"""What signals do to a run."""

import os
import signal

import pytest

from technopole import signals


def test_a_signal_that_is_sent_twice_at_once_counts_once():
    with pytest.raises(KeyboardInterrupt), signals.stopping_on_signals() as received:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # as programs do that signal a process and its group
    assert received == ["SIGTERM"]


def test_a_later_one_ends_the_process(monkeypatch):
    ended = []
    monkeypatch.setattr(signals.os, "_exit", ended.append)
    monkeypatch.setattr(signals, "SAME_SECONDS", -1.0)
    with pytest.raises(KeyboardInterrupt), signals.stopping_on_signals():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
    assert ended == [signals.EXIT_INTERRUPTED]
