"""Two engines with models of their own, as near in kind as there are: time per agent and step, no ratio, no gate."""

from __future__ import annotations

import time
from importlib.metadata import version


def measure_bamengine(quick: bool = False) -> dict:
    """The BAM macroeconomy of bam-engine, its logging switched off; agents are firms, households and banks."""
    import bamengine

    firms = 2_000 if quick else 20_000
    counts = {"n_firms": firms, "n_households": 5 * firms, "n_banks": max(10, firms // 10)}
    simulation = bamengine.Simulation.init(**counts, seed=7, logging={"default_level": "CRITICAL"})
    for _ in range(2):
        simulation.step()
    steps, started = 5 if quick else 20, time.perf_counter()
    for _ in range(steps):
        simulation.step()
    return {
        "model": f"BAM macroeconomy, {firms:,} firms", "version": f"bamengine {version('bamengine')}",
        "agents": sum(counts.values()), "steps": steps, "wall": time.perf_counter() - started,
    }  # fmt: skip


def measure_starsim(quick: bool = False) -> dict:
    """Starsim's SIR epidemic on a random network."""
    import starsim

    agents, steps = (10_000, 50) if quick else (100_000, 50)

    def simulate(count: int) -> float:
        sim = starsim.Sim(n_agents=count, diseases="sir", networks="random", dur=steps, verbose=0)
        sim.init()
        started = time.perf_counter()
        sim.run()
        return time.perf_counter() - started

    simulate(1_000)
    wall = simulate(agents)
    return {
        "model": f"SIR, {agents:,} agents", "version": f"starsim {version('starsim')}", "agents": agents,
        "steps": steps, "wall": wall,
    }  # fmt: skip


def measure(name: str, quick: bool = False, **_: object) -> dict:
    """Measure one of them; a missing package raises ImportError."""
    return {"bamengine": measure_bamengine, "starsim": measure_starsim}[name](quick)
