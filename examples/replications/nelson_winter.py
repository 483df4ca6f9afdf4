"""Nelson and Winter (1982, ch. 12): innovators, imitators and concentration in an industry that invests.

Firms draw for better techniques with chances that rise with their research, expand out of profits and bank credit, and
restrain output the larger their share of the market. docs/replications/nelson_winter.md

    python examples/replications/nelson_winter.py --replicates 400 --figure nelson_winter.png
"""

from dataclasses import dataclass, replace

import numpy as np

from published import BLUE, GREEN, INK, ORANGE, VERMILION, Row, mean_and_error, run_as_program
from technopole_kernels._jit import device, kernel
from technopole_kernels.mathx import exp, log, normal_quantile
from technopole_kernels.rng import draw, uniform, uniform_open

SEARCH = np.uint64(115)  # site: identity is the firm; imitation, innovation, its result

DEMAND = 67.0  # D: money spent on the product
COST = 0.16  # c: of production per unit of capital
DEPRECIATION = 0.03  # delta


@dataclass(frozen=True)
class Setup:
    """Parameters; the defaults are those of the published case of eight firms.

    Attributes
    ----------
    firms : int
        N. The first `innovators` of them do research; all imitate.
    innovators : int
        Half of the firms in the book.
    innovation_spending, imitation_spending : float
        r_in and r_im, money per unit of capital.
    innovation_chance, imitation_chance : float
        a_n and a_m, draws per unit of spending.
    latent_growth : float
        Growth of what science makes possible, per period.
    draw_sd : float
        Standard deviation of a draw about latent productivity, log points.
    credit : float
        b: bank finance per unit of own profit.
    restraint : float
        1: firms see that their output lowers the price; 0: they take it as given.
    """

    firms: int = 8
    innovators: int = 4
    innovation_spending: float = 0.0205
    imitation_spending: float = 0.00102
    innovation_chance: float = 0.125
    imitation_chance: float = 1.25
    latent_growth: float = 0.01
    draw_sd: float = 0.05
    credit: float = 1.0
    restraint: float = 1.0
    periods: int = 100
    productivity: float = 0.16  # of all at the start


@device
def markup_target(share, restraint):
    """mu of the demand and supply elasticities 1: (2 - s)/(2 - 2s), or 1 if the price is taken as given."""
    return 1.0 + restraint * ((2.0 - share) / (2.0 - 2.0 * share) - 1.0)


@device
def investment(share, margin, profit, credit, restraint):
    """Gross investment per unit of capital: what is wanted, as far as it is financed; ``margin`` is P A / c."""
    wanted = 1.0 + DEPRECIATION - markup_target(share, restraint) / margin
    affordable = DEPRECIATION + profit * ((1.0 + credit) if profit > 0.0 else 1.0)
    return max(0.0, min(wanted, affordable))


@kernel
def live(
    capital, productivity, innovators, innovation_spending, imitation_spending, innovation_chance, imitation_chance,
    latent, latent_growth, draw_sd, credit, restraint, seed, replicate, concentration, gap, draws,
):  # fmt: skip
    """Periods of production, search and investment; ``capital`` and ``productivity`` of the firms are changed.

    Written: ``concentration`` (T + 1,) sum of squared shares of output, ``gap`` (T + 1,) latent less mean log
    productivity, weighted by output; ``draws`` (T, 2) innovation and imitation draws.
    """
    periods = draws.shape[0]
    firms = capital.size
    for period in range(periods + 1):
        output = 0.0
        best = 0.0
        for i in range(firms):
            output += productivity[i] * capital[i]
            best = max(best, productivity[i])
        price = DEMAND / output
        for i in range(firms):
            share = productivity[i] * capital[i] / output
            concentration[period] += share * share
            gap[period] += share * (latent + latent_growth * period - log(productivity[i]))
        if period == periods:
            break
        for i in range(firms):
            share = productivity[i] * capital[i] / output
            research = innovation_spending if i < innovators else 0.0
            profit = price * productivity[i] - COST - imitation_spending - research
            w0, w1, w2, _ = draw(i, period, SEARCH, seed, replicate)
            imitates = uniform(w0) < imitation_chance * imitation_spending * capital[i]
            innovates = uniform(w1) < innovation_chance * research * capital[i]
            found = exp(latent + latent_growth * period + draw_sd * normal_quantile(uniform_open(w2)))
            draws[period, 0] += 1.0 if innovates else 0.0
            draws[period, 1] += 1.0 if imitates else 0.0
            better = max(productivity[i], best if imitates else 0.0)
            productivity[i] = max(better, found if innovates else 0.0)
            grown = investment(share, price * productivity[i] / COST, profit, credit, restraint)
            capital[i] *= 1.0 - DEPRECIATION + grown


def steady_capital(firms: int) -> float:
    """Total capital at which equal firms do not want to grow: D / (c mu(1/N))."""
    return DEMAND / COST / ((2.0 - 1.0 / firms) / (2.0 - 2.0 / firms))


@dataclass
class History:
    """What became of one industry."""

    capital: np.ndarray
    productivity: np.ndarray
    concentration: np.ndarray
    gap: np.ndarray
    draws: np.ndarray


def run(setup: Setup = Setup(), seed: int = 1, replicate: int = 0) -> History:
    """An industry of equal firms at the steady state, and what search makes of it."""
    capital = np.full(setup.firms, steady_capital(setup.firms) / setup.firms)
    productivity = np.full(setup.firms, setup.productivity)
    history = History(
        capital,
        productivity,
        np.zeros(setup.periods + 1),
        np.zeros(setup.periods + 1),
        np.zeros((setup.periods, 2)),
    )
    live(
        capital, productivity, setup.innovators, setup.innovation_spending, setup.imitation_spending,
        setup.innovation_chance, setup.imitation_chance, np.log(setup.productivity), setup.latent_growth, setup.draw_sd,
        setup.credit, setup.restraint, seed, replicate, history.concentration, history.gap, history.draws,
    )  # fmt: skip
    return history


FOUR = Setup(firms=4, innovators=2, innovation_spending=0.0223, imitation_spending=0.00112)
EIGHT = Setup()
STEADY = {
    2: (1.5, 279.17),
    4: (1.166667, 358.929),
    8: (1.071429, 390.833),
    16: (1.033333, 405.242),
    32: (1.016129, 412.103),
}
DRAWS = ((replace(FOUR, innovators=4), 1.000, 0.5025), (replace(EIGHT, innovators=8), 1.002, 0.4983))


def final(setup: Setup, replicates: int, seed: int = 1):
    """By replicate: N times HHI at the end, gap to the latent in the second half, the innovators' share of output."""
    rows = []
    for replicate in range(replicates):
        history = run(setup, seed, replicate)
        output = history.capital * history.productivity
        rows.append(
            (
                history.concentration[-1] * setup.firms,
                history.gap[setup.periods // 2 :].mean(),
                output[: setup.innovators].sum() / output.sum(),
            )
        )
    return np.array(rows)


RISE, GAP, INNOVATORS = range(3)
PATTERNS = {  # what the book says rises, and the two settings whose difference says so
    "concentration, 16 firms less 8 (N times HHI)": (RISE, {"firms": 16, "innovators": 8}, {}),
    "concentration, imitation hard less easy": (RISE, {"imitation_chance": 0.3}, {"imitation_chance": 2.5}),
    "concentration, latent growth 2 % less 0.5 %": (RISE, {"latent_growth": 0.02}, {"latent_growth": 0.005}),
    "concentration, sd of draws 0.1 less 0.02": (RISE, {"draw_sd": 0.1}, {"draw_sd": 0.02}),
    "concentration, unrestrained investment less restrained": (RISE, {"restraint": 0.0}, {}),
    "gap to the latent, little research less much": (
        GAP, {"innovation_spending": 0.01}, {"innovation_spending": 0.04},
    ),
}  # fmt: skip


def standing_still(firms: int, periods: int = 50) -> float:
    """Largest relative change of capital without search: zero at the steady state."""
    setup = Setup(firms, 0, imitation_spending=0.0, periods=periods)
    capital = run(setup).capital
    return float(np.abs(capital * firms / steady_capital(firms) - 1.0).max())


def compare(replicates: int):
    """Rows of the table; the steady states and mean draws are exact, the rest are patterns."""
    rows = []
    for firms, (markup, capital) in STEADY.items():
        tolerance = 5e-3 if firms == 2 else 5e-4
        rows.append(
            Row(
                f"{firms} firms: capital of the steady state",
                steady_capital(firms),
                capital,
                tolerance=tolerance,
            )
        )
        implied = DEMAND / COST / steady_capital(firms)
        rows.append(Row(f"{firms} firms: target mark-up", implied, markup, tolerance=5e-7))
        rows.append(
            Row(
                f"{firms} firms: change of capital in 50 periods", standing_still(firms), 0.0, tolerance=1e-12
            )
        )
    for setup, innovation, imitation in DRAWS:
        first = np.array([run(replace(setup, periods=1), 2, k).draws[0] for k in range(50 * replicates)])
        mean, error = mean_and_error(first)
        for kind, (name, number) in enumerate((("innovation", innovation), ("imitation", imitation))):
            rows.append(
                Row(
                    f"{setup.firms} firms: {name} draws per period",
                    mean[kind],
                    number,
                    error[kind],
                    tolerance=5e-4,
                )
            )
    values = final(EIGHT, replicates)
    mean, error = mean_and_error(values)
    rows.append(
        Row(
            "8 firms: rise of N times HHI in 100 periods",
            mean[RISE] - 1.0,
            error=error[RISE],
            pattern="rises",
        )
    )
    rows.append(
        Row("8 firms: latent less mean productivity, log", mean[GAP], error=error[GAP], pattern="trails")
    )
    beaten = (values[:, INNOVATORS] < 0.5).mean()
    rows.append(Row("8 firms: share of runs in which imitators have more", beaten, low=0.02, high=0.98))
    for what, (measure, one, other) in PATTERNS.items():
        difference = final(replace(EIGHT, **one), replicates) - final(replace(EIGHT, **other), replicates)
        mean, error = mean_and_error(difference[:, measure])
        rows.append(Row(what, mean, error=error, pattern="more"))
    return rows, None


def draw_figure(figure, _result) -> None:
    """Numbers equivalent of firms and gap to latent productivity over time, by number of firms."""
    left, right = figure.subplots(1, 2)
    for firms, colour in zip((4, 8, 16, 32), (BLUE, GREEN, ORANGE, VERMILION), strict=True):
        setup = FOUR if firms == 4 else Setup(firms, firms // 2)
        histories = [run(setup, replicate=number) for number in range(200)]
        equivalent = np.array([1.0 / history.concentration for history in histories])
        gap = np.array([history.gap for history in histories])
        time = np.arange(setup.periods + 1)
        for axes, values in ((left, equivalent), (right, gap)):
            low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
            axes.fill_between(time, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(time, middle, color=colour, label=f"{firms} firms")
    left.set(
        xlabel="period", ylabel="1 / HHI", yscale="log", title="Numbers equivalent: median, 80 % of runs"
    )
    left.set_yticks([2, 4, 8, 16, 32], labels=["2", "4", "8", "16", "32"])
    left.minorticks_off()
    right.axhline(0.0, color=INK, linewidth=0.7)
    right.set(xlabel="period", ylabel="log points", title="Latent less mean productivity")
    right.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    run_as_program(compare, draw_figure, replicates=400)
