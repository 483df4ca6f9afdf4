"""Exploratory modelling: policies under deep uncertainty with the EMA Workbench.

The workbench (Kwakkel 2017, Environmental Modelling & Software 96) draws scenarios (uncertain parameters) and policies
(levers), runs technopole for each pair, and hands back tables. Regret says how much worse a policy is than the best one
in the same scenario.

Usage: python examples/ema_workbench_model.py [--quick]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about optional packages that are not there
    from ema_workbench import (
        Model,
        Policy,
        RealParameter,
        ScalarOutcome,
        SequentialEvaluator,
    )

from technopole import Config
from technopole.toolbox import Function

SCENARIO = Path(__file__).parents[1] / "configs" / "scenarios" / "two-regions.toml"
OUTCOMES = ("productivity_growth", "innovation_rate", "specialisation")


def configuration():
    """Return the scenario with two policies that have no effect yet: their values are the levers."""
    content = Config.from_toml(SCENARIO).to_dict()
    content["policies"] = [
        {"instrument": "rd_subsidy", "value": 0.0},
        {"instrument": "university", "regions": ["valley"], "value": 0.0},
    ]
    return Config.from_dict(content)


def main():
    """Explore and report regret."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer scenarios and replicates")
    options = parser.parse_args()
    scenarios, replicates = (15, 4) if options.quick else (200, 16)

    function = Function(configuration(), OUTCOMES, replicates=replicates)
    model = Model("technopole", function=function)
    model.uncertainties = [
        RealParameter("innovation__rate", 0.02, 0.1),
        RealParameter("learning__appropriability", 0.0, 0.6),
        RealParameter("spillover__rate", 0.0, 0.05),
    ]
    model.levers = [
        RealParameter("policies__rd_subsidy", 0.0, 1.0),
        RealParameter("policies__university", 0.0, 1.0),
    ]
    model.outcomes = [ScalarOutcome(name) for name in OUTCOMES]
    policies = [
        Policy("none", policies__rd_subsidy=0.0, policies__university=0.0),
        Policy("subsidy", policies__rd_subsidy=1.0, policies__university=0.0),
        Policy("university", policies__rd_subsidy=0.0, policies__university=1.0),
    ]
    np.random.seed(1)  # the workbench draws scenarios from NumPy's global generator
    with SequentialEvaluator(model) as evaluator:
        experiments, outcomes = evaluator.perform_experiments(scenarios, policies, log_progress=True)

    growth = outcomes["productivity_growth"]
    which = experiments["policy"].to_numpy().astype(str)
    scenario = experiments["scenario"].to_numpy()
    best = {name: growth[scenario == name].max() for name in set(scenario)}
    regret = np.array([best[name] for name in scenario]) - growth
    print(f"{scenarios} scenarios × {len(policies)} policies, {replicates} replicates each")
    print(
        f"{'policy':12s} {'growth, mean':>13s} {'worst':>8s} {'largest regret':>15s}   (log points per period)"
    )
    for policy in policies:
        mine = which == policy.name
        numbers = growth[mine].mean(), growth[mine].min(), regret[mine].max()
        print(f"{policy.name:12s} {numbers[0]:13.4f} {numbers[1]:8.4f} {numbers[2]:15.4f}")


if __name__ == "__main__":
    main()
