"""Runs on a device: the same bits as on the processor, whatever fits into its memory; room, failures, stopping."""

import numpy as np
import pytest

import technopole as tp
from devices import KINDS, some_device
from technopole.basics.machine import Threads
from technopole.device import fit as device_fit
from technopole.device import layout as device_layout
from technopole.device import shared as device_shared
from technopole.device import together as device_together
from technopole.device import worlds as device_worlds
from technopole.schema import RECORDS
from technopole.simulation.device_ensemble import DeviceEnsemble
from technopole.simulation.simulation import Simulation
from technopole.toolbox import Function
from technopole.world.build import make_blueprint
from technopole.world.recording import Recording

GROWING = {"time.periods": 40, "capacity.slack": 0.0}


@pytest.fixture(scope="module")
def config(two_regions):
    changes = {"time.periods": 12, "run.replicates": 7, "output.variables": list(RECORDS)}
    return tp.Config.from_toml(two_regions, changes)


@pytest.fixture(scope="module")
def results(config):
    return tp.run(config, threads=1)


@pytest.fixture(params=KINDS)
def device(request, config, monkeypatch):
    with some_device(request.param, monkeypatch, make_blueprint(config)) as made:
        yield made


def same(first, second):
    return first.drop_attrs(deep=False).identical(second.drop_attrs(deep=False))


def failure_of(config, **changes):
    with pytest.raises(tp.TechnopoleError) as failure:
        tp.run(config, **changes)
    return str(failure.value)


# ------------------------------------------------------------------------------------------------- same bits


def test_a_run(config, results, device):
    assert same(tp.run(config, backend="cuda"), results)
    assert device.most_worlds == 7


@pytest.mark.parametrize("block", [1, 3, 6, 100])
def test_as_many_at_a_time_as_asked_for(config, results, device, block):
    assert same(tp.run(config.replace({"run.block": block}), backend="cuda", threads=2), results)
    assert device.most_worlds == min(block, 7)


@pytest.mark.parametrize("worlds", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_as_many_at_a_time_as_fit(config, results, monkeypatch, kind, worlds):
    blueprint = make_blueprint(config)
    world = blueprint.new_world(device_together.device_room(blueprint))
    records = Recording(tuple(RECORDS), 1, 12, 2, 3).records(0)
    with some_device(kind, monkeypatch, blueprint) as device:
        one = device_layout.world_bytes(blueprint.setting(1), world, records)
        device._memory = device._free = int((worlds + 0.5) * one / device_fit.SHARE_OF_MEMORY)
        assert same(tp.run(config, backend="cuda"), results)
        assert device.most_worlds == worlds


def test_a_world_that_does_not_fit(config, monkeypatch):
    with some_device("made-up", monkeypatch, make_blueprint(config), memory=100_000):
        text = failure_of(config, backend="cuda")
    assert "one world of 60 firms takes " in text and "100 kB are free" in text


def test_stride_and_few_variables(config, device):
    some = config.replace({"output.stride": 5, "output.variables": ["wage", "firms", "market"]})
    assert same(tp.run(some, backend="cuda"), tp.run(some))


def test_the_memory_of_the_host_is_a_limit_too(config, results, device, monkeypatch):
    monkeypatch.setattr(device_together, "HOST_BYTES", 1)
    assert same(tp.run(config, backend="cuda"), results)
    assert device.most_worlds == 1


def test_policies_over_time(config, device):
    policy = {"instrument": "rd_subsidy", "value": 0.2, "regions": ["valley"], "start": 3, "end": 7}
    some = config.replace({"policies": [policy]})
    assert same(tp.run(some, backend="cuda"), tp.run(some))


def test_a_sample_of_parameters(config, device):
    on_cpu = Function(config, ["productivity_growth"])(learning__technology=0.3)
    on_device = Function(config, ["productivity_growth"], backend="cuda")(learning__technology=0.3)
    assert device.launches and on_cpu.keys() == on_device.keys()
    for name, values in on_cpu.items():
        np.testing.assert_array_equal(on_device[name], values)


# ------------------------------------------------------------------------------------- room, failures, stopping


def test_a_world_that_grows_does_not_disturb_the_others(config, device, monkeypatch):
    monkeypatch.setattr(device_together, "device_room", lambda blueprint: blueprint.capacity)
    growing = config.replace(GROWING)
    moved = []
    move = device_worlds.Worlds._move
    monkeypatch.setattr(
        device_worlds.Worlds,
        "_move",
        lambda batch, slot, world: moved.append(slot) or move(batch, slot, world),
    )
    for block in (7, 3, 1):
        moved.clear()
        assert same(tp.run(growing.replace({"run.block": block}), backend="cuda"), tp.run(growing))
        assert 0 < len(set(moved)) <= block
    some = growing.replace({"time.periods": 12, "run.block": 4})
    moved.clear()
    assert same(tp.run(some, backend="cuda"), tp.run(some))
    assert 0 < len(moved) < 14


def test_worlds_that_outgrow_the_memory_are_computed_later(config, device, monkeypatch):
    monkeypatch.setattr(device_together, "device_room", lambda blueprint: blueprint.capacity)
    monkeypatch.setattr(device_fit, "SHARE_OF_MEMORY", 0.99)
    growing = config.replace(GROWING)
    blueprint = make_blueprint(growing)
    world, records = blueprint.new_world(), Recording(tuple(RECORDS), 1, 40, 2, 3).records(0)
    one = device_layout.world_bytes(blueprint.setting(1), world, records)
    device._memory = device._free = int(7.9 * one)
    later = []
    parts = device_together._Round.parts

    def noted(work, replicates, *more):
        later.append(list(replicates))
        return parts(work, replicates, *more)

    monkeypatch.setattr(device_together._Round, "parts", noted)
    assert same(tp.run(growing, backend="cuda"), tp.run(growing))
    assert len(later) > 1 and set(later[1]) < set(later[0]) == set(range(7))


@pytest.mark.parametrize("block", [2, 8])
def test_no_room_is_allowed(config, device, block):
    fixed = config.replace({**GROWING, "capacity.fixed": True, "run.block": block})
    assert failure_of(fixed, backend="cuda") == failure_of(fixed, threads=1)


@pytest.mark.parametrize("block", [2, 8])
def test_not_finite_is_the_same_message(config, device, block):
    shock = {"instrument": "wage_shock", "value": 10.0, "regions": ["valley"]}
    extreme = config.replace(
        {
            "policies": [shock],
            "time.periods": 2000,
            "output.stride": 500,
            "labour.growth": 0.0,
            "run.block": block,
        }
    )
    text = failure_of(extreme, backend="cuda")
    assert text == failure_of(extreme, threads=1)
    assert text.startswith("replicate 0, period ") and "became infinite or not a number" in text


def test_progress(config, device, monkeypatch):
    monkeypatch.setattr("technopole.simulation.device_ensemble.POLL_SECONDS", 0.0)
    seen = []
    tp.run(config.replace({"run.block": 3}), backend="cuda", progress=seen.append)
    done = [one.periods_done for one in seen]
    assert done == sorted(done) and done[-1] == 7 * 12 and seen[-1].replicates_done == 7
    assert {one.replicates_done for one in seen} == {0, 3, 6, 7} and len(set(done)) > 6


def test_nothing_is_waited_for_between_looks(config, device):
    tp.run(config.replace({"time.periods": 200, "run.replicates": 1}), backend="cuda")
    assert device.looks < 50 and device.launches >= 400


def test_an_interrupted_run_gives_the_memory_back(config, device):
    def interrupt(progress):
        raise KeyboardInterrupt

    long = config.replace({"time.periods": 100_000, "output.stride": 10_000, "labour.growth": 0.0})
    with pytest.raises(KeyboardInterrupt):
        tp.run(long, backend="cuda", progress=interrupt)
    with device_shared.using("cuda") as shared:
        shared.forget()
    assert not device._blocks


def test_a_device_that_fails_gives_the_memory_back(config, device, monkeypatch):
    monkeypatch.setattr(device, "synchronize", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tp.run(config, backend="cuda")
    assert not device._blocks


def test_stopping(config, device):
    blueprint = make_blueprint(config.replace({"run.backend": "cuda"}))
    recording = Recording(tuple(RECORDS), 7, 12, 2, 3)
    ensemble = DeviceEnsemble(blueprint, recording, Threads(1, "one"))
    ensemble._stop[0] = 1
    ensemble.run()
    assert ensemble.progress().replicates_done == 0 and not device._blocks


# -------------------------------------------------------------------------------------------- what is computed


def test_the_run_says_what_computes(config, device):
    assert Simulation(config.replace({"run.backend": "cuda"})).worker == device.name
    assert Simulation(config.replace({"run.threads": 1})).worker == "1 thread (as asked for)"


def test_the_backend_is_said_and_does_not_count(config, results, device):
    on_device = tp.run(config, backend="cuda")
    assert 'backend = "cuda"' in on_device.attrs["config"]
    assert on_device.attrs["config_digest"] == results.attrs["config_digest"]


def test_an_unknown_backend(config):
    with pytest.raises(tp.ConfigError, match=r'argument backend: run.backend: found .*did you mean "cuda"\?'):
        tp.run(config, backend="cdua")
