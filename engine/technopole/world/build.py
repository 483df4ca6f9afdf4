"""From configuration and tables to the arrays the kernels work on: the only place that allocates a world."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from technopole.config.config import Config
from technopole.data.draft import refuse_too_large
from technopole.data.loading import Tables, draft_tables
from technopole.schema import STOCKS
from technopole.world.capacity import first_capacity
from technopole.world.constants import make_constants, make_params
from technopole.world.policies import policy_from_config
from technopole_kernels import layout
from technopole_kernels._mixing import MIXED, SIDE
from technopole_kernels.initial import initialise, name_firms
from technopole_kernels.types import (
    GROUP,
    TILE,
    Constants,
    Policy,
    Problem,
    Setting,
    World,
)

Floats = NDArray[np.float64]
ROOM_AT_ONCE = 200_000
"""Firms from which on a world gets the room it will need in the end; smaller ones fit into caches, or nearly so."""
MOST_ROOM = 4
"""In units of the room that it needs at first."""


@dataclass(frozen=True)
class Blueprint:
    """All that the worlds of a run have in common.

    Attributes
    ----------
    config : Config
    tables : Tables
        Names, positions and initial firms.
    constants : Constants
    params : record array, (1,)
    policy : Policy
    identity : ndarray of uint64, (n,), optional
        Identities of the initial firms; a large world makes them anew in its own arrays at every start.
    stocks : ndarray, (4, R)
        Initial institutions.
    """

    config: Config
    tables: Tables
    constants: Constants
    params: NDArray[np.void]
    policy: Policy
    identity: NDArray[np.uint64] | None
    stocks: Floats

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.tables.region_ids)

    @property
    def n_sectors(self) -> int:
        """Number of sectors."""
        return len(self.tables.sector_ids)

    @property
    def n_firms(self) -> int:
        """Number of initial firms."""
        return int(self.tables.offsets[-1])

    @property
    def precision(self) -> str:
        """How the numbers of firms are held: ``float64`` or ``float32``."""
        return str(self.config.run.precision)

    @property
    def capacity(self) -> int:
        """Firm slots a new world gets."""
        return first_capacity(self.config, self.n_firms)

    @property
    def final_capacity(self) -> int:
        """Firm slots that a world will about need at the end, as firms grow with the workforce."""
        if self.config.capacity.fixed:
            return self.capacity
        periods, growth = self.config.time.periods, max(self.config.labour.growth, 0.0)
        # beyond e^30 no memory is large enough, and the power would overflow
        factor = math.exp(min(periods * math.log1p(growth), 30.0))
        return int(self.capacity * factor)

    @property
    def room(self) -> int:
        """Firm slots for a run of all its periods.

        The system gives memory when it is written to: so a large world gets the room it will need at once, rather than
        being copied to larger arrays, and being there twice, as it grows.
        """
        if self.n_firms < ROOM_AT_ONCE:
            return self.capacity
        return min(max(self.capacity, self.final_capacity), MOST_ROOM * self.capacity)

    def setting(self, seed: int, policy: Policy | None = None) -> Setting:
        """Return what the kernels read and never write, for one seed."""
        key = np.array([seed], dtype=np.uint64)
        return Setting(key, self.params, self.constants, self.policy if policy is None else policy)

    def new_world(self, capacity: int | None = None) -> World:
        """Allocate a world; call `start` to fill it."""
        room = self.capacity if capacity is None else capacity
        return allocate_world(room, self.n_regions, self.n_sectors, self.precision)

    def world_bytes(self, capacity: int) -> int:
        """Predict the memory of a world with room for so many firms."""
        return world_bytes(capacity, self.n_regions, self.n_sectors, self.precision)

    def start(self, setting: Setting, world: World, replicate: int) -> None:
        """Put a world into the initial state of a replicate."""
        tables, identity = self.tables, self.identity
        if identity is None:
            identity = world.identity[layout.NOW, : self.n_firms]
            name_firms(tables.offsets, identity)
        initialise(setting, world, replicate, tables.offsets, identity, tables.employment, self.stocks)


def make_blueprint(config: Config) -> Blueprint:
    """Load the tables of a configuration and prepare what all its worlds share.

    Raises
    ------
    DataError
        If the tables are missing or contradict each other.
    ConfigError
        If one world would not fit into memory; that is known before its firms are made.
    """
    draft = draft_tables(config)
    room = first_capacity(config, draft.firms)
    world = world_bytes(room, draft.regions, draft.sectors, config.run.precision)
    refuse_too_large(config, draft, world)
    tables = draft.make()
    constants = make_constants(config, tables)
    firms = int(tables.offsets[-1])
    identity = np.empty(firms, dtype=np.uint64) if firms < ROOM_AT_ONCE else None
    if identity is not None:
        name_firms(tables.offsets, identity)
    stocks = np.ascontiguousarray([tables.stocks[name] for name in STOCKS], dtype=np.float64)
    policy = policy_from_config(config, tables)
    return Blueprint(config, tables, constants, make_params(config), policy, identity, stocks)


def vary_blueprint(
    base: Blueprint, config: Config, constants: Constants | None = None, policy: Policy | None = None
) -> Blueprint:
    """Return a blueprint of the same tables with other parameters.

    Parameters
    ----------
    base : Blueprint
        Made from the same tables.
    config : Config
        Differs from that of `base` in no key that shapes the tables.
    constants : Constants, optional
        Those of `config`, where it differs in the geography; otherwise those of `base`.
    policy : Policy, optional
        That of `config`, where it differs in the policies; otherwise that of `base`.

    Returns
    -------
    Blueprint
        Shares all other arrays with `base`; they are never written.
    """
    made = base.constants if constants is None else constants
    chosen = base.policy if policy is None else policy
    return replace(base, config=config, params=make_params(config), constants=made, policy=chosen)


LINE = 64
"""Bytes of a line of the cache."""


def allocate_world(capacity: int, regions: int, sectors: int, precision: str = "float64") -> World:
    """Allocate all arrays of a world with room for ``capacity`` firms, whose numbers are of a precision."""
    cells = regions * sectors
    groups = -(-regions // GROUP)
    return World(
        clock=np.zeros(4, dtype=np.int64),
        offsets=np.zeros(cells + 1, dtype=np.int64),
        regions=np.zeros((layout.R_ROWS, regions)),
        cells=np.zeros((layout.C_ROWS, cells)),
        sectors=np.zeros((layout.S_ROWS, sectors)),
        counts=np.zeros((layout.N_ROWS, cells), dtype=np.int64),
        new_offsets=np.zeros(cells + 1, dtype=np.int64),
        economy=np.zeros(layout.ECONOMY),
        sizes=np.zeros(layout.SIZE_CLASSES, dtype=np.int64),
        mixed=aligned_zeros(regions * SIDE * sectors, "float64").reshape(regions, -1),
        reached=aligned_zeros(groups * MIXED * sectors * GROUP, "float64").reshape(groups, -1),
        buffer=aligned_zeros(layout.BUFFER_ROWS * layout.ROW, precision),
        partner=np.zeros(TILE, dtype=np.int32),
        keys=np.zeros(TILE, dtype=np.uint64),
        **_allocate_firms(capacity, regions, sectors, precision),
    )


def aligned_zeros(size: int, kind: DTypeLike) -> NDArray[Any]:
    """Zeros that begin where a line of the cache begins: eight numbers are then in one line, not in two."""
    each = np.dtype(kind).itemsize
    room = np.zeros(size + LINE // each, dtype=kind)
    begin = -room.ctypes.data % LINE // each
    return room[begin : begin + size]


def _allocate_firms(capacity: int, regions: int, sectors: int, precision: str) -> dict[str, NDArray[Any]]:
    """Allocate the arrays of a world whose size depends on its capacity."""
    tiles = capacity // TILE + regions + 1
    segments = min(regions * sectors, capacity) + tiles
    return {
        "firms": np.zeros((layout.F_ROWS, capacity), dtype=precision),
        "next": np.zeros((layout.F_ROWS, capacity), dtype=precision),
        "identity": np.zeros((2, capacity), dtype=np.uint64),
        "age": np.zeros((2, capacity), dtype=np.int32),
        "tie": np.zeros((2, capacity), dtype=np.uint8),
        "load": np.zeros((2, capacity), dtype=precision),
        "fate": np.zeros(capacity, dtype=np.uint32),
        "tiles": np.zeros((layout.T_ROWS, tiles + 1), dtype=np.int64),
        "segments": np.zeros((layout.G_ROWS, segments + 1), dtype=np.int64),
        "segment_sum": aligned_zeros((segments + 2) * layout.SUM_COLUMNS, "float64").reshape(
            segments + 2, -1
        ),
    }


def enlarge_world(world: World, capacity: int) -> World:
    """Return the same state with room for ``capacity`` firms; arrays that do not depend on it are kept."""
    fresh = _allocate_firms(capacity, world.regions.shape[1], world.sectors.shape[1], str(world.firms.dtype))
    living = int(world.offsets[-1])
    for name in ("firms", "identity", "age", "tie"):
        fresh[name][:, :living] = getattr(world, name)[:, :living]
    return world._replace(**fresh)


def new_problem() -> Problem:
    """Allocate the record of what went wrong."""
    return Problem(where=np.zeros(4, dtype=np.int64))


def world_bytes(capacity: int, regions: int, sectors: int, precision: str = "float64") -> int:
    """Predict the memory of a world without allocating it."""
    each = np.dtype(precision).itemsize
    per_firm = 2 * (each * layout.F_ROWS + 8 + 4 + 1) + 2 * each + 4
    cells = regions * sectors
    tiles = capacity // TILE + regions + 1
    segments = min(cells, capacity) + tiles
    per_cell = 8 * (layout.C_ROWS + layout.N_ROWS + SIDE + MIXED + 2)
    return (
        per_firm * capacity
        + per_cell * cells
        + 8 * (layout.SUM_COLUMNS + layout.G_ROWS) * segments
        + each * layout.BUFFER_ROWS * layout.ROW
    )
