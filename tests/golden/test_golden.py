"""The states of five short runs are those of the golden file, to the last bit.

The file holds a digest of every state array and of the records. It does not depend on the versions of numba, LLVM or
NumPy, on the processor or on the number of threads: if it changes without a change of the model, that promise is
broken. How to write it anew is said in `fixed_runs`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from fixed_runs import CASES, digests, fixed_arrays, fixed_run
from technopole_kernels.ahead import MOST_CACHED
from technopole_kernels.types import TILE

GOLDEN = json.loads(Path(__file__).with_name("states.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    return digests(fixed_arrays())


@pytest.mark.parametrize("case", CASES)
def test_states_are_those_of_the_golden_file(found, case):
    mine = {name: digest for name, digest in found.items() if name.startswith(f"{case}.")}
    golden = {name: digest for name, digest in GOLDEN.items() if name.startswith(f"{case}.")}
    assert mine.keys() == golden.keys()
    differing = [name for name in mine if mine[name] != golden[name]]
    assert not differing, f"{', '.join(differing)}: see how fixed_runs says to write the golden file anew"


def test_one_case_is_too_large_for_a_cache():
    shares = fixed_run("in memory").firm("share")
    assert shares.nbytes > MOST_CACHED > TILE * shares.itemsize


def test_the_golden_file_holds_nothing_else(found):
    assert GOLDEN.keys() == found.keys()


@pytest.mark.parametrize("case", CASES)
def test_the_runs_are_worth_keeping(case):
    """Firms come and go, learn and innovate, and the arrays are enlarged or not as it happens."""
    run = fixed_run(case)
    for name in ("exits", "startups", "innovations"):
        assert run.recorded(name).sum() > 10, name
    assert np.isfinite(run.firm("cash")).all()


def test_a_digest_changes_with_one_bit():
    values = np.array([1.0, np.nan, 0.0])
    nearby = values.copy()
    nearby[0] = np.nextafter(1.0, 2.0)
    assert digests({"x": values}) != digests({"x": nearby})
    # the sign of zero and the payload of not-a-number are no results
    assert digests({"x": values}) == digests({"x": np.array([1.0, -np.nan, -0.0])})
    assert digests({"x": values}) != digests({"x": values[:2]})
