"""Which units of an experiment are still to be computed, round by round where there is a stopping rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import ConfigError
from technopole.experiments.store import ExperimentStore
from technopole.statistics.stopping import decide


def wanted_units(store: ExperimentStore, done: Mapping[int, Any] | None = None) -> list[int]:
    """Return the units that can be computed now.

    Parameters
    ----------
    store : ExperimentStore
        Any.
    done : mapping of int, optional
        Units that are done; `ExperimentStore.intact_units` if absent.

    Returns
    -------
    list of int
        With a stopping rule those of the first round that is not finished; empty if nothing is left to do. It
        follows from the results alone, whoever computed them.
    """
    return present_round(store, done)[1]


def present_round(
    store: ExperimentStore, done: Mapping[int, Any] | None = None
) -> tuple[NDArray[np.bool_], list[int]]:
    """Return which points take part in the first round that is not finished, and its missing units.

    Parameters
    ----------
    store : ExperimentStore
        Any.
    done : mapping of int, optional
        As for `wanted_units`.

    Returns
    -------
    going : ndarray of bool, shape (point,)
        No point where all rounds are finished and a rule has stopped them.
    missing : list of int
        Empty if nothing is left to do.
    """
    have = store.intact_units() if done is None else done
    plan = store.plan
    for number in range(plan.rounds):
        going = going_points(store, number)
        if not going.any():
            return going, []
        units = plan.round_units(number)
        if plan.sweep.stop is None:
            missing = [unit for unit in units if unit not in have]
        else:
            missing = [
                unit for unit in units if unit not in have and going[_points(plan.unit(unit).points)].any()
            ]
        if missing:
            return going, missing
    return going_points(store, plan.rounds), []


def _points(points: range) -> slice:
    return slice(points.start, points.stop)


def going_points(store: ExperimentStore, number: int) -> NDArray[np.bool_]:
    """Return which points take part in a round; all rounds before it are done.

    Parameters
    ----------
    store : ExperimentStore
        Any.
    number : int
        Round, from 0; the number of rounds: after the last one.

    Returns
    -------
    ndarray of bool, shape (point,)
        All of them in the first round.
    """
    plan = store.plan
    stop = plan.sweep.stop
    if stop is None or number == 0:
        return np.ones(plan.n_points, dtype=bool)
    seen = plan.round_replicates(number - 1).stop
    return ~decide(np.asarray(store.array(stop.outcome)[:, :seen]), stop).stopped


class Shard:
    """A part of the units, for one of several jobs that know nothing of each other.

    Parameters
    ----------
    text : str
        ``I/N``: part I, from 0, of N.

    Raises
    ------
    ConfigError
        If that is not what it is.
    """

    def __init__(self, text: str) -> None:
        part, slash, number = text.partition("/")
        if not (slash and part.strip().isdecimal() and number.strip().isdecimal() and int(number) > 0):
            raise ConfigError(
                f"--shard: found {text!r}; allowed: I/N, part I of N, counted from 0, such as 0/8"
            )
        self.part, self.number = int(part), int(number)
        if self.part >= self.number:
            raise ConfigError(
                f"--shard: found {text!r}; allowed: 0/{self.number} to {self.number - 1}/{self.number}"
            )

    def of(self, units: list[int]) -> list[int]:
        """Return those units that belong to this part, whatever else is done already."""
        return [unit for unit in units if unit % self.number == self.part]
