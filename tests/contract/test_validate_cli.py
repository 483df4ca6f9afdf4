"""``technopole validate``: what it prints and writes, how it ends."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from technopole.cli.commands_validate import ValidateOptions, validate
from technopole.errors import TechnopoleError

QUICK = ("--periods", "12", "--replicates", "2", "--threads", "1")


def lines(text):
    return text.strip().splitlines()


def test_table_file_and_figure(technopole, two_regions, tmp_path):
    pytest.importorskip("matplotlib")
    done = technopole("validate", two_regions, *QUICK, "--seed", 5)
    assert done.returncode == 0, done.stderr
    messages = lines(done.stderr)
    assert re.match(
        r"technopole [\d.]+ · validation of two-regions: 60 firms · 2 replicates × 12 periods, ", messages[0]
    )
    assert "results: runs/two-regions-validation.zarr" in messages
    assert "figures: runs/two-regions-validation-figures: validation.png" in messages
    printed = lines(done.stdout)
    assert printed[0] == "Stylised facts: mean over 2 replicates, periods 7 to 12"
    assert any(
        re.match(r"entry rate \[year-1\] +0\.\d+ +.* 0\.05 to 0\.12 +(pass|FAIL)", row) for row in printed
    )
    assert any("50 firms in the tail" in row for row in printed)
    assert printed[-3].startswith("no --data: a folder of public statistics")
    assert re.fullmatch(
        r"\d+ of \d+ facts of the design, \d+ of \d+ facts of further literature", printed[-2]
    )
    passed, number = map(
        int, re.fullmatch(r"(\d+) of (\d+) facts within range(?: \(.*\))?", printed[-1]).groups()
    )
    result = xr.open_zarr(tmp_path / "runs" / "two-regions-validation.zarr")
    assert number == int((result["replicates_used"] > 0).sum()) and passed == int(result["passed"].sum())
    assert result.attrs["seed"] == 5 and result.attrs["kind"] == "validation"
    picture = tmp_path / "runs" / "two-regions-validation-figures" / "validation.png"
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_nothing_is_replaced_without_permission(technopole, two_regions, tmp_path):
    (tmp_path / "a.nc").write_bytes(b"mine")
    refused = technopole("validate", two_regions, *QUICK, "--out", "a.nc")
    assert (
        refused.returncode == 2
        and "a.nc: is there and is not a result" in refused.stderr
        and refused.stdout == ""
    )
    assert len(lines(refused.stderr)) == 1
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "validation_data.png").write_bytes(b"mine")
    refused = technopole("validate", two_regions, *QUICK, "--out", "b.nc", "--figures", "pictures")
    assert refused.returncode == 2 and "validation_data.png: is there already" in refused.stderr
    assert sorted(os.listdir(tmp_path)) == ["a.nc", "pictures"]
    assert (tmp_path / "a.nc").read_bytes() == b"mine"


def options(two_regions, tmp_path, **more):
    return ValidateOptions(
        two_regions, replicates=2, periods=12, threads=1, out=tmp_path / "a.zarr", no_figures=True, **more
    )


def test_strict_fails_after_all_is_written(two_regions, tmp_path, capsys):
    """Without closures and exits of small firms too few leave."""
    still = ("exit.closure=0", "exit.minimum=0")
    with pytest.raises(TechnopoleError, match="^--strict: outside of the range: .*exit") as failure:
        validate(options(two_regions, tmp_path, assignments=still, strict=True, quiet=True))
    assert failure.value.exit_code == 1 and capsys.readouterr() == ("", "")
    result = xr.open_zarr(tmp_path / "a.zarr")
    assert not result["passed"].sel(fact="exit") and float(result["estimate"].sel(fact="exit")) < 0.05
    # without --strict the same is no error, and what is there may be replaced
    validate(options(two_regions, tmp_path, assignments=still, overwrite=True))
    assert re.search(r"\d+ of \d+ facts within range( \(.*\))?\n$", capsys.readouterr().out)


def test_data_of_other_places(two_regions, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    validate(options(two_regions, tmp_path, data=tmp_path / "empty"))
    assert "nothing to compare" in lines(capsys.readouterr().out)[-3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.toml"], "missing.toml: no such file"),
        (["GOOD", "--no-such-option"], "--no-such-option"),
        (["GOOD", "--replicates", "1"], "--replicates: found 1; allowed: 2 or more"),
        (["GOOD", "--periods", "11"], "--periods: found 11; allowed: 12 or more"),
        (["GOOD", "--set", "learning.far=2"], "learning.far: found 2"),
        (["GOOD", "--data", "nowhere"], "nowhere: is not a folder"),
        (["GOOD", "--out", "a.csv"], "allowed: .zarr"),
        (["METROS"], "--data DIR"),
    ],
)
def test_bad_input_is_told_with_exit_code_2(technopole, two_regions, tmp_path, arguments, message):
    places = {"GOOD": two_regions, "METROS": two_regions.parent / "us-metros.toml"}
    done = technopole("validate", *(places.get(word, word) for word in arguments), TECHNOPOLE_DATA="")
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == "" and os.listdir(tmp_path) == []


def test_signal_leaves_nothing(environment, two_regions, tmp_path):
    arguments = ["validate", two_regions, "--replicates", "100000", "--threads", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "technopole", *map(str, arguments)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("technopole ")
            time.sleep(1.5)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=60)
            assert time.monotonic() - begin < 5.0
        finally:
            process.kill()
    assert process.returncode == 1 and printed == ""
    assert re.search(r"stopped by SIGINT: \d+ of 100,000 replicates finished; nothing was written\n$", errors)
    assert os.listdir(tmp_path) == []


def test_command_line_starts_without_heavy_imports(environment):
    program = (
        "import sys, technopole.cli; print([name for name in ('numba', 'xarray') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
