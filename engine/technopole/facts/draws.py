"""Who innovated: told afterwards, from budgets and the one random number that decides it.

The kernels do not keep it. As random numbers are a pure function of seed, replicate, firm and period (docs/MODEL.md
5.2), the draw can be done again, here in NumPy: for measuring, not for simulating.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.errors import TechnopoleError
from technopole_kernels import layout as at
from technopole_kernels.rng import EVENT
from technopole_kernels.types import Constants, Setting, World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Words = NDArray[np.uint64]

_ROUNDS = 10
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85


def first_uniform(identity: NDArray[Any], period: int, site: int, seed: int, replicate: int) -> NDArray[Any]:
    """Return the first number in [0, 1) that each firm draws at a site.

    Parameters
    ----------
    identity : ndarray of uint64, (n,)
        Identities of the firms.
    period : int
        Periods done before the one that draws.
    site : int
        Number of the place in the model, docs/MODEL.md 5.2.
    seed, replicate : int
        Key of the random numbers.

    Returns
    -------
    ndarray of float64, (n,)
        Multiples of 2⁻³².
    """
    firm = np.asarray(identity, dtype=np.uint64)
    word = np.full(firm.shape, 0, dtype=np.uint64)
    return philox(
        firm & _LOW, firm >> _HALF, word + np.uint64(period), word + np.uint64(site), seed, replicate
    )[0] * (2.0**-32)


def philox(c0: Words, c1: Words, c2: Words, c3: Words, k0: int, k1: int) -> tuple[Words, Words, Words, Words]:
    """Return the four words of Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).

    Parameters
    ----------
    c0, c1, c2, c3 : ndarray of uint64, (n,)
        Counters, words of 32 bits.
    k0, k1 : int
        Key; the low 32 bits are used.

    Returns
    -------
    tuple of ndarray of uint64, (n,)
        32 random bits each.
    """
    low = int(_LOW)
    k0, k1 = k0 & low, k1 & low
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1 & _LOW
        c2, c3 = (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & low, (k1 + _WEYL[1]) & low
    return c0, c1, c2, c3


class Before(NamedTuple):
    """Copies of what a period overwrites."""

    identity: NDArray[np.uint64]
    cell: Integers
    age: NDArray[np.int32]
    employment: Floats
    share: Floats
    wage: Floats


def innovators(setting: Setting, world: World, before: Before) -> NDArray[np.bool_]:
    """Tell who innovated in the period just done (docs/MODEL.md 7.5).

    Parameters
    ----------
    setting : Setting
        Parameters, policies and the seed.
    world : World
        After the period.
    before : Before
        The n operating firms.

    Returns
    -------
    ndarray of bool, (n,)
        As many as the model counted.

    Raises
    ------
    TechnopoleError
        If they are not.
    """
    params, traits = setting.params[0], setting.constants.sectors
    sectors, period = world.sectors.shape[1], int(world.clock[at.PERIOD]) - 1
    cell = before.cell
    k, r = cell % sectors, cell // sectors
    rho, demand = traits[at.K_RD_INTENSITY], world.sectors[at.S_MARKET]
    research = world.load[at.OWN_RESEARCH, : cell.size] * (1.0 + _subsidy(setting, period, r, k))
    small = before.share * per_share(setting.constants, world)[k] / before.wage[r] < params["sme_size"]
    index = world.regions[at.R_INDEX + at.UNIVERSITY, r]
    pooled = params["sme_pooling"] * index * rho[k] * world.cells[at.SMALL_SALES, cell]
    research = research + np.where(small, pooled, 0.0)
    firms = np.bincount(k, minlength=sectors)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = research * firms[k] / (rho[k] * demand[k])
        chance = -np.expm1(-traits[at.K_INNOVATION_RATE, k] * relative ** params["innovation_elasticity"])
    replicate = int(world.clock[at.REPLICATE])
    drawn = first_uniform(before.identity, period, int(EVENT), int(setting.seed[0]), replicate)
    slack = 1.0
    # fewer bits of the draw (docs/MODEL.md 5.3), and more of the chance are lost
    if world.firms.dtype == np.float32:
        drawn, slack = np.floor(drawn * 2.0**24) * 2.0**-24, 1.0 + 1e-6 * cell.size
    found: NDArray[np.bool_] = (drawn < chance) & (research > 0.0)
    counted = int(world.cells[at.E_INNOVATIONS].sum())
    # the last bit of the chance may differ from the kernels': one draw in 4 billion then falls between the two
    if abs(int(found.sum()) - counted) > slack:
        raise TechnopoleError(
            f"validation found {int(found.sum())} innovators in period {period + 1} where the model counts "
            f"{counted}; this is a mistake in technopole, please report it"
        )
    return found


def _subsidy(setting: Setting, period: int, r: Integers, k: Integers) -> Any:
    """Return the R&D subsidy of each firm; a policy ends with its last period unless it has only one."""
    table = setting.policy.cells[at.P_RD_SUBSIDY]
    if table.shape[0] > 1 and period >= table.shape[0]:
        return 0.0
    now = table[period if table.shape[0] > 1 else 0]
    return now[r if now.shape[0] > 1 else 0, k if now.shape[1] > 1 else 0]


def per_share(constants: Constants, world: World) -> Floats:
    """Return the wage bill of a firm that has the whole market, by sector."""
    traits = constants.sectors
    bill: Floats = world.sectors[at.S_MARKET] * traits[at.K_LABOUR_SHARE] / (1.0 + traits[at.K_MARKUP])
    return bill
