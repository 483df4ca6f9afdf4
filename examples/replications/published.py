"""What all replications share: rows of a comparison, their table and the style of a figure."""

import argparse
import sys
from dataclasses import dataclass
from math import hypot, isnan, nan

from technopole.basics.text_table import write_table

INK, BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#222222", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"

_OFF = (
    "learning.organisation", "learning.technology", "learning.sourcing", "learning.quality", "spillover.rate",
    "upgrading.rate", "science.rate", "innovation.radical", "innovation.kind_quality", "innovation.kind_organisation",
    "innovation.kind_sourcing", "sharing.cost", "sharing.congestion", "agglomeration.localisation",
    "agglomeration.urbanisation", "agglomeration.diversity", "transaction.cost", "reputation.weight",
    "market.turbulence", "market.quality_weight", "market.demand_growth", "labour.wage_response",
    "labour.growth", "mobility.rate", "exit.closure", "entry.spinoff", "entry.startups", "initial.sd_organisation",
    "initial.sd_technology", "initial.sd_sourcing", "initial.sd_quality", "feedback.ris_to_cluster",
)  # fmt: skip
QUIET = {**dict.fromkeys(_OFF, 0.0), "finance.credit": 10.0, "exit.minimum": 0.0, "market.custom_decay": 0.0}
"""A configuration of technopole in which nothing happens; a replication switches on what it is about."""


@dataclass(frozen=True)
class Row:
    """A published number, or a range, beside ours.

    Attributes
    ----------
    what : str
        The quantity.
    here : float
        Our value.
    published : float
        The published one; NaN if a range is published.
    error : float
        Standard error of our value; 0: not random.
    published_error : float
        Standard error of the published one.
    low, high : float
        The range, in place of the number.
    tolerance : float
        Largest absolute difference of numbers that are not random.
    pattern : str
        What is published where it is no number: our value must be positive, by three standard errors.
    """

    what: str
    here: float
    published: float = nan
    error: float = 0.0
    published_error: float = 0.0
    low: float = nan
    high: float = nan
    tolerance: float = 0.0
    pattern: str = ""

    @property
    def within(self) -> bool:
        """Whether ours lies within three standard errors, the tolerance, or the range."""
        if self.pattern:
            return self.here > 3.0 * self.error
        if isnan(self.published):
            return not self.here < self.low and not self.here > self.high
        allowed = 3.0 * hypot(self.error, self.published_error) + self.tolerance
        return abs(self.here - self.published) <= allowed

    @property
    def cells(self) -> list[str]:
        """The row as text."""
        if self.pattern:
            published = self.pattern
        elif not isnan(self.published):
            published = f"{self.published:.7g}"
            published += f" ({self.published_error:.2g})" if self.published_error > 0.0 else ""
        elif isnan(self.high):
            published = f"> {self.low:.4g}"
        else:
            published = f"< {self.high:.4g}" if isnan(self.low) else f"{self.low:.4g} to {self.high:.4g}"
        here = f"{self.here:.4g}" if self.error > 0.0 else f"{self.here:.7g}"
        return [
            self.what,
            published,
            here,
            f"{self.error:.2g}" if self.error > 0.0 else "–",
            "yes" if self.within else "NO",
        ]


def mean_and_error(values):
    """Mean over replicates, the first axis, and its standard error."""
    import numpy as np

    values = np.asarray(values)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


HEADINGS = ["", "published (s.e.)", "here", "s.e.", "within"]


def print_rows(rows: list[Row]) -> None:
    """Write the table to standard output."""
    write_table(sys.stdout, HEADINGS, [row.cells for row in rows], right=[1, 2, 3])


def run_as_program(compare, draw, replicates: int = 1) -> None:
    """Command line of a replication: print the table and, if asked, draw the figure.

    Parameters
    ----------
    compare : callable
        Replicates → rows, and whatever `draw` needs.
    draw : callable
        Figure, and the second result of `compare`.
    replicates : int
        Default number; 1: the model has no chance in it, and there is no such option.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.split("\n")[0])
    if replicates > 1:
        parser.add_argument(
            "--replicates", type=int, default=replicates, help=f"runs of each case (default {replicates})"
        )
    parser.add_argument("--figure", metavar="FILE", help="where to draw the figure (.png, .svg, .pdf)")
    given = parser.parse_args()
    if getattr(given, "replicates", 2) < 2:
        parser.error(f"--replicates: found {given.replicates}; allowed: at least 2, for a standard error")
    rows, result = compare(getattr(given, "replicates", 1))
    print_rows(rows)
    if given.figure:
        save_figure(given.figure, draw, result)


def save_figure(path: str, draw, result) -> None:
    """Draw into a file of a size that suits the documents."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure, result)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(10)
    figure.savefig(path, dpi=100)
