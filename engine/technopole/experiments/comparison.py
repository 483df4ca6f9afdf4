"""Comparison of the points of an experiment: from a store to labelled contrasts and the split of variance."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import real_number
from technopole.basics.stored_names import POINT_NAME
from technopole.errors import ConfigError, DataError
from technopole.experiments.store_results import (
    open_results,
    outcome_names,
    outcome_table,
    parameters_of,
    points_of,
    sweep_of,
)
from technopole.schema import suggestion
from technopole.statistics.contrasts import (
    Contrast,
    against_baseline,
    factorial_effects,
    factorial_layout,
    replicates_needed,
)
from technopole.statistics.variance_split import VarianceSplit, split_variance
from technopole.sweeps.points import NAME, Points
from technopole.sweeps.values import VARIED

if TYPE_CHECKING:
    import xarray as xr

    from technopole.sweeps.sweep import Sweep

CHOSEN = "chosen"
"""Name of the contrast whose baseline was given by hand."""
_WORDS = {
    "n": "replicates that have a value at all points of the contrast",
    "sd": "standard deviation between replicates",
    "se": "Monte Carlo standard error",
    "low": "lower end of the confidence interval",
    "high": "upper end of the confidence interval",
    "correlation": "correlation with the baseline over replicates",
    "variance_reduction": "variance with independent points over the variance as it is",
    "needed": "replicates for an interval of the wanted half-width",
}
_SPLIT = {
    "within": "mean variance between replicates of a point",
    "between": "variance of the expectations of the points, unbiased",
    "of_means": "variance of the means of the points",
    "share_between": "share of the variance of single replicates that is due to the point",
    "noise": "share of Monte Carlo error in the variance of the means of the points",
}


def compare(
    store: str | os.PathLike[str] | xr.Dataset,
    outcome: str | Sequence[str] | None = None,
    baseline: Mapping[str, Any] | None = None,
    confidence: float = 0.95,
    half_width: float | None = None,
) -> xr.Dataset:
    """Compare the points of an experiment, replicate by replicate.

    Parameters
    ----------
    store : path or xarray.Dataset
        Store of an experiment, finished or not, or what was opened of it.
    outcome : str or sequence of str, optional
        Outcomes; all if absent.
    baseline : mapping, optional
        Dotted key → value, which select one point: a contrast besides those of the sweep.
    confidence : float
        Of each interval by itself; between 0 and 1.
    half_width : float, optional
        How short the intervals of the differences are wished to be; gives ``…_needed``.

    Returns
    -------
    xarray.Dataset
        Of each outcome `within`, `between`, `of_means`, `share_between`, `noise` (see
        `technopole.statistics.variance_split`). If there are contrasts, `difference` (outcome, contrast,
        point): the point less the baseline. If the sweep has ``factorial = true``, `effect` (outcome, effect). Both
        with ``_se``, ``_low``, ``_high``, ``_n``, ``_sd``, ``_variance_reduction``, differences also with
        ``_correlation``. NaN where there is too little yet.

    Raises
    ------
    ConfigError
        If there is no such store or outcome, the baseline selects no or several points, or a number is out of range.
    """
    return compare_points(store, outcome, baseline, confidence, half_width)


def compare_points(
    store: str | os.PathLike[str] | xr.Dataset,
    outcome: str | Sequence[str] | None,
    baseline: Mapping[str, Any] | None,
    confidence: float,
    half_width: float | None,
    called: str = "baseline",
) -> xr.Dataset:
    """Compare the points of an experiment; all as for `compare`, `called` is the name of `baseline` in messages."""
    import xarray as xr

    if not 0.0 < real_number(confidence) < 1.0:
        raise ConfigError(f"confidence: found {confidence!r:.60}; allowed: above 0, below 1")
    if half_width is not None and not 0.0 < real_number(half_width) < np.inf:
        raise ConfigError(f"half_width: found {half_width!r:.60}; allowed: a finite number above 0")
    ds = open_results(store)
    sweep = sweep_of(ds)
    names = outcome_names(ds, sweep, outcome)
    tables = {name: outcome_table(ds, name) for name in names}
    result = xr.Dataset(coords=_labels(ds, sweep, names))
    _add_split(result, [split_variance(values) for values in tables.values()])
    baselines = _baselines(ds, sweep, baseline, called)
    if baselines:
        found = [
            [against_baseline(values, point, confidence) for point in baselines.values()]
            for values in tables.values()
        ]
        result.coords["contrast"] = ("contrast", _text(list(baselines)))
        result["baseline"] = (
            "contrast",
            ds["point"].values[list(baselines.values())],
            {"long_name": "point that is subtracted"},
        )
        _add_contrasts(result, "difference", ("outcome", "contrast", "point"), found, confidence, half_width)
    if sweep.factorial:
        effects = [_effects(ds, sweep, values, confidence) for values in tables.values()]
        result.coords["effect_of"] = ("effect", _text(list(effects[0])))
        rows = [list(each.values()) for each in effects]
        _add_contrasts(result, "effect", ("outcome", "effect"), rows, confidence, half_width)
    result.attrs = {
        "kind": "comparison",
        "title": sweep.title or sweep.name,
        "confidence": confidence,
        "common_random_numbers": int(sweep.common_random_numbers),
    } | ({} if half_width is None else {"half_width": half_width})
    return result


def _baselines(ds: xr.Dataset, sweep: Sweep, chosen: Mapping[str, Any] | None, called: str) -> dict[str, int]:
    """Return the index of the point that each contrast subtracts."""
    points = points_of(ds, sweep)
    if chosen is not None:
        _refuse_baseline(chosen, points, called)
    wanted = dict(sweep.contrasts) | ({} if chosen is None else {CHOSEN: chosen})
    found = {}
    for name, values in wanted.items():
        place = called if chosen is not None and name == CHOSEN else f"{sweep.source}: contrasts.{name}"
        selected = points.select(values)
        if selected.size != 1:
            words = ", ".join(f"{key} = {value}" for key, value in values.items()) or "nothing"
            raise DataError(
                f"{place}: {words} selects {selected.size} points; allowed: values that select one"
            )
        found[name] = int(selected[0])
    return found


def _refuse_baseline(chosen: Any, points: Points, called: str) -> None:
    """Raise if a baseline is no mapping of parameters of the design to single values."""
    if not isinstance(chosen, Mapping):
        hint = " (dict(…) makes one)" if hasattr(chosen, "items") else ""
        raise ConfigError(
            f"{called}: found a {type(chosen).__name__}; allowed: a mapping of dotted keys{hint}, such as "
            f"{{{next(iter(points.values), 'learning.technology')!r}: 0.2}}"
        )
    known = (*points.values, *(NAME,) * bool(points.names))
    for key, value in chosen.items():
        if key == NAME and not points.names:
            raise DataError(f"{called}: the points have no names; allowed: {', '.join(known)}")
        if key not in known:
            allowed = f"; allowed: {', '.join(known) or 'none, as the design varies nothing'}"
            if key in VARIED:
                raise DataError(f"{called}: {key} is the same at all points{allowed}")
            hint = suggestion(str(key), known)
            raise DataError(f"{called}: found {key!r:.60}, which the design does not vary{hint or allowed}")
        if np.ndim(value) != 0:
            raise DataError(f"{called}: {key}: found a {type(value).__name__}; allowed: one value")


def _effects(
    ds: xr.Dataset, sweep: Sweep, values: NDArray[np.float64], confidence: float
) -> dict[str, Contrast]:
    names, points = factorial_layout(parameters_of(ds, sweep))
    effects = factorial_effects(values[points], names, confidence)
    return {" × ".join(factors): effect for factors, effect in effects.items()}


def _add_contrasts(
    result: xr.Dataset,
    name: str,
    dims: tuple[str, ...],
    found: list[list[Contrast]],
    confidence: float,
    half_width: float | None,
) -> None:
    for part in Contrast._fields:
        if part == "correlation" and name == "effect":
            continue
        values = np.array([[getattr(contrast, part) for contrast in row] for row in found])
        if part == "difference":
            words = "difference to the baseline" if name == "difference" else "main effect or interaction"
            result[name] = (dims, values, {"long_name": words})
        else:
            result[f"{name}_{part}"] = (dims, values, {"long_name": f"{name}: {_WORDS[part]}"})
    if half_width is not None:
        needed = replicates_needed(result[f"{name}_sd"].values, half_width, confidence)
        result[f"{name}_needed"] = (dims, needed, {"long_name": f"{name}: {_WORDS['needed']}"})


def _add_split(result: xr.Dataset, splits: list[VarianceSplit]) -> None:
    for part, words in _SPLIT.items():
        values = np.array([getattr(split, part) for split in splits], dtype=np.float64)
        result[part] = ("outcome", values, {"long_name": words})


def _labels(ds: xr.Dataset, sweep: Sweep, names: Sequence[str]) -> dict[str, Any]:
    outcomes = {outcome.name: outcome for outcome in sweep.outcomes}
    labels: dict[str, Any] = {
        "outcome": ("outcome", _text(names)),
        "outcome_name": ("outcome", _text([outcomes[name].long_name for name in names])),
        "outcome_units": ("outcome", _text([outcomes[name].unit for name in names])),
        "point": ("point", np.asarray(ds["point"].values)),
    }
    if sweep.design.names:
        labels[POINT_NAME] = ("point", _text(sweep.design.names))
    return labels | {key: ("point", values) for key, values in parameters_of(ds, sweep).items()}


def _text(values: Sequence[str]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
