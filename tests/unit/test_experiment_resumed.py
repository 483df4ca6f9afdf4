"""Experiments that are interrupted, lose units, fail or find no room: nothing is lost, and they go on."""

import dataclasses
import errno
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest

import sweeping
import technopole as tp
from small_experiments import GO, chunks, files
from technopole.basics.stored_names import JOURNAL, STATUS
from technopole.errors import Interrupted, OutputError, TechnopoleError
from technopole.experiments import executor_dask
from technopole.experiments.executor_processes import Processes
from technopole.experiments.finalize import finalize
from technopole.experiments.points import PointWorlds
from technopole.experiments.run import run_experiment
from technopole.experiments.status import experiment_status
from technopole.experiments.store import ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.files import chunks as file_chunks
from technopole.files.journal import Entry, Journal, read_journals


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
