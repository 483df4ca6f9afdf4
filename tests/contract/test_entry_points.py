"""What hosts' compiled code may rely on: names, arguments, types, C signatures; usable inside a host's njit function."""

import ctypes
import difflib
import importlib
import inspect
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
from numba import njit

import technopole as tp
from technopole.capi import HEADER, CModel
from technopole.schema import STATE
from technopole_kernels.entry_points import advance, advance_each, check, hold, periods_done
from technopole_kernels.labour import set_wages
from technopole_kernels.mathx import exp
from technopole_kernels.period import step
from technopole_kernels.status import Status

ROOT = Path(__file__).resolve().parents[2]
PROMISED = Path(__file__).with_name("entry_points.txt")


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8, "capacity.slack": 0.0})


@pytest.fixture
def model(config):
    return tp.Model(config)


def same(first, second):
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in STATE)


def described(name):
    """The line that describes what now stands under a name."""
    module, _, attribute = name.rpartition(".")
    thing = getattr(importlib.import_module(module), attribute)
    if inspect.isclass(thing) and issubclass(thing, IntEnum):
        return f"{name}({', '.join(f'{one.name}={one.value}' for one in thing)})"
    if inspect.isclass(thing) and issubclass(thing, tuple):
        return f"{name}({', '.join(thing._fields)})"
    if hasattr(thing, "_argtypes_"):
        arguments = ", ".join(one.__name__ for one in thing._argtypes_)
        return f"{name}({arguments}) -> {thing._restype_.__name__}"
    function = getattr(thing, "py_func", None)
    # an intrinsic is described without the context that numba adds
    arguments = [*inspect.signature(function or thing._defn).parameters]
    return f"{name}({', '.join(arguments if function else arguments[1:])})"


def test_signatures_are_those_that_are_promised():
    lines = PROMISED.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    promised = [line for line in lines if not line.startswith("#")]
    now = [described(line.partition("(")[0]) for line in promised]
    difference = difflib.unified_diff(
        [*comments, *promised], [*comments, *now], "promised", "now", n=0, lineterm=""
    )
    text = "\n".join(difference)
    assert not text, f"signatures that hosts rely on have changed ({PROMISED.name}, changelog):\n{text}"


def test_compiled_types_are_those_that_are_promised(model):
    model.step()
    handles, numbers = np.array([model.handle]), np.zeros(1, dtype=np.int64)
    advance_each(handles, numbers, numbers, numbers.copy())
    check(model.handle, 1)
    periods_done(model.handle)
    # a host that writes advance(handle, 1) adds one with a literal
    signatures = {
        one.__name__: {str(found) for found in one.nopython_signatures if "Literal" not in str(found)}
        for one in (advance, check, periods_done)
    }
    assert signatures == {
        "advance": {"(int64, int64) -> int64"},
        "check": {"(int64, int64) -> int64"},
        "periods_done": {"(int64,) -> int64"},
    }
    assert [str(one.return_type) for one in advance_each.nopython_signatures] == ["int64"]


# ------------------------------------------------------------------------------------------ in a host's code


@njit
def host_of_handles(handle, until, wage):
    while periods_done(handle) < until:
        status = advance(handle, 1)
        if status != 0:
            return status
        wage *= exp(0.01)
    return check(handle, 1)


def test_a_handle_in_a_hosts_compiled_code(config):
    compiled, python = tp.Model(config), tp.Model(config)
    status = -1
    enlarged = 0
    while status != 0:
        status = host_of_handles(compiled.handle, 40, compiled["wage"])
        compiled.resume(status)
        enlarged += status == Status.NEED_CAPACITY
    for _ in range(40):
        python.step()
        python["wage"] *= exp(0.01)
    assert enlarged > 0 and same(compiled, python)
    assert np.array_equal(compiled.record("sales"), python.record("sales"))


def test_a_host_learns_that_a_value_is_wrong(model):
    model["trust"] = 2.0
    assert check(model.handle, 0) != 0
    model["wage"][0] = np.nan
    model["trust"] = 0.5
    status = advance(model.handle, 1)
    assert status == Status.NOT_FINITE and model.time == 0
    with pytest.raises(tp.NotFiniteError, match="region harbour: wage"):
        model.resume(status)


def test_the_loop_of_the_documentation_ends_if_a_value_is_out_of_bounds(model):
    room = model.kernel_arguments()[1].firms.shape[1]
    for spoilt, place, message in (
        ("trust", 1, "region valley: trust is 7"),
        ("share", 0, "market shares add up to"),
    ):
        kept = model[spoilt][place]
        model[spoilt][place] = 7.0 if spoilt == "trust" else kept + 0.5
        with pytest.raises(tp.StateError, match=message):
            model.resume(host_of_handles(model.handle, 0, model["wage"]))
        model[spoilt][place] = kept
    assert model.kernel_arguments()[1].firms.shape[1] == room


@pytest.mark.parametrize("status", [True, 1.0, [1], Status.STOPPED, "a" * 999])
def test_what_is_no_status_is_refused(model, status):
    with pytest.raises(
        tp.StateError, match="resume: found .*; allowed: what advance or check returned: 0, 1, 2, 4"
    ):
        model.resume(status)


def test_nothing_is_said_to_be_wrong_with_a_model_that_is_well(model):
    for done in range(3):
        model.resume(0)
        model.resume(Status.REFUSED)  # looks at the state
        room = model.kernel_arguments()[1].firms.shape[1]
        with pytest.raises(
            tp.StateError, match=f"no period of this model needs it: there is room for {room} firms"
        ):
            model.resume(1)
        with pytest.raises(tp.StateError, match=f"not this model that could not do period {done + 1}"):
            model.resume(2)
        assert model.kernel_arguments()[1].firms.shape[1] == room
        model.step()
    assert advance(model.handle, -1) == Status.DONE and model.time == 3


@njit
def host_of_mechanisms(setting, world):
    set_wages(hold(setting), hold(world))


def test_a_single_mechanism_in_a_hosts_compiled_code(model):
    model.step()
    setting, world, _ = model.kernel_arguments()
    before = {name: model[name].copy() for name in STATE}
    demand = model.record("labour_demand")
    host_of_mechanisms(setting, world)
    # the mechanism writes what wages become; the state is committed at the end of a period
    assert all(np.array_equal(before[name], model[name], equal_nan=True) for name in STATE)
    params, workforce = setting.params[0], before["workforce"]
    from technopole_kernels import layout

    change = params["labour_wage_response"] * (demand / workforce - 0.95)
    expected = before["wage"] * np.exp(np.clip(change, -params["labour_wage_cap"], params["labour_wage_cap"]))
    assert np.allclose(world.regions[layout.R_NEXT + layout.R_WAGE], expected, rtol=1e-12)


@njit
def host_of_periods(setting, world, problem, periods):
    its_setting, its_world = hold(setting), hold(world)
    for _ in range(periods):
        status = step(its_setting, its_world, problem)
        if status != 0:
            return status
        world.regions[1] *= 1.01  # R_WAGE
    return 0


@pytest.mark.slow
def test_periods_in_a_hosts_compiled_code(config):
    compiled, python = (tp.Model(config.replace({"capacity.slack": 2.0})) for _ in range(2))
    assert host_of_periods(*compiled.kernel_arguments(), 6) == 0
    for _ in range(6):
        python.step()
        python["wage"] *= 1.01
    assert same(compiled, python)


# --------------------------------------------------------------------------------------------------------- C


def test_a_host_in_c(config):
    model, python = CModel(tp.Model(config)), tp.Model(config)
    wage, clock, resumed = model.pointer("wage"), model.clock, 0
    while clock[0] < 40:
        status = model.advance(model.handle, clock[0] + 1)
        if status:
            assert status == Status.NEED_CAPACITY and model.resume(status) == 0 and model.error is None
            resumed += 1
            continue
        wage[1] *= 1.02
    for _ in range(40):
        python.step()
        python["wage"][1] *= 1.02
    assert resumed > 0 and same(model.model, python)


def test_an_error_does_not_leave_a_function_that_c_calls(config):
    model = CModel(tp.Model(config.replace({"capacity.fixed": True})))
    status = model.advance(model.handle, 60)
    assert status == Status.NEED_CAPACITY and model.resume(status) == 1
    assert isinstance(model.error, tp.TechnopoleError) and "firms need room" in str(model.error)
    model = CModel(tp.Model(config))
    model.pointer("wage")[0] = float("nan")
    assert model.advance(model.handle, 1) == Status.NOT_FINITE and model.resume(2) == 1
    assert isinstance(model.error, tp.NotFiniteError) and model.clock[0] == 0


@pytest.mark.parametrize("name", STATE)
def test_pointers_are_those_of_the_views(config, name):
    model = CModel(tp.Model(config))
    view = model.model[name]
    if STATE[name].level == "firm" or not view.flags.c_contiguous:
        with pytest.raises(tp.StateError, match="allowed: regions, cells and sectors"):
            model.pointer(name)
    else:
        address = ctypes.cast(model.pointer(name), ctypes.c_void_p).value
        assert address == view.ctypes.data
    with pytest.raises(tp.StateError, match="did you mean"):
        model.pointer("wagee")


def test_the_header_has_the_codes():
    for one in (Status.DONE, Status.NEED_CAPACITY, Status.NOT_FINITE):
        assert f"TECHNOPOLE_{one.name} = {one.value}" in HEADER


@pytest.mark.parametrize("name", ["c_host", "jitted_macro_model"])
def test_examples_run(environment, name):
    program = [sys.executable, str(ROOT / "examples" / f"{name}.py")]
    arguments = ["--periods", "5", "--repeats", "1"] if name == "jitted_macro_model" else []
    done = subprocess.run(
        [*program, *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert ("same bits as in Python: True" if name == "c_host" else "% of native") in done.stdout


def test_pointers_are_those_of_models(config):
    with pytest.raises(tp.StateError, match="found a Config; allowed: a Model"):
        CModel(config)
    for name in (None, "wag"):
        with pytest.raises(tp.StateError, match="is no state variable"):
            CModel(tp.Model(config)).pointer(name)
