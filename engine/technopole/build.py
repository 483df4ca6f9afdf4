"""From configuration and tables to the arrays the kernels work on: the only place that allocates a world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from technopole_kernels import layout
from technopole_kernels.initial import initialise, name_firms
from technopole_kernels.types import (
    TILE,
    Constants,
    Firms,
    Params,
    Policy,
    Problem,
    Regions,
    Sectors,
    Setting,
    Totals,
    Work,
    World,
)

from technopole.config import Config
from technopole.data import Tables, load_tables
from technopole.geography import cumulative_rows, far_cumulative, proximity
from technopole.policies import policy_from_config
from technopole.schema import PARAMETERS

Floats = NDArray[np.float64]
STOCKS = ("infrastructure", "university", "services", "finance")


@dataclass(frozen=True)
class Blueprint:
    """All that the worlds of a run have in common.

    Attributes
    ----------
    config : Config
    tables : Tables
        Names, positions and initial firms.
    constants : Constants
    params : Params
    policy : Policy
    identity : ndarray of uint64, (n,)
        Identities of the initial firms.
    stocks : ndarray, (4, R)
        Initial institutions.
    """

    config: Config
    tables: Tables
    constants: Constants
    params: Params
    policy: Policy
    identity: NDArray[np.uint64]
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
    def capacity(self) -> int:
        """Firm slots a new world gets."""
        return int(np.ceil(self.n_firms * (1.0 + self.config.capacity.slack))) + 16

    def setting(self, seed: int, policy: Policy | None = None) -> Setting:
        """Return what the kernels read and never write, for one seed."""
        key = np.array([seed], dtype=np.uint64)
        return Setting(key, self.params, self.constants, self.policy if policy is None else policy)

    def new_world(self, capacity: int | None = None) -> World:
        """Allocate a world; call `start` to fill it."""
        return allocate_world(self.capacity if capacity is None else capacity, self.n_regions, self.n_sectors)

    def start(self, setting: Setting, world: World, replicate: int) -> None:
        """Put a world into the initial state of a replicate."""
        tables = self.tables
        initialise(setting, world, replicate, tables.offsets, self.identity, tables.employment, self.stocks)


def make_blueprint(config: Config) -> Blueprint:
    """Load the tables of a configuration and prepare what all its worlds share.

    Raises
    ------
    DataError
        If the tables are missing or contradict each other.
    """
    tables = load_tables(config)
    constants = make_constants(config, tables)
    identity = np.empty(int(tables.offsets[-1]), dtype=np.uint64)
    name_firms(tables.offsets, identity)
    stocks = np.ascontiguousarray([tables.stocks[name] for name in STOCKS], dtype=np.float64)
    policy = policy_from_config(config, tables)
    return Blueprint(config, tables, constants, make_params(config), policy, identity, stocks)


def make_params(config: Config) -> Params:
    """Collect the scalars of the configuration for the kernels; a choice becomes its index."""
    values: dict[str, float | int] = {}
    for field in Params._fields:
        group, name = field.split("_", 1)
        value = getattr(getattr(config, group), name)
        choices = PARAMETERS[f"{group}.{name}"].choices
        if choices is not None:
            values[field] = choices.index(value)
        else:
            values[field] = int(value) if isinstance(value, bool) else float(value)
    return Params(**values)  # type: ignore[arg-type]


def make_constants(config: Config, tables: Tables) -> Constants:
    """Prepare sector constants, geography, relatedness and suppliers."""
    sectors = len(tables.sector_ids)
    csr = proximity(tables.distances, config.spillover.distance_decay, config.spillover.cutoff)
    start, region, weight = csr
    base, related = split_relatedness(tables.relatedness)
    firms_of_sector = np.diff(tables.offsets).reshape(-1, sectors).sum(axis=0)
    sector_of_firm = np.repeat(np.tile(np.arange(sectors), len(tables.region_ids)), np.diff(tables.offsets))
    employment = np.bincount(sector_of_firm, weights=tables.employment, minlength=sectors)
    workforce = np.add.reduceat(
        np.append(tables.employment, 0.0), np.minimum(tables.offsets[:-1:sectors], tables.employment.size)
    )
    workforce[tables.offsets[:-1:sectors] == tables.offsets[sectors::sectors]] = 0.0
    return Constants(
        high_tech=np.ascontiguousarray(tables.high_tech, dtype=np.uint8),
        labour_share=_floats(tables.labour_share),
        markup=_floats(tables.markup),
        rd_intensity=_floats(tables.rd_intensity),
        innovation_rate=_floats(tables.innovation_rate),
        innovation_scale=_floats(tables.innovation_scale),
        appropriability=_floats(tables.appropriability),
        demand_growth=_floats(tables.demand_growth),
        reference_size=employment / np.maximum(firms_of_sector, 1),
        proximity_start=np.ascontiguousarray(start, dtype=np.int64),
        proximity_region=np.ascontiguousarray(region, dtype=np.int64),
        proximity=_floats(weight),
        far=_floats(far_cumulative(csr)),
        related_base=base,
        related_start=related[0],
        related_sector=related[1],
        related_extra=related[2],
        related_sum=tables.relatedness.sum(axis=1),
        suppliers=_floats(cumulative_rows(tables.suppliers)),
        initial_firms=float(tables.offsets[-1]),
        initial_workforce=float(np.maximum(workforce / 0.95, 1.0).sum()),
    )


def split_relatedness(relatedness: Floats) -> tuple[float, tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """Split a relatedness matrix into a common base and a sparse rest, so that mixing sectors costs little."""
    sectors = relatedness.shape[0]
    off_diagonal = relatedness[~np.eye(sectors, dtype=bool)]
    base = float(off_diagonal.min()) if off_diagonal.size else 0.0
    rows, columns = np.nonzero(relatedness > base)
    start = np.searchsorted(rows, np.arange(sectors + 1)).astype(np.int64)
    return base, (start, columns.astype(np.int64), _floats(relatedness[rows, columns] - base))


def allocate_world(capacity: int, regions: int, sectors: int) -> World:
    """Allocate all arrays of a world with room for ``capacity`` firms."""
    return World(
        clock=np.zeros(4, dtype=np.int64),
        norms=np.zeros(2),
        offsets=np.zeros(regions * sectors + 1, dtype=np.int64),
        reputation=np.zeros(regions * sectors),
        firms=allocate_firms(capacity),
        next=allocate_firms(capacity),
        regions=_allocate_regions(regions),
        sectors=_allocate_sectors(sectors),
        totals=_allocate_totals(regions, sectors),
        work=_allocate_work(capacity, regions, sectors),
    )


def allocate_firms(capacity: int) -> Firms:
    """Allocate one set of firm arrays."""
    special = {"identity": np.uint64, "age": np.int32, "tie": np.uint8}
    return Firms(*(np.zeros(capacity, dtype=special.get(name, np.float64)) for name in Firms._fields))


def _allocate_regions(regions: int) -> Regions:
    return Regions(*(np.zeros((regions, 3) if name == "pipeline" else regions) for name in Regions._fields))


def _allocate_sectors(sectors: int) -> Sectors:
    return Sectors(market=np.zeros(sectors), fitness_level=np.zeros(sectors), knowledge=np.zeros((sectors, 4)))


def _allocate_totals(regions: int, sectors: int) -> Totals:
    cells = regions * sectors
    shapes: dict[str, int | tuple[int, ...]] = dict.fromkeys(Totals._fields, regions)
    per_cell = (
        "labour_per_share upgrading price_level efficiency overhead startup_mean survivors children startups cursor "
        "next_reputation"
    )
    per_sector = "demand growth sector_firms scale share_keep share_win sector_employment present"
    shapes |= dict.fromkeys(per_cell.split(), cells) | dict.fromkeys(per_sector.split(), sectors)
    shapes |= {
        "start": (layout.START, cells),
        "end": (layout.END, cells),
        "upper": (4, cells),
        "mean_field": (3, cells),
        "supplier_field": (2, cells),
        "pool": (4, cells),
        "mixed": (regions, 5, sectors),
        "reached": 5 * sectors,
        "index": (regions, 4),
        "new_offsets": cells + 1,
        "sizes": layout.SIZE_CLASSES,
        "economy": 8,
    }
    counts = ("survivors", "children", "startups", "new_offsets", "cursor", "sizes")
    arrays: dict[str, object] = {
        name: np.zeros(shape, dtype=np.int64 if name in counts else np.float64) for name, shape in shapes.items()
    }
    arrays["next_regions"] = _allocate_regions(regions)
    arrays["next_sectors"] = _allocate_sectors(sectors)
    return Totals(**arrays)  # type: ignore[arg-type]


def _allocate_work(capacity: int, regions: int, sectors: int) -> Work:
    tiles = capacity // TILE + regions + 1
    segments = min(regions * sectors, capacity) + tiles
    return Work(
        buffer=np.zeros(layout.BUFFER_ROWS * TILE),
        partner=np.zeros(TILE, dtype=np.int32),
        overhead=np.zeros(capacity),
        own_research=np.zeros(capacity),
        fate=np.zeros(capacity, dtype=np.uint32),
        tile_region=np.zeros(tiles, dtype=np.int64),
        tile_begin=np.zeros(tiles + 1, dtype=np.int64),
        tile_segment=np.zeros(tiles + 1, dtype=np.int64),
        segment_cell=np.zeros(segments, dtype=np.int64),
        segment_begin=np.zeros(segments + 1, dtype=np.int64),
        segment_sum=np.zeros((segments, layout.END)),
    )


def enlarge_world(world: World, capacity: int) -> World:
    """Return the same state with room for ``capacity`` firms; arrays that do not hold firms are kept."""
    regions, sectors = world.regions.wage.size, world.sectors.market.size
    firms = allocate_firms(capacity)
    living = int(world.offsets[-1])
    for old, new in zip(world.firms, firms, strict=True):
        new[:living] = old[:living]
    work = _allocate_work(capacity, regions, sectors)
    return world._replace(firms=firms, next=allocate_firms(capacity), work=work)


def new_problem() -> Problem:
    """Allocate the record of what went wrong."""
    return Problem(code=np.zeros(1, dtype=np.int64), where=np.zeros(4, dtype=np.int64))


def world_bytes(capacity: int, regions: int, sectors: int) -> int:
    """Predict the memory of a world without allocating it."""
    per_firm = 2 * (8 + 4 + 8 * 8 + 1) + 8 + 8 + 4
    cells = regions * sectors
    per_cell = 8 * (layout.START + layout.END + 4 + 3 + 2 + 4 + 5 + 14)
    segments = min(cells, capacity) + capacity // TILE + regions
    return per_firm * capacity + per_cell * cells + 8 * (layout.END + 3) * segments + 8 * layout.BUFFER_ROWS * TILE


def _floats(values: object) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)
