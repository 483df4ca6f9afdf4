"""Arrays that a host of the Basic Model Interface hands over: values, indices, and where values are to go."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import numbers_of
from technopole.errors import StateError


def numbers_for(name: str, given: Any) -> NDArray[np.float64]:
    """Return values for a variable, flat.

    Raises
    ------
    StateError
        If they are no numbers.
    """

    def fail(found: str) -> StateError:
        return StateError(f"{name}: {found}; allowed: an array of numbers")

    return numbers_of(given, fail).reshape(-1)


def indices_of(name: str, given: Any, size: int) -> NDArray[np.int64]:
    """Return indices of values.

    Raises
    ------
    StateError
        If they are no whole numbers, or outside 0 to size - 1.
    """
    places = np.asarray(given) if np.size(given) else np.zeros(0, dtype=np.int64)
    if places.dtype.kind not in "iu":
        raise StateError(f"{name}: found indices of type {places.dtype}; allowed: whole numbers")
    if places.size and (places.min() < 0 or places.max() >= size):
        raise StateError(f"{name}: found an index outside 0 to {size - 1}")
    return places.astype(np.int64)


def refuse_target(name: str, dest: Any, dtype: np.dtype[Any]) -> None:
    """Raise if values cannot be copied into something.

    Raises
    ------
    StateError
        If it is no array, or of a type that would change them.
    """
    if not isinstance(dest, np.ndarray):
        raise StateError(f"{name}: found a {type(dest).__name__} to copy to; allowed: a NumPy array")
    if not np.can_cast(dtype, dest.dtype, casting="same_kind"):
        raise StateError(f"{name}: found an array of {dest.dtype}; allowed: {dtype} (get_var_type)")
