"""Values of NumPy and pandas as those of plain Python; the two are asked only if they are there already."""

from __future__ import annotations

import sys
from typing import Any


def row_given(value: Any) -> list[Any] | None:
    """Return a row of values as a list.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    list or None
        Of an array of one dimension, a Series or Index of pandas, a range; None of anything else.
    """
    if isinstance(value, range):
        return list(value)
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray):
        # [...] by which a view of firms that are no more is refused
        return value[...].tolist() if value.ndim == 1 else None
    if pandas is not None and isinstance(value, pandas.Series | pandas.Index):
        return value.tolist()  # type: ignore[no-any-return]
    return None


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array of NumPy, None of anything else."""
    numpy = sys.modules.get("numpy")
    return value.shape if numpy is not None and isinstance(value, numpy.ndarray) else None


def truth_given(value: Any) -> bool | None:
    """Return True or False of Python or NumPy as one of Python, None of anything else."""
    numpy = sys.modules.get("numpy")
    kinds = bool if numpy is None else (bool, numpy.bool)
    return bool(value) if isinstance(value, kinds) else None
