"""The facts that a model is judged by.

No range follows from results of the model. Ranges of origin "design" are those of the design of the model, those of
origin "literature" are what a survey of the literature gives (docs/VALIDATION.md). Where a source gives a single
number, or only a sign, the range about it is ours.
"""

from __future__ import annotations

from technopole.facts.entry import Fact
from technopole.facts.literature import LITERATURE

_AXTELL = "Axtell (2001): 1.06"
_DUNNE = "Dunne, Roberts and Samuelson (1988)"
_TARGET = "calibration target of the design"
_SURVEY = "Annual Business Survey 2017-19"
_GROUP = "200 firms of the kind"
_REGIONS = "10 regions"
_PER_YEAR = "year-1"
_ALWAYS = "nothing"

DESIGN = {
    "tail": Fact(
        "upper tail of firm size, largest 10 %: exponent", 0.9, 1.3, _AXTELL, needs="50 firms in the tail"
    ),
    "tail_5": Fact(
        "upper tail of firm size, largest 5 %: exponent", 0.9, 1.3, _AXTELL, needs="50 firms in the tail"
    ),
    "subbotin": Fact(
        "growth rates: Subbotin shape b", 0.7, 1.3, "Bottazzi and Secchi (2006)", needs="2,000 growth rates"
    ),
    "scaling": Fact(
        "growth rates: slope of ln sd on ln size",
        -0.25,
        -0.10,
        "Stanley et al. (1996)",
        needs="2,000 growth rates",
    ),
    "entry": Fact("entry rate", 0.05, 0.12, f"{_DUNNE}; BDS", _PER_YEAR, "200 firms"),
    "exit": Fact("exit rate", 0.05, 0.12, f"{_DUNNE}; BDS", _PER_YEAR, "200 firms"),
    "entry_exit_correlation": Fact(
        "correlation of entry and exit over regions", 0.5, 1.0, "BDS 2010-19, states: 0.94", needs=_REGIONS
    ),
    "hazard_falls_early": Fact(
        "exit hazard at age 1 less that at age 5", 0.0, 1.0, _DUNNE, _PER_YEAR, _GROUP, sign=True
    ),
    "hazard_falls_late": Fact(
        "exit hazard at age 5 less that from 25 on", 0.0, 1.0, _DUNNE, _PER_YEAR, _GROUP, sign=True
    ),
    "hazard_falls_with_size": Fact(
        "exit hazard at 1-4 jobs less that from 250 on", 0.0, 1.0, _DUNNE, _PER_YEAR, _GROUP, sign=True
    ),
    "gap_90_10": Fact(
        "90/10 log gap of productivity within sectors", 0.5, 1.0, "Syverson (2004): 0.65", needs="200 firms"
    ),
    "agglomeration": Fact(
        "elasticity of productivity to regional jobs",
        0.02,
        0.07,
        "Melo, Graham and Noland (2009)",
        needs=_REGIONS,
    ),
    "innovators": Fact("innovators in three years, all firms", 0.08, 0.15, f"{_SURVEY}: 0.11", needs=_GROUP),
    "innovators_high_tech": Fact(
        "the same, most innovative high-tech sector",
        0.25,
        0.45,
        f"{_SURVEY}: 1/3 (electronics)",
        needs=_GROUP,
    ),
    "innovators_high_tech_ratio": Fact("high-tech firms relative to all", 1.2, 4.0, _SURVEY, needs=_GROUP),
    "innovators_mining": Fact(
        "innovators in three years, mining", 0.015, 0.06, f"{_SURVEY}: 0.03", needs="a sector 21 of 200 firms"
    ),
    "innovators_small": Fact(
        "innovators in three years, 1-4 jobs", 0.07, 0.13, f"{_SURVEY}: 0.10", needs=_GROUP
    ),
    "innovators_largest": Fact(
        "innovators in three years, 1000 jobs and more", 0.20, 0.45, f"{_SURVEY}: 0.32", needs=_GROUP
    ),
    "innovators_rising": Fact(
        "rank correlation of innovators and size class",
        0.9,
        1.0,
        _SURVEY,
        needs="200 firms in each of nine classes",
    ),
    "innovation_elasticity": Fact(
        "elasticity of innovations to regional jobs", 1.1, 1.4, "Bettencourt et al. (2007)", needs=_REGIONS
    ),
    "innovation_gini_excess": Fact(
        "Gini of innovations less Gini of jobs, regions",
        0.0,
        1.0,
        "Audretsch and Feldman (1996)",
        needs=_REGIONS,
        sign=True,
    ),
    "progress": Fact("growth of productivity and quality", 0.01, 0.03, _TARGET, _PER_YEAR, _ALWAYS),
    "employment_rate": Fact("jobs per worker", 0.9, 1.0, _TARGET, needs=_ALWAYS),
    "firms_per_worker": Fact("firms per worker at the end, start = 1", 0.7, 1.3, _TARGET, needs=_ALWAYS),
    "concentration": Fact(
        "largest Herfindahl index of a sector", 0.0, 0.05, _TARGET, needs="a sector of 1,000 firms"
    ),
    "first_exits": Fact(
        "initial firms that leave in year 1", 0.0, 0.15, _TARGET, needs="200 firms at the start"
    ),
}

FACTS: dict[str, Fact] = {
    **DESIGN,
    **{name: fact._replace(origin="literature") for name, fact in LITERATURE.items()},
}
"""Facts by name, in the order in which they are shown."""


def facts_of(scenario: str) -> dict[str, Fact]:
    """Return the facts that a scenario is judged by.

    Parameters
    ----------
    scenario : str
        Its name.

    Returns
    -------
    dict of str to Fact
        By name.
    """
    return {name: fact for name, fact in FACTS.items() if scenario.startswith(fact.only)}
