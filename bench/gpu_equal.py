"""Fresh random configurations on the processor and on a device: are all bits the same?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import technopole as tp
from economy import make_config
from technopole.device.shared import using
from technopole.schema import PARAMETERS, RECORDS, STATE
from technopole.schema.entries import Parameter

RULES = {key: entry.choices for key, entry in PARAMETERS.items() if entry.kernel and entry.choices}
"""Mechanisms with several rules; each combination comes in turn."""
SPREAD = 0.5
"""Parameters are drawn between their default less and plus this share of it, within their bounds."""
BLOCKS = (32, 64, 128, 256, 512, 1024)
"""Threads of a block: the bits are the same for each."""


def check_equality(
    device: Any, seed: int, cases: int, say: Callable[[str], object] = print
) -> dict[str, Any]:
    """Compare; returns for the file of results what was compared and what differed."""
    random = np.random.default_rng(seed)
    rules = itertools.cycle(random.permutation(list(itertools.product(*RULES.values()))).tolist())
    different, failed, seen = [], 0, 0
    for case, chosen in zip(range(cases), rules, strict=False):
        block = int(random.choice(BLOCKS))
        if hasattr(device, "block"):
            device.block = block
        config = random_config(random, dict(zip(RULES, chosen, strict=True)))
        try:
            problems = differences(config)
        except tp.TechnopoleError as failure:
            problems, failed = [], failed + 1
            say(f"  case {case}: both failed: {failure}")
        seen += 1
        if problems:
            different.append(
                {"case": case, "rules": chosen, "variables": problems, "config": config.to_toml()}
            )
            say(f"  case {case}: different: {', '.join(problems)}")
    say(f"  {seen} configurations, {len(different)} different, {failed} failed on both")
    if hasattr(device, "block"):
        device.block = 128
    return {"seed": seed, "cases": seen, "both_failed": failed, "different": different}


def random_config(random: np.random.Generator, rules: dict[str, Any]) -> tp.Config:
    """Return a small economy with random parameters."""
    regions, sectors = int(random.integers(1, 13)), int(random.integers(1, 9))
    firms = int(regions * sectors * random.integers(1, 200))
    changes: dict[str, Any] = dict(rules)
    for key, entry in PARAMETERS.items():
        if entry.kernel and entry.dtype == "float":
            changes[key] = _drawn(random, entry)
    periods = int(random.integers(2, 25))
    changes |= {
        "run.seed": int(random.integers(2**32)),
        "run.replicates": int(random.integers(1, 9)),
        "run.block": int(random.integers(0, 4)),
        "time.periods": periods,
        "output.variables": list(RECORDS),
        "capacity.slack": float(random.choice([0.0, 0.5])),
        "policies": list(_policies(random, regions, periods)),
    }
    return make_config(regions, sectors, max(firms, regions * sectors), int(random.integers(2**31))).replace(
        changes
    )


def _drawn(random: np.random.Generator, entry: Parameter) -> float:
    default = float(entry.default)
    low, high = default * (1.0 - SPREAD), default * (1.0 + SPREAD)
    low, high = min(low, high), max(low, high)
    low = low if entry.low is None else max(low, entry.low)
    high = high if entry.high is None else min(high, entry.high)
    return float(random.uniform(low, high)) if high > low else default


def _policies(random: np.random.Generator, regions: int, periods: int) -> Iterator[dict[str, Any]]:
    instruments = ("rd_subsidy", "infrastructure", "entry_support", "wage_shock", "demand_shock")
    for instrument in random.choice(instruments, size=int(random.integers(0, 4)), replace=False).tolist():
        policy = {
            "instrument": instrument,
            "value": float(random.uniform(0.0, 0.2)),
            "start": int(random.integers(min(8, periods))),
        }
        if instrument != "demand_shock" and random.random() < 0.5:
            policy["regions"] = [f"r{int(random.integers(regions))}"]
        yield policy


def differences(config: tp.Config) -> list[str]:
    """Return what differs between the backends: results of a run, then the states of a model that is stepped.

    Raises
    ------
    TechnopoleError
        If both fail with the same message.
    """
    runs = [_outcome(config, backend) for backend in ("cpu", "cuda")]
    messages = [run if isinstance(run, str) else "no message" for run in runs]
    if messages[0] != messages[1]:
        return [f"messages: {messages}"]
    if isinstance(runs[0], str):
        raise tp.TechnopoleError(messages[0])
    found = [name for name in runs[0] if runs[0][name].values.tobytes() != runs[1][name].values.tobytes()]
    models = [tp.Model(config, backend=backend) for backend in ("cpu", "cuda")]
    for periods in (1, 2, max(int(config.time.periods) - 3, 1)):
        for model in models:
            model.step(periods)
        states = [model.snapshot().state for model in models]
        found += [f"state {name}" for name in STATE if states[0][name].tobytes() != states[1][name].tobytes()]
    with using("cuda") as shared:
        shared.forget()
    return found


def _outcome(config: tp.Config, backend: str) -> Any:
    try:
        return tp.run(config, backend=backend)
    except tp.TechnopoleError as failure:
        return str(failure)
