"""All facts of one world: it is followed year by year, and what each year tells is added up."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from technopole.facts.innovation import Innovations, Innovators, SmallFirms
from technopole.facts.panel import Year, walk
from technopole.facts.productivity import Decomposition, Economy, Productivity
from technopole.facts.regions import Regions
from technopole.facts.sizes import Growth, Sizes
from technopole.facts.turnover import Hazards, SpinOffs, Turnover
from technopole.world.build import Blueprint
from technopole_kernels.types import Setting

Floats = NDArray[np.float64]


class Collector(Protocol):
    """What takes year after year and knows the facts at the end; it keeps sums, or a few numbers per firm."""

    def add(self, year: Year) -> None:
        """Take a year."""

    def facts(self) -> dict[str, float]:
        """Return the facts by name; NaN where there are too few firms."""

    def tables(self) -> dict[str, Floats]:
        """Return distributions and series by name, for comparison with data and for pictures."""


class Measured(NamedTuple):
    """What was found of one world."""

    facts: dict[str, float]
    tables: dict[str, Floats]


def measure(
    blueprint: Blueprint,
    setting: Setting,
    replicate: int,
    periods: int,
    stop: NDArray[np.int64] | None = None,
    tick: Callable[[], object] | None = None,
) -> Measured:
    """Run a world and measure the facts on the second half of its years.

    Parameters
    ----------
    blueprint : Blueprint
        What the world is made from.
    setting : Setting
        Of the blueprint, with the seed.
    replicate : int
        Number of the realisation.
    periods : int
        Periods to do, at least 2.
    stop : ndarray of int64, shape (1,), optional
        Not 0: stop before the next period.
    tick : callable, optional
        Called after each period.

    Returns
    -------
    Measured
        NaN for facts that cannot be told from this world.

    Raises
    ------
    technopole.facts.panel.Stopped
        If the stop flag was set.
    TechnopoleError
        If the world cannot go on.
    """
    start = next(walk(blueprint, setting, replicate, 1, stop=stop))
    collectors = _collectors(blueprint, start)
    del start
    for year in walk(blueprint, setting, replicate, periods, periods // 2, stop, tick):
        for collector in collectors:
            collector.add(year)
    facts: dict[str, float] = {}
    tables: dict[str, Floats] = {}
    for collector in collectors:
        facts |= collector.facts()
        tables |= collector.tables()
    return Measured(facts, tables)


def _collectors(blueprint: Blueprint, start: Year) -> list[Collector]:
    tables = blueprint.tables
    return [
        Sizes(),
        Growth(),
        Turnover(),
        Hazards(),
        SpinOffs(),
        Productivity(),
        Decomposition(),
        Innovators(tables),
        Innovations(blueprint.config.institutions.university_exponent),
        SmallFirms(),
        Regions(tables),
        Economy(start),
    ]
