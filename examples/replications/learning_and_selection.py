"""Dosi, Pereira and Virgillito (2017): growth of firms in an industry of learning and selection alone.

Firms learn by random steps; the market rewards the more productive (replicator); who has lost the market is replaced
by an entrant near the mean. Steps and shares are those of technopole's innovation and of its rule ``replicator``: a
configuration of the engine moves incumbents the same way. docs/replications/learning_and_selection.md

    python examples/replications/learning_and_selection.py --replicates 50 --figure learning_and_selection.png
"""

from dataclasses import dataclass

import numpy as np

from published import BLUE, GREEN, INK, QUIET, VERMILION, Row, mean_and_error, run_as_program
from technopole_kernels._jit import device, kernel
from technopole_kernels.mathx import exp, log, log1p, normal_quantile
from technopole_kernels.rng import INNOVATION, draw, uniform, uniform_open

NEWCOMER = np.uint64(113)  # site: identity is the place of the firm; its identity and its first step
START = np.uint64(114)  # site: identity is the firm; its productivity at the start

BASELINE, MARK_I, MARK_II = range(3)
STEP_SHAPE = 5.0  # Beta(1, 5)


@dataclass(frozen=True)
class Setup:
    """Parameters; the defaults are those of the published configuration."""

    regime: int = BASELINE
    firms: int = 150
    periods: int = 200
    selection: float = 1.0  # A
    smallest: float = 0.001  # share at which a firm leaves
    cumulation: float = 1.0  # gamma, Mark II
    initial_sd: float = 0.0  # of productivity at the start; the published Mark I has 0.1
    scale: float = 0.3  # of the steps
    cap: float = 0.2  # of a step; infinite: none
    replace: bool = True  # entry


@device
def learning_step(u, scale, cap):
    """A step: scale Beta(1, 5) by inversion, as in stage 5 of technopole's period, capped and raised again."""
    step = scale * (1.0 - exp(log(1.0 - u) / STEP_SHAPE))
    if step > cap:
        step = cap
    if cap < scale:
        step /= 1.0 - exp(STEP_SHAPE * log1p(-cap / scale))  # F(cap)
    return step


@kernel
def draw_steps(steps, scale, cap, seed, replicate):
    """Steps of so many firms, for their mean and spread."""
    for i in range(steps.size):
        w0, _, _, _ = draw(i, 0, INNOVATION, seed, replicate)
        steps[i] = learning_step(uniform(w0), scale, cap)


@kernel
def endow(productivity, sd, identity, seed, replicate):
    """Productivity at the start, normal about 1."""
    for i in range(productivity.size):
        w0, _, _, _ = draw(identity[i], 0, START, seed, replicate)
        productivity[i] = 1.0 + sd * normal_quantile(uniform_open(w0))


@kernel
def live(
    regime, selection, smallest, cumulation, scale, cap, replace, identity, productivity, share, seed, replicate,
    growth, spread, turbulence, exits,
):  # fmt: skip
    """Periods of learning, selection, exit and entry; the arrays of the firms are changed.

    Written: ``growth`` (T, N) of ln share, nan in the period of entry or exit; ``spread`` (T,) standard deviation of
    ln productivity; ``turbulence`` (T,) sum of absolute changes of share; ``exits`` (T,).
    """
    periods, firms = growth.shape
    for period in range(periods):
        old_mean = 0.0
        for i in range(firms):
            old_mean += productivity[i] * share[i]
        mean = 0.0
        for i in range(firms):
            w0, _, _, _ = draw(identity[i], period, INNOVATION, seed, replicate)
            step = learning_step(uniform(w0), scale, cap)
            if regime == MARK_I:
                step = 0.0
            if regime == MARK_II:
                step *= exp(cumulation * log(productivity[i] / old_mean))
            productivity[i] *= 1.0 + step
            mean += productivity[i] * share[i]
        total = 0.0
        leavers = 0
        for i in range(firms):
            old = share[i]
            share[i] = old * (
                1.0 + selection * (productivity[i] / mean - 1.0)
            )  # technopole's rule `replicator`
            turbulence[period] += abs(share[i] - old)
            growth[period, i] = log(share[i] / old) if share[i] > 0.0 and old > 0.0 else np.nan
            if replace and share[i] <= smallest:
                leavers += 1
            else:
                total += share[i]
        left = 1.0 - leavers / firms  # what the entrants leave to the others
        for i in range(firms):
            if not replace:
                continue
            if share[i] > smallest:
                share[i] *= left / total
                continue
            w0, w1, w2, _ = draw(i, period, NEWCOMER, seed, replicate)
            identity[i] = w0 | (w1 << np.uint64(32))
            productivity[i] = old_mean * (1.0 + learning_step(uniform(w2), scale, cap))
            share[i] = 1.0 / firms
            growth[period, i] = np.nan
        exits[period] = leavers
        middle = 0.0
        square = 0.0
        for i in range(firms):
            level = log(productivity[i] / mean)
            middle += level / firms
            square += level * level / firms
        spread[period] = np.sqrt(max(square - middle * middle, 0.0))


@dataclass
class Industry:
    """State and history of one industry."""

    identity: np.ndarray
    productivity: np.ndarray
    share: np.ndarray
    growth: np.ndarray
    spread: np.ndarray
    turbulence: np.ndarray
    exits: np.ndarray


def run(setup: Setup = Setup(), seed: int = 1, replicate: int = 0, identity=None) -> Industry:
    """An industry of equal firms and what becomes of it; ``identity`` (firms,) u64 keys the draws."""
    n, T = setup.firms, setup.periods
    names = np.arange(n, dtype=np.uint64) if identity is None else np.array(identity, dtype=np.uint64)
    industry = Industry(
        names, np.ones(n), np.full(n, 1.0 / n), np.zeros((T, n)), np.zeros(T), np.zeros(T), np.zeros(T)
    )
    endow(industry.productivity, setup.initial_sd, names, seed, replicate)
    live(
        setup.regime, setup.selection, setup.smallest, setup.cumulation, setup.scale, setup.cap, setup.replace,
        industry.identity, industry.productivity, industry.share, seed, replicate,
        industry.growth, industry.spread, industry.turbulence, industry.exits,
    )  # fmt: skip
    return industry


WARM_UP = 50  # periods that growth rates are not taken from
CASES = {
    "Mark I": Setup(MARK_I, initial_sd=0.1),
    "baseline": Setup(BASELINE),
    "Mark II, gamma 1": Setup(MARK_II, cumulation=1.0),
    "Mark II, gamma 2": Setup(MARK_II, cumulation=2.0),
    "Mark II, gamma 3": Setup(MARK_II, cumulation=3.0),
}
TENT = (0.7, 1.3)  # Subbotin shapes of a tent: F2 of the stylised facts, Bottazzi and Secchi (2006)


def growth_rates(industry: Industry):
    """Growth of the incumbents that stay, less the mean of the period, pooled over periods."""
    growth = industry.growth[WARM_UP:]
    known = ~np.isnan(growth).all(axis=1)  # when one firm has all, its growth may be the only one
    growth = growth[known] - np.nanmean(growth[known], axis=1, keepdims=True)
    return growth[~np.isnan(growth)]


def measure(setup: Setup, replicates: int, seed: int = 1):
    """By replicate: Subbotin shape, kurtosis, spread of ln productivity and turbulence in the two halves."""
    import xarray as xr

    from technopole.indicators import subbotin_fit

    rows = []
    for replicate in range(replicates):
        industry = run(setup, seed, replicate)
        growth = growth_rates(industry)
        shape = float(subbotin_fit(xr.DataArray(growth, dims="firm")).shape)
        half = setup.periods // 2
        rows.append(
            (
                shape, (growth**4).mean() / (growth**2).mean() ** 2,
                industry.spread[WARM_UP:half].mean(), industry.spread[half:].mean(),
                industry.turbulence[WARM_UP:half].mean(), industry.turbulence[half:].mean(),
            )
        )  # fmt: skip
    return np.array(rows)


SHAPE, KURTOSIS, SPREAD_EARLY, SPREAD_LATE, TURBULENCE_EARLY, TURBULENCE_LATE = range(6)


EVERYBODY_INNOVATES = {
    "innovation.rate": 5.0,
    "innovation.elasticity": 1.0,
    "sme.size": 1e6,
    "sme.pooling": 10.0,
}


def as_configuration(setup: Setup = Setup()):
    """Return the incumbents of the baseline, without cap, as a configuration of technopole: all else is off."""
    from technopole import Config

    content = {
        "regions": [{"id": "here", "x": 0.0, "y": 0.0}],
        "sectors": [{"id": "industry"}],
        "cells": [{"region": "here", "sector": "industry", "firms": setup.firms, "mean_employment": 20.0}],
    }
    chosen = {
        **QUIET,
        **EVERYBODY_INNOVATES,
        "innovation.scale": setup.scale,
        "innovation.step_shape": STEP_SHAPE,
        "innovation.kind_technology": 1.0,
        "market.labour_share": 1.0,  # fitness is then productivity
        "market.price_weight": 1.0,
        "market.custom_decay": 0.0,
        "market.rule": "replicator",
        "market.choice": setup.selection,
        "exit.minimum": setup.smallest * setup.firms,
        "time.periods": setup.periods,
    }
    return Config.from_dict(content).replace(chosen)


def difference_from_engine(periods: int = 40, seed: int = 1) -> tuple[float, int]:
    """Largest relative difference of productivities and shares from technopole's, over so many periods.

    Both draw with the same keys. In the engine nobody enters; the comparison ends when the first firm leaves.
    """
    from technopole import Model

    model = Model(as_configuration(Setup(periods=periods, cap=np.inf)), seed=seed)
    names, firms = model["identity"].copy(), model.n_firms
    model["share"] = 1.0 / firms  # the sizes that the engine draws are not equal
    model["custom"] = 0.0
    worst = 0.0
    for period in range(1, periods + 1):
        model.step()
        if model.n_firms < firms:
            break
        ours = run(Setup(periods=period, cap=np.inf, replace=False), seed, identity=names)
        worst = max(worst, np.abs(model["share"] / ours.share - 1.0).max())
        worst = max(worst, np.abs(np.exp(model["technology"]) / ours.productivity - 1.0).max())
    return worst, period - 1


def compare(replicates: int):
    """Rows of the table, and what the figure shows."""
    rows = []
    for name, cap, mean in (("no cap", np.inf, 0.05), ("cap 0.2", 0.2, 0.0501377)):
        steps = np.empty(2_000_000)
        draw_steps(steps, 0.3, cap, 1, 0)
        rows.append(Row(f"mean learning step, {name}", steps.mean(), mean, steps.std() / np.sqrt(steps.size)))
        if cap == np.inf:
            error = np.sqrt(((steps - mean) ** 4).mean() / steps.var() ** 2 - 1.0) * steps.std() / 2.0
            rows.append(
                Row(
                    "their standard deviation",
                    steps.std(),
                    0.0423,
                    error / np.sqrt(steps.size),
                    tolerance=5e-5,
                )
            )
    difference, periods = difference_from_engine()
    rows.append(
        Row(f"difference from technopole's engine, {periods} periods", difference, 0.0, tolerance=1e-11)
    )
    found = {name: measure(setup, replicates) for name, setup in CASES.items()}
    for name, values in found.items():
        mean, error = mean_and_error(values)
        rows.append(
            Row(f"Subbotin shape, {name}", mean[SHAPE], error=error[SHAPE], low=TENT[0], high=TENT[1])
        )
    for name, values in found.items():
        mean, error = mean_and_error(values)
        if name != "Mark I":
            excess = mean[KURTOSIS] - 3.0
            rows.append(
                Row(f"excess kurtosis of growth, {name}", excess, error=error[KURTOSIS], pattern="fat tails")
            )
    for what, early, late in (
        ("spread of ln productivity", SPREAD_EARLY, SPREAD_LATE),
        ("turbulence of shares", TURBULENCE_EARLY, TURBULENCE_LATE),
    ):
        ratio = found["baseline"][:, late] / found["baseline"][:, early]
        mean, error = mean_and_error(ratio)
        rows.append(Row(f"{what}, baseline: second half to first", mean, error=error, low=0.8, high=1.25))
    return rows, None


def draw_figure(figure, _result) -> None:
    """Densities of growth on a logarithmic scale; Subbotin shape by cumulation."""
    left, right = figure.subplots(1, 2)
    colours = dict(zip(CASES, (INK, BLUE, GREEN, "#E69F00", VERMILION), strict=True))
    for name, setup in CASES.items():
        growth = np.concatenate([growth_rates(run(setup, replicate=number)) for number in range(20)])
        growth = growth / growth.std()
        density, edges = np.histogram(growth, np.linspace(-6.0, 6.0, 61), density=True)
        left.plot(
            0.5 * (edges[1:] + edges[:-1]),
            np.where(density > 0.0, density, np.nan),
            color=colours[name],
            label=name,
        )
    left.set_yscale("log")
    left.set(
        xlabel="growth of share, standard deviations", ylabel="density", title="Growth rates of incumbents"
    )
    left.legend(frameon=False, fontsize=7)
    gammas = np.arange(0.0, 3.6, 0.5)
    shapes = [mean_and_error(measure(Setup(MARK_II, cumulation=gamma), 10)[:, SHAPE]) for gamma in gammas]
    mean, error = np.array(shapes).T
    right.errorbar(gammas, mean, 2.0 * error, color=BLUE, marker="o", markersize=4, capsize=2)
    right.axhspan(*TENT, color=GREEN, alpha=0.15, linewidth=0)
    right.axhline(2.0, color=INK, linewidth=0.7, linestyle="--")
    right.set(
        xlabel="cumulation of learning γ (0: baseline)", title="Subbotin shape b (band: tent; dashed: normal)"
    )
    right.set_ylim(0.5, 2.2)


if __name__ == "__main__":
    run_as_program(compare, draw_figure, replicates=50)
