"""Telling how far a run is: a bar on a terminal, a plain line every half minute elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from technopole.schema.entries import counted
from technopole.simulation.ensemble import Progress, Report

LINE_SECONDS = 30.0


class Watch:
    """Remembers the last report, and passes it on.

    Parameters
    ----------
    show : callable
        Shows a `Progress`.
    """

    def __init__(self, show: Report) -> None:
        self._show = show
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Take a report."""
        self.last = progress
        self._show(progress)


@contextlib.contextmanager
def watching(stream: TextIO, quiet: bool) -> Iterator[Watch]:
    """Show the progress of a run.

    Parameters
    ----------
    stream : text stream
        Gets a bar if it is a terminal, lines otherwise.
    quiet : bool
        Show nothing.

    Yields
    ------
    Watch
        To be called with each `Progress`.
    """
    if quiet:
        yield Watch(lambda progress: None)
    elif stream.isatty():
        with _bar(stream) as show:
            yield Watch(show)
    else:
        yield Watch(PlainLines(stream))


class PlainLines:
    """Writes a line now and then.

    Parameters
    ----------
    stream : text stream
        Gets the lines.
    every : float
        Seconds between two lines.
    clock : callable
        Seconds since any time.
    """

    def __init__(
        self, stream: TextIO, every: float = LINE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._every = every
        self._clock = clock
        self._begin = self._last = clock()

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        now = self._clock()
        if now - self._last >= self._every:
            self._last = now
            self._stream.write(progress_line(progress, now - self._begin) + "\n")
            self._stream.flush()


def progress_line(progress: Progress, seconds: float) -> str:
    """Return one line about a run.

    Parameters
    ----------
    progress : Progress
        How far it is.
    seconds : float
        Since its start.

    Returns
    -------
    str
        Replicates, share done, time left.
    """
    share = progress.periods_done / progress.periods
    line = f"{progress.replicates_done:,} of {counted(progress.replicates, 'replicate')}, {share:.0%}"
    if 0.0 < share < 1.0:
        line += f", about {duration(seconds * (1.0 - share) / share)} left"
    return line


def duration(seconds: float) -> str:
    """Return a length of time for people.

    Parameters
    ----------
    seconds : float
        At least 0.

    Returns
    -------
    str
        Two units at most.
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@contextlib.contextmanager
def _bar(stream: TextIO) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.periods_done,
                total=progress.periods,
                description=f"{progress.replicates_done:,} of {counted(progress.replicates, 'replicate')}",
            )

        yield show
