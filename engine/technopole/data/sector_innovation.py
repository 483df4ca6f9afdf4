"""Research and innovation parameters of sectors from an innovation survey."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray, log
from technopole.data.industries import prefixes
from technopole.data.table_files import number, read_rows
from technopole.data.table_problems import TableProblems

WANTED = "Annual Business Survey, innovation tables by industry (Census Bureau and NCSES)"
YEARS = 3.0  # the survey asks for innovations within three years
RATE_SPREAD = (
    3.0  # no sector innovates more than this many times as often, or as rarely, as the mean of its kind
)
RESEARCH_SPREAD = 2.0  # the same for R&D intensity, which differs less than the novelty of what comes out


@dataclass(frozen=True)
class SurveyRow:
    """Answers of the firms of one industry: shares between 0 and 1."""

    product: float
    new_to_market: float


def read_survey(path: Path) -> dict[str, SurveyRow]:
    """Read the table of innovating firms by industry.

    Parameters
    ----------
    path : Path
        Table with the columns ``naics``, ``product_innovators_pct``, ``new_to_market_pct``.

    Returns
    -------
    dict of str to SurveyRow
        By code; a row that covers several codes (``313–16``) stands under each. Rows for the rest of an
        industry keep their name (``other 51``).

    Raises
    ------
    DataError
        A file that cannot be read or misses a column.
    """
    survey: dict[str, SurveyRow] = {}
    with TableProblems() as problems:
        for row in read_rows(
            path, ["naics", "product_innovators_pct", "new_to_market_pct"], WANTED, problems
        ):
            answers = SurveyRow(
                problems.take(number, path, row, "product_innovators_pct") / 100.0,
                problems.take(number, path, row, "new_to_market_pct") / 100.0,
            )
            for code in _codes(row["naics"].replace("–", "-").strip()):
                survey.setdefault(code, answers)
    return survey


def _codes(label: str) -> list[str]:
    """Codes of a row label: ``313-16`` covers 313 to 316, ``31-33`` is one sector, lists are totals."""
    if "," in label:
        return []
    short = re.fullmatch(r"(\d{3,})-(\d{1,2})", label)
    if short is None:
        return [label]
    first, last = short.groups()
    end = first[: len(first) - len(last)] + last
    return [str(code) for code in range(int(first), int(end) + 1)]


def find_row(survey: dict[str, SurveyRow], sector: str) -> SurveyRow | None:
    """Row of the survey that is nearest to a sector.

    Parameters
    ----------
    survey : dict
        From :func:`read_survey`.
    sector : str
        Sector id.

    Returns
    -------
    SurveyRow or None
        The sector itself, else the rest of its two-digit sector, else ever wider industries; None outside
        the survey.
    """
    if sector in survey:
        return survey[sector]
    code = prefixes(sector)[0]
    for length in range(len(code), 1, -1):
        for name in (f"other {code[:length]}", code[:length]):
            if name in survey:
                return survey[name]
    return next((row for name, row in survey.items() if "-" in name and code[:2] in prefixes(name)), None)


def set_from_survey(
    parameters: dict[str, FloatArray],
    sectors: list[str],
    high_tech: NDArray[np.bool_],
    establishments: FloatArray,
    survey: dict[str, SurveyRow],
) -> None:
    """Spread innovation rate and R&D intensity over sectors as the survey does, in place.

    The configuration says how high they are on average for traditional and for high-tech sectors; the
    survey says which sector is above or below that: ``innovation_rate`` goes with the yearly hazard of a
    product innovation, -ln(1 - share)/3, and ``rd_intensity`` with the share of firms whose innovation was
    new to the market. Both relative to the mean over the establishments of the sectors of the same kind,
    and at most a factor 3 (rate) or 2 (intensity) away from it.

    Parameters
    ----------
    parameters : dict of str to (S,) array of float64
        Sector parameters, changed.
    sectors : list of str
        Sector ids.
    high_tech : (S,) array of bool
        Kind of each sector.
    establishments : (S,) array of float64
        Weights of the mean.
    survey : dict
        From :func:`read_survey`.
    """
    rows = [find_row(survey, sector) for sector in sectors]
    known = np.array([row is not None for row in rows])
    product = np.array([0.0 if row is None else min(row.product, 0.99) for row in rows])
    hazard = -log(1.0 - product) / YEARS
    new = np.array([0.0 if row is None else row.new_to_market for row in rows])
    for name, measure, spread in (
        ("innovation_rate", hazard, RATE_SPREAD),
        ("rd_intensity", new, RESEARCH_SPREAD),
    ):
        for kind in (False, True):
            members = np.flatnonzero(known & (high_tech == kind))
            total = (measure[members] * establishments[members]).sum()
            if total > 0.0:
                mean = total / establishments[members].sum()
                parameters[name][members] *= np.clip(measure[members] / mean, 1.0 / spread, spread)
