"""Who may import whom, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import technopole

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "kernels" / "technopole_kernels"
ALLOWED_IN_KERNELS = {"numpy", "numba", "llvmlite", "technopole_kernels"}
HEAVY = (
    "numba",
    "xarray",
    "pandas",
    "matplotlib",
    "zarr",
    "scipy",
    "dask",
    "h5netcdf",
    "pydantic",
    "typer",
    "bokeh",
    "jinja2",
)


def imported(path):
    """Yield the top-level names of the packages a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", sorted(KERNELS.rglob("*.py")), ids=lambda path: path.stem)
def test_kernels_import_numpy_and_numba_only(path):
    foreign = set(imported(path)) - ALLOWED_IN_KERNELS - set(sys.stdlib_module_names)
    assert not foreign


def test_layers_hold(environment):
    pytest.importorskip("importlinter")
    program = (
        "import sys\n"
        "from importlinter.cli import lint_imports\n"
        f"sys.exit(lint_imports(config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True))\n"
    )
    # a process of its own: import-linter disables the loggers of everything imported before it
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_light_import_brings_nothing_heavy(environment):
    program = (
        "import sys, technopole\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
        "technopole.ConfigError, technopole.__version__\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n[]\n"


def test_drawing_is_imported_when_something_is_drawn(environment):
    program = "import sys, technopole; technopole.run, technopole.Model, technopole.report; print({'matplotlib', 'bokeh'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_only_public_names_are_listed():
    assert dir(technopole) == sorted(technopole.__all__)
    assert all(getattr(technopole, name) is not None for name in dir(technopole))


def test_make_run_installs_what_the_tutorial_needs():
    assert "install --editable '.[plot,netcdf,sensitivity,report]'" in (ROOT / "Makefile").read_text(
        encoding="utf-8"
    )


def test_import_is_quick(environment):
    program = "import time; t = time.perf_counter(); import technopole; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.6


def test_every_public_name_is_there():
    assert sorted(technopole.__all__) == technopole.__all__
    assert set(technopole.__all__) <= set(dir(technopole))
    for name in technopole.__all__:
        assert getattr(technopole, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'simulate'"):
        _ = technopole.simulate
