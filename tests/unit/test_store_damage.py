"""Stores with damaged files, read by commands that look at results: the message says which file, and what to do."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import sweeping
import technopole as tp
from technopole.errors import DataError
from technopole.experiments.comparison import compare
from technopole.experiments.run import run_experiment
from technopole.experiments.store import ExperimentStore
from technopole.files.write import write
from technopole.reports.make import make_page

OUTPUT = {"variables": ["wage"], "level": "region", "statistics": ["mean"]}


@pytest.fixture(scope="module")
def planned():
    return sweeping.plan(output=OUTPUT)


@pytest.fixture(scope="module")
def undisturbed(planned, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "a.zarr"
    assert run_experiment(planned, path, workers=1).complete
    return path


@pytest.fixture
def store(undisturbed, tmp_path):
    return Path(shutil.copytree(undisturbed, tmp_path / "a.zarr"))


def cut(file):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("damage", [cut, lambda file: file.write_bytes(b"")], ids=["cut", "empty"])
@pytest.mark.parametrize("read", [compare, make_page], ids=["compare", "report"])
def test_a_damaged_outcome_is_named(store, read, damage):
    damage(store / "final_productivity" / "c.0.0")
    with pytest.raises(DataError) as failure:
        read(store)
    text = str(failure.value)
    assert "a.zarr: variable final_productivity: chunk c.0.0 is damaged" in text
    assert "--verify" in text and "--resume" in text


@pytest.mark.parametrize("name", ["wage_mean", "region_name"])
def test_a_report_names_what_it_reads_late(store, name):
    chunk = next(file for file in (store / name).iterdir() if file.name != "zarr.json")
    cut(chunk)
    with pytest.raises(DataError, match=rf"variable {name}: chunk {chunk.name} is damaged"):
        make_page(store)


@pytest.mark.parametrize("file", ["zarr.json", "final_productivity/zarr.json", "point/zarr.json"])
@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_text("[1, 2]"),
        lambda file: file.unlink(),
    ],
    ids=["cut", "empty", "no object", "missing"],
)
def test_a_damaged_description_is_named(store, file, damage):
    damage(store / file)
    for read in (compare, make_page):
        with pytest.raises(DataError) as failure:
            read(store)
        assert file in str(failure.value)
        assert "is damaged" in str(failure.value)
        assert "copy it from there" in str(failure.value)


@pytest.mark.parametrize(
    "file", ["zarr.json", "final_productivity/zarr.json", "learning.technology/c.0", "region_name/c.0"]
)
def test_what_was_written_first_can_be_copied_from_another_store(store, planned, tmp_path, file):
    before = compare(store)
    cut(store / file)
    with pytest.raises(DataError, match="copy it from there"):
        make_page(store)
    other = ExperimentStore.create(tmp_path / "other.zarr", planned).path
    shutil.copy(other / file, store / file)
    assert run_experiment(planned, store, workers=1, resume=True).complete
    assert compare(store).identical(before)
    make_page(store)


def test_parameters_that_cannot_be_read_are_named_by_status(store):
    cut(store / "learning.technology" / "c.0")
    with pytest.raises(DataError, match=r"variable learning.technology: chunk c.0 is damaged"):
        ExperimentStore.open(store)


def test_a_damaged_run_is_computed_again(two_regions, tmp_path):
    results = tp.run(two_regions, replicates=1, periods=2)
    path = write(results, tmp_path / "run.zarr")
    cut(
        next(
            file
            for file in (path / "productivity").rglob("*")
            if file.name not in ("zarr.json", "c") and file.is_file()
        )
    )
    with pytest.raises(
        DataError, match=r"variable productivity: chunk .* is damaged .*; restore a copy, or delete"
    ):
        make_page(path)


def test_other_errors_stay_as_they_are(store, monkeypatch):
    monkeypatch.setattr(np, "asarray", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare(store)
