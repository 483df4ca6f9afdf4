"""One at a time: a model is moved by one thread, and not by a hook in the middle of a step."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from technopole.errors import StateError


class ModelLock:
    """A model that one at a time may move; see `technopole.Model`."""

    _lock: threading.Lock

    @contextlib.contextmanager
    def moving(self, what: str) -> Iterator[None]:
        """Let nobody else move the model meanwhile.

        Parameters
        ----------
        what : str
            For the message: who asks.

        Yields
        ------
        None
            While nobody else can.

        Raises
        ------
        StateError
            If somebody moves it already.
        """
        self.take(what)
        try:
            yield
        finally:
            self.leave()

    def take(self, what: str) -> None:
        """Let nobody else move the model until `leave` is called.

        Parameters
        ----------
        what : str
            For the message: who asks.

        Raises
        ------
        StateError
            If somebody moves it already.
        """
        if not self._lock.acquire(blocking=False):
            raise StateError(
                f"{what}: the model is in the middle of a step: of another thread, of the hook that asks for this, or "
                "of a process that was forked meanwhile; one at a time may move a model (fork() makes another one)"
            )

    def leave(self) -> None:
        """Let others move the model again."""
        self._lock.release()
