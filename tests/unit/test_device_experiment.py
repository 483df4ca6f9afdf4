"""Experiments, claims and validation on a device: the same bytes as by the processor."""

import hashlib

import numpy as np
import pytest

import sweeping
import technopole as tp
from devices import some_device
from technopole.basics.stored_names import JOURNAL
from technopole.device import shared as device_shared
from technopole.experiments.plan import make_plan
from technopole.experiments.points import PointWorlds
from technopole.experiments.probe import estimate
from technopole.experiments.run import run_experiment
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.sweeps.sweep import Sweep
from technopole.world.build import make_blueprint
from worlds import economy

OUTPUT = {"variables": ["productivity", "employment", "size_distribution"], "raw": True}


@pytest.fixture(autouse=True, params=["emulated"])
def device(request, two_regions, monkeypatch):
    with some_device(request.param, monkeypatch, make_blueprint(tp.Config.from_toml(two_regions))) as made:
        yield made


def plans(**sections):
    """The same experiment on the processor and on the device."""
    content = sweeping.content(**sections)
    on_device = {**content, "experiment": {**content["experiment"], "backend": "cuda"}}
    return tuple(make_plan(Sweep.from_dict(one)) for one in (content, on_device))


def chunks(path):
    """Every file with numbers in it, by name."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("c*"))
        if file.is_file() and JOURNAL not in file.parts
    }


def test_the_same_bytes(tmp_path, device):
    one, other = plans(output=OUTPUT, experiment={"replicates": 9})
    assert one.digest == other.digest and other.sweep.config.run.backend == "cuda"
    run_experiment(one, tmp_path / "a.zarr")
    run_experiment(other, tmp_path / "b.zarr", workers=2)
    assert device.most_worlds == 9 and chunks(tmp_path / "a.zarr") == chunks(tmp_path / "b.zarr")
    assert ExperimentStore.open(tmp_path / "b.zarr").plan.sweep.config.run.backend == "cuda"


def test_a_store_is_gone_on_with_on_another_backend(tmp_path, device):
    one, other = plans(output=OUTPUT, experiment={"replicates": 4})
    run_experiment(one, tmp_path / "a.zarr", shard="0/2")
    assert not device.launches
    run_experiment(other, tmp_path / "a.zarr", resume=True)
    run_experiment(one, tmp_path / "b.zarr")
    assert chunks(tmp_path / "a.zarr") == chunks(tmp_path / "b.zarr")


@pytest.mark.parametrize(
    "sections",
    [
        {"output": OUTPUT, "experiment": {"burn_in": 5}},
        {"output": {"level": "firm", "variables": ["share", "age"], "stride": 4}},
        {"design": {"kind": "grid", "parameters": {"learning.rule": ["barter", "mean_field"]}}},
        {"design": {"kind": "grid", "parameters": {"spillover.distance_decay": [50.0, 500.0]}}},
    ],
    ids=["burn-in", "firms", "rules", "geography"],
)
def test_units(sections, device):
    found = [
        compute_unit(PointWorlds(one), one.unit(0), np.zeros(1, dtype=np.int64)) for one in plans(**sections)
    ]
    assert device.launches and found[0].arrays.keys() == found[1].arrays.keys()
    for name, values in found[0].arrays.items():
        assert values.tobytes() == found[1].arrays[name].tobytes(), name
    for name, values in (found[0].firms or {}).items():
        assert values.tobytes() == found[1].firms[name].tobytes(), name


def test_replicates_that_fail_are_noted(device):
    policies = [{"instrument": "wage_shock", "value": 10.0, "regions": ["valley"]}]
    settings = {"policies": policies, "labour.growth": 0.0}
    sections = {"experiment": {"periods": 320}, "set": settings, "output": {"stride": 160}}
    results = [
        compute_unit(PointWorlds(one), one.unit(0), np.zeros(1, dtype=np.int64)) for one in plans(**sections)
    ]
    assert results[0].errors == results[1].errors and results[0].failed > 0
    for name, values in results[0].arrays.items():
        assert values.tobytes() == results[1].arrays[name].tobytes(), name


def test_without_a_device_no_store_is_made(tmp_path, monkeypatch):
    def refuse(backend):
        raise tp.ConfigError("no device")

    monkeypatch.setattr(device_shared, "_open_device", refuse)
    _, other = plans()
    with pytest.raises(tp.ConfigError, match="no device"):
        run_experiment(other, tmp_path / "a.zarr")
    with pytest.raises(tp.ConfigError, match="no device"):  # in a worker: not a failure of replicates
        compute_unit(PointWorlds(other), other.unit(0), np.zeros(1, dtype=np.int64))
    assert not list(tmp_path.iterdir())


def test_a_plan_is_measured_on_the_device(device):
    assert estimate(plans()[1], 0.05).periods > 0 and device.launches


def test_validation_and_claims(device):
    config = tp.Config.from_dict({**economy(2, 2, 40), "time": {"periods": 12}, "run": {"threads": 1}})
    serial = config.replace({"sharing.rule": "serial"})  # C9 reads what each firm paid
    for compute in (
        lambda backend: tp.validate(config, replicates=2, backend=backend),
        lambda backend: tp.claims(serial, replicates=2, only="C1,C2,C5,C9,coupling", backend=backend),
    ):
        launches = device.launches
        one, other = (compute(backend) for backend in ("cpu", "cuda"))
        assert device.launches > launches
        assert one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False))
