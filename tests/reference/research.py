"""Upgrading, science, research and innovation: sections 7.3 to 7.5."""

from dataclasses import dataclass

import numpy as np

from . import rng
from .pools import AVERAGE_INDEX
from .tables import ORGANISATION, QUALITY, SOURCING, TECHNOLOGY, count_by, ratio

KINDS = (
    (QUALITY, "quality"),
    (TECHNOLOGY, "technology"),
    (ORGANISATION, "organisation"),
    (SOURCING, "sourcing"),
)


def upgrading_gain(pools, technology, absorption, institutions, params, constants):
    """Gain of traditional firms from related high-tech firms of their region (n,)."""
    high_tech = np.asarray(constants["high_tech"], dtype=bool)
    relation = constants["relatedness"] * high_tech
    weight = pools.firms @ relation.T
    mean = ratio((pools.firms * pools.cell_knowledge[TECHNOLOGY]) @ relation.T, weight, otherwise=-np.inf)
    system = (
        institutions.infrastructure * institutions.university * institutions.services * institutions.finance
    ) ** 0.25
    gap = np.maximum(mean[pools.region, pools.sector] - technology, 0.0)
    gain = params["upgrading.rate"] * system[pools.region] * absorption * gap
    return np.where(high_tech[pools.sector], 0.0, gain)


@dataclass(frozen=True)
class Science:
    """Flows from universities to firms; arrays are (R,), `pipeline` (R, 3) is the new one."""

    tied_share: np.ndarray
    leaving: np.ndarray
    outflow: np.ndarray
    pipeline: np.ndarray


def science(pipeline, tied, firms, university, params):
    """Move research through the three stages on its way to production.

    Parameters
    ----------
    pipeline : ndarray (R, 3)
    tied, firms : ndarray (R,)
        Tied firms and all firms.
    university : ndarray (R,)
        Index of universities as firms feel it.
    params : dict
    """
    base = params["science.exit_probability"]
    tied_share = ratio(tied, firms)
    leaving = np.minimum(1.0, base * (1.0 + params["science.tie_speed"] * tied_share))
    inflow = base * university / AVERAGE_INDEX
    into_stage = np.column_stack([inflow, leaving * pipeline[:, 0], leaving * pipeline[:, 1]])
    moved = pipeline - leaving[:, None] * pipeline + into_stage
    return Science(tied_share, leaving, leaving * pipeline[:, 2], moved)


def science_gain(tie, absorption, outflow, params):
    """Gain of tied firms from research that arrives (n,); nothing arrives if nothing ever leaves."""
    return params["science.rate"] * tie * absorption * ratio(outflow, params["science.exit_probability"])


def new_ties(tie, word, services, params):
    """Ties of the next period (n,) from w1 of EVENT."""
    u = rng.uniform(word)
    keeps = u >= params["science.tie_break"]
    makes = u < params["science.tie_rate"] * services
    return np.where(tie > 0, keeps, makes).astype(np.uint8)


def tied_firms(pools, tie):
    """Tied firms by region (R,)."""
    return count_by(pools.region, pools.regions, tie > 0)


def credit_line(sales, small, finance, params):
    """Credit a firm can draw (n,), money; `finance` is the index of its region."""
    credit = (params["finance.credit"] + params["finance.credit_index"] * finance) * sales
    access = params["sme.access"] + (1.0 - params["sme.access"]) * finance
    return np.where(small, access * credit, credit)


@dataclass(frozen=True)
class Research:
    """Spending on research (n,), money: paid by the firm, with subsidy, and as effective for innovation."""

    own: np.ndarray
    total: np.ndarray
    effective: np.ndarray


def research_spending(pools, cash, institutions, subsidy, params, constants):
    """Research spending of section 7.5; `subsidy` is the policy (R, S)."""
    finance = institutions.finance[pools.region]
    intensity = constants["rd_intensity"][pools.sector]
    credit = credit_line(pools.planned_sales, pools.small, finance, params)
    own = np.clip(intensity * pools.planned_sales, 0.0, np.maximum(cash + credit, 0.0))
    total = own * (1.0 + subsidy.ravel()[pools.cell])
    pooled = params["sme.pooling"] * institutions.university[pools.region] * intensity
    pooled = pooled * pools.small_sales.ravel()[pools.cell]
    return Research(own, total, total + np.where(pools.small, pooled, 0.0))


def innovation_probability(pools, effective, params, constants):
    """Chance that a firm innovates (n,)."""
    norm = constants["rd_intensity"] * ratio(pools.demand, pools.sector_firms)
    relative = np.maximum(ratio(effective, norm[pools.sector]), 0.0)
    rate = constants["innovation_rate"][pools.sector]
    chance = 1.0 - np.exp(-rate * relative ** params["innovation.elasticity"])
    return np.where(effective > 0.0, chance, 0.0)


@dataclass(frozen=True)
class Innovations:
    """Gains in knowledge (4, n) and marks (n,) of innovating and patenting firms."""

    gain: np.ndarray
    innovates: np.ndarray
    patents: np.ndarray


def innovate(pools, identity, event_word, probability, params, constants, period, seed, replicate):
    """Draw the innovations of the period."""
    innovates = rng.uniform(event_word) < probability
    firm = np.flatnonzero(innovates)
    words = rng.draw(identity[firm], period, rng.INNOVATION, seed, replicate)
    u_step, u_radical, u_kind, u_patent = (rng.uniform(word) for word in words)

    step = 1.0 - (1.0 - u_step) ** (1.0 / params["innovation.step_shape"])
    theta = constants["innovation_scale"][pools.sector[firm]] * step
    radical = params["innovation.radical"] * np.where(pools.small[firm], params["sme.radical"], 1.0)
    theta = np.where(u_radical < radical, theta * params["innovation.radical_size"], theta)

    gain = np.zeros_like(pools.knowledge)
    gain[innovation_kind(u_kind, params), firm] = np.log(1.0 + theta)
    patents = np.zeros_like(innovates)
    patents[firm] = u_patent < params["innovation.patented"]
    return Innovations(gain, innovates, patents)


def innovation_kind(u, params):
    """Channel that an innovation improves (m,)."""
    weights = np.array([params[f"innovation.kind_{name}"] for _, name in KINDS])
    bounds = ratio(np.cumsum(weights), weights.sum())[:-1]
    return np.array([channel for channel, _ in KINDS])[np.searchsorted(bounds, u, side="right")]


def smoothed_research(research, spending, sales, smoothing):
    """Smoothed research per unit of sales e' (n,)."""
    return (1.0 - smoothing) * research + smoothing * ratio(spending, sales)
