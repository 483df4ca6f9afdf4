"""Sweeps from Python: arrays, pandas, paths and whole floats for what a file says in TOML."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import technopole as tp
from sweeping import TWO_REGIONS, content, sweep
from technopole.errors import ConfigError

KEY = "learning.technology"


def design(values, kind="grid", **more):
    return {"kind": kind, "parameters": {KEY: values}, **more}


def problems(**sections):
    with pytest.raises(ConfigError) as failure:
        sweep(**sections)
    return failure.value.problems


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.0, 0.1, 0.2]),
        np.array([0.0, 0.1, 0.2], dtype=object),
        pd.Series([0.0, 0.1, 0.2], index=["a", "b", "c"]),
        pd.Index([0.0, 0.1, 0.2]),
        (np.float64(0.0), np.float64(0.1), 0.2),
        {"values": np.array([0.0, 0.1, 0.2])},
    ],
)
def test_rows_of_values_are_lists(values):
    expected = sweep()
    assert sweep(design=design(values)).digest() == expected.digest()
    (spread,) = sweep(design=design(values)).design.spreads
    assert all(type(value) is float for value in spread.values)


def test_rows_of_words_truths_and_whole_numbers():
    parameters = {
        "learning.rule": pd.Series(["barter", "broadcast"], dtype="category"),
        "reputation.standard": np.array([True, False]),
        "data.seed": range(2),
    }
    read = sweep(design={"kind": "zip", "parameters": parameters, "names": pd.Index(["a", "b"])})
    assert read.design.names == ("a", "b")
    for spread in read.design.spreads:
        assert list(spread.values) == list(parameters[spread.key])
        assert all(type(value) in (str, bool, int) for value in spread.values)


def test_points_with_scalars_of_numpy():
    points = [{KEY: np.float32(0.5)}, {KEY: np.int64(0), "reputation.standard": np.True_}]
    read = sweep(design={"kind": "list", "points": points})
    values = {spread.key: spread.values for spread in read.design.spreads}
    assert values[KEY] == (0.5, 0.0) and values["reputation.standard"][1] is True


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((2, 2)), "found an array of shape (2, 2); allowed: a list of values"),
        (np.float64(0.1), "found 0.1; allowed: a list of values"),
        (np.array(["a"]), "values[0]: found text 'a'"),
        (np.array([0.1, np.nan]), "values[1]: found nan"),
        (np.array([True]), "values[0]: found true"),
        (np.ma.masked_array([0.1, 0.2], [False, True]), "values[1]: found nothing"),
        (np.array([], dtype=float), "found a list of 0"),
        (pd.DataFrame({"a": [0.1]}), "found a value of type DataFrame"),
    ],
)
def test_other_arrays_are_refused_in_words(values, words):
    (line,) = problems(design=design(values))
    assert words in line


def test_a_scenario_can_be_a_path(tmp_path):
    read = sweep(experiment={"scenario": Path(TWO_REGIONS)})
    assert read.digest() == sweep().digest()
    folder, name = Path(TWO_REGIONS).parent, Path(TWO_REGIONS).name
    relative = content(experiment={"scenario": Path(name)})
    assert tp.Sweep.from_dict(relative, folder).digest() == read.digest()
    file = tmp_path / "points.csv"
    file.write_text(f"{KEY}\n0.0\n0.1\n0.2\n")
    assert sweep(design={"kind": "file", "file": file}).design.number == 3
    (line,) = problems(experiment={"scenario": Path("nowhere.toml")})
    assert "nowhere.toml: no such file" in line


WHOLE = {
    "experiment": {"replicates": 3.0, "periods": np.int64(12), "seed": 5.0, "burn_in": np.float64(2.0)},
    "output": {"stride": 2.0, "variables": np.array(["wage"])},
    "outcomes": {"pay": {"variable": "wage", "over": "mean", "periods": 4.0}},
    "design": {
        "kind": "sobol",
        "points": 8.0,
        "seed": np.uint8(3),
        "parameters": {KEY: {"low": 0, "high": np.float32(0.5)}},
    },
    "limits": {"files": np.int64(7)},
}


def test_whole_floats_and_numbers_of_numpy_are_whole_numbers():
    read = sweep(**WHOLE)
    assert (read.replicates, read.periods, read.config.run.seed, read.burn_in) == (3, 12, 5, 2)
    assert (read.output.stride, read.outcomes[0].periods, read.design.number, read.design.seed) == (
        2,
        4,
        8,
        3,
    )
    numbers = [
        read.replicates,
        read.burn_in,
        read.design.number,
        read.output.stride,
        read.outcomes[0].periods,
    ]
    assert all(type(number) is int for number in numbers)
    assert tp.Sweep.from_dict(read.to_dict()).digest() == read.digest()
    stop = {"outcome": "pay", "half_width": 1, "minimum": 2.0, "maximum": 4.0, "round": 1.0}
    stopping = sweep(stop=stop, outcomes=WHOLE["outcomes"], experiment={"replicates": None})
    assert (stopping.stop.minimum, stopping.stop.maximum, stopping.stop.round) == (2, 4, 1)


@pytest.mark.parametrize("key", ["time.periods", "time"])
def test_whole_floats_of_what_all_points_share(key):
    given = content(set={key: 7.0} if "." in key else {key: {"periods": 7.0}})
    del given["experiment"]["periods"]
    assert tp.Sweep.from_dict(given).periods == 7


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3.5, "found 3.5"),
        (float("nan"), "found nan"),
        (True, "found true"),
        (np.True_, "found true"),
        (1e20, "1e+20"),
    ],
)
@pytest.mark.parametrize("key", ["experiment.replicates", "output.stride", "design.seed"])
def test_what_is_no_whole_number_is_refused(key, value, words):
    with pytest.raises(ConfigError) as failure:
        tp.Sweep.from_dict(content(), overrides={key: value})
    (line,) = failure.value.problems
    assert key in line and words in line and "allowed: " in line


def test_overrides_from_python(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[experiment]\nscenario = "nowhere.toml"\n')
    changes = {
        "experiment.scenario": Path(TWO_REGIONS),
        "experiment.replicates": 3.0,
        "time.periods": np.float64(9.0),
        "design": design(np.array([0.0, 0.1])),
    }
    read = tp.Sweep.from_toml(path, changes)
    assert (read.replicates, read.periods, read.design.number) == (3, 9, 2)


def test_files_and_the_command_line_keep_the_types_of_toml(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(f'[experiment]\nscenario = "{TWO_REGIONS}"\nreplicates = 3.0\n')
    with pytest.raises(ConfigError, match=r"experiment.replicates: found 3.0; allowed: a whole number"):
        tp.Sweep.from_toml(path)
    path.write_text(f'[experiment]\nscenario = "{TWO_REGIONS}"\n')
    with pytest.raises(ConfigError, match=r"--set \(override\): experiment.replicates: found 3.0"):
        tp.Sweep.from_toml(
            path, {"experiment.replicates": 3.0}, origins={"experiment.replicates": "--set (override)"}
        )


def test_arguments_of_a_run():
    ds = tp.run(TWO_REGIONS, replicates=2.0, periods=np.int64(3), seed=np.float32(4.0), threads=1.0)
    same = tp.run(TWO_REGIONS, replicates=2, periods=3, seed=4)
    assert ds.sizes["replicate"] == 2 and ds.equals(same)
    for value, words in ((2.5, "found 2.5"), (True, "found true"), (float("nan"), "found nan")):
        with pytest.raises(
            ConfigError, match=rf"argument replicates: run.replicates: {words}; allowed: a whole"
        ):
            tp.run(TWO_REGIONS, replicates=value)


def test_workers_of_an_experiment(tmp_path, monkeypatch):
    from technopole.experiments import run

    given = []
    monkeypatch.setattr(
        run, "run_experiment", lambda plan, to, executor, workers, *rest: given.append(workers)
    )
    tp.experiment(sweep(), tmp_path / "a.zarr", workers=np.float64(2.0))
    assert given == [2] and type(given[0]) is int
