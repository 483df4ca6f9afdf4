"""The guard of the machine code sees kernels that get worse."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba.core import config

from technopole_kernels._jit import kernel, stage

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "bench/machine_code.py"
ON_X86_WITH_AVX2 = pytest.mark.skipif(
    config.CPU_NAME is not None or config.DISABLE_JIT or not get_host_cpu_features().get("avx2", False),
    reason="needs AVX2 and kernels compiled for this processor",
)


@pytest.fixture(scope="module")
def guard():
    specification = importlib.util.spec_from_file_location("machine_code", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@stage
def halve(values, i):
    """Do something that is not inlined."""
    values[i] = values[i] * 0.5


@kernel
def good(values, out):
    """A loop in vectors."""
    for i in range(values.size):
        out[i] = values[i] * 0.5 + 1.0


@kernel
def calling(values, out):
    """The same with a call in every turn."""
    for i in range(values.size):
        halve(values, i)
        out[i] = values[i] + 1.0


@kernel
def waiting(values, out):
    """The same, but a turn waits for the one before."""
    for i in range(1, values.size):
        out[i] = out[i - 1] * 0.5 + values[i]


def counts_of(guard, function):
    """Counts of a compiled function, whatever its name, as those of one stage."""
    function(np.ones(8), np.ones(8))
    found = guard.count_listing("".join(function.inspect_asm().values()))
    name = next(name for name in found if name.endswith(function.py_func.__name__))
    return {"stage": found[name]}


@ON_X86_WITH_AVX2
def test_worse_loops_are_found(guard):
    limits = counts_of(guard, good)
    assert limits["stage"]["wide"] > 0 and limits["stage"]["calls"] == 0
    assert guard.worse(limits, limits) == []
    assert any("calls in loops" in line for line in guard.worse(limits, counts_of(guard, calling)))
    assert any("vectors" in line for line in guard.worse(limits, counts_of(guard, waiting)))


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({}, False),
        ({"instructions": 120}, False),
        ({"instructions": 200}, True),
        ({"stack": 30}, True),
        ({"calls": 1}, True),
        ({"scalar": 20}, True),
        ({"wide": 39}, False),
        ({"wide": 10}, True),
    ],
)
def test_limits(guard, change, seen):
    limit = {"instructions": 100, "calls": 0, "stack": 4, "scalar": 2, "wide": 40}
    problems = guard.worse({"market.log_overhead": limit}, {"market.log_overhead": limit | change})
    assert bool(problems) == seen
    assert all(line.startswith("market.log_overhead: ") for line in problems)


def test_names_of_stages(guard):
    assert guard.stage_of("_ZN18technopole_kernels6market12log_overheadB2v1E") == "market.log_overhead"
    assert guard.stage_of("_ZN7cpython18technopole_kernels6market12log_overheadB2v1E") is None
    assert guard.stage_of("memset") is None


def test_hot_stages_have_limits(guard):
    limits = json.loads(guard.LIMITS.read_text())
    assert set(limits["levels"]) == set(guard.LEVELS)
    for stages in limits["levels"].values():
        hot = (
            "market.shock_demand",
            "meeting.draw_meetings",
            "innovation.draw_events",
            "accounts.settle_firms",
        )
        assert all(stages[name]["wide"] > 0 for name in hot)


@pytest.mark.slow
def test_kernels_are_within_their_limits():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_kernel_made_worse_is_found(tmp_path):
    shutil.copytree(ROOT / "kernels", tmp_path / "kernels")
    market = tmp_path / "kernels/technopole_kernels/market.py"
    text = market.read_text(encoding="utf-8")
    end = text.index("\n\n\n", text.index("def log_overhead("))
    # nothing of it in vectors: every turn waits for the one before
    slow = "\n    waiting = 0.0\n    for n in range(tile.end - tile.begin):\n"
    slow += "        waiting = waiting * 0.5 + 1.0 / (1.0 + waiting)\n" * 8
    slow += "        buffer[at.PRICE + n] += waiting"
    market.write_text(text[:end] + slow + text[end:], encoding="utf-8")
    command = [sys.executable, SCRIPT, "--level", "avx2", "--kernels", tmp_path / "kernels"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "worse: avx2: market.log_overhead" in done.stdout, (
        done.stdout + done.stderr
    )
