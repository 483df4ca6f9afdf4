"""Cowan and Jonard (2004): barter of knowledge on networks between a ring and a random graph.

Agents sit on a small world of Watts and Strogatz and swap knowledge with neighbours when both gain (a double coincidence
of wants). Mean knowledge is highest when about a tenth of the links are far ones. docs/replications/cowan_jonard.md

    python examples/replications/cowan_jonard.py --replicates 40 --figure cowan_jonard.png
"""

from dataclasses import dataclass

import numpy as np
from published import BLUE, ORANGE, VERMILION, Row, run_as_program

from technopole_kernels._jit import kernel
from technopole_kernels.choose import pick
from technopole_kernels.network import (
    BY_LINK,
    BY_NODE,
    LARGEST_GAPS,
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


def standard_error(values):
    """Standard error of the mean over replicates."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


PEAK = (0.03, 0.15)  # where the paper finds the highest mean
SCAN = (0.0, 0.001, 0.003, 0.01, 0.03, 0.06, 0.09, 0.15, 0.3, 0.6, 1.0)
