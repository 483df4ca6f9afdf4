"""A configuration as a function of its parameters."""

import numpy as np
import pandas as pd
import pytest

import technopole as tp
from technopole.errors import ConfigError
from technopole.toolbox import Function, Outcome, evaluate


@pytest.fixture(scope="module")
def function(two_regions):
    return Function(two_regions, ["entry_rate", "productivity_growth"], periods=12, replicates=3)


def by_hand(two_regions, **changes):
    config = tp.Config.from_toml(two_regions).replace({"time.periods": 12, "run.replicates": 3, **changes})
    ds = tp.run(config)
    entries = (ds.spinoffs + ds.startups).sum(["region", "sector"])
    operating = (ds.firms - ds.spinoffs - ds.startups + ds.exits).sum(["region", "sector"])
    return float((entries / operating).isel(time=slice(-10, None)).mean("time").mean())


def test_a_point_is_a_run(function, two_regions):
    assert function()["entry_rate"] == pytest.approx(by_hand(two_regions), rel=1e-12)
    for key, value in {
        "entry.spinoff": 0.03,  # a scalar of the kernels
        "innovation.rd_intensity": 0.05,  # shapes the tables
        "spillover.distance_decay": 50.0,  # shapes the geography
        "run.seed": 5,
    }.items():
        found = function(**{key.replace(".", "__"): value})
        assert found["entry_rate"] == pytest.approx(by_hand(two_regions, **{key: value}), rel=1e-12)
    assert function(seed=5) == function(run__seed=5) != function()
    # nothing of a point stays
    assert function() == function()


def test_a_table_has_a_row_for_each_point(function, two_regions):
    names = ["entry.spinoff", "learning.technology"]
    points = np.array([[0.01, 0.1], [0.03, 0.2]])
    table = function.table(names, points)
    assert table.shape == (2, 2)
    for row, point in zip(table, points, strict=True):
        one = function(**dict(zip(names, point, strict=True)))
        assert row.tolist() == [one["entry_rate"], one["productivity_growth"]]
    again = evaluate(
        two_regions, names, points, ["entry_rate", "productivity_growth"], periods=12, replicates=3
    )
    assert np.array_equal(table, again)


def test_outcomes_are_those_of_experiments(two_regions):
    wage = Outcome("wage_of_valley", "wage", "last", region="valley")
    function = Function(two_regions, [wage, "exit_rate"], replicates=2, periods=5)
    sample = function.sample({"learning.technology": 0.2})
    model = tp.Model(function.config.replace({"learning.technology": 0.2}), replicate=1)
    model.step(5)
    assert sample["wage_of_valley"][1] == model["wage"][1]
    assert sample["exit_rate"].shape == (2,)
    assert len(Function(two_regions).outcomes) > 5
    assert len(Function(two_regions, periods=2, replicates=1)()) > 5


def test_policies_of_the_configuration_are_parameters_too(two_regions, tmp_path):
    path = tmp_path / "policy.toml"
    policy = '[[policies]]\ninstrument = "rd_subsidy"\nvalue = 0.5\n'
    path.write_text(two_regions.read_text(encoding="utf-8") + "\n" + policy, encoding="utf-8")
    function = Function(path, ["innovation_rate"], periods=10, replicates=2)
    plain = Function(two_regions, ["innovation_rate"], periods=10, replicates=2)
    assert function(policies__rd_subsidy=0.0) == plain()
    assert function(policies__rd_subsidy=0.5) == function() != plain()
    with pytest.raises(tp.ConfigError, match=r"policies.rd_subsidy: found -3.0; allowed"):
        function(policies__rd_subsidy=-3.0)
    with pytest.raises(
        tp.ConfigError, match="policies.finance: there is no such policy; the configuration has policies"
    ):
        function(policies__finance=1.0)


def test_what_cannot_be_used_is_said(function, two_regions):
    with pytest.raises(tp.ConfigError, match='did you mean "technology"'):
        function(learning__tecnology=0.1)
    with pytest.raises(tp.ConfigError, match=r"learning.technology.*7"):
        function(learning__technology=7)
    with pytest.raises(tp.ConfigError, match="time.periods: found among the parameters"):
        function(time__periods=7)
    with pytest.raises(tp.ConfigError, match="a column for each of 1 parameters"):
        function.table(["entry.spinoff"], np.zeros((3, 2)))
    with pytest.raises(tp.ConfigError, match='"entryrate" is unknown; did you mean "entry_rate"'):
        Function(two_regions, ["entryrate"])
    with pytest.raises(tp.ConfigError, match="periods: found 99"):
        Function(two_regions, [Outcome("x", "wage", "mean", 99)])
    with pytest.raises(tp.ConfigError, match="stands there twice"):
        Function(two_regions, ["exit_rate", "exit_rate"])


def test_a_word_is_no_list(function, two_regions):
    for wanted in ("entry_rate", 3):
        with pytest.raises(
            tp.ConfigError, match=r'outcomes: found .*; allowed: a list of them, such as \["entry_rate"\]'
        ):
            Function(two_regions, wanted)
    with pytest.raises(
        tp.ConfigError, match=r'names: found .*; allowed: a list of keys, such as \["entry.spinoff"\]'
    ):
        function.table("entry.spinoff", [[0.1]])
    for parameters in (3, {3: 1}):
        with pytest.raises(tp.ConfigError, match="parameters: found .*; allowed: a mapping"):
            function.sample(parameters)


def test_columns_of_a_data_frame_are_found_by_their_labels(function):
    names = ["learning.technology", "spillover.rate"]
    frame = pd.DataFrame([[0.03, 0.2]], columns=names[::-1])
    assert (function.table(names, frame) == function.table(names, [[0.2, 0.03]])).all()
    assert (function.table(names, pd.DataFrame([[0.2, 0.03]])) == function.table(names, frame)).all()
    with pytest.raises(ConfigError, match="sample: found the columns a, b; allowed: learning.technology, "):
        function.table(names, pd.DataFrame([[0.2, 0.03]], columns=["a", "b"]))
    with pytest.raises(ConfigError, match="names: found 'learning.technology' twice"):
        function.table(names[:1] * 2, [[0.1, 0.2]])
