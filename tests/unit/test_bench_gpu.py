"""The script for a GPU, tried on the emulated device: what it compares, counts and writes."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

import gpu_equal
import gpu_floor
from conftest import ROOT
from devices import some_device
from technopole.config.config import Config
from technopole.world.build import make_blueprint
from technopole_kernels.grid.launches import PERIOD

SCRIPT = ROOT / "bench" / "gpu.py"


def test_without_a_gpu_nothing_is_measured(environment, tmp_path):
    out = tmp_path / "gpu.json"
    hidden = {**environment, "TECHNOPOLE_DEVICE": "", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, SCRIPT, "--quick", "--json", out]
    done = subprocess.run(command, env=hidden, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and done.stderr.startswith("nothing was measured: ") and not out.exists()


@pytest.mark.slow
def test_everything_quickly(environment, tmp_path):
    out = tmp_path / "gpu.json"
    command = [sys.executable, SCRIPT, "--quick", "--seed", "5", "--json", out]
    emulated = {**environment, "TECHNOPOLE_DEVICE": "emulated"}
    done = subprocess.run(command, env=emulated, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["emulated"] and found["equal"] == {"seed": 5, "cases": 3, "both_failed": 0, "different": []}
    assert set(found["launches"]["launches"]) == {launch.name for launch in PERIOD}
    assert found["large"]["firm_periods_per_second"] > 0 and len(found["ensemble"]) == 2
    assert all(
        row["equal"] for rows in (found["small"]["replicates"], found["small"]["firms"]) for row in rows
    )


def test_configurations_differ_and_are_compared(two_regions, monkeypatch):
    said, device = [], SimpleNamespace(block=128)
    with some_device("emulated", monkeypatch, make_blueprint(Config.from_toml(two_regions))) as emulated:
        found = gpu_equal.check_equality(device, 3, 2, said.append)
    assert emulated.launches and found["cases"] == 2 and not found["different"] and device.block == 128
    assert len(said) == 1 + found["both_failed"]
    # a device that counts wrongly is noticed
    monkeypatch.setattr(gpu_equal, "_outcome", lambda config, backend: backend)
    assert gpu_equal.differences(Config.from_toml(two_regions)) == ["messages: ['cpu', 'cuda']"]
    # so is one that fails where the processor does not
    results = {"cpu": object(), "cuda": "no more threads"}
    monkeypatch.setattr(gpu_equal, "_outcome", lambda config, backend: results[backend])
    assert gpu_equal.differences(Config.from_toml(two_regions)) == [
        "messages: ['no message', 'no more threads']"
    ]


def test_bytes_of_launches():
    counted = gpu_floor.count_bytes()
    moved = counted["bytes_by_launch"]
    assert {"sum_start", "learn", "research", "compete", "decide", "move"} <= set(moved)
    # age, identity and tie, the eight rows of the firms: moved from what they become
    assert moved["move"] >= 2 * 8 * 8 + 8 + 8 + 4 + 4 + 1 + 1
    assert "identity[0]" in counted["rows"]["learn"]["read"]
    assert "next[0]" in counted["rows"]["learn"]["written"]
    assert 400 < counted["bytes"] < 800
