"""netCDF files where there is no room, or somebody interrupts: an error like any other, and nothing half-written."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import technopole as tp
from technopole.files import netcdf
from technopole.files.write import write

PROGRAM = """
import resource, sys
import numpy as np
import xarray as xr
from technopole.errors import OutputError
from technopole.files.write import write
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    write(xr.Dataset({f"v{n}": ("x", np.arange(5000.0)) for n in range(4)}), sys.argv[1])
except OutputError as failure:
    print(failure)
"""


@pytest.fixture
def results():
    words = np.array(["a", "bb", "ccc"], dtype=object)
    arrays = {f"v{number}": (("time", "region"), np.random.rand(400, 3)) for number in range(8)}
    return xr.Dataset(arrays, coords={"region": words}, attrs={"config": "text " * 2000})


def test_any_write_may_fail(results, tmp_path, monkeypatch):
    path = write(results, tmp_path / "run.nc")
    before = path.read_bytes()
    real, left = os.pwrite, [0]

    def pwrite(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(netcdf.os, "pwrite", pwrite)
    number = 0
    while True:
        left[0] = number
        try:
            write(results, path, overwrite=True)
            break
        except tp.OutputError as failure:
            assert str(failure) == f"{path}: cannot be written: No space left on device"
        assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]
        number += 1
    assert number > 20
    with xr.open_dataset(path, engine="h5netcdf") as ds:
        assert ds.load().identical(results)


@pytest.mark.parametrize("room", [0, 1000, 50_000, 100_000, 10_000_000])
def test_a_process_without_room_ends_in_order(environment, tmp_path, room):
    pytest.importorskip("resource")
    path = tmp_path / "run.nc"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(room)], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    if room < 160_000:
        assert done.stdout == f"{path}: cannot be written: File too large\n" and os.listdir(tmp_path) == []
    else:
        assert done.stdout == "" and path.stat().st_size > 160_000


def test_an_interrupt_comes_after_the_write_that_it_meets(results, tmp_path, monkeypatch):
    real, calls = os.pwrite, []

    def pwrite(*arguments):
        calls.append(arguments)
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(netcdf.os, "pwrite", pwrite)
    with pytest.raises(KeyboardInterrupt):
        write(results, tmp_path / "run.nc")
    assert os.listdir(tmp_path) == []
