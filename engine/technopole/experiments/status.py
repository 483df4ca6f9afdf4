"""How far an experiment is: what its journals say, without its data and without disturbing anybody."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from technopole.experiments.rounds import present_round
from technopole.experiments.store import ExperimentStore


@dataclass(frozen=True)
class Status:
    """How far an experiment is.

    Attributes
    ----------
    name, path : str
        Of the sweep and the store.
    units, units_done, units_missing : int
        With a stopping rule `units` is the most there can be and `units_missing` those of the present round.
    units_damaged : int
        Committed, but their files are not there with their size; computed again by ``--resume``.
    replicates, replicates_done, replicates_failed : int
        Over all points.
    rounds : int
        Of the stopping rule; 1 without.
    points_stopped : int
        By the stopping rule, after the rounds that are finished.
    statistics_missing : int
        Files of the statistics that were written and are not there with their size; written again by ``--resume``.
    complete : bool
        The statistics of all replicates are written.
    processes : int
        Journals.
    replicates_per_second : float or None
        Over the last units; None if there are too few.
    seconds_left : float or None
        At that rate.
    errors : tuple of (int, int, str)
        Point, replicate, message.
    """

    name: str
    path: str
    units: int
    units_done: int
    units_missing: int
    units_damaged: int
    replicates: int
    replicates_done: int
    replicates_failed: int
    rounds: int
    points_stopped: int
    statistics_missing: int
    complete: bool
    processes: int
    replicates_per_second: float | None
    seconds_left: float | None
    errors: tuple[tuple[int, int, str], ...]

    def numbers(self) -> dict[str, Any]:
        """Return all of it for programs."""
        return asdict(self)


def experiment_status(store: str | os.PathLike[str]) -> Status:
    """Say how far an experiment is.

    Parameters
    ----------
    store : path
        Its store.

    Returns
    -------
    Status
        At this moment; others may go on writing.

    Raises
    ------
    DataError
        If there is no such store, or a stopping rule needs outcomes that cannot be read.
    """
    opened = ExperimentStore.open(store)
    plan = opened.plan
    committed, intact = opened.done_units(), opened.intact_units()
    statistics = len(opened.missing_statistics())
    going, missing = present_round(opened, intact)
    stopped = int((~going).sum()) if plan.sweep.stop is not None else 0
    done = sum(entry.done for entry in intact.values())
    failed = sum(entry.failed for entry in intact.values())
    left = sum(len(plan.unit(unit).points) * len(plan.unit(unit).replicates) for unit in missing)
    rate = _rate([(entry.time, entry.done + entry.failed) for entry in intact.values()])
    return Status(
        plan.sweep.name,
        os.fspath(store),
        plan.n_units,
        len(intact),
        len(missing),
        len(committed) - len(intact),
        plan.n_points * plan.replicates,
        done,
        failed,
        plan.rounds,
        stopped,
        statistics,
        bool(opened.attributes["complete"]) and not missing and not statistics,
        opened.processes(),
        rate,
        left / rate if rate else None,
        tuple(error for _, entry in sorted(intact.items()) for error in entry.errors),
    )


def _rate(commits: list[tuple[float, int]]) -> float | None:
    """Return replicates per second over the latest half of the commits."""
    ordered = sorted(commits)
    recent = ordered[len(ordered) // 2 :] if len(ordered) > 8 else ordered
    span = recent[-1][0] - recent[0][0] if recent else 0.0
    # the first commit marks the beginning only
    return sum(count for _, count in recent[1:]) / span if span > 0.0 else None
