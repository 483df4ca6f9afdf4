"""What size and colour of the marks on the map mean: scales and keys."""

from __future__ import annotations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from technopole.figures.palette import BOTH_WAYS_COLOURS, RISING_COLOURS
from technopole.figures.style import DPI, INK, SOFT, WIDTH, Page, number
from technopole.results.arrays import Floats

LEFT = 0.062
"""Left edge of the map and its keys, fraction of the page."""
NO_GROWTH = (0.72, 0.74, 0.76, 1.0)
RISING = LinearSegmentedColormap.from_list("rising", RISING_COLOURS)
BOTH_WAYS = LinearSegmentedColormap.from_list("both_ways", BOTH_WAYS_COLOURS)


MANY = 60
"""Regions from which on the extremes are mostly chance: the middle 90 % stand for all."""
NARROW = 0.2
"""Percentage points that the scale spans at least, so that it does not magnify what hardly differs."""


def growth_range(growth: Floats) -> tuple[float, float]:
    """Return the range that title and scale speak of: all regions, or the middle 90 % of many.

    Parameters
    ----------
    growth : ndarray, shape (region,)
        Per cent per year; at least one is finite.

    Returns
    -------
    low, high : float
        Per cent per year.
    """
    finite = growth[np.isfinite(growth)]
    ends = [5.0, 95.0] if finite.size > MANY else [0.0, 100.0]
    low, high = (float(value) for value in np.percentile(finite, ends))
    return low, high


def growth_scale(growth: Floats) -> tuple[Normalize, LinearSegmentedColormap]:
    """Return a sequential scale if all growth has one sign, otherwise one that diverges from zero."""
    finite = growth[np.isfinite(growth)]
    if finite.size == 0:
        return Normalize(0.0, 1.0), RISING
    low, high = growth_range(growth)
    missing = max(NARROW - (high - low), 0.0) / 2.0
    if low < 0.0 < high:
        reach = max(-low, high, NARROW / 2.0)
        return TwoSlopeNorm(0.0, -reach, reach), BOTH_WAYS
    return Normalize(low - missing, high + missing), RISING if low >= 0.0 else RISING.reversed()


def faces(growth: Floats, norm: Normalize, colours: LinearSegmentedColormap) -> Floats:
    """Return the colours of the marks, shape (n, 4)."""
    faces = np.asarray(colours(norm(np.nan_to_num(growth))), dtype=np.float64)
    faces[~np.isfinite(growth)] = NO_GROWTH
    return faces


def size_key(page: Page, size: Floats, radii: Floats) -> None:
    """Draw three circles of round employment with their numbers."""
    strip = page.figure.add_axes((LEFT, 0.28 / page.height, 0.42, 0.90 / page.height))
    strip.set(xlim=(0, 0.42 * WIDTH * 72), ylim=(0, 0.90 * 72))
    strip.set_axis_off()
    strip.text(0, 54, "employment in the last year, workers", size=8.5)
    largest = float(size.max())
    x = 0.0
    for value in _round_sizes(largest):
        radius = float(radii.max()) * np.sqrt(value / largest)
        x += radius
        strip.scatter(
            [x], [25], s=(2 * radius) ** 2, color="#d5d9dd", edgecolors=SOFT, linewidths=0.7, clip_on=False
        )
        text = strip.text(
            x + radius + 4, 25, number(value, 0 if value >= 5 else 2), size=8.5, va="center", color=INK
        )
        x += radius + 16 + text.get_window_extent().width * 72.0 / DPI


def _round_sizes(largest: float) -> list[float]:
    """Return three round numbers up to the largest: a tenth, about a half, and all of the first."""
    if not largest > 0.0:
        return []
    power = 10.0 ** float(np.floor(np.log10(largest)))
    lead = max(step for step in (1, 2, 5) if step * power <= largest)
    return [0.1 * lead * power, {1: 0.5, 2: 1.0, 5: 2.0}[lead] * power, lead * power]


def _beyond(norm: Normalize, growth: Floats) -> str:
    """Tell on which side values lie beyond the colour bar."""
    scaled = np.asarray(norm(growth[np.isfinite(growth)]), dtype=np.float64)
    below, above = bool(scaled.min() < -1e-9), bool(scaled.max() > 1.0 + 1e-9)
    return {(False, False): "neither", (True, False): "min", (False, True): "max"}.get((below, above), "both")


def colour_key(
    page: Page, growth: Floats, norm: Normalize, colours: LinearSegmentedColormap, replicates: int
) -> None:
    """Draw the colour bar with its unit."""
    where = page.figure.add_axes((0.545, 0.71 / page.height, 0.42, 0.15 / page.height))
    bar = page.figure.colorbar(
        ScalarMappable(norm, colours), cax=where, orientation="horizontal", extend=_beyond(norm, growth)
    )
    bar.outline.set_visible(False)
    where.tick_params(length=2, labelsize=8.5, pad=2)
    where.xaxis.set_major_locator(MaxNLocator(6))
    over = f", mean of {replicates} replicates" if replicates > 1 else ""
    where.set_title(f"productivity growth, % per year{over}", size=8.5, loc="left", pad=4)
