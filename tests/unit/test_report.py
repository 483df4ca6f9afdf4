"""Reports: the numbers on the page are those of the data, the page needs nothing else, bad input is refused."""

import json
import os

import numpy as np
import pytest
import xarray as xr

import technopole as tp
from reporting import (
    Reader,
    claims_dataset,
    numbers,
    page,
    run_dataset,
    sensitivity_dataset,
    validation_dataset,
    without_library,
)
from technopole.basics.text_table import mean_and_interval
from technopole.reports.make import make_page
from technopole.reports.validation import validation_section
from technopole.results.numbers import mean_interval
from technopole.results.summary import summarise
from technopole.schema import SIZE_EDGES

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")

LIBRARY = 1_000_000
"""Bytes of the library that draws, at least."""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A whole page with everything on it."""
    return tp.report(
        run_dataset(),
        tmp_path_factory.mktemp("page") / "full.html",
        claims=claims_dataset(over=True),
        validation=validation_dataset(),
        sensitivity=sensitivity_dataset(),
    )


@pytest.fixture(scope="module")
def html(full):
    return full.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(html):
    return Reader(without_library(html))


# ------------------------------------------------------------------------------------------------------- numbers


def test_key_results_are_those_that_the_command_prints(reader):
    ds = run_dataset()
    table = reader.tables["Key results"]
    assert table[0][:3] == ["result", "mean", "95 % interval"]
    results = summarise(ds)
    assert len(table) - 1 == len(results) >= 8
    for row, result in zip(table[1:], results, strict=True):
        mean, interval = mean_and_interval(result.mean, result.half)
        assert row[0] == result.name
        assert row[1].replace("−", "-") == mean and row[2].replace("−", "-") == interval


def test_trajectories_are_means_over_replicates_with_their_intervals(reader):
    ds = run_dataset()
    (table,) = (rows for caption, rows in reader.tables.items() if caption.startswith("Firms "))
    total = ds["firms"].sum(("region", "sector")).transpose("replicate", "time").values.astype(float)
    mean, half = mean_interval(total)
    assert len(table) - 1 == ds.sizes["time"]
    for row, year, m, h in zip(table[1:], ds["time"].values, mean, half, strict=True):
        assert numbers(row[0]) == [year]
        assert numbers(row[1])[0] == pytest.approx(m, rel=5e-4)
        assert numbers(row[2])[0] == pytest.approx(m - h, rel=1e-3, abs=0.01)
        assert numbers(row[3])[0] == pytest.approx(m + h, rel=1e-3, abs=0.01)


def test_regions_in_the_table_are_those_of_the_data(reader):
    ds = run_dataset()
    table = reader.tables["The regions: means over the runs"]
    assert [row[0] for row in table[1:]] == ds["region_name"].values.tolist()
    column = table[0].index("Employment, workers")
    last = ds["employment"].isel(time=-1).sum("sector").mean("replicate").values
    assert [numbers(row[column])[0] for row in table[1:]] == pytest.approx(last, abs=0.51)
    wages = table[0].index("Wage, mean = 100")
    wage, workers = (ds[name].isel(time=-1) for name in ("wage", "workforce"))
    relative = 100.0 * (wage / (wage * workers).sum("region") * workers.sum("region")).mean("replicate")
    assert [numbers(row[wages])[0] for row in table[1:]] == pytest.approx(relative.values, abs=0.51)


def test_firm_sizes_in_the_table_are_those_of_the_data(reader):
    counts = run_dataset()["size_distribution"].isel(time=-1).values
    reaching = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    share = 100.0 * (reaching / reaching[:, :1]).mean(axis=0)
    rows = reader.tables["Firm sizes in the last year"][1:]
    known = dict(zip(SIZE_EDGES, share, strict=True))
    sizes = [numbers(row[0])[0] for row in rows]
    assert sizes == [edge for edge in SIZE_EDGES if edge >= 1.0 and known[edge] > 0.0]  # 1.5 is not 2
    assert [numbers(row[1])[0] for row in rows] == pytest.approx([known[size] for size in sizes], rel=1e-3)


def test_sectors_in_the_table_are_those_of_the_data(reader):
    ds = run_dataset()
    table = next(rows for caption, rows in reader.tables.items() if caption.startswith("The sectors: "))
    workers = ds["employment"].sum("region").isel(time=-1)
    share = (100.0 * workers / workers.sum("sector")).mean("replicate").values
    assert [row[0] for row in table[1:]] == ds["sector_name"].values.tolist()
    assert [numbers(row[2])[0] for row in table[1:]] == pytest.approx(share, abs=0.051)
    assert [row[1] for row in table[1:]] == ["high-tech", "traditional", "traditional"]


def test_claims_show_effects_verdicts_and_what_cannot_be_told(reader):
    claims = claims_dataset()
    assert ("h2", "1 of 3 claims hold in this model") in reader.headings
    table = reader.tables["The claims"]
    assert table[0] == "claim|what is claimed|verdict|expected|effect|95 % interval|unit|outcome".split("|")
    assert table[1][-1] == "mean knowledge" and [row[3] for row in table[1:]] == ["+", "+", "+"]
    assert [row[0] for row in table[1:]] == ["C1", "C5", "C9"]
    assert [row[2] for row in table[1:]] == ["✓ supported", "✗ contradicted", "– no effect at this precision"]
    for at, row in enumerate(table[1:]):
        assert numbers(row[4])[0] == pytest.approx(float(claims["estimate"][at]), abs=0.006)
        low, high = numbers(row[5])
        assert (low, high) == pytest.approx((float(claims["low"][at]), float(claims["high"][at])), abs=0.006)
    everything = reader.tables["All outcomes of the claims, with mechanisms and numbers"]
    assert (
        everything[0][2:5] == ["mechanism switched off", "outcome", "expected"]
        and everything[0][-1] == "verdict"
    )
    assert everything[1][-1] == "✓ supported"
    assert len(everything) == 5 and everything[4][0] == "C1.spread" and everything[1][2] == "learning"
    assert ("h3", "Productivity growth: positive synergy") in reader.headings
    assert ("h3", "Cluster index: no synergy can be told") in reader.headings
    assert ("h3", "Innovation contributes most to growth: 0.50 % per year") in reader.headings
    assert any(
        words.startswith("A push to the cluster side moves the RIS side by 0.2")
        for _, words in reader.headings
    )
    assert any(
        words.startswith("Coupling of clusters and institutions: from 0.40 to 0.62")
        for _, words in reader.headings
    )


def test_map_of_claims_tells_where_they_hold(reader):
    table = reader.tables["Verdicts by value of learning.contact"]
    assert table[0] == ["claim", "0", "0.500"]
    assert table[1][1:] == ["supported", "contradicted"]
    assert ("h3", "0 of 3 claims hold at every value of learning.contact") in reader.headings


@pytest.mark.parametrize("part", ["estimate", "feedback_estimate", "impulse", "coupling", "attribution"])
def test_claims_may_hold_some_parts_only(part):
    claims = claims_dataset()
    names = {
        "estimate": ("estimate", "low", "high", "verdict"),
        "feedback_estimate": ("feedback_estimate", "feedback_low", "feedback_high"),
    }
    some = claims[list(names.get(part, (part, f"{part}_low", f"{part}_high")))]
    some = some.drop_vars("primary", errors="ignore") if part == "estimate" else some
    expected = {"estimate": "claims", "attribution": "attribution"}.get(part, "feedback")
    page = make_page(run_dataset()[["firms"]], some.assign_attrs(claims.attrs))
    assert {section.key for section in page.sections} & {"claims", "feedback", "attribution"} == {expected}


def test_validation_counts_what_is_met_and_leaves_out_what_cannot_be_measured(reader):
    assert ("h2", "3 of 4 facts are met") in reader.headings
    missed = reader.tables["Facts that are not met"]
    assert missed[0] == ["fact", "verdict", "model", "95 % interval", "range", "source"]
    assert missed[1][1] == "✗ not met" and missed[1][5] == "BDS"
    assert [row[0] for row in missed[1:]] == ["entry rate [year-1]"]
    assert numbers(missed[1][2]) == [0.2] and numbers(missed[1][4]) == [0.05, 0.12]
    everything = reader.tables["All facts, those that are not met first"]
    verdicts = [row[1] for row in everything[1:]]
    assert verdicts == ["✗ not met", "– not measurable", "✓ met", "✓ met", "✓ met"]
    assert everything[4][4] == "0 or more"
    assert ("h3", "2 of 3 stylised facts are met") in reader.headings
    assert ("h3", "1 of 1 real series are met") in reader.headings


def test_validation_says_which_verdicts_are_open():
    ds = validation_dataset().assign(straddles=("fact", np.array([True, False, False, False, False])))
    section = validation_section(ds)
    assert ("Open", "1") in [card[:2] for card in section.cards]
    verdicts = {row[0].text: row[1] for row in section.tables[-1].rows}
    assert verdicts["tail exponent"][::2] == ("✓ met (at the border)", "open")
    assert verdicts["entry rate [year-1]"][::2] == ("✗ not met", "bad")


def test_sensitivity_shows_the_indices(reader):
    finding = "Productivity growth: learning.technology has a part in 80 % of the variance"
    assert ("h3", finding) in reader.headings
    table = reader.tables["Sensitivity of productivity growth"]
    assert [row[0] for row in table[1:]] == ["learning.technology", "spillover.rate", "exit.closure"]
    assert [numbers(row[1])[0] for row in table[1:]] == [0.8, 0.25, 0.01]
    assert [numbers(row[3])[0] for row in table[1:]] == [0.6, 0.1, 0.0]


# ------------------------------------------------------------------------------------------------------ the page


def test_page_is_valid_html(html):
    html5lib = pytest.importorskip("html5lib")
    html5lib.HTMLParser(strict=True).parse(without_library(html))


def test_page_refers_to_nothing_outside(html, reader):
    for tag, attrs in reader.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            target = attrs.get(name)
            if target is not None:
                assert target.startswith(("#", "data:")), (tag, attrs)
        assert "url(" not in attrs.get("style", "")
    style = html[html.index("<style>") : html.index("</style>")]
    assert "@import" not in style and "url(" not in style
    assert "default-src 'none'" in html


def test_headings_and_links_lead_through_the_page(reader):
    ids = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"][1:] for tag, attrs in reader.elements if tag == "a"]
    assert set(links) <= set(ids) and len(links) > 8
    levels = [int(tag[1]) for tag, _ in reader.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert ("html", {"lang": "en"}) in reader.elements
    assert any(tag == "main" for tag, _ in reader.elements)
    assert reader.elements[[tag for tag, _ in reader.elements].index("body") + 1][1]["href"] == "#content"


def test_every_chart_is_told_in_words(reader):
    charts = [attrs for tag, attrs in reader.elements if "data-chart" in attrs]
    assert len(charts) > 20
    for attrs in charts:
        assert attrs["role"] == "img" and len(attrs["aria-label"]) > 40, attrs
        assert "nan" not in attrs["aria-label"].split()
    assert len(reader.tables) > 20
    for caption, rows in reader.tables.items():
        assert caption and len(rows) > 1
        assert all(len(row) == len(rows[0]) for row in rows)
        assert not any(cell.casefold() in ("nan", "inf", "-inf", "none") for row in rows for cell in row), (
            caption
        )


def test_charts_are_on_the_page(html):
    start = html.index('id="charts">') + len('id="charts">')
    models = json.loads(html[start : html.index("</script>", start)])
    assert {"firms", "sector-mix", "claims-forest", "validation-model", "coupling"} <= set(models)
    for name, item in models.items():
        assert item["doc"]["roots"], name


def test_names_cannot_break_the_page(tmp_path, undrawn):
    nasty = '</script><script>alert(1)</script> & <b>"x"</b> \''
    ds = run_dataset().copy()
    ds = ds.assign_attrs(title=nasty, description=nasty)
    ds["region_name"] = ("region", np.array([nasty, "Valley"], dtype=object))
    html = page(tmp_path, ds)
    assert "<script>alert" not in html and "alert(1)</script>" not in html
    assert Reader(html).headings[0][1] == " ".join(nasty.split())


def test_title_can_be_chosen(tmp_path, undrawn):
    html = page(tmp_path, run_dataset(), title="For the minister")
    assert Reader(html).headings[0] == ("h1", "For the minister")


def test_page_of_many_regions_is_small(tmp_path):
    rng = np.random.default_rng(1)
    regions, sectors, shape = 383, 86, (2, 12, 383, 86)
    cell = ("replicate", "time", "region", "sector")
    values = {"employment": 50.0, "sales": 9.0, "productivity": 0.3, "firms": 12.0}
    ds = xr.Dataset(
        {name: (cell, scale * np.exp(rng.normal(0, 0.2, shape))) for name, scale in values.items()}
        | {
            name: (cell, np.round(rng.uniform(0, 2, shape)))
            for name in ("exits", "spinoffs", "startups", "innovations")
        }
        | {
            "wage": (cell[:3], rng.uniform(1, 2, shape[:3])),
            "workforce": (cell[:3], rng.uniform(1, 2, shape[:3])),
        },
        {
            "time": np.arange(1, 13),
            "region_name": (
                "region",
                np.array([f"Metropolitan area number {i}" for i in range(regions)], dtype=object),
            ),
            "sector_name": (
                "sector",
                np.array([f"Manufacture of things {i}" for i in range(sectors)], dtype=object),
            ),
            "latitude": ("region", rng.uniform(25, 48, regions)),
            "longitude": ("region", rng.uniform(-124, -70, regions)),
        },
        {"config": "[time]\nperiod_years = 1.0\n"},
    )
    path = tp.report(ds, tmp_path / "many.html")
    assert LIBRARY < path.stat().st_size < 5_000_000


# ---------------------------------------------------------------------------------------- less than everything


@pytest.mark.parametrize(
    "keep",
    [
        ["employment"],
        ["wage", "workforce"],
        ["productivity", "sales"],
        ["size_distribution"],
        ["firms"],
        ["market"],
    ],
)
def test_report_shows_what_there_is(tmp_path, undrawn, keep):
    ds = run_dataset()[keep].assign_attrs(run_dataset().attrs)
    reader = Reader(page(tmp_path, ds))
    assert any(attrs.get("id") == "provenance" for _, attrs in reader.elements)


@pytest.mark.parametrize(
    "selection",
    [
        {"replicate": [0]},
        {"replicate": [0], "time": [-1]},
        {"region": [0]},
        {"region": [1], "sector": [2], "replicate": [0, 1]},
    ],
)
def test_report_of_little(tmp_path, undrawn, selection):
    ds = run_dataset().isel(selection)
    reader = Reader(page(tmp_path, ds))
    cells = [cell for rows in reader.tables.values() for row in rows for cell in row]
    assert not any(cell.casefold() in ("nan", "inf") for cell in cells)


def test_economy_that_dies_out_has_a_report(tmp_path, undrawn):
    ds = run_dataset().copy(deep=True)
    for name in ("firms", "employment", "sales"):
        ds[name][:, 6:] = 0
    ds["productivity"][:, 6:] = np.nan
    assert "nan" not in {
        cell for rows in Reader(page(tmp_path, ds)).tables.values() for row in rows for cell in row
    }


def test_results_are_read_from_both_kinds_of_file(tmp_path, undrawn):
    pytest.importorskip("h5netcdf")
    ds = run_dataset()
    pages = []
    for name in ("run.zarr", "run.nc"):
        path = tp.write(ds, tmp_path / name)
        out = tp.report(
            path, tmp_path / f"{name}.html", claims=tp.write(claims_dataset(), tmp_path / f"claims-{name}")
        )
        pages.append(Reader(without_library(out.read_text(encoding="utf-8"))).tables)
    assert pages[0] == pages[1] and len(pages[0]) > 20


# -------------------------------------------------------------------------------------------------- refused


def test_page_that_is_there_is_kept(tmp_path, undrawn):
    path = tmp_path / "page.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(tp.OutputError, match="is there and is not a report of technopole"):
        tp.report(run_dataset()[["firms"]], path, overwrite=True)
    assert path.read_text(encoding="utf-8") == "mine"
    path.unlink()
    tp.report(run_dataset()[["firms"]], path)
    with pytest.raises(tp.OutputError, match="is there already; --overwrite"):
        tp.report(run_dataset()[["firms"]], path)
    before = path.stat().st_mtime_ns
    tp.report(run_dataset()[["firms"]], path, overwrite=True)
    assert path.stat().st_mtime_ns > before


def test_nothing_half_written_is_left(tmp_path, undrawn, monkeypatch):
    path = tmp_path / "page.html"
    tp.report(run_dataset()[["firms"]], path)
    before = path.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(tp.OutputError, match="cannot be written: No space left"):
        tp.report(run_dataset()[["firms"]], path, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["page.html"]


def test_wrong_suffix_and_place_are_refused(tmp_path, undrawn):
    with pytest.raises(tp.OutputError, match=r"found the suffix '.pdf'; allowed: .html or .htm"):
        tp.report(run_dataset(), tmp_path / "page.pdf")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(tp.OutputError, match="is not a folder"):
        tp.report(run_dataset(), tmp_path / "file" / "page.html")


def test_sources_of_the_wrong_kind_are_refused(tmp_path, undrawn):
    out = tmp_path / "page.html"
    with pytest.raises(tp.DataError, match="found results of technopole claims; .*--claims takes them"):
        tp.report(claims_dataset(), out)
    with pytest.raises(
        tp.DataError, match="found results of technopole validate; allowed: .* claims; --validation"
    ):
        tp.report(run_dataset(), out, claims=validation_dataset())
    with pytest.raises(
        tp.DataError, match="found results of technopole run; allowed: .* technopole validate"
    ):
        tp.report(run_dataset(), out, validation=run_dataset())
    with pytest.raises(tp.DataError, match="found no results of technopole"):
        tp.report(xr.Dataset({"x": ("y", [1.0])}), out)
    with pytest.raises(tp.DataError, match="nothing.zarr: there is nothing"):
        tp.report(tmp_path / "nothing.zarr", out)
    with pytest.raises(tp.DataError, match="is a folder and no store"):
        tp.report(tmp_path, out)
    (tmp_path / "a.toml").write_text("", encoding="utf-8")
    with pytest.raises(tp.DataError, match=r"a.toml: holds no results; technopole run .* makes them"):
        tp.report(tmp_path / "a.toml", out)
    (tmp_path / "bad.nc").write_text("no netCDF", encoding="utf-8")
    with pytest.raises(tp.DataError, match="cannot be read as netCDF"):
        tp.report(tmp_path / "bad.nc", out)
    assert not out.exists()


def test_missing_libraries_are_named_with_the_command_that_installs_them(tmp_path, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "bokeh" else found(name, *a)
    )
    with pytest.raises(
        tp.TechnopoleError, match=r"pip install bokeh jinja2 scipy \(the extra technopole\[report\]\)"
    ):
        tp.report(run_dataset(), tmp_path / "page.html")
