"""Which parameters move entry and growth? Elementary effects with SALib, technopole as the function it evaluates.

`technopole.sensitivity` does this for experiments in a store; here SALib is in charge, as it would be of any model.

Usage: python examples/salib_evaluate.py [--quick]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from SALib.analyze import morris as analyse
from SALib.sample import morris as sample

from technopole.toolbox import Function

SCENARIO = Path(__file__).parents[1] / "configs" / "scenarios" / "two-regions.toml"
PROBLEM = {
    "num_vars": 5,
    "names": [
        *("entry.startups", "exit.closure", "innovation.rate", "learning.technology"),
        "feedback.ris_to_cluster",
    ],
    "bounds": [[0.03, 0.12], [0.01, 0.08], [0.02, 0.1], [0.0, 0.2], [0.0, 1.0]],
}
OUTCOMES = ["entry_rate", "productivity_growth"]


def main():
    """Sample, evaluate, analyse."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer trajectories and replicates")
    options = parser.parse_args()
    trajectories, replicates = (8, 4) if options.quick else (40, 16)

    function = Function(SCENARIO, OUTCOMES, replicates=replicates)
    points = sample.sample(PROBLEM, trajectories, num_levels=4, seed=1)
    values = function.table(PROBLEM["names"], points)
    print(f"{points.shape[0]} points of {replicates} replicates")
    for column, outcome in enumerate(OUTCOMES):
        effects = analyse.analyze(PROBLEM, points, values[:, column], num_levels=4, seed=1)
        print(f"\n{outcome}: mean absolute effect (95 % CI) of going from the lower to the upper bound")
        ranked = sorted(
            zip(effects["mu_star"], effects["mu_star_conf"], PROBLEM["names"], strict=True), reverse=True
        )
        for effect, half_width, name in ranked:
            print(f"  {name:26s} {effect:.4f} ± {half_width:.4f}")


if __name__ == "__main__":
    main()
