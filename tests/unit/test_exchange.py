"""Stages that processes compile side by side: each by one of them, the same bits whoever it is."""

import os
import subprocess
import sys

import pytest

from technopole_kernels._exchange import Exchange, StageCache, exchanging, key_of

HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

STAGES = """
import sys
from numba.core import types
from technopole_kernels._exchange import compile_jobs, exchanging
from technopole_kernels._jit import chain, kernel, stage

FACTOR = 3.0

@stage
def triple(x):
    for i in range(x.size):
        x[i] = FACTOR * x[i]

@chain
def add_up(x):
    triple(x)
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total

JOBS = [(add_up, (types.Array(types.float64, 1, "C"),))]
"""
COMPILE = STAGES + "compile_jobs(sys.argv[1], JOBS)"
USE = (
    STAGES
    + """
import numpy as np

@kernel
def use(x):
    return add_up(x)

with exchanging(sys.argv[1], JOBS, lambda: False):
    print(use(np.arange(5.0)), len(triple.overloads))
"""
)


def run(program, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**HERE, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_stage_that_another_process_has_compiled_is_linked(tmp_path):
    run(COMPILE, tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".begun", ".done"]
    assert run(USE, tmp_path) == ["30.0", "0"]  # triple came along, and was not compiled again


def test_a_stage_that_nobody_has_begun_with_is_compiled_here(tmp_path):
    assert run(USE, tmp_path) == ["30.0", "1"]


def test_what_another_process_began_and_did_not_end_is_compiled_here(tmp_path):
    run(COMPILE, tmp_path)
    next(tmp_path.glob("*.done")).unlink()
    assert run(USE, tmp_path) == ["30.0", "1"]


def test_a_stage_is_begun_once(tmp_path):
    mine, other = (Exchange(tmp_path, {"a"}, lambda: True) for _ in range(2))
    assert mine.begin("a") and not other.begin("a")
    assert mine.take("a", None) is None  # this process is at it
    assert other.take("b", None) is None and other.begin("b")  # not wanted: nothing is said about it


def test_what_is_begun_is_waited_for_while_others_work(tmp_path, monkeypatch):
    looks = []

    def others():
        looks.append(1)
        if len(looks) == 3:
            (tmp_path / "a.done").touch()
        return len(looks) < 10

    monkeypatch.setattr("technopole_kernels._exchange._found", lambda path, target: (path.name, target))
    (tmp_path / "a.begun").touch()
    assert Exchange(tmp_path, {"a"}, others).take("a", "cpu") == ("a.done", "cpu")
    assert len(looks) == 3


def test_an_exchange_ends_with_its_block(tmp_path):
    with pytest.raises(KeyboardInterrupt), exchanging(tmp_path, [], lambda: True):
        assert StageCache.exchange is not None
        raise KeyboardInterrupt
    assert StageCache.exchange is None


def test_keys_tell_types_apart():
    assert key_of("a", ("x",)) != key_of("a", ("y",)) != key_of("b", ("y",))


PERIOD = """
import sys
import technopole.startup.compile_beside as beside
from technopole.config.config import Config
from technopole.basics.machine import Threads
from technopole_kernels import _exchange, _jobs

taken = []
take = _exchange.Exchange.take

def noting(self, key, target):
    found = take(self, key, target)
    if key in self._wanted:
        taken.append((key, found is not None))
    return found

_exchange.Exchange.take = noting
beside.available_processors = lambda: Threads(int(sys.argv[1]), "so said")
config = Config.from_dict(beside.ECONOMY, "test").replace({"run.precision": sys.argv[2]})
with beside.compiling_beside(sys.argv[2]) as (folder, helpers):
    beside.compile_period(config, folder, helpers)
assert sorted(key for key, _ in taken) == sorted({key for key, _ in taken})
print(len(taken), sum(found for _, found in taken), len(_jobs.JOBS))

import hashlib
import technopole as tp
from worlds import economy
config = Config.from_dict(economy(firms=30), "test").replace({"run.precision": sys.argv[2]})
result = tp.run(config, replicates=2, seed=5)
print(hashlib.sha256(b"".join(result[name].values.tobytes() for name in sorted(result.data_vars))).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_period_compiled_by_three_processes_has_the_same_bits(tmp_path, precision):
    asked, taken, jobs, bits = run(PERIOD, 3, precision, TECHNOPOLE_CACHE=str(tmp_path))
    assert asked == jobs  # the types in the list are those of the period
    assert int(taken) > 5
    assert run(PERIOD, 1, precision, TECHNOPOLE_CACHE=str(tmp_path / "alone")) == ["0", "0", jobs, bits]
