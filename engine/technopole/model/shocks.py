"""Shocks: changes of the state by a factor or a sum, now or at the start of later periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model.checks import POSITIVE_STATE, allowed
from technopole.model.names import Label, described, labels_given
from technopole.schema.entries import Variable

Periods = int | Iterable[int] | None


@dataclass(frozen=True)
class Shock:
    """A change of a state variable at the start of some periods.

    Attributes
    ----------
    name : str
        State variable.
    factor, add : float
        New value = value × factor + add.
    region, sector : str, sequence of str or None
        Where, as for `technopole.Model.get`.
    periods : tuple of int
        Numbers of periods, 1 is the first.
    """

    name: str
    factor: float
    add: float
    region: Label
    sector: Label
    periods: tuple[int, ...]

    def changed(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values after the shock."""
        result: NDArray[np.float64] = values * self.factor + self.add
        return result


def make_shock(
    name: str,
    factor: float | None,
    add: float | None,
    region: Label,
    sector: Label,
    periods: Periods,
    time: int,
) -> Shock:
    """Check what is asked for.

    Parameters
    ----------
    name, factor, add, region, sector
        As for `technopole.Model.shock`.
    periods : int, iterable of int or None
        None: the next one.
    time : int
        Periods done.

    Returns
    -------
    Shock

    Raises
    ------
    StateError
        Unknown variable, no region or no sector at all, neither factor nor sum, a number that is not finite or by which
        no value could stay within the range of the variable, a period that is over.
    """
    if factor is None and add is None:
        raise StateError(
            f"shock of {name}: found neither factor nor add; allowed: factor=1.1, add=0.5, or both"
        )
    times = 1.0 if factor is None else _finite(name, "factor", factor)
    plus = 0.0 if add is None else _finite(name, "add", add)
    _refuse_range(described(name, recorded=False), times, plus)
    numbers = (time + 1,) if periods is None else tuple(_numbers(name, periods))
    over = [number for number in numbers if number <= time]
    if over or not numbers:
        found = f"period {over[0]}" if over else "no periods"
        raise StateError(
            f"shock of {name}: found {found}; allowed: periods from {time + 1} on ({time} are done)"
        )
    return Shock(
        name,
        times,
        plus,
        _places(name, "region", region),
        _places(name, "sector", sector),
        numbers,
    )


def _places(name: str, dim: str, given: Any) -> Label:
    """Return the labels of the places of a shock; none at all are a mistake: it would do nothing."""
    labels = labels_given(dim, given, f"shock of {name}")
    if labels == ():
        raise StateError(
            f"shock of {name}: found no {dim} ({dim} is empty); allowed: an id, a list of ids, or None for all"
        )
    return labels


def _finite(name: str, word: str, given: Any) -> float:
    try:
        if isinstance(given, bool | np.bool | str | bytes) or np.ndim(given) > 0:
            raise TypeError
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not np.isfinite(number):
        raise StateError(f"shock of {name}: found {word}={given!r}; allowed: a finite number")
    return number


def _refuse_range(entry: Variable, factor: float, add: float) -> None:
    """Raise if no value of a variable could stay within its range."""
    low, high = entry.low, entry.high
    if low is None:
        return
    if factor < 0.0 <= low:
        raise StateError(
            f"shock of {entry.name}: found factor={factor}; allowed: a factor from 0, as {entry.name} takes "
            f"{allowed(entry)}"
        )
    if entry.name == "share":  # scaled afterwards
        high = None
    least = factor * low + add
    most = factor * high + add if high is not None else np.inf if factor > 0.0 else add
    below = most <= 0.0 if entry.name in POSITIVE_STATE else most < low
    if below or (high is not None and least > high):
        raise StateError(
            f"shock of {entry.name}: found factor={factor} and add={add}, which no value can stand; allowed: what "
            f"leaves {allowed(entry)}"
        )


def _numbers(name: str, periods: int | Iterable[int]) -> Sequence[int]:
    given: Any = periods
    try:
        given = list(periods) if isinstance(periods, Iterable) else [periods]
        numbers = [int(one) for one in given]
        wrong = any(isinstance(one, bool) or one != int(one) for one in given)
    except (TypeError, ValueError, OverflowError):
        numbers, wrong = [], True
    if wrong:
        raise StateError(f"shock of {name}: found {given}; allowed: numbers of periods, 1 is the first")
    return sorted(set(numbers))
