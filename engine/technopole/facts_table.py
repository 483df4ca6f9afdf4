"""The facts that a model is judged by: what is measured, in which range it should lie, who says so.

No range follows from results of the model. Ranges of origin "design" are those of the design of the model, those of origin
"literature" are what a survey of the literature gives (docs/VALIDATION.md). Where a source gives a single number, or only
a sign, the range about it is ours.
"""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """A stylised fact."""

    title: str
    low: float
    high: float
    source: str
    unit: str = "1"
    needs: str = ""
    """What it takes to be measured."""
    origin: str = "design"
    """``design`` or ``literature``."""
    verified: bool = True
    """False: the range is quoted from memory and has not been held against the source."""
    sign: bool = False
    """Only the sign matters; the other end of the range is far away."""
    only: str = ""
    """Beginning of the names of the scenarios it is about; all if empty."""


_AXTELL = "Axtell (2001): 1.06"
_DUNNE = "Dunne, Roberts and Samuelson (1988)"
_TARGET = "calibration target of the design"
_SURVEY = "Annual Business Survey 2017-19"
_CHINA = "official rule of thumb on small and medium firms, China"
_GROUP = "200 firms of the kind"
_REGIONS = "10 regions"
_PER_YEAR = "year-1"
_ALWAYS = "nothing"

_DESIGN = {
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

_LITERATURE = {
    "gibrat": Fact(
        "slope of ln size on ln size the year before, from 100 jobs on",
        0.95,
        1.0,
        "Gibrat's law; Sutton (1997)",
        needs="2,000 years of firms of 100 jobs",
        verified=False,
    ),
    "small_grow_faster": Fact(
        "growth of survivors below 20 jobs less that from 100 on",
        0.0,
        1.0,
        "Sutton (1997)",
        _PER_YEAR,
        _GROUP,
        verified=False,
        sign=True,
    ),
    "survival": Fact(
        "entrants alive after five years",
        0.4,
        0.6,
        "Bartelsman, Scarpetta and Schivardi (2005)",
        needs="200 entrants",
        verified=False,
    ),
    "entry_exit_sectors": Fact(
        "correlation of entry and exit over sectors",
        0.0,
        1.0,
        _DUNNE,
        needs="8 sectors of 200 firm-years",
        verified=False,
        sign=True,
    ),
    "persistence": Fact(
        "productivity on that of the year before, within sectors",
        0.6,
        0.8,
        "Foster, Haltiwanger and Syverson (2008)",
        needs="2,000 firm-years",
        verified=False,
    ),
    "fhk_within": Fact(
        "part of survivors themselves in productivity growth of a decade",
        0.5,
        0.85,
        "Foster, Haltiwanger and Krizan (2001)",
        needs="a sector of 200 firms over ten years",
        verified=False,
    ),
    "fhk_entry": Fact(
        "part of entry and exit in productivity growth of a decade",
        0.15,
        0.3,
        "Foster, Haltiwanger and Krizan (2001)",
        needs="a sector of 200 firms over ten years",
        verified=False,
    ),
    "eg_share": Fact(
        "sectors concentrated beyond chance (Ellison–Glaeser index above 0)",
        0.5,
        1.0,
        "Ellison and Glaeser (1997): 446 of 459",
        needs="10 regions, 8 sectors of 200 firms",
        verified=False,
    ),
    "university": Fact(
        "elasticity of innovations to university research, regions",
        0.1,
        0.43,
        "Jaffe (1989)",
        needs="20 regions",
        verified=False,
    ),
    "lag": Fact(
        "lag from research to production",
        5.5,
        7.5,
        "Mansfield (1991, 1998): about 7, about 6",
        "year",
        _ALWAYS,
        verified=False,
    ),
    "related_entry": Fact(
        "a tenth more relatedness: relative change of a region's chance to take a sector up",
        0.0,
        1.0,
        "Boschma, Balland and Kogler (2015): 0.30",
        needs="10 regions, 8 sectors, 200 pairs",
        sign=True,
    ),
    "related_exit": Fact(
        "a tenth more relatedness: relative change of a region's chance to give a sector up",
        -1.0,
        0.0,
        "Boschma, Balland and Kogler (2015): -0.08",
        needs="10 regions, 8 sectors, 200 pairs",
        sign=True,
    ),
    "related_variety": Fact(
        "growth of jobs per standard deviation of related variety",
        0.0,
        0.1,
        "Frenken, Van Oort and Verburg (2007)",
        _PER_YEAR,
        "10 regions, 8 sectors, 11 years",
        verified=False,
        sign=True,
    ),
    "krugman": Fact(
        "Krugman specialisation, mean over regions",
        0.3,
        0.8,
        "Krugman (1991) and later work",
        needs="10 regions, 8 sectors",
        verified=False,
    ),
    "spinoffs_at_home": Fact(
        "spin-offs in the parent's region less what chance gives",
        0.0,
        1.0,
        "Klepper (2007)",
        needs="200 spin-offs",
        sign=True,
    ),
    "spinoffs_of_leaders": Fact(
        "five-year survival of spin-offs of leading firms less that of others",
        0.0,
        1.0,
        "Klepper (2007)",
        needs="200 spin-offs of each kind",
        sign=True,
    ),
    "beta": Fact(
        "speed of convergence of income per worker",
        0.01,
        0.035,
        "Barro and Sala-i-Martin (1992): 0.02",
        _PER_YEAR,
        "10 regions, 10 years",
        verified=False,
    ),
    "mobility": Fact(
        "regions that stay in their fifth of income from year to year",
        0.79,
        0.93,
        "Quah (1993); Rey (2001)",
        needs="25 regions",
    ),
    "sme_firms": Fact(
        "small and medium firms: part of firms",
        0.9,
        1.0,
        _CHINA,
        needs="200 firms",
        verified=False,
        only="china",
    ),
    "sme_jobs": Fact(
        "small and medium firms: part of jobs",
        0.8,
        1.0,
        _CHINA,
        needs="200 firms",
        verified=False,
        only="china",
    ),
    "sme_innovations": Fact(
        "small and medium firms: part of innovations",
        0.7,
        1.0,
        _CHINA,
        needs="200 firms",
        verified=False,
        only="china",
    ),
    "sme_sales": Fact(
        "small and medium firms: part of sales",
        0.6,
        1.0,
        _CHINA,
        needs="200 firms",
        verified=False,
        only="china",
    ),
}

FACTS: dict[str, Fact] = {
    **_DESIGN,
    **{name: fact._replace(origin="literature") for name, fact in _LITERATURE.items()},
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
