"""What every executor of an experiment is made of: a worker that computes units and writes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from technopole.experiments.points import PointWorlds
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.files.journal import Entry

GRACE_SECONDS = 1.0
"""Processes that do not end by then are killed: those that are still starting, above all."""
ONE_THREAD = {
    name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
"""In workers that are processes: units run on one thread each."""


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
