"""Shared infrastructure, agglomeration and transaction cost: section 7.6."""

import numpy as np

from .tables import ratio


def shared_cost(need, cost, exponent, mean_need, mean_sales):
    """C(B) = cost * mean_sales * (B / mean_need)**exponent; no need costs nothing."""
    relative = ratio(need, mean_need)
    return np.where(relative > 0.0, cost * mean_sales * relative**exponent, 0.0)


def charges(need, rule, cost, exponent, mean_need, mean_sales):
    """Charge each firm of one region for shared infrastructure.

    Parameters
    ----------
    need : ndarray (n,)
        Needs b_i of the firms of the region.
    rule : {"proportional", "equal", "serial"}
    cost, exponent : float
        `sharing.cost` and `sharing.scale_exponent`.
    mean_need, mean_sales : float
        Mean need and mean planned sales over all firms of the world.

    Returns
    -------
    ndarray (n,)
        Charges, money.

    Raises
    ------
    ValueError
        For another rule.
    """
    need = np.asarray(need, dtype=np.float64)

    def total(amount):
        return shared_cost(amount, cost, exponent, mean_need, mean_sales)

    if rule == "proportional":
        everyone = need.sum()
        return need * ratio(total(everyone), everyone)
    if rule == "equal":
        return _equal_charges(need, total)
    if rule == "serial":
        return _serial_charges(need, total)
    raise ValueError(f"sharing.rule is {rule!r}; allowed: proportional, equal, serial")


def _equal_charges(need, total):
    alone = total(need)
    member = np.ones(need.shape, dtype=bool)
    while member.any():
        head = total(need[member].sum()) / np.count_nonzero(member)
        leaves = member & (alone < head)
        if not leaves.any():
            return np.where(member, head, alone)
        member &= ~leaves
    return alone


def _serial_charges(need, total):
    order = np.argsort(need, kind="stable")
    ascending = need[order]
    remaining = np.arange(need.size, 0, -1)
    below = np.cumsum(ascending) - ascending
    step = np.diff(total(below + remaining * ascending), prepend=0.0) / remaining
    charge = np.empty_like(need)
    charge[order] = np.cumsum(step)
    return charge


def overhead_rates(pools, crowding, params):
    """Overhead per unit of sales o_i (n,): the charge and congestion."""
    charge = np.zeros(pools.cell.size)
    if charge.size:
        need = pools.planned_sales if params["sharing.need"] == "sales" else pools.planned_jobs
        rule, cost, exponent = (
            params["sharing.rule"],
            params["sharing.cost"],
            params["sharing.scale_exponent"],
        )
        mean_need, mean_sales = need.mean(), pools.planned_sales.mean()
        for region in range(pools.regions):
            first, last = pools.offsets[region * pools.sectors], pools.offsets[(region + 1) * pools.sectors]
            charge[first:last] = charges(need[first:last], rule, cost, exponent, mean_need, mean_sales)
    return ratio(charge, pools.planned_sales) + params["sharing.congestion"] * crowding[pools.region]


def log_agglomeration(pools, workforce, params):
    """Ln A (R, S): economies of localisation, urbanisation and diversity."""
    jobs = pools.cell_jobs
    occupied = np.count_nonzero(pools.firms)
    localisation = np.log1p(ratio(jobs, ratio(jobs.sum(), occupied)))
    urbanisation = np.log(workforce / workforce.mean())
    shares = ratio(jobs, pools.region_jobs[:, None])
    herfindahl = (shares**2).sum(axis=1)
    concentration = np.log(np.where(herfindahl > 0.0, herfindahl, 1.0))
    by_region = (
        params["agglomeration.urbanisation"] * urbanisation
        - params["agglomeration.diversity"] * concentration
    )
    return params["agglomeration.localisation"] * localisation + by_region[:, None]


def transaction_rate(trust, services, params):
    """Transaction cost per unit of sales tau (R,)."""
    relief = params["transaction.trust"] * trust + params["transaction.services"] * services
    return params["transaction.cost"] * np.exp(-relief)
