"""Workers of Dask that compute the units of an experiment."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import uuid
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import TO_DISTRIBUTE, ConfigError, TechnopoleError
from technopole.experiments.dask_logs import ending_quietly
from technopole.experiments.executor_worker import GRACE_SECONDS, ONE_THREAD, Worker
from technopole.experiments.plan import Plan
from technopole.experiments.store import ExperimentStore
from technopole.files.journal import Entry

QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}
"""What Dask says of tasks that are given up is of no use to anybody; errors come with the units."""


class Dask:
    """Workers of Dask: those of a scheduler, or processes on this machine.

    Parameters
    ----------
    store : ExperimentStore
        Where results go; workers see it under the same path.
    workers : int
        Number of processes, where there is no scheduler.
    address : str or None
        Of a scheduler.

    Raises
    ------
    ConfigError
        If Dask is not installed or the scheduler cannot be reached.
    """

    def __init__(self, store: ExperimentStore, workers: int, address: str | None) -> None:
        import logging

        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError:
            raise ConfigError(TO_DISTRIBUTE) from None
        self._cluster: Any = None
        self._loop: Any = None
        if address is None:
            self._loop = _loop_without_ctrl_c()
            # Dask itself limits the threads of numerical libraries, but not those of numba
            environment = {
                f"distributed.nanny.pre-spawn-environ.{k}": v for k, v in {**ONE_THREAD, **QUIET}.items()
            }
            with dask.config.set(environment):
                self._cluster = LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                    loop=self._loop.loop,
                )
        try:
            make_client: Any = Client
            self._client = make_client(self._cluster if address is None else address, set_as_default=False)
        except (OSError, ValueError) as failure:
            raise ConfigError(
                f"--address: found {address!r}: no scheduler of Dask answers: {failure}"
            ) from None
        self.workers = max(1, sum(self._client.nthreads().values())) if address is not None else workers
        plan = store.plan
        self._plan = self._client.scatter(plan, broadcast=True, hash=False)
        self._where = (str(store.path.absolute()), store.digest, uuid.uuid4().hex)
        self._stopped = False

    def submit(self, number: int) -> Any:
        """Return a future of a unit."""
        return self._client.submit(_work_in_dask, self._plan, self._where, number, pure=False, retries=2)

    def renew(self) -> None:
        """Do nothing: Dask starts other processes by itself."""

    def stop(self) -> None:
        """Give up what is being computed."""
        if not self._stopped:
            self._stopped = True
            asking = threading.Thread(target=self._tell_workers, daemon=True)
            asking.start()
            asking.join(GRACE_SECONDS)  # workers that do not answer compute nothing, or finish their unit

    def _tell_workers(self) -> None:
        with contextlib.suppress(Exception):
            self._client.run(_stop_in_dask, self._where[-1], on_error="ignore")

    def close(self) -> None:
        """End the processes that were started here; nothing they might still do is wanted."""
        with ending_quietly():
            if self._cluster is not None:
                for nanny in list(self._cluster.workers.values()):
                    nanny.auto_restart = False
                    if nanny.pid:
                        with contextlib.suppress(OSError):
                            os.kill(nanny.pid, signal.SIGKILL)
            self._client.close()
            if self._cluster is not None:
                self._cluster.close()
                self._loop.stop()


def _loop_without_ctrl_c() -> Any:
    """Return the running loop of a thread that does not see Ctrl-C, nor do the processes that are started from it.

    Ctrl-C on a terminal is for all processes of the program; workers that are still beginning would answer it with
    tracebacks. This process hears it on its main thread, and ends them.
    """
    from distributed.utils import LoopRunner

    resource_tracker.ensure_running()  # once it has started it lets the signal pass again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner: Any = LoopRunner()
        runner.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return runner


_dask_lock = threading.Lock()
_dask_workers: dict[str, Worker] = {}
_dask_stops: dict[str, NDArray[np.int64]] = {}


def _stop_in_dask(run: str) -> None:
    """Give up, in a worker of Dask, what is being computed for a run."""
    _dask_stops.setdefault(run, np.zeros(1, dtype=np.int64))[0] = 1


def _work_in_dask(plan: Plan, where: tuple[str, str, str], number: int) -> Entry:
    """Compute a unit in a worker of Dask; data are loaded once in each process."""
    path, digest, run = where
    with _dask_lock:
        if run not in _dask_workers:
            if plan.digest != digest:
                raise TechnopoleError("the worker has another version of technopole or of its kernels")
            if not (Path(path) / "zarr.json").is_file():
                raise ConfigError(
                    f"{path}: a worker does not see the store; allowed: a path all workers share"
                )
            _dask_workers.clear()
            stop = _dask_stops.setdefault(run, np.zeros(1, dtype=np.int64))
            _dask_workers[run] = Worker(ExperimentStore(Path(path), plan, digest), stop)
        worker = _dask_workers[run]
    return worker.work(number)
