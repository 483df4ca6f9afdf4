"""A macro model compiled by numba drives technopole: wages and demand answer each other.

The macro model is a few lines: households spend what they earn on the sectors, with a delay; wages grow with demand,
and those of the regions draw closer to each other. Both models stay in compiled code for the whole run: the host calls
``technopole_kernels.entry_points.advance`` with the handle of the model, and reads and changes the arrays in between.

Usage: python examples/jitted_macro_model.py [--periods N] [--repeats N]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numba import njit

import technopole as tp
from technopole_kernels.entry_points import advance

SPENDING, INDEXATION, CLOSING = 0.45, 0.2, 0.02
"""How much of a change of income is spent in the same period; of wages to demand; of gaps between regions closed."""


@njit
def drive(handle, periods, wage, workforce, market, history):
    """Do periods from the one in history that is not yet filled; returns (status, periods done)."""
    done = int(history[-1, 0])
    base = history[-1, 1]  # income per unit of demand at the start
    while done < periods:
        status = advance(handle, 1)
        if status != 0:
            return status, done
        income = np.sum(wage * workforce)
        demand = np.sum(market)
        if base == 0.0:
            base = income / demand
            history[-1, 1] = base
        change = SPENDING * (income / (base * demand) - 1.0)
        market *= 1.0 + change
        mean = np.mean(wage)
        for r in range(wage.size):
            wage[r] *= 1.0 + INDEXATION * change - CLOSING * (wage[r] / mean - 1.0)
        history[done, 0], history[done, 1], history[done, 2] = income, np.sum(market), mean
        done += 1
        history[-1, 0] = done
    return 0, done


def couple(model: tp.Model, periods: int) -> np.ndarray:
    """Run both models; returns income, demand and mean wage by period."""
    history = np.zeros((periods + 1, 3))
    handle, wage, workforce, market = model.handle, model["wage"], model["workforce"], model["market"]
    status, done = -1, 0
    while done < periods:
        status, done = drive(handle, periods, wage, workforce, market, history)
        model.resume(status)  # nothing to do if it is 0; room for more firms, or an error, otherwise
    return history[:periods]


def economy() -> tp.Config:
    """Eight regions, four sectors, 3,200 firms."""
    regions, sectors = 8, 4
    return tp.Config.from_dict(
        {
            "regions": [{"id": f"r{r}", "x": 90.0 * (r % 4), "y": 120.0 * (r // 4)} for r in range(regions)],
            "sectors": [{"id": f"s{k}", "high_tech": k == 0} for k in range(sectors)],
            "cells": [
                {"region": f"r{r}", "sector": f"s{k}", "firms": 60 + 10 * ((3 * r + k) % 9)}
                for r in range(regions)
                for k in range(sectors)
            ],
            "labour": {"growth": 0.0},
            "run": {"threads": 1},
        }
    )


def main() -> None:
    """Run, and compare the speed with that of technopole alone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--periods", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    config = economy()
    couple(tp.Model(config), 2)  # compiles
    alone, together = [], []
    for _ in range(options.repeats):
        model = tp.Model(config)
        start = time.thread_time()
        history = couple(model, options.periods)
        together.append((time.thread_time() - start) / model.record("firms").sum())
        native = tp.Model(config)
        start = time.thread_time()
        native.step(options.periods)
        alone.append((time.thread_time() - start) / native.record("firms").sum())
    for name, column in (("income", 0), ("demand", 1), ("mean wage", 2)):
        first, last = history[0, column], history[-1, column]
        growth = 100 * ((last / first) ** (1 / options.periods) - 1)
        print(f"{name:10} {first:12.1f} -> {last:12.1f}  {growth:+.2f} % a period")
    print(f"speed of technopole inside the macro model: {100 * min(alone) / min(together):.0f} % of native")


if __name__ == "__main__":
    main()
