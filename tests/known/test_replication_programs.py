"""The replications as programs, and their pages: how a reader meets them."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

import eurace_skills
import nelson_phelps
from published import Row, print_rows

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "examples" / "replications"
PAGES = ROOT / "docs" / "replications"
HELPERS = {"published", "followers"}
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem not in HELPERS)
SECTIONS = (
    "1. Purpose",
    "2. Entities",
    "3. Process",
    "5. Initialisation",
    "6. Input",
    "7. Submodels",
    "Deviations",
)


def call(environment, name, *arguments):
    command = [sys.executable, str(PROGRAMS / f"{name}.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_there_is_one_for_each_model():
    assert len(NAMES) == 6


def test_a_program_prints_its_table_and_draws(environment, tmp_path):
    done = call(environment, "eurace_skills", "--figure", str(tmp_path / "figure.png"))
    assert done.returncode == 0, done.stderr
    assert "half-life, months" in done.stdout and "NO" not in done.stdout
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_one_replicate_has_no_standard_error(environment):
    done = call(environment, "nelson_winter", "--replicates", "1")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "--replicates: found 1; allowed: at least 2, for a standard error"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_differs(name):
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert [section for section in SECTIONS if f"**{section}" not in page] == []
    assert f"python examples/replications/{name}.py" in page and "Delta-ODD" in page
    image = ROOT / "docs" / "images" / f"replication_{name}.png"
    assert f"../images/{image.name}" in page
    assert 5_000 < image.stat().st_size <= 100_000
    assert f"({name}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [eurace_skills, nelson_phelps], ids=lambda module: module.__name__)
def test_a_page_shows_what_the_program_prints(module):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_rows(module.compare()[0])
    page = (PAGES / f"{module.__name__}.md").read_text(encoding="utf-8")
    # the last digits of a rounding error are those of a processor's linear algebra, not of the model
    lines = [line for line in printed.getvalue().splitlines() if "e-1" not in line]
    assert len(lines) >= 8
    assert [line for line in lines if line not in page] == []


@pytest.mark.parametrize(
    ("row", "within"),
    [
        (Row("number", 1.0, 1.2, error=0.1), True),
        (Row("number", 1.0, 1.4, error=0.1), False),
        (Row("both random", 1.0, 1.4, error=0.1, published_error=0.1), True),
        (Row("exact", 1.0, 1.0 + 1e-9), False),
        (Row("exact", 1.0, 1.0 + 1e-9, tolerance=1e-8), True),
        (Row("range", 1.4, low=0.7, high=1.3), False),
        (Row("range", 1.2, low=0.7, high=1.3), True),
        (Row("pattern", 0.4, error=0.1, pattern="more"), True),
        (Row("pattern", 0.2, error=0.1, pattern="more"), False),
    ],
)
def test_what_is_within(row, within):
    assert row.within is within
    assert row.cells[-1] == ("yes" if within else "NO")
