"""Exit and entry of firms: sections 7.10 and 7.11."""

from dataclasses import dataclass

import numpy as np

from . import rng
from .tables import CHANNELS, ratio, sum_by

QUOTIENT_TOLERANCE = 1e-12


def leaving_firms(u_closure, jobs, cash, credit, reference_size, params):
    """Which firms leave (n,): closed by chance, too small, or beyond their credit."""
    closed = u_closure < params["exit.closure"]
    return closed | (jobs < params["exit.minimum"] * reference_size) | (cash < -credit)


@dataclass(frozen=True)
class Entrants:
    """New firms (m,), children before start-ups within a cell; `knowledge` is (4, m)."""

    identity: np.ndarray
    cell: np.ndarray
    knowledge: np.ndarray
    share: np.ndarray
    custom: np.ndarray
    spinoffs: np.ndarray
    startups: np.ndarray


def spawning_firms(u_closure, stays, share, sector_firms, params):
    """Which of the firms that stay have a spin-off (n,)."""
    closure = params["exit.closure"]
    if closure >= 1.0:
        return np.zeros(stays.shape, dtype=bool)
    chance = np.minimum(1.0, params["entry.spinoff"] * np.sqrt(sector_firms * share))
    return stays & ((u_closure - closure) / (1.0 - closure) < chance)


def spinoff_places(word, region, far, home):
    """Region of each child (m,) from w2 of SPINOFF."""
    u = rng.uniform(word)
    place = region.copy()
    moves = np.flatnonzero(u >= home)
    if moves.size:
        chosen, _ = rng.pick_row(rng.stretch((u[moves] - home) / (1.0 - home)), far, region[moves])
        place[moves] = np.where(chosen >= 0, chosen, region[moves])
    return place


def expected_startups(pools, workforce, reputation, finance, support, params, constants):
    """Give the expected number of start-ups in each cell (R, S)."""
    total = (
        params["entry.startups"]
        * constants["initial_firms"]
        * workforce.sum()
        / constants["initial_workforce"]
    )
    appeal = (
        params["entry.finance"] * finance[:, None]
        + params["entry.reputation"] * reputation
        + params["entry.relatedness"] * related_density(pools, constants["relatedness"])
        + params["entry.herding"] * pools.demand_growth
    )
    weight = (params["entry.outside"] + pools.firms) ** params["entry.agglomeration"] * np.exp(
        appeal - appeal.max()
    )
    weight = weight * (pools.demand > 0.0)
    return total * ratio(weight, weight.sum()) * np.maximum(1.0 + support, 0.0)


def related_density(pools, relatedness):
    """Weighted share of related sectors in which the region is specialised (R, S)."""
    jobs = pools.cell_jobs
    expected = pools.region_jobs[:, None] * pools.sector_jobs
    specialised = (pools.firms > 0) & (jobs * jobs.sum() >= (1.0 - QUOTIENT_TOLERANCE) * expected)
    return specialised @ relatedness.T / relatedness.sum(axis=1)


def entrants(
    pools, parents, parent_identity, parent_knowledge, expected, params, constants, period, seed, replicate
):
    """Draw the spin-offs and start-ups of the period.

    Parameters
    ----------
    pools : Pools
    parents : ndarray of int (p,)
        Positions of the parents in the world, ascending.
    parent_identity : ndarray of uint64 (p,)
    parent_knowledge : ndarray (4, p)
        New knowledge of the parents.
    expected : ndarray (R, S)
        Expected numbers of start-ups.
    params, constants : dict
    period, seed, replicate : int

    Returns
    -------
    Entrants
        `share` is the raw share, before the shares of a sector are divided by their sum.
    """
    w0, w1, w2, _ = rng.draw(parent_identity, period, rng.SPINOFF, seed, replicate)
    place = spinoff_places(w2, pools.region[parents], constants["far"], params["entry.home"])
    child_cell = place * pools.sectors + pools.sector[parents]
    startups = rng.poisson(expected.ravel(), period, seed, replicate)
    startup_cell = np.repeat(np.arange(pools.cells), startups)
    s0, s1, _, _ = rng.draw_pair(
        startup_cell, rng.ranks_in_groups(startups), period, rng.STARTUP, seed, replicate
    )

    identity = np.concatenate([rng.join_words(w0, w1), rng.join_words(s0, s1)])
    cell = np.concatenate([child_cell, startup_cell])
    knowledge = pools.destination_knowledge().reshape(4, -1)[:, cell]
    inheritance = params["entry.inheritance"]
    children = slice(0, parents.size)
    knowledge[:, children] = inheritance * parent_knowledge + (1.0 - inheritance) * knowledge[:, children]
    noise = np.stack([rng.normal(word) for word in rng.draw(identity, period, rng.ENTRANT, seed, replicate)])
    spread = np.array([params[f"initial.sd_{channel}"] for channel in CHANNELS])[:, None]
    knowledge += params["entry.dispersion"] * spread * noise

    luck = params["entry.custom_sd"] * rng.normal(
        rng.draw(identity, period, rng.ENTRANT_SIZE, seed, replicate)[0]
    )
    competitors = np.maximum(pools.sector_firms, 1)[cell % pools.sectors]
    shape = pools.firms.shape
    return Entrants(
        identity=identity,
        cell=cell,
        knowledge=knowledge,
        share=params["entry.size"] / competitors * np.exp(luck),
        custom=params["entry.custom"] + luck,
        spinoffs=np.bincount(child_cell, minlength=pools.cells).reshape(shape),
        startups=startups.reshape(shape),
    )


def merge_firms(pools, stays, survivors, new, params, constants):
    """Firm arrays and offsets of the next period.

    Parameters
    ----------
    pools : Pools
    stays : ndarray of bool (n,)
    survivors : dict of ndarray (n,)
        The firms of this period with their new values, in storage order.
    new : Entrants
    params, constants : dict
    """
    sector = new.cell % pools.sectors
    arrivals = {
        "identity": new.identity,
        "age": np.zeros(sector.size),
        **dict(zip(CHANNELS, new.knowledge, strict=True)),
        "research": constants["rd_intensity"][sector],
        "custom": new.custom,
        "share": new.share,
        "cash": np.zeros(sector.size),
        "tie": np.zeros(sector.size),
    }
    cell = np.concatenate([pools.cell[stays], new.cell])
    entered = np.repeat([False, True], [np.count_nonzero(stays), sector.size])
    order = np.argsort(cell, kind="stable")
    cell, entered = cell[order], entered[order]
    firms = {
        name: np.concatenate([values[stays], arrivals[name].astype(values.dtype)])[order]
        for name, values in survivors.items()
    }
    sector = cell % pools.sectors
    firms["share"] = ratio(firms["share"], sum_by(sector, firms["share"], pools.sectors)[sector])
    endowment = params["entry.cash"] * firms["share"] * pools.demand[sector]
    firms["cash"] = np.where(entered, endowment, firms["cash"])
    firms["offsets"] = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=pools.cells))]).astype(
        np.int64
    )
    return firms
