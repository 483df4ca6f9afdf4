"""Cowan and Jonard (2004): barter of knowledge on networks between a ring and a random graph.

Agents sit on a small world of Watts and Strogatz and swap knowledge with neighbours when both gain (a double
coincidence of wants). Mean knowledge is highest when about a tenth of the links are far ones.
docs/replications/cowan_jonard.md

    python examples/replications/cowan_jonard.py --replicates 40 --figure cowan_jonard.png
"""

from dataclasses import dataclass

import numpy as np

from published import BLUE, GREEN, VERMILION, Row, mean_and_error, run_as_program
from technopole_kernels._jit import kernel
from technopole_kernels.choose import pick
from technopole_kernels.network import (
    BY_LINK,
    RANDOM_TYPES,
    barter_on_graph,
    link_rows,
    watts_strogatz,
)
from technopole_kernels.rng import draw, uniform

ENDOWMENT = np.uint64(111)  # site: identity is the agent, period the type of knowledge
EXPERTISE = np.uint64(112)  # site: identity is the expert, period the attempt

PUBLISHED = {  # rewiring: mean, its s.e., variance across agents, coefficient of variation
    0.0: (18.43, 0.15, 88.8, 0.512),
    0.01: (18.70, 0.08, 91.2, 0.511),
    0.09: (19.19, 0.10, 89.7, 0.494),
    0.3: (18.47, 0.13, 81.5, 0.489),
    1.0: (17.22, 0.11, 76.1, 0.507),
}
"""The curve to be met: an independent program of the same equations, 40 runs (the paper prints figures, no numbers)."""


@dataclass(frozen=True)
class Setup:
    """Parameters; the defaults are those of the curve."""

    agents: int = 500
    degree: int = 10
    types: int = 5
    rate: float = 0.1  # absorptive capacity: the part of a gap closed by one exchange
    experts: int = 25
    expertise: float = 30.0
    meetings: int = 2_000_000
    partners: int = BY_LINK
    rule: int = RANDOM_TYPES


@kernel
def endow(knowledge, experts, expertise, seed, replicate):
    """Knowledge is uniform on [0, 10]; some agents, drawn without repetition, know one type much better."""
    agents, types = knowledge.shape
    for i in range(agents):
        for c in range(types):
            w0, _, _, _ = draw(i, c, ENDOWMENT, seed, replicate)
            knowledge[i, c] = 10.0 * uniform(w0)
    for expert in range(experts):
        attempt = 0
        while True:
            w0, _, _, _ = draw(expert, attempt, EXPERTISE, seed, replicate)
            i, c = pick(uniform(w0), agents), expert % types
            known = False
            for d in range(types):
                known |= knowledge[i, d] == expertise
            if not known:
                knowledge[i, c] = expertise
                break
            attempt += 1


def run(rewiring: float, setup: Setup = Setup(), seed: int = 1, replicate: int = 0):
    """Long-run knowledge (agents, types) of one network."""
    links = setup.agents * setup.degree // 2
    linked = np.empty((setup.agents, setup.agents), dtype=np.uint8)
    ends = np.empty((2, links), dtype=np.int64)
    watts_strogatz(setup.degree, rewiring, seed, replicate, linked, ends)
    start, neighbour = np.empty(setup.agents + 1, dtype=np.int64), np.empty(2 * links, dtype=np.int64)
    link_rows(ends, start, neighbour)
    knowledge = np.empty((setup.agents, setup.types))
    endow(knowledge, setup.experts, setup.expertise, seed, replicate)
    barter_on_graph(
        knowledge, ends, start, neighbour, setup.rate, setup.partners, setup.rule, setup.meetings, seed, replicate
    )  # fmt: skip
    return knowledge


def measure(rewiring: float, replicates: int, setup: Setup = Setup(), seed: int = 1):
    """Mean knowledge, variance and coefficient of variation across agents, of each replicate (replicates, 3)."""
    rows = []
    for replicate in range(replicates):
        agent = run(rewiring, setup, seed, replicate).mean(axis=1)
        rows.append((agent.mean(), agent.var(), agent.std() / agent.mean()))
    return np.array(rows)


PEAK = (0.03, 0.15)  # where the paper finds the highest mean
SCAN = (0.0, 0.001, 0.003, 0.01, 0.03, 0.06, 0.09, 0.15, 0.3, 0.6, 1.0)


def compare(replicates: int):
    """Rows of the table and the means of the scan for the figure."""
    rows, scan = [], {p: measure(p, replicates) for p in SCAN}
    for p, (mean, error, variance, cv) in PUBLISHED.items():
        here, here_error = mean_and_error(scan[p])
        rows.append(Row(f"p = {p}: mean knowledge", here[0], mean, here_error[0], error))
        rows.append(Row(f"p = {p}: variance across agents", here[1], variance, here_error[1], here_error[1]))
        rows.append(Row(f"p = {p}: coefficient of variation", here[2], cv, here_error[2], here_error[2]))
    means = np.array([mean_and_error(scan[p])[0] for p in SCAN])
    places = (
        ("highest mean", means[:, 0].argmax(), *PEAK),
        ("highest variance", means[:, 1].argmax(), 0.0, 0.1),
        ("lowest coefficient of variation", means[:, 2].argmin(), 0.03, 0.3),
    )
    rows += [Row(f"p of the {what}", SCAN[index], low=low, high=high) for what, index, low, high in places]
    plain = {p: measure(p, replicates, Setup(experts=0)) for p in (0.0, 0.09, 0.3)}
    for low, high in ((0.0, 0.09), (0.09, 0.3)):
        rise, error = mean_and_error(plain[high][:, 0] - plain[low][:, 0])
        rows.append(
            Row(f"without experts: mean at {high} less that at {low}", rise, error=error, pattern="rises")
        )
    return rows, scan


def draw_figure(figure, scan) -> None:
    """Mean, variance and coefficient of variation by rewiring."""
    names = ("mean knowledge", "variance across agents", "coefficient of variation")
    place = np.array([max(p, 3e-4) for p in SCAN])  # 0 on a logarithmic axis
    for column, (axes, name) in enumerate(zip(figure.subplots(1, 3), names, strict=True)):
        mean, error = np.array([mean_and_error(scan[p][:, column]) for p in SCAN]).T
        axes.axvspan(*PEAK, color=GREEN, alpha=0.12, linewidth=0)
        axes.errorbar(
            place, mean, 2.0 * error, color=BLUE, marker="o", markersize=3, capsize=2, label="here ± 2 s.e."
        )
        for p, published in PUBLISHED.items():
            value, its_error = (published[0], published[1]) if column == 0 else (published[column + 1], 0.0)
            axes.errorbar(
                max(p, 3e-4) * 1.12, value, 2.0 * its_error, color=VERMILION, marker="s", markersize=4, linestyle="",
                label="independent program" if p == 0.0 else None,
            )  # fmt: skip
        axes.set(xscale="log", xlabel="share of links moved, p", title=name)
        axes.set_xticks([3e-4, 1e-3, 1e-2, 1e-1, 1.0], labels=["0", "0.001", "0.01", "0.1", "1"])
    figure.axes[0].legend(frameon=False, fontsize=7)


if __name__ == "__main__":
    run_as_program(compare, draw_figure, replicates=40)
