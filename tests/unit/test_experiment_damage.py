"""Stores of experiments that somebody deletes from, damages or takes over: said clearly, and repaired."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import sweeping
import technopole as tp
from technopole.basics.stored_names import FIRMS, JOURNAL
from technopole.cli.commands_experiment import status as say_status
from technopole.errors import ConfigError, DataError, TechnopoleError
from technopole.experiments import store as experiment_store
from technopole.experiments.finalize import finalize
from technopole.experiments.points import PointWorlds
from technopole.experiments.run import run_experiment
from technopole.experiments.status import experiment_status
from technopole.experiments.store import SUMS, ExperimentStore
from technopole.experiments.unit_work import compute_unit
from technopole.files import chunks as file_chunks
from technopole.files.leftovers import REPLACED_SUFFIX, unfinished

GO = np.zeros(1, dtype=np.int64)
OUTPUT = {"variables": ["wage"], "statistics": ["mean", "sd", "quantiles"]}
FIRM_OUTPUT = {"level": "firm", "variables": ["technology", "cash", "firms"], "stride": 6}
STOP = {"outcome": "final_firms", "half_width": 4.0, "minimum": 4, "round": 4, "maximum": 8}


def in_small_units(**sections):
    return dataclasses.replace(sweeping.plan(**sections), replicate_block=2, point_block=1)


@pytest.fixture(scope="module")
def planned():
    return in_small_units(output=OUTPUT)


@pytest.fixture(scope="module")
def planned_firms():
    return in_small_units(output=FIRM_OUTPUT)


def finished(planned, folder):
    path = folder / "a.zarr"
    assert run_experiment(planned, path, workers=1).complete
    return path


@pytest.fixture(scope="module")
def undisturbed(planned, tmp_path_factory):
    return finished(planned, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def undisturbed_firms(planned_firms, tmp_path_factory):
    return finished(planned_firms, tmp_path_factory.mktemp("firms"))


@pytest.fixture
def store(undisturbed, tmp_path):
    return Path(shutil.copytree(undisturbed, tmp_path / "a.zarr"))


@pytest.fixture
def firms(undisturbed_firms, tmp_path):
    return Path(shutil.copytree(undisturbed_firms, tmp_path / "a.zarr"))


def contents(path):
    """All files but the journals, and the metadata, in which there are times."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and JOURNAL not in file.parts and file != path / "zarr.json"
    }


def spoil(file):
    """Change a byte in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(bytes(content))


# a store that another plan takes over


@pytest.mark.parametrize("output", [OUTPUT, FIRM_OUTPUT], ids=["arrays", "tables"])
@pytest.mark.parametrize("moment", ["before", "before the names", "before the line"])
def test_a_process_of_an_old_plan_writes_nothing_more(tmp_path, monkeypatch, output, moment):
    path = tmp_path / "a.zarr"
    old = in_small_units(output=output)
    new = in_small_units(output=output, experiment={"seed": 99})
    store = ExperimentStore.create(path, old)
    result = compute_unit(PointWorlds(old), old.unit(1), GO)
    empty = []

    def take_over(*arguments):
        if not empty:
            ExperimentStore.create(path, new, overwrite=True)
            empty.append(contents(path))

    def before(function):
        def both(*arguments):
            take_over()
            return function(*arguments)

        return both

    if moment == "before":
        take_over()
    elif moment == "before the names":
        monkeypatch.setattr(file_chunks, "write_synced", before(file_chunks.write_synced))
        monkeypatch.setattr("technopole.files.firm_output._sync", before(lambda folder: None))
    else:
        monkeypatch.setattr(experiment_store, "sync_folder", before(lambda folder: None))
    with pytest.raises(ConfigError, match=r"unit 1: the store at .*a\.zarr now belongs to another plan"):
        store.write_unit(result)
    assert contents(path) == empty[0]
    assert not list((path / JOURNAL).glob("*.jsonl")) and not ExperimentStore.open(path).done_units()


def test_a_run_whose_store_is_taken_over_fails(planned, tmp_path):
    path = tmp_path / "a.zarr"
    other = in_small_units(output=OUTPUT, experiment={"seed": 99})
    taken = []

    def take_over(progress):
        if not taken:
            taken.append(ExperimentStore.create(path, other, overwrite=True))

    with pytest.raises(ConfigError, match="unit .* now belongs to another plan") as caught:
        run_experiment(planned, path, workers=1, progress=take_over)
    assert "--resume" not in str(caught.value)
    assert not taken[0].done_units() and run_experiment(other, path, resume=True).complete


def test_a_store_that_is_gone(planned, tmp_path):
    store = ExperimentStore.create(tmp_path / "a.zarr", planned)
    result = compute_unit(PointWorlds(planned), planned.unit(0), GO)
    shutil.rmtree(store.path)
    with pytest.raises(
        ConfigError, match="unit 0: the store was removed or replaced meanwhile: .*there is nothing"
    ):
        store.write_unit(result)
    assert os.listdir(tmp_path) == []


def test_statistics_are_not_written_over_another_plan(planned, store):
    opened = ExperimentStore.open(store)
    ExperimentStore.create(store, in_small_units(output=OUTPUT, experiment={"seed": 99}), overwrite=True)
    before = contents(store)
    with pytest.raises(ConfigError, match="another plan"):
        finalize(opened, force=True)
    assert contents(store) == before


# units that vanish during a run


def deleting(monkeypatch, number, times):
    """Delete a chunk of a unit right after it is written, some times."""
    real, left = ExperimentStore.write_unit, [times]

    def write(self, result):
        entry = real(self, result)
        if result.unit.number == number and left[0]:
            left[0] -= 1
            next(self.files.chunks(number)).unlink()
        return entry

    monkeypatch.setattr(ExperimentStore, "write_unit", write)


def test_a_unit_deleted_once_is_computed_again(planned, undisturbed, tmp_path, monkeypatch):
    deleting(monkeypatch, 3, 1)
    report = run_experiment(planned, tmp_path / "a.zarr", workers=1)
    assert report.complete and report.units == planned.n_units + 1
    assert contents(tmp_path / "a.zarr") == contents(undisturbed)


@pytest.mark.parametrize("shard", [None, "1/2"])
@pytest.mark.parametrize("sections", [{}, {"stop": STOP, "experiment": {"replicates": None}}])
def test_a_unit_deleted_again_and_again_is_an_error(tmp_path, monkeypatch, shard, sections):
    deleting(monkeypatch, 1, 1000)
    with pytest.raises(
        TechnopoleError, match="1 unit was computed and is missing again, .*unit 1 "
    ) as caught:
        run_experiment(in_small_units(**sections), tmp_path / "a.zarr", shard=shard)
    assert caught.value.exit_code == 1


def test_shards_do_not_overwrite(planned, store):
    before = contents(store)
    with pytest.raises(ConfigError, match="--shard and --overwrite.*delete the store once"):
        run_experiment(planned, store, shard="0/2", overwrite=True)
    assert contents(store) == before


def test_a_shard_answers_for_its_own_failures(tmp_path):
    planned = in_small_units(
        design={"kind": "grid", "parameters": {"entry.startups": [0.05, 0.3, 0.06]}},
        experiment={"replicates": 2},
        set={"capacity.fixed": True, "capacity.slack": 0.0},
    )
    path = tmp_path / "a.zarr"
    assert [planned.unit(number).points.start for number in range(planned.n_units)] == [0, 1, 2]
    first = run_experiment(planned, path, shard="1/3")
    assert not first.complete and first.failed and len(first.errors) == first.failed
    second = run_experiment(planned, path, shard="0/3")
    assert not second.complete and (second.failed, second.done, second.errors) == (0, 2, ())
    last = run_experiment(planned, path, shard="2/3")
    assert last.complete and last.failed == first.failed


# damage


def test_damaged_and_deleted_statistics_are_written_again(planned, undisturbed, store):
    (store / "wage_std" / "c.0.0.0").unlink()
    (store / "final_firms_std" / "c.0").write_bytes(b"")
    now = experiment_status(store)
    assert not now.complete and now.statistics_missing == 2 and now.units_missing == 0
    report = run_experiment(planned, store, resume=True)
    assert report.complete and report.units == 0
    assert contents(store) == contents(undisturbed)
    spoil(store / "wage_mean" / "c.0.0.0")
    assert experiment_status(store).complete  # nothing was read
    opened = ExperimentStore.open(store)
    damage = opened.damage()
    assert damage.paths == damage.statistics == [store / "wage_mean" / "c.0.0.0"]
    opened.remove(damage)
    assert not experiment_status(store).complete
    assert run_experiment(planned, store, resume=True).complete
    assert contents(store) == contents(undisturbed) and not opened.damage().paths


def test_damaged_and_deleted_tables_are_written_again(planned_firms, undisturbed_firms, firms):
    assert not ExperimentStore.open(firms).damage().paths
    tables = firms / FIRMS
    (tables / "unit-0000001" / "cash" / "c.0").unlink()
    shutil.rmtree(tables / "unit-0000002")
    shutil.rmtree(tables / "unit-0000003" / "technology")
    assert experiment_status(firms).units_damaged == 3
    assert run_experiment(planned_firms, firms, resume=True).units == 3
    assert contents(firms) == contents(undisturbed_firms)
    spoiled = tables / "unit-0000004" / "cash" / "c.0"
    spoil(spoiled)
    opened = ExperimentStore.open(firms)
    damage = opened.damage()
    assert damage.units == {4: [spoiled]}
    opened.remove(damage)
    assert run_experiment(planned_firms, firms, resume=True).units == 1
    assert contents(firms) == contents(undisturbed_firms) and not list(firms.rglob(".*"))


@pytest.mark.parametrize("what", ["unit-0000001", "unit-0000001/cash/c.0", "unit-0000001/cash"])
def test_firms_are_not_read_of_tables_with_holes(firms, what):
    path = firms / FIRMS / what
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with pytest.raises(DataError, match=r"unit-0000001: .* is missing; .*--resume"):
        tp.open_firms(firms, point=0)


def test_firms_of_a_damaged_table(firms):
    (firms / FIRMS / "unit-0000001" / "cash" / "c.0").write_bytes(b"nothing that was compressed")
    with pytest.raises(DataError, match=r"unit-0000001: is damaged .*--verify"):
        tp.open_firms(firms)


def test_tables_of_units_that_failed_altogether(tmp_path):
    """They are empty, and have no chunks."""
    planned = in_small_units(
        output=FIRM_OUTPUT, set={"capacity.fixed": True, "capacity.slack": 0.0, "entry.startups": 0.9}
    )
    path = tmp_path / "a.zarr"
    report = run_experiment(planned, path)
    assert report.complete and not report.done
    assert not ExperimentStore.open(path).damage().paths
    assert run_experiment(planned, path, resume=True).units == 0
    assert tp.open_firms(path).sizes["firm"] == 0


def test_stores_without_checksums_of_tables_and_statistics(planned_firms, undisturbed_firms, firms):
    """As they were made before these were noted: what is missing is found all the same."""
    (journal,) = (firms / JOURNAL).glob("*.jsonl")
    lines = []
    for line in journal.read_bytes().splitlines():
        content = json.loads(line.partition(b" ")[2])
        del content["table"]
        text = json.dumps(content).encode()
        lines.append(b"%08x %b\n" % (zlib.crc32(text), text))
    journal.write_bytes(b"".join(lines))
    root = json.loads((firms / "zarr.json").read_bytes())
    del root["attributes"][SUMS]
    (firms / "zarr.json").write_text(json.dumps(root))
    opened = ExperimentStore.open(firms)
    assert not opened.damage().paths and experiment_status(firms).complete
    assert run_experiment(planned_firms, firms, resume=True).units == 0
    (firms / FIRMS / "unit-0000001" / "cash" / "c.0").unlink()
    (firms / "final_firms_mean" / "c.0").unlink()
    assert list(opened.damage().units) == [1] and len(opened.damage().statistics) == 1
    assert run_experiment(planned_firms, firms, resume=True).units == 1
    assert contents(firms) == contents(undisturbed_firms)


def test_a_damaged_chunk_names_its_unit(planned, store):
    (store / "final_firms" / "c.1.1").write_bytes(b"\0" * (store / "final_firms" / "c.1.1").stat().st_size)
    with pytest.raises(DataError, match=r"final_firms: unit 4 is damaged .*--verify.*--resume"):
        finalize(ExperimentStore.open(store))


def test_a_damaged_chunk_under_a_stopping_rule(tmp_path, capsys):
    planned = in_small_units(stop=STOP, experiment={"replicates": None})
    path = finished(planned, tmp_path)
    before = contents(path)
    chunk = path / "final_firms" / "c.0.0"
    chunk.write_bytes(b"\0" * chunk.stat().st_size)
    for look in (experiment_status, lambda path: run_experiment(planned, path, resume=True)):
        with pytest.raises(DataError, match="final_firms: unit 0 is damaged"):
            look(path)
    say_status(path, verify=True)
    out, err = capsys.readouterr()
    assert "1 unit is damaged; what is damaged was removed, --resume computes it again" in err
    assert "not finished" in out
    assert run_experiment(planned, path, resume=True).complete
    assert contents(path) == before


# what killed processes leave


@pytest.fixture
def name_of(monkeypatch):
    """Return unfinished names as another process would give them."""

    def name(path, process, suffix=".partial"):
        with monkeypatch.context() as patched:
            patched.setattr(os, "getpid", lambda: process)
            return unfinished(path, suffix)

    return name


@pytest.fixture
def processes():
    """A process at work, one that has ended, and one that was killed and is not waited for."""
    command = [sys.executable, "-c", "input()"]
    alive, ended, killed = (subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3))
    ended.communicate(b"\n")
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    yield alive.pid, ended.pid, killed.pid
    for process in (alive, killed):
        process.communicate(b"\n")


def old(path):
    os.utime(path, (1e9, 1e9))
    return path


def test_only_leftovers_of_dead_processes_are_removed(planned, store, name_of, processes):
    alive, ended, killed = processes
    chunk = store / "wage" / "c.0.0.0.0"
    kept = [name_of(chunk, alive), name_of(chunk, os.getpid()), chunk.with_name(f".c.0.{'a' * 32}.partial")]
    elsewhere = [name_of(chunk, 1).with_name(f".c.0.00000000-1-{'b' * 12}.partial")]
    gone = [name_of(chunk, ended), name_of(chunk, killed), name_of(store / "zarr.json", ended)]
    gone.append(chunk.with_name(f".c.1.{'a' * 32}.partial"))
    gone.append(chunk.with_name(f".c.1.00000000-1-{'b' * 12}.partial"))
    for path in (*kept, *elsewhere, *gone):
        path.write_bytes(b"part")
    for path in gone[-2:]:
        old(path)
    run_experiment(planned, store, resume=True)
    assert all(path.exists() for path in (*kept, *elsewhere)) and not any(path.exists() for path in gone)


def test_two_resumes_at_a_time(planned, undisturbed, store, monkeypatch):
    """One finishes while the other is in the middle of writing a unit."""
    next(ExperimentStore.open(store).files.chunks(2)).unlink()
    real, nested = file_chunks.write_synced, []

    def write(path, content):
        real(path, content)
        if not nested:
            nested.append(path)
            assert run_experiment(planned, store, resume=True).complete
            assert path.exists()

    monkeypatch.setattr(file_chunks, "write_synced", write)
    assert run_experiment(planned, store, workers=1, resume=True).complete
    assert nested and contents(store) == contents(undisturbed)


def test_leftovers_beside_a_store_are_removed(planned, store, name_of, processes, tmp_path):
    alive, ended, _ = processes
    gone = [name_of(store, ended), name_of(store, ended, REPLACED_SUFFIX)]
    kept = [name_of(store, alive), tmp_path / ".a.zarr.mine.partial", name_of(tmp_path / "b.zarr", ended)]
    for path in (*gone, *kept):
        path.mkdir()
        (path / "zarr.json").write_text("{}")
    old(kept[1])
    run_experiment(planned, store, resume=True)
    assert not any(path.exists() for path in gone) and all(path.exists() for path in kept)


def test_a_store_that_cannot_be_replaced_comes_back(planned, store, monkeypatch):
    before, real = contents(store), os.rename

    def rename(source, target):
        if Path(target) == store and ".replaced" not in str(source):
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(ConfigError, match="Permission denied"):
        run_experiment(planned, store, overwrite=True)
    assert contents(store) == before and os.listdir(store.parent) == ["a.zarr"]
