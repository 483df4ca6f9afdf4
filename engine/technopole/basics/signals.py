"""What is done when somebody wants a run to stop: by the command line, and in the middle of a period."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIGNALS = (signal.SIGINT, signal.SIGTERM)
REPEAT_SECONDS = 1.0
"""Signals that follow the first one so soon are not meant to end the process at once."""


@contextlib.contextmanager
def stopping_on_signals(code: int) -> Iterator[list[str]]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt on the main thread; a later one ends the process.

    A run then stops its other threads at the end of their period. What comes within `REPEAT_SECONDS` is the same
    wish once more: ``timeout`` and shells signal a process and its group, which it is in. A signal that was ignored
    before, as in a job that a shell put into the background, stays so. Only for the main thread of a program of
    one's own.

    Parameters
    ----------
    code : int
        Exit code of the process that a later one ends.

    Yields
    ------
    list of str
        Names of the signals that came.
    """
    received: list[str] = []
    since = 0.0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal since
        if received:
            if time.monotonic() - since >= REPEAT_SECONDS:
                os._exit(code)
            return
        since = time.monotonic()
        received.append(signal.Signals(number).name)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in SIGNALS}
    changed = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in changed:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number in changed:
            signal.signal(number, before[number])


@contextlib.contextmanager
def interrupts_later(stop: NDArray[np.int64] | None = None) -> Iterator[None]:
    """Hold a Ctrl-C back until the block has ended, so that it does not leave anything half done.

    On other threads than the main one nothing is changed: they get no signals.

    Parameters
    ----------
    stop : ndarray of int64, shape (1,), optional
        Set to 1 when it comes, so that the block can end early.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        if stop is not None:
            stop[0] = 1

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])
