"""Who computes the units of an experiment: threads, processes, a Dask cluster. Results go to the store.

An executor takes numbers of units and returns futures of the lines that were written to a journal. It can be told
to stop: what is being computed is then given up at the end of a period.
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from technopole.basics.machine import available_processors
from technopole.errors import ConfigError
from technopole.experiments.executor_dask import Dask
from technopole.experiments.executor_processes import Processes
from technopole.experiments.executor_worker import Worker
from technopole.experiments.store import ExperimentStore
from technopole.files.journal import Entry

CONNECT_SECONDS = 10
"""So long a scheduler of Dask is waited for."""
KINDS = ("threads", "processes", "dask")


class Executor(Protocol):
    """What `make_executor` returns."""

    workers: int

    def submit(self, number: int) -> Any:
        """Return a future, with ``add_done_callback``, of the `Entry` of a unit."""

    def renew(self) -> None:
        """Start other processes after one has died."""

    def stop(self) -> None:
        """Give up what is being computed."""

    def close(self) -> None:
        """Wait until all has ended."""


class Threads:
    """Threads of this process; kernels run without the interpreter's lock.

    Parameters
    ----------
    store : ExperimentStore
        Where results go.
    workers : int
        Number of threads.
    """

    def __init__(self, store: ExperimentStore, workers: int) -> None:
        self.workers = workers
        self._stop = np.zeros(1, dtype=np.int64)
        self._worker = Worker(store, self._stop)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="technopole")

    def submit(self, number: int) -> Future[Entry]:
        """Return a future of a unit."""
        return self._pool.submit(self._worker.work, number)

    def renew(self) -> None:
        """Do nothing: threads do not die alone."""

    def stop(self) -> None:
        """Give up what is being computed."""
        self._stop[0] = 1

    def close(self) -> None:
        """Wait until all has ended."""
        self._pool.shutdown(cancel_futures=True)


def make_executor(
    kind: str, store: ExperimentStore, workers: int | None, address: str | None, most: int
) -> Executor:
    """Return an executor.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    store : ExperimentStore
        Where results go.
    workers : int or None
        None: as many as there are processors.
    address : str or None
        Of a scheduler of Dask.
    most : int
        Units; more workers are of no use.

    Returns
    -------
    Executor
        To be closed.

    Raises
    ------
    ConfigError
        As `check_executor`.
    """
    check_executor(kind, workers, address)
    number = max(1, min(available_processors().number if workers is None else workers, most))
    if kind == "threads":
        return Threads(store, number)
    return Processes(store, number) if kind == "processes" else Dask(store, number, address)


def check_executor(kind: str, workers: int | None, address: str | None) -> None:
    """Raise if there is no such executor.

    Parameters
    ----------
    kind, workers, address
        As for `make_executor`.

    Raises
    ------
    ConfigError
        If there is no such executor, the options do not go together, or no scheduler answers.
    """
    if kind not in KINDS:
        raise ConfigError(f"--executor: found {kind!r}; allowed: {', '.join(KINDS)}")
    if address is not None and kind != "dask":
        raise ConfigError(f"--address: is that of a scheduler of Dask; the executor is {kind}")
    if address is not None and not re.fullmatch(r"[a-z]+://\S+:\d+", address):
        raise ConfigError(f"--address: found {address!r}; allowed: such as tcp://host:8786")
    if address is not None:
        _refuse_silent(address)
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers: found {workers}; allowed: from 1")


def _refuse_silent(address: str) -> None:
    """Raise if nobody listens at an address; Dask itself would try for a minute."""
    protocol, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if protocol in ("tcp", "tls"):
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as failure:
            raise ConfigError(
                f"--address: found {address!r}: no scheduler of Dask answers: {failure.strerror or failure}"
            ) from None
