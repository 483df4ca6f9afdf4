"""technopole claims: what it prints and writes, how it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import xarray as xr

from technopole.claim_tests.design import CLAIMS, ROWS
from technopole.config.config import Config
from technopole.config.default_scenario import default_scenario

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--periods", 8, "--replicates", 3, "--threads", 1)


def lines(text):
    return text.strip().splitlines()


def test_tables_results_and_figures(technopole, two_regions, tmp_path):
    pytest.importorskip("matplotlib")
    done = technopole("claims", two_regions, *QUICK, "--over", "learning.contact=0:1:2")
    assert done.returncode == 0, done.stderr
    first, *messages = lines(done.stderr)
    assert (
        first.startswith("technopole ")
        and " · claims of two-regions: 2 regions × 3 sectors, 60 firms · " in first
    )
    assert (
        "12 claims, attribution, coupling, feedback, impulse · 3 replicates (3 of the attribution)" in first
    )
    assert "learning.contact at 2 values × 3 replicates" in first and first.endswith(" · seed 1")
    assert "results: runs/two-regions-claims.zarr" in messages
    assert messages[-1].startswith("figures: runs/two-regions-claims-figures: claims.png, impulse.png, ")
    printed = done.stdout
    assert all(f"\n{row.id} " in printed for row in ROWS)
    for words in (
        "12 claims: ",
        "Each direction of the feedback",
        "Response of the indices",
        "Coupling coordination",
        "Shapley values",
        "Where claims hold: by learning.contact",
        "Each interval stands by itself",
    ):
        assert words in printed, words
    results = xr.open_zarr(tmp_path / "runs" / "two-regions-claims.zarr")
    assert results.attrs["kind"] == "claims" and results.attrs["seed"] == 1
    assert results.sizes["claim"] == len(ROWS) and results.sizes["value"] == 2
    pictures = tmp_path / "runs" / "two-regions-claims-figures"
    for name in ("claims", "impulse", "coupling", "attribution", "claims_map"):
        assert (pictures / f"{name}.png").stat().st_size > 10_000


def test_only_what_is_asked_for_and_quietly(technopole, two_regions, tmp_path):
    out = tmp_path / "a.nc"
    chosen = (
        "--claims",
        "C1,coupling",
        "--set",
        "learning.contact=0.9",
        "--seed",
        7,
        "--no-figures",
        "--quiet",
    )
    done = technopole("claims", two_regions, *QUICK, *chosen, "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with xr.open_dataset(out, engine="h5netcdf") as results:
        assert {claim.partition(".")[0] for claim in results["claim"].values} == {"C1"}
        assert "coupling" in results and "impulse" not in results and "attribution" not in results
        config = Config.from_dict(tomllib.loads(results.attrs["config"]))
        assert config.learning.contact == 0.9 and config.run.seed == 7 and config.time.periods == 8
    assert os.listdir(tmp_path) == ["a.nc"]


def test_what_is_there_needs_permission(technopole, two_regions, tmp_path):
    few = ("claims", two_regions, *QUICK, "--claims", "C1", "--no-figures")
    store = tmp_path / "runs" / "two-regions-claims.zarr"
    store.mkdir(parents=True)
    (store / "zarr.json").write_text("{}")
    other = technopole(*few, "--overwrite")
    assert other.returncode == 2 and "is not a result of technopole" in other.stderr
    shutil.rmtree(store)
    assert technopole(*few).returncode == 0
    refused = technopole(*few)
    assert refused.returncode == 2 and "--overwrite" in refused.stderr and len(lines(refused.stderr)) == 1
    assert technopole(*few, "--overwrite").returncode == 0
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "claims.png").write_bytes(b"mine")
    done = technopole("claims", two_regions, "--figures", folder, "--out", tmp_path / "b.zarr")
    assert done.returncode == 2 and "claims.png: is there already" in done.stderr
    assert (folder / "claims.png").read_bytes() == b"mine" and not (tmp_path / "b.zarr").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--claims", "C1,C77"), '"C77" is unknown; did you mean "C7"?'),
        (("--claims", "c99"), '"c99" is unknown; did you mean "C9"?'),
        (("--claims", "Copling"), 'did you mean "coupling"?'),
        (("--replicates", "1"), "--replicates: found 1; allowed: 2 or more"),
        (("--out", "a.csv"), "allowed: .zarr"),
        (("--data", "."), "reads no other files"),
    ],
)
def test_what_is_refused(technopole, two_regions, tmp_path, arguments, words):
    done = technopole("claims", two_regions, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
    assert len(lines(done.stderr)) == 1 and os.listdir(tmp_path) == []


def test_the_default_scenario_is_that_of_the_project():
    assert default_scenario().read_bytes() == (ROOT / "configs" / "scenarios" / "us-states.toml").read_bytes()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packed == {"configs/scenarios/us-states.toml": "technopole/scenarios/us-states.toml"}


def test_the_default_scenario_is_named(technopole, tmp_path):
    done = technopole("claims", "--claims", "C11", "--replicates", 2, "--periods", 2, "--no-figures")
    assert done.returncode == 0, done.stderr
    assert lines(done.stderr)[0] == f"no scenario given: {default_scenario()}"
    assert (tmp_path / "runs" / "us-states-claims.zarr").is_dir()


@pytest.mark.slow
def test_the_wheel_brings_the_default_scenario(tmp_path):
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert "technopole/scenarios/us-states.toml" in zipfile.ZipFile(wheel).namelist()


def test_signal_leaves_nothing(environment, two_regions, tmp_path):
    number = signal.SIGINT
    still = ("labour.growth", "market.demand_growth", "market.demand_growth_high_tech")
    still += ("innovation.rate", "innovation.rate_high_tech")  # what grows for ever would overflow
    steady = [word for key in still for word in ("--set", f"{key}=0")]
    command = [sys.executable, "-m", "technopole", "claims", two_regions, *steady, "--claims", "C1"]
    command += ["--periods", 20_000, "--replicates", 50, "--threads", 2]
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stderr.readline().startswith("technopole ")
        time.sleep(1.0)
        begin = time.monotonic()
        process.send_signal(number)
        printed, errors = process.communicate(timeout=60)
        assert time.monotonic() - begin < 5.0
        stack.pop_all()
    assert process.returncode == 1 and printed == ""
    name = signal.Signals(number).name
    assert lines(errors)[-1].startswith(f"stopped by {name}: ")
    assert lines(errors)[-1].endswith(" of 50 replicates finished; nothing was written")
    assert os.listdir(tmp_path) == []


def test_help_names_the_options(technopole):
    text = technopole("claims", "--help").stdout
    options = ("--claims", "--over", "--replicates", "--seed", "--periods", "--threads", "--set", "--data")
    assert all(option in text for option in (*options, "--out", "--figures", "--overwrite", "--quiet"))
    assert len(CLAIMS) == 12 and "C1 to C12" in text
