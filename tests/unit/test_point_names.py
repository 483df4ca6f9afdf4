"""Names of the points of a design: read, kept in the store, and used wherever points are shown or chosen."""

import copy
import io
from contextlib import redirect_stdout

import numpy as np
import pytest
import xarray as xr

import sweeping
import technopole as tp
from reporting import Reader, page
from technopole.cli.commands_compare import CompareOptions, compare
from technopole.errors import ConfigError, DataError
from technopole.experiments.comparison import CHOSEN
from technopole.experiments.plan import make_plan
from technopole.experiments.store import ExperimentStore
from technopole.reports.experiment import open_experiment
from technopole.sweeps.design import make_points
from technopole.sweeps.sweep import Sweep

POINTS = [
    {"name": "as it is", "learning.technology": 0.1},
    {"name": "no imitation", "learning.technology": 0.0},
    {"name": "far", "learning.far": 0.3},
]
NAMES = ("as it is", "no imitation", "far")
LISTED = {"design": {"kind": "list", "points": POINTS}, "contrasts": {"base": {"name": "as it is"}}}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / "a.zarr"
    tp.experiment(sweeping.sweep(**LISTED), to=path, progress=None)
    return path


def test_names_stand_beside_the_ids(store):
    ds = xr.open_zarr(store)
    assert ds["point_name"].values.tolist() == list(NAMES) and ds["point"].values.tolist() == [0, 1, 2]
    assert ds["point_name"].attrs["long_name"] == "name of the point"
    assert open_experiment(ds).labels == list(NAMES)
    assert ExperimentStore.open(store).plan.points.names == NAMES


def test_points_are_chosen_by_name(store):
    by_name = tp.compare(store, baseline={"name": "far"})
    by_value = tp.compare(store, baseline={"learning.far": 0.3})
    assert by_name.identical(by_value)
    contrasts = dict(
        zip(by_name["contrast"].values.tolist(), by_name["baseline"].values.tolist(), strict=True)
    )
    assert contrasts == {"base": 0, CHOSEN: 2}
    assert by_name["point_name"].values.tolist() == list(NAMES)


def test_a_comparison_prints_names_in_place_of_parameters(store):
    with redirect_stdout(io.StringIO()) as printed:
        compare(CompareOptions(store, ("final_firms",)))
    text = printed.getvalue()
    assert "less point 0, as it is (base)" in text
    assert "point  name " in text and "1      no imitation" in text and "learning.technology" not in text


def test_the_table_of_a_report_has_the_names(store, tmp_path):
    pytest.importorskip("bokeh")
    table = Reader(page(tmp_path, store)).tables["All variants"]
    assert table[0][:2] == ["point", "name"] and [row[1] for row in table[1:]] == list(NAMES)


def test_a_point_that_is_not_there_is_refused(store):
    with pytest.raises(DataError, match="name = near selects 0 points"):
        tp.compare(store, baseline={"name": "near"})
    without = {"design": {"kind": "list", "points": [{"learning.far": 0.1}, {"learning.far": 0.3}]}}
    with pytest.raises(ConfigError, match=r"contrasts.a.name: the design does not vary it"):
        sweeping.sweep(**without, contrasts={"a": {"name": "far"}})
    with pytest.raises(
        ConfigError, match=r"contrasts.a.name: no point is called 'fat'; did you mean \"far\"\?"
    ):
        sweeping.sweep(**LISTED | {"contrasts": {"a": {"name": "fat"}}})


def test_names_change_nothing_but_what_points_are_called():
    named, plain = sweeping.sweep(**LISTED), copy.deepcopy(POINTS)
    for point in plain:
        del point["name"]
    other = sweeping.sweep(
        design={"kind": "list", "points": plain},
        contrasts={"base": {"learning.technology": 0.1, "learning.far": 0.09}},
    )
    assert other.design.names == () and make_points(other).digest() == make_points(named).digest()
    nameless = sweeping.sweep(design=LISTED["design"], contrasts=other.contrasts)
    assert nameless.digest() == other.digest()
    assert make_plan(nameless).digest == make_plan(other).digest
    again = Sweep.from_dict(named.to_dict())
    assert again.to_dict() == named.to_dict() and make_points(again).names == NAMES


def test_lists_beside_each_other_and_files_have_names_too(tmp_path):
    values = {"learning.technology": [0.1, 0.2]}
    zipped = sweeping.sweep(design={"kind": "zip", "names": ["a", "b"], "parameters": values})
    (tmp_path / "p.csv").write_text("name,learning.technology\n a ,0.1\nb,0.2\n")
    filed = Sweep.from_dict(sweeping.content(design={"kind": "file", "file": "p.csv"}), folder=tmp_path)
    for points in (make_points(zipped), make_points(filed)):
        assert points.names == ("a", "b") and list(points.values) == ["learning.technology"]
        np.testing.assert_array_equal(points.values["learning.technology"], [0.1, 0.2])


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (
            {"kind": "list", "points": [*POINTS, {"learning.far": 0.1}]},
            "design.points: a point without a name",
        ),
        (
            {"kind": "list", "points": [POINTS[0], {**POINTS[1], "name": 3}]},
            "design.points: found 3; allowed: a name",
        ),
        (
            {"kind": "list", "points": [POINTS[0], POINTS[0]]},
            "design.points: found the name 'as it is' twice",
        ),
        ({"kind": "list", "points": [POINTS[0], {**POINTS[1], "name": "a\nb"}]}, "design.points: found text"),
        ({"kind": "list", "points": [POINTS[0], {**POINTS[1], "name": "a" * 81}]}, "at most 80 characters"),
        (
            {"kind": "zip", "names": ["a"], "parameters": {"learning.far": [0.1, 0.2]}},
            "design.names: found 1 name",
        ),
        (
            {"kind": "grid", "names": ["a"], "parameters": {"learning.far": [0.1]}},
            'allowed: only for the kinds zip, not "grid"',
        ),
        (
            {"kind": "zip", "names": "ab", "parameters": {"learning.far": [0.1, 0.2]}},
            "design.names: found text 'ab'",
        ),
        (
            {"kind": "list", "names": ["a"], "points": [{"learning.far": 0.1}]},
            'allowed: only for the kinds zip, not "list"',
        ),
    ],
)
def test_names_that_name_nothing_are_refused(design, message):
    with pytest.raises(ConfigError) as failure:
        sweeping.sweep(design=design)
    assert any(message in line for line in failure.value.problems), failure.value.problems
