"""Who computes the units of an experiment: threads, processes, a Dask cluster. Results go to the store.

An executor takes numbers of units and returns futures of the lines that were written to a journal. It can be told
to stop: what is being computed is then given up at the end of a period.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from technopole.basics.machine import available_processors
from technopole.errors import TO_DISTRIBUTE, ConfigError, TechnopoleError
from technopole.experiments.dask_logs import ending_quietly
from technopole.experiments.plan import Plan
from technopole.experiments.points import PointWorlds
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.files.journal import Entry

CONNECT_SECONDS = 10
"""So long a scheduler of Dask is waited for."""
GRACE_SECONDS = 1.0
"""Processes that do not end by then are killed: those that are still starting, above all."""
KINDS = ("threads", "processes", "dask")
ONE_THREAD = {
    name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
"""In workers that are processes: units run on one thread each."""
QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}
"""What Dask says of tasks that are given up is of no use to anybody; errors come with the units."""


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


class Worker:
    """Computes units on one thread or several, and writes them.

    Parameters
    ----------
    store : ExperimentStore
        Where results go.
    stop : ndarray of int64, shape (1,)
        Not 0: stop.
    """

    def __init__(self, store: ExperimentStore, stop: NDArray[np.int64]) -> None:
        self._store, self._stop = store, stop
        self._worlds = PointWorlds(store.plan)

    def work(self, number: int) -> Entry:
        """Compute and write a unit."""
        return self._store.write_unit(compute_unit(self._worlds, self._store.plan.unit(number), self._stop))


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
    """Raise if there is no such executor; parameters as for `make_executor`.

    Parameters
    ----------
    kind : str
    workers : int or None
    address : str or None

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
