"""Labour market, mobility, institutions, trust and reputation: sections 7.12 and 7.13."""

import numpy as np

from .tables import ratio


def new_wages(wage, labour_demand, workforce, shock, params):
    """Wages after the response to the labour market (R,)."""
    tightness = labour_demand / workforce - 0.95
    cap = params["labour.wage_cap"]
    return wage * np.exp(np.clip(params["labour.wage_response"] * tightness, -cap, cap)) * (1.0 + shock)


def regional_reputation(jobs, reputation):
    """Reputation of a region (R,): mean of its cells (R, S) weighted by employment, 0 without any."""
    return ratio((jobs * reputation).sum(axis=1), jobs.sum(axis=1))


def log_attraction(workforce, wage, trust, reputation, infrastructure, crowding, params):
    """Log attraction of regions to workers (R,)."""
    return (
        params["mobility.size"] * np.log(workforce)
        + params["mobility.wage"] * np.log(wage)
        + params["mobility.trust"] * trust
        + params["mobility.reputation"] * reputation
        + params["mobility.infrastructure"] * infrastructure
        - params["mobility.congestion"] * crowding
    )


def mobility(workforce, attraction, proximity, rate):
    """Workers who choose a region by logit.

    Parameters
    ----------
    workforce : ndarray (R,)
        Workers at the start.
    attraction : ndarray (R,)
        Log attraction.
    proximity : ndarray (R, R)
    rate : float
        Share of workers who choose.

    Returns
    -------
    settled : ndarray (R,)
        Workers afterwards, before growth; their sum is unchanged.
    net : ndarray (R,)
        Inflow less outflow.
    """
    weight = proximity * np.exp(attraction - attraction.max())
    chosen = workforce @ ratio(weight, weight.sum(axis=1, keepdims=True))
    return (1.0 - rate) * workforce + rate * chosen, rate * (chosen - workforce)


def institution_norms(norms, period, tax, research, workforce, wage):
    """Tax and research per worker in national wages (2,), fixed in period 0."""
    if period > 0:
        return np.array(norms, dtype=np.float64)
    return ratio([tax.sum(), research.sum()], (workforce * wage).sum())


def institutions(
    stocks, policy, norms, workforce, wage, firms, tax, research, innovations, reputation, params
):
    """Stocks of the four institutions after the period.

    Parameters
    ----------
    stocks, policy : dict of ndarray (R,)
        Keys infrastructure, university, services, finance.
    norms : ndarray (2,)
        Tax and research per worker of period 0.
    workforce, wage, firms, tax, research, innovations, reputation : ndarray (R,)
        Values of the regions; workforce, wage and firms from the start of the period.
    params : dict

    Returns
    -------
    dict of ndarray (R,)
    """
    mean_wage = (workforce * wage).sum() / workforce.sum()
    payroll = workforce * mean_wage
    crowd = (workforce / workforce.mean()) ** params["institutions.scale"]
    tax_support = ratio(ratio(tax, payroll), norms[0]) * crowd
    research_support = ratio(ratio(research, payroll), norms[1]) ** params["institutions.university_exponent"]
    relative_firms = ratio(firms, firms.sum() / firms.size)
    support = {
        "infrastructure": tax_support if norms[0] != 0.0 else np.ones_like(crowd),
        "university": research_support if norms[1] != 0.0 else np.ones_like(crowd),
        "services": relative_firms ** params["institutions.services_exponent"],
        "finance": _finance_support(workforce, firms, innovations, reputation, params) * crowd,
    }
    rate, feedback = params["institutions.depreciation"], params["feedback.cluster_to_ris"]
    return {
        name: np.maximum(
            0.0, (1.0 - rate) * stock + rate * ((1.0 - feedback) + feedback * support[name] + policy[name])
        )
        for name, stock in stocks.items()
    }


def _finance_support(workforce, firms, innovations, reputation, params):
    average = ratio(innovations.sum(), firms.sum())
    rate = ratio(innovations / np.maximum(firms, 1), average, otherwise=1.0)
    appeal = np.exp(params["finance.response"] * np.minimum(3.0, rate) + 0.5 * reputation)
    return appeal / ((workforce * appeal).sum() / workforce.sum())


def new_trust(trust, contact, firms, params):
    """Trust after the period (R,); it rises only where there are firms."""
    return (
        trust + params["trust.rise"] * contact * (1.0 - trust) * (firms > 0) - params["trust.decay"] * trust
    )


def new_reputation(pools, reputation, share, quality, name, policy, params):
    """Reputation of the cells (R, S) after the period, from the operating firms' quality."""
    named_share = pools.by_cell(share * name)
    cell_quality = ratio(pools.by_cell(share * name * quality), named_share)
    sector_quality = ratio(pools.by_cell(share * quality).sum(axis=0), pools.by_cell(share).sum(axis=0))
    target = np.where(named_share > 0.0, cell_quality - sector_quality, 0.0)
    return reputation + params["reputation.rate"] * (target + policy - reputation)
