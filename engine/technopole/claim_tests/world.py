"""One world on its way through an arm of an experiment: what is recorded of it, its firms, and who stays.

No kernel is changed for a claim: an arm is the same compiled model with other parameters, stopped between periods
where something is looked at or done to the state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.claim_tests.outcomes import Flags, Floats, Ints
from technopole.schema import PARAMETERS
from technopole.simulation.advance import advance
from technopole.world.build import Blueprint, enlarge_world
from technopole.world.state import copy_state, load_state, state_view
from technopole_kernels import layout
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, Records
from technopole_kernels.status import Fate
from technopole_kernels.types import Policy, Setting, World

CELLS = (
    *("firms", "innovations", "small_innovations", "sales", "employment", "overhead", "transaction_cost"),
    *("productivity", "price", "quality", "reputation"),
)
REGIONS = (
    *("workforce", "wage", "trust", "infrastructure", "university", "services", "finance", "net_migration"),
)
"""What is recorded of every arm, after every period."""
CHANNELS = (layout.F_ORGANISATION, layout.F_TECHNOLOGY, layout.F_SOURCING)
"""Rows of the firms: the three channels of C1."""


class Stopped(Exception):
    """The run was asked to stop."""


class Firms(NamedTuple):
    """The firms of a moment, n of them; arrays of its own."""

    cell: Ints
    sector: Ints
    share: Floats
    """Of the sector's market."""
    knowledge: Floats
    """Organisation, technology, sourcing, quality, shape (4, n)."""
    age: NDArray[np.int32]
    tie: Flags
    sales: Floats
    employment: Floats
    efficiency: Floats
    """λ (m + a) + (1 − λ) c, log points."""
    place: Floats
    """ln A of the cell in the last period, log points."""
    price: Floats
    """ln p in the last period, log points; NaN for those who entered at its end."""


def switched(blueprint: Blueprint, parameters: Mapping[str, float], silent: Flags | None = None) -> Blueprint:
    """Return a blueprint with other parameters.

    Parameters
    ----------
    blueprint : Blueprint
        As configured.
    parameters : mapping
        Dotted key of a parameter that the kernels read → value.
    silent : ndarray of bool, shape (S,), optional
        Sectors that do not innovate.
    """
    params, constants = blueprint.params.copy(), blueprint.constants
    for key, value in parameters.items():
        params[PARAMETERS[key].field] = value
    if silent is not None:
        sectors = constants.sectors.copy()
        sectors[layout.K_INNOVATION_RATE, silent] = 0.0
        constants = constants._replace(sectors=sectors)
    return replace(blueprint, params=params, constants=constants)


class Bench:
    """What a thread computes with: one world, and room for what is recorded of it.

    Parameters
    ----------
    blueprint : Blueprint
        Any of the arms: they have the same tables.
    periods : int
        Longest run.
    stop : ndarray of int64, shape (1,)
        Not 0: `Stopped` is raised before the next period.
    """

    def __init__(self, blueprint: Blueprint, periods: int, stop: NDArray[np.int64]) -> None:
        self.world: World = blueprint.new_world()
        self.stop = stop
        cells = np.array([CELL_VARIABLES.index(name) for name in CELLS], dtype=np.int64)
        regions = np.array([REGION_VARIABLES.index(name) for name in REGIONS], dtype=np.int64)
        n_regions, n_sectors = blueprint.n_regions, blueprint.n_sectors
        self.records = Records(
            cells,
            regions,
            np.zeros(0, dtype=np.int64),
            np.zeros((periods, cells.size, n_regions * n_sectors)),
            np.zeros((periods, regions.size, n_regions)),
            np.zeros((periods, 0, n_sectors)),
            np.zeros((0, layout.SIZE_CLASSES), dtype=np.int64),
        )
        self.shape = (n_regions, n_sectors)

    def cells(self, name: str) -> Floats:
        """Return a recorded cell variable, (T, R, S): a view."""
        values: Floats = self.records.cells[:, CELLS.index(name)]
        return values.reshape(len(values), *self.shape)

    def regions(self, name: str) -> Floats:
        """Return a recorded region variable, (T, R): a view."""
        values: Floats = self.records.regions[:, REGIONS.index(name)]
        return values


class Walk:
    """A world that is moved on, with groups of its firms followed.

    Parameters
    ----------
    bench : Bench
        Where it is computed; what was there is lost.
    blueprint : Blueprint
        The arm.
    seed, replicate : int
    policy : Policy, optional
        In place of that of the arm.
    """

    def __init__(
        self, bench: Bench, blueprint: Blueprint, seed: int, replicate: int, policy: Policy | None = None
    ) -> None:
        self.bench, self.blueprint, self.replicate = bench, blueprint, replicate
        self.setting: Setting = blueprint.setting(seed, policy)
        self.origins: dict[str, Ints] = {}
        """For each group the index that each firm of now had when it was first followed; −1: not there then."""
        self.appointments: dict[int, list[Callable[[], None]]] = {}
        """What is to be done when a period has been reached."""

    def start(self) -> None:
        """Put the world into its initial state."""
        if self.blueprint.n_firms > self.bench.world.firms.shape[1]:
            self.bench.world = self.blueprint.new_world()
        self.blueprint.start(self.setting, self.bench.world, self.replicate)

    def resume(self, state: dict[str, NDArray[Any]]) -> None:
        """Put the world into a state that `state` returned."""
        firms = int(state["offsets"][-1])
        if firms > self.bench.world.firms.shape[1]:
            self.bench.world = enlarge_world(self.bench.world, firms)
        load_state(self.bench.world, state)
        self.bench.world.clock[layout.REPLICATE] = self.replicate

    def state(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the state."""
        return copy_state(self.bench.world)

    @property
    def period(self) -> int:
        """Periods done."""
        return int(self.bench.world.clock[layout.PERIOD])

    @property
    def n_firms(self) -> int:
        """Number of firms now."""
        return int(self.bench.world.offsets[-1])

    def view(self, name: str) -> NDArray[Any]:
        """Return a state variable, see `technopole.schema.STATE`."""
        return state_view(self.bench.world, name)

    def follow(self, group: str) -> None:
        """Follow all firms of now under this name."""
        self.origins[group] = np.arange(self.n_firms)

    def go(self, until: int, watch: Callable[[], None] | None = None) -> None:
        """Move on to a period.

        Parameters
        ----------
        until : int
            Periods done at the end.
        watch : callable, optional
            Called after each period.

        Raises
        ------
        Stopped
            If the flag was set.
        TechnopoleError
            As `technopole.simulation.advance.advance`.
        """
        while self.period < until:
            before, bench = self.n_firms, self.bench
            due = min((period for period in self.appointments if period > self.period), default=until)
            step = self.period + 1 if self.origins or watch else min(due, until)
            bench.world, finished = advance(
                self.blueprint, self.setting, bench.world, bench.records, step, 1, bench.stop
            )
            if not finished:
                raise Stopped
            if self.origins:
                self._carry(before)
            for keep in self.appointments.get(self.period, ()):
                keep()
            if watch:
                watch()

    def _carry(self, before: int) -> None:
        """Take the groups over one period: survivors stay in their order, entrants are 0 periods old."""
        world = self.bench.world
        stays = world.fate[:before] != int(Fate.LEAVE)
        old = world.age[layout.NOW, : self.n_firms] > 0
        for group, origin in self.origins.items():
            carried = np.full(old.size, -1, dtype=np.int64)
            carried[old] = origin[stays]
            self.origins[group] = carried

    def firms(self) -> Firms:
        """Return the firms of now; at least one period must have been done."""
        world, n = self.bench.world, self.n_firms
        traits, n_sectors = self.setting.constants.sectors, world.sectors.shape[1]
        cell = np.repeat(np.arange(world.offsets.size - 1), np.diff(world.offsets))
        sector = cell % n_sectors
        share = world.firms[layout.F_SHARE, :n].astype(np.float64)
        knowledge = world.firms[: layout.F_QUALITY + 1, :n].astype(np.float64)
        sales = share * world.sectors[layout.S_MARKET][sector]
        labour = traits[layout.K_LABOUR_SHARE][sector]
        wage = world.regions[layout.R_WAGE][cell // n_sectors]
        efficiency = labour * (knowledge[0] + knowledge[1]) + (1.0 - labour) * knowledge[2]
        place = world.cells[layout.C_EFFICIENCY][cell]
        return Firms(
            cell,
            sector,
            share,
            knowledge,
            world.age[layout.NOW, :n].copy(),
            world.tie[layout.NOW, :n] != 0,
            sales,
            sales * labour / ((1.0 + traits[layout.K_MARKUP][sector]) * wage),
            efficiency,
            place,
            self._level_of_price(cell) - efficiency - place,
        )

    def _level_of_price(self, cell: Ints) -> Floats:
        """Return ln p of the last period without the efficiency of the firms of now; NaN for entrants."""
        world = self.bench.world
        old = world.age[layout.NOW, : cell.size] > 0
        level = np.where(old, world.cells[layout.C_PRICE_LEVEL][cell], np.nan)
        if self.setting.params["sharing_rule"][0] == 0:  # the level holds what all firms of a cell pay
            return level
        # overhead rates stand as the firms stood in that period; who stayed has kept the order
        stayed = np.flatnonzero(world.fate != int(Fate.LEAVE))[: np.count_nonzero(old)]
        overhead = world.load[layout.OVERHEAD_RATE, stayed].astype(np.float64)
        transaction = world.regions[layout.R_TRANSACTION][cell[old] // world.sectors.shape[1]]
        level[old] += np.log1p(transaction + overhead)
        return level
