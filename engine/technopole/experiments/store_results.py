"""What is read of the store of an experiment afterwards: its sweep and the outcomes of every replicate."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import path_given, twice
from technopole.basics.stored_names import JOURNAL
from technopole.errors import ConfigError, DataError
from technopole.files.damage import naming_damage, open_store
from technopole.schema import suggestion

if TYPE_CHECKING:
    import xarray as xr

    from technopole.sweeps.points import Points
    from technopole.sweeps.sweep import Sweep

Floats = NDArray[np.float64]


def open_results(store: str | os.PathLike[str] | xr.Dataset) -> xr.Dataset:
    """Return the dataset of a store, lazily.

    Parameters
    ----------
    store : path or xarray.Dataset
        Store of an experiment, or what was opened of it.

    Returns
    -------
    xarray.Dataset
        Of the root group.

    Raises
    ------
    ConfigError
        If it is neither a path nor a Dataset.
    DataError
        If there is no such store.
    """
    import xarray as xr

    if isinstance(store, xr.Dataset):
        return store
    path = path_given(
        "store", store, "the path of a store made by technopole experiment, or what tp.open made of it"
    )
    if not (path / "zarr.json").is_file() and not (path / JOURNAL).is_dir():
        what = "there is nothing" if not path.exists() else "found no store"
        raise DataError(f"{path}: {what}; allowed: a store made by technopole experiment")
    return open_store(path)


def sweep_of(ds: xr.Dataset) -> Sweep:
    """Return the sweep that a store was made for.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the store.

    Returns
    -------
    Sweep
        As it is written in the store.

    Raises
    ------
    DataError
        If the dataset is not that of an experiment.
    """
    from technopole.sweeps.sweep import Sweep

    text = ds.attrs.get("sweep")
    if not isinstance(text, str):
        raise DataError(f"{_name(ds)}: holds no sweep; allowed: a store made by technopole experiment")
    return Sweep.from_dict(json.loads(text), source=f"{_name(ds)}: sweep")


def outcome_names(ds: xr.Dataset, sweep: Sweep, chosen: str | Iterable[str] | None = None) -> tuple[str, ...]:
    """Return names of outcomes.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the store.
    sweep : Sweep
        Its sweep.
    chosen : str or iterable of str, optional
        Those wanted; all if absent.

    Returns
    -------
    tuple of str
        In the order of the sweep, or as chosen.

    Raises
    ------
    ConfigError
        If they are not names, none, or one of them stands there twice.
    DataError
        If one is unknown.
    """
    known = [outcome.name for outcome in sweep.outcomes]
    if chosen is None:
        return tuple(known)
    names = _names(chosen, known)
    for name in names:
        if name not in known:
            hint = suggestion(name, known) or f"; allowed: {', '.join(known)}"
            raise DataError(f'{_name(ds)}: found no outcome "{name}"{hint}')
    return names


def _names(chosen: Any, known: list[str]) -> tuple[str, ...]:
    """Return names that a host gives, in whatever it gives them; raise if they are none or given twice."""
    names = (chosen,) if isinstance(chosen, str) or not isinstance(chosen, Iterable) else tuple(chosen)
    for name in names:
        if not isinstance(name, str):
            what = f"{name!r:.60}" if name is chosen else f"a {type(chosen).__name__} with {name!r:.60}"
            raise ConfigError(f"outcome: found {what}; allowed: names out of {', '.join(known)}")
    if not names:
        raise ConfigError(
            f"outcome: found none; allowed: at least one out of {', '.join(known)}, or None for all"
        )
    double = twice(names)
    if double is not None:
        raise ConfigError(f'outcome: found "{double}" twice; allowed: each once')
    return names


def outcome_table(ds: xr.Dataset, name: str) -> Floats:
    """Return the values of an outcome.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the store.
    name : str
        Outcome.

    Returns
    -------
    ndarray of float64, shape (point, replicate)
        NaN where a replicate is missing, failed or has no value.

    Raises
    ------
    DataError
        If the dataset is a part of a store without it, or without its points or replicates.
    """
    if name not in ds:
        raise DataError(f"{_name(ds)}: outcome {name} is not in this part of it; allowed: the whole dataset")
    lost = [dim for dim in ("point", "replicate") if dim not in ds[name].dims]
    if lost:
        raise DataError(
            f"{_name(ds)}: outcome {name} has no dimension {lost[0]} any more; allowed: the whole dataset, or a part "
            f"that keeps it, such as ds.isel({lost[0]}=[0])"
        )
    with naming_damage(ds):
        return np.asarray(ds[name].transpose("point", "replicate").values, dtype=np.float64)


def parameters_of(ds: xr.Dataset, sweep: Sweep) -> dict[str, NDArray[Any]]:
    """Return the values of the varied parameters, key → shape (point,)."""
    with naming_damage(ds):
        return {key: np.asarray(ds[key].values) for key in sweep.design.keys}


def points_of(ds: xr.Dataset, sweep: Sweep) -> Points:
    """Return the points of an experiment.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the store.
    sweep : Sweep
        Its sweep.

    Returns
    -------
    Points
        In the order of the store.
    """
    from technopole.sweeps.points import Points

    ids = np.asarray(ds["point"].values)
    return Points(sweep.design.kind, ids, parameters_of(ds, sweep), names=sweep.design.names)


def refuse_missing_points(ds: xr.Dataset, name: str, values: Floats, purpose: str) -> None:
    """Raise if a point has no value of an outcome.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the store.
    name : str
        Outcome.
    values : ndarray, shape (point, replicate)
        Its values.
    purpose : str
        What needs all points.

    Raises
    ------
    DataError
        With the first of them, and why.
    """
    missing = np.flatnonzero(~np.isfinite(values).any(axis=1))
    if missing.size == 0:
        return
    ids = ", ".join(str(int(ds["point"].values[index])) for index in missing[:10])
    more = " …" if missing.size > 10 else ""
    status = np.asarray(ds["replicate_status"].values)[missing] if "replicate_status" in ds else None
    if status is not None and (status == 1).any():
        why = "replicates were computed but none has a value (an economy that died out, or one without firms)"
    elif status is not None and (status == 2).any():
        why = "their replicates failed; technopole status shows the errors"
    else:
        why = "they are not computed yet; technopole experiment --resume goes on"
    raise DataError(
        f"{_name(ds)}: {purpose} need {name} of every point; {missing.size} of {len(values)} points have none "
        f"(point {ids}{more}): {why}"
    )


def _name(ds: xr.Dataset) -> str:
    return str(ds.encoding.get("source", "dataset"))
