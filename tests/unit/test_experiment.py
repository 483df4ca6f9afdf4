"""Experiments: the same store by any executor and in units of any shape, and what it holds."""

import dataclasses
import os
import shutil
import warnings

import numpy as np
import pytest

import sweeping
import technopole as tp
from small_experiments import GO, OUTPUT, chunks, files, small_blocks
from technopole.basics.stored_names import JOURNAL, STATUS
from technopole.errors import ConfigError, DataError
from technopole.experiments.finalize import finalize
from technopole.experiments.points import PointWorlds
from technopole.experiments.rounds import wanted_units
from technopole.experiments.run import open_experiment, run_experiment
from technopole.experiments.status import experiment_status
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit


@pytest.mark.parametrize(("kind", "workers"), [("threads", 2), ("processes", 2), ("dask", 2)])
def test_the_same_bytes_by_any_executor(planned, undisturbed, tmp_path, kind, workers):
    report = run_experiment(planned, tmp_path / "a.zarr", kind, workers)
    assert report.complete
    assert chunks(tmp_path / "a.zarr") == chunks(undisturbed)


def test_dask_by_address(planned, undisturbed, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, protocol="tcp", processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        run_experiment(planned, tmp_path / "a.zarr", "dask", address=cluster.scheduler_address)
    assert chunks(tmp_path / "a.zarr") == chunks(undisturbed)


def test_any_size_of_units_gives_the_same_statistics(planned, undisturbed, tmp_path):
    other = small_blocks(planned, replicates=16, points=3)
    run_experiment(other, tmp_path / "a.zarr")
    one, two = open_experiment(undisturbed), open_experiment(tmp_path / "a.zarr")
    for name in one.data_vars:
        assert one[name].values.tobytes() == two[name].values.tobytes(), name


def test_quantiles_read_in_pieces_are_the_same(planned, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr("technopole.experiments.finalize.PIECE_BYTES", 1)
    run_experiment(planned, tmp_path / "a.zarr")
    assert chunks(tmp_path / "a.zarr") == chunks(undisturbed)


def test_shards_share_a_store(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    for part in (2, 0):
        report = run_experiment(planned, path, shard=f"{part}/3")
        assert not report.complete and report.missing
    assert run_experiment(planned, path, shard="1/3").complete
    assert chunks(path) == chunks(undisturbed)


def test_statistics_are_those_of_the_replicates(undisturbed):
    ds = tp.open(undisturbed)
    raw = ds["productivity"].values
    np.testing.assert_allclose(ds["productivity_mean"], raw.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(ds["productivity_std"], raw.std(axis=1, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(
        ds["productivity_quantile"], np.moveaxis(np.quantile(raw, [0.05, 0.5, 0.95], axis=1), 0, 1)
    )
    assert (ds["productivity_n"] == 10).all()
    for name in ("final_firms", "productivity_growth"):
        np.testing.assert_allclose(ds[f"{name}_mean"], ds[name].mean("replicate"), rtol=1e-12)


def test_replicates_are_those_of_runs(planned, undisturbed):
    ds = tp.open(undisturbed)
    for index in range(planned.n_points):
        run = tp.run(
            PointWorlds(planned)
            .config(index)
            .replace({"run.replicates": 10, "output.variables": ["employment"]})
        )
        np.testing.assert_allclose(ds["employment"][index], run["employment"].sum("sector"), rtol=1e-14)


def test_store_opens_in_plain_xarray_with_its_labels(undisturbed):
    import xarray as xr

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for consolidated in (True, False):
            ds = xr.open_zarr(undisturbed, consolidated=consolidated)
            assert ds["learning.technology"].dims == ("point",)
            assert "learning.technology" in ds.coords
            assert ds["productivity_mean"].attrs["units"] and ds["productivity_mean"].attrs["long_name"]
    assert ds.attrs["complete"] == 1
    assert ds.attrs["Conventions"].startswith("CF")


def test_lazy(undisturbed):
    assert tp.open(undisturbed)["productivity"].chunks is not None


def test_files_are_those_that_were_planned(planned, undisturbed):
    assert len(files(undisturbed)) == planned.files


def test_burn_in_in_units_of_any_shape(tmp_path):
    planned = sweeping.plan(experiment={"replicates": 6, "burn_in": 5}, output=OUTPUT)
    run_experiment(planned, tmp_path / "a.zarr")
    run_experiment(small_blocks(planned, 2, 2), tmp_path / "b.zarr", workers=2)
    one, two = open_experiment(tmp_path / "a.zarr"), open_experiment(tmp_path / "b.zarr")
    assert one.time.values[0] == 6
    for name in one.data_vars:
        assert one[name].values.tobytes() == two[name].values.tobytes(), name


def test_tables_of_firms(tmp_path):
    planned = sweeping.plan(output={"level": "firm", "variables": ["technology", "firms"], "stride": 6})
    run_experiment(planned, tmp_path / "a.zarr")
    firms = tp.open_firms(tmp_path / "a.zarr", point=1, replicate=2)
    counts = tp.open(tmp_path / "a.zarr")["final_firms"]
    assert (firms["time"] == 12).sum() == counts[1, 2]
    assert tp.open_firms(tmp_path / "a.zarr", time=[], replicate=range(2)).sizes["firm"] == 0
    for wanted, message in (
        ({"point": "x"}, "point: found 'x'; allowed: whole numbers"),
        ({"time": 6.5}, "time: found 6.5; allowed: whole numbers"),
        ({"time": slice(0, 6)}, "time: found slice"),
        ({"time": [6, 7]}, "time: found 7, which the store does not have; allowed: 6, 12"),
        ({"replicate": -1}, "replicate: found -1, which the store does not have; allowed: 0, 1, 2, 3"),
    ):
        with pytest.raises(ConfigError, match=message):
            tp.open_firms(tmp_path / "a.zarr", **wanted)
    assert len(files(tmp_path / "a.zarr")) == planned.files
    assert ExperimentStore.open(tmp_path / "a.zarr").intact_units()
    assert run_experiment(planned, tmp_path / "a.zarr", resume=True).units == 0


STOP = {"outcome": "final_firms", "half_width": 4.0, "minimum": 4, "round": 4, "maximum": 24}


@pytest.mark.parametrize("kind", ["threads", "shards"])
def test_rounds_of_the_stopping_rule(tmp_path, kind):
    planned = sweeping.plan(stop=STOP, experiment={"replicates": None})
    path = tmp_path / "a.zarr"
    run_experiment(planned, tmp_path / "one.zarr", workers=1)
    if kind == "threads":
        run_experiment(planned, path, workers=2)
    else:
        for turn in range(3 * planned.rounds):
            if run_experiment(planned, path, shard=f"{turn % 2}/2").complete:
                break
    assert chunks(path) == chunks(tmp_path / "one.zarr")
    ds = tp.open(path)
    n = (ds[STATUS] == 1).sum("replicate").values
    assert n.min() >= 8 and n.max() <= 24 and n.min() < 24
    half = (ds["final_firms_high"] - ds["final_firms_mean"]).values
    assert ((half <= 4.0) | (n == 24)).all()
    assert experiment_status(path).complete


def test_points_stop_by_the_rounds_that_are_finished(tmp_path):
    planned = sweeping.plan(stop={**STOP, "maximum": 16}, experiment={"replicates": None})
    path = tmp_path / "a.zarr"
    store, stopped = ExperimentStore.create(path, planned), []
    worlds = PointWorlds(planned)
    while not stopped or stopped[-1] < planned.n_points:
        stopped.append(experiment_status(path).points_stopped)
        for unit in wanted_units(store):
            store.write_unit(compute_unit(worlds, planned.unit(unit), GO))
    assert stopped[:2] == [0, 0] and stopped == sorted(stopped)


def test_a_finished_plan_of_many_units_is_known_at_once(tmp_path):
    import time

    many = sweeping.plan(
        design={"kind": "grid", "parameters": {"learning.technology": np.linspace(0.0, 0.1, 100).tolist()}},
        experiment={"replicates": 100},
        output={"variables": ["wage"], "statistics": ["mean"]},
    )
    many = small_blocks(many, 1, 1)
    assert many.n_units == 10_000
    store = ExperimentStore.create(tmp_path / "a.zarr", many)
    result = compute_unit(PointWorlds(many), many.unit(0), GO)
    entry = store.write_unit(result)
    lines = []
    for number in range(many.n_units):
        lines.append(dataclasses.replace(entry, unit=number).line())
        for source, copy in zip(store.files.chunks(0), store.files.chunks(number), strict=True):
            if number:
                os.link(source, copy)
    (tmp_path / "a.zarr" / JOURNAL / "others.jsonl").write_bytes(b"".join(lines))
    begin = time.process_time()
    assert wanted_units(ExperimentStore.open(tmp_path / "a.zarr", many)) == []
    assert time.process_time() - begin < 2.0


def test_a_store_knows_its_plan_where_the_data_are_not(planned, undisturbed, tmp_path, monkeypatch):
    """Status and the final statistics need nothing but the store."""
    path = tmp_path / "a.zarr"
    shutil.copytree(undisturbed, path)

    def nowhere(config):
        raise DataError("the data are elsewhere")

    for module in ("data.loading", "experiments.plan", "experiments.store_template"):
        monkeypatch.setattr(f"technopole.{module}.load_tables", nowhere)
    opened = ExperimentStore.open(path)
    assert opened.plan.layout == planned.layout and opened.plan.digest == planned.digest
    assert experiment_status(path).complete
    finalize(opened)
    assert chunks(path) == chunks(undisturbed)
