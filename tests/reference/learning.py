"""Learning from partners and from the pool: section 7.2 with its three rules."""

import numpy as np

from . import rng
from .pools import AVERAGE_INDEX
from .tables import CHANNELS, ORGANISATION, QUALITY, SOURCING, TECHNOLOGY, count_by, ratio, sum_by

TOLERANCE = 1e-12


def absorptive_capacity(research, rd_intensity, difficulty):
    """G = e / (e + difficulty * rho), 0 for a firm without research."""
    return ratio(research, research + difficulty * rd_intensity)


def contact_probability(trust, services, params):
    """Chance of a meeting in each region (R,)."""
    chance = params["learning.contact"] * (
        1.0
        + params["trust.contact"] * (trust - params["trust.level"])
        + params["services.contact"] * (services - AVERAGE_INDEX)
    )
    return np.clip(chance, 0.0, 1.0)


def learning(pools, identity, absorption, contact, params, constants, period, seed, replicate):
    """Knowledge after learning.

    Parameters
    ----------
    pools : Pools
    identity : ndarray of uint64 (n,)
    absorption : ndarray (n,)
        Absorptive capacity.
    contact : ndarray (R,)
        Contact probabilities.
    params, constants : dict
    period, seed, replicate : int

    Returns
    -------
    ndarray (4, n)
    """
    x = pools.knowledge
    rate = np.array([params[f"learning.{channel}"] for channel in CHANNELS])[:, None]
    rule = params["learning.rule"]
    if rule == "barter":
        gap = barter_gaps(pools, identity, contact, period, seed, replicate)
    else:
        if rule == "broadcast":
            gap = broadcast_gaps(pools, identity, contact, params, constants, period, seed, replicate)
        elif rule == "mean_field":
            gap = contact[pools.region] * mean_field_gaps(pools, params, constants)
        else:
            raise ValueError(f"learning.rule is {rule!r}; allowed: broadcast, barter, mean_field")
        secrecy = constants["appropriability"][pools.sector]
        gap[[TECHNOLOGY, QUALITY]] *= 1.0 - secrecy
    pool_gap = np.maximum(pools.spillover.reshape(4, -1)[:, pools.cell] - x, 0.0)
    return x + rate * absorption * gap + params["spillover.rate"] * absorption * pool_gap


def broadcast_gaps(pools, identity, contact, params, constants, period, seed, replicate):
    """How far the partner is ahead, max(x_j - x_i, 0), in each channel (4, n); 0 without a meeting."""
    words = rng.draw(identity, period, rng.MEETING, seed, replicate)
    gap = np.zeros_like(pools.knowledge)
    for channel, word in enumerate(words):
        u = rng.uniform(word)
        firm = np.flatnonzero(u < contact[pools.region])
        v = rng.stretch(u[firm] / contact[pools.region[firm]])
        if channel == ORGANISATION:
            partner = _partner_in_region(pools, firm, v)
        elif channel == SOURCING:
            partner = _partner_among_suppliers(pools, firm, v, constants["suppliers_cumulative"])
        else:
            partner = _partner_in_sector(pools, firm, v, params["learning.far"], constants["far"])
        met = partner >= 0
        firm, partner = firm[met], partner[met]
        x = pools.knowledge[channel]
        gap[channel, firm] = np.maximum(x[partner] - x[firm], 0.0)
    return gap


def _partner_in_region(pools, firm, v):
    region = pools.region[firm]
    return pools.offsets[region * pools.sectors] + rng.pick_index(v, pools.region_firms[region])


def _partner_in_cell(pools, cell, v):
    """Position of a firm of the cell, -1 if the cell is empty or no cell (-1) was found."""
    size = np.where(cell >= 0, pools.firms.ravel()[cell], 0)
    return np.where(size > 0, pools.offsets[cell] + rng.pick_index(v, size), -1)


def _partner_among_suppliers(pools, firm, v, suppliers):
    sector, v = rng.pick_row(v, suppliers, pools.sector[firm])
    cell = np.where(sector >= 0, pools.region[firm] * pools.sectors + sector, -1)
    return _partner_in_cell(pools, cell, v)


def _partner_in_sector(pools, firm, v, share_far, far):
    goes_far = v < share_far
    cell, rest = pools.cell[firm], np.empty_like(v)
    if np.any(goes_far):
        traveller = firm[goes_far]
        region, remainder = rng.pick_row(rng.stretch(v[goes_far] / share_far), far, pools.region[traveller])
        cell[goes_far] = np.where(region >= 0, region * pools.sectors + pools.sector[traveller], -1)
        rest[goes_far] = remainder
    near = ~goes_far
    rest[near] = rng.stretch((v[near] - share_far) / (1.0 - share_far))
    return _partner_in_cell(pools, cell, rest)


def upper_mean(values):
    """Mean of those values that are at least their plain mean (NaN for none)."""
    values = np.asarray(values, dtype=np.float64)
    return float(upper_means(values, np.zeros(values.size, dtype=np.int64), 1)[0])


def upper_means(values, group, groups):
    """Upper mean of each group (groups,), NaN for an empty one.

    The tolerance makes a set of equal values its own upper mean whatever the rounding of the mean.
    """
    mean = ratio(sum_by(group, values, groups), count_by(group, groups))
    above = values >= (mean - TOLERANCE * (1.0 + np.abs(mean)))[group]
    return ratio(sum_by(group, values * above, groups), count_by(group, groups, above), otherwise=np.nan)


def mean_field_gaps(pools, params, constants):
    """Give the expected gap to a partner of the upper half (4, n), before the contact probability."""
    x, cell = pools.knowledge, pools.cell
    present = pools.firms > 0
    gap = np.empty_like(x)

    region_top = upper_means(x[ORGANISATION], pools.region, pools.regions)
    gap[ORGANISATION] = np.maximum(region_top[pools.region] - x[ORGANISATION], 0.0)

    def cell_top(channel):
        top = upper_means(x[channel], cell, pools.cells).reshape(present.shape)
        return np.where(present, top, 0.0)

    def gap_to(target, channel):
        return np.maximum(target.ravel()[cell] - x[channel], 0.0)

    share_far = params["learning.far"]
    chances = np.diff(constants["far"], axis=1, prepend=0.0)
    far_weight = chances @ present
    for channel in (TECHNOLOGY, QUALITY):
        top = cell_top(channel)
        abroad = ratio(chances @ top, far_weight)
        gap[channel] = (1.0 - share_far) * gap_to(top, channel)
        gap[channel] += share_far * far_weight.ravel()[cell] * gap_to(abroad, channel)

    shares = np.diff(constants["suppliers_cumulative"], axis=1, prepend=0.0)
    supplier_weight = present @ shares.T
    suppliers = ratio(cell_top(SOURCING) @ shares.T, supplier_weight)
    gap[SOURCING] = supplier_weight.ravel()[cell] * gap_to(suppliers, SOURCING)
    return gap


def barter_gaps(pools, identity, contact, period, seed, replicate):
    """Gaps closed by exchange in pairs (4, n): as many channels are given as are received."""
    order_word = rng.draw(identity, period, rng.BARTER, seed, replicate)[0]
    meeting_word = rng.draw(identity, period, rng.MEETING, seed, replicate)[0]
    order = np.lexsort((order_word, pools.cell))
    rank = rng.ranks_in_groups(pools.firms.ravel())
    first = np.flatnonzero((rank % 2 == 0) & (rank + 1 < pools.firms.ravel()[pools.cell]))
    one, other = order[first], order[first + 1]
    meets = rng.uniform(meeting_word[one]) < contact[pools.region[one]]
    one, other = one[meets], other[meets]

    ahead = pools.knowledge[:, other] - pools.knowledge[:, one]
    terms = np.minimum((ahead > 0.0).sum(axis=0), (ahead < 0.0).sum(axis=0))
    gap = np.zeros_like(pools.knowledge)
    gap[:, one] = _largest(ahead, terms)
    gap[:, other] = _largest(-ahead, terms)
    return gap


def _largest(gaps, number):
    """Keep the `number` (m,) largest of four gaps (4, m), the lower channel first among equals; others 0."""
    order = np.argsort(-gaps, axis=0, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(4)[:, None], axis=0)
    return np.where(place < number, gaps, 0.0)
