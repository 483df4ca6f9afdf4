"""A step happens wholly or not at all: memory, interruptions, worlds of all kinds; and nothing piles up."""

import gc
import signal
import threading
import tracemalloc

import numpy as np
import pytest

import technopole as tp
from economy import make_config
from technopole.model import copies as model_copies
from technopole.schema import STATE
from worlds import mixed


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8, "capacity.slack": 0.0})


def state(model):
    return {name: np.array(model[name]) for name in STATE}


def same(first, second):
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in STATE)


@pytest.mark.parametrize("steps", [1, 60])
def test_a_world_that_cannot_grow_is_as_before(config, monkeypatch, steps):
    model, other = tp.Model(config), tp.Model(config)

    def refuse(world, capacity):
        raise MemoryError("no more")

    monkeypatch.setattr("technopole.world.problems.enlarge_world", refuse)
    with pytest.raises(MemoryError):
        for _ in range(60):
            model.step(steps)
    time = model.time
    assert 0 < time < 60
    before = state(model)
    with pytest.raises(MemoryError):
        model.step()
    assert model.time == time and same(before, state(model))
    monkeypatch.undo()
    model.step()
    other.step(time + 1)
    assert same(state(model), state(other))


def test_a_snapshot_that_does_not_fit_leaves_the_model(config, monkeypatch):
    large, small = tp.Model(config), tp.Model(config)
    large.step(40)
    before = state(small)

    def refuse(world, capacity):
        raise MemoryError("no more")

    monkeypatch.setattr(model_copies, "enlarge_world", refuse)
    with pytest.raises(MemoryError):
        small.restore(large.snapshot())
    assert same(before, state(small))
    small.step()


def test_a_number_that_becomes_infinite_leaves_the_model(config):
    model = tp.Model(config)
    model.step(2)
    model["technology"] = 1e308
    before = state(model)
    for _ in range(2):
        with pytest.raises(tp.NotFiniteError, match="period 3"):
            model.step(4)
        assert model.time == 2 and same(before, state(model))


@pytest.mark.parametrize("group", [False, True])
def test_an_interrupted_step_is_whole(group):
    config = make_config(regions=4, sectors=2, firms=3_000).replace({"labour.growth": 0.0, "run.threads": 1})
    model = tp.Model.many(config, 3, threads=2) if group else tp.Model(config)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in a background job it is ignored
    timer = threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.step(10_000_000)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    for one in model if group else [model]:
        time = one.time
        assert 0 < time < 10_000_000
        # a period more is the same as in a model that goes on from here
        other = tp.Model(config)
        other.restore(one.snapshot())
        one.step()
        other.step()
        assert one.time == time + 1 and same(state(one), state(other))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"learning__rule": "barter", "sharing__rule": "serial"},
        {"learning__rule": "mean_field", "market__rule": "replicator"},
        {"mobility__rate": 1.0, "market__turbulence": 0.6},
        {"exit__closure": 0.9, "entry__startups": 0.0},
        {"feedback__cluster_to_ris": 0.0, "market__choice": 1.0},
    ],
)
def test_no_world_is_refused_that_nobody_has_changed(parameters):
    """Empty cells, an empty region, sectors that die out: what the kernels leave is within the bounds."""
    looked, alone = (tp.Model._made(mixed(**parameters), 0, 1) for _ in range(2))
    for _ in range(15):
        state(looked)
        looked.step()
    alone.step(15)
    assert same(state(looked), state(alone))


def test_nothing_piles_up(config):
    model = tp.Model(config.replace({"labour.growth": 0.0}))
    model.step()
    snapshot = model.snapshot()

    def move(steps):
        for number in range(steps):
            model["wage"] *= 1.0
            model["share"].sum()
            model.record("sales")
            if number % 100 == 0:
                model.set_policy("services", [0.0, 0.1])
                model.restore(snapshot)
                model.shock("wage", factor=1.01)
            model.step()
        model.restore(snapshot)

    tracemalloc.start()
    try:
        move(200)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        move(3_000)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000  # Python keeps some 25,000 of freed objects; a number for each step would be 96,000
