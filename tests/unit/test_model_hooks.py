"""Hooks that could write where they must not are refused when they are set; what a hook is called."""

import numpy as np
import pytest
from numba import njit

import technopole as tp


@pytest.fixture
def model(two_regions):
    made = tp.Model(two_regions, seed=7)
    made.step(3)
    return made


@njit
def with_data(state, data):
    data[5] = state.period


@njit
def renames_firms(state):
    state.identity[0] = 5


@njit
def moves_firms(state):
    state.offsets[1] = 5


@njit
def reads_firms(state, data):
    data[0] = state.offsets[-1] + state.identity.size


@njit
def replaces_array(state):
    state.wage = 1.0


@njit
def adds_words(state):
    state.wage[0] = "a" + 1


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (with_data, {"data": []}, "takes data and none was given"),
        (with_data, {"data": ["1", "2"]}, "found data .*; allowed: numbers"),
        (with_data, {"data": [1j] * 6}, "found data .*; allowed: numbers"),
        (renames_firms, {}, "renames_firms writes to an array that is read-only"),
        (moves_firms, {}, "moves_firms writes to an array that is read-only"),
        (replaces_array, {}, r"cannot compile replaces_array: No definition for lowering State\.wage"),
        (
            adds_words,
            {},
            "cannot compile adds_words .*: No implementation of function .* found for signature",
        ),
        (print, {"at": "34"}, "found the period '34'"),
    ],
)
def test_hooks_that_cannot_be_are_refused(model, function, options, message):
    with pytest.raises(tp.StateError, match=message) as failure:
        model.hook(function, **options)
    assert "\n" not in str(failure.value) and len(str(failure.value)) < 300
    model.step()


def test_compiled_hooks_read_who_the_firms_are(model):
    hook = model.hook(reads_firms, data=[0.0])
    model.step()
    assert hook.data[0] == 2 * model.n_firms


def test_hooks_are_shown_in_a_line(model):
    hook = model.hook(print, at=[12, 4.0])
    assert repr(hook) == "<technopole.Hook: print, at 4, 12>"
    more = model.hook(with_data, every=np.int64(2), at=5, data=[0] * 6)
    assert repr(more) == "<technopole.Hook: compiled with_data, every 2 and at 5>"


def test_a_policy_is_set_in_a_fraction_of_what_numba_needs_to_name_its_types(model, monkeypatch):
    from technopole_kernels import _trampoline

    monkeypatch.setattr(_trampoline, "_dtype", None)  # known since the layout was made
    model.set_policy("rd_subsidy", 0.2)
    model.step()
