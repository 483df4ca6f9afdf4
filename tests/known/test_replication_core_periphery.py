"""Break and sustain points of new economic geography, found by moving workers with technopole's mobility.

Closed forms and tables: Fujita, Krugman and Venables (1999, ch. 5), Forslid and Ottaviano (2003), Pflüger (2004).
"""

import numpy as np
import pytest

from core_periphery import (
    CORE,
    CORE_PERIPHERY,
    ENTREPRENEUR,
    FOOTLOOSE,
    GAPS,
    PFLUEGER,
    QUASI_LINEAR,
    SHARES,
    Economy,
    break_point,
    compare,
    growth_of_difference,
    interior_share,
    moved,
    sustain_point,
    trade_cost,
    wage_gap,
)


def test_every_published_number_is_met():
    rows, _ = compare()
    assert len(rows) == 2 * (len(CORE) + len(FOOTLOOSE) + len(PFLUEGER)) + 2
    assert [row.what for row in rows if not row.within] == []


@pytest.mark.parametrize(("sigma", "mu"), CORE)
def test_core_periphery(sigma, mu):
    economy, rho = Economy(CORE_PERIPHERY, sigma, mu), (sigma - 1.0) / sigma
    broken = (rho - mu) * (1.0 - mu) / ((rho + mu) * (1.0 + mu))
    assert break_point(economy, 0.01, 0.6) == pytest.approx(broken, abs=1e-8)
    cost = trade_cost(sustain_point(economy, 0.005, 0.6), sigma)
    kept = 0.5 * (1 + mu) * cost ** (1 - sigma - mu * sigma) + 0.5 * (1 - mu) * cost ** (
        sigma - 1 - mu * sigma
    )
    assert kept == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(("sigma", "mu"), FOOTLOOSE)
def test_footloose_entrepreneur(sigma, mu):
    economy = Economy(ENTREPRENEUR, sigma, mu)
    broken = (sigma - 1 - mu) * (sigma - mu) / ((sigma - 1 + mu) * (sigma + mu))
    assert break_point(economy, 0.3, 0.95) == pytest.approx(broken, abs=1e-8)
    phi = sustain_point(economy, 0.3, 0.95)
    kept = 0.5 * phi ** (mu / (sigma - 1) - 1) * ((1 - mu / sigma) + (1 + mu / sigma) * phi**2)
    assert kept == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(("sigma", "immobile"), PFLUEGER)
def test_quasi_linear(sigma, immobile):
    economy = Economy(QUASI_LINEAR, sigma, immobile=immobile)
    broken = (2 * immobile * (sigma - 1) - sigma) / (sigma + 2 * (sigma - 1) * (1 + immobile))
    assert break_point(economy, 0.05, 0.7) == pytest.approx(broken, abs=1e-8)


@pytest.mark.parametrize("cost", GAPS)
def test_gap_of_real_wages(cost):
    economy = Economy(CORE_PERIPHERY, 5, 0.4)
    found = [wage_gap(economy, cost**-4.0, share) for share in SHARES]
    np.testing.assert_allclose(found, GAPS[cost], atol=6e-7)


def test_hysteresis_of_core_and_periphery():
    """Between break and sustain both the core and equal regions are stable, and which it is depends on the past."""
    economy, phi = Economy(CORE_PERIPHERY, 5, 0.4), 1.7**-4.0
    unstable = interior_share(economy, phi)
    below, above = unstable - 0.01, unstable + 0.01
    assert moved(economy, phi, (below, 1 - below), 5000)[0] == pytest.approx(0.5, abs=1e-6)
    assert moved(economy, phi, (above, 1 - above), 5000)[0] == pytest.approx(1.0, abs=1e-6)


def test_no_hysteresis_of_the_quasi_linear_model():
    economy, phi = Economy(QUASI_LINEAR, 6, immobile=1.2), 0.25
    for share in (0.501, 0.999):
        assert moved(economy, phi, (share, 1 - share), 20_000)[0] == pytest.approx(0.8651018, abs=1e-6)


def test_mobility_is_the_replicator():
    """One period: share' = share (1 + rate (real wage / mean real wage - 1)); nobody is lost."""
    economy, phi, share, rate = Economy(ENTREPRENEUR, 5, 0.4), 0.6, 0.7, 0.3
    # real wages of the model, solved here again
    index = np.array([share + phi * (1 - share), phi * share + 1 - share])
    people = np.array([share, 1 - share])
    links = np.array([[1.0, phi], [phi, 1.0]]) / index
    wages = np.linalg.solve(np.eye(2) - 0.08 * links * people, 0.08 * links @ [0.5, 0.5])
    real = wages * index**0.1
    after = moved(economy, phi, (share, 1 - share), rate=rate)
    np.testing.assert_allclose(after, people * (1 + rate * (real / (people @ real) - 1)), rtol=1e-13)
    assert after.sum() == pytest.approx(1.0, abs=1e-15)


def test_equal_regions_are_stable_only_where_trade_is_dear():
    economy = Economy(CORE_PERIPHERY, 5, 0.4)
    assert growth_of_difference(economy, 1.7**-4.0) < 1.0 < growth_of_difference(economy, 1.5**-4.0)
