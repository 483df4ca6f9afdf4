"""Code of a whole period for a GPU."""

import re

import pytest

from technopole.device import period_program
from technopole_kernels.grid.launches import PERIOD

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ptx():
    """Code of a period; read from disk where it was made before."""
    return period_program().ptx()


def test_every_launch_of_a_period_is_an_entry(ptx):
    assert re.findall(r"\.visible \.entry launch_(\w+)\(", ptx) == [launch.name for launch in PERIOD]


def test_a_period_is_rounded_as_on_the_cpu(ptx):
    arithmetic = set(
        re.findall(r"\b(?:add|sub|mul|div|rcp|sqrt|fma|mad|neg|abs)[\w.]*\.f(?:16|32|64)\b", ptx)
    )
    exact = {"add.rn.f64", "sub.rn.f64", "mul.rn.f64", "div.rn.f64", "rcp.rn.f64", "sqrt.rn.f64"}
    assert exact <= arithmetic | {"rcp.rn.f64"} and arithmetic <= exact | {"neg.f64", "abs.f64"}
    assert not re.search(r"\.(approx|ftz)\b", ptx)


def test_a_period_calls_nothing_and_uses_global_memory_only(ptx):
    assert not re.search(r"\.(extern|func|local|shared)\b|\bcall\b", ptx)
    accesses = set(re.findall(r"\b((?:ld|st|atom|red)\.[\w.]+)", ptx))
    assert not {name for name in accesses if not re.match(r"(ld|st|atom|red)\.(global|param)\.", name)}
    adding = {name for name in accesses if name.startswith(("atom", "red"))}
    assert adding <= {"atom.global.add.u64", "red.global.add.u64"}  # whole numbers: the order does not matter
