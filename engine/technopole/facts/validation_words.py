"""A validation in words: rows of its table, verdicts, counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def fact_row(one: xr.Dataset) -> tuple[str, ...]:
    """Return the row of a fact in the table.

    Parameters
    ----------
    one : xarray.Dataset
        Result of `technopole.validate` at one fact.

    Returns
    -------
    tuple of str
        Title with unit, mean, interval, range, verdict, source.
    """
    from technopole.basics.text_table import mean_and_interval

    mean, low, high = (float(one[name]) for name in ("estimate", "low", "high"))
    unit = str(one["unit"].item())
    title = str(one["title"].item()) + (f" [{unit}]" if unit != "1" else "")
    interval = mean_and_interval(mean, 0.5 * (high - low))
    return (title, *interval, range_words(one), verdict(one), str(one["source"].item()))


def range_words(one: xr.Dataset) -> str:
    """Return the range of a fact: both ends, or the sign if only that matters."""
    low, high = float(one["range_low"]), float(one["range_high"])
    if bool(one["sign"]):
        return "above 0" if high > 0.0 else "below 0"
    return f"{_plain(low)} to {_plain(high)}"


def verdict(one: xr.Dataset) -> str:
    """Return in a word or two whether a fact lies in its range.

    Parameters
    ----------
    one : xarray.Dataset
        Result of `technopole.validate` at one fact.

    Returns
    -------
    str
        ``pass`` or ``FAIL``, with the remark that the interval holds the border if it does, or that it is too wide
        to tell anything.
    """
    if not int(one["replicates_used"]):
        return "not measurable"
    word, doubt = "pass" if bool(one["passed"]) else "FAIL", reservation(one)
    return f"{word} ({doubt})" if doubt else word


def reservation(one: xr.Dataset) -> str:
    """Return why more replicates might turn the verdict on a fact, in a few words; empty if nothing speaks for it."""
    if _too_few(one):
        return "too few replicates to judge"
    return "at the border" if bool(one["straddles"]) else ""


def is_open(one: xr.Dataset) -> bool:
    """Return whether a fact was measured, but more replicates might turn the verdict on it."""
    return int(one["replicates_used"]) > 0 and bool(reservation(one))


def _too_few(one: xr.Dataset) -> bool:
    """Return whether half the interval is wider than the range it reaches, or there is no interval."""
    low, high, bottom, top = (float(one[name]) for name in ("low", "high", "range_low", "range_high"))
    apart = high <= bottom or low >= top  # however wide, clearly outside
    return not apart and not 0.5 * (high - low) <= top - bottom


def failed(result: xr.Dataset, group: str = "model") -> list[str]:
    """Return the names of the facts that were measured and lie outside of their range.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.
    group : str
        ``model`` or ``data``.
    """
    return [
        str(one["fact"].item())
        for one in facts_in(result, group)
        if int(one["replicates_used"]) and not bool(one["passed"])
    ]


def verdict_line(result: xr.Dataset) -> str:
    """Return how many facts lie in their range, in one line.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.

    Returns
    -------
    str
        Facts that cannot be measured are not counted.
    """
    passed, measured = count(result, "group", "model")
    line = f"{passed} of {measured} facts within range{_doubtful(result, 'model')}"
    passed, measured = count(result, "group", "data")
    return f"{line}; {passed} of {measured} real series{_doubtful(result, 'data')}" if measured else line


def _doubtful(result: xr.Dataset, group: str) -> str:
    """Return how many verdicts of a group more replicates might turn, in brackets; empty if none."""
    doubtful = [bool(one["passed"]) for one in facts_in(result, group) if is_open(one)]
    if not doubtful:
        return ""
    inside = sum(doubtful)
    return f" (more replicates might turn {inside} inside and {len(doubtful) - inside} outside)"


def origins_line(result: xr.Dataset) -> str:
    """Return the same for the facts of the design of the model and for those from further literature."""
    parts = (("design", "the design"), ("literature", "further literature"))
    words = []
    for origin, name in parts:
        passed, measured = count(result, "origin", origin)
        words.append(f"{passed} of {measured} facts of {name}")
    return ", ".join(words)


def count(result: xr.Dataset, coordinate: str, value: str) -> tuple[int, int]:
    """Return how many facts of a kind lie in their range, and how many were measured.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.
    coordinate, value : str
        Which: ``group``, ``model`` or ``origin``, ``literature``.
    """
    known = (result[coordinate] == value) & (result["replicates_used"] > 0)
    return int((result["passed"] & known).sum()), int(known.sum())


def facts_in(result: xr.Dataset, group: str | None = None) -> list[xr.Dataset]:
    """Return the facts of a result one by one, all or those of a group (``model`` or ``data``)."""
    rows = [result.isel(fact=j) for j in range(result.sizes["fact"])]
    return [one for one in rows if group is None or one["group"].item() == group]


def _plain(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else "–"
