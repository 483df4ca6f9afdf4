"""What a report says of its origin is enough to compute it again."""

import json

import pytest
import xarray as xr

import technopole as tp
from reporting import page, run_dataset, text_of, unescaped
from sweeping import content
from technopole.config.config import Config
from technopole.reports import provenance as report_provenance
from technopole.sweeps.sweep import Sweep

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")


def test_configuration_on_the_page_gives_the_same_run(tmp_path, undrawn):
    ds = run_dataset()
    html = page(tmp_path, ds)
    assert "seed 3" in html and ds.attrs["kernels_digest"][:16] in html and tp.__version__ in html
    command = unescaped(text_of(html, "command"))
    assert (
        command
        == f"pip install technopole=={tp.__version__}\ntechnopole run two-regions.toml --out two-regions.zarr"
    )
    file = tmp_path / "two-regions.toml"
    file.write_text(unescaped(text_of(html, "config")), encoding="utf-8")
    config = Config.from_toml(file)
    assert config.digest() == ds.attrs["config_digest"]
    again = tp.run(config, threads=1)
    xr.testing.assert_identical(again["sales"], ds["sales"])


@pytest.mark.parametrize(
    ("sections", "extras"),
    [
        ({"output": {"statistics": ["mean"]}}, ""),
        ({"output": {"statistics": ["mean", "interval"]}}, "[statistics]"),
        (
            {
                "design": {
                    "kind": "lhs",
                    "points": 4,
                    "parameters": {"learning.far": {"low": 0.0, "high": 0.2}},
                }
            },
            "[statistics]",
        ),
        (
            {
                "design": {
                    "kind": "saltelli",
                    "points": 4,
                    "parameters": {
                        "learning.far": {"low": 0.0, "high": 0.2},
                        "learning.contact": {"low": 0.0, "high": 0.2},
                    },
                }
            },
            "[sensitivity]",
        ),
        ({"experiment": {"backend": "cuda"}, "output": {"statistics": ["mean"]}}, "[cuda]"),
    ],
)
def test_the_command_installs_what_the_sweep_needs(sections, extras):
    made = Sweep.from_dict(content(**sections))
    attrs = {"sweep": json.dumps(made.to_dict()), "technopole_version": "1.2.3"}
    command = report_provenance.provenance(xr.Dataset(attrs=attrs)).snippets[0].text
    wanted = f"pip install 'technopole{extras}==1.2.3'" if extras else "pip install technopole==1.2.3"
    assert command.splitlines()[0] == wanted


def test_the_command_names_no_version_that_was_not_recorded():
    attrs = {"config": '[data]\nkind = "synthetic"\n'}
    command = report_provenance.provenance(xr.Dataset(attrs=attrs)).snippets[0].text
    assert command == "pip install technopole\ntechnopole run scenario.toml --out scenario.zarr"
