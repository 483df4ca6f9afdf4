"""Simulation-based inference: recover two parameters from what a run showed, with pyABC.

A "real" economy is made with known parameters; approximate Bayesian computation (ABC-SMC: Toni et al. 2009, J. R. Soc.
Interface 6; pyABC: Schälte et al. 2022, JOSS 7) sees only some of its rates, and must find back the parameters.

Usage: python examples/simulation_based_inference.py [--quick] [--seed N]
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

import numpy as np
import pyabc

from technopole.toolbox import Function, Outcome

SCENARIO = Path(__file__).parents[1] / "configs" / "scenarios" / "two-regions.toml"
TRUE = {"exit__closure": 0.06, "innovation__rate": 0.08}
PRIOR = {"exit__closure": (0.0, 0.15), "innovation__rate": (0.0, 0.2)}
OUTCOMES = [Outcome(name, name, "mean", 20) for name in ("exit_rate", "entry_rate", "innovation_rate")]


def interval(values, weights, share=0.95):
    """Return the weighted quantiles that hold `share` of the posterior."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order]) / weights.sum()
    ends = np.searchsorted(cumulated, [(1 - share) / 2, (1 + share) / 2])
    return values[order][np.minimum(ends, values.size - 1)]


def main():
    """Infer and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer particles and generations")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    particles, generations = (50, 4) if options.quick else (200, 6)

    # one thread: a simulation takes milliseconds
    function = Function(SCENARIO, OUTCOMES, replicates=8, periods=30, threads=1)
    observed = function(**TRUE, seed=2024)
    np.random.seed(options.seed)  # pyABC draws from NumPy's global generator
    luck = np.random.default_rng(options.seed)

    def simulate(parameters):
        # each simulation has its own random numbers, other ones than the observation
        return function(**dict(parameters), seed=int(luck.integers(2**32)))

    def distance(one, other):
        return sum(abs(np.log(one[name] / other[name])) for name in observed)

    prior = pyabc.Distribution(
        **{name: pyabc.RV("uniform", low, high - low) for name, (low, high) in PRIOR.items()}
    )
    logging.getLogger("ABC").setLevel(logging.WARNING)
    inference = pyabc.ABCSMC(
        simulate, prior, distance, population_size=particles, sampler=pyabc.SingleCoreSampler()
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        inference.new(f"sqlite:///{folder}/abc.db", observed)
        history = inference.run(max_nr_populations=generations)
        posterior, weights = history.get_distribution()
        simulations, done = history.total_nr_simulations, history.max_t + 1
    print(f"{simulations} simulations, {particles} particles, {done} generations")
    print(f"{'parameter':18s} {'true':>7s} {'posterior mean':>15s} {'95 % interval':>20s}   prior")
    for name, value in TRUE.items():
        values = posterior[name].to_numpy()
        low, high = interval(values, weights)
        inside = "recovered" if low <= value <= high else "missed"
        span = f"[{low:.4f}, {high:.4f}]"
        mean = float(np.average(values, weights=weights))
        print(
            f"{name.replace('__', '.'):18s} {value:7.4f} {mean:15.4f} {span:>20s}   {PRIOR[name]}  {inside}"
        )


if __name__ == "__main__":
    main()
