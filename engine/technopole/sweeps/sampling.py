"""Designs that are drawn: Latin hypercube, Sobol sequence, random, Saltelli's and Morris' schemes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import exp, log
from technopole.errors import FOR_INDICES, FOR_INTERVALS, ConfigError
from technopole.sweeps.points import Points
from technopole.sweeps.spreads import Design, Spread
from technopole.sweeps.values import VARIED, column

Floats = NDArray[np.float64]


def sampled(design: Design) -> Points:
    """Return the points of a design that is drawn.

    Parameters
    ----------
    design : Design
        lhs, sobol, random, saltelli or morris.

    Returns
    -------
    Points
        With `sample` and `problem`.

    Raises
    ------
    ConfigError
        If the library of the method is not installed.
    """
    sample = _SAMPLERS[design.kind](design)
    # the ends of the cube belong to it, rounding beyond them does not
    sample = np.clip(np.ascontiguousarray(sample, dtype=np.float64), 0.0, 1.0)
    values = {
        spread.key: _transformed(spread, sample[:, index]) for index, spread in enumerate(design.spreads)
    }
    return Points(design.kind, _ids(design, len(sample)), values, sample, _problem(design))


def _ids(design: Design, points: int) -> NDArray[np.int64]:
    """Return row numbers where a longer design begins with the shorter one, else numbers of its own."""
    ids = np.arange(points, dtype=np.int64)
    if design.kind in ("lhs", "morris"):
        # 0; 1, 2; 3, 4, 5; …: no two designs of different length share one
        ids += points * (points - 1) // 2
    return ids


def _problem(design: Design) -> dict[str, Any]:
    bounds = [
        [0.0, float(len(spread.values) - 1)] if spread.values else [float(spread.low), float(spread.high)]
        for spread in design.spreads
    ]
    return {"num_vars": len(bounds), "names": list(design.keys), "bounds": bounds}


# --------------------------------------------------------------------------------------------- unit cube


def _random(design: Design) -> Floats:
    return np.random.default_rng(design.seed).random((design.number, len(design.spreads)))


def _sobol(design: Design) -> Floats:
    engine = _scipy_qmc().Sobol(len(design.spreads), scramble=True, rng=np.random.default_rng(design.seed))
    return np.asarray(engine.random(design.number))


def _lhs(design: Design) -> Floats:
    engine = _scipy_qmc().LatinHypercube(len(design.spreads), rng=np.random.default_rng(design.seed))
    return np.asarray(engine.random(design.number))


def _saltelli(design: Design) -> Floats:
    sobol = _salib("sobol")
    return np.asarray(
        sobol.sample(
            _unit_problem(design), design.number, calc_second_order=design.second_order, seed=design.seed
        )
    )


def _morris(design: Design) -> Floats:
    morris = _salib("morris")
    return np.asarray(
        morris.sample(_unit_problem(design), design.number, num_levels=design.levels, seed=design.seed)
    )


def _unit_problem(design: Design) -> dict[str, Any]:
    size = len(design.spreads)
    return {"num_vars": size, "names": list(design.keys), "bounds": [[0.0, 1.0]] * size}


def _scipy_qmc() -> Any:
    try:
        from scipy.stats import qmc
    except ImportError:
        raise ConfigError(f"{_MISSING} {FOR_INTERVALS}") from None
    return qmc


def _salib(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"SALib.sample.{name}")
    except ImportError:
        raise ConfigError(f"{_MISSING} {FOR_INDICES}") from None


_MISSING = "design.kind: this kind of design needs"
_SAMPLERS = {"random": _random, "sobol": _sobol, "lhs": _lhs, "saltelli": _saltelli, "morris": _morris}


# ----------------------------------------------------------------------------------------- distributions


def _transformed(spread: Spread, unit: Floats) -> NDArray[Any]:
    """Return values of a parameter from numbers between 0 and 1, both possible."""
    entry = VARIED[spread.key]
    if spread.values:
        chosen = np.minimum((unit * len(spread.values)).astype(np.int64), len(spread.values) - 1)
        return column(entry, list(spread.values))[chosen]
    low, high = spread.low, spread.high
    if spread.dist == "integer":
        whole = low + np.minimum(np.floor(unit * (high - low + 1.0)), high - low)
        return whole.astype(np.int64) if entry.dtype == "int" else whole
    if spread.dist == "loguniform":
        ends = log(np.array([low, high]))
        values = exp(ends[0] + unit * (ends[1] - ends[0]))
    elif spread.dist == "normal":
        values = _normal(spread, unit)
    else:
        values = low + unit * (high - low)
    return np.clip(values, low, high)


def _normal(spread: Spread, unit: Floats) -> Floats:
    """Return a normal distribution that is cut at the bounds."""
    try:
        from scipy.special import ndtr, ndtri
    except ImportError:
        raise ConfigError(f"{_MISSING} {FOR_INTERVALS}") from None
    first, last = (spread.low - spread.mean) / spread.sd, (spread.high - spread.mean) / spread.sd
    # in the upper tail the lower one of the mirror image is exact
    mirrored = first > 0.0
    if mirrored:
        first, last, unit = -last, -first, 1.0 - unit
    share = ndtr(first) + unit * (ndtr(last) - ndtr(first))
    score = ndtri(share)
    return np.asarray(spread.mean + spread.sd * (-score if mirrored else score))
