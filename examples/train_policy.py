"""Learn how to spend a regional policy budget, and compare with spending it evenly, in worlds never seen before.

An evolution strategy (Salimans et al. 2017, arXiv:1703.03864) with mirrored sampling and ranks: candidates are tried in
the same worlds at the same time, all in one vector environment. The policy is one layer: weights of the budget are
sigmoids of linear functions of what is observed.

Usage: python examples/train_policy.py [--quick] [--seed N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from technopole.gym import RegionalPolicyVectorEnv

SCENARIO = Path(__file__).parents[1] / "configs" / "scenarios" / "two-regions.toml"
HELD_OUT = 10**6
"""Seeds of the worlds of the comparison begin here; those of training are below."""


class Policy:
    """Weights of the budget as a function of the observations: sigmoid(bias + matrix · observation)."""

    def __init__(self, actions, observations):
        self.shape = (actions, observations + 1)
        self.size = actions * (observations + 1)

    def weights(self, parameters, observations):
        """Return actions (candidate, world, action) for parameters (candidate, size)."""
        layer = parameters.reshape(-1, *self.shape)
        worlds = observations.reshape(layer.shape[0], -1, self.shape[1] - 1)
        linear = np.einsum("cao,cwo->cwa", layer[:, :, 1:], worlds) + layer[:, np.newaxis, :, 0]
        return 1.0 / (1.0 + np.exp(-linear))


def returns(env, policy, parameters, seed):
    """Return the mean reward per period of each candidate in each of its worlds, (candidate, world).

    The worlds of all candidates have the same seeds, so that candidates differ by what they do alone.
    """
    candidates = parameters.shape[0]
    worlds = env.num_envs // candidates
    observations, _ = env.reset(seed=[seed + world for world in range(worlds)] * candidates)
    total, over = np.zeros(env.num_envs), False
    periods = 0
    while not over:
        actions = policy.weights(parameters, observations).reshape(env.num_envs, -1)
        observations, rewards, _, truncated, _ = env.step(actions)
        total, over, periods = total + rewards, truncated.all(), periods + 1
    return (total / periods).reshape(candidates, worlds)


def train(env, policy, generations, candidates, rng, spread=0.5, rate=0.4):
    """Return parameters that do well; a generation is half as many directions, each tried both ways."""
    mean = np.zeros(policy.size)
    for generation in range(generations):
        directions = rng.standard_normal((candidates // 2, policy.size))
        tried = np.concatenate([mean + spread * directions, mean - spread * directions])
        score = returns(env, policy, tried, seed=1000 * generation).mean(axis=1)
        ranks = np.argsort(np.argsort(score)) / (candidates - 1) - 0.5
        gain = ranks[: candidates // 2] - ranks[candidates // 2 :]
        mean = mean + rate * (gain @ directions) / (candidates // 2) / spread
        if (generation + 1) % 5 == 0:
            print(f"generation {generation + 1:3d}: mean reward of its candidates {score.mean():.4f}")
    return mean


def main():
    """Train, then compare on held-out worlds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of some minutes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generations, candidates, worlds, periods = (12, 16, 4, 15) if options.quick else (60, 32, 8, 30)

    env = RegionalPolicyVectorEnv(SCENARIO, candidates * worlds, periods=periods)
    policy = Policy(env.single_action_space.shape[0], env.single_observation_space.shape[0])
    learned = train(env, policy, generations, candidates, np.random.default_rng(options.seed))
    env.close()

    number = 100 if options.quick else 400
    env = RegionalPolicyVectorEnv(SCENARIO, number, periods=periods)
    trained = returns(env, policy, learned[np.newaxis], HELD_OUT)[0]
    uniform = returns(env, policy, np.zeros((1, policy.size)), HELD_OUT)[0]
    observations, _ = env.reset(seed=HELD_OUT)
    weights = policy.weights(learned[np.newaxis], observations)[0].mean(axis=0)
    env.close()

    difference = trained - uniform
    error = 1.96 * difference.std(ddof=1) / np.sqrt(number)
    print("weights that it gives at the beginning, on average:")
    for name, weight in zip(env.action_names, weights / weights.sum(), strict=True):
        print(f"  {name:26s} {weight:.3f}")
    low, high = difference.mean() - error, difference.mean() + error
    print(
        f"welfare, mean of {number} held-out worlds: trained {trained.mean():.4f}, uniform {uniform.mean():.4f}"
    )
    print(f"gain {difference.mean():.4f} log points, 95 % CI [{low:.4f}, {high:.4f}]")
    print(f"the trained policy {'beats' if low > 0 else 'does not beat'} the uniform one")


if __name__ == "__main__":
    main()
