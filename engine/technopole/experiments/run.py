"""Running an experiment: a sweep from its plan to a finished store, or to where it was stopped.

>>> import technopole as tp
>>> tp.experiment("configs/sweeps/feedback.toml", to="runs/feedback.zarr")  # doctest: +SKIP
>>> ds = tp.open("runs/feedback.zarr")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.basics.given import path_given, whole_number
from technopole.device.shared import close_devices, device_name
from technopole.errors import ConfigError, DataError, Interrupted, OutputError, TechnopoleError
from technopole.experiments.arguments import refuse_arguments, refuse_beside_sweep
from technopole.experiments.executors import check_executor
from technopole.experiments.finalize import finalize
from technopole.experiments.plan import Plan, make_plan
from technopole.experiments.rounds import Shard, wanted_units
from technopole.experiments.run_rounds import compute_rounds, what_is_done
from technopole.experiments.store import ExperimentStore
from technopole.files.leftovers import leftovers_beside, remove_leftovers
from technopole.results.accessor import register
from technopole.schema.entries import counted
from technopole.simulation.ensemble import Report
from technopole.sweeps.sweep import Sweep

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class ExperimentReport:
    """What an experiment came to.

    Attributes
    ----------
    path : str
        Of the store.
    units : int
        That were computed now.
    missing : int
        That other shards have still to compute.
    done, failed : int
        Replicates in the store, counted over all points; where units are left to other shards, those of the units of
        this shard.
    errors : tuple of (int, int, str)
        Id of the point, replicate, message, of each that failed.
    complete : bool
        All is computed and the statistics are written.
    seconds : float
        It took now.
    """

    path: str
    units: int
    missing: int
    done: int
    failed: int
    errors: tuple[tuple[int, int, str], ...]
    complete: bool
    seconds: float


def experiment(
    sweep: Sweep | str | os.PathLike[str],
    to: str | os.PathLike[str],
    executor: str = "threads",
    workers: int | None = None,
    address: str | None = None,
    shard: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Report | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: str | os.PathLike[str] | None = None,
    backend: str | None = None,
) -> ExperimentReport:
    """Run an experiment, or go on with one.

    The arrays of the store are the same to the last bit for any executor, number of workers and shards, and
    whatever it was interrupted by.

    Parameters
    ----------
    sweep : Sweep or path
        Sweep, or TOML file.
    to : path
        Store, ends with ``.zarr``.
    executor : str
        ``threads``, ``processes`` (on this machine) or ``dask``.
    workers : int, optional
        All processors this process may use, if absent.
    address : str, optional
        Of a scheduler of Dask; processes on this machine if absent.
    shard : str, optional
        ``I/N``: only part I, from 0, of N; a store of the same plan that is there is gone on with.
    resume : bool
        Go on with a store that is there.
    overwrite : bool
        Replace it.
    progress : callable, optional
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.
    overrides : mapping, optional
        Dotted key → value, in place of what the file says; refused beside a Sweep, which is made already.
    data : path, optional
        In place of ``data.path``; refused beside a Sweep.
    backend : str, optional
        In place of ``experiment.backend``; refused beside a Sweep.

    Returns
    -------
    ExperimentReport
        Replicates that failed are counted there and do not stop the others.

    Raises
    ------
    ConfigError
        If the sweep or an argument cannot be used, or the store is that of another plan.
    OutputError
        If the store cannot be written; what was committed stays, and ``resume`` goes on.
    TechnopoleError
        If units that were computed are missing at the end, as somebody deletes or changes their files.
    Interrupted
        On Ctrl-C: the same.
    """
    refuse_arguments(sweep, to, workers, shard, progress, resume=resume, overwrite=overwrite)
    if isinstance(sweep, Sweep):
        refuse_beside_sweep(overrides=overrides, data=data, backend=backend)
    if backend is not None:
        overrides = {**(overrides or {}), "experiment.backend": backend}
    chosen = sweep if isinstance(sweep, Sweep) else Sweep.from_toml(sweep, overrides, data)
    number = None if workers is None else whole_number("workers", workers, 1)
    return run_experiment(
        make_plan(chosen), to, executor, number, address, shard, resume, overwrite, progress
    )


def run_experiment(
    plan: Plan,
    to: str | os.PathLike[str],
    executor: str = "threads",
    workers: int | None = None,
    address: str | None = None,
    shard: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Report | None = None,
) -> ExperimentReport:
    """Run a plan; parameters and errors as for `experiment`."""
    begin = time.perf_counter()
    part = None if shard is None else Shard(shard)
    check_executor(
        executor, workers, address
    )  # before a store is made that would be in the way of the next try
    if resume and overwrite:
        raise ConfigError(
            "--resume and --overwrite (resume=True, overwrite=True): one goes on with a store, the other replaces it; "
            "choose one"
        )
    if part is not None and overwrite:
        raise ConfigError(
            "--shard and --overwrite (shard=, overwrite=True): each shard would remove what the others have computed; "
            "delete the store once before the shards start, or give them another one"
        )
    backend = plan.sweep.config.run.backend
    if backend != "cpu" and address is None:  # workers of a cluster have devices of their own
        device_name(backend)
        if executor != "threads":
            close_devices()
    store = _store(plan, to, resume or part is not None, overwrite)
    try:
        computed: Counter[int] = Counter()
        missing = wanted_units(store)
        if missing:
            computed = compute_rounds(store, missing, part, executor, workers, address, progress)
            missing = wanted_units(store)
            _refuse_lost(store, [unit for unit in missing if part is None or computed[unit]])
        if not missing:
            if computed or not store.attributes["complete"] or store.missing_statistics():
                finalize(store)
            store.remove_leftovers()
    except KeyboardInterrupt:
        raise Interrupted(what_is_done(store)) from None
    done = store.done_units()
    # as long as others are at work each shard answers for its own units
    own = list(done) if part is None or not missing else part.of(list(done))
    entries = [done[unit] for unit in own]
    return ExperimentReport(
        str(store.path),
        computed.total(),
        len(missing),
        sum(entry.done for entry in entries),
        sum(entry.failed for entry in entries),
        tuple(error for entry in entries for error in entry.errors),
        bool(store.attributes["complete"]),
        time.perf_counter() - begin,
    )


def _store(plan: Plan, to: str | os.PathLike[str], resume: bool, overwrite: bool) -> ExperimentStore:
    """Return the store to be filled, made if need be."""
    remove_leftovers(leftovers_beside(Path(to)))
    if overwrite or not os.path.lexists(to):
        return ExperimentStore.create(to, plan, overwrite)
    if not resume:
        try:
            ExperimentStore.open(to)
        except DataError as failure:
            raise OutputError(f"{failure}; choose another path") from None
        raise OutputError(
            f"{to}: is there already; --resume (resume=True) goes on with it, --overwrite (overwrite=True) replaces it"
        )
    return ExperimentStore.open(to, plan)


def _refuse_lost(store: ExperimentStore, lost: list[int]) -> None:
    """Raise if units are missing that this process has computed, or that nobody else would compute."""
    store.check_plan()
    if lost:
        verbs = "was computed and is" if len(lost) == 1 else "were computed and are"
        raise TechnopoleError(
            f"{store.path}: {counted(len(lost), 'unit')} {verbs} missing again, the first of them unit {lost[0]} "
            f"({next(store.files.chunks(lost[0]))}): somebody deletes or changes files of the store; when that has "
            "ended, --resume computes them"
        )


def open_experiment(store: str | os.PathLike[str]) -> xr.Dataset:
    """Open the store of an experiment, finished or not.

    Parameters
    ----------
    store : path
        What `experiment` made.

    Returns
    -------
    xarray.Dataset
        Nothing is read before it is used: arrays of Dask if that is installed, else read when they are
        indexed. The varied parameters are coordinates along ``point`` under their dotted keys; `NAME_mean` and
        the like are NaN until the experiment is finished.

    Raises
    ------
    ConfigError
        If it is no path.
    DataError
        If there is no such store.
    """
    import xarray as xr

    from technopole.experiments.store_plans import read_attributes

    read_attributes(_path(store))
    register()
    chunks: dict[str, int] | None = {} if importlib.util.find_spec("dask") is not None else None
    ds: xr.Dataset = xr.open_zarr(_path(store), chunks=chunks, consolidated=True)
    small = {name: ds[name].load() for name in ds.coords}
    return ds.assign_coords(small)


def _path(store: Any) -> Any:
    return path_given("store", store, "the path of a store made by technopole experiment")
