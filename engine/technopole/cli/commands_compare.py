"""What ``technopole compare`` does: differences between points and the split of variance as tables."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.basics.stored_names import POINT_NAME
from technopole.cli.telling import say
from technopole.errors import ConfigError

if TYPE_CHECKING:
    import xarray as xr

MANY = 1e6
"""From here on a gain is only known to be enormous."""
MOST_ROWS = 20
"""Points of a contrast that are printed: those furthest from 0 in units of their error."""

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass(frozen=True)
class CompareOptions:
    """Options of ``technopole compare``."""

    store: Path
    outcomes: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    confidence: float = 0.95
    half_width: float | None = None
    out: Path | None = None
    overwrite: bool = False


def compare(options: CompareOptions) -> None:
    """Compare the points of an experiment and print the differences.

    Parameters
    ----------
    options : CompareOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong.
    """
    from technopole.config.assignments import parse_set
    from technopole.experiments.comparison import compare_points
    from technopole.files.write import refuse_target, write

    if not 0.0 < options.confidence < 1.0:
        raise ConfigError(f"--confidence: found {options.confidence:g}; allowed: above 0, below 1")
    if options.half_width is not None and not options.half_width > 0.0:
        raise ConfigError(f"--half-width: found {options.half_width:g}; allowed: above 0")
    if options.out is not None:
        refuse_target(options.out, "comparison", options.overwrite)
    baseline = parse_set(options.against, "--against") if options.against else None
    result = compare_points(
        options.store,
        options.outcomes or None,
        baseline,
        options.confidence,
        options.half_width,
        called="--against",
    )
    print_comparison(result)
    if options.out is not None:
        write(result, options.out, options.overwrite)
        say(f"comparison: {options.out}")


def print_comparison(result: xr.Dataset) -> None:
    """Print the tables of a comparison to standard output.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.comparison.compare`.
    """
    from technopole.basics.text_table import write_table

    for outcome in result["outcome"].values.tolist():
        one = result.sel(outcome=outcome)
        print(f"\n{outcome}: {one['outcome_name'].item()}")
        print(variance_line(one))
        for heading, (headings, rows) in _tables(one, float(result.attrs["confidence"])):
            print(f"\n{heading}\n")
            write_table(sys.stdout, headings, rows, right=_numbers(headings))
    if "difference" not in result and "effect" not in result:
        print("\nno contrasts: --against KEY=VALUE chooses the point to compare with")
    print(flush=True)


def variance_line(one: xr.Dataset) -> str:
    """Return the split of the variance of one outcome in words."""
    share, noise = float(one["share_between"]), float(one["noise"])
    if not math.isfinite(share):
        return "variance between points: not known from so few points or replicates"
    # the estimated error may exceed the variance that there is: a share of more than all says nothing
    of_means = f"{100 * noise:.1f} %" if noise < 1.0 else "all"
    return (
        f"variance of single replicates: {100 * share:.1f} % between points, {100 * (1 - share):.1f} % chance; "
        f"of the means of the points: {of_means} chance"
    )


def _tables(one: xr.Dataset, confidence: float) -> list[tuple[str, Table]]:
    tables = []
    if "effect" in one:
        tables.append(("effects of the factors, upper less lower value", _effects(one, confidence)))
    for index, name in enumerate(one["contrast"].values.tolist() if "contrast" in one.coords else []):
        contrast = one.isel(contrast=index)
        point = int(contrast["baseline"])
        shown, left_out = _shown(contrast)
        words = f"less point {point}{_called(contrast, point)} ({name})" + (
            f"; {left_out} points nearer to it not shown" * (left_out > 0)
        )
        tables.append((words, _differences(contrast, shown, confidence)))
    return tables


def _called(contrast: xr.Dataset, point: int) -> str:
    if POINT_NAME not in contrast.coords:
        return ""
    return f", {contrast.sel(point=point)[POINT_NAME].item()}"


def _effects(one: xr.Dataset, confidence: float) -> Table:
    rows = [
        (str(one["effect_of"].values[j]), *_cells(one.isel(effect=j), "effect"))
        for j in range(one.sizes["effect"])
    ]
    return ("effect", *_headings(one, "effect", confidence)), rows


def _differences(one: xr.Dataset, shown: list[int], confidence: float) -> Table:
    keys = [
        str(name)
        for name, values in one.coords.items()
        if values.dims == ("point",) and name != "point" and len(np.unique(values.values)) > 1
    ]
    if POINT_NAME in keys:  # says it in fewer columns
        keys = [POINT_NAME]
    rows = []
    for j in shown:
        row = one.isel(point=j)
        places = [_value(row[key].item()) for key in keys]
        rows.append((str(int(row["point"])), *places, *_cells(row, "difference")))
    headings = ["name" if key == POINT_NAME else key for key in keys]
    return ("point", *headings, *_headings(one, "difference", confidence)), rows


def _shown(one: xr.Dataset) -> tuple[list[int], int]:
    """Return the points to print in their order, without the baseline, and how many are left out."""
    others = np.flatnonzero(one["point"].values != int(one["baseline"]))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(one["difference"].values / one["difference_se"].values)[others]
    order = np.argsort(-np.nan_to_num(distance, nan=-1.0), kind="stable")[:MOST_ROWS]
    return sorted(others[order].tolist()), max(0, others.size - MOST_ROWS)


def _headings(one: xr.Dataset, name: str, confidence: float) -> tuple[str, ...]:
    more = ("correlation",) if name == "difference" else ()
    needed = ("replicates needed",) if f"{name}_needed" in one else ()
    return (
        name if name != "effect" else "size",
        f"{100 * confidence:g} % interval",
        "n",
        *more,
        "gain",
        *needed,
    )


def _cells(one: xr.Dataset, name: str) -> tuple[str, ...]:
    from technopole.basics.text_table import mean_and_interval

    value, low, high = (float(one[part]) for part in (name, f"{name}_low", f"{name}_high"))
    cells = [*mean_and_interval(value, (high - low) / 2.0), str(int(one[f"{name}_n"]))]
    if name == "difference":
        cells.append(_rounded(float(one["difference_correlation"]), 2))
    cells.append(_rounded(float(one[f"{name}_variance_reduction"]), 1))
    if f"{name}_needed" in one:
        needed = int(one[f"{name}_needed"])
        cells.append(f"{needed:,}" if needed > 0 else "–")
    return tuple(cells)


def _numbers(headings: tuple[str, ...]) -> tuple[int, ...]:
    """Return the columns that are aligned right: all from the difference on."""
    first = next(i for i, word in enumerate(headings) if word in ("difference", "size"))
    return tuple(range(first, len(headings)))


def _rounded(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "∞" if math.isinf(value) else "–"
    return f"{value:.{digits}f}" if abs(value) < MANY else f"{value:.1e}"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
