"""Experiments that are killed and signalled: afterwards the store is as if nothing had happened."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sweeping
from technopole.basics.stored_names import JOURNAL
from technopole.experiments.status import experiment_status

# many small units, so that a kill often meets one that is being written
PROGRAM = """
import dataclasses, sys, time
from pathlib import Path
import sweeping
from technopole.files import chunks as file_chunks
from technopole.experiments.run import run_experiment

def halting(file, real=file_chunks.write_synced):
    # stop for good in the middle of a file of about the tenth unit, and say so
    written = []

    def write(path, content):
        written.append(path)
        if len(written) > 150:
            real(path, content[:10])
            Path(file).touch()
            time.sleep(1000)
        real(path, content)

    file_chunks.write_synced = write

if __name__ == "__main__":
    path, kind, shard, halt = sys.argv[1:]
    if halt:
        halting(halt)
    planned = sweeping.plan(
        experiment={"replicates": 160},
        output={"variables": ["productivity", "employment"], "statistics": ["mean", "sd", "quantiles"]},
    )
    planned = dataclasses.replace(planned, replicate_block=4, point_block=1)
    report = run_experiment(planned, path, kind, 2, shard=shard or None, resume=Path(path).exists())
    print(report.complete, report.missing)
"""


def arrays(path):
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("c*"))
        if file.is_file() and JOURNAL not in file.parts
    }


@pytest.fixture(scope="module")
def start(tmp_path_factory, environment):
    """Start the program in a process group of its own."""
    file = tmp_path_factory.mktemp("program") / "program.py"
    file.write_text(PROGRAM)
    tests = os.path.dirname(sweeping.__file__)
    inside = {**environment, "PYTHONPATH": os.pathsep.join([tests, environment["PYTHONPATH"]])}

    def run(path, kind="threads", shard="", halt=""):
        command = [sys.executable, str(file), str(path), kind, shard, str(halt)]
        return subprocess.Popen(
            command,
            env=inside,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "a.zarr"
    assert finish(start(path)).startswith("True")
    return arrays(path)


def children(process):
    """Processes below another one, whichever of its threads started them."""
    files = Path(f"/proc/{process.pid}/task").glob("*/children")
    try:
        return [int(word) for file in files for word in file.read_text().split()]
    except OSError:
        return []


def kill_again_and_again(start, undisturbed, folder, kills, seed):
    """Kill runs at random moments: all of it, or one of its workers; whatever is finished must be undisturbed."""
    chance = random.Random(seed)
    finished, number, happened = 0, 0, 0
    while happened < kills:
        path, kind = folder / f"{number}.zarr", chance.choice(["threads", "processes"])
        process = start(path, kind)
        time.sleep(chance.uniform(0.3, 4.0))
        workers = children(process)
        if process.poll() is None:
            happened += 1
            if workers and chance.random() < 0.5:
                os.kill(chance.choice(workers), signal.SIGKILL)  # the run goes on with another one
                process.wait(120)
            else:
                process.kill()
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, -signal.SIGKILL), err
        if path.exists() and experiment_status(path).complete:
            assert arrays(path) == undisturbed
            assert not list(path.rglob(".*"))
            finished, number = finished + 1, number + 1
    path = folder / f"{number}.zarr"
    assert finish(start(path)).startswith("True")
    assert arrays(path) == undisturbed
    return finished


def test_a_few_kills(start, undisturbed, tmp_path):
    kill_again_and_again(start, undisturbed, tmp_path, kills=3, seed=1)


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(5))
def test_many_kills(start, undisturbed, tmp_path, seed):
    kill_again_and_again(start, undisturbed, tmp_path, kills=12, seed=100 + seed)


def test_shards_as_processes_one_of_them_killed(start, undisturbed, tmp_path):
    path = tmp_path / "a.zarr"
    at_work = tmp_path / "at work"
    shards = [start(path, "threads", f"{part}/3", at_work if part == 1 else "") for part in range(3)]
    end = time.monotonic() + 120
    while not at_work.exists():
        assert time.monotonic() < end and shards[1].poll() is None
        time.sleep(0.05)
    shards[1].kill()
    shards[1].communicate()
    for part in (0, 2):
        assert finish(shards[part]).startswith("False")
    status = experiment_status(path)
    assert 0 < status.units_missing < status.units / 3
    assert list(path.rglob(".*.partial"))
    assert finish(start(path, "threads", "1/3")).startswith("True")
    assert arrays(path) == undisturbed and not list(path.rglob(".*"))


LONG = f"""
[experiment]
scenario = "{sweeping.TWO_REGIONS}"
replicates = 3000
periods = 1000

[set]
"labour.growth" = 0.0
"""


@pytest.mark.parametrize("kind", ["threads", "processes", pytest.param("dask", marks=pytest.mark.slow)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_obeyed_within_two_seconds(technopole, environment, tmp_path, kind, number):
    sweep, store = tmp_path / "long.toml", tmp_path / "a.zarr"
    sweep.write_text(LONG)
    command = [sys.executable, "-m", "technopole", "experiment", sweep, "--out", store, "--executor", kind]
    process = subprocess.Popen(
        [*map(str, command), "--workers", "2"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not (store.exists() and (kind == "threads" or len(children(process)) >= 2)):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.1)
    time.sleep(3.0 if kind == "dask" else 1.5)
    begin = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 2.0, err
    assert process.returncode == 75, err
    assert f"stopped by {number.name}" in err and "--resume goes on" in err and "Traceback" not in err
    assert not experiment_status(store).complete
    status = technopole("status", store)
    assert status.returncode == 0 and "not finished" in status.stdout


def test_workers_end_with_a_killed_parent(environment, tmp_path):
    sweep, store = tmp_path / "long.toml", tmp_path / "a.zarr"
    sweep.write_text(LONG)
    command = [
        sys.executable,
        "-m",
        "technopole",
        "experiment",
        sweep,
        "--out",
        store,
        "--executor",
        "processes",
    ]
    process = subprocess.Popen(
        [*map(str, command), "--workers", "2", "-q"], env=environment, start_new_session=True
    )
    end = time.monotonic() + 60
    while len(children(process)) < 3:  # two workers and what multiprocessing keeps track with
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1.5)
    workers = children(process)
    process.kill()
    process.wait()
    end = time.monotonic() + 10
    while any(
        os.path.exists(f"/proc/{worker}") and b"technopole" in command_line(worker) for worker in workers
    ):
        assert time.monotonic() < end, "workers live on without their parent"
        time.sleep(0.1)


def command_line(process):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""
