"""Models in files, in pickles, and branches: they go on to the same bits."""

import copy
import os
import pickle
import zipfile

import numpy as np
import pytest
from numba import njit

import technopole as tp
from technopole.schema import RECORDS, STATE


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8})


@pytest.fixture
def model(config):
    model = tp.Model(config, replicate=3, seed=11)
    model.set_policy("rd_subsidy", np.full((6, 2, 3), 0.25))
    model.set_policy("services", [0.0, 0.2])
    model.shock("wage", factor=1.1, region="valley", periods=[2, 5])
    model.step(3)
    model.set("wage", 1.5, region="harbour")
    return model


def same(first, second):
    pairs = [(np.array(first[name]), np.array(second[name])) for name in STATE]
    pairs += [(first.record(name), second.record(name)) for name in RECORDS]
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)


def through_file(model, folder):
    return tp.Model.load(model.save(folder / "new" / "model.tp"))


COPIES = {
    "file": through_file,
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "copy": lambda model, folder: copy.copy(model),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "fork": lambda model, folder: model.fork(),
    "forks": lambda model, folder: model.fork(2)[1],
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_go_on_to_the_same_bits(model, tmp_path, kind):
    other = COPIES[kind](model, tmp_path)
    assert same(model, other) and (other.time, other.seed, other.replicate) == (3, 11, 3)
    model.step(6)
    assert other.time == 3 and not same(model, other)
    other.step(6)
    assert same(model, other)
    assert not np.shares_memory(model["wage"], other["wage"])


def test_a_fork_before_the_first_period(config):
    model = tp.Model(config)
    fork = model.fork()
    with pytest.raises(KeyError, match="none has been done"):
        fork.record("sales")
    fork.step(2)
    model.step(2)
    assert same(model, fork)


def test_forks_with_random_numbers_of_their_own(config):
    model = tp.Model(config)
    forks = model.fork(3, replicates=[0, 1, 2])
    forks.step(2)
    model.step(2)
    assert same(forks[0], model) and not same(forks[1], forks[2])
    # as another replicate from now on: the same as one that was put into this state
    other = tp.Model(config, replicate=1)
    snapshot = tp.Model(config).snapshot()
    other.restore(type(snapshot)(snapshot.digest, snapshot.seed, 1, snapshot.state, snapshot.records))
    other.step(2)
    assert same(forks[1], other)


@pytest.mark.parametrize("arguments", [(0,), (True,), (2, [1]), (1, [-1])])
def test_forks_that_cannot_be_are_refused(model, arguments):
    with pytest.raises(tp.ConfigError, match="found"):
        model.fork(*arguments)


@njit
def add_up(state, data):
    data[0] += state.wage[0]


def test_hooks_go_with_forks_and_data_are_apart(config):
    model = tp.Model(config)
    calls = []
    model.hook(lambda m: calls.append(m))
    compiled = model.hook(add_up, data=[0.0])
    model.step()
    after_one = compiled.data[0]
    fork = model.fork()
    fork.step(2)
    assert calls == [model, fork, fork] and compiled.data[0] == after_one > 0.0
    with pytest.raises(tp.StateError, match="hooks cannot be pickled"):
        pickle.dumps(model)


def test_files_are_not_written_over_by_accident(model, tmp_path):
    path = model.save(tmp_path / "model.tp")
    before = path.read_bytes()
    with pytest.raises(tp.OutputError, match="overwrite=True"):
        model.save(path)
    model.step()
    assert path.read_bytes() == before
    model.save(path, overwrite=True)
    assert tp.Model.load(path).time == 4
    other = tmp_path / "letter.txt"
    other.write_text("dear")
    with pytest.raises(tp.OutputError, match="is not a file written by Model.save"):
        model.save(other, overwrite=True)
    assert other.read_text() == "dear" and sorted(os.listdir(tmp_path)) == ["letter.txt", "model.tp"]


def test_a_file_that_cannot_be_finished_is_not_there(model, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(tp.OutputError, match="No space left"):
        model.save(tmp_path / "model.tp")
    assert os.listdir(tmp_path) == []


def test_truncated_files_are_refused(model, tmp_path):
    content = model.save(tmp_path / "model.tp").read_bytes()
    part = tmp_path / "part.tp"
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        part.write_bytes(content[:length])
        with pytest.raises(tp.StateError, match="is not a file written by Model.save, or is damaged"):
            tp.Model.load(part)


def test_damaged_files_are_refused(model, tmp_path):
    content = bytearray(model.save(tmp_path / "model.tp").read_bytes())
    place = content.find(np.array(model["wage"]).tobytes())
    assert place > 0
    content[place + 3] ^= 1
    (tmp_path / "other.tp").write_bytes(content)
    with pytest.raises(tp.StateError, match="damaged"):
        tp.Model.load(tmp_path / "other.tp")


def test_foreign_files_are_refused(model, tmp_path):
    path = tmp_path / "foreign"
    with pytest.raises(tp.StateError, match="no such file"):
        tp.Model.load(path)
    np.savez(path.with_suffix(".npz"), a=np.arange(3))
    with pytest.raises(tp.StateError, match="is not a file written by Model.save"):
        tp.Model.load(path.with_suffix(".npz"))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header.npy", b"no array")
    with pytest.raises(tp.StateError, match="is not a file written by Model.save"):
        tp.Model.load(path)


def rewrite(path, change):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def other_header(**changes):
    import json

    def change(arrays):
        header = json.loads(arrays["header"].tobytes()) | changes
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_header(format=2), "has the format 2"),
        (other_header(kind="song"), "is not a file written"),
        (other_header(digest="0" * 64), "another configuration"),
        (other_header(shocks=[{"name": 1}]), "is not a file written"),
        (lambda arrays: arrays.pop("state.wage"), "does not hold the variables of this version"),
        (lambda arrays: arrays.pop("policy.services"), "does not hold the variables"),
        (lambda arrays: arrays.update({"state.wage": np.ones(2, dtype="f4")}), "does not hold the variables"),
        (other_header(seed=-1), r"model\.tp: the snapshot is damaged: seed: found -1"),
        (other_header(replicate=1.5), "replicate: found 1.5"),
        (other_header(config=3), "is not a file written"),
        (
            lambda arrays: arrays.update({"policy.services": np.ones((2, 7))}),
            "policy services: found .* allowed: finite",
        ),
        (
            lambda arrays: arrays.update({"policy.services": np.full((1, 2), np.inf)}),
            "policy services: found",
        ),
        (lambda arrays: arrays.update({"state.period": np.array(-3)}), "period: found -3"),
        (lambda arrays: arrays.update({"state.wage": np.ones(3)}), "found the shape"),
        (lambda arrays: arrays.update({"state.share": np.ones(3)}), "found the shape"),
    ],
)
def test_files_of_other_contents_are_refused(model, tmp_path, change, message):
    path = model.save(tmp_path / "model.tp")
    rewrite(path, change)
    with pytest.raises(tp.TechnopoleError, match=message):
        tp.Model.load(path)


def test_a_fork_says_how_many_copies_so_many_replicates_are(model):
    with pytest.raises(
        tp.ConfigError, match="fork: found no n and 2 replicates; allowed: as many as copies, such as n=2"
    ):
        model.fork(replicates=[3, 4])
