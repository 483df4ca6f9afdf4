"""The common look of the figures: page, axes, bands, numbers in words.

Figures are made with the Agg canvas directly, so no global state of pyplot is touched. This
module imports matplotlib; `technopole.figures.draw` imports it only when it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from technopole.figures.palette import (
    BLUE,
    GREEN,
    GRID,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SOFT,
    VERMILION,
)
from technopole.figures.words import FEW, number, short, signed
from technopole.results.arrays import Floats
from technopole.results.numbers import mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150
WIDTH = 8.0  # inches: 1200 pixels
MARGIN = 0.025  # of the page, left and right
__all__ = [
    "BLUE",
    "DPI",
    "FEW",
    "GREEN",
    "GRID",
    "INK",
    "MARGIN",
    "ORANGE",
    "PURPLE",
    "Page",
    "SETTINGS",
    "SKY",
    "SOFT",
    "VERMILION",
    "WIDTH",
    "YEAR",
    "number",
    "plain_axes",
    "series",
    "short",
    "signed",
    "time_axis",
    "with_bands",
]

YEAR = "year of the run"

SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same figures on every machine
    "font.size": 9.5,
    "text.usetex": False,
    "text.hinting": "none",  # at this resolution it changes no letter, and takes a fifth of the time
    "text.parse_math": False,  # names may hold a dollar sign
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.titlesize": 10,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 2.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "savefig.transparent": False,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "axes.grid": False,
}


class Page:
    """A figure with a title that states the finding, a subtitle that says what is shown, and a note.

    Parameters
    ----------
    title, subtitle, note : str
        Title and subtitle are wrapped to the width of the page; a no-break space keeps words together.
    height : float
        Inches.
    """

    def __init__(self, title: str, subtitle: str, note: str, height: float = 5.0) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        FigureCanvasAgg(self.figure)
        self.top = height - 0.14
        """Where the space for axes ends, inches from the bottom."""
        self._write(title, 0.235, {"size": 12.5, "weight": "bold"})
        self._write(subtitle, 0.185, {"size": 9.5, "color": SOFT})
        self.top -= 0.06
        self.figure.text(MARGIN, 0.07 / height, note, size=7.5, color=SOFT, va="bottom")

    def _write(self, text: str, step: float, style: dict[str, Any]) -> None:
        """Write lines below each other from the top on."""
        for line in self._wrapped(text, style):
            self.figure.text(MARGIN, self.top / self.height, line, va="top", **style)
            self.top -= step
        self.top -= 0.03

    def _wrapped(self, text: str, style: dict[str, Any]) -> list[str]:
        """Break a text into as few lines as fit, of about the same length."""
        probe = self.figure.text(0.0, 0.0, "", **style)
        lengths = []
        words = text.split(" ")
        for word in [*words, "n n", "nn"]:
            probe.set_text(word)
            lengths.append(float(probe.get_window_extent().width))
        probe.remove()
        space = lengths[-2] - lengths[-1]
        widest = WIDTH * DPI * (1.0 - 2.0 * MARGIN)
        lines = _fill(words, lengths, space, widest)
        for share in np.arange(0.97, 0.5, -0.03):
            narrower = _fill(words, lengths, space, float(share) * widest)
            if len(narrower) > len(lines):
                break
            lines = narrower if len(lines) > 1 else lines
        return lines

    def axes(self, left: float, width: float, bottom: float = 0.85, top_gap: float = 0.52) -> Axes:
        """Add axes; left and width are fractions of the page, bottom and gap below the header inches."""
        top = self.top - top_gap
        return self.figure.add_axes((left, bottom / self.height, width, (top - bottom) / self.height))


def _fill(words: list[str], lengths: list[float], space: float, widest: float) -> list[str]:
    """Fill lines of at most this length greedily."""
    lines: list[list[str]] = [[]]
    used = -space
    for word, length in zip(words, lengths, strict=False):
        if lines[-1] and used + space + length > widest:
            lines.append([])
            used = -space
        lines[-1].append(word)
        used += space + length
    return [" ".join(line) for line in lines]


def plain_axes(axes: Axes, xlabel: str, heading: str, ylabel: str) -> None:
    """Strip axes to what carries information, with a heading and the vertical label lying above the axis."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
    axes.set_xlabel(xlabel)
    lift = 6.0
    for text, size, weight, colour in ((ylabel, 9.0, "normal", SOFT), (heading, 9.5, "bold", INK)):
        axes.annotate(
            text,
            (0.0, 1.0),
            (0.0, lift),
            xycoords="axes fraction",
            textcoords="offset points",
            size=size,
            weight=weight,
            color=colour,
        )
        lift += 13.5 if text else 0.0


def time_axis(axes: Axes, when: Floats, room: float = 0.0) -> None:
    """Set the limits of a time axis, with room on the right as a share of the range."""
    first, last = float(when[0]), float(when[-1])
    if last == first:
        first, last = first - 0.5, last + 0.5
        axes.set_xticks([float(when[0])])
    elif (when == np.round(when)).all():
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.set_xlim(first, last + room * (last - first))


def series(axes: Axes, when: Floats, values: Floats, colour: str, dashed: bool = False) -> float:
    """Draw the mean over replicates, with its 95 % interval if they are not too few (`FEW`).

    Returns the last finite mean (NaN if none).

    Parameters
    ----------
    axes : Axes
    when : ndarray, shape (time,)
    values : ndarray, shape (replicate, time)
    colour : str
    dashed : bool
    """
    mean, half = mean_interval(values)
    band = np.isfinite(half)
    if band.any() and len(values) >= FEW:
        axes.fill_between(
            when, mean - half, mean + half, where=band.tolist(), color=colour, alpha=0.22, linewidth=0
        )
    finite = np.isfinite(mean)
    lonely = finite.sum() == 1
    axes.plot(
        when,
        mean,
        color=colour,
        linestyle="--" if dashed else "-",
        marker="o" if lonely else None,
        markersize=6,
        solid_capstyle="round",
    )
    return float(mean[finite][-1]) if finite.any() else float("nan")


def with_bands(note: str, replicates: int) -> str:
    """Add to the note what the bands are, if there are any."""
    return f"{note}  ·  bands: 95\u00a0% confidence interval of the mean" if replicates >= FEW else note
