"""From configuration and tables to what the kernels read and never write: parameters and constants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.data.geography import cumulative_rows, far_cumulative, grouped, guide, proximity
from technopole.data.loading import Tables
from technopole.schema import PARAMETERS
from technopole_kernels import layout
from technopole_kernels.initial import SMALLEST_WORKFORCE
from technopole_kernels.labour import EMPLOYED
from technopole_kernels.types import GROUP, GUIDES, PARAMS, Constants

Floats = NDArray[np.float64]


def make_params(config: Config) -> NDArray[np.void]:
    """Collect the scalars of the configuration in the kernels' record; a choice becomes its index."""
    record = np.zeros(1, dtype=PARAMS)
    for field, _ in PARAMS:
        group, name = field.split("_", 1)
        value = getattr(getattr(config, group), name)
        choices = PARAMETERS[f"{group}.{name}"].choices
        record[field] = value if choices is None else choices.index(value)
    return record


def make_constants(config: Config, tables: Tables) -> Constants:
    """Prepare sector constants, geography, relatedness and suppliers."""
    sectors = len(tables.sector_ids)
    csr = proximity(tables.space, config.spillover.distance_decay, config.spillover.cutoff)
    start, region, weight = csr
    order = _order_of_regions(csr[1].size, np.diff(tables.offsets).reshape(-1, sectors))
    together = grouped(csr, GROUP, order)
    base, related = split_relatedness(tables.relatedness)
    firms_of_sector = np.diff(tables.offsets).reshape(-1, sectors).sum(axis=0)
    sector_of_firm = np.repeat(np.tile(np.arange(sectors), len(tables.region_ids)), np.diff(tables.offsets))
    employment = np.bincount(sector_of_firm, weights=tables.employment, minlength=sectors)
    workforce = np.add.reduceat(
        np.append(tables.employment, 0.0), np.minimum(tables.offsets[:-1:sectors], tables.employment.size)
    )
    workforce[tables.offsets[:-1:sectors] == tables.offsets[sectors::sectors]] = 0.0
    rows = {
        layout.K_HIGH_TECH: tables.high_tech,
        layout.K_LABOUR_SHARE: tables.labour_share,
        layout.K_MARKUP: tables.markup,
        layout.K_RD_INTENSITY: tables.rd_intensity,
        layout.K_INNOVATION_RATE: tables.innovation_rate,
        layout.K_INNOVATION_SCALE: tables.innovation_scale,
        layout.K_APPROPRIABILITY: tables.appropriability,
        layout.K_DEMAND_GROWTH: tables.demand_growth,
        layout.K_REFERENCE_SIZE: employment / np.maximum(firms_of_sector, 1),
        layout.K_RELATED_SUM: tables.relatedness.sum(axis=1),
        layout.K_COST_SHARE: 1.0 / (1.0 + tables.markup),
    }
    suppliers, far = cumulative_rows(tables.suppliers), _floats(far_cumulative(csr))
    return Constants(
        sectors=_floats([rows[row] for row in range(layout.K_ROWS)]),
        proximity_start=np.ascontiguousarray(start, dtype=np.int64),
        proximity_region=np.ascontiguousarray(region, dtype=np.int64),
        proximity=_floats(weight),
        group_member=np.pad(order, (0, -order.size % GROUP), constant_values=-1),
        group_start=together[0],
        group_region=together[1],
        group_weight=_floats(together[2]),
        far=far,
        far_guide=np.array([guide(far[a:b], GUIDES) for a, b in pairwise(start)]),
        related_start=related[0],
        related_sector=related[1],
        related_extra=related[2],
        suppliers=np.pad(suppliers, ((0, 0), (1, 0))),
        supplier_guide=np.array([guide(row, GUIDES) for row in suppliers]),
        related_base=base,
        initial_firms=float(tables.offsets[-1]),
        initial_workforce=float(np.maximum(workforce / EMPLOYED, SMALLEST_WORKFORCE).sum()),
    )


def _order_of_regions(pairs: int, firms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order in which regions are grouped: as they are, or, where most reach most others, by occupied sectors.

    What is added up for one region of a group is added up for all: regions with the same sectors should be together,
    unless it is worth more that neighbours are.
    """
    regions = firms.shape[0]
    if 2 * pairs < regions * regions:
        return np.arange(regions)
    return np.argsort(-(firms > 0).sum(axis=1), kind="stable")


def split_relatedness(
    relatedness: Floats,
) -> tuple[float, tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """Split a relatedness matrix into a common base and a sparse rest, so that mixing sectors costs little."""
    sectors = relatedness.shape[0]
    off_diagonal = relatedness[~np.eye(sectors, dtype=bool)]
    base = float(off_diagonal.min()) if off_diagonal.size else 0.0
    rows, columns = np.nonzero(relatedness > base)
    start = np.searchsorted(rows, np.arange(sectors + 1)).astype(np.int64)
    return base, (start, columns.astype(np.int64), _floats(relatedness[rows, columns] - base))


def _floats(values: object) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)
