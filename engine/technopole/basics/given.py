"""Values that a host gives: numbers with labels or without; what is neither is refused in words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from numbers import Integral, Number
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import ConfigError

Fail = Callable[[str], Exception]
"""Makes the error of what was found."""

EXACT_FLOATS = 2**53
"""Below it every whole number is a float."""
SHOWN = 3
"""Labels of pandas objects that a message shows."""


def with_labels(values: Any, dims: Sequence[str], ids: Mapping[str, Sequence[str]], fail: Fail) -> Any:
    """Return values that have labels as a DataArray, and None of those that have none.

    Parameters
    ----------
    values : object
        A DataArray, a Series or DataFrame of pandas, or anything without labels.
    dims : sequence of str
        Dimensions that the values may have.
    ids : mapping of str to sequence of str
        Labels of the dimensions that have ids.
    fail : callable
        Makes the error.

    Returns
    -------
    DataArray or None
        A dimension ``identity`` is called ``firm``.
    """
    if hasattr(values, "data_vars"):
        names = [str(name) for name in values.data_vars]
        raise fail(f"found a Dataset of {', '.join(names) or 'nothing'}; allowed: one of its variables")
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, pandas.Series | pandas.DataFrame):
        return _from_pandas(values, dims, ids, fail)
    if not (hasattr(values, "dims") and hasattr(values, "coords")):
        return None
    if "identity" in values.dims and "firm" in dims and "firm" not in values.dims:
        return values.rename({"identity": "firm"})
    return values


def _from_pandas(values: Any, dims: Sequence[str], ids: Mapping[str, Sequence[str]], fail: Fail) -> Any:
    """Return a Series or DataFrame as a DataArray: what its index stands for, its names or its labels say."""
    import xarray as xr

    kind = type(values).__name__
    if values.ndim == 2 and values.columns.nlevels > 1:
        raise fail(f"found a {kind} with several levels of columns; allowed: a DataArray")
    axes = [("index", values.index.get_level_values(level)) for level in range(values.index.nlevels)]
    axes += [("columns", values.columns)] if values.ndim == 2 else []
    names = [_dimension(kind, which, axis, dims, ids, fail) for which, axis in axes]
    if len(set(names)) < len(names):
        raise fail(f"found a {kind} that has {names[0]} twice; allowed: a DataArray")
    if values.index.nlevels > 1:
        return _spread(values, names, fail)
    coordinates = {name: axis.to_numpy() for name, (_, axis) in zip(names, axes, strict=True)}
    return xr.DataArray(values.to_numpy(), coordinates, names)


def _dimension(
    kind: str, which: str, axis: Any, dims: Sequence[str], ids: Mapping[str, Sequence[str]], fail: Fail
) -> str:
    name = "firm" if axis.name == "identity" else axis.name
    if name in dims:
        return str(name)
    labels = {str(label) for label in axis.tolist()}
    fitting = [dim for dim in dims if dim in ids and labels and labels <= set(ids[dim])]
    if len(fitting) == 1:
        return fitting[0]
    few = ", ".join(map(str, axis.tolist()[:SHOWN])) + (", …" if axis.size > SHOWN else "")
    if not dims:
        raise fail(f"found a {kind}; allowed: one number")
    known = [dim for dim in dims if dim in ids]
    likely = next(iter(known), dims[0])
    called = (
        f'values.rename_axis({which}="{likely}")'
        if kind == "DataFrame"
        else f'values.rename_axis("{likely}")'
    )
    raise fail(
        f"found a {kind} of pandas of which it is not clear what its {which} ({few}) stands for; allowed: "
        f"{''.join(f'ids of {dim}s, ' for dim in known)}a name out of {', '.join(dims)} ({called}), or a DataArray; "
        "values.to_numpy() is taken by position"
    )


def _spread(values: Any, names: Sequence[str], fail: Fail) -> Any:
    """Return a Series with several levels of labels as a DataArray over all their combinations."""
    import xarray as xr

    if values.ndim == 2:
        raise fail("found a DataFrame with several levels of labels; allowed: a DataArray")
    if not values.index.is_unique:
        raise fail(f"found labels that stand there twice: {values.index[values.index.duplicated()][0]}")
    array = xr.DataArray.from_series(values.rename_axis(list(names)))
    if array.size != values.size:
        raise fail(
            f"found {values.size} values for {array.size} combinations of labels; allowed: one for each"
        )
    return array


def numbers_of(values: Any, fail: Fail) -> NDArray[np.float64]:
    """Return numbers as float64.

    Parameters
    ----------
    values : array_like
        Real numbers; true and false count as 1 and 0.
    fail : callable
        Makes the error.

    Returns
    -------
    ndarray of float64
    """
    if values is None or isinstance(values, str | bytes | Mapping | Set):
        raise fail(f"found {_in_words(values)}")
    if isinstance(values, np.ma.MaskedArray):
        masked = int(np.ma.getmaskarray(values).sum())
        if masked:
            raise fail(f"found an array with {masked} masked values (values.filled(…) gives them a number)")
        values = values.data
    if isinstance(values, np.ndarray):
        values = values[...]  # by which a view of firms that are no more is refused; asarray would not ask
    try:
        array = np.asarray(values)
        objects = np.asarray(values, dtype=object) if array.dtype.kind in "OUST" else None
    except (TypeError, ValueError, OverflowError):
        raise fail(f"found {_in_words(values)} that is no array of numbers") from None
    if objects is not None:
        return _each(objects, fail)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    kind = {"c": "complex numbers", "M": "dates", "m": "lengths of time"}.get(array.dtype.kind, "no numbers")
    raise fail(f"found {kind} ({array.dtype})")


def _each(objects: NDArray[Any], fail: Fail) -> NDArray[np.float64]:
    for one in objects.ravel():
        if not isinstance(one, Number) or isinstance(one, complex):
            raise fail(f"found {_in_words(one)}")
    try:
        return objects.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise fail("found numbers that are no double precision numbers") from None


def _in_words(value: Any) -> str:
    if value is None or isinstance(value, str | bytes | Number):
        return repr(value if not isinstance(value, str | bytes) else value[:60])
    return f"a {type(value).__name__}"


def whole_number(name: str, value: Any, least: int) -> int:
    """Return a whole number.

    Parameters
    ----------
    name : str
        For messages.
    value : object
        What was given.
    least : int
        Smallest allowed number.

    Returns
    -------
    int

    Raises
    ------
    ConfigError
        If it is none, or smaller.
    """
    number = real_number(value)
    if not (least <= number < np.inf and number == int(number)):
        raise ConfigError(f"{name}: found {value!r:.60}; allowed: a whole number from {least}")
    return int(value)


def path_given(name: str, value: Any, allowed: str) -> Path:
    """Return a path.

    Parameters
    ----------
    name : str
        For messages.
    value : object
        What was given.
    allowed : str
        What it should be the path of, for messages.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If it is none.
    """
    if isinstance(value, str | os.PathLike) and isinstance(os.fspath(value), str):
        return Path(value)
    is_plain = value is None or isinstance(value, str | bytes | Number)
    shown = f"{value!r:.60}" if is_plain else f"a value of type {type(value).__name__}"
    raise ConfigError(f"{name}: found {shown}; allowed: {allowed}")


def yes_or_no(name: str, value: Any) -> bool:
    """Return True or False, and nothing that only counts as one of them: ``overwrite="no"`` is not a yes.

    Parameters
    ----------
    name : str
        For messages.
    value : object
        What was given.

    Returns
    -------
    bool

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if isinstance(value, bool | np.bool):
        return bool(value)
    raise ConfigError(f"{name}: found {value!r:.60}; allowed: True or False")


def plain(value: Any) -> Any:
    """Return a number of NumPy as one of Python, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def whole_as_int(value: Any) -> Any:
    """Return a whole number of any kind as one of Python, such as 3.0 as 3; anything else as `plain` does.

    Floats from 2**53 on stay: not all whole numbers up there are floats, so it is not clear which one is meant.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    number = real_number(value)
    return int(number) if abs(number) < EXACT_FLOATS and number.is_integer() else plain(value)


def real_number(value: Any) -> float:
    """Return a real number as a float, NaN if it is none."""
    if not isinstance(value, Number) or isinstance(value, bool | np.bool | complex):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan


def twice(labels: Iterable[Any]) -> Any:
    """Return the first label that stands there a second time, or None."""
    seen = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return None
