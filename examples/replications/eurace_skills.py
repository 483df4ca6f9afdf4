"""EURACE@Unibi: workers' specific skills follow the technology in use, faster the better their general skills.

A worker closes the part 1 - 2 ** (-1 / tau) of the gap to the machines each month, and tau falls from 20 to 4 months
with general skill. Absorptive capacity plays general skill. docs/replications/eurace_skills.md

    python examples/replications/eurace_skills.py --figure eurace_skills.png
"""

import numpy as np

from followers import follow
from published import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION, Row, run_as_program

HALF_LIVES = {1: 20, 2: 16, 3: 12, 4: 8, 5: 4}  # general skill: months


def speed(general: float) -> float:
    """chi of a general skill from 1 to 5: the part of the gap that is closed in a month."""
    return 1.0 - 0.5 ** (1.0 / (20.0 + 0.25 * (general - 1.0) * (4.0 - 20.0)))


def skills(months: int, technology):
    """Specific skills (months + 1, 5) of the five general skills, from 1, at a technology of each month."""
    return follow([speed(general) for general in HALF_LIVES], 1.0, np.broadcast_to(technology, (months,)))


def measured_half_life(gap) -> float:
    """Months until a gap has halved, on the line between the logs of two months."""
    logs = np.log2(gap / gap[0])
    return float(np.interp(1.0, -logs, np.arange(logs.size)))


def compare(_replicates: int = 1):
    """Rows of the table."""
    rows = []
    gap = 2.0 - skills(120, 2.0)
    for column, (general, months) in enumerate(HALF_LIVES.items()):
        rows.append(
            Row(
                f"general skill {general}: half-life, months",
                measured_half_life(gap[:, column]),
                months,
                tolerance=1e-10,
            )
        )
    law = 2.0 ** (-np.arange(121)[:, None] / np.array(list(HALF_LIVES.values())))
    rows.append(
        Row(
            "largest difference from gap_0 2^(-t/tau), ten years",
            np.abs(gap - law).max(),
            0.0,
            tolerance=1e-13,
        )
    )
    # a machine makes min(its productivity, the skill at it): a better one is of no use at first
    jump = np.where(np.arange(60) < 30, 1.0, 1.5)
    path = skills(60, jump)
    first = np.minimum(1.5, path[30]) - 1.0
    rows.append(
        Row("output gained in the month of better machines", np.abs(first).max(), 0.0, tolerance=1e-13)
    )
    later = np.minimum(1.5, path[42]) - 1.0
    rows.append(
        Row(
            "output gained a year later, general skill 5 less 1",
            later[4] - later[0],
            0.5 * (2**-0.6 - 2**-3),
            tolerance=1e-12,
        )
    )
    falling = skills(40, np.where(np.arange(40) < 20, 1.5, 0.5))
    rows.append(Row("skill lost at worse machines", np.abs(falling[20] - falling[-1]).max(), 0.0))
    return rows, None


def draw_figure(figure, _result) -> None:
    """Gaps on a logarithmic scale, and output while the technology improves in steps."""
    left, right = figure.subplots(1, 2)
    gap = 2.0 - skills(60, 2.0)
    steps = 1.3 ** (np.arange(120) // 30)
    path = skills(120, steps)
    for column, colour in enumerate((VERMILION, ORANGE, GREEN, BLUE, PURPLE)):
        left.plot(gap[:, column], color=colour, label=f"general skill {column + 1}")
        right.plot(np.minimum(path[:-1, column], steps), color=colour)
    right.plot(steps, color=INK, linewidth=0.8, linestyle="--", label="productivity of the machines")
    left.axhline(0.5, color=INK, linewidth=0.7, linestyle=":")
    left.set(
        yscale="log",
        xlabel="month",
        ylabel="gap to the machines",
        title="Gaps halve in 20, 16, 12, 8, 4 months",
        ylim=(0.01, 1.1),
    )
    right.set(
        xlabel="month", ylabel="output per machine", title="min(productivity, skill) when machines improve"
    )
    left.legend(frameon=False, fontsize=7)
    right.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    run_as_program(compare, draw_figure)
