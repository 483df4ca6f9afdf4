"""What hosts may do to a model without corrupting it: refused in words, and nothing changed."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from numba import njit

import technopole as tp
from technopole.errors import ConfigError, StaleViewError, StateError


@pytest.fixture
def model(two_regions):
    made = tp.Model(two_regions, seed=7)
    made.step(3)
    return made


@pytest.mark.parametrize("name", ["period", "identity", "offsets"])
def test_what_says_who_and_when_is_read_only(model, name):
    with pytest.raises(ValueError, match="read-only"):
        model[name][...] = 5
    with pytest.raises(ValueError, match="read-only"):
        model[name].fill(5)
    with pytest.raises(StateError, match=f"{name} cannot be set"):
        model[name] = 5
    if name != "offsets":
        with pytest.raises(ValueError, match=r"read-only|is a view"):
            model.get(name, copy=False)[...] = 5
    model.step()


@pytest.mark.parametrize("name", ["wage", "workforce", "market"])
def test_what_must_be_above_zero_is_named(model, name):
    model[name][0] = 0.0
    with pytest.raises(
        StateError, match=f"{name} is 0 when the period begins; allowed: finite numbers above 0"
    ):
        model.step()


def change(snapshot, **arrays):
    state = {**snapshot.state, **arrays}
    return dataclasses.replace(
        snapshot, state={name: value for name, value in state.items() if value is not None}
    )


DAMAGE = {
    "jumps": lambda state: {
        "offsets": np.where(np.arange(7) == 1, state["offsets"][-1] + 1000, state["offsets"])
    },
    "begins": lambda state: {"offsets": state["offsets"] - np.eye(7, dtype=np.int64)[0] * 5},
    "twins": lambda state: {"identity": state["identity"] * 0},
    "type": lambda state: {"wage": state["wage"] * 1j},
    "objects": lambda state: {"cash": state["cash"].astype(object)},
    "halves": lambda state: {"period": np.array(2.5)},
    "past": lambda state: {"period": np.array(-1)},
    "missing": lambda state: {"wage": None},
    "list": lambda state: {"wage": list(state["wage"])},
    "shape": lambda state: {"cash": state["cash"][1:].copy()},
    "unknown": lambda state: {"wages": state["wage"]},
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_snapshot_is_refused(model, kind):
    snapshot = model.snapshot()
    damaged = pickle.loads(pickle.dumps(change(snapshot, **DAMAGE[kind](snapshot.state))))
    name = next(iter(DAMAGE[kind](snapshot.state)))
    for other in (model, tp.Model(model.config, seed=8)):
        before = other.snapshot()
        with pytest.raises(StateError, match=f"the snapshot is damaged: {name}: found"):
            other.restore(damaged)
        assert all(np.array_equal(before.state[key], other[key]) for key in before.state)


@pytest.mark.parametrize("numbers", [{"seed": -1}, {"replicate": 1.5}, {"seed": "7"}])
def test_keys_of_a_damaged_snapshot_are_refused(model, numbers):
    with pytest.raises(StateError, match=f"{next(iter(numbers))}: found .*; allowed: a whole number"):
        model.restore(dataclasses.replace(model.snapshot(), **numbers))


@pytest.mark.parametrize("name, factor", [("share", 2.0), ("trust", -3.0)])
def test_values_of_a_snapshot_are_looked_at(model, name, factor):
    snapshot = model.snapshot()
    fresh = tp.Model(model.config, seed=7)
    fresh.restore(change(snapshot, **{name: snapshot.state[name] * factor}))
    with pytest.raises(StateError, match=name):
        fresh.step()


def test_a_snapshot_is_shown_and_compared_shortly(model):
    snapshot = model.snapshot()
    assert repr(snapshot) == f"<technopole.Snapshot: time 3, {model.n_firms} firms, replicate 0>"
    assert snapshot == snapshot and snapshot != model.snapshot()


STALE = {
    "fill": (0.0,), "sort": (), "put": (0, 3.0), "partition": (3,), "byteswap": (True,), "item": (0,), "tobytes": (),
}  # fmt: skip


@pytest.mark.parametrize("method", STALE)
def test_methods_of_a_stale_view_are_refused(model, method):
    view = model["cash"]
    model.step()
    now = model["cash"].copy()
    with pytest.raises(StaleViewError):
        getattr(view, method)(*STALE[method])
    assert np.array_equal(model["cash"], now)
    getattr(model["cash"], method)(*STALE[method])


@njit
def with_data(state, data):
    data[0] += 1.0


@njit
def without_data(state):
    pass


@njit
def misspelt(state):
    state.wagse[0] = 1.0


def test_data_and_the_compiled_hook_belong_together(model):
    with pytest.raises(StateError, match="takes data and none was given"):
        model.hook(with_data)
    with pytest.raises(StateError, match="data were given, and the compiled function takes none"):
        model.hook(without_data, data=[1.0])
    with pytest.raises(StateError, match="found data 'a'; allowed: numbers"):
        model.hook(with_data, data="a")
    hook = model.hook(with_data, data=[[1.0, 2.0]])
    model.step(2)
    assert hook.data.tolist() == [3.0, 2.0]


def test_what_numba_refuses_is_said_in_a_sentence(model):
    with pytest.raises(
        StateError, match='misspelt uses state.wagse, which is not there; did you mean "wage"?'
    ) as found:
        model.hook(misspelt)
    assert "\n" not in str(found.value)
    model.step()


@pytest.mark.parametrize(
    "periods", [{"at": 1}, {"at": 4.5}, {"every": "a"}, {"every": [2]}, {"at": "a"}, {"every": 0}]
)
def test_periods_of_a_hook_that_cannot_be(model, periods):
    with pytest.raises(StateError, match="hook: "):
        model.hook(lambda model: None, **periods)
    assert model.hook(lambda model: None, at=4.0).at == {4}


def test_a_hook_that_is_not_there_cannot_be_removed(model):
    with pytest.raises(StateError, match="unhook: found 3"):
        model.unhook(3)


def test_hooks_that_a_failing_hook_registers_are_undone(model):
    def register(model):
        model.hook(lambda model: None)
        raise RuntimeError("afterwards")

    hook = model.hook(register, at=4)
    with pytest.raises(RuntimeError, match="afterwards"):
        model.step()
    model.unhook(hook)
    assert model._hooks == []


@pytest.mark.parametrize(
    "given",
    [
        {"replicates": [3, 4]},
        {"replicates": []},
        {"n": 2.0},
        {"n": "2"},
        {"replicates": 3},
        {"replicates": [1.5]},
    ],
)
def test_forks_that_cannot_be(model, given):
    with pytest.raises(ConfigError, match="found"):
        model.fork(**given)


@pytest.mark.parametrize("replicate", [1.9, "7", None, [1], True, -1])
def test_a_replicate_is_a_whole_number(two_regions, replicate):
    with pytest.raises(ConfigError, match="replicate: found"):
        tp.Model(two_regions, replicate=replicate)
    with pytest.raises(ConfigError, match="found"):
        tp.Model.many(two_regions, 2, first=replicate)
    with pytest.raises(ConfigError, match="n: found"):
        tp.Model.many(two_regions, 1.5)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda models: pickle.loads(pickle.dumps(models))])
def test_groups_can_be_copied(two_regions, copied):
    models = tp.Model.many(two_regions, 3, threads=2)
    models.step(2)
    other = copied(models)
    assert (len(other), other.threads, other.time) == (3, models.threads, 2)
    models.step()
    other.step()
    assert all(np.array_equal(a["share"], b["share"]) for a, b in zip(models, other, strict=True))
    assert repr(other).startswith("<technopole.Models: 3 models, time 3")


@pytest.mark.parametrize("status", ["a", 5, -1, None])
def test_what_is_no_status_is_refused(model, status):
    with pytest.raises(StateError, match="resume: found .*; allowed: what advance or check returned"):
        model.resume(status)


def test_what_check_finds_cannot_be_taken_for_a_status(model):
    from technopole_kernels.entry_points import check
    from technopole_kernels.status import Status

    model["wage"][0] = -1.0
    firms, found = model.n_firms, check(model.handle, 1)
    assert found not in set(map(int, Status))
    with pytest.raises(StateError, match="wage is -1"):
        model.resume(found)
    assert model.n_firms == firms


def test_a_model_is_shown_and_asked_by_name(model):
    assert repr(model) == f"<technopole.Model: 2 regions × 3 sectors, {model.n_firms} firms, time 3>"
    assert "wage" in model and "wages" not in model and list(model) == list(model.names)
