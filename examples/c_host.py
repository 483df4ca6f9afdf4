"""A host in C drives technopole: a function pointer, a handle and the arrays of the regions are all it gets.

Its loop is done through ctypes and, where a C compiler (``cc``) is at hand, by a host that is compiled and loaded. Both
times the result is that of the same loop in Python, to the last bit.

Usage: python examples/c_host.py
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import technopole as tp
from technopole.capi import HEADER, CModel

PERIODS, RATE = 40, 1.01

HOST = (
    HEADER
    + """
/* Raise wages after each period; returns 0, or the status with which the model stopped. */
int64_t host(technopole_advance advance, technopole_resume resume, void *model, int64_t *clock, int64_t periods,
             double *wage, int64_t regions, double rate)
{
    while (*clock < periods) {
        int64_t status = advance(model, *clock + 1);
        if (status != TECHNOPOLE_DONE) {
            if (resume(status) != 0)
                return status;
            continue;
        }
        for (int64_t r = 0; r < regions; r++)
            wage[r] *= rate;
    }
    return TECHNOPOLE_DONE;
}
"""
)


def run_in_c(model: CModel, compiler: str) -> int:
    """Compile the host and let it run."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "host.c"), Path(folder, "host.so")
        source.write_text(HOST, encoding="utf-8")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        host = ctypes.CDLL(str(library)).host
        host.restype = ctypes.c_int64
        regions = len(model.model.region_ids)
        return host(
            model.advance,
            model.resume,
            ctypes.c_void_p(model.handle),
            model.clock,
            ctypes.c_int64(PERIODS),
            model.pointer("wage"),
            ctypes.c_int64(regions),
            ctypes.c_double(RATE),
        )


def run_through_ctypes(model: CModel) -> int:
    """Do the same without a compiler: each call goes through the function pointer."""
    clock, wage = model.clock, model.pointer("wage")
    while clock[0] < PERIODS:
        status = model.advance(model.handle, clock[0] + 1)
        if status != 0:
            if model.resume(status) != 0:
                return status
            continue
        for r in range(len(model.model.region_ids)):
            wage[r] *= RATE
    return 0


def main() -> None:
    """Run the host and compare with Python."""
    scenario = Path(__file__).resolve().parents[1] / "configs/scenarios/two-regions.toml"
    config = tp.Config.from_toml(scenario, {"capacity.slack": 0.0})
    expected = tp.Model(config)
    for _ in range(PERIODS):
        expected.step()
        expected["wage"] *= RATE
    compiler = shutil.which("cc") or shutil.which("gcc")
    hosts = {"ctypes": run_through_ctypes}
    if compiler:
        hosts["C"] = lambda model: run_in_c(model, compiler)
    for name, run in hosts.items():
        model = CModel(tp.Model(config))
        status = run(model)
        if status != 0:
            raise SystemExit(f"the model stopped with status {status}: {model.error}")
        same = all(np.array_equal(model.model[one], expected[one], equal_nan=True) for one in expected.names)
        print(
            f"{name}: {model.model.time} periods, {model.model.n_firms} firms, same bits as in Python: {same}"
        )
        if not same:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
