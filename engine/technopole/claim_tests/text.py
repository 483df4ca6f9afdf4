"""The results of the claims as text: tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from technopole.basics.text_table import mean_and_interval
from technopole.claim_tests.statistics import CONTRADICTED, NO_EFFECT, NOT_MEASURED, SUPPORTED

if TYPE_CHECKING:
    import xarray as xr

SHORT = {
    SUPPORTED: "supported",
    CONTRADICTED: "contradicted",
    NO_EFFECT: "no effect",
    NOT_MEASURED: NOT_MEASURED,
}
"""Verdicts in tables."""
SIGNS = {1: "+", -1: "−"}
PART_NAMES = {
    "cluster_to_ris": "cluster → RIS",
    "ris_to_cluster": "RIS → cluster",
    "synergy": "synergy",
}


class Table(NamedTuple):
    """A table with a line above it."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    right: tuple[int, ...]
    """Columns aligned right."""


def tables(results: xr.Dataset) -> Iterator[Table]:
    """Yield the tables of all that is in the results."""
    if "estimate" in results:
        yield claims_table(results)
    if "feedback_estimate" in results:
        yield feedback_table(results)
    if "impulse" in results:
        yield impulse_table(results)
    if "coupling" in results:
        yield coupling_table(results)
    if "attribution" in results:
        yield attribution_table(results)
    if "map_verdict" in results:
        yield map_table(results)


def tally(results: xr.Dataset) -> str:
    """Return in words how many claims are supported."""
    verdicts = results["verdict"].values[results["primary"].values].tolist()
    count = {word: verdicts.count(word) for word in SHORT}
    parts = [
        f"{count[word]} {word}" for word in (SUPPORTED, CONTRADICTED, NO_EFFECT, NOT_MEASURED) if count[word]
    ]
    return f"{len(verdicts)} {'claims' if len(verdicts) > 1 else 'claim'}: {', '.join(parts)}"


def claims_table(results: xr.Dataset) -> Table:
    """Return one row for each outcome of each claim."""
    rows = []
    for place in range(results.sizes["claim"]):
        one = results.isel(claim=place)
        share = float(one["share_with_sign"])
        rows.append(
            (
                one["claim"].item(),
                one["title"].item(),
                _number(one["with_mechanism"]),
                _number(one["without_mechanism"]),
                *_interval(one["estimate"], one["low"], one["high"]),
                one["unit"].item(),
                SIGNS[int(one["expected_sign"])],
                f"{100 * share:.0f} %" if math.isfinite(share) else "–",
                str(int(one["replicates_used"])),
                SHORT[one["verdict"].item()],
            )
        )
    headings = ("claim", "what is claimed", "with", "without", "effect", "95 % interval", "unit", "expected")
    return Table(tally(results), (*headings, "share", "n", "verdict"), rows, (2, 3, 4, 5, 8, 9))


def feedback_table(results: xr.Dataset) -> Table:
    """Return main effects and synergy of the two directions of the feedback."""
    rows = []
    for response in range(results.sizes["response"]):
        for part in range(results.sizes["part"]):
            one = results.isel(response=response, part=part)
            parts = (one["feedback_estimate"], one["feedback_low"], one["feedback_high"])
            rows.append(
                (
                    one["response"].item() if part == 0 else "",
                    PART_NAMES[one["part"].item()],
                    *_interval(*parts),
                    one["response_unit"].item(),
                )
            )
    title = "Do clusters and RIS build each other? Each direction of the feedback on and off (2×2)"
    return Table(title, ("outcome", "effect of", "effect", "95 % interval", "unit"), rows, (2, 3))


def impulse_table(results: xr.Dataset) -> Table:
    """Return the responses of both indices five, ten, twenty periods … after a push begins."""
    horizons = [h for h in (5, 10, 20, 30) if h < results.sizes["horizon"]] or [results.sizes["horizon"] - 1]
    rows = []
    for shock in results["shock"].values.tolist():
        for other in results["response_of"].values.tolist():
            one = results.sel(shock=shock, response_of=other)
            cells: list[str] = []
            for horizon in horizons:
                at = one.sel(horizon=horizon)
                mean, interval = _interval(at["impulse"], at["impulse_low"], at["impulse_high"])
                cells.append(f"{mean} ({interval})")
            rows.append((f"push to {shock}", f"{other} index", *cells))
    title = "Response of the indices (0 to 1) to a push of five years to either side, in the regions pushed"
    headings = ("push", "response of", *(f"after {horizon} periods" for horizon in horizons))
    return Table(title, headings, rows, tuple(range(2, len(headings))))


def coupling_table(results: xr.Dataset) -> Table:
    """Return the coupling coordination at a few moments."""
    from technopole.indicators.coupling import GRADES

    count = results.sizes["time"]
    rows = []
    for place in sorted({0, count // 4, count // 2, 3 * count // 4, count - 1}):
        one = results.isel(time=place)
        grade = int(one["coupling_grade"])
        rows.append(
            (
                str(int(one["time"])),
                *_interval(one["coupling"], one["coupling_low"], one["coupling_high"]),
                GRADES[grade - 1] if grade else "–",
            )
        )
    title = "Coupling coordination of clusters and RIS, mean of the regions"
    return Table(title, ("period", "degree", "95 % interval", "grade"), rows, (0, 1, 2))


def attribution_table(results: xr.Dataset) -> Table:
    """Return the parts of growth."""
    rows = []
    total = float(results["attribution"].sum())
    for place in range(results.sizes["mechanism_group"]):
        one = results.isel(mechanism_group=place)
        rows.append(
            (
                one["mechanism_group"].item(),
                *_interval(one["attribution"], one["attribution_low"], one["attribution_high"]),
                f"{100 * float(one['attribution']) / total:.0f} %" if total > 0.0 else "–",
            )
        )
    title = f"What makes productivity grow by {total:.2f} % per year (Shapley values)"
    return Table(title, ("mechanism", "% per year", "95 % interval", "of growth"), rows, (1, 2, 3))


def map_table(results: xr.Dataset) -> Table:
    """Return the verdict on each claim by value of the parameter."""
    marks = {SUPPORTED: "✓", CONTRADICTED: "✗", NO_EFFECT: "·", NOT_MEASURED: "–"}
    rows = []
    for place in range(results.sizes["claim"]):
        one = results.isel(claim=place)
        rows.append(
            (one["claim"].item(), one["title"].item(), *(marks[word] for word in one["map_verdict"].values))
        )
    values = tuple(f"{value:g}" for value in results["value"].values)
    meanings = ", ".join(
        f"{mark} {word}"
        for word, mark in marks.items()
        if word != NOT_MEASURED or (results["map_verdict"] == NOT_MEASURED).any()
    )
    title = (
        f"Where claims hold: by {results.attrs['over']}, {results.attrs['map_replicates']} replicates each "
        f"({meanings})"
    )
    return Table(title, ("claim", "what is claimed", *values), rows, tuple(range(2, 2 + len(values))))


def _interval(*parts: Any) -> Sequence[str]:
    mean, low, high = (float(part) for part in parts)
    return mean_and_interval(mean, (high - low) / 2.0)


def _number(value: Any) -> str:
    number = float(value)
    return f"{number:.4g}" if math.isfinite(number) else "–"
