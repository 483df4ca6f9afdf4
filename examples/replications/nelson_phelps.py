"""Nelson and Phelps (1966): education speeds the diffusion of technology; its return rises with the pace of progress.

A follower closes the part lambda of its gap to a frontier that grows at rate g: the ratio of the two tends to
lambda / (lambda + g). With technopole's learning in levels, and with its engine (upgrading, C11) in logs.
docs/replications/nelson_phelps.md

    python examples/replications/nelson_phelps.py --figure nelson_phelps.png
"""

import numpy as np

from followers import follow
from published import BLUE, GREEN, INK, ORANGE, QUIET, VERMILION, Row, run_as_program

CASES = ((0.1, 0.02), (0.05, 0.02), (0.2, 0.02), (0.1, 0.04))  # lambda, g


def ratio_path(speeds, growth: float, periods: int, start: float = 0.3):
    """Knowledge relative to the frontier (T + 1, n); learning comes before the frontier moves."""
    frontier = (1.0 + growth) ** np.arange(periods)
    path = follow(speeds, start, frontier)
    return path / np.append(frontier, frontier[-1] * (1.0 + growth))[:, None]


def long_run_ratio(speed: float, growth: float) -> float:
    """Where the ratio settles."""
    periods = 2000 if growth < 0.1 else 500
    return float(ratio_path([speed], growth, periods)[-1, 0])


def elasticity(speed: float, growth: float) -> float:
    """Elasticity of the follower's productivity to its speed of diffusion, by a central difference."""
    step = 1e-4
    up, down = long_run_ratio(speed * (1.0 + step), growth), long_run_ratio(speed * (1.0 - step), growth)
    return (np.log(up) - np.log(down)) / (np.log1p(step) - np.log1p(-step))


def gap_of_engine(rate: float, growth: float, periods: int = 400) -> tuple[float, float]:
    """Log gap of a traditional firm to a high-tech sector that grows, in technopole, and what it should be.

    Upgrading (C11) closes the part l = rate * RIS * g of the gap in logs: the gap tends to ln(1 + growth) / l.
    """
    from technopole import Config, Model

    content = {
        "regions": [{"id": "here", "x": 0.0, "y": 0.0}],
        "sectors": [{"id": "follower"}, {"id": "leader", "high_tech": True}],
        "cells": [{"region": "here", "sector": sector, "firms": 1} for sector in ("follower", "leader")],
    }
    changes = {**QUIET, "upgrading.rate": rate, "innovation.rate": 0.0, "innovation.rate_high_tech": 0.0}
    changes |= {
        "market.demand_growth_high_tech": 0.0,
        "learning.difficulty": 1.0,
        "innovation.smoothing": 0.0,
    }
    model = Model(Config.from_dict(content).replace({**changes, "time.periods": periods}), seed=1)
    for _ in range(periods):
        model["technology"][1] += np.log1p(growth)
        gap = model["technology"][1] - model["technology"][0]
        model.step()
    closed = rate * 0.5 * (1.0 - np.exp(-0.7))  # absorptive capacity 1/2, institutions at the average
    return float(gap), float(np.log1p(growth) / closed)


def compare(_replicates: int = 1):
    """Rows of the table."""
    rows = []
    for speed, growth in CASES:
        published = speed / (speed + growth)
        rows.append(
            Row(f"A/F, lambda {speed}, g {growth}", long_run_ratio(speed, growth), published, tolerance=1e-12)
        )
    path = follow([0.05, 0.2], 0.3, 1.02 ** np.arange(1500))
    for column, speed in enumerate((0.05, 0.2)):
        rate = path[-1, column] / path[-2, column] - 1.0
        rows.append(Row(f"growth in the long run, lambda {speed}, g 0.02", rate, 0.02, tolerance=1e-12))
    for growth in (0.01, 0.02, 0.04):
        rows.append(
            Row(
                f"elasticity of A to lambda 0.1, g {growth}",
                elasticity(0.1, growth),
                growth / (0.1 + growth),
                tolerance=1e-6,
            )
        )
    rise = elasticity(0.1, 0.04) - elasticity(0.1, 0.02)
    rows.append(Row("that elasticity, g 0.04 less 0.02", rise, pattern="higher"))
    for rate, growth in ((0.4, 0.02), (0.8, 0.02), (0.4, 0.04)):
        gap, expected = gap_of_engine(rate, growth)
        rows.append(
            Row(f"engine: log gap, upgrading.rate {rate}, g {growth}", gap, expected, tolerance=1e-10)
        )
    return rows, None


def draw_figure(figure, _result) -> None:
    """Paths of the ratio, and the ratio in the long run by speed of diffusion."""
    left, right = figure.subplots(1, 2)
    for speed, colour in zip((0.05, 0.1, 0.2), (VERMILION, ORANGE, BLUE), strict=True):
        left.plot(ratio_path([speed], 0.02, 100), color=colour, label=f"λ = {speed}")
        left.axhline(speed / (speed + 0.02), color=colour, linewidth=0.7, linestyle=":")
    left.set(xlabel="period", ylabel="A / F", title="Catching up with a frontier that grows by 2 %")
    left.legend(frameon=False, fontsize=8)
    speeds = np.linspace(0.01, 0.3, 30)
    for growth, colour in zip((0.01, 0.02, 0.04), (BLUE, GREEN, VERMILION), strict=True):
        right.plot(speeds, speeds / (speeds + growth), color=INK, linewidth=0.7)
        right.plot(
            speeds[::3],
            ratio_path(speeds[::3], growth, 2000)[-1],
            "o",
            markersize=4,
            color=colour,
            label=f"g = {growth}",
        )
    right.set(
        xlabel="speed of diffusion λ (education)",
        ylabel="A / F",
        title="Long run: here (dots), λ/(λ+g) (lines)",
    )
    right.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    run_as_program(compare, draw_figure)
