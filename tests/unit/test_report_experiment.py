"""Reports of experiments: outcomes of variants, what makes the difference, the sweep itself."""

import json

import numpy as np
import pytest

import technopole as tp
from reporting import Reader, numbers, page, text_of, unescaped
from sweeping import content
from technopole.sweeps.sweep import Sweep

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Store of a small experiment with contrasts, trajectories of regions and of the economy's firms."""
    path = tmp_path_factory.mktemp("experiment") / "small.zarr"
    sweep = Sweep.from_dict(
        content(
            design={
                "kind": "grid",
                "parameters": {"feedback.cluster_to_ris": [0.0, 1.0], "feedback.ris_to_cluster": [0.0, 1.0]},
            },
            output={"variables": ["employment", "productivity", "wage"], "level": "region", "stride": 2},
            outcomes={
                "productivity_growth": {"variable": "productivity", "over": "growth", "periods": 6},
                "entry_rate": {"variable": "entry_rate", "over": "mean", "periods": 6},
                "final_firms": {"variable": "firms"},
            },
            contrasts={"factorial": True},
        )
    )
    tp.experiment(sweep, to=path, workers=1)
    return path


def test_experiment_shows_outcomes_of_each_variant_and_their_effects(tmp_path, undrawn, store):
    reader = Reader(page(tmp_path, store))
    ds = tp.open(store)
    table = reader.tables["All variants"]
    assert [row[0] for row in table[1:]] == [str(point) for point in ds["point"].values]
    growth = 100.0 * ds["productivity_growth"].mean("replicate").values
    entry = 100.0 * ds["entry_rate"].mean("replicate").values
    firms = ds["final_firms"].mean("replicate").values
    for column, values in ((3, growth), (5, entry), (7, firms)):
        shown = [numbers(row[column])[0] for row in table[1:]]
        assert shown == pytest.approx(values, rel=1e-3)
    effects = reader.tables["All effects and differences"]
    found = tp.compare(store)["effect"].sel(outcome="productivity_growth").values
    mine = [numbers(row[2])[0] for row in effects[1:] if row[0] == "Productivity growth"]
    assert mine == pytest.approx(100.0 * found, abs=6e-4)
    assert effects[3][1] == "both together (interaction)"
    total = ds["employment_mean"].sum("region").values
    (trend,) = (rows for caption, rows in reader.tables.items() if caption == "Employment")
    assert [numbers(row[1])[0] for row in trend[1:]] == pytest.approx(total[0], rel=1e-3)


def test_experiment_without_contrasts_is_compared_with_its_first_point(tmp_path, undrawn):
    path = tmp_path / "three.zarr"
    tp.experiment(
        Sweep.from_dict(content(outcomes={"final_firms": {"variable": "firms"}})), to=path, workers=1
    )
    reader = Reader(page(tmp_path, path))
    table = reader.tables["All effects and differences"]
    assert [row[1] for row in table[1:]] == ["technology 0.1", "technology 0.2"]
    means = tp.open(path)["final_firms"].mean("replicate").values
    assert [numbers(row[2])[0] for row in table[1:]] == pytest.approx(means[1:] - means[0], abs=0.06)


def test_many_variants_are_drawn_against_the_parameter_that_they_go_with(tmp_path, undrawn):
    path = tmp_path / "many.zarr"
    design = {"kind": "lhs", "points": 20, "parameters": {"learning.technology": {"low": 0.0, "high": 0.2}}}
    pytest.importorskip("scipy")
    sweep = content(
        experiment={"replicates": 2, "periods": 4},
        design=design,
        output={"variables": ["firms"], "level": "economy"},
        outcomes={"final_technology": {"variable": "technology"}},
    )
    tp.experiment(Sweep.from_dict(sweep), to=path, workers=1)
    html = page(tmp_path, path)
    assert "Against learning.technology, rank correlation" in html
    assert "mean of the 20 variants" in html
    # what lies between variants is no confidence interval of a mean
    rows = Reader(html).tables["Firms after exit and entry"]
    assert rows[0] == ["year", "variants", "half of the variants from", "to"]
    means = tp.open(path)["firms_mean"].values
    quartiles = np.quantile(means, [0.25, 0.75], axis=0).T
    assert [[numbers(cell)[0] for cell in row[2:]] for row in rows[1:]] == pytest.approx(quartiles, rel=1e-3)
    assert "Bands: " not in html


def test_bands_of_variants_have_the_confidence_of_the_store(tmp_path, undrawn):
    path = tmp_path / "ninety.zarr"
    output = {"variables": ["firms"], "level": "economy", "confidence": 0.9}
    sweep = content(experiment={"replicates": 4, "periods": 4}, output=output)
    tp.experiment(Sweep.from_dict(sweep), to=path, workers=1)
    html = page(tmp_path, path)
    rows = Reader(html).tables["Firms after exit and entry"]
    assert rows[0][2] == "90 % interval from" and "Bands: 90\u00a0% confidence" in html
    low = tp.open(path)["firms_low"].values[0]
    assert [numbers(row[2])[0] for row in rows[1:]] == pytest.approx(low, rel=1e-3)


def test_sensitivity_of_an_experiment_made_for_it_is_computed(tmp_path, undrawn):
    pytest.importorskip("SALib")
    path = tmp_path / "morris.zarr"
    ranges = {"learning.technology": {"low": 0.0, "high": 0.2}, "spillover.rate": {"low": 0.0, "high": 0.05}}
    sweep = content(
        experiment={"replicates": 2, "periods": 4},
        design={"kind": "morris", "points": 3, "parameters": ranges},
        output={"variables": ["firms"], "level": "economy"},
        outcomes={"final_technology": {"variable": "technology"}},
    )
    tp.experiment(Sweep.from_dict(sweep), to=path, workers=1)
    table = Reader(page(tmp_path, path)).tables["Sensitivity of final technology"]
    from technopole.reports.sensitivity import sensitivity_section  # needs Bokeh

    found = tp.sensitivity(path, confidence=0.9)
    assert "Bars: 90\u00a0% intervals" in sensitivity_section(found).charts[0].words
    indices = tp.sensitivity(path)["mu_star"].sel(outcome="final_technology")
    assert {row[0]: numbers(row[1])[0] for row in table[1:]} == {
        key: pytest.approx(float(indices.sel(parameter=key)), rel=1e-3) for key in ranges
    }


def test_unfinished_experiment_says_so(tmp_path, undrawn, store):
    ds = tp.open(store).load()
    html = page(tmp_path, ds.assign_attrs(complete=0, replicates_failed=2))
    assert "The experiment is not finished" in html and "2 runs failed" in html


def test_sweep_on_the_page_is_the_same_experiment(tmp_path, undrawn, store):
    html = page(tmp_path, store)
    file = tmp_path / "sweep.toml"
    file.write_text(unescaped(text_of(html, "config")), encoding="utf-8")
    stored = Sweep.from_dict(json.loads(tp.open(store).attrs["sweep"]))
    assert Sweep.from_toml(file).digest() == stored.digest()
    assert "technopole experiment sweep.toml --out sweep.zarr" in unescaped(text_of(html, "command"))
