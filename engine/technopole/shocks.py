"""Shocks: changes of the state by a factor or a sum, now or at the start of later periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model_access import Label

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
        Neither factor nor sum, a number that is not finite, a period that is over.
    """
    if factor is None and add is None:
        raise StateError(
            f"shock of {name}: found neither factor nor add; allowed: factor=1.1, add=0.5, or both"
        )
    for word, number in (("factor", factor), ("add", add)):
        if number is not None and not np.isfinite(number):
            raise StateError(f"shock of {name}: found {word}={number}; allowed: a finite number")
    numbers = (time + 1,) if periods is None else tuple(_numbers(name, periods))
    over = [number for number in numbers if number <= time]
    if over or not numbers:
        found = f"period {over[0]}" if over else "no periods"
        raise StateError(
            f"shock of {name}: found {found}; allowed: periods from {time + 1} on ({time} are done)"
        )
    return Shock(
        name,
        1.0 if factor is None else float(factor),
        0.0 if add is None else float(add),
        region if region is None or isinstance(region, str) else tuple(region),
        sector if sector is None or isinstance(sector, str) else tuple(sector),
        numbers,
    )


def _numbers(name: str, periods: int | Iterable[int]) -> Sequence[int]:
    given = [periods] if isinstance(periods, int | np.integer) else list(periods)
    if any(isinstance(one, bool) or one != int(one) for one in given):
        raise StateError(f"shock of {name}: found {given}; allowed: numbers of periods, 1 is the first")
    return sorted({int(one) for one in given})
