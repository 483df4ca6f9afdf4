"""Changing the state of a model within its bounds; market shares add up to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model.access import Selection
from technopole.model.names import Names, described
from technopole.schema.entries import Variable, plain_number
from technopole.world.state import shares_tolerance, state_view
from technopole_kernels.types import World

FIXED = ("offsets", "identity", "period")
"""State variables that `set` does not change: they say who the firms are, and when it is."""
POSITIVE_STATE = ("workforce", "wage", "market")
"""State variables of which the model takes logarithms or by which it divides."""
WHOLE = ("u1", "i4")
"""Types of the state variables that are whole numbers and can be set."""
SMALLEST, LARGEST = float(np.nextafter(0.0, 1.0)), float(np.finfo(np.float64).max)
"""The least number above 0, and the largest finite one."""


def check_bounds(
    entry: Variable, values: NDArray[Any], where: Any = None, dtype: np.dtype[Any] | None = None
) -> None:
    """Refuse values that are not finite or out of the range of a variable.

    Parameters
    ----------
    entry : Variable
        Row of the schema.
    values : ndarray
        What is to be set.
    where : callable, optional
        From an index of `values` to words that say where it is.
    dtype : numpy.dtype, optional
        Type that the values will have: float32 holds no numbers above 3.4e38.

    Raises
    ------
    StateError
        With the first value that is wrong, and what is allowed.
    """
    low, high = bounds_of(entry)
    values = np.asarray(values, dtype=np.float64)
    if dtype is not None and dtype.kind == "f":
        largest = float(np.finfo(dtype).max)
        low, high = max(low, -largest), min(high, largest)
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= low) & (values <= high))
        if entry.dtype in WHOLE:
            wrong |= values != np.floor(values)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        at = f" ({where(place)})" if where is not None and place else ""
        raise StateError(f"{entry.name}: found {values[place]!s}{at}; allowed: {allowed(entry)}")


def bounds_of(entry: Variable) -> tuple[float, float]:
    """Return the lowest and the highest number that a host may put into a state variable.

    Parameters
    ----------
    entry : Variable
        Row of the schema.

    Returns
    -------
    low, high : float
        Finite. Of whole numbers the highest is at most half of what their type holds: periods are counted on from it.
    """
    low = -LARGEST if entry.low is None else entry.low
    high = LARGEST if entry.high is None else entry.high
    if entry.dtype in WHOLE:
        high = min(high, float(np.iinfo(entry.dtype).max // 2))
    return (SMALLEST if entry.name in POSITIVE_STATE else low), high


def allowed(entry: Variable) -> str:
    """Return the allowed values of a state variable in words."""
    low, high = bounds_of(entry)
    noun = "whole numbers" if entry.dtype in WHOLE else "finite numbers"
    if entry.low is None:
        return noun
    start = " above 0" if entry.name in POSITIVE_STATE else f" from {plain_number(low)}"
    return f"{noun}{start}" + (f" to {plain_number(high)}" if high < LARGEST else "")


def refuse_fixed(name: str) -> None:
    """Raise if a state variable is not to be set.

    Raises
    ------
    StateError
        Unknown variable, or one that follows from the others.
    """
    if described(name, recorded=False).name in FIXED:
        raise StateError(f"{name} cannot be set: it follows from what happens in the model")


def set_state(world: World, selection: Selection, values: NDArray[Any], renormalise: bool) -> None:
    """Change a part of a state variable, or leave it as it is if that is not allowed.

    Parameters
    ----------
    world : World
        Changed in place.
    selection : Selection
        What is changed.
    values : ndarray
        Of the shape of the selection.
    renormalise : bool
        For market shares: scale the sectors so that their shares add up to 1.

    Raises
    ------
    StateError
        Not finite, out of range; shares that do not add up.
    """
    entry = selection.entry
    if renormalise and entry.name != "share":
        raise StateError(f"{entry.name}: renormalise is for market shares (share)")
    view = state_view(world, entry.name)
    if entry.name != "share":
        check_bounds(entry, values, lambda place: _where(selection, place), view.dtype)
        selection.put(view, values)
        return
    candidate = view.copy()
    selection.put(candidate, values)
    if renormalise:
        if not (np.isfinite(candidate) & (candidate >= 0.0)).all():
            check_bounds(entry, values, lambda place: _where(selection, place))
        candidate = renormalised(candidate, world)
    check_bounds(entry, candidate)
    refuse_shares(candidate, world, selection.names)
    view[...] = candidate


def _where(selection: Selection, place: tuple[int, ...]) -> str:
    words = []
    for dim, index, position in zip(
        selection.kept,
        [index for index in selection.index if not isinstance(index, int)],
        place,
        strict=True,
    ):
        if dim in selection.names.ids:
            words.append(f"{dim} {np.array(selection.names.ids[dim], dtype=object)[index][position]}")
        else:
            words.append(f"{dim} number {position}")
    return ", ".join(words)


def sector_of_firms(world: World) -> NDArray[np.int64]:
    """Return the number of the sector of each firm."""
    sectors = world.sectors.shape[1]
    cells = np.repeat(np.arange(world.offsets.size - 1), np.diff(world.offsets))
    numbers: NDArray[np.int64] = cells % sectors
    return numbers


def renormalised(shares: NDArray[Any], world: World) -> NDArray[Any]:
    """Return market shares scaled so that they add up to 1 in each sector."""
    sector = sector_of_firms(world)
    sums = np.bincount(sector, weights=shares, minlength=world.sectors.shape[1])
    scaled: NDArray[Any] = shares / np.where(sums > 0.0, sums, 1.0)[sector]
    return scaled


def refuse_shares(shares: NDArray[Any], world: World, names: Names) -> None:
    """Raise if the market shares of a sector with firms do not add up to 1.

    Raises
    ------
    StateError
        With the sector and its sum.
    """
    sector = sector_of_firms(world)
    size = world.sectors.shape[1]
    sums, firms = np.bincount(sector, weights=shares, minlength=size), np.bincount(sector, minlength=size)
    wrong = np.flatnonzero((firms > 0) & ~(np.abs(sums - 1.0) <= shares_tolerance(world)))
    if wrong.size:
        first = int(wrong[0])
        raise StateError(
            f"share: the shares of sector {names.ids['sector'][first]} add up to {sums[first]:.12g}; allowed: 1 in "
            "each sector (set(…, renormalise=True) scales them)"
        )
