"""The commands about experiments: exit codes, messages, files."""

import contextlib
import csv
import io
import json
import subprocess
import sys

import pytest

import sweeping
from conftest import SCENARIOS
from technopole.cli import commands_experiment
from technopole.cli.commands_plan import SweepOptions

SCENARIO = SCENARIOS / "two-regions.toml"

SWEEP = f"""
[experiment]
name = "small"
scenario = "{sweeping.TWO_REGIONS}"
replicates = 6
periods = 8

[design]
kind = "grid"

[design.parameters]
"entry.startups" = [0.05, 0.2]

[output]
variables = ["wage"]
"""


@pytest.fixture
def sweep(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SWEEP)
    return file


def test_from_sweep_to_netcdf(technopole, sweep, tmp_path):
    done = technopole("experiment", sweep)
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 points × 6 replicates × 8 periods in 1 unit · runs/small.zarr" in done.stderr
    assert "finished: runs/small.zarr" in done.stderr
    store = tmp_path / "runs" / "small.zarr"
    planned = json.loads(technopole("plan", sweep, "--json").stdout)
    assert (
        sum(1 for path in store.rglob("*") if path.is_file() and path.suffix != ".jsonl") == planned["files"]
    )

    status = json.loads(technopole("status", store, "--json").stdout)
    assert status["complete"] and status["units_done"] == 1 and status["replicates_done"] == 12
    verified = technopole("status", store, "--verify")
    assert "0 units are damaged" in verified.stderr and "complete" in verified.stdout

    again = technopole("experiment", sweep, "--resume")
    assert again.returncode == 0 and "nothing left to compute" in again.stderr
    refused = technopole("experiment", sweep)
    assert refused.returncode == 2 and "--resume" in refused.stderr and "--overwrite" in refused.stderr
    other = technopole("experiment", sweep, "--resume", "--set", "learning.technology=0.2")
    assert other.returncode == 2
    assert "config.learning.technology: the store was made with" in other.stderr and "now 0.2" in other.stderr

    exported = technopole("export", store, "--netcdf", "small.nc")
    assert exported.returncode == 0, exported.stderr
    import xarray as xr

    with xr.open_dataset(tmp_path / "small.nc", engine="h5netcdf") as nc, xr.open_zarr(store) as ds:
        assert set(nc.data_vars) == set(ds.data_vars)
        assert nc["wage_mean"].values.tobytes() == ds["wage_mean"].values.tobytes()
        assert nc["entry.startups"].dims == ("point",)
        assert nc["wage_mean"].attrs["units"]

    neither = technopole("export", store)
    assert neither.returncode == 2 and "neither --netcdf FILE nor --csv FILE" in neither.stderr
    written = technopole("export", store, "--csv", "small.csv")
    assert written.returncode == 0 and "exported: small.csv" in written.stderr, written.stderr
    refused = technopole("export", store, "--csv", "small.csv")
    assert refused.returncode == 2 and "small.csv: is there already; --overwrite" in refused.stderr
    rows = list(csv.DictReader((tmp_path / "small.csv").read_text().splitlines()))
    with xr.open_zarr(store) as ds:
        names = [
            name for name in ds if ds[name].dims == ("point", "replicate") and name != "replicate_status"
        ]
        assert list(rows[0]) == ["point", "entry.startups", "replicate", *names]
        assert len(rows) == ds.sizes["point"] * ds.sizes["replicate"]
        assert [float(row[names[0]]) for row in rows] == ds[names[0]].values.ravel().tolist()


def test_failed_replicates_give_3(technopole, sweep):
    fixed = ("--set", "capacity.fixed=true", "--set", "capacity.slack=0", "--set", "experiment.periods=20")
    done = technopole("experiment", sweep, *fixed)
    assert done.returncode == 3, done.stderr
    assert "of 12 replicates failed" in done.stderr and "first at point 1, replicate" in done.stderr
    status = technopole("status", "runs/small.zarr")
    assert status.returncode == 0 and "first at point 1" in status.stdout
    assert technopole("experiment", sweep, *fixed, "--resume", "-q").returncode == 3


def test_shards_and_finalize(technopole, sweep, tmp_path):
    first = technopole("experiment", sweep, "--shard", "1/2")
    assert first.returncode == 0 and "left to other shards" in first.stderr
    store = tmp_path / "runs" / "small.zarr"
    missing = technopole("finalize", store)
    assert missing.returncode == 1 and "1 unit is missing" in missing.stderr
    assert technopole("experiment", sweep, "--shard", "0/2", "-q").returncode == 0
    assert technopole("finalize", store).returncode == 0


@pytest.mark.parametrize("command", ["status", "finalize"])
def test_no_store(technopole, tmp_path, command):
    (tmp_path / "empty.zarr").mkdir()
    for path, words in (("nothing.zarr", "there is nothing"), ("empty.zarr", "found something else")):
        done = technopole(command, path)
        assert done.returncode == 2
        assert f"error: {path}: {words}; allowed: a store made by technopole experiment" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "a.nc"), "'.nc'; allowed: .zarr"),
        (("--shard", "4/4"), "allowed: 0/4 to 3/4"),
        (("--executor", "gpu"), "allowed: threads, processes, dask"),
        (("--resume",), "there is nothing to go on with"),
        (("--shard", "0/2", "--overwrite"), "each shard would remove what the others have computed"),
        (("--set", "limits.files=10"), "limits.files"),
        (("--executor", "dask", "--address", "nonsense"), "such as tcp://host:8786"),
        (("--executor", "dask", "--address", "tcp://127.0.0.1:9"), "no scheduler of Dask answers"),
    ],
)
def test_what_is_refused(technopole, sweep, tmp_path, arguments, words):
    done = technopole("experiment", sweep, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("scheduler", ["slurm", "pbs"])
def test_job_scripts(technopole, sweep, tmp_path, scheduler):
    done = technopole(
        "jobscript", scheduler, sweep, "--tasks", 5, "--cpus", 2, "--out", "a b.zarr", "--replicates", 9
    )
    idle = "note: --tasks: the experiment has 1 unit; 4 tasks of 5 will have nothing to do\n"
    assert (done.returncode, done.stderr) == (0, idle)
    script = done.stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    for words in ("0-4", '/5"', "--replicates 9", f"'{tmp_path}/a b.zarr'", "warmup", "75"):
        assert words in script, words
    short = script.replace(str(tmp_path), "FOLDER").replace(sys.executable, "PYTHON")
    assert max(map(len, short.splitlines())) < 140


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lsf",), "slurm, pbs"),
        (("slurm", "--tasks", 0), "--tasks"),
        (("slurm", "--time", "soon"), "HH:MM:SS"),
        (("slurm", "--logs", "a\nb"), "--logs: found 'a\\nb'; allowed: a name without"),
        (("pbs", "--logs", 'a"b'), "--logs: found"),
        (("slurm", "--set", "limits.files=10"), "limits.files"),
    ],
)
def test_job_scripts_that_are_refused(technopole, sweep, arguments, words):
    done = technopole("jobscript", arguments[0], sweep, *arguments[1:])
    assert done.returncode == 2 and words in done.stderr


def script_of(scheduler, sweep, logs=".", force=False, **changes):
    """A job script, made in this process."""
    assignments = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
    chosen = SweepOptions(sweep, assignments)
    with contextlib.redirect_stdout(io.StringIO()) as text:
        commands_experiment.jobscript(
            commands_experiment.JobOptions(scheduler, chosen, logs=logs, force=force)
        )
    return text.getvalue()


@pytest.mark.parametrize("scheduler", ["slurm", "pbs"])
def test_job_scripts_hold_what_a_sweep_asks_for(tmp_path, scheduler):
    single = SCENARIO.read_text().replace("[run]", '[run]\nprecision = "float32"')
    (tmp_path / "scenario.toml").write_text(single)
    file = tmp_path / "small.toml"
    file.write_text(SWEEP.replace(sweeping.TWO_REGIONS, "scenario.toml"))
    script = script_of(scheduler, file, "my logs", True, **{"limits.files": 10, "experiment.name": "a\nrm b"})
    assert "warmup --precision float32" in script
    assert ('"my logs/' in script) and "--force" in script
    assert not any(line.startswith("rm") for line in script.partition("# all tasks share")[0].splitlines())
    commands = [line for line in script.splitlines() if not line.startswith("#")]
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    assert not any("a rm b" in line for line in commands)
    plain = script_of(scheduler, file, "logs-1", **{"experiment.replicates": 3})
    assert "--force" not in plain and '"logs' not in plain


def test_errors_that_differ_in_numbers_are_one():
    errors = tuple((point, 2, f"replicate 2: {152 + point:,} firms in R1, 1.5e{point}") for point in range(9))
    (line,) = commands_experiment._error_lines(errors)
    assert line == "failed 9 times, first at point 0, replicate 2: 152 firms in R1, 1.5e0"
    assert len(commands_experiment._error_lines(((0, 0, "a: in R1"), (1, 0, "a: in R2")))) == 2
