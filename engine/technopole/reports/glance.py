"""What a run was, in one sentence, and its key results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from technopole.basics.text_table import SAME, mean_and_interval
from technopole.reports.parts import Card, Cell, Section, Table, table, words
from technopole.results.arrays import years
from technopole.results.numbers import LAST
from technopole.results.summary import Result, summarise
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

CARDS = (
    "growth of productivity",
    "growth of sales",
    "firms",
    "employment",
    "innovations",
    "entry",
    "exit",
    "structural similarity of regions",
)
"""Key results that are shown large, as far as they are there."""
MOST_CARDS = 8
EXPLAINED = {
    "firms": "at the end of the last year",
    "employment": "workers in all firms, last year",
    "growth of sales": "from the first to the last year",
    "growth of productivity": "from the first to the last year, firms weighted by sales",
    "entry": "new firms",
    "exit": "firms that close",
    "innovations": "new or better products, machines, organisation, sources",
    "patents": "innovations that are patented",
    "structural similarity of regions": "1: all regions have the same sectors; 0: none in common",
    "Krugman index": "0: all regions have the same sectors; 2: none in common",
    "exponent of the tail of firm sizes": "near 1: few giants and many dwarfs (Zipf's law); larger: fewer giants",
}


def what_was_run(ds: xr.Dataset) -> str:
    """Return the run in a sentence.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.

    Returns
    -------
    str
        Regions, sectors, years, replicates, seed, version.
    """
    places = [counted(int(ds.sizes[dim]), dim) for dim in ("region", "sector") if dim in ds.sizes]
    when = years(ds)
    replicates = int(ds.sizes.get("replicate", 1))
    seed = f", seed {ds.attrs['seed']}" if "seed" in ds.attrs else ""
    version = ds.attrs.get("technopole_version", "of unknown version")
    times = "once" if replicates == 1 else f"{replicates} times, each time with other chance events"
    return (
        f"{when[-1]:g} years of an economy of {' and '.join(places) or 'unknown size'} were simulated {times} "
        f"(technopole {version}{seed})."
    )


def glance(ds: xr.Dataset) -> Section:
    """Return the section of key results.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run.

    Returns
    -------
    Section
        Cards of the most important ones, a table of all.
    """
    results = summarise(ds)
    by_name = {result.name: result for result in results}
    cards = [card(by_name[name]) for name in CARDS if name in by_name][:MOST_CARDS]
    return Section(
        "glance",
        "At a glance",
        "At a glance",
        "The whole economy at the end of the run: means over the runs, with 95\u00a0% confidence intervals.",
        cards=tuple(cards),
        tables=(result_table(results),) if results else (),
        notes=(
            f"Growth is from the first to the last recorded year; rates are means of the last {LAST} recorded "
            "periods. The interval says how well the mean is known, given how often the economy was simulated; it "
            "does not say how near the model is to the world.",
        ),
    )


def card(result: Result) -> Card:
    """Return a key result to be shown large."""
    mean, interval = mean_and_interval(result.mean, result.half)
    label = result.name[0].upper() + result.name[1:]
    return Card(
        label,
        _minus(mean),
        result.unit if result.unit != "workers" else "",
        {"–": "", SAME: f"{SAME} runs"}.get(interval, f"95\u00a0%: {_minus(interval)}"),
    )


def result_table(results: list[Result]) -> Table:
    """Return the key results as a table, numbers as the command line prints them."""
    rows = []
    for result in results:
        mean, interval = mean_and_interval(result.mean, result.half)
        low = result.mean - result.half
        rows.append(
            (
                words(result.name),
                Cell(_minus(mean), _sortable(result.mean)),
                Cell(_minus(interval), _sortable(low)),
                words(result.unit),
                words(EXPLAINED.get(result.name, "")),
            )
        )
    headings = ("result", "mean", "95 % interval", "unit", "meaning")
    return table("Key results", headings, rows, (1, 2), folded=True, printed=True)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _sortable(value: float) -> float | str:
    return value if value == value else ""
