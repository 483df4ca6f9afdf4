"""What the command line does when it is told to stop."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from technopole.errors import EXIT_INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[list[str]]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt on the main thread; a second one ends the process.

    A run then stops its other threads at the end of their period. A signal that was ignored before, as in a
    job that a shell put into the background, stays so. Only for the main thread of a program of one's own.

    Yields
    ------
    list of str
        Names of the signals that came.
    """
    received: list[str] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            os._exit(EXIT_INTERRUPTED)
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
