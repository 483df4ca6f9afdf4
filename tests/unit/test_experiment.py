"""Experiments: the same store by any executor; nothing lost; errors for people."""

import dataclasses
import errno
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import warnings

import numpy as np
import pytest

import sweeping
import technopole as tp
from technopole.basics.stored_names import JOURNAL, STATUS
from technopole.errors import ConfigError, DataError, Interrupted, OutputError, TechnopoleError
from technopole.experiments import executor_dask
from technopole.experiments.executor_processes import Processes
from technopole.experiments.finalize import finalize
from technopole.experiments.points import PointWorlds
from technopole.experiments.rounds import Shard, wanted_units
from technopole.experiments.run import open_experiment, run_experiment
from technopole.experiments.status import experiment_status
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.files import chunks as file_chunks
from technopole.files.journal import Entry, Journal, read_journals
from technopole.files.write import write

GO = np.zeros(1, dtype=np.int64)
OUTPUT = {
    "variables": ["productivity", "employment", "size_distribution"],
    "statistics": ["mean", "sd", "se", "interval", "n", "quantiles"],
}


def small_blocks(planned, replicates=4, points=1):
    """The same plan in more units than so small an economy would be given."""
    return dataclasses.replace(planned, replicate_block=replicates, point_block=points)


@pytest.fixture(scope="module")
def planned():
    return small_blocks(sweeping.plan(experiment={"replicates": 10}, output=OUTPUT))


@pytest.fixture(scope="module")
def undisturbed(planned, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "a.zarr"
    report = run_experiment(planned, path, workers=1)
    assert report.complete and report.units == planned.n_units == 9 and report.failed == 0
    return path


def chunks(path):
    """Every file with numbers in it, by name."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("c*"))
        if file.is_file() and JOURNAL not in file.parts
    }


def files(path):
    return [file for file in path.rglob("*") if file.is_file() and file.suffix != ".jsonl"]


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


def test_results_of_a_run_are_no_experiment_and_the_message_says_what_opens_them(two_regions, tmp_path):
    path = tmp_path / "run.zarr"
    write(tp.run(two_regions, replicates=1, periods=1), path)
    with pytest.raises(
        DataError, match=r"found the results of a run; .* \(xarray.open_zarr opens any result\)"
    ):
        tp.open(path)


def test_lazy(undisturbed):
    assert tp.open(undisturbed)["productivity"].chunks is not None


def test_files_are_those_that_were_planned(planned, undisturbed):
    assert len(files(undisturbed)) == planned.files


def test_resume_goes_on_after_lost_units(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(undisturbed, path)
    (path / STATUS / "c.0.0").write_bytes(b"")  # torn
    (path / "partial" / "productivity" / "c.1.1.0.0.0").unlink()
    status = experiment_status(path)
    assert status.units_damaged == 2 and not status.complete
    assert run_experiment(planned, path, resume=True).units == 2
    assert chunks(path) == chunks(undisturbed)


def test_a_file_with_other_content_is_found(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(undisturbed, path)
    file = path / "final_firms" / "c.2.1"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    store = ExperimentStore.open(path)
    damage = store.damage()
    assert damage.units == {5: [file]} and damage.paths == [file]
    store.remove(damage)
    assert run_experiment(planned, path, resume=True).units == 1
    assert chunks(path) == chunks(undisturbed)


def test_a_torn_line_of_a_journal_does_not_count(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(undisturbed, path)
    (journal,) = (path / JOURNAL).glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-40])
    assert run_experiment(planned, path, resume=True).units == 1
    assert chunks(path) == chunks(undisturbed)


def write_when_all_are_ready(path, number, ready):
    """What each of several processes does with one store."""
    store = ExperimentStore.open(path)
    result = compute_unit(PointWorlds(store.plan), store.plan.unit(number), GO)
    ready.wait()
    store.write_unit(result)


def test_two_processes_on_one_unit_write_the_same(planned, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    store = ExperimentStore.create(path, planned)
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(2)
    both = [spawn.Process(target=write_when_all_are_ready, args=(path, 4, ready)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    assert list(store.done_units()) == [4] and store.processes() == 2
    assert not store.damage().paths and not list(path.rglob(".*"))
    names = [str(file.relative_to(path)) for file in store.files.chunks(4)]
    assert {name: chunks(path)[name] for name in names} == {name: chunks(undisturbed)[name] for name in names}


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


def test_a_full_disk_loses_nothing(planned, undisturbed, tmp_path, monkeypatch):
    path = tmp_path / "a.zarr"
    real, written = file_chunks.write_synced, []

    def full(file, content):
        written.append(file)
        if len(written) > 60:
            file.write_bytes(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(file_chunks, "write_synced", full)
        with pytest.raises(OutputError) as caught:
            run_experiment(planned, path, workers=2)
    assert "No space left on device" in str(caught.value) and "--resume" in str(caught.value)
    assert 0 < len(ExperimentStore.open(path).intact_units()) < planned.n_units
    assert run_experiment(planned, path, resume=True).complete
    assert chunks(path) == chunks(undisturbed)
    assert len(files(path)) == planned.files


def test_a_full_disk_under_the_journal(planned, tmp_path, monkeypatch):
    store = ExperimentStore.create(tmp_path / "a.zarr", planned)
    real = os.write
    entry = Entry(0, planned.digest, 4, 0, (1,), (2,))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, line: real(handle, line[: max(1, len(line) // 2)]))
        journal = Journal(store.path)
        with pytest.raises(OSError, match="No space"):
            journal.append(entry)
    assert store.done_units() == {}
    journal.append(dataclasses.replace(entry, unit=1))
    assert list(store.done_units()) == [1]
    journal.append(dataclasses.replace(entry, unit=0))
    assert list(store.done_units()) == [0, 1]
    assert read_journals(store.path, "other") == {}


def test_a_line_after_one_whose_end_had_no_room_is_read(planned, tmp_path, monkeypatch):
    store = ExperimentStore.create(tmp_path / "a.zarr", planned)
    real, written = os.write, []

    def full(handle, line):
        written.append(line)
        if len(written) > 1:  # not even the end of a line has room
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, line[:20])

    journal = Journal(store.path)
    entry = Entry(0, planned.digest, 4, 0, (1,), (2,))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                journal.append(entry)
    journal.append(entry)
    assert list(store.done_units()) == [0]


def test_failed_replicates_are_recorded_and_the_others_finish(tmp_path):
    planned = sweeping.plan(
        design={"kind": "grid", "parameters": {"entry.startups": [0.078, 0.2]}},
        set={"capacity.fixed": True, "capacity.slack": 0.0},
    )
    report = run_experiment(planned, tmp_path / "a.zarr")
    ds = tp.open(tmp_path / "a.zarr")
    status = ds[STATUS].values
    assert report.complete and report.failed == (status == 2).sum()
    assert 0 < report.failed < 8
    assert np.isnan(ds["final_firms"].values[status == 2]).all()
    assert len(report.errors) == report.failed and "room" in report.errors[0][2]
    assert (ds["final_firms_n"] == (status == 1).sum(axis=1)).all()
    again = run_experiment(planned, tmp_path / "a.zarr", resume=True)
    assert again.units == 0 and again.failed == report.failed


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


def test_finalize_says_what_is_missing(planned, tmp_path):
    run_experiment(planned, tmp_path / "a.zarr", shard="0/2")
    store = ExperimentStore.open(tmp_path / "a.zarr")
    with pytest.raises(TechnopoleError, match="4 units are missing"):
        finalize(store)
    assert finalize(store, force=True) is False
    ds = tp.open(tmp_path / "a.zarr")
    assert set(np.unique(ds["final_firms_n"])) == {4, 6}
    status = experiment_status(tmp_path / "a.zarr")
    assert (status.units_done, status.units_missing, status.complete) == (5, 4, False)
    json.dumps(status.numbers())


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


def test_ctrl_c_can_be_resumed(planned, undisturbed, tmp_path):
    seen = []

    def interrupt(progress):
        seen.append(progress)
        if progress.replicates_done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="--resume goes on"):
        run_experiment(planned, tmp_path / "a.zarr", workers=1, progress=interrupt)
    assert seen[-1].replicates == 30
    assert 2 <= len(ExperimentStore.open(tmp_path / "a.zarr").done_units()) < 9
    run_experiment(planned, tmp_path / "a.zarr", resume=True)
    assert chunks(tmp_path / "a.zarr") == chunks(undisturbed)


def test_processes_that_die_are_replaced(planned, undisturbed, tmp_path, monkeypatch):
    real, killed = Processes.submit, []

    def submit(self, number):
        future = real(self, number)
        if number == 4 and not killed:
            killed.append(number)
            for process in list(self._pool._processes.values()):
                process.kill()
        return future

    monkeypatch.setattr(Processes, "submit", submit)
    assert run_experiment(planned, tmp_path / "a.zarr", "processes", 2).complete
    assert killed
    assert chunks(tmp_path / "a.zarr") == chunks(undisturbed)


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


def test_processes_that_dask_starts_do_not_see_ctrl_c():
    runner = executor_dask._loop_without_ctrl_c()

    async def status_of_a_process():
        return subprocess.check_output(["cat", "/proc/self/status"], text=True)

    try:
        status = runner.run_sync(status_of_a_process)
    finally:
        runner.stop()
    blocked = int(re.search(r"SigBlk:\s*(\w+)", status)[1], 16)
    assert blocked >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
