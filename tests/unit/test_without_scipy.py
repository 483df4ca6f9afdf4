"""Experiments where only the libraries are installed that technopole cannot do without."""

import sys

import numpy as np
import pytest

import technopole as tp
from sweeping import content
from technopole.errors import ConfigError, TechnopoleError
from technopole.experiments.plan import make_plan
from technopole.statistics.moments import block_moments, statistics
from technopole.sweeps.sweep import Sweep

NEEDS = r"scipy: pip install scipy \(the extra technopole\[statistics\]\)"


@pytest.fixture(autouse=True)
def no_scipy(monkeypatch):
    for name in ("scipy", "scipy.special", "scipy.stats"):
        monkeypatch.setitem(sys.modules, name, None)


def sweep(statistics, **sections):
    return Sweep.from_dict(content(output={"variables": ["firms"], "statistics": statistics}, **sections))


def test_statistics_without_an_interval_are_computed(tmp_path):
    wanted = ["mean", "sd", "se", "n"]
    tp.experiment(sweep(wanted), tmp_path / "store.zarr")
    ds = tp.open(tmp_path / "store.zarr")
    assert ds.attrs["complete"] == 1
    assert np.isfinite(ds["firms_mean"]).all() and np.isfinite(ds["firms_se"]).all()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["mean", "interval"], '"interval" needs'),
        (["quantiles"], '"quantiles" needs'),
        (["quantiles", "interval"], '"interval" and "quantiles" need'),
    ],
)
def test_what_is_missing_is_said_before_anything_is_computed(tmp_path, words, named):
    with pytest.raises(ConfigError, match=rf"output\.statistics: {named} {NEEDS}"):
        tp.experiment(sweep(words), tmp_path / "store.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_stopping_rule_is_refused_at_once():
    given = content(output={"statistics": ["mean"]}, stop={"outcome": "size", "half_width": 1.0})
    del given["experiment"]["replicates"]
    given["outcomes"] = {"size": {"variable": "firms"}}
    with pytest.raises(ConfigError, match=rf"stop: the intervals that are looked at need {NEEDS}"):
        make_plan(Sweep.from_dict(given))


def test_an_interval_is_refused_and_the_rest_is_there():
    found = statistics(*block_moments(np.array([1.0, 3.0])))
    assert found.mean == 2.0 and found.se == 1.0
    with pytest.raises(TechnopoleError, match=NEEDS):
        _ = found.low
