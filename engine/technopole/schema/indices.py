"""Indices: measures that are made from several recorded variables, for outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.schema import RECORDS
from technopole.schema.levels import Recorded, ordered_sum, reduce_to_level

Floats = NDArray[np.float64]
Compute = Callable[[Recorded, str], NDArray[Any]]


class Index(NamedTuple):
    """A measure that is made from several recorded variables."""

    needs: tuple[str, ...]
    compute: Compute
    """(recorded, level) → shape (..., *dimensions of the level)."""
    unit: str
    long_name: str
    by_place: bool = True
    """It also has a value for one region or sector."""


def _operating(recorded: Recorded, level: str) -> NDArray[Any]:
    """Firms at the start of the period."""
    firms, exits, spinoffs, startups = (
        reduce_to_level(name, recorded, level) for name in ("firms", "exits", "spinoffs", "startups")
    )
    return np.asarray(firms - spinoffs - startups + exits)


def _per_firm(*names: str) -> Index:
    def rate(recorded: Recorded, level: str) -> NDArray[Any]:
        events = sum(reduce_to_level(name, recorded, level) for name in names)
        return _ratio(events, _operating(recorded, level))

    needs = ("firms", "exits", "spinoffs", "startups", *names)
    words = " and ".join(RECORDS[name].long_name for name in names)
    return Index(needs, rate, "1", f"{words} per operating firm")


def _per_sales(name: str) -> Index:
    def intensity(recorded: Recorded, level: str) -> NDArray[Any]:
        return _ratio(reduce_to_level(name, recorded, level), reduce_to_level("sales", recorded, level))

    return Index((name, "sales"), intensity, "1", f"{RECORDS[name].long_name} per unit of sales")


def _geographic_concentration(recorded: Recorded, level: str) -> Floats:
    workers = np.asarray(reduce_to_level("employment", recorded, "region"), dtype=np.float64)
    share = _ratio(workers, ordered_sum(workers, -1)[..., np.newaxis])
    return ordered_sum(share * share, -1)


def _specialisation(recorded: Recorded, level: str) -> Floats:
    workers = np.asarray(recorded["employment"], dtype=np.float64)
    regions = ordered_sum(workers, -1)
    total = ordered_sum(regions, -1)[..., np.newaxis]
    # a region weighs as much as it employs, so that its shares need not be known where it is empty
    expected = regions[..., np.newaxis] * _ratio(ordered_sum(workers, -2), total)[..., np.newaxis, :]
    return _ratio(ordered_sum(ordered_sum(np.abs(workers - expected), -1), -1), total[..., 0])


def _ratio(above: Any, below: Any) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, np.divide(above, below), np.nan)


INDICES: dict[str, Index] = {
    "entry_rate": _per_firm("spinoffs", "startups"),
    "exit_rate": _per_firm("exits"),
    "innovation_rate": _per_firm("innovations"),
    "patent_rate": _per_firm("patents"),
    "small_firm_share": _per_firm("small_firms"),
    "research_intensity": _per_sales("research_spending"),
    "overhead_rate": _per_sales("overhead"),
    "geographic_concentration": Index(
        ("employment",),
        _geographic_concentration,
        "1",
        "sum of squared shares of the regions in employment",
        False,
    ),
    "specialisation": Index(
        ("employment",),
        _specialisation,
        "1",
        "Krugman index of regions against the economy, mean weighted by employment",
        False,
    ),
}
"""Measures that an outcome may take besides the recorded variables."""
