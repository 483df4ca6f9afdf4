"""What is no path, or neither yes nor no, is refused in words wherever one is asked for."""

import pytest

import technopole as tp
from technopole.errors import ConfigError


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model: tp.open(None), "store: found None; allowed: the path of a store"),
        (lambda model: tp.open(["a.zarr"]), "store: found a value of type list"),
        (lambda model: tp.open_firms(3), "store: found 3; allowed"),
        (lambda model: tp.compare(b"a.zarr"), "store: found b'a.zarr'; allowed"),
        (lambda model: tp.sensitivity(model), "store: found a value of type Model"),
        (lambda model: tp.report(None, "a.html"), "source: found None; allowed: the path of results"),
        (lambda model: tp.report("a.zarr", None), "out: found None; allowed: the path of a page"),
        (lambda model: tp.run(model.config, data=3), "argument data: found 3; allowed: the path of a folder"),
        (lambda model: model.save(None), "path: found None; allowed: the path of the file to write"),
        (lambda model: tp.Model.load(3), "path: found 3; allowed: the path of a file written by Model.save"),
    ],
)
def test_what_is_no_path(two_regions, monkeypatch, tmp_path, call, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=words):
        call(tp.Model(two_regions))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "call",
    [
        lambda model, path: tp.write(tp.run(model.config, periods=1), path / "a.nc", overwrite="no"),
        lambda model, path: tp.experiment("sweep.toml", path / "a.zarr", overwrite="no"),
        lambda model, path: tp.experiment("sweep.toml", path / "a.zarr", overwrite=True, resume=0),
        lambda model, path: model.save(path / "a.npz", overwrite=1),
        lambda model, path: tp.report(tp.run(model.config, periods=1), path / "a.html", overwrite="False"),
    ],
)
def test_what_only_counts_as_true_or_false(two_regions, tmp_path, call):
    with pytest.raises(ConfigError, match=r"(overwrite|resume): found .*; allowed: True or False"):
        call(tp.Model(two_regions), tmp_path)
    assert not list(tmp_path.iterdir())
