"""Entry, exit and the drift of custom against closed forms, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O11 Poisson entry, survival 1 - p | N ~ Poisson(l/p): mean = variance; l = 5, p = .1: 50 | 4 s.e. | 1,000 independent cells |
| O11 age | P(age a) = p (1 - p)^a | chi-squared 1e-4 | the same firms |
| O12 birth, death, immigration | mean v / (1 - m), variance (c mean + v) / (1 - m^2); m, c: mean, variance of the successors of a firm | 4 s.e. | exact law of the discrete chain |
| O12 limit of short periods | mean -> v/(d - b), variance -> v d / (d - b)^2 (negative binomial) | 8 % | b = .02, d = .06 per period are short |
| O12 pure spin-offs (Yule) | E N = N0 (1 + b)^t, P(N = 1) = (1 - b)^t from one firm | 4 s.e. | exact; e^(bt) and geometric in the limit |
| O13 spin-offs stay with the parent (Polya urn) | from 1 firm in each of R regions, n spin-offs: all compositions equally likely; E[HHI] = R[n(1/R)(1-1/R)(R+n)/(R+1) + (1+n/R)^2]/(R+n)^2 -> 2/(R+1) | 4 s.e.; share of a region chi-squared 1e-4 | b = .01 per period is short: bias of the HHI below 3e-4 |
| O25 custom, AR(1) | sd^2 -> s_e^2 / (1 - (1 - b)^2); b = s_e = .02: sd .1005 | 4 s.e. | Laplace shocks of variance 2 scale^2 |

Every cell is a region of its own without neighbours, so that cells are independent samples.
"""

import numpy as np
import pytest
from scipy import stats

from regimes import FIXED
from worlds import Run, economy, plan

ALONE = {"spillover.distance_decay": 1.0}


def cells_apart(cells, firms, parameters):
    """One sector in many regions out of each other's reach, firms of equal size in all."""
    content = economy(cells, 1, 1, spacing=1e4)
    blueprint = plan(content, {**FIXED, **ALONE, **parameters}, firms=[[firms]] * cells, employment=20.0)
    return Run(blueprint, seed=21, capacity=20 * cells * max(firms, 5))


def within(values, expected, spread, what):
    """Fail if the mean of independent values is further than 4 standard errors from what is expected."""
    error = spread / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < 4.0 * error, f"{what}: {np.mean(values)}, expected {expected}"


@pytest.fixture(scope="module")
def arrivals():
    """1,000 cells with 5 start-ups a period on average and a hazard of 0.1, after 80 periods."""
    parameters = {
        "exit.closure": 0.1,
        "entry.startups": 0.1,
        "entry.agglomeration": 0.0,
        "entry.relatedness": 0.0,
    }
    return cells_apart(1000, 50, parameters).advance(80)


def test_o11_number_of_firms(arrivals):
    number = arrivals.counts.ravel()
    within(number, 50.0, np.sqrt(50.0), "mean number")
    # the fourth moment of a Poisson law gives the error of the variance
    within((number - 50.0) ** 2, 50.0, np.sqrt(2.0 * 50.0**2 + 50.0), "variance")
    bins = np.arange(30, 71)
    law = np.append(stats.poisson.cdf(bins[0], 50.0), np.diff(stats.poisson.cdf(bins, 50.0)))
    counts = np.bincount(np.clip(number, bins[0], bins[-1]) - bins[0], minlength=bins.size)
    law[-1] += 1.0 - law.sum()
    assert stats.chisquare(counts, 1000 * law).pvalue > 1e-4


def test_o11_age_of_firms(arrivals):
    age = arrivals.world.age[0, : arrivals.n_firms]
    oldest = 60
    counts = np.bincount(np.minimum(age, oldest), minlength=oldest + 1)
    law = np.append(0.1 * 0.9 ** np.arange(oldest), 0.9**oldest)
    assert stats.chisquare(counts, arrivals.n_firms * law).pvalue > 1e-4


# equal firms have the share 1/n whatever they do, so all spawn with the same probability
EQUAL = {
    "market.choice": 1.0,
    "market.quality_weight": 0.0,
    "market.price_weight": 0.0,
    "market.custom_decay": 0.0,
    "entry.custom": 0.0,
    "entry.custom_sd": 0.0,
    "entry.home": 1.0,
    "entry.agglomeration": 0.0,
    "entry.relatedness": 0.0,
}


def test_o12_birth_death_and_immigration():
    birth, death, immigration, cells = 0.02, 0.06, 0.6, 1000
    firms = 14
    parameters = {"exit.closure": death, "entry.spinoff": birth, "entry.startups": immigration / firms}
    run = cells_apart(cells, firms, {**EQUAL, **parameters}).advance(150)
    stays = 1.0 - death
    growth = stays * (1.0 + birth)
    chance = stays * (1.0 + 3.0 * birth) - growth**2
    mean = immigration / (1.0 - growth)
    variance = (chance * mean + immigration) / (1.0 - growth**2)
    number = run.counts.ravel()
    within(number, mean, np.sqrt(variance), "mean number")
    # error of the variance from the sample's own fourth moment
    within((number - mean) ** 2, variance, np.std((number - mean) ** 2), "variance")
    assert mean == pytest.approx(immigration / (death - birth), rel=0.08)
    assert variance == pytest.approx(immigration * death / (death - birth) ** 2, rel=0.08)


def test_o12_pure_spinoffs():
    birth, periods, cells = 0.03, 60, 1500
    run = cells_apart(cells, 1, {**EQUAL, "entry.spinoff": birth}).advance(periods)
    number = run.counts.ravel()
    mean = (1.0 + birth) ** periods
    variance = birth * (1.0 - birth) * (1.0 + birth) ** (periods - 1) * (mean - 1.0) / birth
    within(number, mean, np.sqrt(variance), "mean number")
    alone = (1.0 - birth) ** periods
    within(number == 1, alone, np.sqrt(alone * (1.0 - alone)), "share of cells with one firm")
    # near the geometric law of continuous time with the same mean
    law = stats.geom.cdf(np.arange(1, 20), 1.0 / mean)
    assert np.abs(law - [(number <= size).mean() for size in range(1, 20)]).max() < 0.05


def urn_herfindahl(regions, added):
    """E[HHI] of a Polya urn that began with one firm in each region."""
    part = 1.0 / regions
    spread = added * part * (1.0 - part) * (regions + added) / (regions + 1.0)
    return regions * (spread + (1.0 + added * part) ** 2) / (regions + added) ** 2


def chain_excess(regions, birth, periods, most=1024):
    """E[HHI - that of the urn with as many firms] where each firm spawns with a probability per period, exactly."""
    one = np.exp(-2j * np.pi * np.arange(4 * most) / (4 * most))
    for _ in range(periods):
        one = (1.0 - birth) * one + birth * one * one  # generating function of the firms of a region
    own, rest = (np.fft.ifft(one**power).real[:most] for power in (1, regions - 1))
    number = np.arange(most, dtype=float)
    total = np.maximum(np.add.outer(number, number), regions)
    value = regions * (number[:, None] / total) ** 2 - urn_herfindahl(regions, total - regions)
    return own @ value @ rest


def test_o13_spinoffs_that_stay_make_a_polya_urn():
    """500 sectors that do not see each other. Six checks: new seeds fail about once in 1,800."""
    regions, sectors, birth, periods = 5, 500, 0.01, 300
    assert urn_herfindahl(5, 300) == pytest.approx(0.3311475, abs=5e-8)
    assert urn_herfindahl(regions, 1e9) == pytest.approx(2.0 / (regions + 1.0))
    parameters = {**FIXED, **EQUAL, **ALONE, "entry.spinoff": birth}
    blueprint = plan(economy(regions, sectors, 1), parameters, employment=20.0)
    number = Run(blueprint, seed=13, capacity=60 * regions * sectors).advance(periods).counts
    added = number.sum(axis=0) - regions
    herfindahl = ((number / (regions + added)) ** 2).sum(axis=0)
    # an urn takes one firm at a time, a period may bring two
    excess, expected = herfindahl - urn_herfindahl(regions, added), chain_excess(regions, birth, periods)
    within(excess, expected, np.std(excess), "HHI for so many firms")
    assert abs(expected) < 2e-3
    # all compositions equally likely: P(h of M) = C(N+M-h-2, N-2) / C(N+M-1, N-1) (O15: Bose and Einstein)
    law, even = stats.betabinom(added, 1, regions - 1), np.random.default_rng(13)
    for more in number - 1:
        place = law.cdf(more - 1) + even.random(sectors) * law.pmf(more)
        assert stats.chisquare(np.bincount((10.0 * place).astype(int), minlength=10)).pvalue > 1e-4


def test_o25_custom_is_a_stationary_autoregression():
    decay, shock, firms = 0.02, 0.02, 20_000
    parameters = {
        "market.turbulence": shock / np.sqrt(2.0),
        "market.size_exponent": 0.0,
        "market.custom_decay": decay,
        "market.quality_weight": 0.0,
        "market.price_weight": 0.0,
    }
    run = cells_apart(1, firms, parameters).advance(400)
    custom = run.firm("custom")
    variance = shock**2 / (1.0 - (1.0 - decay) ** 2)
    assert np.sqrt(variance) == pytest.approx(0.1005, abs=5e-5)
    within(custom, 0.0, np.sqrt(variance), "mean custom")
    within(custom**2, variance, np.std(custom**2), "variance of custom")
    before = custom.copy()
    after = run.advance(1).firm("custom")
    within(
        (after - (1.0 - decay) * before) ** 2,
        shock**2,
        np.std((after - (1.0 - decay) * before) ** 2),
        "shocks",
    )
    # tent-shaped: the fourth moment of a Laplace shock is 6 times the squared variance
    scaled = (after - (1.0 - decay) * before) / shock
    within(scaled**4, 6.0, np.std(scaled**4), "fourth moment of the shocks")
