"""Data of one's own: what is said of the share that is simulated, whose default is 1 %, and of tables not found."""

import re

import pytest

import technopole as tp
from conftest import ROOT
from technopole.data.draft import firms_in_words
from technopole.data.loading import data_path
from technopole.errors import ConfigError, DataError

BASE = ROOT / "configs" / "base.toml"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "900 firms, 1 % of all (data.scale 0.01)"),
        ({"data.scale": 0.0125}, "900 firms, 1.25 % of all (data.scale 0.0125)"),
        ({"data.scale": 1.0}, "900 firms, all (data.scale 1)"),
        ({"data.kind": "synthetic", "regions": [], "sectors": []}, "900 firms"),
    ],
)
def test_the_share_is_said_where_firms_are_a_sample(changes, words):
    assert firms_in_words(tp.Config.from_toml(BASE, changes), 900) == words


def test_of_listed_cells_all_firms_are_simulated(two_regions):
    assert firms_in_words(tp.Config.from_toml(two_regions, {"data.scale": 0.5}), 60) == "60 firms"


def test_who_forgets_the_kind_of_the_data_is_told():
    with pytest.raises(ConfigError, match=r"regions: none given; .* mean data.kind = \"folder\"\?"):
        tp.Config.from_dict({"data": {"path": "tables"}})
    with pytest.raises(ConfigError) as plain:
        tp.Config.from_dict({})
    assert "folder" not in str(plain.value)


def test_tables_that_are_not_there_may_be_ones_own(tmp_path):
    config = tp.Config.from_dict({"data": {"kind": "folder", "path": str(tmp_path / "tabels")}})
    with pytest.raises(DataError, match=r"does not exist: .* tables of your own: cells.csv and regions.csv"):
        data_path(config)


def test_commands_say_the_share(technopole):
    assert " 900 firms, 1 % of all (data.scale 0.01) · " in technopole("check", BASE).stdout
    sweep = ROOT / "configs" / "sweeps" / "spillover.toml"
    plan = technopole("plan", sweep, "--set", "data.scale=0.001")
    assert re.search(r"\nfirms +[\d,]+ +at the start, 0.1 % of all \(data.scale 0.001\)\n", plan.stdout)
