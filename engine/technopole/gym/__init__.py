"""Gymnasium environments: a government that spends a budget on regions and instruments.

>>> import gymnasium, technopole.gym
>>> env = gymnasium.make("technopole/RegionalPolicy-v0", config="configs/scenarios/two-regions.toml")  # doctest: +SKIP
>>> observation, info = env.reset(seed=7)  # doctest: +SKIP
>>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())  # doctest: +SKIP

Towers, M. et al. (2024): Gymnasium: A standard interface for reinforcement learning environments. arXiv:2407.17032.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.basics.given import whole_number
from technopole.config.resolve import ConfigLike, resolve_config
from technopole.errors import TO_LEARN, ConfigError, StateError
from technopole.gym.arguments import action_weights, refuse_rendering
from technopole.gym.task import ALLOWED, ECONOMY_FEATURES, REGION_FEATURES, Marks, PolicyTask, Seen
from technopole.gym.worlds import Floats, Mask, Worlds
from technopole.schema import SEED_LIMIT
from technopole.world.build import make_blueprint

try:
    import gymnasium
    from gymnasium.utils import seeding
    from gymnasium.vector import AutoresetMode, VectorEnv
    from gymnasium.vector.utils import batch_space
except ImportError:
    raise ImportError(TO_LEARN) from None

__all__ = ["ENVIRONMENT_ID", "RegionalPolicyEnv", "RegionalPolicyVectorEnv"]

ENVIRONMENT_ID = "technopole/RegionalPolicy-v0"
Observation = NDArray[np.float32]


class _Episodes:
    """Episodes of several worlds; what both environments are made of."""

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

    def spaces(self) -> tuple[Any, Any]:
        """Return the spaces of observations and actions of one environment."""
        seen, done = (self.task.observation_size,), (self.task.action_size,)
        return (
            gymnasium.spaces.Box(-1.0, 1.0, seen, np.float32),
            gymnasium.spaces.Box(0.0, 1.0, done, np.float32),
        )


class RegionalPolicyEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """One economy; each step is a period.

    *Action*: a weight from 0 to 1 for each instrument in each group of regions (instrument first). The weights say
    how the budget, a share of all taxes of the last period, is divided: money per worker of the group. Prices: a
    unit of an institution is what an average region spends on it per worker (taxes; for universities: research); a
    subsidy costs its share of the firms' own research. *Observation*: for each region `REGION_FEATURES`, then
    `ECONOMY_FEATURES`, each between -1 and 1. *Reward*: log of equally-distributed-equivalent real income per worker
    (Atkinson 1970) against the begin of the episode; the budget comes from outside and costs nothing. An episode is
    truncated after `periods`; nothing terminates it earlier. ``info``: ``world_seed``, ``spent`` (share of taxes),
    ``welfare``.

    Parameters
    ----------
    config : Config or path
        The economy.
    instruments : sequence of str
        Out of rd_subsidy, infrastructure, university, services, finance.
    groups : mapping of str to sequence of str, optional
        Groups of regions; each region by itself if there are ten or fewer, else all together, if absent.
    budget : float
        As a share of all taxes.
    aversion : float
        Atkinson's aversion to inequality between regions; 1: mean of logs.
    periods : int, optional
        Of an episode; ``time.periods`` if absent.
    warmup : int
        Periods before an episode begins, without policy.
    threads : int, optional
        In place of ``run.threads``.
    data : path, optional
        In place of ``data.path``.
    render_mode : None
        There is nothing to render.

    Raises
    ------
    ConfigError
        If one of them cannot be used.
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        config: ConfigLike,
        *,
        instruments: Sequence[str] = ALLOWED,
        groups: Mapping[str, Sequence[str]] | None = None,
        budget: float = 0.5,
        aversion: float = 1.0,
        periods: int | None = None,
        warmup: int = 5,
        threads: int | None = None,
        data: str | os.PathLike[str] | None = None,
        render_mode: None = None,
    ) -> None:
        refuse_rendering(render_mode)
        self._episodes = _Episodes(
            1, config, instruments, groups, budget, aversion, periods, warmup, threads, data
        )
        self.render_mode = render_mode
        seen, done = self._episodes.spaces()
        self.observation_space: gymnasium.Space[Observation] = seen
        self.action_space: gymnasium.Space[NDArray[np.float32]] = done
        self.action_names = _action_names(self._episodes.task)
        self.observation_names = _observation_names(self._episodes.task)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in a new world.

        Parameters
        ----------
        seed : int, optional
            Of the generator that draws the seeds of the worlds.
        options : dict, optional
            Not used.

        Returns
        -------
        observation : ndarray
        info : dict
        """
        super().reset(seed=seed)
        self._episodes.begin(np.ones(1, dtype=np.bool_), [self.np_random])
        return self._episodes.observe()[0], {"world_seed": int(self._episodes.seeds[0])}

    def step(self, action: ArrayLike) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Spend the budget and do one period.

        Parameters
        ----------
        action : array_like, (instrument × group,)
            Weights from 0 to 1, of `action_space`.

        Returns
        -------
        observation, reward, terminated, truncated, info

        Raises
        ------
        StateError
            If no episode has begun, or the action is not of the space; nothing is done then.
        """
        episodes = self._episodes
        actions = action_weights(action, (episodes.task.action_size,)).reshape(1, -1)
        rewards, spent = episodes.step(actions, np.ones(1, dtype=np.bool_))
        info = {"world_seed": int(episodes.seeds[0]), "spent": float(spent[0]), "welfare": float(rewards[0])}
        over = bool(episodes.done[0] >= episodes.task.periods)
        return episodes.observe()[0], float(rewards[0]), False, over, info

    def close(self) -> None:
        """Let the threads end."""
        self._episodes.worlds.close()


class RegionalPolicyVectorEnv(VectorEnv[Observation, NDArray[np.float32], NDArray[Any]]):
    """Several economies stepped together in threads; each is what `RegionalPolicyEnv` with its seed is.

    An environment whose episode is over begins the next one at the next step (``AutoresetMode.NEXT_STEP``).

    Parameters
    ----------
    config : Config or path
        The economy.
    num_envs : int
        Number of worlds.
    instruments, groups, budget, aversion, periods, warmup, threads, data, render_mode : optional
        As for `RegionalPolicyEnv`.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        config: ConfigLike,
        num_envs: int = 2,
        *,
        instruments: Sequence[str] = ALLOWED,
        groups: Mapping[str, Sequence[str]] | None = None,
        budget: float = 0.5,
        aversion: float = 1.0,
        periods: int | None = None,
        warmup: int = 5,
        threads: int | None = None,
        data: str | os.PathLike[str] | None = None,
        render_mode: None = None,
    ) -> None:
        refuse_rendering(render_mode)
        self._episodes = _Episodes(
            num_envs, config, instruments, groups, budget, aversion, periods, warmup, threads, data
        )
        self.num_envs, self.render_mode = num_envs, render_mode
        self.single_observation_space, self.single_action_space = self._episodes.spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.action_names = _action_names(self._episodes.task)
        self.observation_names = _observation_names(self._episodes.task)
        self._generators: list[np.random.Generator] = []
        self._over = np.zeros(num_envs, dtype=np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in each world.

        Parameters
        ----------
        seed : int or sequence of int, optional
            Of the generators that draw the seeds of the worlds; from one number: it, the next one, …
        options : dict, optional
            Not used.

        Returns
        -------
        observations : ndarray, (num_envs, …)
        infos : dict of ndarray

        Raises
        ------
        ConfigError
            If there are not as many seeds as worlds.
        """
        seeds = [None] * self.num_envs if seed is None else seed
        if isinstance(seeds, int | np.integer):
            seeds = [int(seeds) + number for number in range(self.num_envs)]
        if len(seeds) != self.num_envs:
            raise ConfigError(f"seed: found {len(seeds)} numbers; allowed: {self.num_envs}")
        fresh = [None if one is None else seeding.np_random(one)[0] for one in seeds]
        old = self._generators or [seeding.np_random()[0] for _ in range(self.num_envs)]
        self._generators = [new or before for new, before in zip(fresh, old, strict=True)]
        everything = np.ones(self.num_envs, dtype=np.bool_)
        self._episodes.begin(everything, self._generators)
        self._over[:] = False
        return self._episodes.observe(), _infos(everything, world_seed=self._episodes.seeds)

    def step(self, actions: ArrayLike) -> tuple[Observation, Floats, Mask, Mask, dict[str, Any]]:
        """Spend the budgets and do one period in each world; begin the next episode where one was over.

        Parameters
        ----------
        actions : array_like, (num_envs, instrument × group)
            Weights from 0 to 1, of `action_space`.

        Returns
        -------
        observations, rewards, terminations, truncations, infos

        Raises
        ------
        StateError
            If no episode has begun, or an action is not of the space; nothing is done then.
        """
        episodes = self._episodes
        weights = action_weights(actions, (self.num_envs, episodes.task.action_size))
        over, going = self._over.copy(), ~self._over
        rewards, spent = np.zeros(self.num_envs), np.zeros(self.num_envs)
        if going.any():
            all_rewards, all_spent = episodes.step(weights, going)
            rewards[going], spent[going] = all_rewards[going], all_spent[going]
        if over.any():
            episodes.begin(over, self._generators)
        self._over = going & (episodes.done >= episodes.task.periods)
        infos = _infos(np.ones(self.num_envs, dtype=np.bool_), world_seed=episodes.seeds)
        infos |= _infos(going, spent=spent, welfare=rewards)
        return episodes.observe(), rewards, np.zeros_like(over), self._over.copy(), infos

    def close_extras(self, **kwargs: Any) -> None:
        """Let the threads end."""
        self._episodes.worlds.close()


def _infos(which: Mask, **values: NDArray[Any]) -> dict[str, Any]:
    """Return infos of several environments as Gymnasium lays them out: values, and where they hold."""
    infos: dict[str, Any] = {}
    for name, array in values.items():
        infos[name] = np.where(which, array, 0)
        infos[f"_{name}"] = which.copy()
    return infos


def _action_names(task: PolicyTask) -> list[str]:
    return [f"{name}, {group}" for name in task.instruments for group in task.groups]


def _observation_names(task: PolicyTask) -> list[str]:
    return [*(f"{name}, {region}" for region in task.regions for name in REGION_FEATURES), *ECONOMY_FEATURES]


def _register() -> None:
    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(
            ENVIRONMENT_ID,
            entry_point="technopole.gym:RegionalPolicyEnv",
            vector_entry_point="technopole.gym:RegionalPolicyVectorEnv",
        )


_register()
