"""A sequence of launches that NVIDIA's driver keeps as a graph, so that starting it costs one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Graph:
    """The launches of a period, put together the first time and again when they change.

    Parameters
    ----------
    call : callable
        (name, arguments...) → what a function of the driver returns; raises if it fails.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._key: object = None
        self._executable: Any = None
        self._stream = call("cuStreamCreate", 0)  # 0: in order with copies, which name no stream

    def launch(self, driver: Any, key: object, record: Callable[[Any], None], times: int) -> None:
        """Start the launches so many times.

        Parameters
        ----------
        driver : module
            Names the modes of recording.
        key : object
            Says which launches they are: equal keys stand for equal launches.
        record : callable
            (stream) → None: does the launches in a stream; called if they are not the last ones.
        times : int
            How often.
        """
        if key != self._key:
            self._forget()
            self._executable, self._key = self._recorded(driver, record), key
        for _ in range(times):
            self._call("cuGraphLaunch", self._executable, self._stream)

    def close(self) -> None:
        """Give back what the driver holds."""
        self._forget()
        self._call("cuStreamDestroy", self._stream)

    def _recorded(self, driver: Any, record: Callable[[Any], None]) -> Any:
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call("cuStreamBeginCapture", self._stream, mode)
        try:
            record(self._stream)
        finally:
            graph = self._call("cuStreamEndCapture", self._stream)
        try:
            return self._call("cuGraphInstantiate", graph, 0)
        finally:
            self._call("cuGraphDestroy", graph)

    def _forget(self) -> None:
        if self._executable is not None:
            executable, self._executable, self._key = self._executable, None, None
            self._call("cuGraphExecDestroy", executable)
