"""The option --backend on the command line: without a GPU one message, exit code 2, and nothing is written."""

import json

import pytest

import sweeping
from technopole.device import driver as device_driver
from technopole.errors import ConfigError

QUICK = ("--periods", 3, "--replicates", 2)


def gpu_is_there():
    try:
        code, *_ = device_driver.load_driver().cuInit(0)
    except (ConfigError, RuntimeError):  # no package, no driver
        return False
    return int(code) == 0


without_gpu = pytest.mark.skipif(gpu_is_there(), reason="there is a GPU")


@pytest.fixture
def sweep(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(
        f'[experiment]\nscenario = "{sweeping.TWO_REGIONS}"\nreplicates = 2\nperiods = 3\n'
        '[design]\nkind = "grid"\nparameters."learning.technology" = [0.0, 0.1]\n[output]\nvariables = ["wage"]\n'
    )
    return file


@without_gpu
@pytest.mark.parametrize(
    "command",
    [
        ("run", "CONFIG", *QUICK),
        ("validate", "CONFIG", "--periods", 12, "--replicates", 2),
        ("claims", "CONFIG", *QUICK),
        ("experiment", "SWEEP"),
        ("experiment", "SWEEP", "--executor", "processes", "--workers", 1),
        ("plan", "SWEEP"),
    ],
    ids=lambda command: "-".join(map(str, command[::3])),
)
def test_without_a_gpu(technopole, two_regions, sweep, tmp_path, command):
    files = {"CONFIG": two_regions, "SWEEP": sweep}
    done = technopole(*(files.get(word, word) for word in command), "--backend", "cuda", TECHNOPOLE_DEVICE="")
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "Traceback" not in done.stderr and not done.stdout
    assert "technopole[cuda]" in done.stderr or "driver" in done.stderr or "GPU" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]


@without_gpu
def test_a_configuration_is_checked_without_a_gpu(technopole, two_regions):
    done = technopole("check", two_regions, "--set", "run.backend=cuda", TECHNOPOLE_DEVICE="")
    assert done.returncode == 0 and "no device for cuda" in done.stdout
    assert ": valid, but it cannot run here: run.backend: " in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "where"),
    [(("run", "CONFIG"), "--backend: run.backend"), (("experiment", "SWEEP"), "experiment.backend")],
)
def test_an_unknown_backend(technopole, two_regions, sweep, tmp_path, command, where):
    files = {"CONFIG": two_regions, "SWEEP": sweep}
    done = technopole(*(files.get(word, word) for word in command), "--backend", "cdua")
    assert done.returncode == 2 and where in done.stderr and 'did you mean "cuda"?' in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]


def test_the_device_is_named_and_the_results_are_those_of_the_processor(technopole, two_regions, tmp_path):
    import xarray as xr

    for name, changes in (("cpu", {}), ("cuda", {"TECHNOPOLE_DEVICE": "emulated"})):
        out = tmp_path / f"{name}.nc"
        done = technopole(
            "run", two_regions, *QUICK, "--backend", name, "--out", out, "--no-figures", **changes
        )
        assert done.returncode == 0, done.stderr
        assert (" · emulated device · " in done.stderr) == (name == "cuda"), done.stderr
    with xr.open_dataset(tmp_path / "cpu.nc") as one, xr.open_dataset(tmp_path / "cuda.nc") as other:
        assert one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False))
        assert one.attrs["config_digest"] == other.attrs["config_digest"]


def test_a_plan_is_the_same_for_all_backends(technopole, sweep):
    digests = set()
    for changes in (("cpu", {}), ("cuda", {"TECHNOPOLE_DEVICE": "emulated"})):
        done = technopole("plan", sweep, "--json", "--backend", changes[0], **changes[1])
        assert done.returncode == 0, done.stderr
        digests.add(json.loads(done.stdout)["digest"])
    assert len(digests) == 1
