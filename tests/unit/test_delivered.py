"""What commands do with results: files first, then words and figures."""

import numpy as np
import pytest
import xarray as xr

from technopole.cli.commands_output import Outputs, deliver
from technopole.cli.computing import ComputeOptions
from technopole.errors import Abandoned
from technopole.figures.draw import Drawn

RESULTS = xr.Dataset({"firms": ("replicate", np.arange(3.0))})


@pytest.fixture
def outputs(tmp_path):
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in ("map.png", "old.png", "mine.png"):
        (folder / name).write_bytes(b"")
    return Outputs(tmp_path / "a.zarr", folder, ("map.png", "old.png"))


def delivered(outputs, drawn, show=lambda results: None, **options):
    said = []
    deliver(
        RESULTS, outputs, ComputeOptions(**options), said.append, show, lambda results, folder: drawn(folder)
    )
    return said


def test_figures_that_were_not_drawn_again_go(outputs):
    said = delivered(outputs, lambda folder: Drawn([folder / "map.png"], {"old": "one sector only"}))
    assert said == [
        f"results: {outputs.results}",
        f"figures: {outputs.figures}: map.png",
        "no figure old: one sector only",
    ]
    assert sorted(path.name for path in outputs.figures.iterdir()) == ["map.png", "mine.png"]
    assert xr.open_zarr(outputs.results)["firms"].values.tolist() == [0.0, 1.0, 2.0]


def test_nothing_is_said_of_figures_where_there_are_none(outputs):
    assert delivered(outputs, lambda folder: Drawn()) == [f"results: {outputs.results}"]


def test_quiet_shows_nothing(outputs):
    delivered(outputs, lambda folder: Drawn(), pytest.fail, quiet=True)


def test_an_interrupt_leaves_the_results(outputs):
    def interrupted(results):
        raise KeyboardInterrupt

    with pytest.raises(Abandoned, match="results are in .*a.zarr, figures are missing"):
        delivered(outputs, pytest.fail, interrupted)
    assert outputs.results.is_dir()
