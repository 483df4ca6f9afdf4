"""A macro model of somebody else as the host: BAM, households, firms and banks of a whole economy (PyPI: bamengine).

BAM (Delli Gatti et al. 2011, Macroeconomics from the Bottom-up) has no innovation: its firms produce with the same
productivity for ever. technopole has no households or banks: demand grows at a constant rate. Coupled, year by year
(four quarters of BAM, one period of technopole):

- BAM → technopole: growth of real consumption moves the demand of all sectors, that of real wages the wages of all
  regions;
- technopole → BAM: growth of mean productivity makes the workers of all of BAM's firms more productive.

Each direction can be switched off, so that what each one does can be seen, and what both do together.

Usage: python examples/coupled_host.py [--quick] [--seed N]
"""

from __future__ import annotations

import argparse
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bamengine import Simulation

import technopole as tp

SCENARIO = Path(__file__).parents[1] / "configs" / "scenarios" / "two-regions.toml"
QUARTERS = 4
LARGEST = 0.1
"""Shocks beyond this in a year are passed on in part: BAM is small and its cycles are large."""


class Year(NamedTuple):
    """What the two models were like in a year."""

    consumption: float
    """Real consumption in BAM."""
    real_wage: float
    """Real wage in BAM, mean of the employed."""
    productivity: float
    """Mean log productivity in technopole, weighted by sales."""
    employment: float
    """Employment in technopole, workers."""
    market: float
    """Sales in technopole, money of its own."""


class Macro:
    """BAM, a year at a time."""

    def __init__(self, seed, size=100, burn_in=0):
        quiet = {"default_level": "ERROR"}
        self.model = Simulation.init(
            n_firms=size, n_households=5 * size, n_banks=max(size // 10, 2), seed=seed, logging=quiet
        )
        for _ in range(burn_in):
            self.year()

    def year(self):
        """Do four quarters; return real consumption and the mean real wage of the year."""
        consumption, wages = 0.0, []
        for _ in range(QUARTERS):
            self.model.step()
            if self.model.ec.collapsed:
                raise RuntimeError("the economy of BAM has collapsed; try another seed")
            firms, staff = self.model.prod, self.model.emp
            consumption += float((firms.production - firms.inventory).sum())
            wages.append(
                staff.wage_bill.sum() / max(staff.current_labor.sum(), 1) / self.model.ec.avg_mkt_price
            )
        return consumption, float(np.mean(wages))

    def raise_productivity(self, growth):
        """Make all workers more productive, by a growth rate in log points."""
        self.model.prod.labor_productivity *= np.exp(growth)


def productivity(model):
    """Return mean log productivity of a technopole model, weighted by sales."""
    sales = model.record("sales")
    values = np.where(sales > 0, model.record("productivity"), 0.0)
    return float((sales * values).sum() / sales.sum())


def limited(growth):
    """Return a growth rate as a shock within what can be passed on."""
    return float(np.clip(growth, -LARGEST, LARGEST))


def couple(macro, years, seed=1, macro_to_clusters=True, clusters_to_macro=True):
    """Run the two models side by side.

    Parameters
    ----------
    macro : Macro
        Goes on from where it is.
    years : int
        Years together.
    seed : int
        Of technopole.
    macro_to_clusters, clusters_to_macro : bool
        Switches of the two directions.

    Returns
    -------
    list of Year
    """
    clusters = tp.Model(SCENARIO, seed=seed)
    clusters.step()
    consumption, real_wage = macro.year()
    level = productivity(clusters)
    history = []
    for _ in range(years):
        new_consumption, new_real_wage = macro.year()
        if macro_to_clusters:
            clusters.set_policy("demand_shock", limited(new_consumption / consumption - 1.0))
            clusters.set_policy("wage_shock", limited(new_real_wage / real_wage - 1.0))
        consumption, real_wage = new_consumption, new_real_wage
        clusters.step()
        new_level = productivity(clusters)
        if clusters_to_macro:
            macro.raise_productivity(new_level - level)
        level = new_level
        totals = [float(clusters.record(name).sum()) for name in ("employment", "market")]
        history.append(Year(consumption, real_wage, level, *totals))
    return history


def main():
    """Run all four combinations and say what each direction does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer years")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    years = 20 if options.quick else 60
    # BAM needs some decades until it fluctuates around its own level; all cases go on from the same state
    macro = Macro(options.seed, burn_in=60)
    cases = {
        "neither": (False, False),
        "BAM to technopole": (True, False),
        "technopole to BAM": (False, True),
        "both": (True, True),
    }
    print(
        f"{years} years; growth per year of the mean of the last quarter of them against the first, per cent"
    )
    print(f"{'direction':20s}" + "".join(f"{name:>14s}" for name in Year._fields))
    for name, (down, up) in cases.items():
        history = couple(deepcopy(macro), years, options.seed, down, up)
        table = np.array(history)
        table[:, 2] = np.exp(table[:, 2])
        part = max(years // 4, 1)
        growth = np.log(table[-part:].mean(axis=0) / table[:part].mean(axis=0)) / (years - part)
        print(f"{name:20s}" + "".join(f"{100 * value:14.2f}" for value in growth))


if __name__ == "__main__":
    main()
