"""The Basic Model Interface: conformance, time between steps, live pointers, refusals."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import technopole as tp

pytest.importorskip("bmipy", reason="needs bmipy (the extra technopole[bmi])")

from technopole.bmi import TechnopoleBmi
from technopole.bmi.variables import EXCHANGED, FIRMS, GRID_RANKS, INPUTS, OUTPUTS


@pytest.fixture
def component(two_regions):
    made = TechnopoleBmi()
    made.initialize(str(two_regions))
    return made


def changed(path, folder, **lines):
    """Copy of a scenario with lines added to sections."""
    text = path.read_text(encoding="utf-8")
    for section, line in lines.items():
        text = text.replace(f"[{section}]\n", f"[{section}]\n{line}\n", 1)
    (folder / "changed.toml").write_text(text, encoding="utf-8")
    return folder / "changed.toml"


def test_the_official_tester_passes(two_regions, tmp_path, environment):
    pytest.importorskip("bmi_tester", reason="needs bmi-tester (the extra technopole[dev])")
    pytest.importorskip("gimli.units", reason="units are checked by gimli.units (the extra technopole[dev])")
    shutil.copy(two_regions, tmp_path / "scenario.toml")
    done = subprocess.run(
        [sys.executable, "-m", "bmi_tester", "technopole.bmi:TechnopoleBmi"]
        + ["--root-dir", ".", "--config-file", "scenario.toml"],
        cwd=tmp_path,
        env={
            **{name: value for name, value in environment.items() if name != "PYTHONWARNINGS"},
            "PYTEST_ADDOPTS": "-p no:benchmark -p no:cacheprovider -p no:randomly",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "All tests passed" in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr[-3000:]
    passed = sum(int(number) for number in re.findall(r"(\d+) passed", done.stdout))
    # names, types, units, sizes of each variable at least
    assert passed > 5 * len(EXCHANGED)
    assert "gimli.units is not installed" not in done.stdout


def test_a_component_left_alone_equals_a_model(component, two_regions):
    model = tp.Model(two_regions)
    component.update()
    component.update_until(7.0)
    model.step(7)
    for name in ("wage", "reputation", "technology", "share", "pipeline"):
        assert np.array_equal(component.model[name], model[name])
    for name in ("sales", "exits", "concentration", "size_distribution"):
        place = next(row for row in EXCHANGED.values() if row.key == name and row.source == "record")
        dest = np.zeros(component.get_grid_size(place.grid), component.get_var_type(place.name))
        assert component.get_value(place.name, dest) is dest
        assert np.array_equal(dest, model.record(name).ravel(), equal_nan=True)


def test_between_two_steps_the_rest_is_kept(component):
    component.update_until(2.5)
    assert (component.get_current_time(), component.model.time) == (2.5, 2)
    component.update_until(2.75)
    assert (component.get_current_time(), component.model.time) == (2.75, 2)
    component.update()
    assert (component.get_current_time(), component.model.time) == (3.75, 3)
    component.update_until(4.0)
    assert (component.get_current_time(), component.model.time) == (4.0, 4)
    component.update_until(4.0)
    with pytest.raises(tp.StateError, match="found 3.9, but it is 4 already"):
        component.update_until(3.9)
    with pytest.raises(tp.StateError, match="found nan"):
        component.update_until(np.nan)
    assert component.model.time == 4


def test_time_is_in_years_whatever_a_period_is(two_regions, tmp_path):
    component = TechnopoleBmi()
    component.initialize(str(changed(two_regions, tmp_path, time="period_years = 0.1")))
    assert component.get_time_units() == "year"
    assert component.get_var_units("firm__age") == "0.1 year"
    assert component.get_var_units("region__wage") == "1"
    # 0.3 / 0.1 is a little less than 3 in floating point
    component.update_until(0.3)
    assert component.model.time == 3
    assert component.get_current_time() == pytest.approx(0.3)
    assert component.get_end_time() == pytest.approx(3.0)


def test_pointers_of_places_live_as_long_as_the_component(component):
    pointers = {name: component.get_value_ptr(name) for name in OUTPUTS if EXCHANGED[name].grid != FIRMS}
    component.update_until(5.0)
    for name, pointer in pointers.items():
        assert pointer.shape == (component.get_grid_size(component.get_var_grid(name)),)
        dest = np.empty(pointer.shape, pointer.dtype)
        assert np.array_equal(pointer, component.get_value(name, dest), equal_nan=True), name
    assert np.shares_memory(pointers["region__wage"], component.model["wage"])
    assert np.shares_memory(pointers["cell__reputation"], component.model["reputation"])


def test_writing_to_a_pointer_changes_the_model(component):
    component.get_value_ptr("region__pipeline_stage_2")[1] = 9.0
    assert component.model["pipeline"][1, 1] == 9.0
    component.get_value_ptr("sector__knowledge_quality")[2] = 0.5
    assert component.model["knowledge"][2, 3] == 0.5
    component.get_value_ptr("firm__cash")[3] = 77.0
    assert component.model["cash"][3] == 77.0
    for name in set(OUTPUTS) - set(INPUTS):
        pointer = component.get_value_ptr(name)
        assert not pointer.flags.writeable or not np.shares_memory(pointer, component.get_value_ptr(name))


def test_bad_values_behind_a_pointer_stop_the_step_before_it_begins(component):
    component.update()
    before = component.model.snapshot()
    wage = component.get_value_ptr("region__wage")
    good = wage.copy()
    wage[1] = -1.0
    with pytest.raises(tp.StateError, match="valley: wage is -1 when the period begins"):
        component.update()
    assert component.model.time == 1
    wage[:] = good
    component.update()
    twin = tp.Model(component.model.config)
    twin.restore(before)
    twin.step()
    assert np.array_equal(component.model["wage"], twin["wage"])


def test_firms_come_and_go_and_their_grid_with_them(component):
    sizes = set()
    for _ in range(10):
        component.update()
        sizes.add(component.get_grid_size(FIRMS))
        assert component.get_value_ptr("firm__quality").size == component.get_grid_size(FIRMS)
        assert component.get_var_nbytes("firm__tie") == component.get_grid_size(FIRMS)
    assert len(sizes) > 1
    old = component.get_value_ptr("firm__quality")
    component.update()
    with pytest.raises(tp.StateError, match="holds for the firms after period 10"):
        old.sum()
    cells = component.get_value_ptr("firm__cell")
    x = np.empty(cells.size)
    assert np.array_equal(component.get_grid_x(FIRMS, x), np.where(cells >= 3, 100.0, 0.0))
    assert np.array_equal(component.get_grid_z(FIRMS, np.empty(cells.size)), cells % 3)
    assert component.get_value_ptr("economy__firms")[0] == cells.size


def test_a_policy_holds_until_it_is_changed(component, two_regions):
    model = tp.Model(two_regions)
    model.set_policy("university", np.array([0.0, 1.5]))
    component.get_value_ptr("region_policy__university")[1] = 1.5
    component.update_until(6.0)
    model.step(6)
    assert np.array_equal(component.model["university"], model["university"])
    component.set_value("region_policy__university", np.zeros(2))
    model.set_policy("university", 0.0)
    component.update()
    model.step()
    assert np.array_equal(component.model["university"], model["university"])


def test_policies_of_the_configuration_are_shown_and_kept(two_regions, tmp_path):
    text = two_regions.read_text(encoding="utf-8")
    policy = '[[policies]]\ninstrument = "finance"\nregions = ["valley"]\nstart = 2\nend = 4\nvalue = 0.5\n'
    path = tmp_path / "policy.toml"
    path.write_text(text + "\n" + policy, encoding="utf-8")
    component, model = TechnopoleBmi(), tp.Model(path)
    component.initialize(str(path))
    shown = component.get_value_ptr("region_policy__finance")
    seen = []
    for _ in range(6):
        seen.append(shown.tolist())
        component.update()
    model.step(6)
    assert seen == [[0, 0], [0, 0], [0, 0.5], [0, 0.5], [0, 0], [0, 0]]
    assert np.array_equal(component.model["finance"], model["finance"])


def test_setting_checks_what_comes_in(component):
    component.set_value_at_indices("region__trust", np.array([1]), np.array([0.9]))
    assert component.model["trust"].tolist() == [0.5, 0.9]
    assert component.get_value_at_indices("region__trust", np.empty(1), np.array([1])).tolist() == [0.9]
    wrong = {
        ("region__trust", (0.5, 1.5)): "^region__trust: found 1.5 .*allowed: finite numbers from 0 to 1",
        ("region__trust", (0.5, np.nan)): "trust: found nan",
        ("region__trust", (0.5,)): "found 1 values; allowed: 2",
        (
            "region_policy__finance",
            (0.0, -11.0),
        ): "^region_policy__finance: found -11.0; allowed: numbers from -10 to 100",
        ("cell__sales", (0.0,) * 6): "cell__sales can be read, not set",
        ("wage", (1.0, 1.0)): '"wage" is no variable .*did you mean "region__wage"',
        ("region__wages", (1.0, 1.0)): 'did you mean "region__wage"',
    }
    for (name, values), message in wrong.items():
        with pytest.raises(tp.TechnopoleError, match=message):
            component.set_value(name, np.array(values))
    with pytest.raises(tp.StateError, match="index outside 0 to 1"):
        component.get_value_at_indices("region__trust", np.empty(1), np.array([2]))
    with pytest.raises(tp.StateError, match="found an array of 3 values; allowed: 2"):
        component.get_value("region__trust", np.empty(3))
    assert component.model["trust"].tolist() == [0.5, 0.9]


def test_what_cannot_be_initialised_is_said(tmp_path, two_regions):
    component = TechnopoleBmi()
    with pytest.raises(tp.ConfigError, match="nowhere.toml"):
        component.initialize(str(tmp_path / "nowhere.toml"))
    with pytest.raises(tp.ConfigError, match="allowed: the path of a TOML file"):
        component.initialize("")
    with pytest.raises(tp.ConfigError, match="learning"):
        component.initialize(str(changed(two_regions, tmp_path, time="learning = 1")))
    with pytest.raises(tp.TechnopoleError, match="call initialize"):
        component.update()
    component.initialize(str(two_regions))
    component.finalize()
    component.finalize()
    with pytest.raises(tp.TechnopoleError, match="call initialize"):
        component.get_value_ptr("region__wage")
    assert component.get_component_name() == "technopole"


def test_grids_say_what_they_do_not_have(component):
    for grid in GRID_RANKS:
        assert component.get_grid_edge_count(grid) == component.get_grid_face_count(grid) == 0
        with pytest.raises(NotImplementedError, match="it has no spacing"):
            component.get_grid_spacing(grid, np.empty(1))
    with pytest.raises(NotImplementedError, match="regions.*unstructured.*no shape"):
        component.get_grid_shape(1, np.empty(1))
    with pytest.raises(NotImplementedError, match="economy.*scalar.*no x"):
        component.get_grid_x(0, np.empty(1))
    with pytest.raises(tp.StateError, match=r"grid 9 is unknown; there are 0 \(economy\)"):
        component.get_grid_size(9)
    assert component.get_grid_shape(2, np.empty(1, int)).tolist() == [3]


def test_degrees_come_as_longitude_and_latitude(two_regions, tmp_path):
    text = two_regions.read_text(encoding="utf-8")
    text = text.replace("x = 0.0\ny = 0.0", "lat = 40.0\nlon = 8.0")
    text = text.replace("x = 100.0\ny = 0.0", "lat = 41.0\nlon = 9.0")
    path = tmp_path / "degrees.toml"
    path.write_text(text, encoding="utf-8")
    component = TechnopoleBmi()
    component.initialize(str(path))
    assert component.get_grid_x(1, np.empty(2)).tolist() == [8.0, 9.0]
    assert component.get_grid_y(1, np.empty(2)).tolist() == [40.0, 41.0]


def test_without_bmipy_the_message_says_what_to_install(environment):
    program = (
        "import sys\nsys.modules['bmipy'] = None\n"
        "try:\n    import technopole.bmi\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "pip install bmipy (the extra technopole[bmi])" in done.stdout, os.linesep + done.stderr


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda c: c.get_value("region__wage", np.zeros(2, dtype=int)),
            "region__wage: found an array of int64",
        ),
        (lambda c: c.get_value("region__wage", [0.0, 0.0]), "region__wage: found a list to copy to"),
        (lambda c: c.get_value_at_indices("region__wage", np.zeros(2), [1]), "2 values for 1 indices"),
        (lambda c: c.get_value_at_indices("region__wage", np.zeros(1), [0.5]), "indices of type float64"),
        (lambda c: c.set_value_at_indices("region__wage", ["a"], [1.0]), "indices of type <U1"),
        (lambda c: c.set_value_at_indices("region__wage", [0], ["a"]), "region__wage: found 'a'"),
        (lambda c: c.set_value("region__wage", [-1.0, 1.0]), r"^region__wage: found -1.0 \(region harbour\)"),
        (lambda c: c.set_value("region__wage", None), "region__wage: found None"),
        (lambda c: c.update_until("a"), "update_until: found 'a'; allowed: a time in years"),
        (lambda c: c.get_var_type(None), "found None; allowed: the name of a variable"),
    ],
)
def test_arguments_of_another_kind_are_refused(component, call, message):
    with pytest.raises(tp.StateError, match=message):
        call(component)


def test_messages_call_a_policy_as_the_interface_does(component):
    with pytest.raises(tp.ConfigError, match="^region_policy__university: found 1000000000.0; allowed"):
        component.set_value("region_policy__university", [1.0, 1e9])


def test_a_configuration_in_place_of_its_file_is_not_printed(two_regions):
    with pytest.raises(tp.ConfigError, match="initialize: found a Config; allowed: the path of a TOML file"):
        TechnopoleBmi().initialize(tp.Config.from_toml(two_regions))
