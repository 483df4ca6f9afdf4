"""What the policy environments ask for and pay: money for instruments, what is seen, welfare.

Everything is computed for several worlds at once, along the first axis, in plain NumPy. Formulas and their sources
are in docs/COMPONENTS.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import real_number
from technopole.errors import ConfigError
from technopole.schema import INSTRUMENTS, STOCKS, suggestion
from technopole.world.build import Blueprint
from technopole.world.policies import DIMS

Floats = NDArray[np.float64]

ALLOWED = ("rd_subsidy", *STOCKS)
"""Instruments that have a price."""
RECORDED = (
    *("tax", "sales", "price", "quality", "own_research", "productivity", "firms", "innovations"),
    "labour_demand",
)
"""What is read of the last period."""
REGION_FEATURES = (
    *("relative_wage", "income", "workforce", "labour_market", "trust", *STOCKS),
    *("firms", "innovation", "research", "productivity"),
)
"""Observations of a region, in order."""
ECONOMY_FEATURES = ("time",)
OWN_REGIONS = 10
"""Up to so many regions each one is a group of its own unless groups are given."""
HIGHEST_SUBSIDY = 1.0
"""More than doubling a firm's research is not offered; the money stays unspent."""
_INSTITUTION = 0.7  # of the index of institutions, docs/MODEL.md


@dataclass(frozen=True)
class Seen:
    """The state of several worlds after a period.

    Attributes
    ----------
    regions : dict of str to ndarray, (world, region)
        workforce, wage, trust, the four stocks.
    norms : ndarray, (world, 2)
        Tax and research per worker in national wages, first period.
    recorded : dict of str to ndarray, (world, region, sector) or (world, region)
        `RECORDED`.
    """

    regions: dict[str, Floats]
    norms: Floats
    recorded: dict[str, Floats]


@dataclass
class Marks:
    """Where each world stood when its episode began."""

    income: Floats
    workforce: Floats
    firms: Floats
    productivity: Floats
    welfare: Floats


class PolicyTask:
    """Spending a budget on instruments in groups of regions, for the welfare of the population.

    Parameters
    ----------
    blueprint : Blueprint
        The economy.
    instruments : sequence of str
        Out of `ALLOWED`.
    groups : mapping of str to sequence of str, optional
        Name of a group → its regions; regions in no group get nothing. Each region by itself up to `OWN_REGIONS`
        regions, otherwise all together, if absent.
    budget : float
        Spending per period as a share of all taxes of the last period.
    aversion : float
        Aversion to inequality between workers of different regions (Atkinson's ε, at least 0).
    periods : int
        Length of an episode.

    Raises
    ------
    ConfigError
        If one of them cannot be used.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        instruments: Sequence[str],
        groups: Mapping[str, Sequence[str]] | None,
        budget: float,
        aversion: float,
        periods: int,
    ) -> None:
        self.instruments = _instruments(instruments)
        ids = blueprint.tables.region_ids
        self.groups = _groups(groups, ids)
        self.regions = list(ids)
        self.periods = periods
        for name, value in (("budget", budget), ("aversion", aversion)):
            if not 0.0 <= real_number(value) < np.inf:
                raise ConfigError(f"{name}: found {value!r:.60}; allowed: a number from 0")
        self._budget, self._aversion = float(budget), float(aversion)
        self._member = np.array(
            [[region in members for region in ids] for members in self.groups.values()], dtype=np.float64
        )
        market = blueprint.config.market
        self._quality_price = float(market.quality_weight) / max(float(market.price_weight), 1e-9)

    @property
    def action_size(self) -> int:
        """Instruments times groups."""
        return len(self.instruments) * len(self.groups)

    @property
    def observation_size(self) -> int:
        """Features of all regions and of the economy."""
        return len(self.regions) * len(REGION_FEATURES) + len(ECONOMY_FEATURES)

    # spending

    def spend(self, actions: Floats, seen: Seen) -> tuple[dict[str, Floats], Floats]:
        """Turn weights into policies.

        Parameters
        ----------
        actions : ndarray, (world, instrument × group)
            Weights from 0: money per worker of the group, relative to the other weights. All 0 spends nothing.
        seen : Seen
            After the last period: it has the taxes and the prices.

        Returns
        -------
        policies : dict of str to ndarray, (world, region)
            Value of each instrument.
        spent : ndarray, (world,)
            Money.
        """
        worlds = actions.shape[0]
        weights = np.clip(actions, 0.0, None).reshape(worlds, len(self.instruments), len(self.groups))
        workers = seen.regions["workforce"] @ self._member.T  # (world, group)
        money = weights * workers[:, np.newaxis]
        total = money.sum(axis=(1, 2), keepdims=True)
        budget = self._budget * seen.recorded["tax"].sum(axis=(1, 2))
        money *= budget[:, np.newaxis, np.newaxis] / np.where(total > 0.0, total, 1.0)
        wage = _mean_wage(seen)[:, np.newaxis]
        own_research = seen.recorded["own_research"].sum(axis=2) @ self._member.T
        spent, policies = np.zeros(worlds), {}
        for place, name in enumerate(self.instruments):
            if name == "rd_subsidy":
                price, highest = own_research, HIGHEST_SUBSIDY
            else:
                norm = seen.norms[:, 1 if name == "university" else 0, np.newaxis]
                price, highest = norm * wage * workers, INSTRUMENTS[name].high
            value = np.divide(money[:, place], price, out=np.zeros_like(price), where=price > 0.0)
            np.minimum(value, highest, out=value)
            spent += (value * price).sum(axis=1)
            policies[name] = value @ self._member
        return policies, spent

    # what is seen

    def observe(self, seen: Seen, marks: Marks, done: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the observations.

        Parameters
        ----------
        seen : Seen
            After the last period.
        marks : Marks
            Of the begin of the episode.
        done : ndarray, (world,)
            Periods done in the episode.

        Returns
        -------
        ndarray of float32, (world, observation_size)
            Between -1 and 1: for each region `REGION_FEATURES`, then `ECONOMY_FEATURES`.
        """
        regions, recorded = seen.regions, seen.recorded
        firms = recorded["firms"].sum(axis=2)
        workforce, demand = regions["workforce"], recorded["labour_demand"]
        sales = recorded["sales"].sum(axis=2)
        features = [
            np.tanh(np.log(regions["wage"] / _mean_wage(seen)[:, np.newaxis])),
            np.tanh(self.income(seen) - marks.income),
            np.tanh(2.0 * np.log(workforce / marks.workforce)),
            np.clip(demand / workforce - 1.0, -1.0, 1.0),
            regions["trust"],
            *(1.0 - np.exp(-_INSTITUTION * regions[stock]) for stock in STOCKS),
            np.tanh(np.log((firms + 1.0) / (marks.firms + 1.0))),
            np.minimum(2.0 * recorded["innovations"].sum(axis=2) / np.maximum(firms, 1.0), 1.0),
            np.minimum(10.0 * recorded["own_research"].sum(axis=2) / np.maximum(sales, 1e-300), 1.0),
            np.tanh(_productivity(recorded) - marks.productivity),
        ]
        worlds = workforce.shape[0]
        result = np.empty((worlds, self.observation_size), dtype=np.float32)
        table = np.stack(features, axis=2)  # (world, region, feature)
        result[:, :-1] = np.clip(table, -1.0, 1.0).reshape(worlds, -1)
        result[:, -1] = np.minimum(done / self.periods, 1.0)
        return result

    # welfare

    def income(self, seen: Seen) -> Floats:
        """Return the log real income per worker of each region, (world, region).

        Wage times the share of the workforce that is wanted, at prices corrected for quality.
        """
        employed = np.minimum(seen.recorded["labour_demand"] / seen.regions["workforce"], 1.0)
        money = np.log(seen.regions["wage"] * np.maximum(employed, 1e-9))
        sales = seen.recorded["sales"]
        price = np.nan_to_num(seen.recorded["price"] - self._quality_price * seen.recorded["quality"])
        level = (sales * price).sum(axis=(1, 2)) / np.maximum(sales.sum(axis=(1, 2)), 1e-300)
        return np.asarray(money - level[:, np.newaxis])

    def welfare(self, seen: Seen) -> Floats:
        """Return the log of the equally-distributed-equivalent income, (world,) (Atkinson 1970)."""
        income, workforce = self.income(seen), seen.regions["workforce"]
        weight = workforce / workforce.sum(axis=1, keepdims=True)
        if abs(self._aversion - 1.0) < 1e-9:
            return np.asarray((weight * income).sum(axis=1))
        highest = income.max(axis=1, keepdims=True)
        power = 1.0 - self._aversion
        mean = (weight * np.exp(power * (income - highest))).sum(axis=1)
        return np.asarray(highest[:, 0] + np.log(mean) / power)

    def marks(self, seen: Seen) -> Marks:
        """Return what later observations and rewards are compared with."""
        return Marks(
            self.income(seen),
            seen.regions["workforce"].copy(),
            seen.recorded["firms"].sum(axis=2),
            _productivity(seen.recorded),
            self.welfare(seen),
        )

    def reward(self, seen: Seen, marks: Marks) -> Floats:
        """Return the welfare gained since the episode began, (world,), in log points."""
        return np.asarray(self.welfare(seen) - marks.welfare)


def _mean_wage(seen: Seen) -> Floats:
    workforce = seen.regions["workforce"]
    return np.asarray((workforce * seen.regions["wage"]).sum(axis=1) / workforce.sum(axis=1))


def _productivity(recorded: Mapping[str, Floats]) -> Floats:
    sales = recorded["sales"]
    total = (sales * np.nan_to_num(recorded["productivity"])).sum(axis=2)
    return np.asarray(total / np.maximum(sales.sum(axis=2), 1e-300))


def _instruments(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in ALLOWED:
            known = "has no price here" if name in DIMS else "is unknown"
            raise ConfigError(
                f'instruments: "{name}" {known}{suggestion(name, ALLOWED)}; allowed: {", ".join(ALLOWED)}'
            )
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"instruments: found {list(names)}; allowed: each one once, at least one")
    return tuple(names)


def _groups(groups: Mapping[str, Sequence[str]] | None, ids: Sequence[str]) -> dict[str, list[str]]:
    if groups is None:
        return {name: [name] for name in ids} if len(ids) <= OWN_REGIONS else {"all": list(ids)}
    seen: set[str] = set()
    for name, members in groups.items():
        if isinstance(members, str) or not members:
            raise ConfigError(f"groups: {name}: found {members!r}; allowed: a list of ids of regions")
        for region in members:
            if region not in ids:
                raise ConfigError(f'groups: {name}: region "{region}" is unknown{suggestion(region, ids)}')
            if region in seen:
                raise ConfigError(f'groups: {name}: region "{region}" is in a group already')
            seen.add(region)
    if not groups:
        raise ConfigError("groups: found none; allowed: at least one group of regions")
    return {name: list(members) for name, members in groups.items()}
