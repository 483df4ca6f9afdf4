"""Sweeps: what is read, what is refused and in which words, what comes back."""

import json
import pickle

import pandas as pd
import pytest

from conftest import SCENARIOS
from sweeping import TWO_REGIONS, content, sweep
from technopole.errors import ConfigError
from technopole.schema import PARAMETERS
from technopole.sweeps.sweep import Sweep


def problems(**sections):
    with pytest.raises(ConfigError) as failure:
        sweep(**sections)
    return failure.value.problems


def one_problem(**sections):
    found = problems(**sections)
    assert len(found) == 1, found
    return found[0]


def design(kind, parameters=None, **more):
    return {"kind": kind, **({"parameters": parameters} if parameters is not None else {}), **more}


# ------------------------------------------------------------------------------------------------- what is read


def test_file_with_relative_scenario(tmp_path):
    folder = tmp_path / "sweeps"
    folder.mkdir()
    (tmp_path / "two.toml").write_bytes((SCENARIOS / "two-regions.toml").read_bytes())
    path = folder / "small.toml"
    path.write_text(
        '[experiment]\nscenario = "../two.toml"\nreplicates = 3\nseed = 9\n'
        '[set]\n"learning.rule" = "barter"\nspillover.rate = 0.01\n'
        "[design]\nkind = 'grid'\n[design.parameters]\nlearning.technology = [0.0, 0.2]\n"
    )
    read = Sweep.from_toml(path)
    assert read.name == "small" and read.title == "Two regions, three sectors"
    assert (read.replicates, read.config.run.seed, read.periods) == (3, 9, 30)
    assert (read.config.learning.rule, read.config.spillover.rate) == ("barter", 0.01)
    assert read.design.keys == ("learning.technology",)
    assert read.common_random_numbers and read.burn_in == 0


def test_defaults_are_small():
    read = sweep()
    assert read.level == "region" and read.output.statistics == ("mean", "sd", "se", "interval", "n")
    assert not read.stores_raw and len(read.outcomes) >= 5 and read.stop is None
    assert read.design.kind == "grid"


def test_without_a_design_there_is_one_point():
    given = content()
    del given["design"]
    read = Sweep.from_dict(given)
    assert read.design.kind == "list" and read.design.number == 1 and read.design.keys == ()


def test_recorded_holds_weights_and_what_outcomes_need():
    read = sweep(
        output={"variables": ["productivity"], "level": "economy"},
        outcomes={"exit_rate": {"variable": "exit_rate", "over": "mean", "periods": 5}},
    )
    assert {"productivity", "sales", "exits", "firms", "spinoffs", "startups"} == set(read.recorded)
    assert tuple(read.config.output.variables) == read.recorded
    assert read.variables == ("productivity",)


def test_periods_recorded_after_the_burn_in():
    read = sweep(experiment={"burn_in": 5}, output={"stride": 3})
    assert read.times.tolist() == [6, 9, 12] and read.first_row == 1
    assert sweep(output={"stride": 5}).times.tolist() == [5, 10]


def test_firm_level_divides_the_variables():
    read = sweep(output={"level": "firm", "variables": ["technology", "share", "wage", "sales"]})
    assert read.firm_variables == ("technology", "share")
    assert read.variables == ("wage", "sales") and read.level == "cell"


def test_outcomes_or_tables_of_firms_alone_will_do():
    read = sweep(output={"variables": []})
    assert read.variables == () and read.recorded
    read = sweep(outcomes={}, output={"variables": ["share"], "level": "firm"})
    assert read.recorded == () and read.firm_variables == ("share",)
    assert Sweep.from_dict(read.to_dict()).digest() == read.digest()


def test_default_outcomes_fit_what_is_recorded():
    for stride, periods in ((1, 1), (1, 3), (7, 30), (12, 12), (4, 30)):
        read = sweep(experiment={"periods": periods}, output={"stride": stride})
        assert read.outcomes


def test_overrides_reach_the_sweep_and_the_configuration(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(
        f'[experiment]\nscenario = "{TWO_REGIONS}"\n[set]\nlearning.far = 0.1\n[output]\nstride = 2\n'
    )
    read = Sweep.from_toml(path, {"experiment.replicates": 7, "learning.rule": "barter", "output.stride": 3})
    assert (read.replicates, read.config.learning.rule, read.output.stride) == (7, "barter", 3)
    assert read.config.learning.far == 0.1


def test_strength_of_a_policy():
    policies = [{"instrument": "rd_subsidy", "value": 0.2, "start": 3}]
    points = [{}, {"policies": {"rd_subsidy": 0}}, {"policies.rd_subsidy": 0.5}]
    read = sweep(set={"policies": policies}, design=design("list", points=points))
    assert read.design.spreads[0].values == (0.2, 0.0, 0.5)
    twice = [*policies, {"instrument": "rd_subsidy", "value": 0.1}]
    assert "found 2 of [[policies]]" in one_problem(
        set={"policies": twice}, design=design("grid", {"policies.rd_subsidy": [0.1]})
    )


def test_data_takes_the_place_of_the_path(tmp_path):
    assert sweep().config.data.path == ""
    metros = content(experiment={"scenario": str(SCENARIOS / "us-metros.toml")})
    assert Sweep.from_dict(metros, data=tmp_path).config.data.path == str(tmp_path)
    with pytest.raises(ConfigError, match=r'argument data: found .*, but data.kind is "embedded"'):
        Sweep.from_dict(content(), data=tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"design": {"kind": "list", "points": [{}, {"learning.rule": "barter"}]}},
        {"design": design("lhs", {"learning.technology": {"low": 0, "high": 0.2}}, points=5, seed=3)},
        {
            "design": design(
                "saltelli", {"learning.far": {"low": 0, "high": 0.2}}, points=4, second_order=True
            )
        },
        {
            "stop": {"outcome": "final_firms", "half_width": 1.0, "maximum": 64},
            "experiment": {"replicates": None},
        },
        {"contrasts": {"base": {"learning.technology": 0.1}}},
        {"output": {"raw": True, "statistics": ["mean", "quantiles"], "quantiles": [0.1]}},
    ],
)
def test_written_sweep_is_the_same_sweep(changes):
    read = sweep(**changes)
    text = json.dumps(read.to_dict(), allow_nan=False)
    again = Sweep.from_dict(json.loads(text))
    assert again.digest() == read.digest()
    assert again.to_dict() == read.to_dict()
    assert pickle.loads(pickle.dumps(read)).digest() == read.digest()


def test_digest_is_about_results():
    same = [
        {},
        {"limits": {"bytes": 1e3}},
        {"experiment": {"title": "other", "name": "other"}},
        {"set": {"scenario.title": "other"}},
    ]
    assert len({sweep(**changes).digest() for changes in same}) == 1
    other = [
        {},
        {"experiment": {"replicates": 5}},
        {"experiment": {"seed": 2}},
        {"experiment": {"common_random_numbers": False}},
        {"experiment": {"burn_in": 2}},
        {"set": {"learning.rule": "barter"}},
        {"output": {"stride": 2}},
        {"design": design("grid", {"learning.technology": [0.0, 0.1]})},
    ]
    assert len({sweep(**changes).digest() for changes in other}) == len(other)


# ------------------------------------------------------------------------------------------------ what is refused


def test_all_problems_at_once():
    found = problems(
        experiment={"replicates": 0},
        design=design("grid", {"learning.technolgy": [0.1], "learning.far": [2.0]}),
        output={"variables": ["produktivity"], "stride": 0},
        oucomes={},
    )
    text = "\n".join(found)
    for part in (
        "experiment.replicates: found 0; allowed: at least 1",
        'did you mean "learning.technology"?',
        "learning.far.values[0]: found 2.0; allowed for learning.far: a number from 0 to 1",
        "output.stride: found 0",
        'oucomes: unknown section; did you mean "outcomes"?',
    ):
        assert part in text, (part, text)
    assert all(line.startswith("sweep: ") for line in found)


def test_missing_scenario_and_wrong_scenario(tmp_path):
    assert one_problem(experiment={"scenario": None}).endswith("experiment.scenario: missing; it is needed")
    path = tmp_path / "a.toml"
    path.write_text('[experiment]\nscenario = "nowhere.toml"\n')
    with pytest.raises(ConfigError, match=r"nowhere\.toml: no such file"):
        Sweep.from_toml(path)


def test_problems_of_the_scenario_name_the_scenario():
    line = one_problem(set={"learning.technology": 3.0})
    assert "two-regions.toml ([set] of the sweep): learning.technology: found 3.0" in line
    line = one_problem(set={"learnin.technology": 3.0})
    assert "learnin" in line and "did you mean" in line


def test_policies_of_set_are_not_called_those_of_the_scenario():
    """And points are judged by what they say, though the scenario has problems: they were said to have no values."""
    policies = [{"instrument": "university", "value": 0.0, "start": 2030}]
    points = [{"name": "none", "policies.university": 0.0}, {"name": "fund", "policies.university": 500}]
    found = problems(set={"policies": policies}, design=design("list", points=points))
    assert len(found) == 2
    assert "two-regions.toml ([set] of the sweep): policies no. 1 (university).start: found 2030" in found[0]
    assert found[1].startswith("sweep: design.points[1].policies.university: found 500; allowed")


def test_an_outcome_is_of_one_place():
    line = one_problem(outcomes={"gap": {"variable": "wage", "region": ["harbour", "valley"]}})
    assert "outcomes.gap.region: found a list of 2; allowed: one id, as an outcome is of one region" in line


def test_set_cannot_say_what_the_sweep_says():
    assert "allowed: experiment.replicates" in one_problem(set={"run.replicates": 3})
    assert "experiment.periods too; allowed: one" in one_problem(set={"time.periods": 3})
    assert "allowed: the keys of [experiment] of the sweep" in one_problem(set={"run.nothing": 3})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (design("grd"), 'did you mean "grid"?'),
        ({"parameters": {"learning.far": [0.1]}}, "design.kind: missing; allowed: grid, zip"),
        ({"points": 4}, "design.kind: missing; allowed: grid, zip"),
        (design("grid", {"learning.far": [0.1]}, point=4), 'did you mean "points"?; allowed: kind, seed'),
        (design("grid", {"learning.far": 0.1}), "allowed: a list of values, or a table with low and high"),
        (design("grid", {"learning.far": [10**400]}), "allowed for learning.far: a number from 0 to 1"),
        (
            design("grid", {"capacity.slack": [0.1]}),
            "the same at all points: [set] sets it; allowed here: the",
        ),
        (design("grid", {"run.seed": [1]}), "[experiment] seed = … sets it; allowed here: the parameters of"),
        (design("grid", {"feedback": [1]}), "allowed: feedback.cluster_to_ris, feedback.ris_to_cluster"),
        (design("grid", {"nothing.here": [1]}), "technopole describe lists all parameters"),
        (design("grid"), "design.parameters: missing"),
        (design("grid", {}), "found an empty table"),
        (design("grid", {"run.seed": [1, 2]}), "run.seed is the same at all points"),
        (design("grid", {"time.periods": [1, 2]}), "time.periods is the same at all points"),
        (design("grid", {"learning.technology": {"low": 0, "high": 1}}), "needs the values themselves"),
        (design("grid", {"learning.rule": ["bartr"]}), 'did you mean "barter"?'),
        (design("grid", {"reputation.standard": [1]}), "true or false"),
        (design("grid", {"learning.technology": [True]}), "found true; allowed for learning.technology"),
        (design("grid", {"learning.technology": []}), "at least 1 value"),
        (design("grid", {"learning.technology": [0, 0.1, 0.0]}), "found a value twice"),
        (design("grid", {"learning.technology": [0.1]}, points=4), "design.points: given; allowed: only for"),
        (
            design("zip", {"learning.technology": [0.1], "learning.far": [0.1, 0.2]}),
            "found 1 of learning.technology, 2 of learning.far",
        ),
        (design("lhs", {"learning.technology": {"low": 0, "high": 0.1}}), "design.points: missing"),
        (design("sobol", {"learning.far": {"low": 0, "high": 0.1}}, points=100), "such as 64 or 128"),
        (design("lhs", {"learning.far": {"low": 0}}, points=4), "high: missing; a sensible range"),
        (design("lhs", {"learning.far": {"low": 0.3, "high": 0.1}}, points=4), "below high, which is 0.1"),
        (design("lhs", {"learning.far": {"low": 0, "high": 2}}, points=4), "a number from 0 to 1"),
        (
            design("lhs", {"learning.far": {"low": 0, "high": 1, "dist": "loguniform"}}, points=4),
            "needs it above 0",
        ),
        (design("lhs", {"learning.far": {"low": 0, "high": 1, "dist": "normal"}}, points=4), "sd: missing"),
        (design("lhs", {"learning.far": {"low": 0, "high": 1, "sd": 1.0}}, points=4), "only for dist"),
        (design("lhs", {"learning.far": {"low": 0, "high": 1, "dist": "unifrm"}}, points=4), "uniform"),
        (design("lhs", {"learning.rule": {"low": 0, "high": 1}}, points=4), "values: missing"),
        (design("morris", {"learning.far": {"low": 0, "high": 1}}, points=4, levels=3), "an even number"),
        (design("file"), "design.file: missing"),
        (design("grid", {"policies.rd_subsidy": [0.1]}), "found 0 of [[policies]] with this instrument"),
        (design("list", points=[{"policies.finance": 0.1}, {}]), "found 0 of [[policies]]"),
        (design("grid", {"policies.rd_subsidi": [0.1]}), 'did you mean "policies.rd_subsidy"?'),
        (design("grid", {"policies.rd_subsidy": [-2]}), "a number from -1 to 10"),
        (design("list", points=[]), "design.points: found none"),
        (
            design("list", points=pd.DataFrame({"learning.technology": [0.1]})),
            "design.points: found a value of type DataFrame",
        ),
        (design("list", points=[{}, {}]), "2 points without a value"),
        (design("list", points=[{"learning.far": "much"}]), "design.points[0].learning.far: found text"),
    ],
)
def test_designs_are_refused(given, words):
    assert any(words in line for line in problems(design=given)), problems(design=given)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"experiment": {"burn_in": 12}}, "experiment.burn_in: found 12; allowed: fewer than the periods"),
        (
            {"experiment": {"burn_in": 2, "common_random_numbers": False}},
            "share its random numbers",
        ),
        (
            {
                "experiment": {"burn_in": 2},
                "design": design("grid", {"initial.tied": [0.1]}),
            },
            "initial.tied shapes the start",
        ),
        ({"output": {"stride": 13}}, "output.stride: found 13"),
        ({"output": {"variables": ["wage", "wage"]}}, "output.variables: found a value twice"),
        ({"output": {"variables": ["share"]}}, 'level = "firm" stores'),
        ({"output": {"variables": ["wages"]}}, 'did you mean "wage"?'),
        ({"output": {"statistics": ["median"]}}, "output.statistics[0]"),
        ({"output": {"quantiles": [0.5, 0.1]}}, "out of order"),
        ({"output": {"quantiles": [1.0]}}, "below 1"),
        ({"output": {"level": "city"}}, "'economy', 'region', 'sector', 'cell' or 'firm'"),
        ({"outcomes": {"a": {"variable": "prodctivity"}}}, 'did you mean "productivity"?'),
        ({"outcomes": {"a b": {"variable": "wage"}}}, "letters, digits and _"),
        ({"outcomes": {"a": {"variable": "wage", "over": "growth", "periods": 40}}}, "allowed: 1 to 11"),
        ({"outcomes": {"a": {"variable": "wage", "region": "harbor"}}}, 'did you mean "harbour"?'),
        ({"outcomes": {"wage_mean": {"variable": "wage"}}}, 'its array "wage_mean" is that of'),
        ({"outcomes": {"point": {"variable": "wage"}}}, "the store"),
        ({"outcomes": {"latitude": {"variable": "wage"}}}, "the store"),
        ({"outcomes": {"journal": {"variable": "wage"}}}, "the store"),
        ({"contrasts": {"base": {"learning.tech": 0.1}}}, "the design does not vary it"),
        ({"design": {}, "contrasts": {"factorial": True}}, "contrasts: given, but there is one point"),
        ({"contrasts": {"base": 3}}, "found 3; allowed: the values of a point"),
        ({"contrasts": {"factorial": True}}, "only for a grid"),
        (
            {"stop": {"outcome": "firms", "half_width": 1.0}, "experiment": {"replicates": None}},
            "which is no outcome",
        ),
        ({"stop": {"outcome": "final_firms", "half_width": 1.0}}, "given beside [stop]"),
        (
            {
                "stop": {"outcome": "final_firms", "half_width": 1.0, "maximum": 100},
                "experiment": {"replicates": None},
            },
            "whole rounds of 16",
        ),
        ({"limits": {"files": 0}}, "limits.files: found 0; allowed: above 0"),
        ({"design": 3}, "design: found 3; allowed: a table"),
        ({"outcomes": {}, "output": {"variables": []}}, "outcomes: none, and no output.variables"),
        ({"outcomes": 3}, "outcomes: found 3; allowed: a table"),
        ({"set": 3}, "set: found 3; allowed: a table"),
        ({"contrasts": 3}, "contrasts: found 3; allowed: a table"),
    ],
)
def test_sections_are_refused(sections, words):
    assert any(words in line for line in problems(**sections)), problems(**sections)


def test_sensible_ranges_are_allowed():
    for key, entry in PARAMETERS.items():
        if entry.dtype == "float":
            low, high = entry.search_range
            sweep(design=design("random", {key: {"low": low, "high": high}}, points=1))


# -------------------------------------------------------------------------------------------------------- CSV files


def csv(tmp_path, text):
    (tmp_path / "points.csv").write_text(text, encoding="utf-8")
    return Sweep.from_dict(content(design=design("file", file="points.csv")), folder=tmp_path)


def test_points_from_a_file(tmp_path):
    text = "learning.technology, learning.rule ,reputation.standard\n0.1,barter,true\n\n1e-1,broadcast,0\n"
    read = csv(tmp_path, text)
    assert read.design.number == 2
    assert {spread.key: spread.values for spread in read.design.spreads} == {
        "learning.technology": (0.1, 0.1),
        "learning.rule": ("barter", "broadcast"),
        "reputation.standard": (True, False),
    }
    assert Sweep.from_dict(read.to_dict()).digest() == read.digest()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found no points"),
        ("learning.technology\n", "found no points"),
        ("learning.technology\nmuch\n", "line 2: found text 'much'"),
        ("learning.technology\n0.1,0.2\n", "line 2 has 2 values; allowed: 1"),
        ("learning.technology,learning.technology\n0.1,0.2\n", "a key occurs twice"),
        ("learning.tech\n0.1\n", "is no parameter"),
        ("learning.technology\nnan\n", "found nan"),
    ],
)
def test_files_are_refused(tmp_path, text, words):
    with pytest.raises(ConfigError) as failure:
        csv(tmp_path, text)
    assert words in str(failure.value) and "points.csv" in str(failure.value)


def test_precision_is_that_of_the_scenario():
    """The advice for one place must not lead to a refusal in another one."""
    wanted = "precision is that of the scenario; allowed: precision in [run] of the scenario "
    for sections in ({"experiment": {"precision": "float32"}}, {"set": {"run.precision": "float32"}}):
        text = one_problem(**sections)
        assert wanted in text and "two-regions.toml" in text and "did you mean" not in text
    assert "--workers" in one_problem(experiment={"threads": 2})


def test_file_of_points_that_is_not_utf8(tmp_path):
    (tmp_path / "points.csv").write_bytes(b"learning.technology\n0.1\n0,\xe9\n")
    with pytest.raises(
        ConfigError, match=r"points\.csv: line 3: not UTF-8: found the byte 0xE9 after '0,'; allowed"
    ):
        Sweep.from_dict(content(design=design("file", file="points.csv")), folder=tmp_path)


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"points\.csv: cannot be read: No such file"):
        Sweep.from_dict(content(design=design("file", file="points.csv")), folder=tmp_path)
