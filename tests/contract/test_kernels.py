"""What the kernels promise: the project's decorators and flags, vector code, names in one place."""

import ast
from pathlib import Path

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba.core import config

import technopole_kernels
from assembly import functions, has_call, has_wide_arithmetic, loops
from technopole.schema import PARAMETERS, RECORDS
from technopole_kernels import _jit, accounts, innovation, learning, market, meeting, rng, vector
from technopole_kernels import layout as at
from technopole_kernels._jit import kernel, stage
from technopole_kernels.mathx import exp_core
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, SECTOR_VARIABLES
from technopole_kernels.types import PARAMS, TILE, Tile
from worlds import mixed

PACKAGE = Path(technopole_kernels.__file__).resolve().parent
COMPILER = (
    "_exchange.py",
    "_jobs.py",
    "_jit.py",
    "_stages.py",
    "_llvm.py",
    "_held.py",
    "_lanes.py",
    "_lane_math.py",
    "_mixing.py",
    "_bits.py",
    "_atomic.py",
    "_kinds.py",
    "_narrow.py",
    "_trampoline.py",
    "_hooks.py",
    "_entries.py",
    "_targets.py",
    "arguments.py",
    "emit.py",
    "__init__.py",
)
"""Modules that belong to the compiler rather than to the model."""
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in COMPILER)
DECORATORS = {"kernel", "stage", "chain", "device", "scalar", "single"}
PLAIN = {("layout.py", "_rows"), ("launches.py", "_launches")}
"""Functions that run once, in Python, while a module is imported."""
PLAIN |= {
    ("launches.py", "count_items"),
    ("work.py", "new_work"),
    ("work.py", "_by_target"),
    ("work.py", "integers"),
}
"""Functions that Python calls to prepare the launches of a device."""

ON_X86_WITH_AVX2 = pytest.mark.skipif(
    config.CPU_NAME is not None or config.DISABLE_JIT or not get_host_cpu_features().get("avx2", False),
    reason="needs AVX2 and kernels compiled for this processor",
)

# ------------------------------------------------------------------------------------------------ decorators


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_one_module_knows_the_compiler(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.partition(".")[0] == "numba" for alias in node.names), path.name
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] != "numba", path.name
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert name not in ("njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil", "overload")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_function_has_one_of_the_projects_decorators(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (path.name, node.name) not in PLAIN:
            found = [getattr(decorator, "func", decorator) for decorator in node.decorator_list]
            names = [decorator.id for decorator in found if isinstance(decorator, ast.Name)]
            assert len(names) == len(node.decorator_list) == 1, f"{path.name}: {node.name}"
            assert names[0] in DECORATORS, f"{path.name}: {node.name}"


def test_all_are_compiled_without_fast_mathematics():
    # those of this package: tests compile kernels of their own
    for functions_ in (_jit.KERNELS, _jit.STAGES, _jit.DEVICES):
        ours = [one for one in functions_ if one.py_func.__module__.startswith("technopole_kernels.")]
        assert len(ours) >= 2
        for one in ours:
            options = one.targetoptions
            assert options["fastmath"] is False, one
            assert options["error_model"] == "numpy" and options["nogil"] is True, one
            assert not options.get("parallel"), one


# ----------------------------------------------------------------------------------------------- machine code


@kernel
def call_hot_stages(setting, world, tile):
    """Call the stages in which the time is spent: their code becomes part of this kernel."""
    meeting.draw_meetings(setting, world, tile)
    meeting.meet_in_region(setting, world, tile)
    learning.learn(setting, world, tile)
    innovation.draw_events(setting, world, tile)
    innovation.budget_research(setting, world, tile)
    market.rate_firms(setting, world, tile)
    market.shock_demand(setting, world, tile)
    accounts.settle_firms(setting, world, tile)
    accounts.decide_fates(setting, world, tile)


HOT = (
    meeting.draw_meetings,
    meeting.meet_in_region,
    learning.learn,
    innovation.draw_events,
    innovation.budget_research,
    market.rate_firms,
    market.log_overhead,
    market.shock_demand,
    accounts.settle_firms,
    accounts.decide_fates,
    vector.exp_row,
    vector.log_row,
)


@stage
def step_aside(values, i):
    """Do something that is not inlined."""
    values[i] = np.sqrt(values[i])


@kernel
def bad_loops(values, total):
    """A loop that calls, and one whose turns wait for each other."""
    for i in range(values.size):
        step_aside(values, i)
    for i in range(1, values.size):
        total[i] = total[i - 1] * 0.5 + exp_core(total[i - 1])


def code_of(symbols, function):
    """Functions of a listing that were made from a kernel, stage or device."""
    module = function.py_func.__module__.rpartition(".")[2]
    name = function.py_func.__name__
    mangled = f"{len(module)}{module}{len(name)}{name}B"
    return [
        lines
        for symbol, lines in symbols.items()
        if mangled in symbol and not symbol.startswith("_ZN7cpython")
    ]


@pytest.fixture(scope="module")
def hot_code():
    """Functions of the hot stages as compiled for this processor."""
    blueprint = mixed()
    call_hot_stages(blueprint.setting(1), blueprint.new_world(), Tile(0, 0, 0, 0, 0))
    return functions("".join(call_hot_stages.inspect_asm().values()))


@ON_X86_WITH_AVX2
@pytest.mark.parametrize("function", HOT, ids=lambda function: function.py_func.__name__)
def test_hot_loops_are_vectorised_and_call_nothing(hot_code, function):
    found = code_of(hot_code, function)
    assert found, "no code: the name of the function in the listing has changed"
    for lines in found:
        inside = loops(lines)
        assert any(has_wide_arithmetic(loop) for loop in inside)
        assert not any(has_call(loop) for loop in inside)


@ON_X86_WITH_AVX2
def test_products_and_sums_are_rounded_one_by_one(hot_code):
    """No contraction: a fused multiplication and addition gives other bits than a processor without it."""
    fused = [line for lines in hot_code.values() for line in lines if line.startswith(("vfm", "vfnm"))]
    assert not fused


@ON_X86_WITH_AVX2
def test_bad_loops_are_found():
    bad_loops(np.ones(9), np.ones(9))
    symbols = functions("".join(bad_loops.inspect_asm().values()))
    inside = [
        loop
        for symbol, lines in symbols.items()
        if "bad_loops" in symbol and not symbol.startswith("_ZN7cpython")
        for loop in loops(lines)
    ]
    assert len(inside) >= 2
    assert any(has_call(loop) for loop in inside) and not all(has_call(loop) for loop in inside)
    assert not any(has_wide_arithmetic(loop) for loop in inside)


# ---------------------------------------------------------------------------------------------------- names

WIDTHS = {
    "S_WORK": 3,
    "C_POOL": 4,
    "C_UPPER": 4,
    "C_FIELD": 3,
    "C_SUPPLIERS": 2,
    "R_PIPELINE": 3,
    "R_NEXT": 10,
    "R_INDEX": 4,
    "S_KNOWLEDGE": 4,
    "S_NEXT": 6,
}
"""Names that stand for several rows."""

START = ("FIRMS", "SHARE", "ORGANISATION", "TECHNOLOGY", "SOURCING", "QUALITY", "TIED")
START += ("SMALL_FIRMS", "SMALL_SHARE", "SMALL_SALES")
CELL_PREFIXES = ("E_", "M_", "W_", "C_")
LIMITS = {
    "C_SUMS",
    "C_CHECKED",
    "C_ROWS",
    "R_ROWS",
    "S_ROWS",
    "K_ROWS",
    "F_ROWS",
    "N_ROWS",
    "T_ROWS",
    "G_ROWS",
}


def names_of(prefixes, more=()):
    """Names of rows of one array."""
    named = [name for name in vars(at) if name.startswith(prefixes) and name not in LIMITS]
    return sorted({*named, *more})


ARRAYS = {
    "firms": (names_of("F_"), at.F_ROWS),
    "cells": (names_of(CELL_PREFIXES, START), at.C_ROWS),
    "regions": (names_of("R_"), at.R_ROWS),
    "sectors": (names_of("S_"), at.S_ROWS),
    "counts": (names_of("N_"), at.N_ROWS),
    "tiles": (names_of("T_"), at.T_ROWS),
    "segments": (names_of("G_"), at.G_ROWS),
    "constants": (names_of("K_"), at.K_ROWS),
}


@pytest.mark.parametrize("array", ARRAYS)
def test_rows_do_not_overlap(array):
    names, rows = ARRAYS[array]
    assert names
    used = {}
    for name in names:
        for row in range(getattr(at, name), getattr(at, name) + WIDTHS.get(name, 1)):
            assert row not in used, f"{name} and {used[row]} are both row {row} of {array}"
            used[row] = name
    # nothing is allocated that nobody uses
    assert set(used) == set(range(rows)), array


def test_sums_come_first():
    """Columns of the partial sums are the first rows of the cells."""
    sums = [getattr(at, name) for name in names_of(("M_", "W_"), START)]
    assert max(sums) < at.C_SUMS <= at.C_CHECKED <= at.C_ROWS
    assert min(getattr(at, name) for name in names_of("C_")) >= at.C_CHECKED


def rows_by_stage():
    """Names of rows of the tile buffer that each function of the kernels uses, its own code only."""
    layout = ast.parse((PACKAGE / "layout.py").read_text(encoding="utf-8"))
    rows = {
        name.id
        for node in layout.body
        if isinstance(node, ast.Assign)
        and {"_rows", "ROW"} & {getattr(one, "id", "") for one in ast.walk(node.value)}
        for name in ast.walk(node.targets[0])
        if isinstance(name, ast.Name)
    }
    for path in PACKAGE.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                used = {
                    one.attr
                    for one in ast.walk(function)
                    if isinstance(one, ast.Attribute)
                    and getattr(one.value, "id", "") == "at"
                    and one.attr in rows
                }
                yield f"{path.stem}.{function.name}", used - {"ROW", "BUFFER_ROWS"}


def test_buffer_rows_of_a_stage_do_not_overlap():
    found = dict(rows_by_stage())
    rows = {name: getattr(at, name) for name in set().union(*found.values())}
    assert len(found["innovation.budget_some"]) == 7
    assert set(rows.values()) == set(range(0, at.BUFFER_ROWS * at.ROW, at.ROW))  # none is left over
    for name, used in found.items():
        assert len({rows[row] for row in used}) == len(used), name
    assert at.ROW >= TILE
    assert at.BUFFER_ROWS * at.ROW <= mixed().new_world().buffer.size


def test_parameters_are_those_of_the_schema():
    fields = {entry.field: entry for entry in PARAMETERS.values() if entry.kernel}
    assert [name for name, _ in PARAMS if name not in fields] == []
    assert [name for name in fields if name not in dict(PARAMS)] == []


@pytest.mark.parametrize(
    ("level", "names"),
    [("cell", CELL_VARIABLES), ("region", REGION_VARIABLES), ("sector", SECTOR_VARIABLES)],
)
def test_recorded_variables_are_those_of_the_schema(level, names):
    assert tuple(name for name, row in RECORDS.items() if row.level == level) == names


def test_sites_of_the_draws_are_those_of_the_model():
    import reference

    sites = [name for name, value in vars(rng).items() if name.isupper() and isinstance(value, np.uint64)]
    public = [name for name in sites if not name.startswith("_")]
    assert {name: int(getattr(rng, name)) for name in public} == {
        name: getattr(reference.rng, name) for name in public
    }
