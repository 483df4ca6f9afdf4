"""What makes the difference between the variants of an experiment: paired effects and differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.experiments.store_results import points_of
from technopole.figures.palette import BLUE, SOFT
from technopole.reports.charts import Interval, LegendItem, add_legend, intervals
from technopole.reports.experiment import Experiment, plain_name, scale_of, title_of, unit_of
from technopole.reports.parts import Cell, Chart, Section, decimals_for, interval, sortable, table, words
from technopole.results.arrays import Floats
from technopole.sweeps.points import NAME

if TYPE_CHECKING:
    import xarray as xr

    from technopole.schema.outcomes import Outcome

MOST_ROWS = 12
"""Differences in a picture, those furthest from 0 in units of their error."""


def contrasts(experiment: Experiment) -> Section | None:
    """Return the section of differences; None if there is one point only.

    Parameters
    ----------
    experiment : Experiment
        Any; one without contrasts is compared with its first point.
    """
    from technopole.experiments.comparison import compare

    if len(experiment.labels) < 2:
        return None
    sweep = experiment.sweep
    first = None
    if not sweep.contrasts and not sweep.factorial:
        points = points_of(experiment.ds, sweep)
        first = {NAME: points.names[0]} if points.names else points.changes(0)
        if not first or points.select(first).size != 1:
            return None
    result = compare(experiment.ds, baseline=first)
    charts, rows = [], []
    for outcome in sweep.outcomes:
        one = result.sel(outcome=outcome.name)
        if "effect" in one:
            found, baseline = _effects(one), ""
        else:
            found, baseline = _differences(experiment, one)
        scaled = [(name, *(scale_of(outcome) * part for part in values)) for name, *values in found]
        scaled = [row for row in scaled if np.isfinite(row[1])]
        if not scaled:
            continue
        charts.append(_chart(outcome, scaled, baseline))
        rows += [_row(outcome, *row) for row in scaled]
    if not charts:
        return None
    what = (
        "Effects: the outcome with the upper value less that with the lower"
        if "effect" in result
        else ("Differences to one variant")
    )
    paired = ", run by run with the same chance events" if result.attrs.get("common_random_numbers") else ""
    return Section(
        "differences",
        "What makes the difference",
        "Differences",
        f"{what}{paired}. Blue: clearly not zero; grey: cannot be told from none.",
        charts=tuple(charts),
        tables=(
            table(
                "All effects and differences",
                ("outcome", "effect or difference", "size", "95 % interval", "unit"),
                rows,
                (2, 3),
                folded=True,
                printed=len(rows) <= 30,
            ),
        ),
    )


Found = list[tuple[Any, ...]]
"""Name, size, lower and upper end of the interval."""


def _effects(one: xr.Dataset) -> Found:
    names = [_words(str(name)) for name in one["effect_of"].values.tolist()]
    parts = [
        np.asarray(one[part].values, dtype=np.float64) for part in ("effect", "effect_low", "effect_high")
    ]
    if len(names) == 3:
        names[-1] = "both together (interaction)"
    return [(name, *(float(part[at]) for part in parts)) for at, name in enumerate(names)]


def _words(key: str) -> str:
    """Return the factors of an effect by the last part of their names."""
    factors = key.split(" × ")
    return " × ".join(plain_name(factor.rpartition(".")[2]) for factor in factors)


def _differences(experiment: Experiment, one: xr.Dataset) -> tuple[Found, str]:
    contrast = one.isel(contrast=0)
    base = int(np.flatnonzero(experiment.ds["point"].values == int(contrast["baseline"]))[0])
    parts: list[Floats] = [
        np.asarray(contrast[part].values, dtype=np.float64)
        for part in ("difference", "difference_low", "difference_high")
    ]
    found = [
        (label, *(float(part[at]) for part in parts))
        for at, label in enumerate(experiment.labels)
        if at != base
    ]
    return found, experiment.labels[base]


def _chart(outcome: Outcome, found: Found, baseline: str) -> Chart:
    half = [max(high - low, 0.0) / 2.0 for _, _, low, high in found]
    far = [abs(row[1]) / h if h > 0.0 else np.inf for row, h in zip(found, half, strict=True)]
    chosen = sorted(sorted(range(len(found)), key=lambda at: -np.nan_to_num(far[at], nan=-1.0))[:MOST_ROWS])
    unit = unit_of(outcome)
    rows = []
    for at in chosen:
        name, value, low, high = found[at]
        clear = low > 0.0 or high < 0.0
        text = f"{decimals_for(low, high, value)} {unit}, 95 % interval {interval(low, high)}"
        ends = (low, high) if np.isfinite(low) and np.isfinite(high) else (value, value)
        rows.append(
            Interval(name, value, *ends, BLUE if clear else SOFT, "circle" if clear else "diamond", text)
        )
    clear_ones = [row for row in rows if row.colour == BLUE]
    strongest = max(clear_ones, key=lambda row: abs(row.value), default=None)
    title = title_of(outcome)
    if strongest is None:
        heading = f"{title}: no difference can be told"
    else:
        way = "raises" if strongest.value > 0.0 else "lowers"
        heading = (
            f"{title}: {strongest.label} {way} it most"
            if not baseline
            else f"{title}: {strongest.label} differs most"
        )
    less = f" Compared with: {baseline}." if baseline else ""
    page = intervals(rows, unit)
    add_legend(
        page,
        [
            LegendItem("not zero", BLUE, "dots", (), hides=False),
            LegendItem("cannot be told from zero", SOFT, "dots", (), hides=False),
        ],
    )
    told = "; ".join(f"{row.label}: {row.text}" for row in rows)
    return Chart(
        f"difference-{outcome.name.replace('_', '-')}",
        heading,
        f"{outcome.long_name[0].upper()}{outcome.long_name[1:]}.{less} Bars: 95\u00a0% intervals.",
        f"{heading}.{less} {told}.",
        page,
        None,
    )


def _row(outcome: Outcome, name: str, value: float, low: float, high: float) -> tuple[Cell, ...]:
    return (
        words(title_of(outcome)),
        words(name),
        Cell(decimals_for(low, high, value), sortable(value)),
        Cell(interval(low, high), sortable(low)),
        words(unit_of(outcome)),
    )
