"""Initialisation: section 5.1."""

import numpy as np

from . import rng
from .market import labour_productivity
from .pools import AVERAGE_INDEX, institution_index
from .tables import CHANNELS, QUALITY, TECHNOLOGY, sum_by

EMPLOYED_SHARE = 0.95
SMALLEST_WORKFORCE = 1.0
GREATEST_AGE = 200


def initialise(offsets, employment, constants, params, stocks, seed, replicate):
    """World at the start of period 0.

    Parameters
    ----------
    offsets : ndarray of int (R*S + 1,)
    employment : ndarray (n,)
        Workers of each firm, in order of cell.
    constants, params : dict
    stocks : dict of ndarray (R,)
        infrastructure, university, services, finance; 1 is the national average.
    seed, replicate : int

    Returns
    -------
    dict
        The state.
    """
    offsets = np.array(offsets, dtype=np.int64)
    employment = np.asarray(employment, dtype=np.float64)
    sectors = len(constants["markup"])
    regions = (offsets.size - 1) // sectors
    sizes = np.diff(offsets)
    cell = np.repeat(np.arange(sizes.size), sizes)
    region, sector = cell // sectors, cell % sectors

    w0, w1, _, _ = rng.draw_pair(cell, rng.ranks_in_groups(sizes), 0, rng.INITIAL, 0, 0)
    identity = rng.join_words(w0, w1)
    labour_share = constants["labour_share"][sector]
    sales = employment * (1.0 + constants["markup"][sector]) / labour_share
    market = sum_by(sector, sales, sectors)
    share = sales / market[sector]
    typical = np.zeros((sectors, 4))
    typical[:, TECHNOLOGY] = np.where(constants["high_tech"], params["initial.technology_lead"], 0.0)
    knowledge = initial_knowledge(identity, typical.T[:, sector], params, seed, replicate)
    custom = np.log(np.bincount(sector, minlength=sectors)[sector] * share)
    custom -= params["market.quality_weight"] * knowledge[QUALITY]
    custom -= params["market.price_weight"] * labour_productivity(knowledge, labour_share)
    tie_word, age_word, _, _ = rng.draw(identity, 0, rng.INITIAL_STATE, seed, replicate)
    feedback = params["feedback.ris_to_cluster"]
    pipeline = 1.0 + feedback * (institution_index(stocks["university"]) / AVERAGE_INDEX - 1.0)
    return {
        "offsets": offsets,
        "identity": identity,
        "age": initial_age(rng.uniform(age_word), params["exit.closure"]),
        **dict(zip(CHANNELS, knowledge, strict=True)),
        "research": constants["rd_intensity"][sector].astype(np.float64),
        "custom": custom,
        "share": share,
        "cash": params["initial.cash"] * sales,
        "tie": (rng.uniform(tie_word) < params["initial.tied"]).astype(np.uint8),
        "workforce": np.maximum(sum_by(region, employment, regions) / EMPLOYED_SHARE, SMALLEST_WORKFORCE),
        "wage": np.ones(regions),
        "trust": np.full(regions, params["trust.level"], dtype=np.float64),
        **{name: np.array(stocks[name], dtype=np.float64) for name in stocks},
        "pipeline": np.repeat(pipeline[:, None], 3, axis=1),
        "reputation": np.zeros((regions, sectors)),
        "market": market,
        "fitness_level": np.zeros(sectors),
        "knowledge": typical,
        "norms": np.zeros(2),
        "period": 0,
    }


def initial_knowledge(identity, typical, params, seed, replicate):
    """Knowledge (4, n) around the typical level (4, n)."""
    words = rng.draw(identity, 0, rng.INITIAL_KNOWLEDGE, seed, replicate)
    spread = np.array([params[f"initial.sd_{channel}"] for channel in CHANNELS])[:, None]
    return typical + spread * np.stack([rng.normal(word) for word in words])


def initial_age(u, closure):
    """Age drawn geometrically with the closure hazard (n,), at most 200 periods; 0 without a hazard."""
    if not 0.0 < closure < 1.0:
        return np.zeros(u.shape, dtype=np.int32)
    age = np.floor(np.log(1.0 - u) / np.log(1.0 - closure))
    return np.minimum(age, GREATEST_AGE).astype(np.int32)
