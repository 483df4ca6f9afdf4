"""The economy of the benchmarks: 48 regions x 6 sectors x 20,000 firms, made up and the same at every run."""

from __future__ import annotations

import numpy as np

from technopole.config.config import Config
from technopole.world.build import Blueprint, make_blueprint, new_problem
from technopole_kernels.drive import WHOLE, drive
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, SECTOR_VARIABLES, Records
from technopole_kernels.types import World

RECORDED = (
    "firms", "employment", "sales", "productivity", "exits", "spinoffs", "startups", "innovations", "patents",
    "organisation", "technology", "sourcing", "quality", "reputation",
)  # fmt: skip


def make_config(regions: int = 48, sectors: int = 6, firms: int = 20_000, seed: int = 3) -> Config:
    """Configure a made-up economy with cells of very different size."""
    random = np.random.default_rng(seed)
    weights = random.lognormal(0.0, 0.7, regions * sectors)
    counts = 1 + random.multinomial(firms - regions * sectors, weights / weights.sum())
    positions = random.random((regions, 2)) * 3000.0
    return Config.from_dict(
        {
            "scenario": {"name": "bench", "title": "Benchmark economy"},
            "regions": [{"id": f"r{r}", "x": float(x), "y": float(y)} for r, (x, y) in enumerate(positions)],
            "sectors": [
                {"id": f"s{k}", "high_tech": k % 3 == 0, "group": f"g{k % 2}"} for k in range(sectors)
            ],
            "cells": [
                {"region": f"r{c // sectors}", "sector": f"s{c % sectors}", "firms": int(n)}
                for c, n in enumerate(counts)
            ],
            "suppliers": [
                {"sector": f"s{k}", "from": {f"s{j}": 1.0 + (j * k) % 3 for j in range(sectors)}}
                for k in range(sectors)
            ],
        }
    )


def make_records(blueprint: Blueprint, periods: int) -> Records:
    """Allocate the default output of one replicate."""
    regions, sectors = blueprint.n_regions, blueprint.n_sectors
    chosen = np.array([CELL_VARIABLES.index(name) for name in RECORDED])
    return Records(
        cell_variables=chosen,
        region_variables=np.arange(len(REGION_VARIABLES)),
        sector_variables=np.arange(len(SECTOR_VARIABLES)),
        cells=np.zeros((periods, len(chosen), regions * sectors)),
        regions=np.zeros((periods, len(REGION_VARIABLES), regions)),
        sectors=np.zeros((periods, len(SECTOR_VARIABLES), sectors)),
        sizes=np.zeros((periods, 41), dtype=np.int64),
    )


class Runner:
    """One world that can be run again and again, with everything compiled."""

    def __init__(self, config: Config, periods: int = 40) -> None:
        self.blueprint = make_blueprint(config)
        self.setting = self.blueprint.setting(seed=7)
        self.world: World = self.blueprint.new_world(4 * self.blueprint.n_firms)
        self.problem = new_problem()
        self.records = make_records(self.blueprint, periods)
        self.periods = periods
        self.stop = np.zeros(1, dtype=np.int64)
        self.run(0)

    def run(self, replicate: int) -> int:
        """Run a replicate from its start; returns the number of firm-periods."""
        self.blueprint.start(self.setting, self.world, replicate)
        status = drive(
            self.setting, self.world, self.problem, self.records, self.periods, 1, self.stop, WHOLE, 0, 0
        )
        if status != 0:
            raise RuntimeError(f"the run ended with status {status}")
        # a period works on the firms of its start: those of the periods before, and the initial ones
        return int(self.records.cells[:-1, 0].sum()) + self.blueprint.n_firms
