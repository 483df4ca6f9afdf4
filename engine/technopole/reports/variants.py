"""Trajectories and a map of the variants of an experiment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from technopole.experiments.store_results import points_of
from technopole.figures.palette import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION
from technopole.figures.places import positions
from technopole.figures.words import number, within
from technopole.reports.charts import Line, lines
from technopole.reports.experiment import Experiment, unit_words
from technopole.reports.map import map_model
from technopole.reports.parts import Chart, Section, figure, table, words
from technopole.reports.trends import line_table, summary_of
from technopole.results.arrays import CannotDraw, Floats, region_names
from technopole.schema import RECORDS
from technopole.schema.levels import RULES, kept_dims

MOST_LINES = 6
"""Points that have a line each; of more, the spread is drawn."""
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, INK)
DASHES = ("solid", "dashed", "solid", "dashed", "solid", "dashed")
MAPPED = ("productivity", "employment", "wage", "firms", "technology", "innovations", "sales")
"""Variables that the map is drawn of, the first that there is."""
LOGS = frozenset({"productivity", "technology", "organisation", "sourcing", "quality", "price", "reputation"})


def variants_over_time(experiment: Experiment) -> Section | None:
    """Return the section of trajectories, one line per point; None if nothing was stored."""
    charts = []
    for name in experiment.sweep.variables:
        chart = _trend(experiment, name)
        if chart is not None:
            charts.append(chart)
    if not charts:
        return None
    few = len(experiment.labels) <= MOST_LINES
    return Section(
        "trends",
        "How the variants develop",
        "Over time",
        "One line per variant, mean over its runs."
        if few
        else f"Line: mean of the {len(experiment.labels)} variants. Dark band: half of them; light band: nine in ten.",
        charts=tuple(charts),
    )


def _trend(experiment: Experiment, name: str) -> Chart | None:
    ds = experiment.ds
    level = experiment.sweep.level
    if (
        f"{name}_mean" not in ds
        or "time" not in ds[f"{name}_mean"].dims
        or "size_class" in ds[f"{name}_mean"].dims
    ):
        return None
    when = np.asarray(ds["time"].values, dtype=np.float64) * experiment.years_per_period
    places = tuple(dim for dim in kept_dims(name, level))
    summed = RULES[name].kind == "sum"
    parts = {}
    for part in ("mean", "low", "high"):
        variable = f"{name}_{part}"
        if variable not in ds or (places and part != "mean"):
            continue  # intervals of places say nothing of their mean
        values = np.asarray(ds[variable].transpose("point", "time", *places).values, dtype=np.float64)
        axes = tuple(range(2, values.ndim))
        parts[part] = values.sum(axis=axes) if summed else _mean(values, axes)
    if len(when) < 2 or not np.isfinite(parts["mean"]).any():
        return None
    confidence = f"{100.0 * experiment.sweep.output.confidence:g} %"
    series = _lines(experiment.labels, parts, confidence)
    entry = RECORDS[name]
    unit = unit_words(entry.unit)
    how = ""
    if places and not summed:
        how = f" Mean over {' and '.join(f'{place}s' for place in places)}, each counting the same."
    title = entry.long_name[0].upper() + entry.long_name[1:]
    last = parts["mean"][:, -1]
    ends = f"{_short(float(np.nanmin(last)))} to {_short(float(np.nanmax(last)))}"
    heading = f"{title}: {ends} in the last year"
    bands = f"Bands: {confidence} confidence intervals.".replace(" %", "\u00a0%")
    # of many variants the bands are what lies between them, as the section says
    about = how.strip() or (bands if "low" in parts and len(experiment.labels) <= MOST_LINES else "")
    return Chart(
        f"trend-{name.replace('_', '-')}",
        heading,
        about,
        f"{title} over time. {about} {summary_of(when, series, unit or 'value')}",
        lines(when, series, unit),
        line_table(title, when, series, unit),
    )


def _lines(labels: Sequence[str], parts: dict[str, Floats], confidence: str) -> list[Line]:
    if len(labels) <= MOST_LINES:
        return [
            Line(
                label,
                parts["mean"][at],
                parts["low"][at] if "low" in parts else None,
                parts["high"][at] if "high" in parts else None,
                colour=COLOURS[at],
                dash=DASHES[at],
                band=f"{confidence} interval",
            )
            for at, label in enumerate(labels)
        ]
    known = parts["mean"][np.isfinite(parts["mean"]).any(axis=1)]
    low, first, third, high = np.nanquantile(known, [0.05, 0.25, 0.75, 0.95], axis=0)
    return [Line("variants", np.nanmean(known, axis=0), first, third, low, high, band="half of the variants")]


def _mean(values: Floats, axes: tuple[int, ...]) -> Floats:
    """Mean of the finite values, NaN where there is none."""
    if not axes:
        return values
    known = np.isfinite(values)
    count = known.sum(axis=axes)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, np.where(known, values, 0.0).sum(axis=axes) / count, np.nan)


def _short(value: float) -> str:
    return number(value, 0) if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")


def variants_map(experiment: Experiment) -> Section | None:
    """Return a map of the difference between two variants; None if regions were not stored.

    The variants are the one that contrasts are held against, or the first, and the one furthest from it in the
    first outcome.
    """
    ds = experiment.ds
    level = experiment.sweep.level
    stored = [name for name in MAPPED if f"{name}_mean" in ds and "region" in kept_dims(name, level)]
    stored = [name for name in stored if name in experiment.sweep.variables]
    if not stored or len(experiment.labels) < 2 or int(ds.sizes.get("region", 1)) < 2:
        return None
    try:
        where = positions(ds)
    except CannotDraw:
        return None
    first, other = _two_points(experiment)
    name = stored[0]
    values = _regional(experiment, name)
    if name in LOGS:
        change = 100.0 * np.expm1(values[other] - values[first])
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            change = 100.0 * (values[other] / values[first] - 1.0)
    if not np.isfinite(change).any() or np.isfinite(where.points).all(axis=1).sum() < 2:
        return None
    size = np.ones(len(change))
    if "employment_mean" in ds and "employment" in experiment.sweep.variables:
        size = np.nan_to_num(_regional(experiment, "employment")[first])
    names = region_names(ds)
    low, high = int(np.nanargmin(change)), int(np.nanargmax(change))
    unit = f"% difference in {name}"
    heading = (
        f"{name[0].upper()}{name[1:]} differs by {number(float(change[low]), 1)}\u00a0% ({within(names[low])}) to "
        f"{number(float(change[high]), 1)}\u00a0% ({within(names[high])})"
    )
    about = (
        f"Last year, mean over the runs: “{experiment.labels[other]}” against “{experiment.labels[first]}”. Each "
        "circle is a region; the larger, the more people work there."
    )
    chart = Chart(
        "variants-map",
        heading,
        about,
        f"Map. {heading}. {about}",
        map_model(where, size, change, names, unit, 1, wide=True),
        table(
            heading,
            ("region", unit),
            [(words(region), figure(float(v), 2)) for region, v in zip(names, change, strict=True)],
            (1,),
        ),
        wide=True,
    )
    return Section("regions", "Where it makes a difference", "Regions", charts=(chart,))


def _regional(experiment: Experiment, name: str) -> Floats:
    """Return the last mean of a variable by region, shape (point, region); sectors are added or averaged."""
    data = experiment.ds[f"{name}_mean"].isel(time=-1)
    others = tuple(dim for dim in data.dims if dim not in ("point", "region"))
    values = np.asarray(data.transpose("point", "region", *others).values, dtype=np.float64)
    axes = tuple(range(2, values.ndim))
    return values.sum(axis=axes) if RULES[name].kind == "sum" else _mean(values, axes)


def _two_points(experiment: Experiment) -> tuple[int, int]:
    base = 0
    points = points_of(experiment.ds, experiment.sweep)
    for wanted in experiment.sweep.contrasts.values():
        fits = points.select(wanted)
        base = int(fits[0]) if fits.size else 0
        break
    for outcome in experiment.sweep.outcomes:
        values = experiment.values(outcome)
        count = np.maximum(np.isfinite(values).sum(axis=1), 1)
        mean = np.nansum(values, axis=1) / count
        distance = np.abs(mean - mean[base])
        if distance.max() > 0.0:
            return base, int(distance.argmax())
    return base, 0 if base else len(experiment.labels) - 1
