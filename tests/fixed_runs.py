"""A tiny fixed economy, a large one, and five runs of them, for what must stay the same to the last bit.

All its numbers are made with whole numbers and exactly rounded operations, so that they do not depend on the versions
of NumPy and numba or on the processor.

As a program it writes the digests of the runs (``.json``), or all their arrays (``.npz``)::

    PYTHONPATH=engine:kernels:tests python -m fixed_runs tests/golden/states.json

The golden file is written anew only with a change that is meant to change results; say so in the changelog.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from worlds import Run, economy, plan, state_arrays

CASES = {
    "broadcast-proportional-ces": {},
    "barter-serial-replicator": {
        "learning.rule": "barter",
        "sharing.rule": "serial",
        "market.rule": "replicator",
    },
    "mean_field-equal-sales": {
        "learning.rule": "mean_field",
        "sharing.rule": "equal",
        "sharing.need": "sales",
        "reputation.standard": False,
    },
    "float32": {"run.precision": "float32"},
    "in memory": {},
}
PERIODS = {"in memory": 3}
"""Of a case; 20 if it is not here."""
TIMES = {"in memory": 800}
"""How many times as many firms a case has: so many that kernels ask for rows before they need them."""
FIRMS = ((40, 7, 0), (1, 15, 9), (60, 0, 3), (0, 0, 0))


def fixed_run(case):
    """Run one case, recorded."""
    content = economy(4, 3, FIRMS, spacing=120.0)
    content["suppliers"] = [{"sector": "s0", "from": {"s1": 0.5, "s2": 0.25, "s0": 0.25}}]
    content["policies"] = [
        {"instrument": "rd_subsidy", "value": 0.25, "regions": ["r1"], "start": 2, "end": 9},
        {"instrument": "demand_shock", "value": -0.125, "sectors": ["s2"], "start": 5, "end": 6},
    ]
    firms = np.array(FIRMS) * TIMES.get(case, 1)
    workers = 2.0 + (np.arange(firms.sum()) * 7919 % 97).astype(np.float64)
    blueprint = plan(content, {**CASES[case], "entry.startups": 0.125}, firms=firms, employment=workers)
    return Run(blueprint, seed=2024, replicate=7).advance(PERIODS.get(case, 20), record=True)


def fixed_arrays():
    """State and records of all cases by name."""
    found = {}
    for case in CASES:
        run = fixed_run(case)
        records = {
            f"records.{name}": getattr(run.records, name) for name in ("cells", "regions", "sectors", "sizes")
        }
        found |= {f"{case}.{name}": values for name, values in {**state_arrays(run.world), **records}.items()}
    return found


def digests(arrays):
    """SHA-256 of type, shape and little-endian bytes of every array; not a number and -0 in one form."""
    found = {}
    for name, values in arrays.items():
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values + 0.0)
        form = f"{values.dtype.kind}{values.dtype.itemsize} {values.shape} ".encode()
        content = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes()
        found[name] = hashlib.sha256(form + content).hexdigest()
    return found


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if target.suffix == ".npz":
        np.savez(target, **fixed_arrays())
    else:
        target.write_text(
            json.dumps(digests(fixed_arrays()), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
