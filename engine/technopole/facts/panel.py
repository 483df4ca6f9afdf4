"""A world followed firm by firm: what the facts of docs/VALIDATION.md are measured on.

A *year* is one period of one world. "Operating" firms are those at its start; employment is what a firm's share of its
market asks for at the wage of its region, l = s D λ / ((1 + μ) w).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.facts.draws import Before, innovators, per_share
from technopole.simulation.advance import advance
from technopole.world.build import Blueprint
from technopole.world.recording import Recording
from technopole_kernels import layout as at
from technopole_kernels.status import Fate
from technopole_kernels.types import Constants, Setting, World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

WINDOW = 3
"""Years in which the innovation survey asks."""
LONG_AGO = 10_000
"""Years since the last innovation of firms of which none is known."""


class Stopped(Exception):
    """The stop flag was set in the middle of a world."""


@dataclass
class Year:
    """One period of one world.

    Of the n operating firms and of the m firms after it; survivors come first in their cells, in the same order. The
    arrays are the world's own or change with it: copy what shall outlive the year.
    """

    period: int
    """Periods done before this one."""
    regions: int
    sectors: int
    cell: Integers
    """(n,)"""
    age: NDArray[np.int32]
    """(n,) periods since entry"""
    employment: Floats
    """(n,) workers, before the period"""
    old_efficiency: Floats
    """(n,) log points, before the period; NaN if it is not known"""
    stays: Flags
    """(n,)"""
    innovates: Flags
    """(n,)"""
    parents: Integers
    """(b,) operating firms that founded a spin-off"""
    children: Integers
    """(b,) their spin-offs, places among the m"""
    next_identity: NDArray[np.uint64]
    next_cell: Integers
    next_age: NDArray[np.int32]
    next_employment: Floats
    """(m,) workers"""
    is_new: Flags
    """(m,)"""
    since: Integers
    """(m,) years since the last innovation, 0 in the year of it"""
    efficiency: Floats
    """(m,) log points, λ (m + a) + (1 − λ) c + ln A"""
    quality: Floats
    """(m,) log points"""
    share: Floats
    """(m,) of the sector's market"""
    sales: Floats
    """(m,) money"""
    wage: Floats
    """(R,)"""
    workforce: Floats
    """(R,)"""
    university: Floats
    """(R,) stock"""
    research: Floats
    """(R,) spending of firms with subsidy, money"""
    lag: Floats
    """(R,) periods from research to production"""

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.regions * self.sectors

    def growth(self) -> Floats:
        """Return the log growth of employment of the survivors."""
        grown: Floats = np.log(self.next_employment[~self.is_new]) - np.log(self.employment[self.stays])
        return grown

    def jobs(self) -> Floats:
        """Return workers by region and sector, (R, S)."""
        return self.by_cell(self.next_cell, self.next_employment)

    def by_cell(self, cell: Integers, weights: Any = None) -> Floats:
        """Return the sum over firms by region and sector, (R, S)."""
        table = np.bincount(cell, weights, self.cells).astype(np.float64)
        return table.reshape(self.regions, self.sectors)


def walk(
    blueprint: Blueprint,
    setting: Setting,
    replicate: int,
    periods: int,
    first: int = 0,
    stop: Integers | None = None,
    tick: Callable[[], object] | None = None,
) -> Iterator[Year]:
    """Run a world and yield its years.

    Parameters
    ----------
    blueprint : Blueprint
        What the world is made from.
    setting : Setting
        Of the blueprint, with the seed.
    replicate : int
        Number of the realisation.
    periods : int
        Periods to do.
    first : int
        Years before this one, counted from 0, are not yielded.
    stop : ndarray of int64, shape (1,), optional
        Not 0: stop before the next period.
    tick : callable, optional
        Called after each period.

    Yields
    ------
    Year
        Valid until the next one is asked for.

    Raises
    ------
    Stopped
        If the stop flag was set.
    TechnopoleError
        If the world cannot go on.
    """
    never = np.zeros(1, dtype=np.int64) if stop is None else stop
    nothing = Recording((), 1, periods, blueprint.n_regions, blueprint.n_sectors).records(0)
    world = blueprint.new_world()
    blueprint.start(setting, world, replicate)
    since = np.full(blueprint.n_firms, LONG_AGO)
    efficiency = np.full(blueprint.n_firms, np.nan)
    for period in range(periods):
        watched = period >= first - WINDOW
        before = _before(setting.constants, world) if watched else None
        world, finished = advance(blueprint, setting, world, nothing, period + 1, 1, never)
        if not finished:
            raise Stopped
        if tick is not None:
            tick()
        if before is None:
            since = np.full(int(world.offsets[-1]), LONG_AGO)
            continue
        year = _year(setting, world, before, since, efficiency)
        since, efficiency = year.since, year.efficiency
        if period >= first:
            yield year


def _before(constants: Constants, world: World) -> Before:
    firms = int(world.offsets[-1])
    cell, employment = employment_of(constants, world)
    return Before(
        world.identity[at.NOW, :firms].copy(),
        cell,
        world.age[at.NOW, :firms].copy(),
        employment,
        world.firms[at.F_SHARE, :firms].astype(np.float64),
        world.regions[at.R_WAGE].copy(),
    )


def employment_of(constants: Constants, world: World) -> tuple[Integers, Floats]:
    """Return the cell (n,) and the workers (n,) of the firms of now."""
    sectors = world.sectors.shape[1]
    cell = np.repeat(np.arange(world.offsets.size - 1), np.diff(world.offsets))
    share = world.firms[at.F_SHARE, : cell.size].astype(np.float64, copy=False)
    return cell, share * per_share(constants, world)[cell % sectors] / world.regions[
        at.R_WAGE, cell // sectors
    ]


def _year(setting: Setting, world: World, before: Before, since: Integers, old_efficiency: Floats) -> Year:
    """Describe the period just done."""
    sectors, regions = world.sectors.shape[1], world.regions.shape[1]
    firms, after = before.cell.size, int(world.offsets[-1])
    fate = world.fate[:firms]
    stays = fate != int(Fate.LEAVE)
    innovates = innovators(setting, world, before)
    next_cell, next_employment = employment_of(setting.constants, world)
    next_age = world.age[at.NOW, :after]
    is_new = next_age == 0
    recent = np.full(after, LONG_AGO)
    recent[~is_new] = np.where(innovates, 0, since + 1)[stays]
    m, a, c, q = world.firms[: at.F_QUALITY + 1, :after].astype(np.float64, copy=False)
    labour = setting.constants.sectors[at.K_LABOUR_SHARE, next_cell % sectors]
    parents, children = _births(fate, before.cell, stays, world.offsets)
    share = world.firms[at.F_SHARE, :after].astype(np.float64, copy=False)
    return Year(
        period=int(world.clock[at.PERIOD]) - 1,
        regions=regions,
        sectors=sectors,
        cell=before.cell,
        age=before.age,
        employment=before.employment,
        old_efficiency=old_efficiency if old_efficiency.size == firms else np.full(firms, np.nan),
        stays=stays,
        innovates=innovates,
        parents=parents,
        children=children,
        next_identity=world.identity[at.NOW, :after],
        next_cell=next_cell,
        next_age=next_age,
        next_employment=next_employment,
        is_new=is_new,
        since=recent,
        efficiency=labour * (m + a) + (1.0 - labour) * c + world.cells[at.C_EFFICIENCY, next_cell],
        quality=q,
        share=share,
        sales=share * world.sectors[at.S_MARKET, next_cell % sectors],
        wage=world.regions[at.R_WAGE],
        workforce=world.regions[at.R_WORKFORCE],
        university=world.regions[at.R_UNIVERSITY],
        research=world.cells[at.E_RESEARCH].reshape(regions, sectors).sum(axis=1),
        lag=3.0 / world.regions[at.R_LEAVING],
    )


def _births(
    fate: NDArray[np.uint32], cell: Integers, stays: Flags, offsets: Integers
) -> tuple[Integers, Integers]:
    """Return who founded a spin-off, and the places of the spin-offs.

    In a cell stand first the survivors, then spin-offs in the order of their parents (docs/MODEL.md 7.11).
    """
    parents = np.flatnonzero(fate >= int(Fate.SPAWN))
    destination = fate[parents].astype(np.int64) - int(Fate.SPAWN)
    order = np.argsort(destination, kind="stable")
    parents, destination = parents[order], destination[order]
    rank = np.arange(parents.size) - np.searchsorted(destination, destination)
    survivors = np.bincount(cell[stays], minlength=offsets.size - 1)
    return parents, offsets[destination] + survivors[destination] + rank
