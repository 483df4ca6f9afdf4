"""Runs on a device: the same bits as on the processor, whatever the memory; room, failures, stopping."""

import pytest

import technopole as tp
from devices import fake_device
from technopole.build import make_blueprint
from technopole.schema import RECORDS


@pytest.fixture(scope="module")
def config(two_regions):
    changes = {"time.periods": 12, "run.replicates": 7, "output.variables": list(RECORDS)}
    return tp.Config.from_toml(two_regions, changes)


@pytest.fixture(scope="module")
def results(config):
    return tp.run(config, threads=1)


@pytest.fixture
def device(config, monkeypatch):
    with fake_device(monkeypatch, make_blueprint(config)) as made:
        yield made


def same(first, second):
    return first.drop_attrs(deep=False).identical(second.drop_attrs(deep=False))


def test_a_run(config, results, device):
    assert same(tp.run(config, backend="cuda"), results)
    assert device.most_worlds == 7 and device.looks < 14
