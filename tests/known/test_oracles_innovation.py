"""Steps of innovation against their mean, computed by the kernels.

| case | formula | tolerance | reason |
|---|---|---|---|
| O30 mean step | E[theta] = scale/(1 + shape), Beta(1, shape); scale .3, shape 5 (Dosi, Pereira and Virgillito): .05 | 4 s.e. | 40,000 steps |
| O30 radical steps | E[theta] (1 + p (size - 1)), p probability, size of radical ones; p sme.radical for small firms | 4 s.e. | the same |
| O30 variance | scale^2 shape / ((1 + shape)^2 (2 + shape)); sd .0423 | 4 s.e. | the same |

Not applicable in the model: a cap on steps (.0501377), and the mean 0.0234375 of the positive part of a symmetric step
(Dosi, Fagiolo and Roventini), as no step of the model is negative. The cap, the steady state of Nelson and Winter and
their expected draws are tested where those models are: test_replication_learning_and_selection.py and
test_replication_nelson_winter.py.
"""

import numpy as np
import pytest

from regimes import FIXED
from worlds import Run, economy, plan

FIRMS = 40_000
SCALE, SHAPE = 0.3, 5.0
MEAN, VARIANCE = SCALE / (1.0 + SHAPE), SCALE**2 * SHAPE / ((1.0 + SHAPE) ** 2 * (2.0 + SHAPE))


def steps(parameters, workers=200.0):
    """Steps of the firms that innovate in a period, all in quality."""
    kinds = {f"innovation.kind_{name}": 0.0 for name in ("technology", "organisation", "sourcing")}
    given = {
        **FIXED,
        **kinds,
        "innovation.kind_quality": 1.0,
        "innovation.rate": 2.0,
        "innovation.elasticity": 0.0,
        "innovation.scale": SCALE,
        "innovation.step_shape": SHAPE,
        "sme.size": 100.0,
        **parameters,
    }
    run = Run(plan(economy(1, 1, FIRMS, high_tech=[False]), given, employment=workers), seed=30)
    before = run.firm("quality").copy()
    gain = run.advance(1).firm("quality") - before
    made = gain > 0.0
    assert made.mean() == pytest.approx(1.0 - np.exp(-2.0), abs=4.0 * np.sqrt(0.12 / FIRMS))
    return np.expm1(gain[made])


def within(values, expected):
    """Fail if the mean is further than 4 standard errors from what is expected (false alarm rate 6e-5)."""
    assert abs(values.mean() - expected) < 4.0 * values.std() / np.sqrt(values.size), (
        values.mean(),
        expected,
    )


def test_o30_mean_and_variance_of_a_step():
    found = steps({"innovation.radical": 0.0})
    assert MEAN == pytest.approx(0.05) and np.sqrt(VARIANCE) == pytest.approx(0.0423, abs=5e-5)
    within(found, MEAN)
    within((found - MEAN) ** 2, VARIANCE)
    assert found.max() < SCALE


@pytest.mark.parametrize(("workers", "chance"), [(200.0, 0.2), (20.0, 0.5)], ids=["large", "small"])
def test_o30_mean_of_a_step_with_radical_ones(workers, chance):
    radical = {"innovation.radical": 0.2, "innovation.radical_size": 4.0, "sme.radical": 2.5}
    within(steps(radical, workers), MEAN * (1.0 + 3.0 * chance))
