"""A real Slurm on this machine: the printed script as an array, one task requeued.

Installs Debian's packages slurm-wlm and munge and starts their daemons, as root; only where that is asked for
(``make slurm``, or TECHNOPOLE_SLURM=1).
"""

import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

import sweeping
import technopole as tp
from conftest import ROOT
from technopole.experiments.status import experiment_status

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        os.environ.get("TECHNOPOLE_SLURM") != "1", reason="installs and starts Slurm: make slurm asks for it"
    ),
]

SWEEP = f"""
[experiment]
name = "small"
scenario = "{sweeping.TWO_REGIONS}"
replicates = 600
periods = 400
seed = 3

[set]
"labour.growth" = 0.0

[design]
kind = "grid"

[design.parameters]
"learning.technology" = [0.0, 0.1]

[output]
variables = ["productivity"]
"""


def settings(folder, host):
    return f"""
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobRequeue=1
KillWait=10
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def call(*command, environment=None, check=True):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory, environment):
    """Environment in which sbatch and the like talk to a Slurm of this machine alone."""
    if shutil.which("slurmctld") is None or shutil.which("munged") is None:
        apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        call("apt-get", "update", environment=apt)
        call("apt-get", "install", "-y", "--no-install-recommends", "slurm-wlm", "munge", environment=apt)
    folder, host = tmp_path_factory.mktemp("slurm"), socket.gethostname().partition(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "slurm.conf").write_text(settings(folder, host))
    os.makedirs("/run/munge", exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    own_munge = subprocess.run(["munge", "-n"], capture_output=True).returncode != 0
    if own_munge:
        call("runuser", "-u", "munge", "--", "/usr/sbin/munged")
    # the jobs inherit this environment; what makes warnings errors is not meant for the programs of Slurm
    inside = {**environment, "SLURM_CONF": str(folder / "slurm.conf")}
    daemons = [
        subprocess.Popen([name, "-D", "-f", inside["SLURM_CONF"]], env=inside, stderr=subprocess.DEVNULL)
        for name in ("slurmctld", "slurmd")
    ]
    try:
        wait_until(
            lambda: "idle" in call("sinfo", "-h", "-o", "%T", environment=inside, check=False), 60, "a node"
        )
        yield inside
    finally:
        call("scancel", "--full", "--user=root", environment=inside, check=False)
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)
        if own_munge:
            call("runuser", "-u", "munge", "--", "/usr/sbin/munged", "--stop", check=False)


def test_array_with_a_requeued_task(slurm, tmp_path):
    sweep, store = tmp_path / "small.toml", tmp_path / "small.zarr"
    sweep.write_text(SWEEP)
    technopole = [sys.executable, "-m", "technopole"]
    script = call(
        *technopole,
        "jobscript",
        "slurm",
        sweep,
        "--out",
        store,
        "--tasks",
        "3",
        "--time",
        "00:20:00",
        "--logs",
        tmp_path,
        environment=slurm,
    )
    (tmp_path / "job.sh").write_text(script + "\n")
    job = call(
        "sbatch", "--parsable", f"--chdir={ROOT}", str(tmp_path / "job.sh"), environment=slurm
    ).partition(";")[0]
    # as soon as the first task has finished a unit it is put back into the queue, in the middle of another
    wait_until(lambda: store.exists() and experiment_status(store).units_done > 0, 180, "the first unit")
    call("scontrol", "requeue", f"{job}_0", environment=slurm)
    # the array ends in the queue by itself
    wait_until(
        lambda: job not in call("squeue", "-h", "-o", "%F", environment=slurm).split(), 500, "the array"
    )
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert len(logs) == 3, logs
    assert "start number 2" in next(text for name, text in logs.items() if name.endswith("_0.log")), logs
    status = experiment_status(store)
    assert status.complete and status.units_missing == 0, (status, logs)
    # the same as on this machine without a scheduler
    tp.experiment(sweep, to=tmp_path / "here.zarr")
    there, here = tp.open(store), tp.open(tmp_path / "here.zarr")
    for name in here.variables:
        assert there[name].values.tobytes() == here[name].values.tobytes() or here[name].dtype.kind == "T", (
            name
        )


def test_time_limit_ends_with_a_requeue(slurm, tmp_path):
    """SIGTERM to the step: exit code 75, and the script puts its task back into the queue."""
    sweep, store = tmp_path / "small.toml", tmp_path / "small.zarr"
    sweep.write_text(SWEEP)
    script = call(
        sys.executable,
        "-m",
        "technopole",
        "jobscript",
        "slurm",
        sweep,
        "--out",
        store,
        "--tasks",
        "1",
        "--logs",
        tmp_path,
        environment=slurm,
    )
    (tmp_path / "job.sh").write_text(script + "\n")
    job = call(
        "sbatch", "--parsable", f"--chdir={ROOT}", str(tmp_path / "job.sh"), environment=slurm
    ).partition(";")[0]
    wait_until(lambda: store.exists() and experiment_status(store).units_done > 0, 180, "the first unit")
    call("scancel", "--signal=TERM", f"{job}_0", environment=slurm)
    wait_until(lambda: job not in call("squeue", "-h", "-o", "%F", environment=slurm).split(), 500, "the job")
    (log,) = tmp_path.glob("*.log")
    text = log.read_text()
    assert "--resume goes on" in text and "start number 2" in text, text
    assert experiment_status(store).complete
