"""Sensitivity of the outcomes of an experiment to its parameters: from a store to labelled indices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import real_number
from technopole.errors import ConfigError, DataError
from technopole.experiments.store_results import (
    open_results,
    outcome_names,
    outcome_table,
    refuse_missing_points,
    sweep_of,
)
from technopole.statistics.sensitivity_indices import Index, morris_indices, point_means, sobol_indices
from technopole.statistics.variance_split import split_variance

if TYPE_CHECKING:
    import xarray as xr

    from technopole.sweeps.sweep import Sweep

Floats = NDArray[np.float64]

KINDS = ("saltelli", "morris")
"""Kinds of design that indices can be had from."""
MEANING = {
    "S1": "first-order Sobol index: share of the variance that the parameter explains alone",
    "ST": "total Sobol index: share of the variance in which the parameter has any part",
    "S2": "second-order Sobol index: share of the variance that two parameters explain only together",
    "mu": "mean elementary effect, per whole range of the parameter",
    "mu_star": "mean absolute elementary effect, per whole range of the parameter",
    "sigma": "standard deviation of the elementary effects: curvature and interactions",
}
_PARTS = {
    "half_width": "half-width of the interval for the choice of the points",
    "noise": "standard error from chance within the model",
    "bias": "part of the index that is due to chance within the model",
}
_OTHER = "other_parameter"


def sensitivity(
    store: str | os.PathLike[str] | xr.Dataset,
    outcome: str | Sequence[str] | None = None,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Return sensitivity indices of the outcomes of an experiment.

    Parameters
    ----------
    store : path or xarray.Dataset
        Store of an experiment with a design of the kind saltelli or morris, or what was opened of it.
    outcome : str or sequence of str, optional
        Outcomes; all if absent.
    confidence : float
        Of the intervals; between 0 and 1.

    Returns
    -------
    xarray.Dataset
        Dimensions outcome, parameter (and other_parameter). `S1`, `ST`, `S2`, or `mu`, `mu_star`, `sigma`,
        each with ``_half_width``, ``_noise``, ``_bias``; of each outcome `mean` and `sd` of the means of the
        points, `noise_share`, the share of their variance that is Monte Carlo error, and `replicates_least`,
        `replicates_most` of a point.

    Raises
    ------
    ConfigError
        If there is no such store or outcome, the design is another one, or a point has no value.
    TechnopoleError
        If SALib is not installed.
    """
    import xarray as xr

    if not 0.0 < real_number(confidence) < 1.0:
        raise ConfigError(f"confidence: found {confidence!r:.60}; allowed: above 0, below 1")
    ds = open_results(store)
    sweep = sweep_of(ds)
    kind = sweep.design.kind
    if kind not in KINDS:
        shown = "listed points" if kind == "zip" else f'"{kind}"'  # a store holds list, file and zip as zip
        raise DataError(
            f"{sweep.source}: design.kind: found {shown}; sensitivity indices need one of {', '.join(KINDS)}"
        )
    names = outcome_names(ds, sweep, outcome)
    tables = {name: outcome_table(ds, name) for name in names}
    for name, values in tables.items():
        refuse_missing_points(ds, name, values, "sensitivity indices")
    sample = _sample(ds, sweep)
    found = [_indices(sweep, sample, values, confidence) for values in tables.values()]
    result = xr.Dataset(coords=_labels(sweep, names))
    for index in found[0]:
        dims = ("outcome", "parameter") + ((_OTHER,) if index == "S2" else ())
        for part in Index._fields:
            name = index if part == "value" else f"{index}_{part}"
            words = MEANING[index] if part == "value" else f"{index}: {_PARTS[part]}"
            stacked = np.stack([getattr(each[index], part) for each in found])
            result[name] = (dims, stacked, {"long_name": words})
    if _OTHER in result.dims:
        result = result.assign_coords({_OTHER: (_OTHER, result["parameter"].values)})
    _add_spread(result, tables)
    result.attrs = {
        "kind": "sensitivity",
        "title": sweep.title or sweep.name,
        "design": sweep.design.kind,
        "points": len(next(iter(tables.values()))),
        "replicates": sweep.replicates,
        "confidence": confidence,
        "seed": int(sweep.config.run.seed),
        "technopole_version": str(ds.attrs.get("technopole_version", "")),
        "store": str(ds.encoding.get("source", "")),
        "config": sweep.config.to_toml(),
        "config_digest": sweep.config.digest(),
    }
    return result


def main_index(result: xr.Dataset) -> str:
    """Return the index that parameters are ranked by: ``ST`` or ``mu_star``."""
    return "ST" if "ST" in result else "mu_star"


def ranking(result: xr.Dataset, outcome: str) -> NDArray[np.int64]:
    """Return the parameters of an outcome, the most important first.

    Parameters
    ----------
    result : xarray.Dataset
        Of `sensitivity`.
    outcome : str
        Name.

    Returns
    -------
    ndarray of int64, shape (parameter,)
        Indices; parameters without an index last, equal ones in their order.
    """
    values = np.asarray(result[main_index(result)].sel(outcome=outcome).values, dtype=np.float64)
    return np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")


def _indices(sweep: Sweep, sample: Floats, values: Floats, confidence: float) -> dict[str, Index]:
    design = sweep.design
    if design.kind == "saltelli":
        return sobol_indices(values, len(design.keys), design.second_order, confidence)
    return morris_indices(values, sample, design.levels, confidence)


def _sample(ds: xr.Dataset, sweep: Sweep) -> Floats:
    """Return the points in the unit cube, drawn again and compared with those of the store."""
    from technopole.sweeps.sampling import sampled

    points = sampled(sweep.design)
    for key, values in points.values.items():
        stored = np.asarray(ds[key].values)
        if values.shape != stored.shape or not (values == stored).all():
            raise DataError(
                f"{sweep.source}: {key}: the values in the store are not those that the installed SALib draws for "
                "this design; indices need the version that the store was made with"
            )
    assert points.sample is not None  # a design that is drawn has one
    return points.sample


def _labels(sweep: Sweep, names: tuple[str, ...]) -> dict[str, Any]:
    outcomes = {outcome.name: outcome for outcome in sweep.outcomes}

    def words(values: Sequence[str]) -> NDArray[Any]:
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    return {
        "outcome": ("outcome", words(names)),
        "parameter": ("parameter", words(sweep.design.keys)),
        "outcome_name": ("outcome", words([outcomes[name].long_name for name in names])),
        "outcome_units": ("outcome", words([outcomes[name].unit for name in names])),
    }


def _add_spread(result: xr.Dataset, tables: dict[str, Floats]) -> None:
    """Add mean and spread of the points, and how much of the spread is chance."""
    splits = [split_variance(values) for values in tables.values()]
    means = [point_means(values) for values in tables.values()]
    columns = {
        "mean": ([mean.mean() for mean in means], "mean over points"),
        "sd": ([mean.std(ddof=1) for mean in means], "standard deviation of the means of the points"),
        "noise_share": (
            [split.noise for split in splits],
            "share of Monte Carlo error in the variance of the means of the points",
        ),
    }
    counts = [np.isfinite(values).sum(axis=1) for values in tables.values()]
    columns["replicates_least"] = ([count.min() for count in counts], "fewest replicates of a point")
    columns["replicates_most"] = ([count.max() for count in counts], "most replicates of a point")
    for name, (values, words) in columns.items():
        result[name] = ("outcome", np.asarray(values, dtype=np.float64), {"long_name": words})
