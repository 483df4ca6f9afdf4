"""Demand, institution indices and pools: sections 7.0 and 7.1, read by every later stage."""

from dataclasses import dataclass

import numpy as np

from .tables import CHANNELS, QUALITY, count_by, ratio, sum_by

INDEX_RATE = 0.7
LEAST_INFRASTRUCTURE = 1e-6


def institution_index(stock):
    """I(X) = 1 - exp(-0.7 X)."""
    return 1.0 - np.exp(-INDEX_RATE * np.asarray(stock, dtype=np.float64))


AVERAGE_INDEX = float(institution_index(1.0))


@dataclass(frozen=True)
class Institutions:
    """What firms and workers feel of the regions' stocks; every array is (R,)."""

    infrastructure: np.ndarray
    university: np.ndarray
    services: np.ndarray
    finance: np.ndarray
    crowding: np.ndarray


@dataclass(frozen=True)
class Pools:
    """The world as it stands at the start of a period.

    Firm arrays are (n,), `knowledge` (4, n), cell tables (R, S), `cell_knowledge` and `spillover` (4, R, S),
    `sector_knowledge` (4, S).
    """

    regions: int
    sectors: int
    offsets: np.ndarray
    cell: np.ndarray
    region: np.ndarray
    sector: np.ndarray
    knowledge: np.ndarray
    firms: np.ndarray
    demand: np.ndarray
    demand_growth: np.ndarray
    jobs_per_share: np.ndarray
    planned_sales: np.ndarray
    planned_jobs: np.ndarray
    small: np.ndarray
    small_sales: np.ndarray
    cell_jobs: np.ndarray
    cell_knowledge: np.ndarray
    sector_knowledge: np.ndarray
    spillover: np.ndarray

    @property
    def cells(self):
        """Number of cells."""
        return self.regions * self.sectors

    @property
    def region_firms(self):
        """Firms by region (R,)."""
        return self.firms.sum(axis=1)

    @property
    def sector_firms(self):
        """Firms by sector (S,)."""
        return self.firms.sum(axis=0)

    @property
    def region_jobs(self):
        """Planned employment by region X_r (R,), workers."""
        return self.cell_jobs.sum(axis=1)

    @property
    def sector_jobs(self):
        """Planned employment by sector X_k (S,), workers."""
        return self.cell_jobs.sum(axis=0)

    @property
    def sector_quality(self):
        """Mean quality by sector (S,)."""
        return self.sector_knowledge[QUALITY]

    def by_cell(self, values):
        """Sum firm values (n,) to a table (R, S)."""
        return sum_by(self.cell, values, self.cells).reshape(self.regions, self.sectors)

    def count_by_cell(self, members):
        """Count marked firms (n,) in a table (R, S)."""
        return count_by(self.cell, self.cells, members).reshape(self.regions, self.sectors)

    def destination_knowledge(self):
        """Mean knowledge of the cells (4, R, S), that of the sector where a cell is empty."""
        return np.where(self.firms > 0, self.cell_knowledge, self.sector_knowledge[:, None, :])


def demand_of_period(market, growth, shock):
    """Sales of each sector D (S,) and its growth (S,).

    The growth factor is used as such: it equals D / market - 1 and exists for a sector without a market.
    """
    factor = (1.0 + growth) * (1.0 + shock)
    return market * factor, factor - 1.0


def felt_institutions(state, params):
    """Institution indices and crowding as firms feel them (7.0, crowding of 7.6)."""
    feedback = params["feedback.ris_to_cluster"]

    def felt(stock):
        return AVERAGE_INDEX + feedback * (institution_index(stock) - AVERAGE_INDEX)

    workforce = state["workforce"]
    room = np.maximum(1.0 + feedback * (state["infrastructure"] - 1.0), LEAST_INFRASTRUCTURE)
    crowding = (workforce / (workforce.mean() * room)) ** params["sharing.congestion_exponent"]
    return Institutions(
        infrastructure=felt(state["infrastructure"]),
        university=felt(state["university"]),
        services=felt(state["services"]),
        finance=felt(state["finance"]),
        crowding=crowding,
    )


def spillover_pools(proximity, relatedness, firms, knowledge_sums):
    """Pools of knowledge within reach (4, R, S); minus infinity where no firm is in reach."""
    weight = proximity @ firms @ relatedness.T
    return np.stack(
        [ratio(proximity @ sums @ relatedness.T, weight, otherwise=-np.inf) for sums in knowledge_sums]
    )


def take_pools(state, params, constants, demand_shock):
    """Everything of sections 7.0 and 7.1."""
    offsets = np.asarray(state["offsets"], dtype=np.int64)
    regions, sectors = len(state["workforce"]), len(state["market"])
    firms = np.diff(offsets).reshape(regions, sectors)
    cell = np.repeat(np.arange(regions * sectors), firms.ravel())
    region, sector = cell // sectors, cell % sectors
    share = state["share"][: cell.size]
    knowledge = np.stack([state[channel][: cell.size] for channel in CHANNELS])

    demand, growth = demand_of_period(state["market"], constants["demand_growth"], demand_shock)
    wage = state["wage"][:, None]
    jobs_per_share = demand * constants["labour_share"] / ((1.0 + constants["markup"]) * wage)
    planned_sales = share * demand[sector]
    planned_jobs = share * jobs_per_share[region, sector]
    small = planned_jobs < params["sme.size"]

    def table(values):
        return sum_by(cell, values, regions * sectors).reshape(regions, sectors)

    sums = np.stack([table(values) for values in knowledge])
    small_firms = table(small.astype(np.float64))
    return Pools(
        regions=regions,
        sectors=sectors,
        offsets=offsets,
        cell=cell,
        region=region,
        sector=sector,
        knowledge=knowledge,
        firms=firms,
        demand=demand,
        demand_growth=growth,
        jobs_per_share=jobs_per_share,
        planned_sales=planned_sales,
        planned_jobs=planned_jobs,
        small=small,
        small_sales=ratio(table(planned_sales * small), small_firms),
        cell_jobs=table(share) * jobs_per_share,
        cell_knowledge=ratio(sums, firms),
        sector_knowledge=_sector_knowledge(sums, firms, state["knowledge"]),
        spillover=spillover_pools(constants["proximity"], constants["relatedness"], firms, sums),
    )


def _sector_knowledge(sums, firms, last_known):
    sector_firms = firms.sum(axis=0)
    return np.where(sector_firms > 0, ratio(sums.sum(axis=1), sector_firms), np.asarray(last_known).T)
