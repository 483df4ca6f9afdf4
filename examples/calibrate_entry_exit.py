"""Calibrate births and deaths of firms to real entry and exit rates with SciPy.

Two parameters (start-ups per firm, closures for other reasons than losses) are fitted to two numbers: yearly entries
and exits per establishment in the United States, 2010-2019, Business Dynamics Statistics of the US Census Bureau. With
--data (or TECHNOPOLE_DATA) they are computed from the folder of tables, and the economy is that of the 51 states;
without, the two numbers below, computed from the same tables, and the smallest scenario serve.

Usage: python examples/calibrate_entry_exit.py [--quick] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from technopole import Config
from technopole.toolbox import Function, Outcome

SCENARIOS = Path(__file__).parents[1] / "configs" / "scenarios"
TABLE = "bds_state_1978_2020.csv.gz"
YEARS = range(2010, 2020)
PUBLISHED = {"entry_rate": 0.0973, "exit_rate": 0.0910}
"""US Census Bureau, Business Dynamics Statistics (2020 release): entering and leaving, per establishment."""
PARAMETERS = ("entry.startups", "exit.closure")
BOUNDS = [(0.01, 0.3), (0.001, 0.2)]


def real_rates(folder):
    """Return the rates computed from the table of the Business Dynamics Statistics."""
    with gzip.open(Path(folder) / TABLE, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["year"]) in YEARS]
    establishments, entries, exits = (
        sum(int(row[name]) for row in rows) for name in ("estab", "estabs_entry", "estabs_exit")
    )
    return {"entry_rate": entries / establishments, "exit_rate": exits / establishments}


def main():
    """Fit on some random numbers, check on others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer replicates and evaluations")
    parser.add_argument("--data", default=os.environ.get("TECHNOPOLE_DATA") or None)
    options = parser.parse_args()
    replicates, evaluations = (8, 40) if options.quick else (32, 80)

    if options.data:
        targets, source = real_rates(options.data), f"computed from {TABLE}"
        config = Config.from_toml(SCENARIOS / "us-states.toml")
        config = config.replace({"data.scale": 0.0003 if options.quick else 0.002})
    else:
        targets, source = PUBLISHED, "numbers in this file"
        config = Config.from_toml(SCENARIOS / "two-regions.toml")
    outcomes = [Outcome(name, name, "mean", 20) for name in targets]
    function = Function(config, outcomes, replicates=replicates, periods=40)
    wanted = np.array(list(targets.values()))

    def distance(logs):
        # the same random numbers at each point: the function is smooth but for steps of single firms
        simulated = function.table(PARAMETERS, np.exp(logs))[0]
        return float((np.log(simulated / wanted) ** 2).sum())

    start = np.log([0.05, 0.02])
    found = minimize(
        distance,
        start,
        method="Nelder-Mead",
        bounds=np.log(BOUNDS),
        options={"maxfev": evaluations, "xatol": 0.005, "fatol": 1e-5},
    )
    print(f"targets ({source}): " + ", ".join(f"{name} {value:.4f}" for name, value in targets.items()))
    print(f"{found.nfev} evaluations of {replicates} replicates")
    for name, value in zip(PARAMETERS, np.exp(found.x), strict=True):
        print(f"  {name:16s} {value:.4f}")
    print("with random numbers that were not used for the fit:")
    sample = function.sample(dict(zip(PARAMETERS, np.exp(found.x).tolist(), strict=True)), seed=12345)
    for name, value in targets.items():
        error = 1.96 * sample[name].std(ddof=1) / np.sqrt(replicates)
        print(f"  {name:16s} {sample[name].mean():.4f} ± {error:.4f} (target {value:.4f})")


if __name__ == "__main__":
    main()
