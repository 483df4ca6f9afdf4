"""Experiments: plans, arguments and options that are refused, and in which words."""

import dataclasses
import os

import pytest

import sweeping
import technopole as tp
from small_experiments import OUTPUT, chunks, small_blocks
from technopole.errors import ConfigError, DataError, OutputError
from technopole.experiments.rounds import Shard
from technopole.experiments.run import run_experiment
from technopole.files.write import write


def test_results_of_a_run_are_no_experiment_and_the_message_says_what_opens_them(two_regions, tmp_path):
    path = tmp_path / "run.zarr"
    write(tp.run(two_regions, replicates=1, periods=1), path)
    with pytest.raises(
        DataError, match=r"found the results of a run; .* \(xarray.open_zarr opens any result\)"
    ):
        tp.open(path)


def test_another_plan_is_refused_with_the_difference(planned, undisturbed):
    other = sweeping.plan(experiment={"replicates": 10, "seed": 5}, output=OUTPUT)
    with pytest.raises(ConfigError, match="config.run.seed: the store was made with 1; now 5"):
        run_experiment(small_blocks(other), undisturbed, resume=True)


def test_another_version_is_refused(planned, undisturbed, monkeypatch):
    monkeypatch.setattr("technopole.experiments.plan.__version__", "9.9.9")
    monkeypatch.setattr("technopole.experiments.plan.kernel_digest", lambda: "0" * 64)
    newer = dataclasses.replace(planned)
    with pytest.raises(ConfigError) as caught:
        run_experiment(newer, undisturbed, resume=True)
    assert 'now "9.9.9"' in str(caught.value)
    assert "sources of the kernels: not those" in str(caught.value)


def test_what_is_there_is_not_touched_unasked(planned, undisturbed, tmp_path):
    with pytest.raises(OutputError, match="--resume"):
        run_experiment(planned, undisturbed)
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "mine").write_text("precious")
    for options in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises((OutputError, DataError), match="found something else"):
            run_experiment(planned, tmp_path / "a.zarr", **options)
    assert (tmp_path / "a.zarr" / "mine").read_text() == "precious"
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_overwrite_replaces(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    run_experiment(sweeping.plan(), path)
    assert run_experiment(planned, path, overwrite=True).complete
    assert chunks(path) == chunks(undisturbed)
    assert os.listdir(tmp_path) == ["a.zarr"]


@pytest.mark.parametrize("text", ["1", "3/3", "-1/3", "a/b", "1/0", "1/3/4", ""])
def test_shards_that_are_none(text):
    with pytest.raises(ConfigError, match="--shard: found .*allowed"):
        Shard(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"executor": "mpi"}, "allowed: threads, processes, dask"),
        ({"workers": 0}, "--workers: found 0"),
        ({"address": "tcp://here"}, "--address"),
    ],
)
def test_options_that_do_not_go(planned, tmp_path, options, words):
    with pytest.raises(ConfigError, match=words):
        run_experiment(planned, tmp_path / "a.zarr", **options)


@pytest.mark.parametrize(
    ("sweep", "options", "message"),
    [
        (None, {}, "sweep: found None; allowed: a Sweep .* or the path of a TOML file"),
        ({}, {}, "sweep: found a dict; allowed: a Sweep"),
        ("a.toml", {"shard": (0, 2)}, r"shard: found \(0, 2\); allowed: text I/N"),
        ("a.toml", {"workers": 1.5}, "workers: found 1.5; allowed: a whole number from 1"),
        ("a.toml", {"workers": "a"}, "workers: found 'a'"),
        ("a.toml", {"progress": 3}, "progress: found 3; allowed: a function"),
        ("a.toml", {"to": None}, "to: found None; allowed: the path of a store"),
        (
            sweeping.TWO_REGIONS,
            {"overrides": ["a=1"]},
            r"\(override\): found a list of 1; allowed: a mapping",
        ),
        (sweeping.TWO_REGIONS, {"overrides": {1: 2}}, r"\(override\): found the key 1; allowed: dotted keys"),
    ],
)
def test_arguments_of_another_kind_are_refused(tmp_path, sweep, options, message):
    with pytest.raises(ConfigError, match=message):
        tp.experiment(sweep, **{"to": tmp_path / "a.zarr", **options})
    assert not list(tmp_path.iterdir())


def test_a_configuration_is_no_sweep(two_regions, tmp_path):
    with pytest.raises(ConfigError, match="sweep: found a Config; allowed: a Sweep"):
        tp.experiment(tp.Config.from_toml(two_regions), tmp_path / "a.zarr")


@pytest.mark.parametrize(
    "option", [{"overrides": {"experiment.replicates": 2}}, {"data": "."}, {"backend": "cuda"}]
)
def test_a_sweep_that_is_made_takes_no_other_settings(tmp_path, option):
    (name,) = option
    with pytest.raises(ConfigError, match=f"{name}: given beside a Sweep, which is made already"):
        tp.experiment(sweeping.sweep(), tmp_path / "a.zarr", **option)
    assert not list(tmp_path.iterdir())
