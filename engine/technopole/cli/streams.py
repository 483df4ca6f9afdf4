"""Standard output and error that may be closed or full: a command does its work all the same, without a traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any


class Forgiving(io.FileIO):
    """A file descriptor to which writing never fails: after the first failure what is written is lost.

    Parameters
    ----------
    descriptor : int
        Stays open.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: Any, /) -> int | None:  # type: ignore[override]
        """Write, or forget it."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as failure:
                self.failure = failure
        return memoryview(data).nbytes


def forgive() -> Forgiving | None:
    """Replace standard output and standard error of this process by ones to which writing never fails.

    Returns
    -------
    Forgiving or None
        Standard output; None if it is closed, or not a file.
    """
    output = _forgiving(sys.stdout)
    if output is not None:
        sys.stdout = output[1]
    elif sys.stdout is None:
        sys.stdout = _nowhere()
    error = _forgiving(sys.stderr)
    if error is not None:
        sys.stderr = error[1]
    elif sys.stderr is None:
        sys.stderr = _nowhere()
    return None if output is None else output[0]


def output_problem(output: Forgiving | None) -> str:
    """Return why standard output is not complete; empty if it is, or if its reader had enough of it.

    Parameters
    ----------
    output : Forgiving or None
        As `forgive` returned it.

    Returns
    -------
    str
        One line.
    """
    failure = None if output is None else output.failure
    if failure is None or failure.errno == errno.EPIPE:
        return ""
    return f"standard output: cannot be written: {failure.strerror or failure}"


def _forgiving(stream: Any) -> tuple[Forgiving, io.TextIOWrapper] | None:
    if not isinstance(stream, io.TextIOWrapper):
        return None
    try:
        raw = Forgiving(stream.fileno())
    except (OSError, ValueError):
        return None
    text = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return raw, text


def _nowhere() -> io.TextIOWrapper:
    """Open a stream for what nobody reads; it also keeps the descriptor from being that of a file of results."""
    return open(os.devnull, "w", encoding="utf-8")
