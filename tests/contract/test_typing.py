"""Types as a user sees them: mypy checks a strict program against the installed packages and finds its mistakes."""

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".mypy_cache" / "outside"

RIGHT = """
from pathlib import Path

import numpy as np
import technopole as tp
import xarray as xr
from technopole_kernels.period import step
from typing_extensions import assert_type

config = tp.Config.from_toml("two-regions.toml").replace({"learning.technology": 0.2})
assert_type(config, tp.Config)
ds = tp.run(config, replicates=2, seed=7, periods=5, threads=1)
assert_type(ds, xr.Dataset)
assert_type(tp.run(Path("two-regions.toml")), xr.Dataset)

model = tp.Model(config, seed=7, replicate=1)
model["workforce"][:] *= 1.02
model.step(3)
model.step()
model.set_policy("rd_subsidy", np.full((1, 1, 1), 0.1))
model.set_policy("rd_subsidy", xr.DataArray(0.1))
snapshot = model.snapshot()
assert_type(snapshot, tp.Snapshot)
model.restore(snapshot)
assert_type(model.n_firms, int)
assert_type(model.region_ids, list[str])
model.record("employment").sum()
step(1, 2, 3)

report = tp.experiment("sweep.toml", to=Path("out.zarr"), executor="threads", overwrite=True)
assert_type(report.done, int)
assert_type(report.complete, bool)
store = tp.open("out.zarr")
assert_type(store, xr.Dataset)
assert_type(tp.compare(store, outcome=["growth"], baseline={"learning.far": 0.1}), xr.Dataset)
assert_type(tp.compare("out.zarr"), xr.Dataset)

assert_type(tp.indicators.krugman_specialisation(ds.employment), xr.DataArray)
assert_type(tp.indicators.theil(ds["wage"], weights=ds["workforce"]), xr.DataArray)
by_name = ds.tp.krugman_specialisation("employment")
all_of_them = ds.tp.indicators()

tp.write(ds, "out.nc", overwrite=True)
tp.summarise(ds)
try:
    tp.run("x.toml")
except tp.ConfigError as failure:
    raise SystemExit(failure.exit_code) from failure
"""

WRONG = {
    'tp.run("x.toml", replicates="many")': "arg-type",
    'tp.run("x.toml", replicate=3)': "call-arg",
    "tp.run(3)": "arg-type",
    "tp.simulate()": "attr-defined",
    "tp.Config.from_toml(7)": "arg-type",
    "tp.Config.from_file('x.toml')": "attr-defined",
    'tp.Model("x.toml").step("2")': "arg-type",
    'tp.Model("x.toml").steps(2)': "attr-defined",
    'tp.Model("x.toml").restore(3)': "arg-type",
    'tp.Model("x.toml").set_policy("rd_subsidy")': "call-arg",
    'tp.experiment("x.toml")': "call-arg",
    'tp.experiment("x.toml", to="y.zarr").path + 1': "operator",
    'tp.compare("x.zarr", confidence="high")': "arg-type",
    "tp.indicators.theil(3.0)": "arg-type",
    "tp.indicators.theils": "attr-defined",
    'count: int = tp.run("x.toml")': "assignment",
}
"""Program → code of the mistake."""


def checked(folder, *files):
    """Return what mypy says: in a folder that has no settings and does not see the sources."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={CACHE}", *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    pytest.importorskip("mypy")
    try:
        importlib.metadata.version("technopole")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("technopole is not installed")
    folder = tmp_path_factory.mktemp("user")
    (folder / "right.py").write_text(RIGHT, "utf-8")
    (folder / "wrong.py").write_text("\n".join(["import technopole as tp", *WRONG]) + "\n", "utf-8")
    return checked(folder, "right.py", "wrong.py").stdout


def test_right_use_passes_strict_checks(said):
    assert [line for line in said.splitlines() if line.startswith("right.py")] == []
    assert re.search(r"^Found \d+ errors? in 1 file \(checked 2 source files\)$", said, re.MULTILINE), said


@pytest.mark.parametrize("program", WRONG)
def test_wrong_use_is_found(said, program):
    line = 2 + list(WRONG).index(program)
    found = re.findall(rf"^wrong\.py:{line}: error: .*\[([\w-]+)\]$", said, re.MULTILINE)
    assert WRONG[program] in found, said


def test_wheel_says_that_it_is_typed(tmp_path):
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"technopole/py.typed", "technopole_kernels/py.typed"} <= set(names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "technopole",
        "technopole_kernels",
    }
