"""What commands say of the share of the real firms that is simulated: its default is 1 %."""

import re

import pytest

import technopole as tp
from conftest import ROOT
from technopole.draft import firms_in_words

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


def test_commands_say_the_share(technopole):
    assert " 900 firms, 1 % of all (data.scale 0.01) · " in technopole("check", BASE).stdout
    sweep = ROOT / "configs" / "sweeps" / "spillover.toml"
    plan = technopole("plan", sweep, "--set", "data.scale=0.001")
    assert re.search(r"\nfirms +[\d,]+ +at the start, 0.1 % of all \(data.scale 0.001\)\n", plan.stdout)
