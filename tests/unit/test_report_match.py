"""Reports of several results: of one economy, and whoever looks is told of other configurations."""

import pytest

import technopole as tp
from conftest import SCENARIOS
from reporting import TWO_REGIONS, claims_dataset, run_dataset, sensitivity_dataset, validation_dataset
from sweeping import content
from technopole.cli.commands_report import ReportOptions, report
from technopole.files.write import write
from technopole.reports.make import make_page
from technopole.sweeps.sweep import Sweep

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")


def computed_with(ds, changes=(), scenario=TWO_REGIONS):
    """Results of the given kind as if they were of a scenario with some values changed."""
    config = tp.Config.from_toml(scenario).replace(dict(changes))
    return ds.assign_attrs(config=config.to_toml(), scenario=config.scenario.name)


@pytest.mark.parametrize(
    ("option", "ds"),
    [
        ("claims", claims_dataset()),
        ("validation", validation_dataset()),
        ("sensitivity", sensitivity_dataset()),
    ],
)
def test_other_economies_are_refused(option, ds):
    other = computed_with(ds, scenario=SCENARIOS / "china-clusters.toml")
    words = rf"--{option}: of another economy than the run \(scenario china-clusters, not two-regions\): regions: found "
    with pytest.raises(tp.DataError, match=words):
        make_page(run_dataset(), **{option: other})


def test_the_same_economy_with_other_replicates_periods_and_threads_is_fine():
    changes = {"run.replicates": 3, "run.seed": 9, "time.periods": 20, "run.threads": 2, "output.stride": 2}
    page = make_page(run_dataset(), claims=computed_with(claims_dataset(), changes))
    assert not page.warnings


def test_other_values_are_told_with_both():
    changes = {"learning.technology": 0.125, "scenario.name": "renamed"}
    page = make_page(run_dataset(), validation=computed_with(validation_dataset(), changes))
    (warning,) = page.warnings
    assert "The validations on this page are of another configuration than the run" in warning
    assert "scenario.name (renamed, not two-regions)" in warning
    usual = tp.Config.from_toml(TWO_REGIONS).learning.technology
    assert f"learning.technology (0.125, not {usual})" in warning


def test_results_without_their_configuration_are_told():
    page = make_page(run_dataset(), claims=claims_dataset())
    assert page.warnings == [
        "No configuration is recorded with the claims: it could not be checked whether the claims on this page "
        "have that of the run."
    ]


def test_what_an_experiment_varies_is_not_compared(tmp_path):
    path = tmp_path / "small.zarr"
    tp.experiment(Sweep.from_dict(content()), to=path, workers=1)
    varied = {"learning.technology": 0.25}
    assert not make_page(path, claims=computed_with(claims_dataset(), varied)).warnings
    (warning,) = make_page(path, claims=computed_with(claims_dataset(), {"exit.closure": 0.01})).warnings
    assert "than the experiment" in warning and "exit.closure (0.01, not " in warning


def test_terminal_and_page_warn(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("technopole.reports.page.library", lambda: "")
    monkeypatch.setattr("technopole.reports.page._chart_json", lambda chart: {})
    run, claims, out = (tmp_path / name for name in ("run.zarr", "claims.zarr", "page.html"))
    write(run_dataset(), run)
    write(computed_with(claims_dataset(), {"learning.technology": 0.125}), claims)
    report(ReportOptions(run, out, claims=claims))
    words = "of another configuration than the run, and may not hold for it: learning.technology (0.125, not "
    assert f"warning: The claims on this page are {words}" in capsys.readouterr().err
    assert words in out.read_text(encoding="utf-8")
