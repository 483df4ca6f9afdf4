"""What all indicators share: checks of dimensions and values, labels, and one way to compute block by block."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import numbers_of

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Dims = Sequence[str]

BLOCK_BYTES = 32 * 2**20
"""Blocks of lazy data that have to be cut anew get about this size, so that a few of them fit anywhere."""


def title(array: xr.DataArray) -> str:
    """Return what an array is called in messages and in the labels of what is computed from it."""
    return str(array.attrs.get("long_name") or array.name or "values")


def unit(array: xr.DataArray) -> str:
    """Return the unit of an array ("1" if it does not say)."""
    return str(array.attrs.get("units", "1"))


def require(array: Any, *dims: str, what: str = "the first argument", numeric: bool = True) -> None:
    """Refuse what is not a labelled array with these dimensions.

    Raises
    ------
    TypeError
        If it is not an `xarray.DataArray`, or not one of real numbers where `numeric`.
    ValueError
        If a dimension is missing, empty or named twice.
    """
    import xarray as xr

    if not isinstance(array, xr.DataArray):
        raise TypeError(f"{what} is a {type(array).__name__}; indicators need an xarray.DataArray")
    if numeric:
        _refuse_no_numbers(array, what)
    if len(set(dims)) < len(dims):
        raise ValueError(f"the dimensions must differ; got {', '.join(map(repr, dims))}")
    for dim in dims:
        if dim not in array.dims:
            found = ", ".join(map(str, array.dims)) or "none"
            raise ValueError(
                f"'{title(array)}' has no dimension '{dim}'; its dimensions: {found}. "
                "Say which one is meant by the keyword arguments that name dimensions"
            )
        if array.sizes[dim] == 0:
            raise ValueError(f"'{title(array)}' is empty along '{dim}'; at least one entry is needed")


def _refuse_no_numbers(array: xr.DataArray, what: str) -> None:
    kind = array.dtype.kind
    if kind == "O" and array.chunks is None:  # numbers as Python's objects will do

        def fail(found: str) -> TypeError:
            return TypeError(f"{what}, '{title(array)}': {found}; indicators need real numbers")

        numbers_of(array.to_numpy(), fail)
    elif kind not in "biufO":
        raise TypeError(f"{what}, '{title(array)}', is of type {array.dtype}; indicators need real numbers")


def one_of(value: str, allowed: Sequence[str], what: str) -> str:
    """Return a choice, or say what can be chosen."""
    if value not in allowed:
        raise ValueError(f"{what} is {value!r}; allowed: {', '.join(map(repr, allowed))}")
    return value


def other_name(array: xr.DataArray, dim: str, other: str | None) -> str:
    """Return the name of the second dimension of a table of pairs, ``other_<dim>`` unless it is given."""
    name = other or f"other_{dim}"
    if name in array.dims:
        raise ValueError(f"'{title(array)}' already has a dimension '{name}'; give another name to 'other'")
    return name


def align(array: xr.DataArray, to: xr.DataArray, dim: str, what: str | None = None) -> xr.DataArray:
    """Return an array in the order that another one has along a dimension: by label, never by position.

    `what` is what messages call the array, `title` if absent.

    Raises
    ------
    ValueError
        If the lengths differ (no labels), labels are missing on one side or stand twice.
    """
    name = what or title(array)
    if name == title(to):
        name = f"the other {name}"
    if dim not in array.indexes or dim not in to.indexes:
        if array.sizes[dim] != to.sizes[dim]:
            raise ValueError(
                f"'{name}' has {array.sizes[dim]} entries along '{dim}', '{title(to)}' has {to.sizes[dim]}"
            )
        return array
    mine, theirs = array.indexes[dim], to.indexes[dim]
    if mine.equals(theirs):
        return array
    for index, whose in ((mine, name), (theirs, title(to))):
        if not index.is_unique:
            raise ValueError(f"'{whose}' has labels twice along '{dim}': {some(duplicates(index))}")
    missing, surplus = theirs.difference(mine), mine.difference(theirs)
    if len(missing) or len(surplus):
        found = [f"not in '{name}': {some(missing)}"] if len(missing) else []
        found += [f"only in '{name}': {some(surplus)}"] if len(surplus) else []
        raise ValueError(f"the labels along '{dim}' differ; {'; '.join(found)}")
    return array.reindex({dim: theirs})


def duplicates(index: Any) -> Any:
    """Return the labels that stand more than once."""
    return index[index.duplicated()].unique()


def some(labels: Iterable[Any], most: int = 8) -> str:
    """Return the first few labels for a message."""
    listed = [str(label) for label in labels]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def whole(array: xr.DataArray, dims: Sequence[Hashable]) -> xr.DataArray:
    """Return lazy data with these dimensions in one piece; the others are cut so that blocks stay small."""
    if array.chunks is None:
        return array
    lengths = dict(zip(array.dims, array.chunks, strict=True))
    if all(len(lengths[dim]) == 1 for dim in dims if dim in lengths):
        return array
    import dask

    with dask.config.set({"array.chunk-size": BLOCK_BYTES}):
        pieces = array.variable.chunk({dim: -1 if dim in dims else "auto" for dim in array.dims})
    return array.copy(data=pieces.data)  # names of regions and sectors stay in memory


def compute(
    function: Callable[..., Any],
    arrays: Sequence[xr.DataArray],
    inputs: Sequence[Dims],
    outputs: Sequence[Dims] = ((),),
    sizes: Mapping[str, int] | None = None,
) -> list[xr.DataArray]:
    """Apply a function of numpy arrays to labelled ones, block by block if they are lazy.

    Parameters
    ----------
    function : callable
        Takes arrays of shape (..., *inputs), returns one array, or a tuple of them, of shape (..., *outputs).
    arrays : sequence of DataArray
        What it is given; further dimensions are broadcast by name.
    inputs, outputs : sequence of sequences of str
        Dimensions that the function needs whole and those it returns, per array.
    sizes : mapping, optional
        Lengths of the dimensions of the result that no input has.

    Returns
    -------
    list of DataArray
        As many as `outputs`, float64, without attributes. Lazy if any of the inputs is.
    """
    import xarray as xr

    prepared = [whole(array, dims) for array, dims in zip(arrays, inputs, strict=True)]
    options: dict[str, Any] = {"output_sizes": dict(sizes)} if sizes else {}
    result = xr.apply_ufunc(
        function,
        *prepared,
        input_core_dims=[list(dims) for dims in inputs],
        output_core_dims=[list(dims) for dims in outputs],
        join="exact",
        dask="parallelized",
        output_dtypes=[np.float64] * len(outputs),
        dask_gufunc_kwargs=options,
        keep_attrs=False,
    )
    return list(result) if len(outputs) > 1 else [result]


def label(array: xr.DataArray, name: str, long_name: str, units: str = "1") -> xr.DataArray:
    """Return an array under a name, with ``long_name`` and ``units`` as its only attributes."""
    array = array.rename(name)
    array.attrs = {"long_name": long_name, "units": units}
    return array


def dataset(
    arrays: Sequence[xr.DataArray], rows: Sequence[tuple[str, str] | tuple[str, str, str]]
) -> xr.Dataset:
    """Return arrays as a dataset; each row has a name, a ``long_name`` and, unless it is "1", a unit."""
    import xarray as xr

    return xr.Dataset({row[0]: label(array, *row) for array, row in zip(arrays, rows, strict=True)})


def pair_labels(array: xr.DataArray, data: xr.DataArray, dim: str, other: str) -> xr.DataArray:
    """Give the second dimension of a table of pairs the labels of the first."""
    return array.assign_coords({other: (other, data[dim].values)}) if dim in data.coords else array


def codes(labels: xr.DataArray, dim: str) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the group of each entry along a dimension as a number, and the labels of the groups.

    Raises
    ------
    ValueError
        If the labels have other dimensions or one is missing.
    """
    if labels.dims != (dim,):
        raise ValueError(
            f"'{title(labels)}' must be labels along '{dim}' only; its dimensions: {labels.dims}"
        )
    values = np.asarray(labels.values)
    missing = np.array([label is None or label != label for label in values.tolist()], dtype=bool)
    if missing.any():
        raise ValueError(f"'{title(labels)}' lacks the label of {missing.sum()} of {missing.size} entries")
    groups, which = np.unique(values, return_inverse=True)
    return which.reshape(-1), groups


# ------------------------------------------------------------------------------- values, in the blocks of data


def amounts(values: Any, what: str) -> Floats:
    """Return amounts (workers, sales, plants) as float64; what is missing counts as nothing.

    Raises
    ------
    ValueError
        If one is negative or infinite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size and numbers.min() >= 0.0 and numbers.max() < np.inf:
        return numbers  # the usual case in two passes; NaN is neither
    numbers = np.where(np.isnan(numbers), 0.0, numbers)
    refuse_amounts(numbers, what)
    return numbers


def refuse_amounts(values: Floats, what: str) -> None:
    """Refuse negative and infinite amounts; missing ones pass."""
    wrong = (values < 0.0) | np.isinf(values)
    if wrong.any():
        raise ValueError(
            f"'{what}' holds {int(wrong.sum())} negative or infinite values of {wrong.size} "
            f"(such as {values[wrong][0]:g}); amounts must be finite and at least 0"
        )


def ratio(top: Floats, bottom: Any, empty: float = np.nan) -> Floats:
    """Divide; where the denominator is zero the result is `empty`."""
    if np.size(bottom) < np.size(top) and (empty == 0.0 or np.isnan(empty)):
        # one pass over the large array: x / NaN is NaN, x / ∞ is 0
        return np.asarray(top / np.where(bottom == 0.0, np.nan if np.isnan(empty) else np.inf, bottom))
    top, bottom = np.broadcast_arrays(np.asarray(top, dtype=np.float64), bottom)
    result = np.full(top.shape, empty)
    np.divide(top, bottom, out=result, where=bottom != 0.0)
    return result


def shares(values: Floats, axis: int = -1) -> Floats:
    """Return the shares along an axis; NaN where all is empty."""
    return ratio(values, values.sum(axis=axis, keepdims=True))
