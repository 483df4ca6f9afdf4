"""Measures of the facts of docs/VALIDATION.md on firms: a panel is collected period by period and then described.

A *year* is one period of one world. "Operating" firms are those at its start; employment is what a firm's share of
its market asks for at the wage of its region, l = s D lambda / ((1 + mu) w), at the end of a year.

As a program it prints the table of docs/VALIDATION.md: ``python tests/stats/facts.py [seeds]``, with
``engine``, ``kernels`` and ``tests`` on the path.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import rankdata

from reference.rng import EVENT, draw, uniform
from technopole.advance import advance
from technopole.build import make_blueprint
from technopole.config import Config
from technopole_kernels import layout as at
from technopole_kernels.record import Records
from technopole_kernels.status import Fate

SIZE_CLASSES = np.array([1.0, 5, 10, 20, 50, 100, 250, 500, 1000])
SMALLEST = 1.0  # statistics of employers count firms with at least one worker
FIRST_SEED = 201  # the parameters were calibrated with seeds 1 to 10 and 101 to 110
WINDOW = 3  # years in which the innovation survey asks
SCENARIO = Path(__file__).parents[2] / "configs" / "scenarios" / "us-states.toml"
PROBE, SURVEY = "calibration target of the design", "Annual Business Survey 2017-19"

FACTS = {
    "tail": ("upper tail of firm size, largest 10 %: exponent", 0.9, 1.3, "Axtell (2001): 1.06"),
    "tail_5": ("upper tail of firm size, largest 5 %: exponent", 0.9, 1.3, "Axtell (2001): 1.06"),
    "subbotin": ("growth rates: Subbotin shape b", 0.7, 1.3, "Bottazzi and Secchi (2006)"),
    "scaling": ("growth rates: slope of ln sd on ln size", -0.25, -0.10, "Stanley et al. (1996)"),
    "entry": ("entry rate per year", 0.05, 0.12, "Dunne, Roberts and Samuelson (1988); BDS"),
    "exit": ("exit rate per year", 0.05, 0.12, "Dunne, Roberts and Samuelson (1988); BDS"),
    "entry_exit_correlation": (
        "correlation of entry and exit over regions",
        0.5,
        1.0,
        "BDS 2010-19, states: 0.94",
    ),
    "hazard_falls_early": (
        "exit hazard at age 1 less that at age 5",
        0.0,
        1.0,
        "Dunne, Roberts and Samuelson (1988)",
    ),
    "hazard_falls_late": (
        "exit hazard at age 5 less that from 25 on",
        0.0,
        1.0,
        "Dunne, Roberts and Samuelson (1988)",
    ),
    "hazard_falls_with_size": ("exit hazard at 1-4 jobs less that from 250 on", 0.0, 1.0, "the same"),
    "gap_90_10": ("90/10 log gap of productivity within sectors", 0.5, 1.0, "Syverson (2004): 0.65"),
    "agglomeration": (
        "elasticity of productivity to regional jobs",
        0.02,
        0.07,
        "Melo, Graham and Noland (2009)",
    ),
    "innovators": ("innovators in three years, all firms", 0.08, 0.15, SURVEY + ": 0.11"),
    "innovators_high_tech": (
        "the same, most innovative high-tech sector",
        0.25,
        0.45,
        SURVEY + ": 1/3 (electronics)",
    ),
    "innovators_high_tech_ratio": ("high-tech firms relative to all", 1.2, 4.0, SURVEY),
    "innovators_mining": ("innovators in three years, mining", 0.015, 0.06, SURVEY + ": 0.03"),
    "innovators_small": ("innovators in three years, 1-4 jobs", 0.07, 0.13, SURVEY + ": 0.10"),
    "innovators_largest": ("innovators in three years, 1000 jobs and more", 0.20, 0.45, SURVEY + ": 0.32"),
    "innovators_rising": ("rank correlation of innovators and size class", 0.9, 1.0, SURVEY),
    "innovation_elasticity": (
        "elasticity of innovations to regional jobs",
        1.1,
        1.4,
        "Bettencourt et al. (2007)",
    ),
    "innovation_gini_excess": (
        "Gini of innovations less Gini of jobs",
        0.0,
        1.0,
        "Audretsch and Feldman (1996)",
    ),
    "progress": ("growth of productivity and quality per year", 0.01, 0.03, PROBE),
    "employment_rate": ("jobs per worker", 0.9, 1.0, PROBE),
    "firms_per_worker": ("firms per worker after 60 years, start = 1", 0.7, 1.3, PROBE),
    "concentration": ("largest Herfindahl index, sectors of 1000+ firms", 0.0, 0.05, PROBE),
    "first_exits": ("share of initial firms that leave in year 1", 0.0, 0.15, PROBE),
}
"""Description, lowest and highest admissible mean over seeds, source."""


@dataclass
class Year:
    """One period: operating firms (n), firms after it (m); survivors come first in their cells, in the same order."""

    cell: np.ndarray  # (n,) i64
    age: np.ndarray  # (n,) periods since entry
    employment: np.ndarray  # (n,) workers, before the period
    stays: np.ndarray  # (n,) bool
    innovates: np.ndarray  # (n,) bool
    entrants: np.ndarray  # (C,) founded in the period
    next_cell: np.ndarray  # (m,) i64
    next_employment: np.ndarray  # (m,) workers
    is_new: np.ndarray  # (m,) bool
    since: np.ndarray  # (m,) i64, years since the last innovation, 0 in the year of it
    efficiency: np.ndarray  # (m,) log points, lambda (m + a) + (1 - lambda) c + ln A
    quality: np.ndarray  # (m,) log points
    share: np.ndarray  # (m,) of the sector's market
    wage: np.ndarray  # (R,)
    workforce: np.ndarray  # (R,)

    @cached_property
    def growth(self):
        """Log growth of employment of the survivors."""
        return np.log(self.next_employment[~self.is_new]) - np.log(self.employment[self.stays])


def employment_of(constants, world):
    """Cells (n,) and employment (n,) of the firms of now."""
    traits, sectors = constants.sectors, world.sectors.shape[1]
    firms = int(world.offsets[-1])
    cell = np.repeat(np.arange(world.offsets.size - 1), np.diff(world.offsets))
    k, r = cell % sectors, cell // sectors
    per_share = world.sectors[at.S_MARKET] * traits[at.K_LABOUR_SHARE] / (1.0 + traits[at.K_MARKUP])
    return cell, world.firms[at.F_SHARE, :firms] * per_share[k] / world.regions[at.R_WAGE, r]


def innovators(setting, world, before):
    """Who innovated in the period just done, from budgets and draws (docs/MODEL.md 7.5).

    ``before`` holds identity, cell and share of the operating firms.
    """
    params, traits = setting.params[0], setting.constants.sectors
    identity, cell, share, wage, market = before
    k, r = cell % market.size, cell // market.size
    demand, rho = world.sectors[at.S_MARKET], traits[at.K_RD_INTENSITY]
    research = world.load[at.OWN_RESEARCH, : cell.size].copy()
    per_share = demand[k] * traits[at.K_LABOUR_SHARE, k] / ((1.0 + traits[at.K_MARKUP, k]) * wage[r])
    index = world.regions[at.R_INDEX + at.UNIVERSITY, r]
    pooled = params["sme_pooling"] * index * rho[k] * world.cells[at.SMALL_SALES, cell]
    research += np.where(share * per_share < params["sme_size"], pooled, 0.0)
    firms = np.bincount(k, minlength=market.size)
    relative = research * firms[k] / (rho[k] * demand[k])
    with np.errstate(divide="ignore"):
        chance = -np.expm1(-traits[at.K_INNOVATION_RATE, k] * relative ** params["innovation_elasticity"])
    period = int(world.clock[at.PERIOD]) - 1
    w0, *_ = draw(identity, period, EVENT, int(setting.seed[0]), int(world.clock[at.REPLICATE]))
    return (uniform(w0) < chance) & (research > 0.0)


def no_records(blueprint):
    """Output arrays for nothing."""
    none = np.zeros(0, dtype=np.int64)
    places = (blueprint.n_regions * blueprint.n_sectors, blueprint.n_regions, blueprint.n_sectors)
    return Records(
        none, none, none, *(np.zeros((100, 0, size)) for size in places), np.zeros((0, 41), dtype=np.int64)
    )


def walk(blueprint, seed, replicate=0, periods=60, first=0):
    """Run a world without R&D subsidies and yield the years from ``first`` (counted from 0) on."""
    setting, nothing, never = blueprint.setting(seed), no_records(blueprint), np.zeros(1, dtype=np.int64)
    world = blueprint.new_world()
    blueprint.start(setting, world, replicate)
    sectors = blueprint.n_sectors
    since = np.full(blueprint.n_firms, 10_000)
    for period in range(periods):
        firms = int(world.offsets[-1])
        cell, employment = employment_of(setting.constants, world)
        age = world.age[at.NOW, :firms].copy()
        before = (
            world.identity[at.NOW, :firms].copy(),
            cell,
            world.firms[at.F_SHARE, :firms].copy(),
            world.regions[at.R_WAGE].copy(),
            world.sectors[at.S_MARKET].copy(),
        )
        world, _ = advance(blueprint, setting, world, nothing, period + 1, 1, never)
        if period < first - WINDOW:
            since = np.full(int(world.offsets[-1]), 10_000)
            continue
        stays = world.fate[:firms] != int(Fate.LEAVE)
        innovates = innovators(setting, world, before)
        counted = int(world.cells[at.E_INNOVATIONS].sum())
        if int(innovates.sum()) != counted:
            raise RuntimeError(f"{int(innovates.sum())} innovators found, the model counts {counted}")
        after = int(world.offsets[-1])
        next_cell, next_employment = employment_of(setting.constants, world)
        is_new = world.age[at.NOW, :after] == 0
        fresh = np.full(after, 10_000)
        fresh[~is_new] = np.where(innovates, 0, since + 1)[stays]
        since = fresh
        if period < first:
            continue
        m, a, c, q = world.firms[: at.F_QUALITY + 1, :after]
        labour = setting.constants.sectors[at.K_LABOUR_SHARE, next_cell % sectors]
        yield Year(
            cell,
            age,
            employment,
            stays,
            innovates,
            np.bincount(next_cell[is_new], minlength=world.offsets.size - 1),
            next_cell,
            next_employment,
            is_new,
            since,
            labour * (m + a) + (1.0 - labour) * c + world.cells[at.C_EFFICIENCY, next_cell],
            q.copy(),
            world.firms[at.F_SHARE, :after].copy(),
            world.regions[at.R_WAGE].copy(),
            world.regions[at.R_WORKFORCE].copy(),
        )


def slope(x, y, groups=None):
    """Least-squares slope of y on x; with ``groups``, within them."""
    if groups is not None:
        count = np.bincount(groups)
        x = x - (np.bincount(groups, x) / np.maximum(count, 1))[groups]
        y = y - (np.bincount(groups, y) / np.maximum(count, 1))[groups]
    x = x - x.mean()
    return float(x @ (y - y.mean()) / (x @ x))


def tail_exponent(employment, top=0.10):
    """Gabaix and Ibragimov (2011): ln(rank - 1/2) on ln(size) over the largest ``top`` of the firms."""
    largest = np.sort(employment)[::-1][: int(top * employment.size)]
    return -slope(np.log(largest), np.log(np.arange(1, largest.size + 1) - 0.5))


def subbotin_shape(x):
    """Maximum-likelihood shape b of f(x) ~ exp(-|x/a|^b / b) about the median (1 Laplace, 2 normal)."""
    distance = np.abs(x - np.median(x))
    distance = distance[distance > 0.0]

    def loss(b):
        log_scale = np.log(np.mean(distance**b)) / b
        return np.log(2.0) + np.log(b) / b + gammaln(1.0 + 1.0 / b) + log_scale + 1.0 / b

    return float(minimize_scalar(loss, bounds=(0.2, 4.0), method="bounded").x)


def size_bins(size):
    """Bins of a factor of two in size."""
    return np.floor(np.log2(size)).astype(int)


def growth_facts(years, least=200):
    """Shape of growth rates and fall of their spread with size, of survivors with at least one worker.

    Growth is taken relative to the mean of year and sector, its spread within bins of a factor of two in size; for
    the shape it is divided by the spread that the regression on size gives (Stanley et al. 1996, Bottazzi and
    Secchi 2006), so that a mixture of sizes does not make tails.
    """
    growth, size = [], []
    for year in years:
        sectors = year.cell.max() + 1
        old = year.employment[year.stays]
        kept = (old >= SMALLEST) & (year.age[year.stays] > 0)
        k = (year.cell[year.stays] % sectors)[kept]
        g = year.growth[kept]
        growth.append(g - (np.bincount(k, g) / np.maximum(np.bincount(k), 1))[k])
        size.append(old[kept])
    growth, size = np.concatenate(growth), np.concatenate(size)
    bins = size_bins(size)
    wanted = [b for b in np.unique(bins) if (bins == b).sum() >= least]
    spread = np.array([growth[bins == b].std() for b in wanted])
    middle = np.array([np.log(size[bins == b]).mean() for b in wanted])
    scaling = slope(middle, np.log(spread))
    return {"subbotin": subbotin_shape(growth * size**-scaling), "scaling": scaling}


def turnover_facts(years, regions):
    """Entry and exit per year and their correlation over regions, of means over ten years.

    One firm in a hundred is simulated, so that ten-year rates of a state of 200 firms are mostly noise; those of the
    whole population are not. The correlation with regions weighted by firms is therefore given too.
    """
    entries = np.array([y.entrants.reshape(regions, -1).sum(1) for y in years])
    exits = np.array(
        [np.bincount(y.cell[~y.stays], minlength=y.entrants.size).reshape(regions, -1).sum(1) for y in years]
    )
    firms = np.array(
        [
            0.5
            * (
                np.bincount(y.cell, minlength=y.entrants.size)
                + np.bincount(y.next_cell, minlength=y.entrants.size)
            )
            .reshape(regions, -1)
            .sum(1)
            for y in years
        ]
    )
    pieces = [slice(i, i + 10) for i in range(0, max(len(years) - 9, 1), 10)]
    rates = [
        (entries[p].sum(0) / firms[p].sum(0), exits[p].sum(0) / firms[p].sum(0), firms[p].sum(0))
        for p in pieces
    ]
    return {
        "entry": float(entries.sum() / firms.sum()),
        "exit": float(exits.sum() / firms.sum()),
        "entry_exit_correlation": float(np.mean([correlation(a, b, np.ones(a.size)) for a, b, _ in rates])),
        "entry_exit_correlation_weighted": float(np.mean([correlation(*rate) for rate in rates])),
    }


def correlation(x, y, weights):
    """Weighted correlation coefficient."""
    covariance = np.cov(x, y, aweights=weights)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def hazard_facts(years):
    """Share of firms that leave within a year, by age and by size."""
    age = np.concatenate([y.age for y in years])
    size = np.concatenate([y.employment for y in years])
    leaves = ~np.concatenate([y.stays for y in years])
    ages = {"1": age == 1, "5": age == 5, "25": age >= 25}
    sizes = {"1": size < 5, "20": (size >= 20) & (size < 50), "250": size >= 250}
    facts = {f"hazard_age_{name}": float(leaves[chosen].mean()) for name, chosen in ages.items()}
    facts |= {f"hazard_size_{name}": float(leaves[chosen].mean()) for name, chosen in sizes.items()}
    facts["hazard_falls_early"] = facts["hazard_age_1"] - facts["hazard_age_5"]
    facts["hazard_falls_late"] = facts["hazard_age_5"] - facts["hazard_age_25"]
    facts["hazard_falls_with_size"] = facts["hazard_size_1"] - facts["hazard_size_250"]
    return facts


def productivity_facts(years, regions, least=10):
    """90/10 gap within sectors, weighted by firms, and elasticity to the region's jobs (cells, sector effects)."""
    gaps, elasticities = [], []
    for year in years:
        sectors = year.entrants.size // regions
        k = year.next_cell % sectors
        present = np.unique(k)
        percentiles = np.array([np.percentile(year.efficiency[k == j], (10, 90)) for j in present])
        gaps.append(np.average(percentiles[:, 1] - percentiles[:, 0], weights=np.bincount(k)[present]))
        count = np.bincount(year.next_cell, minlength=year.entrants.size)
        mean = np.bincount(year.next_cell, year.efficiency, year.entrants.size) / np.maximum(count, 1)
        size = np.bincount(year.next_cell // sectors, year.next_employment, regions)
        cell = np.flatnonzero(count >= least)
        elasticities.append(slope(np.log(size[cell // sectors]), mean[cell], cell % sectors))
    return {"gap_90_10": float(np.mean(gaps)), "agglomeration": float(np.mean(elasticities))}


def innovation_facts(years, regions, high_tech, mining=None):
    """Innovators in three years by kind and size, and innovations over regions against employment."""
    asked = years[WINDOW - 1 :: WINDOW] or years[-1:]
    sectors = high_tech.size
    recent = np.concatenate([y.since < WINDOW for y in asked])
    size = np.concatenate([y.next_employment for y in asked])
    k = np.concatenate([y.next_cell % sectors for y in asked])
    classes = np.searchsorted(SIZE_CLASSES, np.maximum(size, SMALLEST), side="right") - 1
    by_class = np.bincount(classes, recent, SIZE_CLASSES.size) / np.maximum(
        np.bincount(classes, minlength=9), 1
    )
    facts = {
        "innovators": float(recent.mean()),
        "innovators_high_tech_ratio": float(recent[high_tech[k]].mean() / recent.mean()),
        "innovators_high_tech": max(
            (float(recent[k == j].mean()) for j in np.flatnonzero(high_tech)), default=np.nan
        ),
        "innovators_small": float(by_class[0]),
        "innovators_largest": float(by_class[-1]),
        "innovators_rising": float(slope(rankdata(np.arange(9)), rankdata(by_class))),
    }
    if mining is not None:
        facts["innovators_mining"] = float(recent[k == mining].mean())
    innovations = sum(np.bincount(y.cell[y.innovates] // sectors, minlength=regions) for y in years)
    employment = sum(np.bincount(y.cell // sectors, y.employment, regions) for y in years)
    some = innovations > 0
    facts["innovation_elasticity"] = slope(np.log(employment[some]), np.log(innovations[some]))
    facts["innovation_gini_excess"] = gini(innovations) - gini(employment)
    return facts


def gini(values):
    """Gini coefficient of non-negative values."""
    ordered = np.sort(np.asarray(values, dtype=float))
    ranks = np.arange(1, ordered.size + 1)
    return float((2 * ranks - ordered.size - 1) @ ordered / (ordered.size * ordered.sum()))


def economy_facts(years, regions):
    """Growth of productivity and quality (means weighted by jobs), numbers of firms, jobs, concentration, wages."""
    first, last = years[0], years[-1]
    levels = [np.average(y.efficiency + y.quality, weights=y.next_employment) for y in (first, last)]
    k = last.next_cell % (last.entrants.size // regions)
    firms = np.bincount(k)
    herfindahl = np.bincount(k, last.share**2)
    return {
        "progress": float((levels[1] - levels[0]) / max(len(years) - 1, 1)),
        "employment_rate": float(np.mean([y.next_employment.sum() / y.workforce.sum() for y in years])),
        "concentration": float(herfindahl[firms >= 1000].max()) if (firms >= 1000).any() else np.nan,
        "highest_wage": float(last.wage.max()),
    }


def measure(blueprint, seed, replicate=0, periods=60, first=30):
    """Facts of one world by name, over the years from ``first`` on."""
    start = next(walk(blueprint, seed, replicate, periods=1))
    years = list(walk(blueprint, seed, replicate, periods, first))
    regions, last = blueprint.n_regions, years[-1]
    ids = blueprint.tables.sector_ids
    size = last.next_employment[last.next_employment >= SMALLEST]
    per_worker = last.is_new.size / last.workforce.sum() / (start.cell.size / start.workforce.sum())
    return {
        "tail": tail_exponent(size, 0.10),
        "tail_5": tail_exponent(size, 0.05),
        **growth_facts(years),
        **turnover_facts(years, regions),
        **hazard_facts(years),
        **productivity_facts(years[:: max(len(years) // 4, 1)], regions),
        **innovation_facts(
            years, regions, blueprint.tables.high_tech, ids.index("21") if "21" in ids else None
        ),
        **economy_facts(years, regions),
        "firms_per_worker": float(per_worker),
        "first_exits": float(1.0 - start.stays.mean()),
    }


def us_states():
    """Blueprint of the default scenario."""
    return make_blueprint(Config.from_toml(SCENARIO).replace({"capacity.slack": 1.0}))


def measure_seeds(seeds):
    """Facts of the default scenario by name, an array (seeds,) each."""
    blueprint = us_states()
    worlds = [measure(blueprint, seed) for seed in seeds]
    return {name: np.array([world[name] for world in worlds]) for name in worlds[0]}


def main(seeds="10"):
    """Print what the facts are, as rows of a Markdown table."""
    found = measure_seeds(range(FIRST_SEED, FIRST_SEED + int(seeds)))
    print("| fact | target | source | measured | |\n|---|---|---|---|---|")
    for name, (text, low, high, source) in FACTS.items():
        mean, error = found[name].mean(), found[name].std(ddof=1) / np.sqrt(found[name].size)
        verdict = "pass" if low <= mean <= high else "**miss**"
        print(f"| {text} | {low:g}...{high:g} | {source} | {mean:.3f} ± {error:.3f} | {verdict} |")
    for name in found.keys() - FACTS.keys():
        print(f"{name}: {found[name].mean():.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
