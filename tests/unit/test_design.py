"""Points of designs: how many, which values, ids that stay when a design is extended."""

import itertools
import sys

import numpy as np
import pytest

from sweeping import content, sweep
from technopole.config.checks import check_parameters
from technopole.config.problems import Problems
from technopole.errors import ConfigError
from technopole.schema import CHANNELS
from technopole.sweeps import design
from technopole.sweeps.design import grid_ids, make_points, varied_config
from technopole.sweeps.sweep import Sweep

RANGES = {
    "learning.technology": {"low": 0.0, "high": 0.2},
    "spillover.distance_decay": {"low": 10.0, "high": 1000.0, "dist": "loguniform"},
    "market.demand_growth": {"low": -0.05, "high": 0.05, "dist": "normal", "mean": 0.02, "sd": 0.01},
}


def points(kind, parameters=None, **more):
    wanted = {"kind": kind, **({"parameters": parameters} if parameters is not None else {}), **more}
    return make_points(sweep(design=wanted))


def rows(made):
    """Points by id."""
    return {int(made.ids[index]): tuple(made.changes(index).values()) for index in range(len(made))}


def test_grid_is_all_combinations_in_order():
    made = points("grid", {"learning.rule": ["barter", "broadcast"], "learning.far": [0.0, 0.1, 0.2]})
    expected = list(itertools.product(["barter", "broadcast"], [0.0, 0.1, 0.2]))
    assert [tuple(made.changes(index).values()) for index in range(6)] == expected
    assert made.kind == "grid" and made.sample is None and made.problem is None
    assert made.select({"learning.rule": "barter"}).tolist() == [0, 1, 2]
    assert made.select({"learning.rule": "barter", "learning.far": 0.2}).tolist() == [2]
    assert made.values["learning.far"].dtype == np.float64


def test_ids_of_grids_number_shells():
    assert grid_ids([2, 2]).tolist() == [0, 1, 2, 3]
    assert grid_ids([3, 3]).tolist() == [0, 1, 4, 2, 3, 5, 6, 7, 8]
    assert grid_ids([5]).tolist() == [0, 1, 2, 3, 4]
    cube = grid_ids([4, 4, 4])
    assert sorted(cube) == list(range(64))


def test_ids_of_grids_of_many_parameters_fit():
    ids = grid_ids([1] * 50 + [5])
    assert ids.dtype == np.int64 and np.unique(ids).size == 5 and ids.min() == 0
    assert grid_ids([1] * 50 + [6])[:5].tolist() == ids.tolist()


@pytest.mark.parametrize("lengths", [[1], [5], [4, 2, 3], [2, 7], [1, 1, 6], [3, 3, 3, 2]])
def test_ids_found_together_are_those_found_one_by_one(lengths):
    one_by_one = [
        design._shell_number(place, len(lengths)) for place in itertools.product(*map(range, lengths))
    ]
    assert grid_ids(lengths).tolist() == one_by_one


def test_a_grid_may_have_more_parameters_than_arrays_have_dimensions():
    assert design._places([1] * 68 + [2, 3]).T[:, -2:].tolist() == [
        [0, 0],
        [0, 1],
        [0, 2],
        [1, 0],
        [1, 1],
        [1, 2],
    ]


def test_grids_of_millions_of_points_are_made_in_seconds(monkeypatch):
    # the conditions between parameters are looked at one by one only where they do not hold
    looked_at = []
    monkeypatch.setattr(design, "check_parameters", lambda *given: looked_at.append(given))
    values = np.linspace(0.0, 0.9, 500).tolist()
    made = points("grid", {"learning.far": values, "learning.technology": values})
    assert len(made) == 250_000 and not looked_at


def test_all_points_that_break_a_condition_are_found():
    drawn = np.random.default_rng(4)
    columns = {
        "learning.far": drawn.uniform(0.0, 1.0, 300),
        "spillover.rate": drawn.uniform(0.0, 0.4, 300),
        **{f"innovation.kind_{channel}": drawn.integers(0, 2, 300) * 1.0 for channel in CHANNELS},
    }
    config = sweep().config
    made = design.Points("list", np.arange(300), columns)
    expected = []
    for index in range(300):
        varied, problems = varied_config(config, made.changes(index)), Problems("")
        sections = {name: getattr(varied, name) for name in ("learning", "spillover", "innovation")}
        check_parameters(sections, problems)
        expected += [index] * bool(problems.lines)
    assert 0 < len(expected) < 300
    assert design._suspects(config, made).tolist() == expected


def test_appending_values_keeps_the_ids_of_a_grid():
    one = rows(points("grid", {"learning.far": [0.0, 0.1], "learning.contact": [0.2, 0.3, 0.4]}))
    more = rows(
        points("grid", {"learning.far": [0.0, 0.1, 0.3, 0.5], "learning.contact": [0.2, 0.3, 0.4, 0.9]})
    )
    assert one.items() <= more.items() and len(more) == 16


def test_zip_and_list():
    made = points("zip", {"learning.far": [0.0, 0.1], "learning.rule": ["barter", "mean_field"]})
    assert rows(made) == {0: (0.0, "barter"), 1: (0.1, "mean_field")}
    made = points("list", points=[{"learning.rule": "barter"}, {}, {"learning": {"far": 0.5}}])
    base = sweep().config.learning
    assert rows(made) == {0: ("barter", base.far), 1: (base.rule, base.far), 2: (base.rule, 0.5)}
    assert len(points("list")) == 1


@pytest.mark.parametrize("kind", ["random", "lhs", "sobol"])
def test_drawn_points_fill_their_ranges(kind):
    made = points(kind, RANGES, points=256, seed=4)
    assert len(made) == 256
    technology, decay, growth = made.values.values()
    assert 0.0 <= technology.min() < 0.01 and 0.19 < technology.max() <= 0.2
    assert 10.0 <= decay.min() < 12.0 and 850.0 < decay.max() <= 1000.0
    assert np.median(decay) == pytest.approx(100.0, rel=0.25)
    assert growth.mean() == pytest.approx(0.02, abs=0.002) and growth.std() == pytest.approx(0.01, rel=0.1)
    assert made.sample.shape == (256, 3) and 0.0 <= made.sample.min() and made.sample.max() <= 1.0
    assert made.problem == {
        "num_vars": 3,
        "names": list(RANGES),
        "bounds": [[0.0, 0.2], [10.0, 1000.0], [-0.05, 0.05]],
    }


@pytest.mark.parametrize("kind", ["random", "sobol", "saltelli"])
def test_longer_designs_begin_with_the_shorter(kind):
    short, long = (rows(points(kind, RANGES, points=number, seed=2)) for number in (8, 16))
    assert short.items() <= long.items() and len(long) == 2 * len(short)


@pytest.mark.parametrize("kind", ["lhs", "morris"])
def test_designs_that_cannot_grow_have_other_ids(kind):
    short, long = (rows(points(kind, RANGES, points=number, seed=2)) for number in (8, 16))
    assert not short.keys() & long.keys()


@pytest.mark.parametrize("kind", ["random", "lhs", "sobol", "saltelli", "morris"])
def test_seed_decides_and_is_all_that_decides(kind):
    one, again, other = (points(kind, RANGES, points=8, seed=seed) for seed in (1, 1, 2))
    assert one.digest() == again.digest() != other.digest()
    np.random.seed(3)
    assert points(kind, RANGES, points=8, seed=1).digest() == one.digest()


def test_saltelli_and_morris_have_their_sizes():
    assert len(points("saltelli", RANGES, points=16)) == 16 * (3 + 2)
    assert len(points("saltelli", RANGES, points=16, second_order=True)) == 16 * (2 * 3 + 2)
    made = points("morris", RANGES, points=7, levels=6)
    assert len(made) == 7 * (3 + 1)
    assert set(np.round(made.sample.ravel() * 5, 9)) <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    moved = (np.diff(made.sample.reshape(7, 4, 3), axis=1) != 0).sum(axis=2)
    assert (moved == 1).all()


def test_whole_numbers_and_choices_are_drawn_evenly():
    parameters = {
        "data.seed": {"low": 3, "high": 6},
        "learning.rule": ["broadcast", "barter", "mean_field"],
        "sme.size": {"low": 10, "high": 12, "dist": "integer"},
        "reputation.standard": {"values": [True, False]},
    }
    made = points("sobol", parameters, points=256)
    seeds, counts = np.unique(made.values["data.seed"], return_counts=True)
    assert seeds.tolist() == [3, 4, 5, 6] and counts.min() >= 63
    assert made.values["data.seed"].dtype == np.int64
    words, counts = np.unique(made.values["learning.rule"].astype(str), return_counts=True)
    assert set(words) == {"broadcast", "barter", "mean_field"} and counts.min() >= 84
    assert set(made.values["sme.size"].tolist()) == {10.0, 11.0, 12.0}
    assert made.values["reputation.standard"].dtype == np.bool_
    assert all(type(value) in (int, str, float, bool) for value in made.changes(0).values())


def test_normal_far_from_its_bounds_is_exact():
    above = {"learning.far": {"low": 0.8, "high": 1.0, "dist": "normal", "mean": 0.5, "sd": 0.06}}
    below = {"learning.far": {"low": 0.0, "high": 0.2, "dist": "normal", "mean": 0.5, "sd": 0.06}}
    high = points("sobol", above, points=64).values["learning.far"]
    low = points("sobol", below, points=64).values["learning.far"]
    assert np.unique(high).size == 64 and np.isfinite(high).all()
    # the upper tail is the mirror image of the lower one
    assert np.sort(1.0 - low) == pytest.approx(np.sort(high), abs=0.03)
    assert high.mean() == pytest.approx(0.811, abs=0.003)


def test_points_that_are_no_model_together():
    values = {"learning.technology": [0.1, 0.9], "spillover.rate": [0.05, 0.2]}
    with pytest.raises(ConfigError) as failure:
        points("grid", values)
    assert failure.value.problems == (
        "sweep: point 3: learning.technology: found 0.9 and spillover.rate 0.2; allowed: at most 1 together",
    )


def test_contrast_selects_one_point():
    given = content(contrasts={"base": {}})
    with pytest.raises(
        ConfigError, match=r"contrasts\.base: selects 3 points; allowed: values that select one"
    ):
        make_points(Sweep.from_dict(given))
    given = content(contrasts={"base": {"learning.technology": 0.3}})
    with pytest.raises(ConfigError, match="selects 0 points"):
        make_points(Sweep.from_dict(given))


def test_varied_configuration_is_the_checked_one():
    config = sweep().config
    changes = {"learning.rule": "barter", "learning.far": 0.3, "spillover.distance_decay": 77.0}
    assert varied_config(config, changes).digest() == config.replace(changes).digest()
    assert config.learning.far != 0.3


@pytest.mark.parametrize(("kind", "library"), [("sobol", "scipy"), ("lhs", "scipy"), ("morris", "SALib")])
def test_missing_library_is_named(monkeypatch, kind, library):
    for name in ("scipy.stats", "SALib.sample.morris"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=rf"needs {library}: pip install scipy"):
        points(kind, RANGES, points=8)


def test_designs_without_drawing_need_no_library(monkeypatch):
    for name in ("scipy", "scipy.stats", "SALib", "SALib.sample"):
        monkeypatch.setitem(sys.modules, name, None)
    assert len(points("grid", {"learning.far": [0.0, 0.1]})) == 2
    assert len(points("random", {"learning.far": {"low": 0.0, "high": 0.1}}, points=3)) == 3
