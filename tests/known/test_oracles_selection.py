"""Selection, reputation and money against closed forms, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O8 replicator, constant fitness | s_i(t) = s_i(0) w_i^t / sum: log-odds linear in t; market.choice = 1 | 1e-12 | exact |
| O9 quasi-replicator | s' = s [1 + A (f/fbar - 1)], fbar = sum s f; sum s = 1; A = market.choice | 1e-12 | exact |
| O9 customers who choose anew | s - s* closes by the factor 1 - choice; s* = f / sum f (rule ces) | 1e-12 | exact |
| O10 Fisher | change of fbar = A Var_s(f) / fbar | 1e-12 | exact, discrete form |
| O10 Price | change of zbar = Cov_s(w, z) + sum s w dz, w and dz from the model's equations | 1e-12 | exact |
| O15 Gibrat above a floor | Pareto exponent z = 1 / (1 - (1 - b) Smin/Sbar), a share z b at the floor; 1 / (1 - Smin/Sbar) for small steps b | 4 s.e. | Laplace steps: exact; the floor is set by the test |
| O15 customers who choose anew | Pareto exponent z of s' = A s + B (Kesten): E A^z = 1, A = (1 - c) e^x / ((1 - c) E e^x + c), c = market.choice | 4 s.e. of Hill's estimate and 5 % | tail of a finite sample |
| O24 reputation | rep_t = q + (rep_0 - q)(1 - d)^t, half-life ln 2 / -ln(1 - d) | 1e-12 | exact, q relative to the sector |
| O28 money | market, wages, cash and the material price times 1000: nothing real changes | 1e-11; counts exact | rounding of logs |

Not applicable: O15's exponent 1 / (1 - a) of Simon, where opportunities come one by one and a share a of them founds
something new: sizes grow in proportion here, and the number of places is given. O15's allocation of opportunities
(Bose and Einstein) is that of spin-offs to regions: test_oracles_entry_exit.py.
"""

import numpy as np
import pytest
from scipy import optimize

from regimes import FIXED
from technopole_kernels import layout as at
from twinning import assert_close, twin_state
from worlds import Run, economy, mixed, plan

FIRMS = 7
# demand does not shift, customers do not forget
SELECTION = {**FIXED, "market.custom_decay": 0.0, "market.quality_weight": 1.5, "market.price_weight": 2.1}


def industry(rule, choice, parameters=None):
    """One sector in one region, firms of different knowledge, custom and share."""
    tables = economy(1, 1, FIRMS, sector={"labour_share": 0.7})
    chosen = {**SELECTION, "market.rule": rule, "market.choice": choice, **(parameters or {})}
    run = Run(plan(tables, chosen, employment=20.0))
    rng = np.random.default_rng(12)
    for name in ("organisation", "technology", "sourcing", "quality"):
        run.firm(name)[:] = rng.normal(0.0, 0.1, FIRMS)
    run.firm("custom")[:] = rng.normal(0.0, 0.2, FIRMS)
    share = rng.dirichlet(np.full(FIRMS, 3.0))
    run.firm("share")[:] = share
    return run


def fitness(run):
    """Fitness up to a common factor, from the definition."""
    saving = 0.7 * (run.firm("organisation") + run.firm("technology")) + 0.3 * run.firm("sourcing")
    return np.exp(1.5 * run.firm("quality") + 2.1 * saving + run.firm("custom"))


def test_o8_replicator_with_constant_fitness():
    run = industry("replicator", 1.0)
    start, log_fitness = np.log(run.firm("share")), np.log(fitness(run))
    for time in range(1, 31):
        share = run.advance(1).firm("share")
        odds = np.log(share) - np.log(share[0])
        expected = (start - start[0]) + time * (log_fitness - log_fitness[0])
        assert_close(odds, expected, "log odds", scale=1.0)


@pytest.mark.parametrize("choice", [0.05, 0.3, 1.0])
def test_o9_quasi_replicator(choice):
    run = industry("replicator", choice)
    f, share = fitness(run), run.firm("share").copy()
    for _ in range(30):
        share = share * (1.0 + choice * (f / (share * f).sum() - 1.0))
        run.advance(1)
        assert_close(run.firm("share"), share, "shares")
        assert abs(run.firm("share").sum() - 1.0) < 4e-16 * FIRMS


def test_o9_customers_who_choose_anew():
    run = industry("ces", 0.2)
    f, start = fitness(run), run.firm("share").copy()
    target = f / f.sum()
    for time in range(1, 31):
        assert_close(run.advance(1).firm("share"), target + (start - target) * 0.8**time, "shares")


@pytest.mark.parametrize("choice", [0.1, 1.0])
def test_o10_fisher(choice):
    run = industry("replicator", choice)
    f = fitness(run)
    for _ in range(20):
        share = run.firm("share").copy()
        mean = (share * f).sum()
        variance = (share * (f - mean) ** 2).sum()
        gain = (run.advance(1).firm("share") * f).sum() - mean
        assert_close(gain, choice * variance / mean, "gain of mean fitness", scale=1e-3)
        assert gain > 0.0


def test_o10_price_with_learning():
    """Selection and learning add up: mean technology changes by what each predicts alone."""
    learning = {
        "learning.technology": 0.3,
        "learning.contact": 1.0,
        "learning.far": 0.0,
        "learning.appropriability": 0.0,
        "trust.contact": 0.0,
        "services.contact": 0.0,
    }
    run = industry("replicator", 0.4, learning)
    for _ in range(15):
        share, old = run.firm("share").copy(), run.firm("technology").copy()
        better = old[old >= old.mean()].mean()
        step = 0.5 * 0.3 * np.maximum(better - old, 0.0)
        run.firm("technology")[:] = old + step
        f = fitness(run)
        run.firm("technology")[:] = old
        growth = 1.0 + 0.4 * (f / (share * f).sum() - 1.0)
        selection = (share * (growth - 1.0) * (old - (share * old).sum())).sum()
        expected = selection + (share * growth * step).sum()
        run.advance(1)
        change = (run.firm("share") * run.firm("technology")).sum() - (share * old).sum()
        assert_close(change, expected, "change of mean technology", scale=0.1)
        # neither part is negligible
        assert abs(selection) > 1e-5 and step.max() > 1e-5


def gibrat(firms, sectors, step, choice):
    """Sectors of equal firms whose sizes are moved by Laplace shocks of one scale, whatever the size."""
    shocks = {"market.turbulence": step, "market.size_exponent": 0.0, "market.shock_cap": 10.0}
    forgotten = {"market.custom_decay": 1.0, "market.quality_weight": 0.0, "market.price_weight": 0.0}
    parameters = {**FIXED, **shocks, **forgotten, "market.choice": choice}
    return Run(plan(economy(1, sectors, firms), parameters, employment=20.0), seed=15)


def test_o15_gibrat_above_a_floor():
    """ln of size over floor is a queue whose steps are Laplace: 0, or exponential. Four checks: about once in 4,000 seeds."""
    step, exponent, firms, sectors = 0.05, 3.0, 1000, 50
    # sizes fall by so much a period against the mean, and the mean above the floor is
    mean = (1.0 - step**2) * (1.0 - (step * exponent) ** 2) ** (-1.0 / exponent)
    floor = mean * (exponent - 1.0) / (exponent * (1.0 - step))
    assert exponent == pytest.approx(1.0 / (1.0 - (1.0 - step) * floor / mean))
    assert exponent == pytest.approx(1.0 / (1.0 - floor / mean), rel=0.15)
    run = gibrat(firms, sectors, step, choice=0.0)
    for _ in range(600):
        np.maximum(run.firm("share"), floor / firms, out=run.firm("share"))
        run.advance(1)
    above = np.log(np.maximum(run.firm("share") * firms / floor, 1.0)).reshape(sectors, firms)
    part = 1.0 - step * exponent
    for found, expected in (
        ((above > 0.0).mean(axis=1), part),
        (above.mean(axis=1), part / exponent),
        ((above > 0.5).mean(axis=1), part * np.exp(-0.5 * exponent)),
        ((above > 1.0).mean(axis=1), part * np.exp(-exponent)),
    ):
        error = found.std() / np.sqrt(sectors)  # firms of a sector share its mean: sectors are the sample
        assert abs(found.mean() - expected) < 4.0 * error, (found.mean(), expected, error)


def test_o15_customers_who_choose_anew_make_a_pareto_tail():
    """False alarm rate 6e-5."""
    step, choice, firms, tail = 0.2, 0.03, 50_000, 1000
    keep = (1.0 - choice) / ((1.0 - choice) / (1.0 - step**2) + choice)
    exponent = optimize.brentq(
        lambda z: z * np.log(keep) - np.log(1.0 - (step * z) ** 2), 1.02, 0.99 / step, xtol=1e-10
    )
    assert exponent == pytest.approx(1.6543, abs=1e-4)
    run = gibrat(firms, 1, step, choice)
    for _ in range(250):
        run.firm("custom")[:] = 0.0  # what a shock leaves there would make customers come back
        run.advance(1)
    size = np.sort(run.firm("share"))[::-1]
    hill = 1.0 / np.log(size[:tail] / size[tail]).mean()
    assert abs(hill - exponent) < 4.0 * exponent / np.sqrt(tail) + 0.05 * exponent


def test_o24_reputation():
    rate, periods = 0.1, 60
    parameters = {**SELECTION, "market.choice": 0.0, "reputation.rate": rate, "reputation.standard": False}
    run = Run(plan(economy(2, 1, [[3], [2]]), parameters, employment=20.0))
    run.firm("quality")[:] = 0.9, 0.6, 0.3, -0.2, 0.4
    run.firm("share")[:] = 0.1, 0.2, 0.1, 0.4, 0.2
    place = np.array([0.09 + 0.12 + 0.03, -0.08 + 0.08]) / [0.4, 0.6]
    target = place - (0.24 + 0.0)
    start = np.array([0.5, -0.3])
    run.world.cells[at.C_REPUTATION] = start
    half_life = np.log(2.0) / -np.log(1.0 - rate)
    for time in range(1, periods + 1):
        run.advance(1)
        found = run.world.cells[at.C_REPUTATION]
        assert_close(found, target + (start - target) * (1.0 - rate) ** time, "reputation", scale=0.1)
        if time == 1:
            assert_close(
                np.log(2.0) / -np.log((found - target) / (start - target)),
                np.full(2, half_life),
                tolerance=1e-11,
            )


@pytest.mark.parametrize("factor", [1000.0, 0.01])
def test_o28_money_is_a_veil(factor):
    """With everything on: another unit of money changes no real variable and no event."""
    blueprint = mixed(entry__startups=0.15)
    scaled = plan(
        blueprint.config,
        {"market.material_price": factor},
        firms=np.diff(blueprint.tables.offsets).reshape(4, 3),
        employment=blueprint.tables.employment,
        suppliers=blueprint.tables.suppliers,
    )
    runs = [Run(plan_, 6) for plan_ in (blueprint, scaled)]
    world = runs[1].world
    world.sectors[at.S_MARKET] *= factor
    world.regions[at.R_WAGE] *= factor
    world.firms[at.F_CASH] *= factor
    real, other = (twin_state(run.advance(15, record=True).world) for run in runs)
    nominal = {"market", "wage", "cash"}
    shift = blueprint.params[0]["market_price_weight"] * np.log(factor)
    for name, values in real.items():
        if name in nominal:
            values = values * factor
        if name == "fitness_level":
            # fitness falls with the price of all, and its level with it
            values = values - shift
        assert_close(other[name], values, name, tolerance=1e-11, scale=1e-3)
    for name in ("employment", "exits", "startups", "spinoffs", "innovations"):
        assert_close(runs[1].recorded(name), runs[0].recorded(name), name, tolerance=1e-11)
    assert runs[0].recorded("exits").sum() > 0
