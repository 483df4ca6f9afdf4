"""Models on a device: what a host does to them gives the same bits as on the processor."""

import signal
import threading

import numpy as np
import pytest
from numba import njit

import technopole as tp
from devices import KINDS, some_device
from economy import make_config
from technopole.device import layout as device_layout
from technopole.device.memory import arrays_in
from technopole.schema import RECORDS, STATE
from technopole.world.build import make_blueprint


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8, "capacity.slack": 0.0})


@pytest.fixture(autouse=True, params=KINDS)
def device(request, config, monkeypatch):
    with some_device(request.param, monkeypatch, make_blueprint(config)) as made:
        yield made


@njit
def raise_wage(state, data):
    state.wage[0] *= 1.0 + data[0]
    data[1] += state.share.size


def same(first, second):
    states = all(np.array_equal(first[name], second[name], equal_nan=True) for name in STATE)
    return (
        states
        and first.time == second.time
        and (
            first.time == 0
            or all(
                np.array_equal(first.record(name), second.record(name), equal_nan=True) for name in RECORDS
            )
        )
    )


def pair(config, **changes):
    """The same model on the processor and on the device."""
    return tp.Model(config, **changes), tp.Model(config, **changes, backend="cuda")


def test_steps(config, device):
    models = pair(config, replicate=3, seed=9)
    for periods in (1, 5, 0, 2):
        for model in models:
            model.step(periods)
        assert same(*models)
    assert 8 <= device.launches / len(device_layout.program().period) < 12  # and those that found no room


def test_growth(config, device):
    models = pair(config)
    views = [model["wage"] for model in models]
    for model in models:
        model.step(60)
    assert same(*models) and models[1].n_firms > 110
    assert np.array_equal(*views) and models[1].is_current(views[1])


def test_large_worlds_are_copied_by_rows(config, device, monkeypatch):
    copied = []
    for size in (1 << 20, 0):
        monkeypatch.setattr("technopole.device.worlds.WHOLE_BYTES", size)
        models = pair(config.replace({"capacity.slack": 4.0}))
        before = device.downloaded
        for model in models:
            model.step(3)
        copied.append(device.downloaded - before)
        assert same(*models)
    assert copied[1] < 0.7 * copied[0]


def test_what_a_host_does(config):
    calls = []
    for model in (models := pair(config)):
        model["technology"] += 0.1
        model.set_policy("rd_subsidy", np.full((20, 2, 3), 0.1) * np.arange(20)[:, None, None])
        model.shock("wage", factor=1.2, region="valley", periods=[3, 5])
        model.hook(lambda model: calls.append((model.time, model.n_firms)), every=2)
        hook = model.hook(raise_wage, every=3, data=[0.01, 0.0])
        model.step(7)
        calls.append(hook.data.tolist())
    assert same(*models) and len(calls) == 8 and calls[:4] == calls[4:]


def test_only_what_changes_is_sent_again(config, device):
    model = tp.Model(config, backend="cuda")
    model.step()
    first, blocks = device.uploaded, set(device._blocks)
    model.step()
    constants = sum(array.nbytes for array in arrays_in(model.kernel_arguments()[0].constants))
    assert constants > 3_000 and device.uploaded - first <= first - constants
    assert set(device._blocks) == blocks


def test_snapshots_are_interchangeable(config):
    first, second = pair(config)
    first.step(4)
    second.step(2)
    second.restore(first.snapshot())
    first.step(3)
    second.step(3)
    assert same(first, second)
    first.restore(second.snapshot())
    assert same(first, second) and first.snapshot().digest == second.snapshot().digest


def test_forks_and_files(config, tmp_path):
    for model in (models := pair(config)):
        model.step(2)
    forks = [model.fork() for model in models]
    path = models[1].save(tmp_path / "a.model")
    loaded = [tp.Model.load(path), tp.Model.load(path, backend="cpu")]
    assert [one.config.run.backend for one in loaded] == ["cuda", "cpu"]
    for model in (*models, *forks, *loaded):
        model.step(3)
    for model in (*models, *forks, *loaded):
        assert same(model, models[0])


@pytest.mark.parametrize("threads", [1, 2])
def test_groups(config, threads):
    with (
        tp.Model.many(config, 3, threads=threads) as on_cpu,
        tp.Model.many(config, 3, threads=threads, backend="cuda") as on_device,
    ):
        for models in (on_cpu, on_device):
            models.step(2)
            models[1].shock("wage", factor=1.1)
            models.update_until(12)
        assert all(same(*both) for both in zip(on_cpu, on_device, strict=True))


def test_not_finite(config):
    texts = []
    for model in (models := pair(config)):
        model.step(2)
        model["technology"] = 1e308
        for _ in range(2):
            with pytest.raises(tp.NotFiniteError, match="period 3") as failure:
                model.step(4)
        texts.append(str(failure.value))
        assert model.time == 2
    assert texts[0] == texts[1]
    assert all(np.array_equal(models[0][name], models[1][name]) for name in STATE)


def test_a_failure_after_the_world_has_grown(config, monkeypatch):
    """The enlarged world stands where the failure left it, not where it was enlarged."""
    monkeypatch.setattr("technopole.world.build.first_capacity", lambda config, firms: firms + 1)
    shock = {"instrument": "wage_shock", "value": 10.0, "regions": ["valley"]}
    for model in (
        models := pair(config.replace({"policies": [shock], "labour.growth": 0.0, "time.periods": 400}))
    ):
        room = model.kernel_arguments()[1].firms.shape[1]
        with pytest.raises(tp.NotFiniteError):
            model.step(400)
        assert model.kernel_arguments()[1].firms.shape[1] > room
    assert 30 < models[0].time == models[1].time < 400
    assert all(np.array_equal(models[0][name], models[1][name]) for name in STATE)


@pytest.mark.parametrize("steps", [1, 60])
def test_a_world_that_cannot_grow_is_as_before(config, monkeypatch, steps):
    models = pair(config)
    with monkeypatch.context() as patch:
        patch.setattr("technopole.world.problems.enlarge_world", lambda world, capacity: 1 / 0)
        for model in models:
            with pytest.raises(ZeroDivisionError):
                for _ in range(60):
                    model.step(steps)
        assert 0 < models[0].time == models[1].time
        assert all(np.array_equal(models[0][name], models[1][name]) for name in STATE)
    for model in models:
        model.step()
    assert same(*models)


def test_an_interrupted_step_is_whole():
    config = make_config(regions=2, sectors=2, firms=100).replace({"labour.growth": 0.0, "run.threads": 1})
    model, other = tp.Model(config, backend="cuda"), tp.Model(config)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in a background job it is ignored
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.step(10_000_000)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert 0 < model.time < 10_000_000
    other.step(model.time)
    assert same(model, other)


def test_without_a_device_there_is_no_model(config, monkeypatch):
    def refuse(backend):
        raise tp.ConfigError("no device")

    monkeypatch.setattr("technopole.device.shared._open_device", refuse)
    with pytest.raises(tp.ConfigError, match="no device"):
        tp.Model(config, backend="cuda")
