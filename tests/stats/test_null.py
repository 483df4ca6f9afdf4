"""O29, the null: with all externalities at 0 the firms of a cluster do as well as isolated firms.

A region with many firms of a sector stands beside regions with one firm each. Firms differ by chance only, so for each
seed the two-sample Kolmogorov-Smirnov test gives a p-value that is uniform if, and only if, place does not matter.
The p-values of 200 seeds are tested for that, for three outcomes at the level 1e-4 each; survival is compared by the
exact test of Fisher over all seeds at 1e-4. The rate of false alarms, were the seeds drawn anew, is 4e-4. As the
seeds are fixed, a failure is a change of the model. With the externalities on the same tests must reject.
"""

import numpy as np
import pytest
from scipy import stats

from worlds import Run, economy, plan

pytestmark = pytest.mark.stats

SEEDS = 200
PERIODS = 12
CLUSTER, ISOLATED = 80, 61
LEVEL = 1e-4
CHANNELS = ("organisation", "technology", "sourcing", "quality")

ALIVE = {
    # events for nearly every firm within the periods
    "innovation.rate": 0.6,
    "learning.contact": 0.9,
    "science.tie_rate": 0.3,
    "entry.startups": 0.05,
}
NULL = {
    **{f"learning.{channel}": 0.0 for channel in CHANNELS},
    "spillover.rate": 0.0,
    "upgrading.rate": 0.0,
    "science.rate": 0.0,
    "sharing.cost": 0.0,
    "sharing.congestion": 0.0,
    "agglomeration.localisation": 0.0,
    "agglomeration.urbanisation": 0.0,
    "agglomeration.diversity": 0.0,
    "transaction.cost": 0.0,
    "reputation.weight": 0.0,
    "sme.pooling": 0.0,
    "mobility.rate": 0.0,
    # local wages are a price, but one that neighbours make
    "labour.wage_response": 0.0,
    "feedback.cluster_to_ris": 0.0,
    "feedback.ris_to_cluster": 0.0,
}


def outcomes(blueprint, seed):
    """Growth of productivity and of market share, and cash, of the first firms that are left; and who is left."""
    run = Run(blueprint, seed)
    first = run.world.identity[0, : run.n_firms].copy()
    start = {name: run.firm(name).copy() for name in (*CHANNELS, "share")}
    run.advance(PERIODS)
    here = run.world.identity[0, : run.n_firms]
    _, before, now = np.intersect1d(first, here, return_indices=True)
    gain = {name: run.firm(name)[now] - start[name][before] for name in CHANNELS}
    productivity = 0.6 * (gain["organisation"] + gain["technology"]) + 0.4 * gain["sourcing"]
    growth = np.log(run.firm("share")[now] / start["share"][before])
    survived = np.zeros(first.size, dtype=bool)
    survived[before] = True
    return {"productivity": productivity, "share": growth, "cash": run.firm("cash")[now]}, before, survived


@pytest.fixture(scope="module", params=["null", "externalities"])
def comparison(request):
    """P-values by outcome over the seeds, and survivors in the cluster and elsewhere."""
    firms = [[CLUSTER]] + [[1]] * ISOLATED
    chosen = {**ALIVE, **(NULL if request.param == "null" else {})}
    blueprint = plan(economy(1 + ISOLATED, 1, 1, spacing=400.0), chosen, firms=firms, employment=30.0)
    p_values, survivors = {}, np.zeros((2, 2), dtype=int)
    for seed in range(SEEDS):
        found, place, survived = outcomes(blueprint, seed)
        clustered = place < CLUSTER
        for name, values in found.items():
            test = stats.ks_2samp(values[clustered], values[~clustered])
            p_values.setdefault(name, []).append(test.pvalue)
        for row, part in enumerate((survived[:CLUSTER], survived[CLUSTER:])):
            survivors[row] += part.sum(), (~part).sum()
    return request.param, {name: np.array(values) for name, values in p_values.items()}, survivors


@pytest.mark.parametrize("outcome", ["productivity", "share", "cash"])
def test_place_matters_only_through_externalities(comparison, outcome):
    case, p_values, _ = comparison
    found = p_values[outcome]
    uniform = stats.kstest(found, "uniform").pvalue
    if case == "null":
        assert uniform > LEVEL, f"p-values are not uniform: {uniform:.3g}, mean {found.mean():.3f}"
    else:
        assert uniform < LEVEL and np.median(found) < 0.2


def test_survival(comparison):
    case, _, survivors = comparison
    p_value = stats.fisher_exact(survivors).pvalue
    assert survivors[:, 1].min() > 100
    if case == "null":
        assert p_value > LEVEL, f"{survivors.tolist()}: {p_value:.3g}"
