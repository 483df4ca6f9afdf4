"""What all tests share: where the data are, how the command is called, small worlds to run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "configs" / "scenarios"
DATA = "TECHNOPOLE_DATA"

# the same examples in every run: a failure in CI is a failure at the desk
settings.register_profile("technopole", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("technopole")


def pytest_addoption(parser):
    parser.addoption(
        "--data", metavar="DIR", help=f"folder of public statistics, in place of the variable {DATA}"
    )


def pytest_configure(config):
    folder = config.getoption("--data")
    if folder:
        # a variable, so that tests see it while they are collected and in other processes
        os.environ[DATA] = str(Path(folder).resolve())


def pytest_report_header(config):
    return f"data: {os.environ.get(DATA) or 'none (tests of real data are skipped)'}"


@pytest.fixture(scope="session")
def data_folder():
    """Folder of public statistics; without it the test is skipped."""
    folder = Path(os.environ.get(DATA, "") or "/nonexistent")
    if not folder.is_dir():
        pytest.skip(f"needs the folder of public statistics: pytest --data DIR, or {DATA} (see docs/DATA.md)")
    return folder


@pytest.fixture(scope="session")
def two_regions():
    """The smallest scenario: 2 regions, 3 sectors, 60 firms."""
    return SCENARIOS / "two-regions.toml"


@pytest.fixture(scope="session")
def environment():
    """Environment in which another process finds technopole, installed or not."""
    path = os.pathsep.join([str(ROOT / "engine"), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONWARNINGS": "error", "NO_COLOR": "1"}


@pytest.fixture
def technopole(environment, tmp_path):
    """Call the command in an empty folder; returns the finished process."""

    def call(*arguments, **changes):
        return subprocess.run(
            [sys.executable, "-m", "technopole", *map(str, arguments)],
            cwd=tmp_path,
            env={**environment, **changes},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return call


@pytest.fixture
def undrawn(monkeypatch):
    """Pages without their charts' data and library: most of the time goes into these."""
    monkeypatch.setattr("technopole.reports.page.library", lambda: "")
    monkeypatch.setattr("technopole.reports.page._chart_json", lambda chart: {})


@pytest.fixture(scope="module")
def planned():
    """A small experiment of nine units, see `small_experiments`."""
    from small_experiments import nine_units

    return nine_units()


@pytest.fixture(scope="module")
def undisturbed(planned, tmp_path_factory):
    """Its store, run on one thread and without interruption."""
    from small_experiments import run_undisturbed

    return run_undisturbed(planned, tmp_path_factory.mktemp("undisturbed") / "a.zarr")
