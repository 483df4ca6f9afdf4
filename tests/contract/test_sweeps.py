"""The sweeps that come with the program, and the command that plans them."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

from conftest import ROOT
from sweeping import TWO_REGIONS
from technopole.experiments.plan import make_plan
from technopole.sweeps.design import make_points
from technopole.sweeps.models import SECTIONS
from technopole.sweeps.sweep import Sweep

SWEEPS = sorted((ROOT / "configs" / "sweeps").glob("*.toml"))

SMALL = f"""
[experiment]
scenario = "{TWO_REGIONS}"
title = "A small one"
replicates = 10
periods = 6

[design]
kind = "grid"

[design.parameters]
"learning.technology" = [0.0, 0.1]
"sharing.rule" = ["equal", "serial"]
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_sweeps_are_there():
    assert {path.stem for path in SWEEPS} >= {"feedback", "spillover", "sharing", "screening"}


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_sweep_is_valid_and_within_its_limits(path):
    plan = make_plan(Sweep.from_toml(path))
    assert plan.sweep.name == path.stem and plan.sweep.title
    assert plan.files < plan.sweep.limits.files and plan.bytes < plan.sweep.limits.bytes
    assert plan.n_units >= 8, "several workers need several units"
    assert Sweep.from_dict(plan.sweep.to_dict()).digest() == plan.sweep.digest()


def test_designs_are_those_described():
    points = {path.stem: make_points(Sweep.from_toml(path)) for path in SWEEPS}
    assert len(points["feedback"]) == 4 and Sweep.from_toml(SWEEPS[0]).factorial
    assert len(points["spillover"]) == 20
    assert points["sharing"].values["sharing.rule"].tolist() == ["proportional", "equal", "serial"]
    assert len(points["screening"]) == 64 * 12 and len(points["screening"].values) == 10


def test_planning_needs_no_kernels(environment):
    program = (
        "import sys\n"
        "from technopole.experiments.plan import make_plan\n"
        "from technopole.sweeps.sweep import Sweep\n"
        f"plan = make_plan(Sweep.from_toml({str(SWEEPS[0])!r}))\n"
        "plan.digest, plan.files, plan.bytes, list(plan.units())\n"
        "heavy = ('numba', 'zarr', 'xarray', 'scipy', 'SALib', 'dask', 'pandas')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_schema_for_editors_knows_every_key(technopole):
    done = technopole("schema", "--sweep")
    assert done.returncode == 0, done.stderr
    schema = json.loads(done.stdout)
    assert {*schema["properties"], "config"} == set(SECTIONS) and schema["additionalProperties"] is False
    assert all(row.get("description") for row in schema["properties"].values())
    jsonschema = pytest.importorskip("jsonschema")
    for path in SWEEPS:
        jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"experiment": {"replicats": 3}}, schema)


# --------------------------------------------------------------------------------------------------- technopole plan


def test_plan_prints_what_an_experiment_takes(technopole, small, tmp_path):
    done = technopole("plan", small)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert text.startswith("small: A small one\n")
    assert re.search(r'sharing\.rule +"equal", "serial" +1\n', text)
    for line in (
        r"points +4 +grid",
        r"replicates +10 +of each point, with the same random numbers",
        r"periods +6 +6 recorded",
        r"units +1 +4 points × 10 replicates, about \d",
        r"size +[\d.]+ kB +before compression",
        r"files +\d+ +and one journal for each process",
        r"core-hours +[\d.e-]+ +[\d.]+ s on one core like this; measured: [\d.e-]+ s per replicate",
        r"hash [0-9a-f]{16}",
    ):
        assert re.search(line, text), (line, text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.toml"]


def test_plan_for_programs(technopole, small):
    changes = ("--set", "learning.rule=barter", "--set", "output.stride=3", "--replicates", 6)
    done = technopole("plan", small, *changes, "--json")
    assert done.returncode == 0, done.stderr
    numbers = json.loads(done.stdout)
    overrides = {"learning.rule": "barter", "output.stride": 3, "experiment.replicates": 6}
    plan = make_plan(Sweep.from_toml(small, overrides))
    assert numbers["digest"] == plan.digest and numbers["files"] == plan.files
    assert (numbers["points"], numbers["replicates"], numbers["units"]) == (4, 6, plan.n_units)
    assert numbers["core_hours"] > 0


@pytest.mark.parametrize("limit", ["limits.files=5", "limits.bytes=10.0", "limits.core_hours=1e-12"])
def test_plan_refuses_what_is_above_a_limit(technopole, small, limit):
    done = technopole("plan", small, "--set", limit)
    assert done.returncode == 2
    name = limit.partition("=")[0]
    first, second = done.stderr.strip().splitlines()
    assert name in first and "allowed" in first and "--force" in second
    forced = technopole("plan", small, "--set", limit, "--force")
    assert forced.returncode == 0 and "core-hours" in forced.stdout


def test_plan_refuses_a_wrong_sweep_in_words(technopole, small):
    small.write_text(
        SMALL.replace("sharing.rule", "sharing.rul").replace("replicates = 10", "replicates = 0")
    )
    done = technopole("plan", small)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"error: {small}: experiment.replicates: found 0; allowed: at least 1",
        f'error: {small}: design.parameters.sharing.rul: "sharing.rul" is no parameter; '
        'did you mean "sharing.rule"?',
    ]


def test_plan_of_a_file_that_is_not_there(technopole, tmp_path):
    done = technopole("plan", tmp_path / "none.toml")
    assert done.returncode == 2 and "none.toml: no such file" in done.stderr


def test_configuration_is_no_sweep(technopole, two_regions):
    done = technopole("plan", two_regions)
    assert done.returncode == 2 and "this is a configuration, not a sweep" in done.stderr
