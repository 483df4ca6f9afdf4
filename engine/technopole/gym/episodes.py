"""Episodes of the environments: worlds that begin, are observed, spend and are judged."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import whole_number
from technopole.config.resolve import ConfigLike, resolve_config
from technopole.errors import StateError
from technopole.gym.task import ECONOMY_FEATURES, REGION_FEATURES, Marks, PolicyTask, Seen
from technopole.gym.worlds import Floats, Mask, Worlds
from technopole.schema import SEED_LIMIT
from technopole.world.build import make_blueprint

Observation = NDArray[np.float32]


class Episodes:
    """Episodes of several worlds; what both environments are made of.

    Parameters
    ----------
    number : int
        Of worlds.
    config, instruments, groups, budget, aversion, periods, warmup, threads, data
        As for `technopole.gym.RegionalPolicyEnv`.

    Attributes
    ----------
    task : PolicyTask
        What is to be learned.
    worlds : Worlds
        To be closed.
    done : ndarray of int64, shape (world,)
        Periods of the episode of each world.
    seeds : ndarray of int64, shape (world,)
        Of the worlds.

    Raises
    ------
    ConfigError
        If one of them cannot be used.
    """

    def __init__(
        self,
        number: int,
        config: ConfigLike,
        instruments: Sequence[str],
        groups: Mapping[str, Sequence[str]] | None,
        budget: float,
        aversion: float,
        periods: int | None,
        warmup: int,
        threads: int | None,
        data: str | os.PathLike[str] | None,
    ) -> None:
        resolved = resolve_config(config, threads=threads, data=data)
        for name, value in (("periods", periods), ("warmup", warmup), ("num_envs", number)):
            if value is not None:
                whole_number(name, value, 1)
        blueprint = make_blueprint(resolved)
        length = int(resolved.time.periods) if periods is None else int(periods)
        self.task = PolicyTask(blueprint, instruments, groups, budget, aversion, length)
        self.worlds = Worlds(blueprint, number)
        self._warmup = int(warmup)
        self.done = np.zeros(number, dtype=np.int64)
        self.seeds = np.zeros(number, dtype=np.int64)
        self._seen: Seen | None = None
        self._marks: Marks | None = None

    def begin(self, which: Mask, generators: Sequence[np.random.Generator]) -> None:
        """Begin episodes in some worlds."""
        for world in np.flatnonzero(which).tolist():
            self.seeds[world] = generators[world].integers(0, SEED_LIMIT, endpoint=True)
            self.worlds.start(world, int(self.seeds[world]))
        for _ in range(self._warmup):
            self._seen = self.worlds.step(which)
        assert self._seen is not None
        # of worlds that have not begun yet there may be nothing to compare with
        with np.errstate(all="ignore"):
            marks = self.task.marks(self._seen)
        if self._marks is None:
            self._marks = marks
        for name, values in vars(marks).items():
            getattr(self._marks, name)[which] = values[which]
        self.done[which] = 0

    def observe(self) -> Observation:
        """Return the observations of all worlds; episodes have begun."""
        assert self._seen is not None and self._marks is not None
        return self.task.observe(self._seen, self._marks, self.done)

    def step(self, actions: Floats, which: Mask) -> tuple[Floats, Floats]:
        """Do a period in some worlds; returns rewards and what was spent as a share of taxes, of all worlds."""
        if self._seen is None or self._marks is None:
            raise StateError("step: no episode has begun; call reset first")
        taxes = self._seen.recorded["tax"].sum(axis=(1, 2))
        policies, spent = self.task.spend(actions, self._seen)
        self._seen = self.worlds.step(which, policies)
        self.done[which] += 1
        return self.task.reward(self._seen, self._marks), spent / np.maximum(taxes, 1e-300)

    @property
    def action_names(self) -> list[str]:
        """What each number of an action is about."""
        return [f"{name}, {group}" for name in self.task.instruments for group in self.task.groups]

    @property
    def observation_names(self) -> list[str]:
        """What each number of an observation is."""
        regions = [f"{name}, {region}" for region in self.task.regions for name in REGION_FEATURES]
        return [*regions, *ECONOMY_FEATURES]

    def spaces(self) -> tuple[Any, Any]:
        """Return the spaces of observations and actions of one environment."""
        from gymnasium.spaces import Box

        seen, done = (self.task.observation_size,), (self.task.action_size,)
        return (
            Box(-1.0, 1.0, seen, np.float32),
            Box(0.0, 1.0, done, np.float32),
        )
