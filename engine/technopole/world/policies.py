"""Policies and shocks: from the configuration's list or labelled arrays to the kernels' arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.data.loading import Tables
from technopole.errors import DataError
from technopole.schema import INSTRUMENTS, suggestion
from technopole_kernels.types import Policy

DIMS: dict[str, tuple[str, ...]] = {
    "rd_subsidy": ("time", "region", "sector"),
    "reputation": ("time", "region", "sector"),
    "entry_support": ("time", "region", "sector"),
    "infrastructure": ("time", "region"),
    "university": ("time", "region"),
    "services": ("time", "region"),
    "finance": ("time", "region"),
    "wage_shock": ("time", "region"),
    "demand_shock": ("time", "sector"),
}
"""Instruments and their dimensions, in the order of the kernels' ``Policy``."""


CELLS = ("rd_subsidy", "reputation", "entry_support")
REGIONS = ("infrastructure", "university", "services", "finance", "wage_shock")
SECTORS = ("demand_shock",)
"""Instruments in the order of the rows of the kernels' arrays."""

_SHOWN = 12
"""Regions and sectors that a message lists."""
Instruments = dict[str, NDArray[np.float64]]


def pack_policy(instruments: Instruments) -> Policy:
    """Put instruments into the kernels' arrays; those not given are zero.

    Parameters
    ----------
    instruments : dict of ndarray
        By name, with the dimensions in ``DIMS``; an axis of length 1 holds for all.

    Returns
    -------
    Policy
    """
    return Policy(*(_stack(names, instruments) for names in (CELLS, REGIONS, SECTORS)))


def _stack(names: tuple[str, ...], instruments: Instruments) -> NDArray[np.float64]:
    zero = np.zeros((1,) * len(DIMS[names[0]]))
    arrays = [instruments.get(name, zero) for name in names]
    periods = max(array.shape[0] for array in arrays)
    places = np.broadcast_shapes(*(array.shape[1:] for array in arrays))
    stacked = np.zeros((len(names), periods, *places))
    for row, array in zip(stacked, arrays, strict=True):
        row[: array.shape[0] if array.shape[0] > 1 else None] = array
    return stacked


def refuse_unknown_places(config: Config, tables: Tables) -> None:
    """Raise if a policy is for a region or sector that is not in the tables.

    Parameters
    ----------
    config : Config
        With policies; of an embedded economy they have been checked.
    tables : Tables
        What the economy starts from.

    Raises
    ------
    DataError
        With a line for each that is not there.
    """
    lines = []
    places = (
        ("region", tables.region_ids, set(tables.region_ids)),
        ("sector", tables.sector_ids, set(tables.sector_ids)),
    )
    for number, policy in enumerate(config.policies, 1):
        for dim, ids, known in places:
            for name in getattr(policy, f"{dim}s") or ():
                if name not in known:
                    more = f", … ({len(ids)} in all)" if len(ids) > _SHOWN else ""
                    near = suggestion(name, ids) or f"; allowed: {', '.join(ids[:_SHOWN])}{more}"
                    lines.append(
                        f"policies no. {number} ({policy.instrument}).{dim}s: there is no {dim} {name!r} in the "
                        f"data{near}"
                    )
    if lines:
        raise DataError(lines)


def policy_from_config(config: Config, tables: Tables) -> Policy:
    """Lay the configuration's policies over time, regions and sectors; overlapping ones add up.

    Periods of the configuration count from 0: ``start`` is an index here, one less than the label of the results.

    Raises
    ------
    DataError
        If a region or sector is not in the tables, or policies add up to less than their instrument allows.
    """
    refuse_unknown_places(config, tables)
    places = {"region": tables.region_ids, "sector": tables.sector_ids}
    periods = config.time.periods
    instruments: Instruments = {}
    for policy in config.policies:
        dims = DIMS[policy.instrument]
        chosen = {"region": policy.regions, "sector": policy.sectors}
        shape = (periods, *(len(places[dim]) for dim in dims[1:]))
        array = instruments.setdefault(policy.instrument, np.zeros(shape))
        index = [np.arange(policy.start, periods if policy.end is None else min(policy.end, periods))]
        for dim in dims[1:]:
            ids = chosen[dim] or places[dim]
            index.append(np.array([places[dim].index(name) for name in ids]))
        array[np.ix_(*index)] += policy.value
    for name, array in instruments.items():
        low = INSTRUMENTS[name].low
        if array.min() < low:
            raise DataError(
                f"policies: {name}: those that overlap add up to {array.min():g}; at least {low:g} is allowed"
            )
    return pack_policy(instruments)
