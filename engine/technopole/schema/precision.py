"""What depends on whether the firms of a world are held in float64 or in float32 (``run.precision``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from technopole.schema import STATE

__all__ = ["precision_of", "state_dtype"]


def precision_of(values: NDArray[Any]) -> str:
    """Return the precision of an array of firms, as ``run.precision`` calls it.

    Parameters
    ----------
    values : ndarray
        Such as ``World.firms``.

    Returns
    -------
    str
        ``float64`` or ``float32``.
    """
    return str(values.dtype)


def state_dtype(name: str, precision: str) -> np.dtype[Any]:
    """Return the type of a state variable: that of the schema, but for the numbers of firms.

    Parameters
    ----------
    name : str
        Name in `technopole.schema.STATE`.
    precision : str
        ``run.precision``.

    Returns
    -------
    numpy.dtype
    """
    entry = STATE[name]
    of_firms = entry.level == "firm" and entry.dtype == "f8"
    wanted: DTypeLike = precision if of_firms else entry.dtype
    return np.dtype(wanted)
