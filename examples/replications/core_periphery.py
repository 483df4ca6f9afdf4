"""New economic geography: break and sustain points of three two-region models, with technopole's mobility of workers.

Core and periphery (Krugman 1991; Fujita, Krugman and Venables 1999), the footloose entrepreneur (Forslid and Ottaviano
2003) and Pflüger (2004). Their wages are solved here; who lives where is decided by the stage `move_workers` of the
package, which at equal proximity and size 1 is their replicator. docs/replications/core_periphery.md

    python examples/replications/core_periphery.py --figure core_periphery.png
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from published import BLUE, INK, VERMILION, Row, run_as_program
from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.labour import move_workers
from technopole_kernels.mathx import exp, log
from technopole_kernels.types import PARAMS

CORE_PERIPHERY, ENTREPRENEUR, QUASI_LINEAR = range(3)
ITERATIONS = 10_000


class Map(NamedTuple):
    """What `move_workers` reads of the geography: every region is as near as home."""

    proximity_start: np.ndarray
    proximity_region: np.ndarray
    proximity: np.ndarray


class Rules(NamedTuple):
    """What `move_workers` reads of a setting."""

    params: np.ndarray
    constants: Map


class Places(NamedTuple):
    """What `move_workers` reads of a world, and writes."""

    regions: np.ndarray


@dataclass(frozen=True)
class Economy:
    """One of the three models.

    Attributes
    ----------
    model : int
    sigma : float
        Elasticity of substitution between varieties.
    mu : float
        Share of manufactures in spending; of no effect in the quasi-linear model.
    immobile : float
        Immobile workers of a region per mobile worker of both, quasi-linear model only (rho).
    """

    model: int
    sigma: float
    mu: float = 1.0
    immobile: float = 1.0


@device
def power(base, exponent):
    """base ** exponent of a positive number."""
    return exp(exponent * log(base))


@device
def krugman_wages(share, phi, sigma, mu):
    """Logs of the real wages: the wage equations solved by iteration (Fujita, Krugman and Venables 1999, ch. 5)."""
    w1 = w2 = 1.0
    for _ in range(ITERATIONS):
        here = share * power(w1, 1.0 - sigma)
        there = (1.0 - share) * power(w2, 1.0 - sigma)
        index1, index2 = here + phi * there, phi * here + there  # G ** (1 - sigma)
        income1 = mu * share * w1 + 0.5 * (1.0 - mu)
        income2 = mu * (1.0 - share) * w2 + 0.5 * (1.0 - mu)
        new1 = power(income1 / index1 + phi * income2 / index2, 1.0 / sigma)
        new2 = power(phi * income1 / index1 + income2 / index2, 1.0 / sigma)
        off = abs(new1 - w1) + abs(new2 - w2)
        w1, w2 = new1, new2
        if off < 1e-15:
            break
    return log(w1) - mu / (1.0 - sigma) * log(index1), log(w2) - mu / (1.0 - sigma) * log(index2)


@device
def entrepreneur_wages(share, phi, sigma, mu):
    """Logs of the real wages of the mobile: two linear equations (Forslid and Ottaviano 2003)."""
    index1, index2 = share + phi * (1.0 - share), phi * share + 1.0 - share
    b = mu / sigma
    # w1 = b [(1/2 + share w1)/index1 + phi (1/2 + (1 - share) w2)/index2], and the same for w2
    m11, m12 = 1.0 - b * share / index1, -b * phi * (1.0 - share) / index2
    m21, m22 = -b * phi * share / index1, 1.0 - b * (1.0 - share) / index2
    v1, v2 = 0.5 * b * (1.0 / index1 + phi / index2), 0.5 * b * (phi / index1 + 1.0 / index2)
    determinant = m11 * m22 - m12 * m21
    w1, w2 = (v1 * m22 - m12 * v2) / determinant, (m11 * v2 - m21 * v1) / determinant
    cheap = mu / (sigma - 1.0)
    return log(w1) + cheap * log(index1), log(w2) + cheap * log(index2)


@device
def quasi_linear_utilities(share, phi, sigma, immobile):
    """Indirect utilities of the mobile (Pflüger 2004), in units of the weight of manufactures."""
    index1, index2 = share + phi * (1.0 - share), phi * share + 1.0 - share
    spent1, spent2 = (immobile + share) / index1, (immobile + 1.0 - share) / index2
    cheap = 1.0 / (sigma - 1.0)
    return (
        (spent1 + phi * spent2) / sigma + cheap * log(index1),
        (phi * spent1 + spent2) / sigma + cheap * log(index2),
    )


@kernel
def log_real_wages(model, share, phi, sigma, mu, immobile):
    """What attracts workers to the two regions: the log of the real wage, or utility."""
    if model == CORE_PERIPHERY:
        return krugman_wages(share, phi, sigma, mu)
    if model == ENTREPRENEUR:
        return entrepreneur_wages(share, phi, sigma, mu)
    return quasi_linear_utilities(share, phi, sigma, immobile)


@kernel
def migrate(rules, places, model, phi, sigma, mu, immobile, periods):
    """Periods of wages and mobility; the workforces of `places` are changed."""
    regions = places.regions
    for _ in range(periods):
        whole = regions[at.R_WORKFORCE, 0] + regions[at.R_WORKFORCE, 1]
        share = regions[at.R_WORKFORCE, 0] / whole
        one, two = log_real_wages(model, share, phi, sigma, mu, immobile)
        regions[at.R_NEXT + at.R_WAGE, 0] = exp(one)
        regions[at.R_NEXT + at.R_WAGE, 1] = exp(two)
        move_workers(rules, places)
        for r in range(2):
            regions[at.R_WORKFORCE, r] = regions[at.R_NEXT + at.R_WORKFORCE, r]


def mobility(rate: float = 0.5) -> Rules:
    """Parameters of technopole's mobility that make it the replicator: attraction = workers times real wage."""
    params = np.zeros(1, dtype=PARAMS)
    params["mobility_rate"] = rate
    params["mobility_size"] = 1.0
    params["mobility_wage"] = 1.0
    return Rules(params, Map(np.array([0, 2, 4]), np.array([0, 1, 0, 1]), np.ones(4)))


def moved(economy: Economy, phi: float, shares: tuple[float, float], periods: int = 1, rate: float = 0.5):
    """Workforces of the two regions after so many periods."""
    places = Places(np.zeros((at.R_ROWS, 2)))
    places.regions[at.R_WORKFORCE] = shares
    migrate(
        mobility(rate), places, economy.model, phi, economy.sigma, economy.mu, economy.immobile, periods
    )  # fmt: skip
    return places.regions[at.R_WORKFORCE].copy()


def wage_gap(economy: Economy, phi: float, share: float) -> float:
    """Real wage (or utility) of region 1 less that of region 2."""
    one, two = log_real_wages(economy.model, share, phi, economy.sigma, economy.mu, economy.immobile)
    return one - two if economy.model == QUASI_LINEAR else np.exp(one) - np.exp(two)


def growth_of_difference(economy: Economy, phi: float) -> float:
    """Factor by which a small difference between equal regions grows in a period."""
    small = 1e-4
    one, two = moved(economy, phi, (0.5 + small, 0.5 - small), rate=1.0)
    return (one - two) / (2.0 * small)


def growth_of_periphery(economy: Economy, phi: float) -> float:
    """Factor by which a few workers in the empty region multiply in a period."""
    few = 1e-12
    return moved(economy, phi, (1.0 - few, few), rate=1.0)[1] / few


def crossing(function, low: float, high: float) -> float:
    """Where a function passes 1 between two places, by bisection to the last bit."""
    above = function(low) > 1.0
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        if (function(middle) > 1.0) == above:
            low = middle
        else:
            high = middle


def break_point(economy: Economy, low: float, high: float) -> float:
    """Freeness of trade at which two equal regions cease to be stable, as the mobility kernel finds it."""
    return crossing(lambda phi: growth_of_difference(economy, phi), low, high)


def sustain_point(economy: Economy, low: float, high: float) -> float:
    """Freeness from which on a core with all workers keeps them."""
    return crossing(lambda phi: growth_of_periphery(economy, phi), low, high)


def interior_share(economy: Economy, phi: float) -> float:
    """Share of the larger region, between a half and all, at which nobody gains by moving."""
    return crossing(
        lambda share: moved(economy, phi, (share, 1.0 - share), rate=1.0)[0] / share, 0.5001, 1.0 - 1e-9
    )


CORE = {  # sigma, mu: trade costs of break and sustain
    (5, 0.4): (1.6265766, 1.8073127),
    (4, 0.3): (1.630324, 1.725368),
    (4, 0.2): (1.373464, 1.393417),
    (4, 0.4): (1.971827, 2.339375),
    (6, 0.4): (1.460317, 1.573912),
    (5, 0.3): (1.421730, 1.473861),
    (5, 0.5): (1.898829, 2.516716),
}
FOOTLOOSE = {  # sigma, mu: freeness of break and sustain
    (5, 0.4): (0.6969697, 0.6954424),
    (4, 0.3): (0.7040169, 0.7025592),
    (6, 0.4): (0.7453704, 0.7445071),
    (3, 0.3): (0.6047431, 0.6008497),
}
PFLUEGER = {  # sigma, immobile per mobile worker: freeness of break and full agglomeration
    (6, 1.2): (0.2142857, 0.2771148),
    (6, 2.0): (0.388889, 0.416567),
    (5, 1.5): (0.28, 0.327966),
    (3, 2.0): (0.333333, 0.373227),
}
GAPS = {  # trade cost: gap of real wages at the shares below, sigma 5, mu 0.4
    1.5: (0.0, 0.008488, 0.017956, 0.029198, 0.042811, 0.059166),
    1.7: (0.0, -0.005093, -0.006514, -0.002647, 0.006731, 0.021544),
    2.1: (0.0, -0.040735, -0.065576, -0.074747, -0.072001, -0.059063),
}
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.999)


def trade_cost(phi: float, sigma: float) -> float:
    """T of phi = T ** (1 - sigma)."""
    return phi ** (1.0 / (1.0 - sigma))


def digits(number: float) -> float:
    """Half a unit of the last digit that is printed of a number, and 1e-9 for its rounding."""
    decimals = len(repr(number).partition(".")[2])
    return 0.5 * 10.0**-decimals + 1e-9


def compare(_replicates: int = 1):
    """Rows of the table; each published number is met to its last digit."""
    rows = []

    def add(what, here, published):
        rows.append(Row(what, here, published, tolerance=digits(published)))

    for (sigma, mu), published in CORE.items():
        economy = Economy(CORE_PERIPHERY, sigma, mu)
        found = break_point(economy, 0.01, 0.6), sustain_point(economy, 0.005, 0.6)
        for kind, phi, number in zip(("break", "sustain"), found, published, strict=True):
            add(f"core-periphery ({sigma}, {mu}), {kind}: T", trade_cost(phi, sigma), number)
    unstable = interior_share(Economy(CORE_PERIPHERY, 5, 0.4), 1.7**-4)
    add("core-periphery (5, 0.4), T = 1.7: unstable share", unstable, 0.834887)
    for (sigma, mu), published in FOOTLOOSE.items():
        economy = Economy(ENTREPRENEUR, sigma, mu)
        found = break_point(economy, 0.3, 0.95), sustain_point(economy, 0.3, 0.95)
        for kind, phi, number in zip(("break", "sustain"), found, published, strict=True):
            add(f"footloose entrepreneur ({sigma}, {mu}), {kind}: phi", phi, number)
    for (sigma, immobile), published in PFLUEGER.items():
        economy = Economy(QUASI_LINEAR, sigma, immobile=immobile)
        found = break_point(economy, 0.05, 0.7), sustain_point(economy, 0.05, 0.7)
        for kind, phi, number in zip(("break", "full core"), found, published, strict=True):
            add(f"Pflüger ({sigma}, {immobile}), {kind}: phi", phi, number)
    settled = moved(Economy(QUASI_LINEAR, 6, immobile=1.2), 0.25, (0.51, 0.49), 20_000)[0]
    add("Pflüger (6, 1.2), phi = 0.25: share of the partial core", settled, 0.8651018)
    return rows, None


def draw_lines(axes, economy: Economy, grid, phis, points) -> None:
    """Equilibria between the regions, all in one, and in between; dashed where they are not stable."""
    broken, kept = points
    by_cost = economy.model == CORE_PERIPHERY  # along the axis trade becomes dearer
    symmetric, core = (grid > broken, grid < kept) if by_cost else (grid < broken, grid > kept)
    solid, dashed = {"color": INK, "linewidth": 1.2}, {"color": INK, "linewidth": 0.8, "linestyle": "--"}
    axes.plot(grid, np.where(symmetric, 0.5, np.nan), **solid)
    axes.plot(grid, np.where(symmetric, np.nan, 0.5), **dashed)
    axes.plot(grid, np.where(core, 1.0, np.nan), **solid)
    axes.plot(grid, np.where(core, 0.0, np.nan), **solid)
    between = np.flatnonzero((grid > min(points)) & (grid < max(points)))
    inner = np.array([interior_share(economy, phis[index]) for index in between])
    for branch in (inner, 1.0 - inner):
        axes.plot(grid[between], branch, **(solid if economy.model == QUASI_LINEAR else dashed))


def draw_ends(axes, economy: Economy, grid, phis, periods: int) -> None:
    """Where the kernel ends after a long time, from two starts."""
    for start, colour, label in ((0.51, BLUE, "from 0.51"), (1.0 - 1e-6, VERMILION, "from a core")):
        ends = [moved(economy, phi, (start, 1.0 - start), periods, rate=1.0)[0] for phi in phis]
        axes.plot(grid, ends, "o", markersize=3.5, color=colour, label=label)


def draw_figure(figure, _result) -> None:
    """Bifurcations: two tomahawks and a pitchfork."""
    cost, quick, slow = (
        np.linspace(1.4, 2.1, 211),
        np.linspace(0.15, 0.35, 201),
        np.linspace(0.6935, 0.6985, 201),
    )
    cases = (
        ("Core–periphery (σ 5, μ 0.4)", Economy(CORE_PERIPHERY, 5, 0.4), cost, CORE[5, 0.4], 20_000),
        (
            "Footloose entrepreneur (σ 5, μ 0.4)",
            Economy(ENTREPRENEUR, 5, 0.4),
            slow,
            FOOTLOOSE[5, 0.4],
            1_000_000,
        ),
        ("Pflüger (σ 6, ρ 1.2)", Economy(QUASI_LINEAR, 6, immobile=1.2), quick, PFLUEGER[6, 1.2], 20_000),
    )
    for axes, case in zip(figure.subplots(1, 3, sharey=True), cases, strict=True):
        title, economy, grid, points, periods = case
        by_cost = economy.model == CORE_PERIPHERY
        phis = grid ** (1.0 - economy.sigma) if by_cost else grid
        draw_lines(axes, economy, grid, phis, points)
        draw_ends(axes, economy, grid[::10], phis[::10], periods)
        axes.set(xlabel="trade cost T" if by_cost else "freeness of trade φ", title=title)
    figure.axes[0].set_ylabel("share of region 1")
    figure.axes[2].legend(frameon=False, fontsize=8, loc="lower left")


if __name__ == "__main__":
    run_as_program(compare, draw_figure)
