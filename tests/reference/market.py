"""Price, fitness, market shares and accounts: sections 7.7 to 7.9."""

from dataclasses import dataclass

import numpy as np

from . import rng
from .tables import ORGANISATION, SOURCING, TECHNOLOGY, ratio, sum_by

LARGEST_EXPONENT = 600.0


def labour_productivity(knowledge, labour_share):
    """Log factor saving lambda (m + a) + (1 - lambda) c of firms (n,), without the place."""
    labour = knowledge[ORGANISATION] + knowledge[TECHNOLOGY]
    return labour_share * labour + (1.0 - labour_share) * knowledge[SOURCING]


def log_price(pools, knowledge, wage, log_place, cost_rate, params, constants):
    """Ln p (n,); `cost_rate` is tau + o of each firm, `log_place` is ln A (R, S)."""
    labour = constants["labour_share"][pools.sector]
    log_wage = np.log(wage)[pools.region]
    factors = labour * log_wage + (1.0 - labour) * np.log(params["market.material_price"])
    productivity = labour_productivity(knowledge, labour) + log_place.ravel()[pools.cell]
    return np.log(1.0 + constants["markup"])[pools.sector] + factors - productivity + np.log(1.0 + cost_rate)


def uses_name(pools, quality, params):
    """Which firms may use the name of their place (n,)."""
    if not params["reputation.standard"]:
        return np.ones(quality.shape, dtype=bool)
    return quality >= pools.sector_quality[pools.sector] - params["reputation.tolerance"]


def log_fitness(pools, quality, name, price, custom, reputation, params):
    """Ln f (n,) before it is kept in range; `price` is ln p."""
    appeal = quality + params["reputation.weight"] * reputation.ravel()[pools.cell] * name
    return params["market.quality_weight"] * appeal - params["market.price_weight"] * price + custom


def fitness_in_range(pools, log_level, fitness_level):
    """Fitness (n,) relative to the level of the sector, and the level of the next period (S,)."""
    excess = log_level - fitness_level[pools.sector]
    fitness = np.exp(np.clip(excess, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    mean = ratio(sum_by(pools.sector, fitness, pools.sectors), pools.sector_firms, otherwise=1.0)
    return fitness, fitness_level + np.log(mean)


def demand_shocks(pools, share, word, params):
    """Laplace shocks to the custom of firms (n,) from w3 of EVENT; a firm without sales has none."""
    size = pools.sector_firms[pools.sector] * share
    scale = np.zeros(share.shape)
    sells = size > 0.0
    scale[sells] = params["market.turbulence"] * size[sells] ** -params["market.size_exponent"]
    v = 2.0 * rng.open_uniform(word) - 1.0
    cap = params["market.shock_cap"]
    return np.clip(-np.sign(v) * scale * np.log(1.0 - np.abs(v)), -cap, cap)


def new_shares(sector, sectors, share, fitness, shock, rule, choice):
    """Market shares after the period (n,).

    Parameters
    ----------
    sector : ndarray of int (n,)
    sectors : int
    share, fitness, shock : ndarray (n,)
        Old shares, fitness and demand shocks.
    rule : {"ces", "replicator"}
    choice : float
        `market.choice`.

    Raises
    ------
    ValueError
        For another rule.
    """
    shaken = share * np.exp(shock)
    total = sum_by(sector, shaken, sectors)[sector]
    if rule == "ces":
        target = fitness / sum_by(sector, fitness, sectors)[sector]
        return ((1.0 - choice) * shaken + choice * target) / ((1.0 - choice) * total + choice)
    if rule == "replicator":
        shaken = ratio(shaken, total)
        mean = sum_by(sector, shaken * fitness, sectors)[sector]
        return shaken * (1.0 + choice * (ratio(fitness, mean, otherwise=1.0) - 1.0))
    raise ValueError(f"market.rule is {rule!r}; allowed: ces, replicator")


@dataclass(frozen=True)
class Accounts:
    """The ledger of each firm for one period, money (n,).

    sales = wages + materials + overhead + transaction + own_research + tax + payout + (cash - cash before).
    """

    sales: np.ndarray
    wages: np.ndarray
    materials: np.ndarray
    overhead: np.ndarray
    transaction: np.ndarray
    own_research: np.ndarray
    tax: np.ndarray
    payout: np.ndarray
    cash: np.ndarray


def accounts(sales, own_research, cash, overhead_rate, transaction, labour_share, markup, params):
    """Close the books of a period.

    Parameters
    ----------
    sales, own_research, cash : ndarray (n,)
        New sales, research paid by the firm, liquid assets before.
    overhead_rate, transaction : ndarray (n,)
        Rates o and tau.
    labour_share, markup : ndarray (n,)
    params : dict

    Returns
    -------
    Accounts
    """
    cost = sales / (1.0 + markup)
    loading = 1.0 + transaction + overhead_rate
    overhead = cost * overhead_rate / loading
    transaction_cost = cost * transaction / loading
    profit = markup / (1.0 + markup) * sales - own_research
    tax = params["accounts.tax"] * np.maximum(profit, 0.0)
    before_payout = cash + profit - tax
    payout = params["accounts.payout"] * np.maximum(before_payout, 0.0)
    return Accounts(
        sales=sales,
        wages=labour_share * cost,
        materials=(1.0 - labour_share) * cost - overhead - transaction_cost,
        overhead=overhead,
        transaction=transaction_cost,
        own_research=own_research,
        tax=tax,
        payout=payout,
        cash=before_payout - payout,
    )
