"""Processes on this machine that compute the units of an experiment."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from technopole.experiments.executor_worker import GRACE_SECONDS, ONE_THREAD, Worker
from technopole.experiments.plan import Plan
from technopole.experiments.store import ExperimentStore
from technopole.files.journal import Entry


class Processes:
    """Processes on this machine, started afresh (spawn); one that dies does not take the others with it for long.

    Parameters
    ----------
    store : ExperimentStore
        Where results go.
    workers : int
        Number of processes.
    """

    def __init__(self, store: ExperimentStore, workers: int) -> None:
        self.workers = workers
        self._context = multiprocessing.get_context("spawn")
        self._flag = self._context.RawArray("q", 1)
        self._arguments = (store.plan, str(store.path), store.digest, self._flag)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, self._context, _begin_process, self._arguments)

    def submit(self, number: int) -> Future[Entry]:
        """Return a future of a unit."""
        with _environment(ONE_THREAD):  # processes start here
            return self._pool.submit(_work_in_process, number)

    def renew(self) -> None:
        """Start other processes after one has died."""
        self._pool.shutdown(cancel_futures=True)
        self._pool = self._new_pool()

    def stop(self) -> None:
        """Give up what is being computed."""
        self._flag[0] = 1

    def close(self) -> None:
        """Wait until all has ended; after a while end it, which loses nothing that is committed."""
        processes = list((self._pool._processes or {}).values())
        manager = getattr(self._pool, "_executor_manager_thread", None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + GRACE_SECONDS
        for process in processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
        if (
            manager is not None
        ):  # it removes semaphores: a program that ends in the middle of that leaves a warning
            manager.join(GRACE_SECONDS)


_process: dict[str, Worker] = {}


def _begin_process(plan: Plan, path: str, digest: str, flag: Any) -> None:
    """Prepare a worker process: Ctrl-C is for its parent, which it does not outlive."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    stop = np.frombuffer(flag, dtype=np.int64)
    _process["worker"] = Worker(ExperimentStore(Path(path), plan, digest), stop)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _work_in_process(number: int) -> Entry:
    return _process["worker"].work(number)


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Give the processes that are started meanwhile some environment variables."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
