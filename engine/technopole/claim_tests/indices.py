"""Two indices of a region: how developed its clusters are, and its innovation system; and how the two are coupled.

Each index is a weighted sum of criteria moved to 0 to 1. Ranges and weights (Shannon entropy) are those of the run as
configured of replicate 0, over regions and periods, and are then frozen for all arms and replicates: entropy weights
of each run by itself would make runs incomparable (Wang, Kong, Ren and others 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.claim_tests.outcomes import Floats
from technopole.claim_tests.world import Bench
from technopole.results.numbers import weighted_mean

if TYPE_CHECKING:
    import xarray as xr

CLUSTER = ("productivity", "innovations per worker", "firms per worker", "reputation")
RIS = ("infrastructure", "university", "services", "finance", "trust")
SMOOTHED = 5
"""Innovations are the mean of so many periods: in a small region there are few."""


class Frozen(NamedTuple):
    """Ranges and weights of the criteria of both indices (see `technopole.indicators.entropy_weights`)."""

    cluster: xr.Dataset
    ris: xr.Dataset


def cluster_criteria(bench: Bench) -> Floats:
    """Return the criteria of clusters by period and region, (T, R, 4), in the order of `CLUSTER`."""
    sales, workers = bench.cells("sales"), bench.regions("workforce")
    innovations = np.cumsum(bench.cells("innovations").sum(axis=2), axis=0)
    number = np.minimum(np.arange(1, len(innovations) + 1), SMOOTHED)[:, None]
    before = np.zeros_like(innovations)
    before[SMOOTHED:] = innovations[:-SMOOTHED]
    return np.stack(
        [
            weighted_mean(bench.cells("productivity"), sales, axis=2),
            (innovations - before) / number / workers,
            bench.cells("firms").sum(axis=2) / workers,
            weighted_mean(bench.cells("reputation"), sales, axis=2),
        ],
        axis=-1,
    )


def ris_criteria(bench: Bench) -> Floats:
    """Return the criteria of innovation systems by period and region, (T, R, 5), in the order of `RIS`."""
    return np.stack([bench.regions(name) for name in RIS], axis=-1)


def freeze(bench: Bench) -> Frozen:
    """Return ranges and weights from what is recorded of a run."""
    from technopole.indicators import entropy_weights

    made = [
        entropy_weights(_labelled(values, names), over=("time", "region"))
        for values, names in ((cluster_criteria(bench), CLUSTER), (ris_criteria(bench), RIS))
    ]
    return Frozen(*made)


def indices(bench: Bench, frozen: Frozen, first: int = 0, end: int | None = None) -> tuple[Floats, Floats]:
    """Return both indices of the recorded periods ``first:end``, each (T, R); NaN for a region without firms."""
    from technopole.indicators import composite_index

    periods = slice(first, end)
    cluster = composite_index(_labelled(cluster_criteria(bench)[periods], CLUSTER), frozen.cluster)
    ris = composite_index(_labelled(ris_criteria(bench)[periods], RIS), frozen.ris)
    return cluster.to_numpy(), ris.to_numpy()


def coordination(cluster: Floats, ris: Floats) -> Floats:
    """Return the coupling coordination degree, mean over regions, (T,)."""
    import xarray as xr

    from technopole.indicators import coupling_coordination

    both = [xr.DataArray(values, dims=("time", "region")) for values in (cluster, ris)]
    return mean_over_regions(coupling_coordination(*both)["coordination"].to_numpy())


def mean_over_regions(values: Floats) -> Floats:
    """Return the plain mean over the regions that have a value, (T, R) to (T,)."""
    return weighted_mean(values, np.ones_like(values), axis=1)


def _labelled(values: Floats, names: tuple[str, ...]) -> xr.DataArray:
    import xarray as xr

    return xr.DataArray(
        values, {"criterion": list(names)}, ("time", "region", "criterion"), attrs={"long_name": "criteria"}
    )
