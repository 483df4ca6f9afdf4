"""Blueprints of points: the same as made from scratch, without loading the data for each."""

import pickle
from dataclasses import fields

import numpy as np
import pytest

import technopole.experiments.points as module
from conftest import SCENARIOS
from sweeping import plan
from technopole.errors import ConfigError
from technopole.experiments.points import PointWorlds, point_seed
from technopole.world.build import make_blueprint

STATES = {"scenario": str(SCENARIOS / "us-states.toml"), "replicates": 1, "periods": 12}


POLICIES = [
    {"instrument": "rd_subsidy", "value": 0.2, "start": 3},
    {"instrument": "finance", "value": 0.3, "end": 8},
    {"instrument": "wage_shock", "value": 0.1},
]


def worlds(parameters, **sections):
    sections["set"] = {"policies": POLICIES, **sections.get("set", {})}
    return PointWorlds(plan(design={"kind": "grid", "parameters": parameters}, **sections))


def same(one, other, name=""):
    """Compare blueprints part by part."""
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), name
    elif isinstance(one, tuple) and hasattr(one, "_fields"):
        for field in one._fields:
            same(getattr(one, field), getattr(other, field), f"{name}.{field}")
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            same(value, other[key], f"{name}.{key}")
    elif hasattr(one, "__dataclass_fields__"):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
    elif hasattr(one, "digest"):
        assert one.digest() == other.digest(), name
    else:
        assert one == other, name


def from_scratch(plan, point):
    """Configuration of a point, checked as a whole."""
    changes = plan.points.changes(point)
    values = {key.removeprefix("policies."): changes.pop(key) for key in list(changes) if "policies." in key}
    changes["policies"] = [{**row, "value": values.get(row["instrument"], row["value"])} for row in POLICIES]
    return plan.sweep.config.replace(changes)


PARAMETERS = [
    {"learning.technology": [0.0, 0.2], "learning.rule": ["barter", "mean_field"]},
    {"spillover.distance_decay": [50.0, 900.0], "spillover.cutoff": [0.0, 0.1]},
    {"market.markup": [0.1, 0.3], "relatedness.group": [0.2, 0.7]},
    {"innovation.rate": [0.02, 0.06], "spillover.distance_decay": [50.0, 900.0], "sme.size": [50.0, 90.0]},
    {"policies.rd_subsidy": [0.0, 0.4], "learning.far": [0.1, 0.2], "policies.finance": [-0.1, 0.1]},
    {"data.seed": [1, 2], "learning.appropriability": [0.1, 0.3]},
    {"data.scale": [0.0005, 0.001], "market.labour_share": [0.5, 0.6]},
]


@pytest.mark.parametrize("experiment", [{}, STATES], ids=["two-regions", "us-states"])
@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda p: "+".join(p))
def test_blueprints_are_those_made_from_scratch(parameters, experiment):
    scale = {"set": {"data.scale": 0.001}} if experiment else {}
    made = worlds(parameters, experiment=experiment, **scale)
    for point in [*range(made.plan.n_points), 0]:
        same(made.blueprint(point), make_blueprint(from_scratch(made.plan, point)))


def test_data_are_loaded_once(monkeypatch):
    loaded = []
    monkeypatch.setattr(module, "make_blueprint", lambda config: loaded.append(1) or make_blueprint(config))
    ranges = {
        "learning.technology": {"low": 0.0, "high": 0.2},
        "spillover.distance_decay": {"low": 50.0, "high": 900.0},
        "market.markup": {"low": 0.1, "high": 0.3},
    }
    made = PointWorlds(plan(design={"kind": "random", "points": 500, "parameters": ranges}))
    for point in range(500):
        made.blueprint(point)
    assert len(loaded) == 1
    assert made.blueprint(3).tables.employment is made.base.tables.employment


@pytest.mark.slow
@pytest.mark.parametrize("parameters", PARAMETERS[2:4], ids=lambda p: "+".join(p))
def test_blueprints_of_a_folder_are_those_made_from_scratch(parameters, data_folder, monkeypatch):
    scenario = {"scenario": str(SCENARIOS / "us-metros.toml"), "replicates": 1, "periods": 12}
    set_ = {"data.scale": 0.001, "data.path": str(data_folder)}
    made = worlds(parameters, experiment=scenario, set=set_)
    expected = [make_blueprint(from_scratch(made.plan, point)) for point in range(made.plan.n_points)]
    loaded = []
    monkeypatch.setattr(module, "make_blueprint", lambda config: loaded.append(1) or make_blueprint(config))
    for point, blueprint in enumerate(expected):
        same(made.blueprint(point), blueprint)
    assert len(loaded) == 1


def test_parameters_alone_share_all_arrays():
    made = worlds({"learning.technology": [0.0, 0.2]})
    one, other = made.blueprint(0), made.blueprint(1)
    assert one.constants is other.constants and one.tables is other.tables
    assert one.params["learning_technology"] == 0.0 and other.params["learning_technology"] == 0.2
    assert made.blueprint(0) is one


def test_seeds():
    made = worlds({"learning.technology": [0.0, 0.2]})
    assert [made.seed(0), made.seed(1)] == [1, 1]
    apart = worlds(
        {"learning.technology": [0.0, 0.2]}, experiment={"common_random_numbers": False, "seed": 5}
    )
    seeds = [apart.seed(0), apart.seed(1)]
    assert seeds == [point_seed(5, 0), point_seed(5, 1)] and len({*seeds, 5}) == 3
    many = {point_seed(5, number) for number in range(2000)}
    assert len(many) == 2000 and all(0 <= seed < 2**32 for seed in many)
    assert point_seed(1, 0) == 1835504127  # the same on every machine, for ever


def test_other_data_than_planned_are_refused(monkeypatch):
    made = worlds({"learning.technology": [0.0, 0.2]})
    monkeypatch.setattr(module, "tables_digest", lambda tables: "other")
    with pytest.raises(ConfigError, match="the data are not those of the plan"):
        made.blueprint(0)


def test_worlds_travel_as_their_plan():
    made = worlds({"learning.technology": [0.0, 0.2]})
    same(pickle.loads(pickle.dumps(made)).blueprint(1), made.blueprint(1))
