"""A report of an experiment: its points, what came out at each, and what makes the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.experiments.store_results import outcome_table, parameters_of, sweep_of
from technopole.figures.palette import BLUE
from technopole.reports.charts import Interval, intervals, plot, point_at
from technopole.reports.parts import (
    Card,
    Cell,
    Chart,
    Section,
    Table,
    decimals_for,
    figure,
    interval,
    significant,
    table,
)
from technopole.results.arrays import Floats
from technopole.results.numbers import correlation, mean_interval
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

    from technopole.schema.outcomes import Outcome
    from technopole.sweeps.sweep import Sweep

SHARES = {
    "entry_rate": "per 100 firms and period",
    "exit_rate": "per 100 firms and period",
    "innovation_rate": "per 100 firms and period",
    "patent_rate": "per 100 firms and period",
    "small_firm_share": "% of firms",
    "research_intensity": "% of sales",
    "overhead_rate": "% of sales",
}
"""Measure of an outcome → unit in which a hundred times its value is shown."""
UNITS = {
    "1": "",
    "worker": "workers",
    "money worker-1": "money per worker",
    "period-1": "per period",
    "period": "periods",
}
MOST_ROWS = 16
"""Points that have a row each in the pictures of outcomes."""


@dataclass(frozen=True)
class Experiment:
    """The store of an experiment as the report reads it.

    Attributes
    ----------
    ds : xarray.Dataset
    sweep : Sweep
    labels : list of str
        Of the points, unique.
    parameters : dict of str to ndarray, shape (point,)
        Varied parameters.
    years_per_period : float
    """

    ds: xr.Dataset
    sweep: Sweep
    labels: list[str]
    parameters: dict[str, Any]
    years_per_period: float

    def values(self, outcome: Outcome) -> Floats:
        """Return an outcome in the unit that is shown, shape (point, replicate)."""
        return scale_of(outcome) * outcome_table(self.ds, outcome.name)


def open_experiment(ds: xr.Dataset) -> Experiment:
    """Return an experiment with the labels of its points.

    Parameters
    ----------
    ds : xarray.Dataset
        What was opened of the store.
    """
    sweep = sweep_of(ds)
    parameters = parameters_of(ds, sweep)
    labels = list(sweep.design.names) or point_labels(
        parameters, [int(value) for value in ds["point"].values]
    )
    return Experiment(ds, sweep, labels, parameters, float(sweep.config.time.period_years))


def point_labels(parameters: dict[str, Any], ids: list[int]) -> list[str]:
    """Return short names of points: the values of the parameters that differ, with the id where two are alike."""
    tails = [key.rpartition(".")[2] for key in parameters]
    names = [
        key if tails.count(tail) > 1 else plain_name(tail)
        for key, tail in zip(parameters, tails, strict=True)
    ]
    labels = []
    for index, point in enumerate(ids):
        parts = [
            f"{name} {shown(values[index])}" for name, values in zip(names, parameters.values(), strict=True)
        ]
        labels.append(", ".join(parts) if 0 < len(parts) <= 3 else f"point {point}")
    return [
        label if labels.count(label) == 1 else f"{label} (point {point})"
        for label, point in zip(labels, ids, strict=True)
    ]


def plain_name(name: str) -> str:
    """Return the name of a parameter in words."""
    return " ".join("RIS" if word == "ris" else word for word in name.split("_"))


def shown(value: Any) -> str:
    """Return the value of a parameter in words."""
    if isinstance(value, bool | np.bool_):
        return "on" if value else "off"
    if isinstance(value, int | float | np.number):
        return f"{float(value):.4g}".replace("-", "−")
    return str(value)


def scale_of(outcome: Outcome) -> float:
    """Return the factor to the unit that is shown: growth and shares in per cent."""
    return 100.0 if outcome.over == "growth" or outcome.variable in SHARES else 1.0


def unit_of(outcome: Outcome) -> str:
    """Return the unit that is shown."""
    if outcome.over == "growth":
        return "% per period (log points)"
    return SHARES.get(outcome.variable) or unit_words(outcome.unit)


def unit_words(unit: str) -> str:
    """Return a unit in words; nothing for numbers without one."""
    return UNITS.get(unit, unit)


def title_of(outcome: Outcome) -> str:
    """Return the name of an outcome for headings."""
    name = outcome.name.replace("_", " ")
    return name[0].upper() + name[1:]


def what_was_run(experiment: Experiment) -> str:
    """Return the experiment in a sentence."""
    ds, sweep = experiment.ds, experiment.sweep
    attrs = ds.attrs
    points = counted(int(ds.sizes["point"]), "variant")
    keys = ", ".join(experiment.parameters) or "nothing"
    runs = int(attrs.get("replicates_done", 0)) or int(ds.sizes["point"]) * int(ds.sizes.get("replicate", 1))
    span = experiment.sweep.periods * experiment.years_per_period
    same = ", with the same chance events in all variants" if attrs.get("common_random_numbers") else ""
    return (
        f"{points} of the scenario “{sweep.config.scenario.title or sweep.config.scenario.name or 'unnamed'}” were "
        f"simulated over {span:g} years, {counted(runs, 'run')} in all{same} (technopole "
        f"{attrs.get('technopole_version', 'of unknown version')}, seed {attrs.get('seed', 'unknown')}). "
        f"What differs: {keys}."
    )


def warnings_of(experiment: Experiment) -> list[str]:
    """Return what readers must know: units that are missing, runs that failed."""
    attrs = experiment.ds.attrs
    found = []
    if not int(attrs.get("complete", 1)):
        found.append(
            "The experiment is not finished: averages are of the runs that are there. technopole experiment --resume "
            "goes on with it."
        )
    failed = int(attrs.get("replicates_failed", 0))
    if failed:
        found.append(f"{counted(failed, 'run')} failed and are left out of all averages.")
    return found


def glance(experiment: Experiment) -> Section:
    """Return the section that shows each outcome at each point."""
    charts = []
    for outcome in experiment.sweep.outcomes:
        values = experiment.values(outcome)
        if not np.isfinite(values).any():
            continue
        chart = _outcome_chart(experiment, outcome, values)
        charts.append(chart)
    runs = int(experiment.ds.attrs.get("replicates_done", 0))
    cards = [
        Card("Variants", str(int(experiment.ds.sizes["point"])), "", ", ".join(experiment.parameters)),
        Card(
            "Runs", f"{runs:,}" if runs else "–", "", f"{experiment.sweep.replicates:,} per variant at most"
        ),
        Card("Years", f"{experiment.sweep.periods * experiment.years_per_period:g}", "", "per run"),
    ]
    return Section(
        "glance",
        "What comes out of each variant",
        "Outcomes",
        "Means over the runs of a variant, with 95\u00a0% confidence intervals.",
        cards=tuple(cards),
        charts=tuple(charts),
        tables=(_outcome_table(experiment),),
    )


def _outcome_chart(experiment: Experiment, outcome: Outcome, values: Floats) -> Chart:
    mean, half = mean_interval(values.T)
    unit = unit_of(outcome)
    best, worst = int(np.nanargmax(mean)), int(np.nanargmin(mean))
    labels = experiment.labels
    title = title_of(outcome)
    if len(labels) == 1:
        heading = f"{title}: {_with_interval(mean[0], half[0])} {unit}".rstrip()
    else:
        ends = (float(mean[worst]), float(mean[best]))
        heading = f"{title}: {decimals_for(*ends, ends[0])} to {decimals_for(*ends, ends[1])} {unit}".rstrip()
    about = outcome.long_name[0].upper() + outcome.long_name[1:] + "."
    if len(labels) > 1:
        about += f" Lowest: {labels[worst]}; highest: {labels[best]}."
    if len(labels) <= MOST_ROWS or not _numeric(experiment):
        chosen = _spread(mean, MOST_ROWS)
        rows = [
            Interval(
                labels[at],
                float(mean[at]),
                float(mean[at] - half[at]) if np.isfinite(half[at]) else float(mean[at]),
                float(mean[at] + half[at]) if np.isfinite(half[at]) else float(mean[at]),
                BLUE,
                "circle",
                _with_interval(mean[at], half[at]),
            )
            for at in chosen
        ]
        model = intervals(rows, unit, zero=False)
        told = "; ".join(f"{row.label}: {row.text}" for row in rows)
    else:
        model, told = _scatter(experiment, mean, half, unit)
    return Chart(f"outcome-{outcome.name.replace('_', '-')}", heading, about, f"{about} {told}.", model, None)


def _spread(mean: Floats, most: int) -> list[int]:
    """Return indices of so many points at most, in their order; of more, those evenly spaced by their mean."""
    if len(mean) <= most:
        return list(range(len(mean)))
    order = np.argsort(mean, kind="stable")
    return sorted(int(order[at]) for at in np.linspace(0, len(mean) - 1, most).round().astype(int))


def _numeric(experiment: Experiment) -> list[str]:
    """Return the varied parameters that are numbers."""
    return [key for key, values in experiment.parameters.items() if values.dtype.kind in "fiu"]


def _scatter(experiment: Experiment, mean: Floats, half: Floats, unit: str) -> tuple[Any, str]:
    """Draw an outcome against the parameter that it goes with most closely."""
    related = {key: _rank_correlation(experiment.parameters[key], mean) for key in _numeric(experiment)}
    key = max(related, key=lambda name: abs(related[name]))
    from bokeh.models import ColumnDataSource

    source = ColumnDataSource(
        {
            "x": np.asarray(experiment.parameters[key], dtype=np.float64),
            "y": mean,
            "low": mean - np.nan_to_num(half),
            "high": mean + np.nan_to_num(half),
            "name": experiment.labels,
            "text": [_with_interval(m, h) for m, h in zip(mean, half, strict=True)],
        }
    )
    page = plot(290, key, unit)
    page.segment(x0="x", x1="x", y0="low", y1="high", source=source, line_color=BLUE, line_alpha=0.35)
    marks = page.scatter("x", "y", source=source, size=7, color=BLUE, alpha=0.75)
    point_at(page, [marks], "<b>@name</b><br>@text")
    return page, f"Against {key}, rank correlation {related[key]:.2f}"


def _rank_correlation(x: Any, y: Floats) -> float:
    use = np.isfinite(y)
    ranks = [np.argsort(np.argsort(np.asarray(values)[use])).astype(np.float64) for values in (x, y)]
    return float(np.nan_to_num(correlation(ranks[0], ranks[1])))


def _with_interval(mean: float, half: float) -> str:
    if not np.isfinite(half):
        return significant(float(mean))
    ends = (float(mean - half), float(mean + half))
    return f"{decimals_for(*ends, float(mean))}, 95 % interval {interval(*ends)}"


def _outcome_table(experiment: Experiment) -> Table:
    ids = [int(value) for value in experiment.ds["point"].values]
    outcomes = [one for one in experiment.sweep.outcomes if np.isfinite(experiment.values(one)).any()]
    names = experiment.sweep.design.names
    headings = ["point", *(["name"] if names else []), *experiment.parameters]
    for outcome in outcomes:
        unit = unit_of(outcome)
        headings += [f"{title_of(outcome)}{', ' + unit if unit else ''}", "±"]
    found = [mean_interval(experiment.values(outcome).T) for outcome in outcomes]
    rows = []
    for at, point in enumerate(ids):
        row = [Cell(str(point), point)]
        if names:
            row.append(Cell(names[at], names[at]))
        for values in experiment.parameters.values():
            value = values[at]
            number = not isinstance(value, str | bool | np.bool_)
            row.append(Cell(shown(value), float(value) if number else shown(value)))
        for mean, half in found:
            row += [figure(float(mean[at])), figure(float(half[at]))]
        rows.append(row)
    first = 1 + bool(names) + len(experiment.parameters)
    return table(
        "All variants", headings, rows, range(first, len(headings)), folded=True, printed=len(rows) <= 20
    )
