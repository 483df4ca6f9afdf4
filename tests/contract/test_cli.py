"""The command line: what it prints, what it writes, how it ends."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from technopole.schema import ENTRIES, VARIABLES
from technopole.simulation.progress import PlainLines, Progress, duration, progress_line

QUICK = ("--periods", "3", "--replicates", "2", "--no-figures")


def lines(text):
    return text.strip().splitlines()


# ------------------------------------------------------------------------------------------------------ runs


def test_run_writes_results_and_figures_and_says_where(technopole, two_regions, tmp_path):
    pytest.importorskip("matplotlib")
    done = technopole("run", two_regions, "--periods", 3, "--replicates", 3, "--threads", 2, "--seed", 5)
    assert done.returncode == 0, done.stderr
    first, *_ = messages = lines(done.stderr)
    assert re.match(r"technopole \d+\.\d+\.\d+ · two-regions: 2 regions × 3 sectors, 60 firms · ", first)
    assert first.endswith(" · 3 replicates × 3 periods · 2 threads (as asked for) · seed 5")
    assert "results: runs/two-regions.zarr" in messages
    assert any(line.startswith("figures: runs/two-regions-figures: map.png, ") for line in messages)
    assert (tmp_path / "runs" / "two-regions-figures" / "entry_exit.png").stat().st_size > 10_000
    results = xr.open_zarr(tmp_path / "runs" / "two-regions.zarr")
    assert dict(results.sizes) == {"replicate": 3, "time": 3, "region": 2, "sector": 3, "size_class": 41}
    assert results.attrs["seed"] == 5
    rows = lines(done.stdout)
    assert rows[0].startswith("At the end of period 3 (") and "95 % interval" in rows[2]
    firms = re.match(r"firms +([\d.,]+) +([\d.,]+) to ([\d.,]+)$", rows[4])
    mean = float(results["firms"].isel(time=-1).sum(("region", "sector")).mean())
    assert float(firms[1]) == pytest.approx(mean, abs=0.06)


def test_second_run_needs_permission(technopole, two_regions, tmp_path):
    assert technopole("run", two_regions, *QUICK).returncode == 0
    refused = technopole("run", two_regions, *QUICK, "--seed", 2)
    assert refused.returncode == 2 and "--overwrite" in refused.stderr and refused.stdout == ""
    assert len(lines(refused.stderr)) == 1  # before anything is computed
    assert xr.open_zarr(tmp_path / "runs" / "two-regions.zarr").attrs["seed"] == 1
    assert technopole("run", two_regions, *QUICK, "--seed", 2, "--overwrite").returncode == 0
    assert xr.open_zarr(tmp_path / "runs" / "two-regions.zarr").attrs["seed"] == 2


def test_figures_go_beside_the_results_and_show_nothing_else(technopole, two_regions, tmp_path):
    done = technopole("run", two_regions, "--periods", 2, "--replicates", 2, "--out", "deep/other.zarr")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "deep" / "other-figures"
    assert (folder / "map.png").exists() and not (tmp_path / "runs").exists()
    (folder / "mine.png").touch()
    one = tmp_path / "one.toml"
    one.write_text(
        '[[regions]]\nid = "a"\nx = 0.0\ny = 0.0\n[[sectors]]\nid = "s"\n'
        '[[cells]]\nregion = "a"\nsector = "s"\nfirms = 9\n',
        encoding="utf-8",
    )
    given = ("--periods", 2, "--replicates", 2, "--out", "deep/other.zarr")
    assert technopole("run", one, *given, "--overwrite").returncode == 0
    assert (folder / "mine.png").exists() and not (folder / "map.png").exists()
    both = technopole("run", one, *given, "--overwrite", "--figures", "f", "--no-figures")
    assert both.returncode == 2 and "--figures and --no-figures contradict each other" in both.stderr
    inside = technopole("run", one, *given, "--overwrite", "--figures", "deep/other.zarr/inside")
    assert inside.returncode == 2 and "lies in a store of results" in inside.stderr


def test_figures_that_are_there_need_permission(technopole, two_regions, tmp_path):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "map.png").write_bytes(b"mine")
    done = technopole("run", two_regions, "--figures", folder)
    assert done.returncode == 2 and "map.png: is there already" in done.stderr
    assert (folder / "map.png").read_bytes() == b"mine" and os.listdir(tmp_path) == ["pictures"]


def test_quiet_run_says_nothing(technopole, two_regions, tmp_path):
    done = technopole("run", two_regions, *QUICK, "--quiet", "--out", tmp_path / "a.nc")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert os.listdir(tmp_path) == ["a.nc"]


def test_set_changes_a_key(technopole, two_regions, tmp_path):
    changes = ("--set", "learning.technology=0", "--set", "learning.rule=barter")
    done = technopole("run", two_regions, *QUICK, *changes, "--out", tmp_path / "a.zarr")
    assert done.returncode == 0, done.stderr
    config = xr.open_zarr(tmp_path / "a.zarr").attrs["config"]
    assert "technology = 0.0\n" in config and 'rule = "barter"\n' in config


def test_name_of_the_scenario_is_a_safe_file_name(technopole, two_regions, tmp_path):
    done = technopole("run", two_regions, *QUICK, "--set", 'scenario.name="../a b/c"')
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "runs") == ["-a-b-c.zarr"]


def test_module_runs_without_an_installed_command(technopole):
    done = technopole("--version")
    assert done.returncode == 0 and re.fullmatch(r"technopole \d+\.\d+\.\d+\n", done.stdout)


# ------------------------------------------------------------------------------------------------- bad input


@pytest.fixture
def broken(tmp_path):
    """Files that are no configuration, by name."""
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "syntax.toml").write_text("[time\nperiods = 3\n")
    (tmp_path / "key.toml").write_text("[learning]\ntecnology = 0.1\n")
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.toml"], "missing.toml: no such file"),
        (["run", "folder"], "folder: is a folder"),
        (["run", "binary.toml"], "not a text file"),
        (["run", "syntax.toml"], "syntax.toml: line 1, column"),
        (["run", "key.toml"], 'learning.tecnology: unknown key; did you mean "technology"?'),
        (["run", "empty.toml"], "regions: none given"),
        (["run", "GOOD", "--set", "nonsense"], "allowed: group.name=value"),
        (["run", "GOOD", "--set", "learning.far=2"], "learning.far: found 2; allowed: a number from 0 to 1"),
        (["run", "GOOD", "--set", "learning.far=[1"], "not valid TOML"),
        (["run", "GOOD", "--periods", "0"], "a run needs at least 1 period"),
        (["run", "GOOD", "--replicates", "0"], "error: --replicates: run.replicates: found 0"),
        (["run", "GOOD", "--replicates", "many"], "--replicates"),
        (["run", "GOOD", "--threads", "-1"], "error: --threads: run.threads: found -1"),
        (["run", "GOOD", "--set", "learnin.far=0.2"], "error: --set (override): learnin: unknown key"),
        (["run", "GOOD", "--data", "nowhere"], '--data: found nowhere, but data.kind is "embedded"'),
        (["check", "GOOD", "--data", "folder"], "two-regions.toml lists regions"),
        (["run", "GOOD", "--seed", "-3"], "run.seed: found -3"),
        (["run", "GOOD", "--replicates", "4000000000"], "are available"),
        (["run", "GOOD", "--out", "results.csv"], "allowed: .zarr"),
        (["run", "GOOD", "--out", "file/results.zarr"], "is not a folder"),
        (["run", "GOOD", "--out", "/proc/results.zarr"], "cannot be written"),
        (["run", "GOOD", "--figures", "file"], "is not a folder"),
        (["run", "GOOD", "--no-such-option"], "--no-such-option"),
        (["run"], "CONFIG"),
        (["no-such-command"], "no-such-command"),
        (["check", "key.toml"], "unknown key"),
        (["describe", "missing.toml"], "no such file"),
        (["run", "METROS"], "--data DIR"),
        (["run", "METROS", "--data", "nowhere"], "does not exist"),
        (["check", "METROS", "--data", "folder"], ""),
    ],
)
def test_bad_input_is_told_with_exit_code_2(technopole, broken, two_regions, arguments, message):
    places = {"GOOD": two_regions, "METROS": two_regions.parent / "us-metros.toml"}
    arguments = [places.get(argument, argument) for argument in arguments]
    before = sorted(os.listdir(broken))
    done = technopole(*arguments, TECHNOPOLE_DATA="")
    assert done.returncode == 2, done.stderr
    assert message.lower() in done.stderr.lower() and "Traceback" not in done.stderr
    assert done.stdout == "" and sorted(os.listdir(broken)) == before


def test_failure_of_the_model_is_exit_code_1(technopole, two_regions, tmp_path):
    fixed = ("--set", "capacity.fixed=true", "--set", "capacity.slack=0")
    done = technopole("run", two_regions, *fixed, "--no-figures", "--periods", 100)
    assert done.returncode == 1
    assert lines(done.stderr)[-1].startswith("error: replicate ") and not os.listdir(tmp_path)


def test_surprise_is_one_line_and_debug_shows_where(environment, two_regions, tmp_path):
    program = (
        "import sys, technopole.cli.commands_run as commands, technopole.cli as cli\n"
        "def surprise(options): raise RuntimeError('made up')\n"
        "commands.run = surprise\n"
        "sys.argv = ['technopole', 'run', 'x.toml', *sys.argv[1:]]\n"
        "cli.main()\n"
    )
    plain, debug = (
        subprocess.run(
            [sys.executable, "-c", program, *more],
            env=environment,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        for more in ((), ("--debug",))
    )
    assert (plain.returncode, debug.returncode) == (1, 1)
    assert lines(plain.stderr) == [
        "error: unexpected RuntimeError: made up",
        "run with --debug for the traceback",
    ]
    assert (
        "Traceback" in debug.stderr and lines(debug.stderr)[-1] == "error: unexpected RuntimeError: made up"
    )


# ---------------------------------------------------------------------------------------------- interruption


@contextlib.contextmanager
def started(environment, folder, *arguments, **changes):
    with subprocess.Popen(
        [sys.executable, "-m", "technopole", *map(str, arguments)],
        cwd=folder,
        env={**environment, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_run_within_a_second_or_so(environment, two_regions, tmp_path, number):
    still = ("labour.growth", "market.demand_growth", "market.demand_growth_high_tech")
    still += (
        "innovation.rate",
        "innovation.rate_high_tech",
    )  # what grows for ever would overflow before the signal
    steady = [word for key in still for word in ("--set", f"{key}=0")]
    steady += ["--set", "output.stride=1000000", "--periods", 1_000_000]
    with started(environment, tmp_path, "run", two_regions, *steady, "--replicates", 4) as process:
        assert process.stderr.readline().startswith("technopole ")
        time.sleep(1.0)
        begin = time.monotonic()
        process.send_signal(number)
        printed, errors = process.communicate(timeout=60)
        assert time.monotonic() - begin < 3.0
    assert process.returncode == 1 and printed == ""
    name = signal.Signals(number).name
    assert lines(errors)[-1] == f"stopped by {name}: 0 of 4 replicates finished; nothing was written"
    assert os.listdir(tmp_path) == []


def test_signal_ends_compilation(environment, two_regions, tmp_path):
    cold = str(tmp_path / "cache")
    with started(environment, tmp_path, "run", two_regions, TECHNOPOLE_CACHE=cold) as process:
        first, second = process.stderr.readline(), process.stderr.readline()
        assert first.startswith("technopole ")
        assert re.match(r"compiling the kernels .* \(about \d+ s, once\)", second)
        time.sleep(0.5)
        begin = time.monotonic()
        process.terminate()
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - begin < 5.0
    assert process.returncode == 1 and lines(errors)[-1] == "stopped by SIGTERM: nothing was written"
    assert os.listdir(tmp_path) == ["cache"]


def test_reader_that_has_enough_is_no_error(environment, two_regions, tmp_path):
    command = f"{sys.executable} -m technopole describe {two_regions} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("\n0\n") and done.stderr == ""


def shell(environment, folder, text):
    """Run a line of the shell; `technopole` in it is the command. Returns what it printed, and what it complained."""
    command = f'technopole() {{ {sys.executable} -m technopole "$@"; }}; {text}'
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("arguments", ["--help", "--version", "run --help", "schema"])
def test_full_device_is_a_sentence_and_an_error(environment, tmp_path, arguments):
    printed, errors = shell(environment, tmp_path, f"technopole {arguments} > /dev/full; echo $?")
    assert printed == "1\n"
    assert errors == "error: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "where", ["| true; echo ${PIPESTATUS[0]}", ">&- 2>&-; echo $?", "2> /dev/full; echo $?"]
)
@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("schema --sweep", 0), ("nonsense", 2)])
def test_what_nobody_reads_is_no_error(environment, tmp_path, where, arguments, code):
    printed, errors = shell(environment, tmp_path, f"technopole {arguments} {where}")
    assert printed.endswith(f"{code}\n") and "Traceback" not in errors and "Errno" not in errors


def test_run_is_not_lost_with_its_readers(environment, two_regions, tmp_path):
    run = f"technopole run {two_regions} --periods 3 --replicates 2 --out run.zarr"
    printed, errors = shell(environment, tmp_path, f"{run} 2>&1 | true; echo ${{PIPESTATUS[0]}}")
    assert (printed, errors) == ("0\n", "")
    assert {"run.zarr", "run-figures"} == set(os.listdir(tmp_path))


# -------------------------------------------------------------------------------------------- other commands


def test_check_says_what_a_run_takes(technopole, two_regions, tmp_path):
    done = technopole("check", two_regions)
    assert done.returncode == 0 and done.stderr == "" and not os.listdir(tmp_path)
    first, second, third = lines(done.stdout)
    assert "60 firms" in first and re.fullmatch(r"memory: .* for worlds, .* for results", second)
    assert third == f"{two_regions}: valid"


def test_check_gives_one_verdict(technopole, two_regions):
    done = technopole("check", two_regions, "--set", "run.replicates=4000000000")
    assert done.returncode == 2 and "valid" not in done.stdout
    assert done.stderr.startswith("error: the run needs about ")


def test_schema_is_json_schema(technopole):
    schema = json.loads(technopole("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/") and "regions" in schema["properties"]


def test_schema_lists_all_variables(technopole):
    rows = lines(technopole("schema", "--variables").stdout)
    assert [row.split()[0] for row in rows[2:]] == list(VARIABLES)


def test_describe_lists_all_parameters(technopole, two_regions):
    rows = lines(technopole("describe", two_regions, "--set", "learning.far=0.25").stdout)
    assert rows[0].split() == ["parameter", "value", "unit", "range", "source"]
    assert [row.split()[0] for row in rows[2:]] == list(ENTRIES)
    assert next(row.split()[1] for row in rows if row.startswith("learning.far ")) == "0.25"


def test_help_names_the_options(technopole):
    text = technopole("run", "--help").stdout
    options = (
        "--replicates",
        "--seed",
        "--periods",
        "--threads",
        "--set",
        "--data",
        "--out",
        "--figures",
        "--quiet",
    )
    assert all(option in text for option in options)


@pytest.mark.slow
def test_warmup_compiles_once_and_for_all(technopole, two_regions, tmp_path):
    cold = {"TECHNOPOLE_CACHE": str(tmp_path / "cache")}
    first = technopole("warmup", **cold)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("compiled in ") and str(tmp_path / "cache") in first.stdout
    files = sorted((tmp_path / "cache").rglob("*.nbc"))
    second = technopole("warmup", **cold)
    assert second.stdout.startswith("loaded in ") and second.stderr == ""
    scenario = two_regions.parent / "us-states.toml"
    done = technopole("run", scenario, *QUICK, **cold)
    assert done.returncode == 0 and "compiling" not in done.stderr
    assert sorted((tmp_path / "cache").rglob("*.nbc")) == files


# -------------------------------------------------------------------------------------------------- progress


class Paper:
    """A stream that keeps lines."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_plain_line_every_half_minute():
    paper, now = Paper(), [0.0]
    show = PlainLines(paper, clock=lambda: now[0])
    for second in range(0, 100, 5):
        now[0] = float(second)
        show(Progress(second // 20, 8, second * 4, 480))
    assert lines(paper.text) == [
        "1 of 8 replicates, 25%, about 90 s left",
        "3 of 8 replicates, 50%, about 60 s left",
        "4 of 8 replicates, 75%, about 30 s left",
    ]


def test_progress_at_its_ends():
    assert progress_line(Progress(0, 8, 0, 480), 1.0) == "0 of 8 replicates, 0%"
    assert progress_line(Progress(8, 8, 480, 480), 9.0) == "8 of 8 replicates, 100%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.34, "0.3 s"), (9.99, "10 s"), (119.4, "119 s"), (150, "2 min 30 s"), (7300, "2 h 01 min")],
)
def test_time_for_people(seconds, text):
    assert duration(seconds) == text


def test_bar_on_a_terminal(environment, two_regions, tmp_path):
    pty = pytest.importorskip("pty")
    own, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "technopole", "run", str(two_regions), "--no-figures", "--periods", "300"],
        cwd=tmp_path,
        env={**environment, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=other,
    )
    os.close(other)
    shown = b""
    try:
        while part := os.read(own, 65536):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(own)
    assert process.wait(30) == 0
    assert b"replicates" in shown and b"\x1b[" in shown and b"results: runs/two-regions.zarr" in shown
