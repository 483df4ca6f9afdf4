"""Keeping back what Dask logs of connections that end because they are meant to."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

AFTERWARDS = 10.0
"""Seconds for which the threads of Dask may still find connections closed."""


class Hush(logging.Filter):
    """Lets nothing but what is critical pass, for as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is shown."""
        return record.levelno >= logging.CRITICAL or time.monotonic() > self.until


_hush = Hush()


@contextlib.contextmanager
def ending_quietly() -> Iterator[None]:
    """Keep back what Dask says of the end of its connections, in the block and some seconds after it.

    Dask itself is quiet while a cluster of its own is there, and at the end of that no longer, although its
    scheduler still runs and finds the connections to the workers closed.
    """
    _hush.until = float("inf")
    for handler in logging.getLogger("distributed").handlers:
        handler.addFilter(_hush)  # once, however often it is added
    try:
        yield
    finally:
        _hush.until = time.monotonic() + AFTERWARDS
