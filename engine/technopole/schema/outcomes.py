"""Outcomes of an experiment: named scalars of each replicate, such as growth of productivity or the last wage.

They are computed from what was recorded of many replicates at a time, and always stored one by one, so that
quantiles, paired contrasts and sensitivity indices need no other output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import log
from technopole.schema import CHANNELS, RECORDS, suggestion
from technopole.schema.indices import INDICES
from technopole.schema.levels import Recorded, kept_dims, needed, ordered_sum, reduce_to_level

Floats = NDArray[np.float64]
Over = Literal["last", "mean", "sum", "growth"]
OVER: tuple[str, ...] = get_args(Over)

PERIODS = 10
"""Periods at the end that an outcome is taken over unless it says otherwise."""
_LOGS = frozenset({*CHANNELS, "productivity", "price", "reputation"})
"""Variables that are logarithms already: their growth is their change."""
_SIGNED = frozenset({"net_migration"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scalar per replicate.

    Attributes
    ----------
    name : str
        Its name in the store.
    variable : str
        A recorded variable but `size_distribution`, or one of `INDICES`.
    over : str
        ``last``: its value after the last recorded period; ``mean``, ``sum``: over the recorded periods among
        the last `periods`; ``growth``: mean change per period of its logarithm over the last `periods`.
    periods : int
        At least 1; of no meaning for ``last``.
    region, sector : str or None
        Identifier of the place it is about; None: all together.
    """

    name: str
    variable: str
    over: Over = "last"
    periods: int = PERIODS
    region: str | None = None
    sector: str | None = None

    @property
    def level(self) -> str:
        """Level at which it is computed."""
        if self.region is not None:
            return "region" if self.sector is None else "cell"
        return "economy" if self.sector is None else "sector"

    @property
    def unit(self) -> str:
        """UDUNITS-like."""
        return "period-1" if self.over == "growth" else _source(self.variable).unit

    @property
    def long_name(self) -> str:
        """For labels and metadata."""
        words = {
            "last": "after the last recorded period",
            "mean": f"mean of the last {self.periods} periods",
            "sum": f"sum of the last {self.periods} periods",
            "growth": f"growth per period (log points) over the last {self.periods} periods",
        }[self.over]
        places = [place for place in (self.region, self.sector) if place is not None]
        return ", ".join([_source(self.variable).long_name, *places, words])


DEFAULT_OUTCOMES: tuple[Outcome, ...] = (
    Outcome("final_firms", "firms"),
    Outcome("final_employment", "employment"),
    Outcome("final_wage", "wage"),
    Outcome("final_productivity", "productivity"),
    Outcome("productivity_growth", "productivity", "growth"),
    Outcome("entry_rate", "entry_rate", "mean"),
    Outcome("exit_rate", "exit_rate", "mean"),
    Outcome("innovation_rate", "innovation_rate", "mean"),
    Outcome("geographic_concentration", "geographic_concentration"),
    Outcome("specialisation", "specialisation"),
)
"""What is computed of each replicate unless the sweep says otherwise; over fewer periods if fewer are recorded."""


def outcome_problems(
    outcome: Outcome,
    times: NDArray[np.int64],
    regions: Sequence[str] | None = None,
    sectors: Sequence[str] | None = None,
) -> list[str]:
    """Say what is wrong with an outcome.

    Parameters
    ----------
    outcome : Outcome
        Its `over` may be any word.
    times : ndarray of int64, shape (time,)
        Recorded periods, ascending and evenly spaced.
    regions, sectors : sequence of str, optional
        Identifiers; None: not known yet, not checked.

    Returns
    -------
    list of str
        ``key: found …; allowed: …``, the key being that inside the table of the outcome; empty if all is well.
    """
    known = [*RECORDS, *INDICES]
    name = outcome.variable
    if name not in known:
        hint = suggestion(name, known) or f"; allowed: {', '.join(known)}"
        return [f'variable: found "{name}", which is neither recorded nor an index{hint}']
    if name == "size_distribution":
        return ["variable: size_distribution has a value per size class; an outcome is one number"]
    problems = [*_place_problems(outcome, regions, sectors)]
    if outcome.over not in OVER:
        return [*problems, f'over: found "{outcome.over}"; allowed: {", ".join(OVER)}']
    if outcome.over == "growth" and name in _SIGNED:
        problems.append(f"over: {name} can be negative and has no growth; allowed: last, mean, sum")
    return problems + _period_problems(outcome, times)


def _place_problems(
    outcome: Outcome, regions: Sequence[str] | None, sectors: Sequence[str] | None
) -> list[str]:
    problems = []
    index = INDICES.get(outcome.variable)
    dims = RECORDS[outcome.variable].dims if index is None else ("region", "sector") * index.by_place
    for key, place, known in (("region", outcome.region, regions), ("sector", outcome.sector, sectors)):
        if place is None:
            continue
        if key not in dims:
            problems.append(f'{key}: found "{place}"; {outcome.variable} has no value for one {key}')
        elif known is not None and place not in known:
            hint = suggestion(place, known) or f"; allowed: {', '.join(known[:20])}" + " …" * (
                len(known) > 20
            )
            problems.append(f'{key}: found "{place}"{hint}')
    return problems


def _period_problems(outcome: Outcome, times: NDArray[np.int64]) -> list[str]:
    if outcome.over == "last":
        return []
    first, last = int(times[0]), int(times[-1])
    stride = int(times[1] - times[0]) if times.size > 1 else 1
    most = last - first + (0 if outcome.over == "growth" else stride)
    found = f"periods: found {outcome.periods}"
    if outcome.over == "growth" and (outcome.periods % stride or not stride <= outcome.periods <= most):
        if most < stride:
            return ["over: growth needs two recorded periods; there is one"]
        every = f", a multiple of the stride {stride}" if stride > 1 else ""
        return [f"{found}; recorded are periods {first} to {last}; allowed: {stride} to {most}{every}"]
    if not 1 <= outcome.periods <= most:
        return [f"{found}; recorded are periods {first} to {last}; allowed: 1 to {most}"]
    if outcome.over == "sum" and stride > 1:
        return [
            f"over: a sum needs every period and one in {stride} is recorded; allowed: last, mean, growth"
        ]
    return []


def needed_by_outcomes(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return what must be recorded for outcomes.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Without problems.

    Returns
    -------
    tuple of str
        Recorded variables in the order of the schema.
    """
    wanted: set[str] = set()
    for outcome in outcomes:
        index = INDICES.get(outcome.variable)
        wanted.update(needed((outcome.variable,), outcome.level) if index is None else index.needs)
    return tuple(name for name in RECORDS if name in wanted)


def compute_outcomes(
    outcomes: Iterable[Outcome],
    recorded: Recorded,
    times: NDArray[np.int64],
    regions: Sequence[str] = (),
    sectors: Sequence[str] = (),
) -> dict[str, Floats]:
    """Compute outcomes of replicates.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Without problems.
    recorded : mapping of str to ndarray
        Has `needed_by_outcomes`, with the shapes (replicate, time, ...) of the schema.
    times : ndarray of int64, shape (time,)
        Recorded periods, ascending.
    regions, sectors : sequence of str
        Identifiers, where outcomes are about one.

    Returns
    -------
    dict of str to ndarray of float64, shape (replicate,)
        By name; NaN where a replicate has no value (no firm left, logarithm of nothing). A value does not
        depend on which replicates are computed together.
    """
    # rows of failed replicates hold anything
    with np.errstate(all="ignore"):
        return {outcome.name: _compute(outcome, recorded, times, regions, sectors) for outcome in outcomes}


def _compute(
    outcome: Outcome,
    recorded: Recorded,
    times: NDArray[np.int64],
    regions: Sequence[str],
    sectors: Sequence[str],
) -> Floats:
    rows = _rows(outcome, times)
    chosen = _Chosen(recorded, rows)
    index = INDICES.get(outcome.variable)
    if index is None:
        values = reduce_to_level(outcome.variable, chosen, outcome.level)
        dims = kept_dims(outcome.variable, outcome.level)
    else:
        values = index.compute(chosen, outcome.level)
        dims = tuple(dim for dim in ("region", "sector") if getattr(outcome, dim) is not None)
    for dim in dims:
        place, known = (outcome.region, regions) if dim == "region" else (outcome.sector, sectors)
        assert place is not None  # or the level would not have this dimension
        values = values[:, :, known.index(place)]
    series = np.asarray(values, dtype=np.float64)
    if outcome.over == "growth":
        level = series if outcome.variable in _LOGS else _log_or_nan(series)
        return np.asarray((level[:, 1] - level[:, 0]) / float(outcome.periods))
    if outcome.over == "last":
        return np.array(series[:, 0])
    total = ordered_sum(series, 1)
    return total / series.shape[1] if outcome.over == "mean" else total


def _rows(outcome: Outcome, times: NDArray[np.int64]) -> slice:
    """Return which recorded periods an outcome reads."""
    if outcome.over == "last":
        return slice(times.size - 1, None)
    begin = int(times[-1]) - outcome.periods
    if outcome.over == "growth":
        first = int(np.searchsorted(times, begin))
        return slice(first, None, times.size - 1 - first)
    return slice(int(np.searchsorted(times, begin, side="right")), None)


class _Chosen:
    """Some periods of what was recorded."""

    def __init__(self, recorded: Recorded, rows: slice) -> None:
        self._recorded, self._rows = recorded, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._recorded[name][:, self._rows]


def _source(name: str) -> Any:
    return INDICES[name] if name in INDICES else RECORDS[name]


def _log_or_nan(values: Floats) -> Floats:
    positive = (values > 0.0) & np.isfinite(values)
    return np.where(positive, log(np.where(positive, values, 1.0)), np.nan)
