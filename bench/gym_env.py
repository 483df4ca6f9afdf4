"""Policy environments: steps of the vector environment against stepping the same worlds natively.

Usage: python bench/gym_env.py [--json FILE] [--repeats K] [--threads N]. Takes about two minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

import technopole as tp
from technopole.gym import RegionalPolicyVectorEnv

ROOT = Path(__file__).resolve().parents[1]
PERIODS = 20
WARMUP = 5


def cases() -> dict[str, tuple[tp.Config, int]]:
    """Return economies and how many worlds of each are stepped together."""
    states = tp.Config.from_toml(ROOT / "configs/scenarios/us-states.toml")
    return {
        "two_regions_60_firms": (tp.Config.from_toml(ROOT / "configs/scenarios/two-regions.toml"), 64),
        "us_states_7900_firms": (states.replace({"data.scale": 0.001}), 16),
        "us_states_79000_firms": (states, 8),
    }


def native(config: tp.Config, number: int, threads: int) -> float:
    """Return seconds of `PERIODS` steps of all worlds by `Model.many`."""
    with tp.Model.many(config, number, threads=threads) as models:
        models.step(WARMUP)
        begin = time.perf_counter()
        for _ in range(PERIODS):
            models.step()
        return time.perf_counter() - begin


def environment(config: tp.Config, number: int, threads: int) -> float:
    """Return seconds of as many steps of the vector environment, with actions, observations and rewards."""
    env = RegionalPolicyVectorEnv(config, number, periods=PERIODS, warmup=WARMUP, threads=threads)
    env.reset(seed=1)
    # no money: so that the worlds stay those of the native run
    actions = np.zeros(env.action_space.shape, dtype=np.float32)
    begin = time.perf_counter()
    for _ in range(PERIODS):
        env.step(actions)
    seconds = time.perf_counter() - begin
    env.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/gym_env.json")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: all that are available")
    options = parser.parse_args()
    result: dict[str, object] = {
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "threads": options.threads,
        "periods": PERIODS,
    }
    for name, (config, number) in cases().items():
        pairs = []
        for repeat in range(options.repeats + 1):
            # one after the other, so that both see the same machine; the first pair warms up
            pair = native(config, number, options.threads), environment(config, number, options.threads)
            if repeat:
                pairs.append(pair)
        steps = number * PERIODS
        share = statistics.median(one / other for one, other in pairs)
        extra = statistics.median(other - one for one, other in pairs) / PERIODS
        result[name] = {
            "worlds": number,
            "env_steps_per_s": steps / statistics.median(other for _, other in pairs),
            "native_steps_per_s": steps / statistics.median(one for one, _ in pairs),
            "share_of_native": share,
            "extra_us_per_vector_step": 1e6 * extra,
        }
        print(f"{name}: {json.dumps(result[name])}")
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
