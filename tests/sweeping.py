"""Small sweeps for tests."""

from conftest import SCENARIOS
from technopole.experiments.plan import make_plan
from technopole.sweeps.sweep import Sweep

TWO_REGIONS = str(SCENARIOS / "two-regions.toml")


def content(**sections):
    """A small sweep of the smallest scenario; sections replace or, as dicts, extend those given here."""
    whole = {
        "experiment": {"scenario": TWO_REGIONS, "replicates": 4, "periods": 12},
        "design": {"kind": "grid", "parameters": {"learning.technology": [0.0, 0.1, 0.2]}},
    }
    for name, section in sections.items():
        both = isinstance(section, dict) and name == "experiment"
        whole[name] = {**whole[name], **section} if both else section
    return whole


def sweep(**sections):
    return Sweep.from_dict(content(**sections))


def plan(**sections):
    return make_plan(sweep(**sections))
