"""Views of firms hold until the firms are others; what a host leaves is checked when the next period begins."""

import copy
import os
import pickle

import numpy as np
import pytest
from numba import njit

import technopole as tp
from technopole.schema import STATE

FIRMS = [name for name, row in STATE.items() if row.level == "firm"]
OTHERS = [name for name in STATE if name not in FIRMS]


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8})


@pytest.fixture
def model(config):
    return tp.Model(config)


# ---------------------------------------------------------------------------------------------------- stale

USES = {
    "element": lambda view: view[0],
    "slice": lambda view: view[1:3],
    "write": lambda view: view.__setitem__(0, 1),
    "sum": lambda view: view + 1,
    "in place": lambda view: np.add(view, 1, out=view),
    "mean": lambda view: view.mean(),
    "function": lambda view: np.sort(view),
    "list of arrays": lambda view: np.concatenate([view, view]),
    "copy": lambda view: view.copy(),
    "numbers": lambda view: view.tolist(),
    "type": lambda view: view.astype(float),
    "loop": lambda view: list(view),
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "flat": lambda view: view.flat.__setitem__(0, 0.0),
    "all of flat": lambda view: setattr(view, "flat", 0.0),
    "real": lambda view: setattr(view, "real", 0.0),
    "dot": lambda view: view.dot(np.ones(view.size)),
    "file": lambda view: view.tofile(os.devnull),
    "memory": lambda view: view.data,
    "address": lambda view: view.ctypes,
    "place": lambda view: view.argmax(),
    "order": lambda view: view.argsort(),
    "some": lambda view: view.take([0]),
    "flatten": lambda view: view.flatten(),
    "number": lambda view: float(view[:1].reshape(())),
    "shuffle": lambda view: np.random.default_rng(1).shuffle(view),
}


@pytest.mark.parametrize("use", USES)
def test_a_stale_view_refuses_to_be_used(model, use):
    share, part = model["quality"], model["quality"][2:9]
    USES[use](share)
    USES[use](part)
    assert model.is_current(share) and model.is_current(part)
    model.step()
    now = model["quality"].copy()
    for view in (share, part):
        assert not model.is_current(view)
        with pytest.raises(tp.StaleViewError, match="after period 0, and the model is at period 1"):
            USES[use](view)
    assert np.array_equal(model["quality"], now)
    USES[use](model["quality"])


def test_methods_work_on_the_array(model):
    cash, before = model["cash"], model["cash"].copy()
    cash.sort()
    assert np.array_equal(model["cash"], np.sort(before))
    cash.put([0, 1], [5.0, 6.0])
    cash[2:3].fill(7.0)
    cash.flat[3] = 8.0
    assert model["cash"][:4].tolist() == [5.0, 6.0, 7.0, 8.0] and cash.item(1) == 6.0
    assert cash.dot(cash) == pytest.approx(np.asarray(cash) @ np.asarray(cash))
    assert type(cash.flatten()) is type(cash.take([0])) is type(cash.clip(0.0, 1.0)) is np.ndarray
    cash.real = 3.0
    assert (model["cash"] == 3.0).all() and cash.real is cash


def test_copies_and_results_are_plain(model):
    share = model["share"]
    for kept in (
        share.copy(),
        copy.copy(share),
        share + 0,
        share[[0, 1]],
        share[share > 0],
        share.astype("f4"),
    ):
        assert type(kept) is np.ndarray
    kept, loaded = share.copy(), pickle.loads(pickle.dumps(share))
    model.step()
    assert type(loaded) is np.ndarray and np.array_equal(kept, loaded)


@pytest.mark.parametrize("name", OTHERS)
def test_other_views_hold_for_life(config, name):
    model = tp.Model(config.replace({"capacity.slack": 0.0}))
    view = model[name]
    model.step(40)
    model.restore(model.snapshot())
    assert model.n_firms > 60 + 16  # it was enlarged
    assert model.is_current(view) and np.shares_memory(view, model[name])


def test_what_is_current(model, config):
    assert not model.is_current(np.ones(2)) and not model.is_current(model["wage"].copy())
    assert not model.is_current(tp.Model(config)["wage"]) and not model.is_current(tp.Model(config)["share"])
    assert not model.is_current(np.asarray(model["share"]))
    share = model["share"]
    model.restore(model.snapshot())
    assert not model.is_current(share)


def test_views_write_to_the_world(model):
    share = model["quality"]
    share += 0.5
    share[3:5] = 0.25
    share[::7] *= 2.0
    assert np.array_equal(np.asarray(model["quality"]), np.asarray(share))
    assert share[3] == 0.25


@njit
def total(values):
    values[0] += 0.0
    return values.sum()


def test_compiled_code_takes_views(model):
    assert total(model["share"]) == pytest.approx(3.0)
    assert total(model["wage"]) == model["wage"].sum()


# -------------------------------------------------------------------------------------------------- checked


def test_a_host_that_changes_nothing_changes_nothing(config):
    looked, alone = tp.Model(config), tp.Model(config)
    for _ in range(8):
        for name in STATE:
            looked[name]
        looked.step()
    alone.step(8)
    assert all(np.array_equal(looked[name], alone[name], equal_nan=True) for name in STATE)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("trust", 1, 1.5, "period 3, region valley: trust is 1.5 when the period begins; allowed: finite numbers from 0 to 1"),
        ("wage", 0, -1.0, "region harbour: wage is -1 .* allowed: finite numbers above 0; it was set from outside"),
        ("services", 1, -0.1, "region valley: services is -0.1"),
        ("pipeline", (1, 2), -1.0, "region valley: pipeline is -1"),
        ("market", 2, -5.0, "sector food: market is -5"),
        ("share", 0, 1.5, "region harbour, sector software: share is 1.5"),
        ("share", -1, -0.5, "region valley, sector food: share is -0.5"),
        ("share", 0, 0.99, "sector software: the market shares add up to .* renormalise=True"),
        ("research", -1, -1.0, "region valley, sector food: research is -1"),
        ("tie", 3, 2, "tie is 2"),
        ("age", 3, -2, "age is -2"),
    ],
)  # fmt: skip
def test_what_a_host_leaves_is_checked(model, name, place, value, message):
    model.step(2)
    kept = np.array(model[name])
    model[name][place] = value
    before = {variable: np.array(model[variable]) for variable in STATE}
    for _ in range(2):
        with pytest.raises(tp.StateError, match=message):
            model.step(3)
        assert model.time == 2 and all(np.array_equal(model[one], before[one]) for one in STATE)
    model[name][...] = kept
    model.step()
    # firms are looked at only if somebody could have changed them; a view of regions may have been kept
    assert model._lent and not model._lent_firms


def test_a_kept_view_of_regions_is_checked_at_every_period(model):
    wage = model["wage"]
    model.step(3)
    wage[0] = -1.0
    with pytest.raises(tp.StateError, match="wage is -1"):
        model.step()
