"""Pipelines and shared costs against closed forms, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O20 three stages | lag of what enters: mean 3/p, variance 3 (1-p)/p^2; p = 3/7: 7 and 9.3333 | 1e-12 | exact |
| O20 Little's law | research under way = inflow x mean lag, in the steady state | 1e-12 | exact |
| O20 ties | twice the leaving probability: half the lag | 0 | exact |
| O21 club good | overhead F/N + k N/K: least at N* = sqrt(F K/k); F = 100, k = K = 1: 10 firms, cost 20 | 1e-12 | exact; scale exponent 0, congestion exponent 1 |
| O22 sharing of services (Ethier) | ln productivity rises with ln size by a/(s-1), a share, s elasticity of substitution: `agglomeration.urbanisation`; a = .2, s = 5: .05 | 1e-12 | exact; the reduced form, see below |
| O22 sharing of facilities | overhead per unit of sales falls with ln size by 1 - k, k = `sharing.scale_exponent` | 1e-12 | exact |
| O23 scope | SC = F/(F + variable cost) for two sectors that share a fixed cost; 0 without it or with cost in proportion | 1e-12 | exact |

The fixed cost of O21 and O23 is the limit 0 of `sharing.scale_exponent`, which a configuration keeps above 0.05: set in
the kernels' parameters, as are costs beyond the bounds. O22's varieties of services are not in the model, only the
elasticity of productivity that follows from them. Not applicable: O20's Erlang variance (continuous time).
"""

import numpy as np
import pytest

from regimes import FIXED
from technopole_kernels import layout as at
from twinning import assert_close
from worlds import Run, economy, plan

STAGES = slice(at.R_PIPELINE, at.R_PIPELINE + 3)


def pipeline(parameters=None, university=1.0):
    """One region with a steady stock of universities and firms with ties that never change."""
    chosen = {**FIXED, "institutions.depreciation": 0.0, **(parameters or {})}
    blueprint = plan(economy(1, 1, 4), chosen, stocks={"university": [university]})
    return Run(blueprint)


@pytest.mark.parametrize("leaving", [3 / 7, 0.2, 1.0])
def test_o20_lag_from_research_to_production(leaving):
    run = pipeline({"science.exit_probability": leaving, "science.tie_speed": 0.0}, university=0.0)
    run.world.regions[STAGES, 0] = 1.0, 0.0, 0.0
    arrived = []
    for _ in range(300):
        run.advance(1)
        arrived.append(run.world.regions[at.R_OUTFLOW, 0])
    time, arrived = np.arange(1, 301), np.array(arrived)
    assert_close(arrived.sum(), 1.0)
    mean = (time * arrived).sum()
    assert_close(mean, 3.0 / leaving, "mean lag")
    assert_close(
        (time**2 * arrived).sum() - mean**2, 3.0 * (1.0 - leaving) / leaving**2, "variance", scale=mean**2
    )
    if leaving == 3 / 7:
        assert mean == pytest.approx(7.0) and 3.0 * (1.0 - leaving) / leaving**2 == pytest.approx(
            9.3333, abs=1e-4
        )


@pytest.mark.parametrize("university", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("tied", [0.0, 0.5, 1.0])
def test_o20_littles_law(university, tied):
    run = pipeline({"science.tie_speed": 0.8}, university)
    run.world.tie[at.NOW, :4] = np.arange(4) < 4 * tied
    run.world.regions[STAGES, 0] = 5.0, 0.0, 1.0
    run.advance(400, record=True)
    inflow = 3.0 / 7.0 * (1.0 - np.exp(-0.7 * university)) / (1.0 - np.exp(-0.7))
    lag = run.recorded("research_lag")[-1, 0]
    assert_close(lag, 7.0 / (1.0 + 0.8 * tied), "mean lag")
    assert_close(run.world.regions[STAGES, 0].sum(), inflow * lag, "research under way")
    assert_close(run.world.regions[at.R_OUTFLOW, 0], inflow, "what arrives")


def test_o20_ties_halve_the_lag():
    lags = []
    for tie in (0, 1):
        run = pipeline({"science.tie_speed": 1.0})
        run.world.tie[at.NOW, :4] = tie
        lags.append(run.advance(1, record=True).recorded("research_lag")[0, 0])
    assert lags[0] == 2.0 * lags[1] == pytest.approx(7.0)


@pytest.mark.parametrize(("room", "best"), [(1.0, 10), (2.25, 15), (0.25, 5)])
def test_o21_best_size_of_a_cluster(room, best):
    """Regions of 1 to 40 equal firms share a fixed cost and crowd each other."""
    number = np.arange(1, 41)
    parameters = {**FIXED, "sharing.congestion_exponent": 1.0}
    blueprint = plan(economy(40, 1, 1), parameters, firms=number[:, None], employment=20.0)
    blueprint.stocks[0] = room
    workers = 20.0 / 0.95
    blueprint.params["sharing_cost"] = 100.0
    blueprint.params["sharing_scale_exponent"] = 0.0
    # crowding is relative to the mean region, of 20.5 firms
    blueprint.params["sharing_congestion"] = number.mean()
    run = Run(blueprint)
    assert_close(run.region("workforce"), number * workers)
    run.advance(1)
    overhead = run.world.cells[at.C_OVERHEAD]
    assert_close(overhead, 100.0 / number + number / room, "overhead")
    assert number[np.argmin(overhead)] == best == np.sqrt(100.0 * room)
    if room == 1.0:
        assert_close(overhead.min(), 20.0)


@pytest.mark.parametrize(("part", "substitution"), [(0.2, 5.0), (0.3, 11.0)])
def test_o22_productivity_by_size_of_the_region(part, substitution):
    """Regions of 1 to 64 firms that know the same: what differs is their size."""
    number = 2 ** np.arange(7)
    elasticity = part / (substitution - 1.0)
    parameters = {
        **FIXED,
        "agglomeration.urbanisation": elasticity,
        "sharing.cost": 0.1,
        "sharing.scale_exponent": 0.7,
    }
    run = Run(plan(economy(7, 1, 1), parameters, firms=number[:, None], employment=20.0))
    for name in ("organisation", "technology", "sourcing"):
        run.firm(name)[:] = 0.3
    run.advance(1, record=True)
    size = np.log(number)
    productivity = run.recorded("productivity")[0, :, 0]
    assert_close(np.diff(productivity) / np.diff(size), np.full(6, elasticity), "elasticity", scale=1.0)
    overhead = np.log(run.world.cells[at.C_OVERHEAD])
    assert_close(np.diff(overhead) / np.diff(size), np.full(6, -0.3), "elasticity of overhead")


@pytest.mark.parametrize(("fixed", "exponent"), [(0.5, 0.0), (0.0, 0.0), (0.5, 1.0)])
def test_o23_economies_of_scope(fixed, exponent):
    """One region with each of two sectors, against a region with both."""
    blueprint = plan(
        economy(3, 2, 1, sector={"markup": 0.25}),
        FIXED,
        firms=[[1, 0], [0, 1], [1, 1]],
        employment=[20.0, 50.0, 20.0, 50.0],
    )
    blueprint.params["sharing_cost"] = fixed
    blueprint.params["sharing_scale_exponent"] = exponent
    run = Run(blueprint)
    market = run.world.sectors[at.S_MARKET].copy()
    sales = run.firm("share") * market[[0, 1, 0, 1]]
    run.advance(1)
    charges = run.world.cells[at.C_OVERHEAD, [0, 3, 4, 5]] * sales
    variable = sales / 1.25
    alone = charges[:2] + variable[:2]
    together = (charges[2:] + variable[2:]).sum()
    scope = (alone.sum() - together) / together
    shared = fixed * sales.mean()
    expected = shared / (shared + variable[2:].sum()) if exponent == 0.0 else 0.0
    assert_close(scope, expected, "scope", scale=1e-3)
    assert (scope > 0.01) == (fixed > 0.0 and exponent == 0.0)
