"""Trajectories of the economy: one chart per subject, with bands over the replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.figures.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILION
from technopole.figures.words import FEW, number, signed
from technopole.reports.charts import MANY_RUNS, Line, lines, replicate_line
from technopole.reports.data import is_there, operating, recorded
from technopole.reports.parts import Chart, Section, Table, figure, significant, table
from technopole.results.arrays import CannotDraw, Floats, period_years, years
from technopole.results.numbers import mean_interval, ratio
from technopole.schema import STOCKS

if TYPE_CHECKING:
    import xarray as xr

MOST_ROWS = 60
"""Years in the table of a chart; of more, evenly spaced ones."""
CHANNELS = (("technology", BLUE), ("quality", GREEN), ("organisation", ORANGE), ("sourcing", PURPLE))
STOCK_COLOURS = (BLUE, VERMILION, GREEN, ORANGE)


class Named(NamedTuple):
    """Values of a series."""

    name: str
    values: Floats
    """(replicate, time)"""
    colour: str = BLUE


def trends(ds: xr.Dataset) -> Section | None:
    """Return the section of trajectories of a run; None if it has no periods or no variables."""
    when = years(ds)
    charts = []
    for make in _SUBJECTS:
        try:
            charts.append(make(ds, when))
        except CannotDraw:
            continue
    if not charts or len(when) < 2:
        return None
    return Section(
        "trends",
        "How the economy develops",
        "Over time",
        "The whole economy, year by year. " + bands_in_words(int(ds.sizes.get("replicate", 1))),
        charts=tuple(charts),
    )


def bands_in_words(replicates: int) -> str:
    """Say what the bands of a chart are."""
    if replicates < FEW:
        runs = "one run" if replicates == 1 else f"{replicates} runs"
        return f"Lines: mean of {runs}; too few for bands." if replicates > 1 else "Lines: one run, no bands."
    if replicates < MANY_RUNS:
        return (
            f"Lines: mean of {replicates} runs that differ by chance only. Bands: 95\u00a0% confidence interval of "
            "that mean."
        )
    return (
        f"Lines: mean of {replicates} runs that differ by chance only. Dark band: 95\u00a0% confidence interval of "
        "that mean. Light band: nine in ten runs."
    )


def trend_chart(
    key: str, heading: str, words: str, when: Floats, series: Sequence[Named], unit: str, zero: bool = False
) -> Chart:
    """Return a chart of series of replicates against time.

    Parameters
    ----------
    key : str
        Unique on the page.
    heading, words : str
        Finding; what is shown.
    when : ndarray, shape (time,)
        Years.
    series : sequence of Named
        At least one.
    unit : str
        Of the vertical axis.
    zero : bool
        Draw the line of zero.

    Returns
    -------
    Chart
        With its table.
    """
    drawn = [replicate_line(one.name, one.values, one.colour) for one in series]
    return Chart(
        key,
        heading,
        words,
        f"{words} {summary_of(when, drawn, unit)}",
        lines(when, drawn, unit, zero=zero),
        line_table(heading, when, drawn, unit),
    )


def summary_of(when: Floats, series: Sequence[Line], unit: str) -> str:
    """Read out where each series starts and ends."""
    parts = []
    for line in series:
        finite = np.flatnonzero(np.isfinite(line.mean))
        if finite.size == 0:
            continue
        first, last = finite[0], finite[-1]
        parts.append(
            f"{line.name}: {significant(float(line.mean[first]), 3)} in year {when[first]:g}, "
            f"{significant(float(line.mean[last]), 3)} in year {when[last]:g}"
        )
    return f"{'; '.join(parts)} ({unit})." if parts else "No values."


def line_table(caption: str, when: Floats, series: Sequence[Line], unit: str) -> Table:
    """Return the numbers of lines: a row per year, mean and interval of each series."""
    headings = ["year"]
    for line in series:
        headings.append(f"{line.name}, {unit}" if unit and len(series) == 1 else line.name)
        if line.low is not None:
            headings += [f"{line.band} from", "to"]
    rows = []
    for at in np.unique(np.linspace(0, len(when) - 1, min(MOST_ROWS, len(when))).round().astype(int)):
        row = [figure(float(when[at]), None if when[at] % 1 else 0)]
        for line in series:
            row.append(figure(float(line.mean[at])))
            if line.low is not None and line.high is not None:
                row += [figure(float(line.low[at])), figure(float(line.high[at]))]
        rows.append(row)
    return table(caption, headings, rows, range(len(headings)))


def change(name: str, values: Floats, when: Floats, unit: str = "", digits: int = 0) -> str:
    """Say how far a level rose or fell."""
    mean = mean_interval(values)[0]
    first, last = float(mean[0]), float(mean[-1])
    if not (np.isfinite(first) and np.isfinite(last)) or first == 0.0:
        return name
    share = 100.0 * (last / first - 1.0)
    end = f"{number(last, digits)}{unit}"
    if abs(share) < 0.5:
        return f"{name} hardly change: {end}" if name.endswith("s") else f"{name} hardly changes: {end}"
    plural = name.endswith("s") and not name.endswith("ss")
    verb = ("rise" if plural else "rises") if share > 0 else ("fall" if plural else "falls")
    span = when[-1] - when[0]
    return f"{name} {verb} by {number(abs(share), 0)}\u00a0% to {end} in {span:g}\u00a0years"


def _firms(ds: xr.Dataset, when: Floats) -> Chart:
    values = recorded(ds, "firms")
    return trend_chart(
        "firms",
        change("Firms", values, when),
        "Number of firms at the end of each year.",
        when,
        [Named("firms", values)],
        "firms",
    )


def _employment(ds: xr.Dataset, when: Floats) -> Chart:
    values = recorded(ds, "employment")
    return trend_chart(
        "employment",
        change("Employment", values, when),
        "Workers in all firms.",
        when,
        [Named("employment", values, GREEN)],
        "workers",
    )


def _productivity(ds: xr.Dataset, when: Floats) -> Chart:
    log_level = recorded(ds, "productivity")
    index = 100.0 * np.exp(log_level - log_level[:, :1])
    return trend_chart(
        "productivity",
        change("Productivity", index, when, " (first year: 100)"),
        "Mean of all firms, weighted by sales; first year = 100.",
        when,
        [Named("productivity", index, VERMILION)],
        "index",
    )


def _wage(ds: xr.Dataset, when: Floats) -> Chart:
    wage = recorded(ds, "wage")
    index = 100.0 * wage / wage[:, :1]
    return trend_chart(
        "wages",
        change("Wages", index, when, " (first year: 100)"),
        "Mean of all workers, in money of the model (not corrected for prices); first year = 100.",
        when,
        [Named("wages", index, PURPLE)],
        "index",
    )


def _turnover(ds: xr.Dataset, when: Floats) -> Chart:
    firms, per_cent = operating(ds), 100.0 / period_years(ds)
    entry = per_cent * ratio(recorded(ds, "spinoffs") + recorded(ds, "startups"), firms)
    leave = per_cent * ratio(recorded(ds, "exits"), firms)
    last = [float(mean_interval(rate)[0][-1]) for rate in (entry, leave)]
    return trend_chart(
        "turnover",
        f"{number(last[0], 1)} of 100 firms are new each year, {number(last[1], 1)} close",
        "New firms (spin-offs and start-ups) and firms that close, per 100 firms and year; heading: last year.",
        when,
        [Named("new firms", entry, BLUE), Named("closures", leave, VERMILION)],
        "per 100 firms and year",
    )


def _innovation(ds: xr.Dataset, when: Floats) -> Chart:
    firms, per_cent = operating(ds), 100.0 / period_years(ds)
    series = [Named("innovations", per_cent * ratio(recorded(ds, "innovations"), firms), ORANGE)]
    if is_there(ds, "patents"):
        series.append(Named("of which patented", per_cent * ratio(recorded(ds, "patents"), firms), BLUE))
    last = float(mean_interval(series[0].values)[0][-1])
    return trend_chart(
        "innovation",
        f"{number(last, 1)} innovations per 100 firms and year at the end",
        "Innovations, and the part of them that is patented.",
        when,
        series,
        "per 100 firms and year",
    )


def _knowledge(ds: xr.Dataset, when: Floats) -> Chart:
    series = [Named(name, recorded(ds, name), colour) for name, colour in CHANNELS if is_there(ds, name)]
    if not series:
        raise CannotDraw("no channel of knowledge")
    rise = {
        one.name: float(np.diff(mean_interval(one.values)[0][[0, -1]])[0])
        for one in series
        if np.isfinite(one.values).any()
    }
    best = max(rise, key=lambda name: rise[name], default=series[0].name)
    return trend_chart(
        "knowledge",
        f"Knowledge grows most in {best}: {signed(rise.get(best, 0.0))} log\u00a0points"
        if rise.get(best, 0.0) > 0
        else "Knowledge does not grow",
        "What firms know, by kind, mean over firms. A log point is a factor of about 2.7; 0.01 are about 1\u00a0%.",
        when,
        series,
        "log points",
    )


def _institutions(ds: xr.Dataset, when: Floats) -> Chart:
    series = [
        Named(name, recorded(ds, name), colour)
        for name, colour in zip(STOCKS, STOCK_COLOURS, strict=False)
        if is_there(ds, name)
    ]
    if not series:
        raise CannotDraw("no institutions")
    ends = {one.name: float(mean_interval(one.values)[0][-1]) for one in series}
    best = max(ends, key=lambda name: ends[name])
    worst = min(ends, key=lambda name: ends[name])
    return trend_chart(
        "institutions",
        f"Institutions: {best} highest ({number(ends[best])}), {worst} lowest ({number(ends[worst])})",
        "The regional innovation system, mean over workers; 1 = national average at the start.",
        when,
        series,
        "1 = average at the start",
    )


def _costs(ds: xr.Dataset, when: Floats) -> Chart:
    sales = recorded(ds, "sales")
    names = (("overhead", "shared facilities", BLUE), ("transaction_cost", "transactions", VERMILION))
    series = [
        Named(words, 100.0 * ratio(recorded(ds, name), sales), colour)
        for name, words, colour in names
        if is_there(ds, name)
    ]
    if not series:
        raise CannotDraw("no costs")
    first, last = (float(sum(mean_interval(one.values)[0][at] for one in series)) for at in (0, -1))
    return trend_chart(
        "costs",
        f"Costs of facilities and transactions: from {number(first, 1)} to {number(last, 1)}\u00a0% of sales",
        "What firms pay for shared facilities and for dealing with one another.",
        when,
        series,
        "% of sales",
    )


_SUBJECTS: tuple[Callable[[xr.Dataset, Floats], Chart], ...] = (
    _firms,
    _employment,
    _productivity,
    _wage,
    _turnover,
    _innovation,
    _knowledge,
    _institutions,
    _costs,
)
