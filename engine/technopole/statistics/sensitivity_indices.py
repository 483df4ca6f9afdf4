"""Sobol indices and Morris' elementary effects of a stochastic model, with both of their errors.

The indices and the error that comes from the choice of the points (bootstrap over base samples or trajectories)
are those of SALib. A point's value is a mean over replicates, so there is a second error, from chance within the
model: it is estimated by leaving out groups of replicates in turn (jackknife; Efron 1982), together with the bias
that chance brings into indices, which are quadratic in the means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.errors import FOR_INDICES, TechnopoleError
from technopole.statistics.moments import block_moments, student_quantile

Floats = NDArray[np.float64]
Estimator = Callable[[Floats], dict[str, Floats]]

GROUPS = 32
"""Groups of replicates that are left out in turn, at most."""
SEED = 1
"""Of the bootstrap; SALib takes 0 as no seed."""
_DRAWS = 1 << 23
"""Numbers that the bootstrap holds at a time, about."""


class Index(NamedTuple):
    """One kind of index; the first axis is that of the parameters."""

    value: Floats
    half_width: Floats
    """Of the interval for the choice of the points; NaN where the method has none."""
    noise: Floats
    """Standard error for chance within the model; NaN with fewer than two replicates of all points."""
    bias: Floats
    """How much of the value is due to that chance: value - bias is the corrected index."""


def sobol_indices(
    values: Floats, parameters: int, second_order: bool, confidence: float = 0.95
) -> dict[str, Index]:
    """Return Sobol indices.

    Parameters
    ----------
    values : ndarray, shape (point, replicate)
        In the order of Saltelli's scheme; NaN where a replicate is missing. Each point has one at least.
    parameters : int
        Number of parameters.
    second_order : bool
        Whether the design has the points for them.
    confidence : float
        Of the intervals.

    Returns
    -------
    dict of str to Index
        ``S1``, ``ST`` of shape (parameter,); ``S2`` of shape (parameter, parameter), NaN on the diagonal. All
        NaN where the values do not vary.
    """
    sobol = _salib("sobol")
    mean = point_means(values)
    base = len(mean) // (2 * parameters + 2 if second_order else parameters + 2)

    def estimate(table: Floats) -> dict[str, Floats]:
        return _sobol(table, parameters, second_order)

    if mean.min() == mean.max():
        nothing = {name: np.full(part.shape[:-1], np.nan) for name, part in estimate(mean[:, None]).items()}
        return {name: Index(part, part, part, part) for name, part in nothing.items()}
    problem = {"num_vars": parameters, "names": _names(parameters), "bounds": [[0.0, 1.0]] * parameters}
    found = sobol.analyze(
        problem,
        mean,
        calc_second_order=second_order,
        num_resamples=min(1000, max(100, _DRAWS // base)),
        conf_level=confidence,
        seed=SEED,
    )
    errors = _jackknife(values, estimate)
    return {
        name: Index(_symmetric(found[name]), _symmetric(found[f"{name}_conf"]), *errors[name])
        for name in errors
    }


def morris_indices(values: Floats, sample: Floats, levels: int, confidence: float = 0.95) -> dict[str, Index]:
    """Return statistics of elementary effects.

    Parameters
    ----------
    values : ndarray, shape (point, replicate)
        Trajectory by trajectory; NaN where a replicate is missing. Each point has one at least.
    sample : ndarray, shape (point, parameter)
        The points in the unit cube.
    levels : int
        Levels of the design.
    confidence : float
        Of the intervals.

    Returns
    -------
    dict of str to Index
        ``mu``, ``mu_star``, ``sigma`` of shape (parameter,), in units of the outcome per whole range of the
        parameter.
    """
    morris = _salib("morris")
    parameters = sample.shape[1]
    trajectories = len(sample) // (parameters + 1)
    problem = {"num_vars": parameters, "names": _names(parameters), "bounds": [[0.0, 1.0]] * parameters}
    found = morris.analyze(
        problem,
        np.ascontiguousarray(sample, dtype=np.float64),
        point_means(values),
        num_levels=levels,
        num_resamples=1000,
        conf_level=confidence,
        seed=SEED,
    )
    sigma = np.asarray(found["sigma"], dtype=np.float64)
    half_widths = {
        "mu": student_quantile(trajectories - 1, confidence) * sigma / np.sqrt(trajectories),
        "mu_star": np.asarray(found["mu_star_conf"], dtype=np.float64),
        "sigma": np.full(parameters, np.nan),
    }
    errors = _jackknife(values, lambda table: _morris(table, sample))
    return {
        name: Index(np.asarray(found[name], dtype=np.float64), half_widths[name], *errors[name])
        for name in half_widths
    }


def point_means(values: Floats) -> Floats:
    """Return the mean over replicates of each point.

    Parameters
    ----------
    values : ndarray, shape (point, replicate)
        NaN where a replicate is missing.

    Returns
    -------
    ndarray, shape (point,)
        NaN where a point has no value.
    """
    n, mean, _ = block_moments(np.asarray(values, dtype=np.float64).T)
    return np.where(n > 0, mean, np.nan)


def _jackknife(values: Floats, estimate: Estimator) -> dict[str, tuple[Floats, Floats]]:
    """Return standard error and bias of estimates for chance within the model.

    Columns of `values` are independent of each other, whether or not the points share their random numbers.
    """
    complete = values[:, np.isfinite(values).all(axis=0)]
    groups = min(complete.shape[1], GROUPS)
    if groups < 2:
        return {
            name: (np.full(part.shape[:-1], np.nan),) * 2 for name, part in estimate(values[:, :1]).items()
        }
    size = complete.shape[1] // groups
    means = complete[:, : groups * size].reshape(len(complete), groups, size).mean(axis=2)
    total = means.sum(axis=1, keepdims=True)
    with_all, without_one = estimate(total / groups), estimate((total - means) / (groups - 1))
    errors = {}
    for name, parts in without_one.items():
        center = parts.mean(axis=-1)
        spread = ((parts - center[..., np.newaxis]) ** 2).sum(axis=-1)
        bias = (groups - 1) * (center - with_all[name][..., 0])
        errors[name] = (np.sqrt(spread * (groups - 1) / groups), bias)
    return errors


def _sobol(table: Floats, parameters: int, second_order: bool) -> dict[str, Floats]:
    """Return the estimates of Saltelli et al. (2010) and Saltelli (2002) for each column, as SALib does."""
    step = 2 * parameters + 2 if second_order else parameters + 2
    with np.errstate(divide="ignore", invalid="ignore"):
        y = (table - table.mean(axis=0)) / table.std(axis=0)
        a, b = y[::step], y[step - 1 :: step]
        variance = np.concatenate((a, b)).var(axis=0)
        ab = np.stack([y[j + 1 :: step] for j in range(parameters)])
        found = {
            "S1": (b * (ab - a)).mean(axis=1) / variance,
            "ST": 0.5 * ((a - ab) ** 2).mean(axis=1) / variance,
        }
        if second_order:
            ba = np.stack([y[j + 1 + parameters :: step] for j in range(parameters)])
            pairs = np.full((parameters, parameters, table.shape[1]), np.nan)
            for j in range(parameters):
                for k in range(j + 1, parameters):
                    both = (ba[j] * ab[k] - a * b).mean(axis=0) / variance
                    pairs[j, k] = pairs[k, j] = both - found["S1"][j] - found["S1"][k]
            found["S2"] = pairs
    return found


def _morris(table: Floats, sample: Floats) -> dict[str, Floats]:
    """Return statistics of elementary effects for each column."""
    parameters = sample.shape[1]
    trajectories = len(sample) // (parameters + 1)
    places = sample.reshape(trajectories, parameters + 1, parameters)
    outcomes = table.reshape(trajectories, parameters + 1, -1)
    steps = np.diff(places, axis=1)
    changed = np.abs(steps).argmax(axis=2)  # (trajectory, step): the parameter that moves
    length = np.take_along_axis(steps, changed[..., np.newaxis], axis=2)
    effects = np.empty((parameters, trajectories, table.shape[1]))
    effects[changed, np.arange(trajectories)[:, np.newaxis]] = np.diff(outcomes, axis=1) / length
    sigma = effects.std(axis=1, ddof=1) if trajectories > 1 else np.full(effects[:, 0].shape, np.nan)
    return {"mu": effects.mean(axis=1), "mu_star": np.abs(effects).mean(axis=1), "sigma": sigma}


def _symmetric(index: Any) -> Floats:
    """Fill the lower triangle of SALib's matrix of second order from the upper one."""
    values = np.asarray(index, dtype=np.float64)
    return np.where(np.isnan(values), values.T, values) if values.ndim == 2 else values


def _names(parameters: int) -> list[str]:
    return [f"x{j}" for j in range(parameters)]


def _salib(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"SALib.analyze.{name}")
    except ImportError:
        raise TechnopoleError(f"sensitivity indices need {FOR_INDICES}") from None
