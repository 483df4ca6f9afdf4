"""Figures: the files made, what their words say, and what happens when something is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("matplotlib")

import matplotlib
from matplotlib.collections import PolyCollection
from matplotlib.image import imread

from made_up_run import fake_run, only, texts
from technopole.errors import OutputError, TechnopoleError
from technopole.figures.draw import FIGURES, draw, footnote
from technopole.figures.firms import _entry_exit_texts, _knowledge_texts, draw_entry_exit, draw_knowledge
from technopole.figures.map import draw_map
from technopole.figures.sizes import draw_firm_sizes
from technopole.figures.structure import _similarity_title, draw_sectors, draw_similarity
from technopole.results.arrays import period_years
from technopole.results.numbers import structural_similarity

ALL = list(FIGURES)


def test_all_figures_are_made_and_not_blank(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    drawn = draw(fake_run(), tmp_path / "new" / "folder")
    assert [path.name for path in drawn] == [f"{name}.png" for name in ALL] and not drawn.skipped
    assert dict(matplotlib.rcParams) == before
    for path in drawn:
        pixels = imread(path)[..., :3]
        assert pixels.shape[1] == 1200
        ink = (pixels < 0.9).any(axis=2)
        assert 0.01 < ink.mean() < 0.9, path.name
        assert ink[: ink.shape[0] // 8].any() and ink[-60:].any(), "title and note"
        assert not ink[:, [0, 1, -2, -1]].any(), "nothing is cut off at the sides"


@pytest.mark.parametrize(
    ("change", "skipped"),
    [
        (lambda ds: ds.isel(replicate=0), set()),
        (lambda ds: ds.isel(replicate=[0], time=[-1]), set()),
        (lambda ds: ds.isel(region=[0]), {"map", "similarity"}),
        (lambda ds: ds.isel(sector=[0]), {"sectors", "similarity"}),
        (lambda ds: ds.drop_vars(["latitude", "longitude", "high_tech"]), {"map"}),
        (lambda ds: ds.drop_vars(["exits", "quality", "technology"]), {"entry_exit"}),
        (lambda ds: ds[["size_distribution"]], set(ALL) - {"firm_sizes"}),
        (lambda ds: only(ds, ds.region != "r3"), set()),
        (lambda ds: only(ds, ds.region == "nowhere"), set(ALL) - {"firm_sizes"}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_drawn_is_skipped_with_a_reason(change, skipped: set[str], tmp_path: Path) -> None:
    drawn = draw(change(fake_run(periods=4)), tmp_path)
    assert set(drawn.skipped) == skipped
    assert (
        {path.stem for path in drawn.paths}
        == set(ALL) - skipped
        == {path.stem for path in tmp_path.iterdir()}
    )
    assert all(drawn.skipped.values()) and len(drawn) == len(drawn.paths)


def test_titles_state_the_numbers() -> None:
    ds = fake_run()
    employment = ds.employment.values
    cosine = structural_similarity(employment).mean(axis=0)
    assert f"similarity from {cosine[0]:.3f} to {cosine[-1]:.3f}" in texts(draw_similarity(ds, "a note"))
    high = employment[..., :4].sum(axis=(2, 3)) / employment.sum(axis=(2, 3))
    start, end = 100.0 * high.mean(axis=0)[[0, -1]]
    assert f"rise from {start:.1f} % to {end:.1f} % of employment in 22 years" in texts(draw_sectors(ds, ""))
    assert "Knowledge grows most in quality: +0.2" in texts(draw_knowledge(ds, ""))
    assert "falls with slope −1." in texts(draw_firm_sizes(ds, ""))
    assert "Productivity grows by" in texts(draw_map(ds, "")) and "a note" in texts(draw_map(ds, "a note"))


def test_few_replicates_have_no_bands() -> None:
    for replicates, bands in ((3, 0), (4, 2)):
        figure = draw_entry_exit(fake_run(replicates=replicates), "")
        assert len([c for c in figure.axes[0].collections if isinstance(c, PolyCollection)]) == bands
        assert ("bands: 95" in texts(figure)) == (bands > 0)


def test_few_years_are_marked_by_whole_numbers() -> None:
    figure = draw_entry_exit(fake_run(periods=3).assign_attrs(config=""), "")
    figure.canvas.draw()
    assert all(float(t.get_text()).is_integer() for t in figure.axes[0].get_xticklabels() if t.get_text())


@pytest.mark.parametrize(
    ("related", "words"),
    [
        (0.95, "go closely together"),
        (0.66, "two go together (r"),
        (0.36, "loosely"),
        (0.1, "hardly"),
        (-0.5, "against"),
    ],
)
def test_correlation_in_words(related: float, words: str) -> None:
    assert words in _entry_exit_texts([10.0, 9.0], np.array([1.0, 2.0]), related, 3)[0]


def test_cut_axes_say_so() -> None:
    assert all("not start at 0" in axes.get_xlabel() for axes in draw_similarity(fake_run(), "").axes)


def test_names_of_sectors_are_not_cut_where_there_is_room() -> None:
    ds = fake_run(regions=3)
    name = "Professional, scientific and technical services"
    ds = ds.assign_coords(sector_name=("sector", [name, *ds.sector_name.values[1:]]))
    figure = draw_sectors(ds, "")
    label = next(text for text in figure.axes[0].texts if name in text.get_text())
    assert label.get_window_extent().x1 <= 1190


@pytest.mark.parametrize(
    ("change", "spread", "replicates", "words"),
    [
        (0.1, 0.0, 4, "grow more alike"),
        (-0.1, 0.05, 2, "grow apart"),
        (-0.1, 0.5, 4, "show no clear change"),
        (0.001, 0.01, 4, "hardly change"),
    ],
)
def test_verdict_on_similarity(change: float, spread: float, replicates: int, words: str) -> None:
    cosine = np.full((replicates, 2), 0.5)
    cosine[:, 1] += change + spread * np.linspace(-1.0, 1.0, replicates)
    assert words in _similarity_title(cosine, cosine, np.array([1.0, 2.0]), False)


def test_footnote_and_years() -> None:
    ds = fake_run()
    assert footnote(ds) == "Invented  ·  3 replicates  ·  seed 7  ·  technopole 0.0"
    assert period_years(ds) == 2.0
    assert period_years(xr.Dataset()) == period_years(ds.assign_attrs(config="not = [toml")) == 1.0


def test_missing_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TechnopoleError, match=r"pip install matplotlib .*technopole\[plot\]"):
        draw(fake_run(periods=2), tmp_path)


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        draw(fake_run(periods=2), tmp_path / "taken")


def test_import_leaves_matplotlib_alone_and_drawing_leaves_pyplot_alone(tmp_path: Path) -> None:
    code = (
        "import sys, technopole.figures.draw as f; assert 'matplotlib' not in sys.modules; import xarray as xr;"
        f"f.draw(xr.Dataset(), {str(tmp_path)!r}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_lead_that_stays_is_said_once():
    knowledge = {"technology": np.array([[0.0, 0.1], [0.0, 0.1]])}
    for last, words in ((0.201, "stays at 0.20"), (0.25, "widens from 0.20 to 0.25")):
        lead = np.array([[0.2, last], [0.2, last]])
        assert _knowledge_texts(knowledge, lead, np.array([1.0, 9.0]))[0].endswith(words)
