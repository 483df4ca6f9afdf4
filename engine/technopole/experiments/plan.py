"""The plan of an experiment: its points and replicates cut into units of work, the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from technopole.basics.kernel_sources import kernel_digest
from technopole.data.loading import Tables, load_tables
from technopole.data.tables import Labels
from technopole.experiments.store_layout import raw_bytes, recorded_bytes, store_layout
from technopole.experiments.store_variables import Layout, OutputVariable
from technopole.sweeps.checks import refuse_missing_library, refuse_unstored
from technopole.sweeps.design import make_points
from technopole.sweeps.points import Points
from technopole.sweeps.sweep import Sweep, hash_of
from technopole.version import __version__
from technopole.world.policies import refuse_unknown_places

__all__ = ["OutputVariable", "Plan", "Unit", "kernel_digest", "make_plan"]

UNIT_WORK = 5e7
"""Firms times periods of a unit: some seconds on one core, so that what surrounds a unit costs little."""
CELL_WORK = 2.0
"""What a region and sector takes, in firms: it counts where there are more of them than firms."""
REPLICATE_WORK = 8e3
"""What a replicate takes besides, in firms times periods: it is what counts in small economies."""
POINT_WORK = 1e4
"""What a point takes besides, in the same unit."""
UNIT_BYTES = 32 * 2**20
"""Raw output of a unit at most, unless one replicate of one point has more."""
MOST_IN_BLOCK = 1 << 14
"""Replicates of a block at most."""
BURN_IN_SHARE = 16
"""With a burn-in, units may be so many times larger, as they share it between points."""
BURN_IN_BYTES = 128 * 2**20
"""What is recorded of the points that share a burn-in at most, as all of it is in memory at once."""


class Unit(NamedTuple):
    """A unit of work: all points times all replicates of two ranges."""

    number: int
    points: range
    """Indices, not ids."""
    replicates: range


@dataclass(frozen=True)
class Plan:
    """What is to be computed and in which units; can be pickled.

    Attributes
    ----------
    sweep : Sweep
        What is planned.
    points : Points
        Its points.
    regions, sectors : tuple of str
        Ids.
    n_firms : int
        Initial firms.
    tables_digest : str
        Hash of the tables the economy starts from.
    point_block : int
        Points of a unit; the last one may have fewer.
    replicate_block : int
        Replicates of a unit, a power of two; the last one may have fewer.
    labels : Labels or None
        Names and positions; None: loaded when they are needed.
    """

    sweep: Sweep
    points: Points
    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    n_firms: int
    tables_digest: str
    point_block: int
    replicate_block: int
    labels: Labels | None = field(default=None, repr=False, compare=False)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.points)

    @property
    def replicates(self) -> int:
        """Replicates of a point; with a stopping rule the most there can be."""
        return self.sweep.replicates

    @property
    def n_blocks(self) -> int:
        """Blocks of replicates of a point."""
        return -(-self.replicates // self.replicate_block)

    @property
    def n_point_blocks(self) -> int:
        """Blocks of points."""
        return -(-self.n_points // self.point_block)

    @property
    def n_units(self) -> int:
        """Units; with a stopping rule the most there can be."""
        return self.n_blocks * self.n_point_blocks

    def unit(self, number: int) -> Unit:
        """Return a unit.

        Parameters
        ----------
        number : int
            From 0; units of the same block of replicates follow each other.

        Returns
        -------
        Unit
            Its ranges.
        """
        if not 0 <= number < self.n_units:
            raise IndexError(f"unit {number}; there are {self.n_units}")
        block, place = divmod(number, self.n_point_blocks)
        first, start = place * self.point_block, block * self.replicate_block
        return Unit(
            number,
            range(first, min(first + self.point_block, self.n_points)),
            range(start, min(start + self.replicate_block, self.replicates)),
        )

    def units(self) -> Iterator[Unit]:
        """Return all units in order."""
        return (self.unit(number) for number in range(self.n_units))

    @property
    def rounds(self) -> int:
        """Rounds of the stopping rule; 1 without."""
        stop = self.sweep.stop
        return 1 if stop is None else 1 + (stop.maximum - stop.minimum) // stop.round

    def round_replicates(self, number: int) -> range:
        """Return the replicates of a round.

        Parameters
        ----------
        number : int
            From 0.

        Returns
        -------
        range
            All of them without a stopping rule.
        """
        if not 0 <= number < self.rounds:
            raise IndexError(f"round {number}; there are {self.rounds}")
        stop = self.sweep.stop
        if stop is None:
            return range(self.replicates)
        end = stop.minimum + number * stop.round
        return range(end - stop.round if number else 0, end)

    def round_units(self, number: int) -> range:
        """Return the units of a round; a point that has stopped needs those of it no more.

        Parameters
        ----------
        number : int
            From 0.

        Returns
        -------
        range
            Numbers of units.
        """
        replicates = self.round_replicates(number)
        first = replicates.start // self.replicate_block
        last = -(-replicates.stop // self.replicate_block)
        return range(first * self.n_point_blocks, last * self.n_point_blocks)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what the store holds; `digest` is its hash, and two of them can be compared."""
        return {
            "sweep": self.sweep.essence(),
            "points": self.points.digest(),
            "tables": self.tables_digest,
            "point_block": self.point_block,
            "replicate_block": self.replicate_block,
            "technopole": __version__,
            "kernels": kernel_digest(),
        }

    @cached_property
    def digest(self) -> str:
        """Hash of the resolved sweep, its points, the tables, the version and the sources of the kernels."""
        return hash_of(self.identity)

    @cached_property
    def layout(self) -> Layout:
        """Arrays of the store."""
        return store_layout(self)

    def variables(self) -> list[OutputVariable]:
        """Return the arrays of the store with their chunks."""
        return list(self.layout.variables)

    @property
    def files(self) -> int:
        """Files of the finished store, without the journals, of which each process writes one."""
        return self.layout.files

    @property
    def bytes(self) -> int:
        """Size of the arrays of the finished store before compression, with as many firms as `firms_expected` says."""
        return self.layout.bytes

    @property
    def work(self) -> float:
        """Firms times periods of all replicates, by the firms at the start."""
        return float(self.n_firms) * self.sweep.periods * self.n_points * self.replicates


def make_plan(sweep: Sweep) -> Plan:
    """Plan a sweep.

    Parameters
    ----------
    sweep : Sweep
        Checked.

    Returns
    -------
    Plan
        The same on every machine and for any number of workers.

    Raises
    ------
    ConfigError
        If the points or the data cannot be used, or a library is missing.
    """
    refuse_missing_library(sweep)
    refuse_unstored(sweep)
    points = make_points(sweep)
    tables = load_tables(sweep.config)
    _check_places(sweep, tables)
    refuse_unknown_places(sweep.config, tables)
    firms = int(tables.offsets[-1])
    return Plan(
        sweep,
        points,
        tuple(tables.region_ids),
        tuple(tables.sector_ids),
        firms,
        tables_digest(tables),
        *_blocks(sweep, len(points), firms, len(tables.region_ids), len(tables.sector_ids)),
        labels=_labels(tables),
    )


def _check_places(sweep: Sweep, tables: Tables) -> None:
    from technopole.config.problems import Problems
    from technopole.schema.outcomes import outcome_problems

    problems = Problems(sweep.source)
    for outcome in sweep.outcomes:
        for line in outcome_problems(outcome, sweep.times, tables.region_ids, tables.sector_ids):
            key, _, text = line.partition(": ")
            problems.add(f"outcomes.{outcome.name}.{key}", text)
    problems.raise_if_any()


def _blocks(sweep: Sweep, points: int, firms: int, regions: int, sectors: int) -> tuple[int, int]:
    """Return points and replicates of a unit, from the sweep and fixed targets alone."""
    size = raw_bytes(sweep, regions, sectors, firms)
    economy = firms + CELL_WORK * regions * sectors
    work = economy * (sweep.periods - sweep.burn_in) + REPLICATE_WORK
    most = min(UNIT_WORK / work, MOST_IN_BLOCK)
    room = UNIT_BYTES / size if size else math.inf
    if sweep.stop is not None:
        return 1, _block(most, room, math.gcd(sweep.stop.minimum, sweep.stop.round))
    whole = 1 << (sweep.replicates - 1).bit_length()
    if sweep.burn_in:
        memory = BURN_IN_BYTES / recorded_bytes(sweep, regions, sectors)
        together = min(points, max(1, int(min(BURN_IN_SHARE * most, room, memory))))
        return together, min(_block(most / together, room / together), whole)
    block = min(_block(most, room), whole)
    if block < whole:
        return 1, block
    fitting = min(UNIT_WORK / (sweep.replicates * work + POINT_WORK), room / whole)
    return min(points, max(1, int(fitting))), block


def _block(wanted: float, room: float, divides: int = 0) -> int:
    """Return the power of two nearest to a number, at most `room`, that divides another one (0: any)."""
    power = 1 << max(0, round(math.log2(max(wanted, 1.0))))
    if power > room:
        power = 1 << max(0, math.floor(math.log2(max(room, 1.0))))
    return min(power, divides & -divides) if divides else power


def _labels(tables: Tables) -> Labels:
    return Labels(*(getattr(tables, name) for name in Labels._fields))


def tables_digest(tables: Tables) -> str:
    """Return a hash of the tables of an economy, in 64 hexadecimal digits.

    Parameters
    ----------
    tables : Tables
        Any.

    Returns
    -------
    str
        The same wherever they were loaded from.
    """
    digest = hashlib.sha256()
    for name, value in sorted(vars(tables).items()):
        parts = value if isinstance(value, dict) else {"": value}
        for key, part in sorted(parts.items()):
            digest.update(f"{name} {key} ".encode())
            if isinstance(part, np.ndarray):
                digest.update(f"{part.dtype} {part.shape} ".encode() + np.ascontiguousarray(part).tobytes())
            else:
                digest.update(repr(part).encode())
    return digest.hexdigest()
