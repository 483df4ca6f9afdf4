"""The reduced model as data: shapes, parameters, start and outcomes. MODEL.md says what they mean."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

OUTCOMES = ("technology", "quality", "concentration", "cash", "research", "agglomeration")


class Shape(NamedTuple):
    """Size of a world: cells are regions x sectors, all of the same number of firms."""

    regions: int
    sectors: int
    firms: int

    @property
    def cells(self) -> int:
        return self.regions * self.sectors

    @property
    def total(self) -> int:
        return self.cells * self.firms


SHAPES = {
    "50 x 200": Shape(10, 5, 200),
    "100 x 500": Shape(20, 5, 500),
    "400 x 2000": Shape(40, 10, 2000),
}
GATE_SHAPE = Shape(4, 3, 40)


class Parameters(NamedTuple):
    """Parameters by the symbols of MODEL.md; rates are per period."""

    difficulty: float = 0.5
    learning_technology: float = 0.10
    learning_quality: float = 0.08
    spillover: float = 0.05
    beyond: float = 0.3
    chance: float = 0.04
    step: float = 0.10
    facility: float = 0.10
    facility_region: float = 0.05
    least_sales: float = 0.01
    price_weight: float = 2.0
    quality_weight: float = 1.5
    choice: float = 0.3
    margin: float = 0.25
    effort: float = 0.10
    operating: float = 0.20
    payout: float = 0.10
    fading: float = 0.15


class Start(NamedTuple):
    """State at the start, the same in every world: rows are cells (region-major), columns firms."""

    technology: np.ndarray
    quality: np.ndarray


@lru_cache(maxsize=4)
def make_start(shape: Shape) -> Start:
    """Knowledge at the start from a low-discrepancy sequence: data, not chance. Shares, cash, research are uniform."""
    number = np.arange(1, shape.total + 1, dtype=np.float64).reshape(shape.cells, shape.firms)
    cell = np.arange(shape.cells, dtype=np.float64)[:, None]
    lead = 0.1 * ((cell * 0.7548776662466927) % 1.0)
    return Start(
        lead + 0.3 * ((number * 0.6180339887498949) % 1.0), 0.3 * ((number * 0.5698402909980532) % 1.0)
    )


class Problem(NamedTuple):
    """What an implementation is asked to do."""

    shape: Shape
    worlds: int
    periods: int
    seed: int = 7
    threads: int = 2
    parameters: Parameters = Parameters()

    @property
    def firm_periods(self) -> int:
        return self.shape.total * self.worlds * self.periods
