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

from technopole.config.resolve import ConfigLike
from technopole.errors import TO_LEARN, ConfigError
from technopole.gym.arguments import action_weights, refuse_rendering
from technopole.gym.episodes import Episodes, Observation
from technopole.gym.task import ALLOWED
from technopole.gym.worlds import Floats, Mask

try:
    import gymnasium
    from gymnasium.utils import seeding
    from gymnasium.vector import AutoresetMode, VectorEnv
    from gymnasium.vector.utils import batch_space
except ImportError:
    raise ImportError(TO_LEARN) from None

__all__ = ["ENVIRONMENT_ID", "RegionalPolicyEnv", "RegionalPolicyVectorEnv"]

ENVIRONMENT_ID = "technopole/RegionalPolicy-v0"


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
        self._episodes = Episodes(
            1, config, instruments, groups, budget, aversion, periods, warmup, threads, data
        )
        self.render_mode = render_mode
        seen, done = self._episodes.spaces()
        self.observation_space: gymnasium.Space[Observation] = seen
        self.action_space: gymnasium.Space[NDArray[np.float32]] = done
        self.action_names = self._episodes.action_names
        self.observation_names = self._episodes.observation_names

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
        self._episodes = Episodes(
            num_envs, config, instruments, groups, budget, aversion, periods, warmup, threads, data
        )
        self.num_envs, self.render_mode = num_envs, render_mode
        self.single_observation_space, self.single_action_space = self._episodes.spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.action_names = self._episodes.action_names
        self.observation_names = self._episodes.observation_names
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


def _register() -> None:
    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(
            ENVIRONMENT_ID,
            entry_point="technopole.gym:RegionalPolicyEnv",
            vector_entry_point="technopole.gym:RegionalPolicyVectorEnv",
        )


_register()
