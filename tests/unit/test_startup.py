"""Starts: many at once, without a folder to write to, after an edit of the kernels; and nothing compiled twice."""

import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import technopole as tp
from technopole.basics.machine import Threads
from technopole.cli import commands_warmup, telling
from technopole.config.config import Config
from technopole.startup import compile_beside, warmup
from technopole_kernels import _jit
from worlds import economy

KERNELS = Path(_jit.__file__).resolve().parent

TINY = """
from technopole_kernels._jit import kernel
from technopole_kernels.helper import change

@kernel
def work(x):
    total = 0.0
    for i in range(x):
        total += change(i)
    return total
"""
HELPER = """
from technopole_kernels._jit import stage

@stage
def change(i):
    return i * 2.0
"""
PROGRAM = """
import os, sys, time
from numba.core import event
from technopole_kernels import _jit
from technopole_kernels.tiny import work
while len(sys.argv) > 1 and not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
with event.install_recorder("numba:compile") as record:
    value = work(4)
print(value, sum(not one.is_start and "work" in str(one.data["dispatcher"]) for _, one in record.buffer))
print(_jit.cache_directory())
"""
"""Wait for the signal to begin, work, and tell the result, the number of compilations, and the folder of the cache."""


@pytest.fixture
def package(tmp_path):
    """A package with the kernels' compiler and one small kernel."""
    folder = tmp_path / "sources" / "technopole_kernels"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "_exchange.py", "_jit.py", "_narrow.py", "_stages.py"):
        shutil.copy(KERNELS / name, folder)
    (folder / "tiny.py").write_text(TINY)
    (folder / "helper.py").write_text(HELPER)
    return folder


def start(package, *arguments, program=PROGRAM, **environment):
    """Start a process that finds the package.

    Without bytecode on disk: Python takes that of another text of the same size and second for the right one.
    """
    known = {
        key: value for key, value in os.environ.items() if not key.startswith(("TECHNOPOLE", "XDG", "PYTHON"))
    }
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={
            **known,
            "PYTHONPATH": str(package.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            **{key: str(value) for key, value in environment.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process):
    """Result, number of compilations and folder that a process tells."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    (value, compiled), place = out.splitlines()[0].split(), out.splitlines()[1]
    return float(value), int(compiled), place


def files(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_three_starts_at_once_leave_a_valid_cache(package, tmp_path):
    cache, begin = tmp_path / "cache", tmp_path / "begin"
    processes = [start(package, begin, TECHNOPOLE_CACHE=cache) for _ in range(3)]
    begin.touch()
    assert [told(process)[0] for process in processes] == [12.0] * 3
    assert len(files(cache)) == 1 and files(cache)[0].endswith(".nbc")
    value, compiled, place = told(start(package, TECHNOPOLE_CACHE=cache))
    assert (value, compiled) == (12.0, 0) and place.startswith(str(cache))


@pytest.mark.slow
def test_eight_first_starts_of_technopole_at_once(environment, tmp_path):
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "technopole", "warmup"]
    use = {**environment, "TECHNOPOLE_CACHE": str(cache)}
    processes = [
        subprocess.Popen(command, env=use, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for process in processes:
        out, err = process.communicate(timeout=3000)
        assert process.returncode == 0 and str(cache) in out, err
    assert files(cache) and all(name.endswith(".nbc") for name in files(cache))
    again = subprocess.run(command, env=use, capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.startswith("loaded in ")


def test_broken_files_of_the_cache_are_compiled_anew(package, tmp_path):
    told(start(package, TECHNOPOLE_CACHE=tmp_path / "cache"))
    file = next((tmp_path / "cache").rglob("*.nbc"))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert told(start(package, TECHNOPOLE_CACHE=tmp_path / "cache"))[:2] == (12.0, 1)
    assert told(start(package, TECHNOPOLE_CACHE=tmp_path / "cache"))[:2] == (12.0, 0)


def test_an_edit_of_a_called_function_is_never_served_old_code(package, tmp_path):
    cache = tmp_path / "cache"
    value, compiled, first = told(start(package, TECHNOPOLE_CACHE=cache))
    assert (value, compiled) == (12.0, 1)
    (package / "helper.py").write_text(HELPER.replace("2.0", "3.0"))
    value, compiled, second = told(start(package, TECHNOPOLE_CACHE=cache))
    assert (value, compiled) == (18.0, 1) and first != second
    (package / "helper.py").write_text(HELPER)
    assert told(start(package, TECHNOPOLE_CACHE=cache)) == (12.0, 0, first)


def test_what_an_interrupted_compilation_left_is_not_taken_for_all(monkeypatch, tmp_path):
    monkeypatch.setattr(_jit, "_DIRECTORY", tmp_path)
    for name in ("initial.initialise-0123", "host_check.check_state-float32-4567"):
        (tmp_path / f"technopole_kernels.{name}.nbc").touch()
    assert not _jit.has_compiled_code() and not _jit.has_compiled_code("float32")
    (tmp_path / f"{_jit._PERIOD}-89ab.part").touch()
    assert not _jit.has_compiled_code()
    (tmp_path / f"{_jit._PERIOD}-89ab.nbc").touch()
    assert _jit.has_compiled_code()


def test_the_file_of_the_period_is_known():
    from technopole_kernels.drive import drive

    warmup.compile_kernels()
    assert drive._cache._name == _jit._PERIOD and _jit.has_compiled_code()


def test_kernels_of_other_sources_can_be_removed(monkeypatch, tmp_path, capsys):
    mine = tmp_path / "numba1-python3" / "here" / "0123456789abcdef"
    elsewhere = mine.parents[1] / "there" / mine.name  # another processor, the same sources
    old = [mine.with_name("fedcba9876543210"), tmp_path / "numba0-python3" / "here" / "fedcba9876543210"]
    strangers = [mine.with_name("notes"), tmp_path / "x" / "y" / old[0].name]
    for folder in (mine, elsewhere, *old, *strangers):
        folder.mkdir(parents=True)
        (folder / "technopole_kernels.a.b-0.nbc").write_bytes(bytes(600))
        (folder / "grid-01-sm_80-8.0.ptx").write_bytes(bytes(400))
    (old[0] / "mine.txt").touch()
    monkeypatch.setattr(warmup, "cache_directory", lambda: mine)
    commands_warmup._prune()
    assert "2 kB in 2 folders" in capsys.readouterr().out
    kept = ["grid-01-sm_80-8.0.ptx", "technopole_kernels.a.b-0.nbc"]
    assert files(mine) == files(elsewhere) == kept and files(old[0]) == ["mine.txt"]
    assert not (tmp_path / "numba0-python3").exists()
    assert all(files(folder) == kept for folder in strangers)
    monkeypatch.setattr(warmup, "cache_directory", lambda: None)
    commands_warmup._prune()
    assert capsys.readouterr().out == "no kernels compiled from other sources to remove\n"


@pytest.mark.slow
def test_after_a_compilation_that_was_interrupted_the_next_start_compiles_and_can_be_interrupted(
    environment, tmp_path
):
    use = {**environment, "TECHNOPOLE_CACHE": str(tmp_path / "cache")}
    for _ in range(2):  # the second start finds what the first one left
        process = subprocess.Popen(
            [sys.executable, "-m", "technopole", "warmup"],
            env=use,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr.readline().startswith("compiling the kernels")
        # whatever small kernel is there before the period
        deadline = time.monotonic() + 120
        while not files(tmp_path / "cache") and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        begin = time.monotonic()
        _, err = process.communicate(timeout=100)
        assert process.returncode == 1 and "stopped by SIGTERM" in err
        assert time.monotonic() - begin < 10.0
        # as a helper leaves it that is done before the period is
        place = next((tmp_path / "cache").glob("*/*/*"))
        (place / "technopole_kernels.initial.initialise-0123.nbc").touch()


def test_a_home_that_cannot_be_written(package, tmp_path):
    file = tmp_path / "file"
    file.touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    value, _, place = told(start(package, HOME=file / "home", TMPDIR=temporary))
    assert value == 12.0 and place.startswith(str(temporary))
    assert told(start(package, HOME=file / "home", TMPDIR=temporary))[1] == 0


def test_no_folder_can_be_written(package):
    program = (
        "import os, pathlib\ndef refuse(*a, **k): raise PermissionError\npathlib.Path.mkdir = refuse\n"
        + PROGRAM
    )
    value, compiled, place = told(start(package, program=program, TECHNOPOLE_CACHE="/nowhere"))
    assert (value, compiled, place) == (12.0, 1, "None")


@pytest.mark.parametrize(
    ("place", "wanted", "often", "text"),
    [
        (None, "", "at every start", "no folder can be written; set TECHNOPOLE_CACHE"),
        (
            "/somewhere/else",
            "/wanted",
            "once",
            "TECHNOPOLE_CACHE=/wanted cannot be written; .* in /somewhere/else",
        ),
        ("/wanted/below", "/wanted", None, None),
        ("/home/one/.cache", "", None, None),
    ],
)
def test_where_kernels_are_kept_is_said_if_it_is_not_as_it_should_be(monkeypatch, place, wanted, often, text):
    monkeypatch.setattr(warmup, "cache_directory", lambda: Path(place) if place else None)
    monkeypatch.setattr(warmup, "compile_in_background", lambda precision: 1.0)
    monkeypatch.setenv("TECHNOPOLE_CACHE", wanted)
    said = []
    assert telling.compile_kernels(said.append, "float64") == "1.0 s"
    assert (often or "once") in said[0]
    assert len(said) == (1 if text is None else 2)
    if text is not None:
        assert re.search(text, said[1])


def test_nothing_is_compiled_for_another_configuration_size_or_number_of_threads():
    from numba.core import event

    run = {"periods": 2, "replicates": 2, "threads": 1}
    tp.run(Config.from_dict(economy(2, 2, 5)), **run)
    tp.Model(
        Config.from_dict(economy(2, 2, 5))
    ).step()  # the first model of a process makes its way into compiled code
    with event.install_recorder("numba:compile") as record:
        tp.run(Config.from_dict(economy(3, 1, 40)), **run)
        tp.run(Config.from_dict(economy(2, 3, 7)), **{**run, "threads": 2})
        policy = [{"instrument": "rd_subsidy", "value": 0.5, "regions": ["r1"], "start": 1}]
        tp.run(Config.from_dict(economy(2, 2, 5, policies=policy)), **run)
        changes = {
            "market.rule": "replicator",
            "reputation.standard": False,
            "sme.size": 7,
            "output.stride": 2,
        }
        tp.run(Config.from_dict(economy(2, 2, 5)).replace(changes), **run)
        tp.run(Config.from_dict(economy(2, 2, 5)).replace({"output.variables": ["wage", "market"]}), **run)
        made = Config.from_dict({"data": {"kind": "synthetic"}, "synthetic": {"firms": 60_000}})
        tp.run(made, periods=1, replicates=1, threads=2)
        model = tp.Model(Config.from_dict(economy(2, 2, 9)))
        model.step(2)
    assert [str(one.data["dispatcher"]) for _, one in record.buffer if one.is_start] == []


def test_the_run_says_why_it_uses_so_many_threads(technopole, two_regions, tmp_path):
    few = ("run", two_regions, "--no-figures", "--periods", 2)
    done = technopole(*few, "--out", tmp_path / "a.nc", SLURM_CPUS_PER_TASK="1")
    assert "1 thread (SLURM_CPUS_PER_TASK=1)" in done.stderr
    done = technopole(*few, "--threads", 3, "--out", tmp_path / "b.nc")
    assert "3 threads (as asked for)" in done.stderr
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        command = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
        if shutil.which("taskset"):
            command += [sys.executable, "-m", "technopole", *map(str, few), "--out", str(tmp_path / "c.nc")]
            path = os.pathsep.join(str(KERNELS.parents[1] / part) for part in ("engine", "kernels"))
            known = {
                key: value for key, value in os.environ.items() if "SLURM" not in key and "PBS" not in key
            }
            done = subprocess.run(command, capture_output=True, text=True, env={**known, "PYTHONPATH": path})
            assert f"(affinity: 1 of {os.cpu_count()} processors)" in done.stderr


def test_a_start_from_the_command_line_loads_no_scipy(environment):
    program = """
import sys
from technopole.config.quick_start import load_compiler_without_blas
load_compiler_without_blas()
from technopole.simulation.simulation import Simulation
from technopole.config.config import Config
from technopole.basics.machine import Threads
from technopole.startup.warmup import ECONOMY
Simulation(Config.from_dict(ECONOMY, "test"))
print([name for name in ("scipy", "zarr", "matplotlib", "dask") if name in sys.modules])
import scipy.linalg
"""
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def beside(*arguments, cache, **options):
    """Start another process of a compilation."""
    return subprocess.Popen(
        [sys.executable, "-c", compile_beside.PROGRAM, *arguments],
        env={**os.environ, "TECHNOPOLE_CACHE": str(cache)},
        stdin=subprocess.PIPE,
        **options,
    )


def test_another_process_ends_with_the_first_and_clears_away(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with beside("float64", str(folder), "0", cache=tmp_path / "cache") as process:
        process.stdin.close()
        assert process.wait(60) == 1
    assert files(tmp_path / "cache") == [] and not folder.exists()


@pytest.mark.parametrize(
    "compiled, place, processors, begun",
    [
        (False, "x", 2, 1),
        (False, "x", 3, 2),
        (False, "x", 64, 3),
        (True, "x", 2, 0),
        (False, None, 2, 0),
        (False, "x", 1, 0),
    ],
)
def test_other_processes_are_there_where_they_help(monkeypatch, compiled, place, processors, begun):
    started, ended = [], []

    class Process:
        stdin = io.BytesIO()

        def wait(self, timeout=None):
            ended.append(timeout)

        def kill(self):
            ended.append("killed")

    def start(precision, folder, number):
        assert Path(folder).is_dir()
        started.append((precision, number))
        return Process()

    monkeypatch.setattr(compile_beside, "has_compiled_code", lambda precision: compiled)
    monkeypatch.setattr(compile_beside, "cache_directory", lambda: place)
    monkeypatch.setattr(compile_beside, "available_processors", lambda: Threads(processors, "so said"))
    monkeypatch.setattr(compile_beside, "_start", start)
    with compile_beside.compiling_beside("float32") as (folder, processes):
        assert len(processes) == begun
    assert started == [("float32", number) for number in range(begun)]
    assert ended == [compile_beside.TOGETHER] * begun + ["killed", None] * begun
    assert not Path(folder).exists()
    ended.clear()
    with pytest.raises(KeyboardInterrupt), compile_beside.compiling_beside("float32"):
        raise KeyboardInterrupt
    assert ended == ["killed", None] * begun


def test_a_process_that_does_not_start_is_no_problem(monkeypatch):
    def refuse(precision, folder, number):
        raise OSError("no more processes")

    monkeypatch.setattr(compile_beside, "has_compiled_code", lambda precision: False)
    monkeypatch.setattr(compile_beside, "available_processors", lambda: Threads(2, "so said"))
    monkeypatch.setattr(compile_beside, "_start", refuse)
    with compile_beside.compiling_beside("float64") as (_, processes):
        assert processes == []
