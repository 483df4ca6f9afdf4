"""Policies and shocks: from the configuration's list or labelled arrays to the kernels' arrays."""

from __future__ import annotations

import numpy as np
from technopole_kernels.types import Policy

from technopole.config import Config
from technopole.data import Tables

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


def no_policy() -> Policy:
    """Return instruments that are all zero."""
    return Policy(**{name: np.zeros((1,) * len(dims)) for name, dims in DIMS.items()})


def policy_from_config(config: Config, tables: Tables) -> Policy:
    """Lay the configuration's policies over time, regions and sectors; overlapping ones add up."""
    arrays = no_policy()._asdict()
    places = {"region": tables.region_ids, "sector": tables.sector_ids}
    for policy in config.policies:
        dims = DIMS[policy.instrument]
        periods = config.time.periods
        if arrays[policy.instrument].size == 1:
            shape = [periods, *(len(places[dim]) for dim in dims[1:])]
            arrays[policy.instrument] = np.zeros(shape)
        index: list[object] = [np.arange(policy.start, periods if policy.end is None else min(policy.end, periods))]
        for dim in dims[1:]:
            chosen = policy.regions if dim == "region" else policy.sectors
            ids = places[dim]
            index.append([ids.index(name) for name in chosen] if chosen else list(range(len(ids))))
        arrays[policy.instrument][np.ix_(*index)] += policy.value  # type: ignore[arg-type]
    return Policy(**arrays)
