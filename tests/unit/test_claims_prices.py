"""The prices from which C9 is measured: those of the twin, for every rule by which facilities are shared."""

import numpy as np
import pytest

import reference
from technopole.claim_tests.world import Bench, Walk
from technopole.config.config import Config
from technopole.world.build import make_blueprint
from twinning import assert_close, twin_constants, twin_parameters, twin_policy, twin_state
from worlds import economy

PERIODS = 6


def firms_and_twin(**sections):
    """Firms after some periods, and ln p of the last one by the twin for those who were there and stayed."""
    content = economy(3, 4, np.array([30, 6, 45])[:, None], spacing=150.0)
    content["sectors"][0] |= {"markup": 0.4, "labour_share": 0.45}
    content |= {"time": {"periods": PERIODS}, "run": {"seed": 5}, "learning": {"contact": 0.8}}
    blueprint = make_blueprint(Config.from_dict({**content, **sections}))
    walk = Walk(Bench(blueprint, PERIODS, np.zeros(1, np.int64)), blueprint, 5, 0)
    walk.start()
    walk.go(PERIODS - 1)
    before = twin_state(walk.bench.world)
    walk.go(PERIODS)
    firms, identity = walk.firms(), walk.view("identity").copy()

    params, constants = twin_parameters(blueprint), twin_constants(blueprint)
    acts = reference.policy_of_period(twin_policy(blueprint), PERIODS - 1, 3, 4)
    pools = reference.take_pools(before, params, constants, acts["demand_shock"])
    felt = reference.felt_institutions(before, params)
    _, was, now = np.intersect1d(before["identity"], identity, return_indices=True)
    assert 0 < was.size < min(before["identity"].size, identity.size)
    knowledge = np.zeros((4, before["identity"].size))
    knowledge[:, was] = firms.knowledge[:, now]
    transaction = reference.transaction_rate(before["trust"], felt.services, params)
    rate = transaction[pools.region] + reference.overhead_rates(pools, felt.crowding, params)
    place = reference.log_agglomeration(pools, before["workforce"], params)
    price = reference.log_price(pools, knowledge, before["wage"], place, rate, params, constants)
    expected = np.full(identity.size, np.nan)
    expected[now] = price[was]
    return firms, expected


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("rule", ["proportional", "equal", "serial"])
def test_price_of_every_firm(rule, precision):
    sharing = {"rule": rule, "cost": 0.3, "scale_exponent": 0.6}
    firms, expected = firms_and_twin(sharing=sharing, run={"seed": 5, "precision": precision})
    entrants = firms.age == 0
    assert entrants.any() and (np.isnan(firms.price) == entrants).all()
    tolerance = 1e-11 if precision == "float64" else 2e-5
    assert_close(firms.price, expected, rule, tolerance, scale=1.0)
    if rule != "proportional":  # firms of a cell do not pay the same
        rest = firms.price + firms.efficiency
        cell = rest[(firms.cell == 0) & ~entrants]
        assert np.ptp(cell) > 0.05
