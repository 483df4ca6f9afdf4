"""Shocks, hooks in Python and compiled, and what is left when something fails."""

import numpy as np
import pytest
from numba import njit

import technopole as tp
from technopole.schema import STATE
from technopole_kernels import _hooks

THRESHOLD = 1.0
TABLE = np.ones(3)
trust = np.ones(2)  # as a variable of the state is called


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8})


@pytest.fixture
def model(config):
    return tp.Model(config, replicate=1)


def state(model):
    return {name: np.array(model[name]) for name in STATE}


def same(first, second):
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in STATE)


# -------------------------------------------------------------------------------------------------- shocks


def test_a_shock_is_what_a_host_would_do_itself(config):
    by_shock, by_hand = tp.Model(config), tp.Model(config)
    by_shock.shock("wage", factor=1.2, add=0.1, region="valley", periods=[2, 4])
    by_shock.shock("technology", add=0.3, sector="food", periods=4)
    for period in range(1, 7):
        if period in (2, 4):
            by_hand["wage"][1] = by_hand["wage"][1] * 1.2 + 0.1
        if period == 4:
            by_hand.set("technology", by_hand.get("technology", sector="food") + 0.3, sector="food")
        by_hand.step()
    by_shock.step(6)
    assert same(state(by_shock), state(by_hand)) and by_shock._shocks == []


def test_a_shock_without_periods_is_for_the_next_one(model):
    model.step(2)
    wage = model["wage"].copy()
    model.shock("wage", factor=2.0)
    assert np.array_equal(model["wage"], wage)
    model.step()
    assert (model["wage"] > 1.5 * wage).all()


def test_shares_add_up_after_a_shock(model):
    model.shock("share", factor=3.0, region="valley")
    before = float(model.get("share", region="valley", sector="software").sum())
    model.step()
    after = float(model.get("share", region="valley", sector="software").sum())
    assert before < 0.3 and after > 1.5 * before
    assert np.allclose(model.get("share").groupby("sector").sum(), 1.0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("wage",), {}, "neither factor nor add"),
        (("wage", np.nan), {}, "found factor=nan"),
        (("wage", "2"), {}, "found factor='2'; allowed: a finite number"),
        (("wage", None, [1.0]), {}, r"found add=\[1\.0\]"),
        (("wage", True), {}, "found factor=True"),
        (
            ("workforce", -1),
            {},
            r"factor=-1\.0; allowed: a factor from 0, as workforce takes finite numbers above",
        ),
        (("trust", -1.0, 1.0), {}, "allowed: a factor from 0"),
        (("share", -0.5), {}, "allowed: a factor from 0"),
        (("market", 0.0), {}, "which no value can stand; allowed: what leaves finite numbers above 0"),
        (("services", 0.0, -0.1), {}, "no value can stand; allowed: what leaves finite numbers from 0"),
        (("trust", None, 5.0), {}, "no value can stand; allowed: what leaves finite numbers from 0 to 1"),
        (("trust", None, -1.5), {}, "no value can stand"),
        (("wagge", 2.0), {}, "did you mean"),
        (("wage", 2.0), {"region": "vally"}, "did you mean"),
        (("wage", 2.0), {"sector": "food"}, "selection by sector"),
        (("wage", 2.0), {"periods": 0}, "found period 0; allowed: periods from 1"),
        (("wage", 2.0), {"periods": []}, "found no periods"),
        (("wage", 2.0), {"periods": [1.5]}, "numbers of periods"),
        (("wage", 2.0), {"periods": 1.5}, "numbers of periods"),
        (("wage", 2.0), {"periods": np.array(1)}, "numbers of periods"),
        (("wage", 2.0), {"periods": "12x"}, "numbers of periods"),
        (("identity", 2.0), {}, "cannot be set"),
        (("wage_shock", 2.0), {}, "is a policy"),
        (("sales", 2.0), {}, "is recorded, not a state variable"),
        (("wage", 2.0), {"region": 0}, 'region "0" is unknown'),
        (("wage", 2.0), {"region": []}, "found no region .*; allowed: an id, a list of ids, or None for all"),
        (("technology", 2.0), {"sector": np.array([], dtype=str)}, "shock of technology: found no sector "),
    ],
)
def test_shocks_that_make_no_sense_are_refused(model, arguments, options, message):
    with pytest.raises(tp.StateError, match=message):
        model.shock(*arguments, **options)
    assert model._shocks == []


@pytest.mark.parametrize(
    ("name", "factor", "add"),
    [
        ("quality", -1.0, None),
        ("trust", 0.0, 1.0),
        ("trust", None, -1.0),
        ("share", None, 2.0),
        ("wage", 0, 1),
    ],
)
def test_shocks_that_can_be_are_taken(model, name, factor, add):
    model.shock(name, factor, add, periods=9)
    assert len(model._shocks) == 1


def test_a_shock_that_is_refused_is_dropped(config):
    model, other = tp.Model(config), tp.Model(config)
    for one in (model, other):
        one.step(2)
        one.shock("wage", factor=2.0, periods=[3, 5])
    before = state(model)
    for _ in range(2):
        model.shock("trust", factor=3.0, add=0.5, periods=[3, 4])
    for left in (["wage", "trust"], ["wage"]):
        with pytest.raises(
            tp.StateError, match=r"trust: found .* from 0 to 1; the shock of trust is dropped"
        ):
            model.step(2)
        assert model.time == 2 and same(before, state(model))
        assert [shock.name for shock in model._shocks] == left
    model.step(4)
    other.step(4)
    assert same(state(model), state(other))


def test_shocks_that_make_numbers_infinite_are_dropped(config):
    model, other = tp.Model(config), tp.Model(config)
    for one in (model, other):
        one.shock("wage", factor=1.1, periods=4)
        one.step(2)
    before = state(model)
    model.shock("technology", add=1e308)
    with pytest.raises(tp.NotFiniteError, match="the shocks with which it began are dropped: technology"):
        model.step(4)
    assert model.time == 2 and same(before, state(model))
    model.step(4)
    other.step(4)
    assert same(state(model), state(other))


def test_shocks_wait_for_what_the_host_puts_right(model):
    model.shock("wage", factor=2.0)
    wage = model["wage"].copy()
    model["wage"][0] = np.nan
    model["trust"][0] = 3.0
    for name, value in (("wage", wage[0]), ("trust", 0.5)):
        with pytest.raises(tp.TechnopoleError, match=name) as failure:
            model.step()
        assert "dropped" not in str(failure.value) and len(model._shocks) == 1
        model[name][0] = value
    model.step()
    assert model._shocks == [] and (model["wage"] > 1.5 * wage).all()


# ------------------------------------------------------------------------------------------- hooks in Python


def test_hooks_are_called_at_their_periods(model):
    calls = []
    model.hook(lambda m: calls.append(("every", m.time)), every=3)
    model.hook(lambda m: calls.append(("at", m.time)), at=[2, 5, 6])
    always = model.hook(lambda m: calls.append(("always", m.time)))
    model.step(3)
    model.unhook(always)
    model.step(4)
    assert calls == [
        ("always", 1), ("at", 2), ("always", 2), ("every", 3), ("always", 3), ("at", 5), ("every", 6), ("at", 6)
    ]  # fmt: skip


def test_a_hook_changes_what_a_host_would(config):
    hooked, by_hand = tp.Model(config), tp.Model(config)

    def raise_wages(model):
        model["wage"] *= 1.05
        model.set_policy("services", np.full((1, 2), 0.1 * model.time))

    hooked.hook(raise_wages, every=2)
    hooked.step(6)
    for _ in range(3):
        by_hand.step(2)
        raise_wages(by_hand)
    assert same(state(hooked), state(by_hand))


def test_what_a_failing_hook_has_changed_is_undone(config):
    model, other = tp.Model(config), tp.Model(config)

    def fail(model):
        model["wage"] *= 2.0
        model.set("trust", 0.5)
        model.set_policy("wage_shock", 0.5)
        model.shock("wage", 2.0)
        raise RuntimeError("out of paper")

    hook = model.hook(fail, at=3)
    with pytest.raises(RuntimeError, match="out of paper") as failure:
        model.step(5)
    assert "after period 3" in failure.value.__notes__[0]
    other.step(3)
    assert model.time == 3 and same(state(model), state(other))
    model.unhook(hook)
    model.step(2)
    other.step(2)
    assert same(state(model), state(other))


def test_hooks_do_not_step(model):
    model.hook(lambda m: m.step(), at=1)
    with pytest.raises(tp.StateError, match="in the middle of a step"):
        model.step(2)
    assert model.time == 1
    other = tp.Model(model.config)
    snapshot = other.snapshot()
    other.hook(lambda m: m.restore(snapshot))
    with pytest.raises(tp.StateError, match="in the middle of a step"):
        other.step()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no function",), "allowed: a function"),
        ((print, 0), "found the period 0"),
        ((print, None, [1, -1]), "found the period -1"),
        ((print, 1.5), "found the period 1.5"),
        ((print, True), "found the period True"),
        ((print, 1, None, [1.0]), "for compiled functions"),
    ],
)
def test_hooks_that_make_no_sense_are_refused(model, arguments, message):
    with pytest.raises(tp.StateError, match=message):
        model.hook(*arguments)


# ------------------------------------------------------------------------------------------- compiled hooks


@njit
def tax_wages(state, data):
    data[1] += 1.0
    data[2] = state.period
    for r in range(state.wage.size):
        if state.wage[r] > THRESHOLD:
            state.wage[r] *= data[0]
    state.quality[:] += 0.01
    state.reputation[0, 1] += 0.01
    state.pipeline[1, 2] *= 1.01
    state.knowledge[1, 2] += 0.0


def tax_in_python(model, rate):
    model["wage"][model["wage"] > THRESHOLD] *= rate
    model["quality"] += 0.01
    model["reputation"][0, 1] += 0.01
    model["pipeline"][1, 2] *= 1.01


def test_a_compiled_hook_is_the_same_in_python(config):
    compiled, python = tp.Model(config), tp.Model(config)
    hook = compiled.hook(tax_wages, every=2, data=[0.97, 0.0, 0.0])
    compiled.step(5)
    hook.data[0] = 0.9
    compiled.step(3)
    for rate in (0.97, 0.97, 0.9, 0.9):
        python.step(2)
        tax_in_python(python, rate)
    assert hook.data.tolist() == [0.9, 4.0, 8.0]
    assert same(state(compiled), state(python))


def test_state_has_the_shapes_of_the_schema(model):
    seen = {}

    def look(state):
        seen.update(
            {name: (np.shape(value), np.asarray(value).dtype) for name, value in state._asdict().items()}
        )

    view = _hooks.state_of.py_func(model._world)
    look(view)
    assert set(seen) == set(STATE)
    for name in STATE:
        assert seen[name][0] == model[name].shape, name
        assert name == "period" or seen[name][1] == model[name].dtype, name


@njit
def count(state, data):
    data[0] += 1.0


def test_hooks_together(model):
    first, second = model.hook(count, at=[1, 3], data=[0.0]), model.hook(count, every=2, data=[0.0])
    seen = []
    model.hook(lambda m: seen.append((m.time, first.data[0], second.data[0])), every=1)
    model.step(4)
    assert seen == [(1, 1.0, 0.0), (2, 1.0, 1.0), (3, 2.0, 1.0), (4, 2.0, 2.0)]
    model.unhook(first)
    model.step(2)
    assert first.data[0] == 2.0 and second.data[0] == 3.0


def test_a_text_is_compiled_once(config):
    def make():
        @njit
        def push(state):
            state.trust[:] = 0.25

        return push

    assert trust.sum() == 2.0  # an attribute of the same name is none of its business
    before = len(_hooks._bound)
    for _ in range(3):
        model = tp.Model(config)
        model.hook(make())
        model.step()
        assert (model["trust"] == 0.25).all()
    assert len(_hooks._bound) == before + 1


def test_compiled_code_that_would_not_see_changes_is_refused(model):
    rate = 0.5

    @njit
    def with_closure(state):
        state.wage[:] = rate

    @njit
    def with_table(state):
        state.wage[:] = TABLE[0]

    @njit
    def three(state, data, more):
        state.wage[:] = 1.0

    with pytest.raises(tp.StateError, match=r'the variable "rate" of the function around it .*data=array'):
        model.hook(with_closure)
    with pytest.raises(tp.StateError, match='the variable "TABLE" of its module'):
        model.hook(with_table)
    with pytest.raises(tp.StateError, match="has 3 arguments"):
        model.hook(three)


def test_a_changed_constant_is_noticed(model, monkeypatch):
    model.hook(tax_wages, data=[1.0, 0.0, 0.0])
    model.step()
    monkeypatch.setitem(tax_wages.py_func.__globals__, "THRESHOLD", 2.0)
    with pytest.raises(tp.StateError, match=r"THRESHOLD = 1\.0, which is 2\.0 by now"):
        model.step()
    assert model.time == 1


@njit
def spoil(state):
    state.trust[1] = 7.0


@njit
def complain(state):
    if state.period == 2:
        raise ValueError("enough")


def test_what_a_compiled_hook_leaves_is_checked(model):
    model.hook(spoil, at=2)
    with pytest.raises(
        tp.StateError, match="region valley: trust is 7 when the period begins; allowed: .* 0 to 1"
    ):
        model.step(4)
    assert model.time == 2


def test_a_compiled_hook_may_raise(model):
    model.hook(complain)
    with pytest.raises(ValueError, match="enough") as failure:
        model.step(4)
    assert model.time == 2 and "after period 2" in failure.value.__notes__[0]
