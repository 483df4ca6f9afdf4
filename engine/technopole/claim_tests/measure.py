"""The outcomes of the claims, measured on one arm of one replicate.

`MEASURES` holds those that are compared between two arms, `WITHIN` those whose two values come from one run.
Rates are means over the last `LAST` periods; firms are followed over `WINDOWS`, which end with the run. Shorter runs
have shorter ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from technopole.claim_tests.outcomes import (
    Flags,
    Floats,
    Ints,
    alone_cost,
    excess_contribution,
    ratio,
    sector_growth,
    slope,
    spread_within,
)
from technopole.claim_tests.world import Bench, Firms, Walk
from technopole.results.numbers import krugman_index, structural_similarity, weighted_mean
from technopole.world.build import Blueprint
from technopole_kernels import layout

LAST = 10
WINDOWS = {"survival": 5, "decade": 10}
LEAST_FIRMS = 10
"""Cells with fewer firms do not count where means of cells are compared."""
ESTABLISHED = 10
"""Age from which on firms count in C9: younger ones are small whatever the name of their place."""


class Sight(NamedTuple):
    """What is seen of one arm of one replicate at its end."""

    bench: Bench
    blueprint: Blueprint
    firms: Firms
    cohorts: dict[str, tuple[Firms, Ints]]
    """Firms at the start of a window (``survival``, ``decade``), and the index there of each firm at the end."""

    def cells(self, name: str) -> Floats:
        """Return a recorded cell variable, (T, R, S)."""
        return self.bench.cells(name)

    def regions(self, name: str) -> Floats:
        """Return a recorded region variable, (T, R)."""
        return self.bench.regions(name)

    def last(self, name: str) -> Floats:
        """Return a recorded cell variable of the last periods, (≤ `LAST`, R, S)."""
        return self.bench.cells(name)[-LAST:]

    def parameter(self, field: str) -> float:
        """Return a scalar of the kernels."""
        return float(self.blueprint.params[field][0])

    @property
    def high_tech(self) -> Flags:
        """Which sectors are, (S,)."""
        return np.asarray(self.blueprint.tables.high_tech, dtype=bool)

    @property
    def years(self) -> float:
        """Years of a period."""
        return float(self.blueprint.config.time.period_years)


class Cohorts:
    """Firms of the beginning of a window, followed to the end of the run.

    Parameters
    ----------
    walk : Walk
        Before the first window begins.
    names : tuple of str
        Of ``survival``, ``decade``.
    """

    def __init__(self, walk: Walk, names: tuple[str, ...]) -> None:
        self._walk = walk
        self._first: dict[str, Firms] = {}
        for name in names:
            begin = max(walk.blueprint.config.time.periods - WINDOWS[name], 1)
            walk.appointments.setdefault(begin, []).append(partial(self._begin, name))

    def _begin(self, name: str) -> None:
        self._first[name] = self._walk.firms()
        self._walk.follow(name)

    def sight(self) -> Sight:
        """Go to the end of the run and return what is seen there."""
        walk = self._walk
        walk.go(walk.blueprint.config.time.periods)
        cohorts = {name: (firms, walk.origins[name]) for name, firms in self._first.items()}
        return Sight(walk.bench, walk.blueprint, walk.firms(), cohorts)


def productivity_growth(sight: Sight, quality: bool = False) -> float:
    """Return the growth of productivity of the economy, log points per year (see `sector_growth`).

    Parameters
    ----------
    sight : Sight
    quality : bool
        With that of the quality of products.
    """
    weight, growth = _growth(sight, quality)
    return float(weight @ growth) / (max(len(sight.cells("sales")) - 1, 1) * sight.years)


def high_tech_sales(sight: Sight) -> float:
    """Return the share of high-tech sectors in sales, mean of first and last period; NaN if it is all or nothing."""
    weight, _ = _growth(sight)
    share = float(weight[sight.high_tech].sum())
    return share if 0.0 < share < 1.0 and 0 < sight.high_tech.sum() < sight.high_tech.size else float("nan")


def innovation_rate(sight: Sight) -> float:
    """Return innovations per 100 firms and year over the last periods; firms are those at the start of each."""
    after = sight.cells("firms").sum(axis=(1, 2))
    operating = np.append(sight.blueprint.n_firms, after[:-1])[-LAST:]
    return 100.0 * ratio(float(sight.last("innovations").sum()), float(operating.sum()) * sight.years)


def _growth(sight: Sight, quality: bool = False) -> tuple[Floats, Floats]:
    ends = [0, -1]
    level = sight.cells("productivity")[ends]
    if quality:
        level = level + sight.cells("quality")[ends]
    return sector_growth(sight.cells("sales")[ends], level)


def _knowledge(*channels: int) -> Callable[[Sight], float]:
    return lambda sight: float(np.mean([sight.firms.knowledge[channel].mean() for channel in channels]))


def _spread(channel: int) -> Callable[[Sight], float]:
    return lambda sight: spread_within(sight.firms.knowledge[channel], sight.firms.sector)


def _cost_slope(cost: str, size: str) -> Callable[[Sight], float]:
    """Cost per sales of the regions on the logarithm of their size, last periods."""

    def measure(sight: Sight) -> float:
        spent, sales = (sight.last(name).sum(axis=(0, 2)) for name in (cost, "sales"))
        large = sight.regions(size)[-LAST:] if size == "workforce" else sight.last(size).sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return slope(np.log(large.mean(axis=0)), spent / sales)

    return measure


def _transaction_level(sight: Sight) -> float:
    return ratio(float(sight.last("transaction_cost").sum()), float(sight.last("sales").sum()))


def _elasticity(net: bool) -> Callable[[Sight], float]:
    """Slope of the productivity of cells on ln employment of the region, within sectors, at the end."""

    def measure(sight: Sight) -> float:
        firms, shape = sight.firms, sight.bench.shape
        count = np.bincount(firms.cell, minlength=shape[0] * shape[1])
        level = _net_productivity(sight).ravel() if net else _cell_mean(firms, count)
        size = np.bincount(firms.cell // shape[1], firms.employment, shape[0])
        used = np.flatnonzero(count >= LEAST_FIRMS)
        return slope(np.log(size[used // shape[1]]), level[used], used % shape[1])

    return measure


def _cell_mean(firms: Firms, count: Ints) -> Floats:
    total = np.bincount(firms.cell, firms.efficiency + firms.place, count.size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _net_productivity(sight: Sight) -> Floats:
    """Return productivity less the logarithm of overhead and transactions: from price and wage (docs/MODEL.md 7.7)."""
    traits = sight.blueprint.constants.sectors
    labour, markup = traits[layout.K_LABOUR_SHARE], traits[layout.K_MARKUP]
    wages = sight.regions("wage")
    paid = wages[max(len(wages) - 2, 0)]  # at the start of the last period
    material = np.log(sight.parameter("market_material_price"))
    cost = labour * np.log(paid)[:, None] + (1.0 - labour) * material
    return np.asarray(np.log1p(markup) + cost - sight.cells("price")[-1])


def _tied_gain(sight: Sight) -> float:
    """Technology of tied less untied firms, within cells."""
    firms = sight.firms
    return slope(firms.tie.astype(np.float64), firms.knowledge[layout.F_TECHNOLOGY], firms.cell)


def _similarity(sight: Sight) -> float:
    return float(structural_similarity(sight.last("employment").mean(axis=0)))


def _krugman(sight: Sight) -> float:
    return float(krugman_index(sight.last("employment").mean(axis=0)))


def _name_premium(sight: Sight) -> float:
    """Slope of ln(relative share) + ω_p ln p − ω_q q of established firms on reputation, within sectors."""
    firms = sight.firms
    count = np.bincount(firms.sector)
    standing = np.log(np.maximum(count[firms.sector] * firms.share, 1e-300))
    premium = (
        standing
        + sight.parameter("market_price_weight") * firms.price
        - sight.parameter("market_quality_weight") * firms.knowledge[layout.F_QUALITY]
    )
    old = firms.age >= min(ESTABLISHED, len(sight.cells("sales")))
    name = sight.cells("reputation")[-1].ravel()[firms.cell]
    return slope(name[old], premium[old], firms.sector[old])


def _inflow(cause: str) -> Callable[[Sight], float]:
    """Net inflow of workers, % a year, on the mean of trust or of reputation over the run, by region."""

    def measure(sight: Sight) -> float:
        workers = sight.regions("workforce")
        flow = 100.0 * sight.regions("net_migration").sum(axis=0) / (workers.sum(axis=0) * sight.years)
        if cause == "trust":
            level = sight.regions("trust").mean(axis=0)
        else:
            level = weighted_mean(sight.cells("reputation"), sight.cells("sales"), axis=(0, 2))
        return 0.1 * slope(np.asarray(level), flow)

    return measure


def _technology_gap(sight: Sight) -> float:
    technology = sight.firms.knowledge[layout.F_TECHNOLOGY]
    high = sight.high_tech[sight.firms.sector]
    if not high.any() or high.all():
        return float("nan")
    return float(technology[high].mean() - technology[~high].mean())


def _small(sight: Sight, firms: Firms) -> Flags:
    return np.asarray(firms.employment < sight.parameter("sme_size"))


def _survival(sight: Sight) -> float:
    before, origin = sight.cohorts["survival"]
    small = _small(sight, before)
    left = int(small[origin[origin >= 0]].sum())
    return ratio(float(left), float(small.sum()))


def _small_innovation(sight: Sight) -> float:
    return ratio(float(sight.last("small_innovations").sum()), float(sight.last("innovations").sum()))


def _small_contribution(sight: Sight) -> tuple[float, float]:
    """Share of small firms in the growth of productivity within sectors over ten years, and in sales."""
    before, origin = sight.cohorts["decade"]
    after = sight.firms
    part = np.concatenate([_small(sight, before), _small(sight, after)])
    # the markets of the start weigh the sectors at both ends
    n_sectors = sight.bench.shape[1]
    market = np.bincount(before.sector, before.sales, n_sectors)
    return excess_contribution(
        part,
        origin,
        (before.sector, after.sector),
        (before.share * market[before.sector], after.share * market[after.sector]),
        (before.efficiency + before.place, after.efficiency + after.place),
    )


def _small_excess(sight: Sight) -> float:
    """By how much the share of small firms in growth exceeds that in sales."""
    contribution, size = _small_contribution(sight)
    return contribution - size


MEASURES: dict[str, Callable[[Sight], float]] = {
    "C1": _knowledge(0, 1, 2),
    "C1.organisation": _knowledge(0),
    "C1.technology": _knowledge(1),
    "C1.sourcing": _knowledge(2),
    "C1.spread_organisation": _spread(0),
    "C1.spread_technology": _spread(1),
    "C1.spread_sourcing": _spread(2),
    "C3": _cost_slope("overhead", "workforce"),
    "C4": _elasticity(net=False),
    "C4.net": _elasticity(net=True),
    "C5.technology": _tied_gain,
    "C6": _similarity,
    "C6.krugman": _krugman,
    "C6.herding": _similarity,
    "C7": productivity_growth,
    "C7.quality": partial(productivity_growth, quality=True),
    "C7.radical": _small_excess,
    "C8": _cost_slope("transaction_cost", "firms"),
    "C8.level": _transaction_level,
    "C9": _name_premium,
    "C10": _inflow("trust"),
    "C10.reputation": _inflow("reputation"),
    "C11": _technology_gap,
    "C12": _survival,
    "C12.innovation": _small_innovation,
}
"""By row: the value of an arm. Rows of C2 and C5 are measured by tests of their own (see `interventions`)."""


def _saving(sight: Sight) -> tuple[float, float]:
    """Overhead per sales that is paid, and what facilities of one's own would cost (docs/MODEL.md 7.6 and 7.9)."""
    sales, overhead, transactions = (
        sight.cells(name)[-1] for name in ("sales", "overhead", "transaction_cost")
    )
    traits = sight.blueprint.constants.sectors
    cost = sales / (1.0 + traits[layout.K_MARKUP])
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = overhead / (cost - overhead - transactions)
    paid = float(weighted_mean(rate, sales, axis=(0, 1)))
    firms = sight.firms
    need = firms.employment if sight.parameter("sharing_need") == 0 else firms.sales
    alone = alone_cost(
        need, firms.sales, sight.parameter("sharing_cost"), sight.parameter("sharing_scale_exponent")
    )
    return paid, float(alone @ firms.sales / firms.sales.sum())


def _sector_contribution(sight: Sight) -> tuple[float, float]:
    """Share of high-tech sectors in the growth of productivity, and in sales."""
    weight, growth = _growth(sight)
    part = float((weight * growth)[sight.high_tech].sum())
    return ratio(part, float(weight @ growth)), high_tech_sales(sight)


WITHIN: dict[str, Callable[[Sight], tuple[float, float]]] = {
    "C3.saving": _saving,
    "C7.sectors": _sector_contribution,
    "C7.small": _small_contribution,
}
"""By row: both values, from the run as configured."""

COHORTS: dict[str, str] = {"C12": "survival", "C7.small": "decade", "C7.radical": "decade"}
"""Rows that need firms to be followed."""
